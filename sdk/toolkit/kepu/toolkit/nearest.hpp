// SPDX-License-Identifier: Apache-2.0
//
// "Did you mean", for authors' error messages. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kepu::toolkit {

// Changes of one character (a character: a Unicode code point) that lead from one word to the other.
size_t edit_distance(std::string_view a, std::string_view b);

// `known`, nearest to `word` first, at most `most`; ties in the order given.
std::vector<std::string> by_nearness(std::string_view word, const std::vector<std::string>& known, size_t most);

} // namespace kepu::toolkit
