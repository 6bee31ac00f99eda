// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/number.hpp>

#include <kepu/connector.h>
#include <kepu/toolkit/fold.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace kepu::toolkit {
namespace {

constexpr size_t longest_text = 192; // no form of a number is longer, full-width or not; keeps nonsense cheap

NumberRead refused(NumberProblem problem) { return {0, 0, problem}; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <size_t N> bool skip_prefix(std::string_view& text, const std::string_view (&words)[N]) {
  for (const auto word : words) {
    if (!text.starts_with(word)) continue;
    text.remove_prefix(word.size());
    return true;
  }
  return false;
}

// Longer words before the words that they begin with.
constexpr std::string_view about_before[] = {"大约", "大概", "约", "近"};
constexpr std::string_view about_after[] = {"余", "多"};
constexpr std::string_view about_last[] = {"左右"};
constexpr std::string_view counters[] = {"人次", "场次", "人", "名", "位", "场", "次", "个",
                                         "所",   "项",   "家", "件", "份", "册", "户"};
constexpr std::string_view dashes[] = {"-", "—", "——", "–", "―"};

struct Multiplier {
  std::string_view word;
  int zeros;
};
constexpr Multiplier multipliers[] = {{"千", 3}, {"万", 4}, {"亿", 8}};

// Digits with commas in groups of three, or without any. `digits` receives them without commas.
bool take_whole(std::string_view& left, std::string& digits, bool& grouped) {
  size_t first = 0;
  while (first < left.size() && is_digit(left[first]))
    ++first;
  if (first == 0) return false;
  digits.assign(left.substr(0, first));
  left.remove_prefix(first);
  grouped = left.starts_with(',');
  if (grouped && (first > 3 || digits[0] == '0')) return false;
  while (left.starts_with(',')) {
    if (left.size() < 4 || !is_digit(left[1]) || !is_digit(left[2]) || !is_digit(left[3])) return false;
    digits += left.substr(1, 3);
    left.remove_prefix(4);
    if (!left.empty() && is_digit(left[0])) return false;
  }
  return true;
}

// Writes the number with a point before the fraction. `whole`: its field keeps no digits after the point.
NumberProblem with_point(std::string& text, DecimalSign sign, bool whole, bool& repaired) {
  const auto swap = [&] {
    for (char& c : text)
      c = c == ',' ? '.' : c == '.' ? ',' : c;
  };
  const auto commas = std::count(text.begin(), text.end(), ','), points = std::count(text.begin(), text.end(), '.');
  switch (sign) {
  case DecimalSign::point:
    return NumberProblem::none;
  case DecimalSign::comma:
    swap();
    return NumberProblem::none;
  case DecimalSign::either:
    break;
  }
  bool has_comma = commas && points && text.rfind(',') > text.rfind('.'); // 1.234,5
  has_comma |= !commas && points > 1;                                     // 1.234.567
  if (commas == 1 && !points && !whole) {
    const size_t at = text.find(',');
    size_t before = at, after = at + 1;
    while (before > 0 && is_digit(text[before - 1]))
      --before;
    while (after < text.size() && is_digit(text[after]))
      ++after;
    const bool grouping = after - at == 4 && at - before <= 3 && at > before && text[before] != '0';
    if (grouping) return NumberProblem::ambiguous;
    has_comma = true; // 12,5
  }
  if (has_comma) {
    swap();
    repaired = true;
  }
  return NumberProblem::none;
}

// ASCII without spaces around it, with a point before the fraction.
NumberProblem plain(std::string_view text, DecimalSign sign, bool whole, std::string& out, bool& repaired) {
  if (text.size() > longest_text) return NumberProblem::unreadable;
  const auto trimmed = trim(text);
  repaired = trimmed.size() != text.size();
  out = fold_width(trimmed, repaired);
  if (out.empty() || std::find(std::begin(dashes), std::end(dashes), out) != std::end(dashes))
    return NumberProblem::missing;
  return with_point(out, sign, whole, repaired);
}

} // namespace

NumberRead read_number(std::string_view text, int scale, DecimalSign sign) {
  bool repaired = false;
  std::string folded;
  if (const auto problem = plain(text, sign, scale == 0, folded, repaired); problem != NumberProblem::none)
    return refused(problem);
  std::string_view left = folded;
  bool about = skip_prefix(left, about_before);
  const bool negative = left.starts_with('-');
  if (negative) left.remove_prefix(1);
  std::string digits, fraction;
  bool grouped = false;
  if (!take_whole(left, digits, grouped)) return refused(NumberProblem::unreadable);
  repaired |= grouped;
  if (left.starts_with('.')) {
    size_t n = 1;
    while (n < left.size() && is_digit(left[n]))
      ++n;
    if (n == 1) return refused(NumberProblem::unreadable);
    fraction.assign(left.substr(1, n - 1));
    left.remove_prefix(n);
  }
  // In this order only: 1.2万余人次, 80余人, 500人左右. "80余万" is another number than "80万余".
  int zeros = 0;
  for (const auto& m : multipliers) {
    if (!left.starts_with(m.word)) continue;
    zeros = m.zeros;
    repaired = true;
    left.remove_prefix(m.word.size());
    break;
  }
  about |= skip_prefix(left, about_after);
  repaired |= skip_prefix(left, counters);
  about |= skip_prefix(left, about_last);
  if (!left.empty()) return refused(NumberProblem::unreadable);

  // value = digits.fraction * 10^(zeros + scale)
  const auto room = static_cast<size_t>(zeros + scale);
  for (size_t i = room; i < fraction.size(); ++i)
    if (fraction[i] != '0') return refused(NumberProblem::not_whole);
  if (scale == 0 && zeros == 0 && !fraction.empty()) repaired = true; // 12.0
  fraction.resize(room, '0');
  int64_t value = 0;
  for (const auto* part : {&digits, &fraction}) {
    for (const char c : *part) {
      if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, c - '0', &value))
        return refused(NumberProblem::too_large);
    }
  }
  return {negative ? -value : value,
          static_cast<uint8_t>((repaired ? KEPU_REPAIRED : 0) | (about ? KEPU_APPROXIMATE : 0)), NumberProblem::none};
}

