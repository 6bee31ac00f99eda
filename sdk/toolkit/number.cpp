// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/number.hpp>

#include <kepu/connector.h>
#include <kepu/toolkit/fold.hpp>

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

} // namespace

NumberRead read_number(std::string_view text, int scale) {
  if (text.size() > longest_text) return refused(NumberProblem::unreadable);
  const auto trimmed = trim(text);
  bool repaired = trimmed.size() != text.size();
  const std::string folded = fold_width(trimmed, repaired);
  std::string_view left = folded;
  if (left.empty()) return refused(NumberProblem::missing);
  for (const auto dash : dashes)
    if (left == dash) return refused(NumberProblem::missing);

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

} // namespace kepu::toolkit
