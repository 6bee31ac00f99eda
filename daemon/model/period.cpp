#include "model/period.hpp"

#include <array>
#include <cstdio>

namespace kepu::model {
namespace {

constexpr int first_year = 1900;
constexpr int last_year = 9999;
constexpr Day monday_of_epoch_week = -3; // 1969-12-29; 1970-01-01 was a Thursday

int32_t floor_div(int32_t a, int32_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

unsigned days_in_month(int year, unsigned month) {
  constexpr std::array<unsigned, 12> lengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : lengths[month - 1];
}

int months_in(Freq freq) {
  switch (freq) {
  case Freq::day:
  case Freq::week:
    return 0;
  case Freq::month:
    return 1;
  case Freq::quarter:
    return 3;
  case Freq::half:
    return 6;
  case Freq::year:
    return 12;
  }
  return 0;
}

// First day of a month counted from January 1970.
Day first_day_of_month(int32_t months) {
  const int32_t years = floor_div(months, 12);
  return day_of(1970 + years, static_cast<unsigned>(months - years * 12) + 1, 1);
}

// Monday of ISO week 1: the week that holds 4 January.
Day first_iso_week(int year) {
  const Day fourth = day_of(year, 1, 4);
  return fourth - (fourth - monday_of_epoch_week - floor_div(fourth - monday_of_epoch_week, 7) * 7);
}

int weeks_in_year(int year) { return (first_iso_week(year + 1) - first_iso_week(year)) / 7; }

// The digits of `text` as a number; -1 when anything else is in it.
int digits(std::string_view text) {
  int value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return text.empty() ? -1 : value;
}

// Enough of what was written to be recognized in a message.
std::string quoted(std::string_view text) {
  constexpr size_t shown = 40;
  if (text.size() <= shown) return "\"" + std::string(text) + "\"";
  size_t cut = shown;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80)
    --cut;
  return "\"" + std::string(text.substr(0, cut)) + "…\"";
}

Error no_period(std::string_view text, const std::string& why) {
  return fail("bad_period", quoted(text) + " is not a period: " + why);
}

} // namespace

char letter(Freq freq) {
  switch (freq) {
  case Freq::day:
    return 'D';
  case Freq::week:
    return 'W';
  case Freq::month:
    return 'M';
  case Freq::quarter:
    return 'Q';
  case Freq::half:
    return 'S';
  case Freq::year:
    return 'A';
  }
  return '?';
}

std::optional<Freq> freq_of(char letter) {
  switch (letter) {
  case 'D':
    return Freq::day;
  case 'W':
    return Freq::week;
  case 'M':
    return Freq::month;
  case 'Q':
    return Freq::quarter;
  case 'S':
    return Freq::half;
  case 'A':
    return Freq::year;
  default:
    return std::nullopt;
  }
}

Day day_of(int year, unsigned month, unsigned day) {
  // Years are counted from March, so that the leap day is the last day of its year.
  const int64_t from_march = static_cast<int64_t>(year) - (month <= 2 ? 1 : 0);
  const int64_t era = (from_march >= 0 ? from_march : from_march - 399) / 400;
  const int64_t year_of_era = from_march - era * 400;
  const int64_t month_from_march = (static_cast<int64_t>(month) + 9) % 12;
  const int64_t day_of_year = (153 * month_from_march + 2) / 5 + static_cast<int64_t>(day) - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  constexpr int64_t days_of_era = 146097;
  constexpr int64_t epoch = 719468; // days from 0000-03-01 to 1970-01-01
  return static_cast<Day>(era * days_of_era + day_of_era - epoch);
}

YearMonthDay civil(Day day) {
  const int64_t from_start = static_cast<int64_t>(day) + 719468;
  const int64_t era = (from_start >= 0 ? from_start : from_start - 146096) / 146097;
  const int64_t day_of_era = from_start - era * 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const auto month = static_cast<unsigned>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
  return {static_cast<int>(year_of_era + era * 400 + (month <= 2 ? 1 : 0)), month,
          static_cast<unsigned>(day_of_year - (153 * month_from_march + 2) / 5 + 1)};
}

std::string day_text(Day day) {
  const auto [year, month, day_of_month] = civil(day);
  char buffer[40];
  const int n = std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02u", year, month, day_of_month);
  return std::string(buffer, static_cast<size_t>(n));
}

std::optional<Day> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const int year = digits(text.substr(0, 4));
  const int month = digits(text.substr(5, 2));
  const int day = digits(text.substr(8, 2));
  if (year < first_year || year > last_year || month < 1 || month > 12 || day < 1) return std::nullopt;
  if (static_cast<unsigned>(day) > days_in_month(year, static_cast<unsigned>(month))) return std::nullopt;
  return day_of(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
}

Day Period::first_day() const {
  if (freq == Freq::day) return index;
  if (freq == Freq::week) return index * 7 + monday_of_epoch_week;
  return first_day_of_month(index * months_in(freq));
}

Day Period::last_day() const { return Period{freq, index + 1}.first_day() - 1; }

std::string Period::text() const {
  if (freq == Freq::day) return day_text(index);
  char buffer[40];
  int n = 0;
  if (freq == Freq::week) {
    const int year = civil(first_day() + 3).year; // an ISO week belongs to the year of its Thursday
    n = std::snprintf(buffer, sizeof buffer, "%04d-W%02d", year, (first_day() - first_iso_week(year)) / 7 + 1);
    return std::string(buffer, static_cast<size_t>(n));
  }
  const auto [year, month, day] = civil(first_day());
  switch (freq) {
  case Freq::day:
  case Freq::week:
    break;
  case Freq::month:
    n = std::snprintf(buffer, sizeof buffer, "%04d-%02u", year, month);
    break;
  case Freq::quarter:
    n = std::snprintf(buffer, sizeof buffer, "%04d-Q%u", year, (month - 1) / 3 + 1);
    break;
  case Freq::half:
    n = std::snprintf(buffer, sizeof buffer, "%04d-S%u", year, (month - 1) / 6 + 1);
    break;
  case Freq::year:
    n = std::snprintf(buffer, sizeof buffer, "%04d", year);
    break;
  }
  return std::string(buffer, static_cast<size_t>(n));
}

Period period_of(Day day, Freq freq) {
  if (freq == Freq::day) return {freq, day};
  if (freq == Freq::week) return {freq, floor_div(day - monday_of_epoch_week, 7)};
  const auto [year, month, day_of_month] = civil(day);
  return {freq, floor_div((year - 1970) * 12 + static_cast<int>(month) - 1, months_in(freq))};
}

bool tiles(Freq finer, Freq coarser) {
  if (finer == coarser || finer == Freq::day) return true;
  if (finer == Freq::week || coarser == Freq::week || coarser == Freq::day) return false;
  return months_in(coarser) % months_in(finer) == 0;
}

Result<Period> parse_period(std::string_view text) {
  static const std::string forms = "write it as 2025-03-05, 2025-W10, 2025-03, 2025-Q1, 2025-S1 or 2025";
  const int year = text.size() >= 4 ? digits(text.substr(0, 4)) : -1;
  if (year < 0 || (text.size() > 4 && text[4] != '-')) return no_period(text, forms);
  if (year < first_year) return no_period(text, "years go from 1900 to 9999");
  if (text.size() == 4) return Period{Freq::year, year - 1970};

  const std::string_view rest = text.substr(5);
  if (rest.size() == 3 && rest[0] == 'W') {
    const int week = digits(rest.substr(1));
    const int weeks = weeks_in_year(year);
    if (week < 0) return no_period(text, forms);
    if (week < 1 || week > weeks) {
      return no_period(text, std::to_string(year) + " has the weeks W01 to W" + std::to_string(weeks));
    }
    return period_of(first_iso_week(year) + (week - 1) * 7, Freq::week);
  }
  if (rest.size() == 2 && (rest[0] == 'Q' || rest[0] == 'S')) {
    const int part = digits(rest.substr(1));
    const int parts = rest[0] == 'Q' ? 4 : 2;
    if (part < 0) return no_period(text, forms);
    if (part < 1 || part > parts) {
      return no_period(text, rest[0] == 'Q' ? "quarters are Q1 to Q4" : "half-years are S1 and S2");
    }
    return Period{rest[0] == 'Q' ? Freq::quarter : Freq::half, (year - 1970) * parts + part - 1};
  }
  const bool with_day = rest.size() == 5 && rest[2] == '-';
  if (rest.size() != 2 && !with_day) return no_period(text, forms);
  const int month = digits(rest.substr(0, 2));
  const int day = with_day ? digits(rest.substr(3)) : 1;
  if (month < 0 || day < 0) return no_period(text, forms);
  if (month < 1 || month > 12) return no_period(text, "months are 01 to 12");
  if (!with_day) return Period{Freq::month, (year - 1970) * 12 + month - 1};
  const unsigned length = days_in_month(year, static_cast<unsigned>(month));
  if (day < 1 || static_cast<unsigned>(day) > length) {
    return no_period(text, std::string(text.substr(0, 7)) + " has the days 01 to " + std::to_string(length));
  }
  return Period{Freq::day, day_of(year, static_cast<unsigned>(month), static_cast<unsigned>(day))};
}

} // namespace kepu::model
