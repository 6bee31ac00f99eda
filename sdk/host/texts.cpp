// SPDX-License-Identifier: Apache-2.0
#include "texts.hpp"

#include <kepu/values.hpp>

#include <algorithm>
#include <array>
#include <numeric>

namespace kepu::host {
namespace {

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= max_name_bytes && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// Insertions, deletions, changes, and swaps of neighbours, which are what fingers do.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    before.swap(above);
    above.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = a[i - 1] == b[j - 1];
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row.back();
}

int digits(std::string_view text) {
  int value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return text.empty() ? -1 : value;
}

bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

// A year has 53 ISO weeks when it begins on a Thursday, or on a Wednesday and is a leap year.
int weeks_of(int year) {
  const int before = year - 1;
  const int first_weekday = (1 + before + before / 4 - before / 100 + before / 400) % 7; // of 1 January; 0: Sunday
  return first_weekday == 4 || (first_weekday == 3 && is_leap(year)) ? 53 : 52;
}

} // namespace

bool is_name(std::string_view text) { return is_word(text) && text[0] >= 'a' && text[0] <= 'z'; }
bool is_code(std::string_view text) { return is_word(text); }

size_t find_invalid_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const size_t n = text.size();
  auto tail = [&](size_t at) { return at < n && (p[at] & 0xc0) == 0x80; };
  size_t i = 0;
  while (i < n) {
    const unsigned char c = p[i];
    if (c < 0x80) {
      ++i;
    } else if ((c & 0xf0) == 0xe0 && tail(i + 1) && tail(i + 2) && !(c == 0xe0 && p[i + 1] < 0xa0) &&
               !(c == 0xed && p[i + 1] >= 0xa0)) {
      i += 3;
    } else if (c >= 0xc2 && c <= 0xdf && tail(i + 1)) {
      i += 2;
    } else if (c >= 0xf0 && c <= 0xf4 && tail(i + 1) && tail(i + 2) && tail(i + 3) && !(c == 0xf0 && p[i + 1] < 0x90) &&
               !(c == 0xf4 && p[i + 1] >= 0x90)) {
      i += 4;
    } else {
      return i;
    }
  }
  return std::string_view::npos;
}

std::string_view cut(std::string_view text, size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0) == 0x80)
    --most;
  return text.substr(0, most);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view wide = "\xe3\x80\x80"; // U+3000
  constexpr std::string_view fixed = "\xc2\xa0";    // U+00A0
  constexpr std::string_view narrow = " \t\r\n";
  for (;;) {
    if (text.empty()) return text;
    if (narrow.find(text.front()) != narrow.npos)
      text.remove_prefix(1);
    else if (narrow.find(text.back()) != narrow.npos)
      text.remove_suffix(1);
    else if (text.starts_with(wide))
      text.remove_prefix(wide.size());
    else if (text.ends_with(wide))
      text.remove_suffix(wide.size());
    else if (text.starts_with(fixed))
      text.remove_prefix(fixed.size());
    else if (text.ends_with(fixed))
      text.remove_suffix(fixed.size());
    else
      return text;
  }
}

std::string quoted(std::string_view text) {
  constexpr size_t shown = 40;
  const auto start = cut(text, shown);
  return "\"" + std::string(start) + (start.size() < text.size() ? "…\"" : "\"");
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const std::string_view wanted = word.substr(0, max_name_bytes);
  size_t best = std::max<size_t>(1, wanted.size() / 3) + 1;
  const std::string* found = nullptr;
  for (const auto& candidate : known) {
    const size_t distance = edit_distance(wanted, candidate);
    if (distance < best) {
      best = distance;
      found = &candidate;
    }
  }
  return found ? ", did you mean \"" + *found + "\"?" : "";
}

bool is_day(int year, int month, int day) {
  constexpr std::array<int, 12> lengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  return day <= lengths[static_cast<size_t>(month) - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

bool is_period(std::string_view text) {
  if (text.size() < 4) return false;
  const int year = digits(text.substr(0, 4));
  if (year < 1900) return false;
  if (text.size() == 4) return true;
  if (text[4] != '-') return false;
  const std::string_view rest = text.substr(5);
  if (rest.size() == 2) {
    const int part = digits(rest.substr(1));
    if (rest[0] == 'Q') return part >= 1 && part <= 4;
    if (rest[0] == 'S') return part >= 1 && part <= 2;
    const int month = digits(rest);
    return month >= 1 && month <= 12;
  }
  if (rest.size() == 3 && rest[0] == 'W') {
    const int week = digits(rest.substr(1));
    return week >= 1 && week <= weeks_of(year);
  }
  return rest.size() == 5 && rest[2] == '-' && is_day(year, digits(rest.substr(0, 2)), digits(rest.substr(3)));
}

std::string type_name(int32_t type) {
  const char* name = abi::type_name(type);
  return name ? name : "unknown (" + std::to_string(type) + ")";
}

std::string role_names(uint32_t roles) {
  static constexpr std::array<const char*, 12> names{"key",    "time",    "until",  "period",  "area",    "entity",
                                                     "person", "measure", "weight", "stratum", "cluster", "attribute"};
  std::string out;
  for (size_t i = 0; i < names.size(); ++i) {
    if (!(roles >> i & 1)) continue;
    if (!out.empty()) out += " and ";
    out += names[i];
  }
  return out.empty() ? "none" : out;
}

} // namespace kepu::host
