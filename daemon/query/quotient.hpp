// Division of whole numbers, as exact as it can be. Pure; any thread.
#pragma once

#include <optional>

namespace kepu::query {

// a * 10^exponent / b, rounded half away from zero, as clerks do; b is not 0, the exponent at least -18. nullopt: it
// has more digits than a value holds.
std::optional<__int128> quotient(__int128 a, __int128 b, int exponent);

} // namespace kepu::query
