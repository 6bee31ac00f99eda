// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/time.hpp>

#include <kepu/connector.h>
#include <kepu/toolkit/fold.hpp>

#include <algorithm>
#include <string>

namespace kepu::toolkit {
namespace {

constexpr int64_t a_second = 1'000'000; // in microseconds
constexpr int64_t a_minute = 60 * a_second;
constexpr int64_t a_day = 86400 * a_second;
constexpr size_t longest_text = 192; // no form of a time is longer, full-width or not; keeps nonsense cheap

TimeRead refused(TimeProblem problem) { return {0, 0, problem}; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes a text apart from its left.
struct Cursor {
  std::string_view left;

  bool done() const { return left.empty(); }
  bool at(char c) const { return !left.empty() && left.front() == c; }
  bool skip(std::string_view word) {
    if (!left.starts_with(word)) return false;
    left.remove_prefix(word.size());
    return true;
  }
  bool skip_any(std::string_view letters) {
    if (left.empty() || letters.find(left.front()) == std::string_view::npos) return false;
    left.remove_prefix(1);
    return true;
  }
  // A number of `least` to `most` digits that no further digit follows.
  bool number(size_t least, size_t most, int& out) {
    size_t n = 0;
    out = 0;
    while (n < left.size() && n < most && is_digit(left[n]))
      out = out * 10 + (left[n++] - '0');
    if (n < least || (n < left.size() && is_digit(left[n]))) return false;
    left.remove_prefix(n);
    return true;
  }
  size_t spaces() {
    size_t n = 0;
    while (at(' ')) {
      left.remove_prefix(1);
      ++n;
    }
    return n;
  }
};

bool day_exists(int year, int month, int day) {
  if (month < 1 || month > 12 || day < 1 || year < 1) return false;
  constexpr int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return day <= lengths[month - 1] + (month == 2 && leap);
}

struct Date {
  int year = 0, month = 0, day = 0;
  bool plain = false; // as ISO 8601 writes it
  int64_t days() const { return days_from_civil(year, month, day); }
};

// One of the known forms of a date at the cursor; false: none.
bool take_date(Cursor& at, Date& out) {
  Cursor from = at;
  if (!at.number(4, 4, out.year)) return false;
  if (at.skip("年")) {
    at.spaces();
    if (!at.number(1, 2, out.month) || !at.skip("月")) return false;
    at.spaces();
    return at.number(1, 2, out.day) && (at.skip("日") || at.skip("号"));
  }
  for (const char* separator : {"-", "/", "."}) {
    if (!at.skip(separator)) continue;
    if (!at.number(1, 2, out.month) || !at.skip(separator) || !at.number(1, 2, out.day)) return false;
    out.plain = *separator == '-' && from.left.size() - at.left.size() == 10;
    return true;
  }
  return false;
}

struct Clock {
  int hour = 0, minute = 0, second = 0;
  bool plain = false; // two digits each
  bool exists() const { return hour < 24 && minute < 60 && second < 60; }
  int64_t micros() const { return ((hour * 60 + minute) * int64_t{60} + second) * a_second; }
};

bool take_clock(Cursor& at, Clock& out) {
  const size_t before = at.left.size();
  if (!at.number(1, 2, out.hour)) return false;
  if (at.skip(":")) {
    if (!at.number(2, 2, out.minute)) return false;
    if (at.skip(":") && !at.number(2, 2, out.second)) return false;
    const size_t length = before - at.left.size();
    out.plain = length == 5 || length == 8;
    return true;
  }
  if (!at.skip("时")) return false;
  if (at.done()) return true; // 9时
  if (!at.number(1, 2, out.minute) || !at.skip("分")) return false;
  return at.done() || (at.number(1, 2, out.second) && at.skip("秒"));
}

TimeRead on_wall(int64_t days, const Clock& clock, bool plain, const Zone& zone) {
  int64_t utc = 0;
  switch (zone.to_utc(days * 86400 + clock.micros() / a_second, utc)) {
  case Zone::Wall::skipped:
    return refused(TimeProblem::skipped);
  case Zone::Wall::repeated:
    return refused(TimeProblem::repeated);
  case Zone::Wall::unique:
    break;
  }
  return {utc * a_second, static_cast<uint8_t>(plain ? 0 : KEPU_REPAIRED), TimeProblem::none};
}

// What follows the T of RFC 3339.
TimeRead take_instant(Cursor& at, const Date& date, bool repaired) {
  Clock clock;
  int64_t fraction = 0;
  if (!date.plain || !at.number(2, 2, clock.hour) || !at.skip(":") || !at.number(2, 2, clock.minute) || !at.skip(":") ||
      !at.number(2, 2, clock.second))
    return refused(TimeProblem::unreadable);
  if (at.skip(".")) {
    if (at.done() || !is_digit(at.left.front())) return refused(TimeProblem::unreadable);
    for (int64_t unit = a_second / 10; !at.done() && is_digit(at.left.front()); unit /= 10) {
      fraction += unit * (at.left.front() - '0');
      at.left.remove_prefix(1);
    }
  }
  int64_t east = 0;
  if (at.done()) return refused(TimeProblem::without_offset);
  if (!at.skip_any("Zz")) {
    const bool west = at.at('-');
    int hours = 0, minutes = 0;
    if (!at.skip_any("+-") || !at.number(2, 2, hours) || !at.skip(":") || !at.number(2, 2, minutes))
      return refused(TimeProblem::unreadable);
    if (hours > 23 || minutes > 59) return refused(TimeProblem::no_such_time);
    east = (hours * 60 + minutes) * (west ? -a_minute : a_minute);
  }
  if (!at.done()) return refused(TimeProblem::unreadable);
  if (!day_exists(date.year, date.month, date.day)) return refused(TimeProblem::no_such_day);
  if (!clock.exists()) return refused(TimeProblem::no_such_time);
  return {date.days() * a_day + clock.micros() + fraction - east, static_cast<uint8_t>(repaired ? KEPU_REPAIRED : 0),
          TimeProblem::none};
}

// 45721.39583: whole days and billionths of a day, without a detour over floating point.
bool take_serial(std::string_view text, int64_t& days, int64_t& fraction_e9, bool& has_fraction) {
  Cursor at{text};
  int whole = 0;
  if (!at.number(5, 5, whole) || whole < first_serial || whole > last_serial) return false;
  days = whole - first_serial;
  fraction_e9 = 0;
  has_fraction = at.skip(".");
  if (!has_fraction) return at.done();
  if (at.done()) return false;
  for (int64_t unit = 100'000'000; !at.done(); unit /= 10) {
    if (!is_digit(at.left.front())) return false;
    fraction_e9 += unit * (at.left.front() - '0');
    at.left.remove_prefix(1);
  }
  return true;
}

TimeRead read_folded(std::string_view text, bool repaired, const Zone& zone) {
  int64_t days = 0, fraction = 0;
  bool has_fraction = false;
  if (take_serial(text, days, fraction, has_fraction)) {
    if (!has_fraction) return refused(TimeProblem::no_time_of_day);
    const int64_t second = (fraction * 86400 + 500'000'000) / 1'000'000'000;
    Clock clock;
    clock.second = static_cast<int>(second); // up to 86400: the next midnight
    return on_wall(days, clock, false, zone);
  }
  Cursor at{text};
  Date date;
  if (!take_date(at, date)) return refused(TimeProblem::unreadable);
  if (at.done()) {
    return refused(day_exists(date.year, date.month, date.day) ? TimeProblem::no_time_of_day
                                                               : TimeProblem::no_such_day);
  }
  if (at.skip_any("Tt")) return take_instant(at, date, repaired);
  const bool chinese = text[4] != '-' && text[4] != '/' && text[4] != '.';
  const size_t spaces = at.spaces();
  Clock clock;
  if ((spaces == 0 && !chinese) || !take_clock(at, clock) || !at.done()) return refused(TimeProblem::unreadable);
  if (!day_exists(date.year, date.month, date.day)) return refused(TimeProblem::no_such_day);
  if (!clock.exists()) return refused(TimeProblem::no_such_time);
  return on_wall(date.days(), clock, date.plain && clock.plain && spaces == 1 && !repaired, zone);
}

// Two digits at p, or a number above 99.
unsigned pair(const char* p) {
  const unsigned a = static_cast<unsigned char>(p[0]) - unsigned{'0'};
  const unsigned b = static_cast<unsigned char>(p[1]) - unsigned{'0'};
  return a > 9 || b > 9 ? 1000 : a * 10 + b;
}

// ASCII without spaces around it.
std::string fold(std::string_view text, bool& repaired) {
  const auto trimmed = trim(text);
  repaired = trimmed.size() != text.size();
  return fold_width(trimmed, repaired);
}

} // namespace

TimeRead read_time(std::string_view text, const Zone& zone) {
  // What nearly every row holds: 2025-03-05 09:30:00.
  if (text.size() == 19 && text[4] == '-' && text[7] == '-' && text[10] == ' ' && text[13] == ':' && text[16] == ':') {
    const char* p = text.data();
    const unsigned century = pair(p), year = pair(p + 2), month = pair(p + 5), day = pair(p + 8);
    const unsigned hour = pair(p + 11), minute = pair(p + 14), second = pair(p + 17);
    const unsigned full_year = century * 100 + year;
    const bool exists = century < 100 && year < 100 && month < 100 && day < 100 &&
                        day_exists(static_cast<int>(full_year), static_cast<int>(month), static_cast<int>(day));
    if (exists && hour < 24 && minute < 60 && second < 60) {
      const int64_t days = days_from_civil(full_year, month, day);
      int64_t utc = 0;
      if (zone.to_utc(days * 86400 + hour * 3600 + minute * 60 + second, utc) == Zone::Wall::unique)
        return {utc * a_second, 0, TimeProblem::none};
    }
  }
  if (text.empty()) return refused(TimeProblem::empty);
  if (text.size() > longest_text) return refused(TimeProblem::unreadable);
  bool repaired = false;
  const std::string rest = fold(text, repaired);
  if (rest.empty()) return refused(TimeProblem::empty);
  return read_folded(rest, repaired, zone);
}

TimeRead read_date(std::string_view text) {
  if (text.size() > longest_text) return refused(TimeProblem::unreadable);
  bool repaired = false;
  const std::string rest = fold(text, repaired);
  if (rest.empty()) return refused(TimeProblem::empty);
  int64_t days = 0, fraction = 0;
  bool has_fraction = false;
  if (take_serial(rest, days, fraction, has_fraction)) {
    if (fraction) return refused(TimeProblem::unreadable);
    return {days, KEPU_REPAIRED, TimeProblem::none};
  }
  Cursor at{rest};
  Date date;
  if (!take_date(at, date) || !at.done()) return refused(TimeProblem::unreadable);
  if (!day_exists(date.year, date.month, date.day)) return refused(TimeProblem::no_such_day);
  return {date.days(), static_cast<uint8_t>(date.plain && !repaired ? 0 : KEPU_REPAIRED), TimeProblem::none};
}

std::string year_first(std::string_view text, DateOrder order) {
  bool repaired = false;
  std::string folded = fold(text, repaired);
  if (order == DateOrder::plain || text.size() > longest_text) return folded;
  Cursor at{folded};
  int parts[3] = {};
  size_t digits[3] = {};
  char separator = 0;
  for (int i = 0; i < 3; ++i) {
    const size_t before = at.left.size();
    if (!at.number(1, 4, parts[i])) return folded;
    digits[i] = before - at.left.size();
    if (i == 2) break;
    if (at.done() || std::string_view("-/.").find(at.left.front()) == std::string_view::npos) return folded;
    if (separator && at.left.front() != separator) return folded;
    separator = at.left.front();
    at.left.remove_prefix(1);
  }
  const size_t year = order == DateOrder::ymd ? 0 : 2, month = order == DateOrder::mdy ? 0 : 1,
               day = order == DateOrder::ymd   ? 2
                     : order == DateOrder::dmy ? 0
                                               : 1;
  const bool year_is_one = digits[year] == 4 || digits[year] == 2;
  if (digits[0] == 4 || digits[month] > 2 || digits[day] > 2 || !year_is_one) return folded;
  if (digits[year] == 2) parts[year] += parts[year] < 69 ? 2000 : 1900;
  const std::string number = std::to_string(parts[year]);
  return std::string(4 - std::min<size_t>(number.size(), 4), '0') + number + '/' + std::to_string(parts[month]) + '/' +
         std::to_string(parts[day]) + std::string(at.left);
}

const char* advice(TimeProblem problem) {
  switch (problem) {
  case TimeProblem::none:
    return "";
  case TimeProblem::empty:
    return "there is no time; fill it in";
  case TimeProblem::unreadable:
    return "the time cannot be read; write it like 2025-03-05 09:30:00 or 2025-03-05T09:30:00+08:00";
  case TimeProblem::no_such_day:
    return "the calendar has no such day; correct the date";
  case TimeProblem::no_such_time:
    return "no clock shows such a time (00:00:00 to 23:59:59); correct it";
  case TimeProblem::no_time_of_day:
    return "there is a date but no time of day; add it";
  case TimeProblem::without_offset:
    return "the time does not say which zone it is of; add the offset (+08:00 or Z), or write a space for the T "
           "when it is local time";
  case TimeProblem::skipped:
    return "the clocks were put forward over this time: it never was; correct it or write it with its offset";
  case TimeProblem::repeated:
    return "the clocks were put back and showed this time twice; write it with its offset";
  }
  return "";
}

} // namespace kepu::toolkit
