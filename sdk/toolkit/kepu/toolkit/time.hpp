// SPDX-License-Identifier: Apache-2.0
//
// Times and dates as machines and clerks write them. Every form that is not plain is reported as
// repaired; what could mean two things is refused. Nothing depends on the locale.
#pragma once

#include <kepu/toolkit/zone.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace kepu::toolkit {

enum class TimeProblem : uint8_t {
  none,
  empty,
  unreadable,     // not in a form that is known
  no_such_day,    // 2025-02-30
  no_such_time,   // 25:61, 24:00, a leap second
  no_time_of_day, // a date where a time is wanted
  without_offset, // 2025-03-05T09:30:00: UTC or local?
  skipped,        // the clock was put forward over it
  repeated,       // the clock was put back: it showed twice
};

struct TimeRead {
  int64_t value = 0; // read_time: microseconds since 1970 UTC; read_date: days since 1970-01-01
  uint8_t flags = 0; // KEPU_REPAIRED or 0
  TimeProblem problem = TimeProblem::none;
  bool ok() const { return problem == TimeProblem::none; }
};

// Plain: RFC 3339 with an offset or Z (a fraction is cut to microseconds); 2025-03-05 09:30:00 and
// 2025-03-05 09:30 on the zone's clock. Repaired: 2025/3/5 9:30, 2025.3.5 9:30, 2025-3-5 9:30,
// 2025年3月5日 9时30分 (each also with seconds); full-width characters and surrounding spaces; a
// serial number of a spreadsheet (1900 system) with a fraction, 45721.39583, rounded to the second.
TimeRead read_time(std::string_view text, const Zone& zone);

// Plain: 2025-03-05. Repaired: 2025/3/5, 2025.3.5, 2025-3-5, 2025年3月5日, full-width characters and
// surrounding spaces, a whole serial number of a spreadsheet.
TimeRead read_date(std::string_view text);

// Which of three numbers is what, where a date could be read in two ways.
enum class DateOrder : uint8_t {
  plain, // the year first, with four digits; 5/3/2025 is refused
  ymd,   // 25/3/5 too
  dmy,   // 5/3/2025, 5.3.25
  mdy,   // 3/5/2025
};

// The text with its date written year first, as `order` says: "5/3/2025 9:30" by dmy is "2025/3/5 9:30". Years of two
// digits are 1969 to 2068. What begins otherwise, with a year of four digits or in words, stays as it is.
std::string year_first(std::string_view text, DateOrder order);

// What to do about it, for people; quotes nothing.
const char* advice(TimeProblem problem);

// Serial numbers are believed from 1970-01-01 to 2099-12-31: other numbers are more likely something else.
constexpr int64_t first_serial = 25569;
constexpr int64_t last_serial = 73050;

// Days since 1970-01-01 in the proleptic Gregorian calendar; month and day must exist.
constexpr int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t of_era = year - era * 400;
  const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

} // namespace kepu::toolkit
