// Periods as SDMX writes them, in a proleptic Gregorian calendar. Values; pure; any thread.
#pragma once

#include "base/result.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kepu::model {

enum class Freq : uint8_t { day, week, month, quarter, half, year };

// 'D' 'W' 'M' 'Q' 'S' 'A'
char letter(Freq freq);
std::optional<Freq> freq_of(char letter);

using Day = int32_t; // days since 1970-01-01, of a local calendar

// One period: `index` counts periods of its frequency from the one that holds 1970-01-01
// (weeks are ISO weeks, Monday first).
struct Period {
  Freq freq = Freq::day;
  int32_t index = 0;
  auto operator<=>(const Period&) const = default;

  Day first_day() const;
  Day last_day() const; // inclusive
  std::string text() const;
};

// Reads 2025-03-05, 2025-W10, 2025-03, 2025-Q1, 2025-S1, 2025; years 1900 to 9999.
Result<Period> parse_period(std::string_view text);
Period period_of(Day day, Freq freq);
// Whether every period of `finer` lies wholly in one of `coarser` (weeks tile nothing but themselves).
bool tiles(Freq finer, Freq coarser);

Day day_of(int year, unsigned month, unsigned day);
struct YearMonthDay {
  int year;
  unsigned month;
  unsigned day;
};
YearMonthDay civil(Day day);
std::string day_text(Day day);                       // 2025-03-05
std::optional<Day> parse_day(std::string_view text); // 2025-03-05 only

} // namespace kepu::model
