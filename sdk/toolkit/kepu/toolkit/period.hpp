// SPDX-License-Identifier: Apache-2.0
//
// Periods as clerks write them, as SDMX does. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kepu::toolkit {

enum class PeriodProblem : uint8_t {
  none,
  empty,
  unreadable,
  no_such,   // 2025-13, 2025-Q5, 2025-02-30, a 53rd week of a year that has 52
  ambiguous, // 2025.1: January, or October after a spreadsheet took it for a number
};

struct PeriodRead {
  std::string text;  // 2025, 2025-S1, 2025-Q1, 2025-03, 2025-W10, 2025-03-05
  uint8_t flags = 0; // KEPU_REPAIRED or 0
  PeriodProblem problem = PeriodProblem::none;
  bool ok() const { return problem == PeriodProblem::none; }
};

// Plain: the forms of `text` above. Repaired: 2025年, 2025年度, 2025年全年; 2025年上半年, 2025上半年, 2025H1;
// 2025年第1季度, 2025年第一季度, 2025年一季度, 2025Q1, 2025年Q1; 2025年3月, 2025年03月份, 2025/3, 2025.3, 2025-3,
// 202503; 2025年第10周; dates as read_date takes them, serial numbers excepted; full-width characters and surrounding
// spaces.
PeriodRead read_period(std::string_view text);

// What to do about it, for people; quotes nothing.
const char* advice(PeriodProblem problem);

} // namespace kepu::toolkit