RealRead read_real(std::string_view text, DecimalSign sign) {
  bool repaired = false;
  std::string folded;
  if (const auto problem = plain(text, sign, false, folded, repaired); problem != NumberProblem::none)
    return {0, 0, problem};
  double value = 0;
  const char* end = folded.data() + folded.size();
  if (folded.find_first_not_of("0123456789.-+eE") == std::string::npos) {
    const auto [stop, error] = std::from_chars(folded.data(), end, value);
    if (error == std::errc::result_out_of_range) return {0, 0, NumberProblem::too_large};
    if (error == std::errc() && stop == end && std::isfinite(value))
      return {value, static_cast<uint8_t>(repaired ? KEPU_REPAIRED : 0), NumberProblem::none};
  }
  constexpr int scale = 9;
  const auto read = read_number(folded, scale);
  return {static_cast<double>(read.value) / 1e9, static_cast<uint8_t>(read.flags | (repaired ? KEPU_REPAIRED : 0)),
          read.problem};
}

const char* advice(NumberProblem problem) {
  switch (problem) {
  case NumberProblem::none:
    return "";
  case NumberProblem::missing:
    return "there is no number; fill it in";
  case NumberProblem::unreadable:
    return "the number cannot be read; write it like 1234 or 12.5";
  case NumberProblem::not_whole:
    return "the number has more digits after the point than are kept here; round it, or leave the fraction out";
  case NumberProblem::too_large:
    return "the number is too large; correct it";
  case NumberProblem::ambiguous:
    return "the comma may group thousands or begin the fraction; write the number without it, or say in the source's "
           "settings which sign is the decimal one";
  }
  return "";
}

} // namespace kepu::toolkit
