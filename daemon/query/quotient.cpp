#include "query/quotient.hpp"

#include <cstdint>

namespace kepu::query {
namespace {

using Unsigned = unsigned __int128;

constexpr Unsigned most = ~Unsigned{0} >> 1; // that a value holds

Unsigned absolute(__int128 number) {
  return number < 0 ? -static_cast<Unsigned>(number) : static_cast<Unsigned>(number);
}

// The next digit of a long division: `rest`, below `b`, becomes rest * 10 % b. Ten additions, since the product may
// have more than 128 bits.
unsigned next_digit(Unsigned& rest, Unsigned b) {
  unsigned digit = 0;
  Unsigned sum = 0;
  for (int i = 0; i < 10; ++i) {
    sum += rest;
    if (sum < b) continue;
    sum -= b;
    ++digit;
  }
  rest = sum;
  return digit;
}

} // namespace

std::optional<__int128> quotient(__int128 a, __int128 b, int exponent) {
  const Unsigned below = absolute(b);
  Unsigned value = absolute(a) / below;
  Unsigned rest = absolute(a) % below;
  bool up = false;
  if (exponent >= 0) {
    for (; exponent > 0; --exponent) {
      const unsigned digit = next_digit(rest, below);
      if (value > (most - digit) / 10) return std::nullopt;
      value = value * 10 + digit;
    }
    up = rest >= below - rest;
  } else {
    // What is cut off begins with these digits, of which half is whole.
    Unsigned unit = 1;
    for (; exponent < 0; ++exponent)
      unit *= 10;
    up = value % unit >= unit / 2;
    value /= unit;
  }
  if (up) ++value;
  if (value > most) return std::nullopt;
  return (a < 0) != (b < 0) ? -static_cast<__int128>(value) : static_cast<__int128>(value);
}

} // namespace kepu::query
