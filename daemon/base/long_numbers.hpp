// Numbers that may name a person, taken out of texts that come from outside. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace kepu {

// Digits, ASCII or full-width, that are long enough to name a person are written as '*', one for each: runs of 11 and
// more, and a mobile (11 digits) or ID card (15, 18, or 17 and an X) that is cut into groups: 138-0013-8000.
std::string without_long_numbers(std::string_view text);

} // namespace kepu
