// "Did you mean": the known words nearest to a wrong one. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kepu {

// Up to `most` of `known`, nearest first, within an edit distance of a third of the word's length
// (at least 1), counted in Unicode code points, a swap of neighbours as one; ties in the order given.
// Words that differ in the case of ASCII letters alone come before all others.
std::vector<std::string> nearest(std::string_view word, const std::vector<std::string>& known, size_t most = 3);

} // namespace kepu
