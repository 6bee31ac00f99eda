// SPDX-License-Identifier: Apache-2.0
//
// Numbers as clerks write them. Repairs and "about" are reported as flags; what could mean two
// things is refused. Nothing depends on the locale.
#pragma once

#include <cstdint>
#include <string_view>

namespace kepu::toolkit {

enum class NumberProblem : uint8_t {
  none,
  missing, // nothing, or a dash: not zero
  unreadable,
  not_whole, // digits after the point that the field has no place for
  too_large,
  ambiguous, // 1,234 where the comma may be a decimal sign
};

// What stands before the fraction; the other one of the two may group digits by three.
enum class DecimalSign : uint8_t {
  point,
  comma,
  // As each number shows it: 12,5 and 1.234,5 have a comma. Where digits after it count, 1,234 is refused.
  either,
};

struct NumberRead {
  int64_t value = 0; // in units of 10^-scale
  uint8_t flags = 0; // KEPU_REPAIRED, KEPU_APPROXIMATE
  NumberProblem problem = NumberProblem::none;
  bool ok() const { return problem == NumberProblem::none; }
};

// Plain: 1234, -5, 12.50. Repaired: １２３４, 1,234, 1.2万, 3千, 2.5亿, 120人次, surrounding spaces.
// Approximate: 约500, 大约500, 近500, 500左右, 80余人, 80多人, 1.2万余人次. Digits after the point
// beyond `scale` (0-9) must be zeros. Refused: 1,23  1 234  50%  5-6  1.2E+05  三十  500以上.
NumberRead read_number(std::string_view text, int scale, DecimalSign sign = DecimalSign::point);
inline NumberRead read_integer(std::string_view text) { return read_number(text, 0); }

struct RealRead {
  double value = 0; // finite
  uint8_t flags = 0;
  NumberProblem problem = NumberProblem::none;
  bool ok() const { return problem == NumberProblem::none; }
};

// The same forms, to nine digits after the point, and what programs write: 0.000012345678901, 1.2E-05.
RealRead read_real(std::string_view text, DecimalSign sign = DecimalSign::point);

// What to do about it, for people; quotes nothing.
const char* advice(NumberProblem problem);

} // namespace kepu::toolkit
