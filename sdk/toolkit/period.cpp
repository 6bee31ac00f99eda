// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/period.hpp>

#include <kepu/connector.h>
#include <kepu/toolkit/fold.hpp>
#include <kepu/toolkit/time.hpp>

#include <chrono>
#include <optional>

namespace kepu::toolkit {
namespace {

constexpr size_t longest_text = 96; // no form of a period is longer, full-width or not

PeriodRead refused(PeriodProblem problem) { return {"", 0, problem}; }

bool skip(std::string_view& left, std::string_view word) {
  if (!left.starts_with(word)) return false;
  left.remove_prefix(word.size());
  return true;
}

// One or two digits; nullopt: none, or more.
std::optional<int> number(std::string_view& left) {
  size_t n = 0;
  int out = 0;
  while (n < left.size() && left[n] >= '0' && left[n] <= '9')
    out = n < 2 ? out * 10 + (left[n] - '0') : out, ++n;
  if (n == 0 || n > 2) return std::nullopt;
  left.remove_prefix(n);
  return out;
}

// 1 or 一; nullopt: none.
std::optional<int> numeral(std::string_view& left) {
  static constexpr std::string_view numerals[] = {"一", "二", "三", "四"};
  for (int i = 0; i < 4; ++i)
    if (skip(left, numerals[i])) return i + 1;
  return number(left);
}

std::string two(int value) { return (value < 10 ? "0" : "") + std::to_string(value); }

int weeks_of(int year) {
  using namespace std::chrono;
  // A year has as many ISO weeks as its 28th of December says.
  const sys_days last{std::chrono::year{year} / December / 28};
  const weekday thursday_of = weekday{last};
  const sys_days thursday = last + days{4 - static_cast<int>(thursday_of.iso_encoding())};
  return static_cast<int>((thursday - sys_days{std::chrono::year{year} / January / 1}).count() / 7 + 1);
}

// What follows the year, in upper case: "" or the end of an SDMX period. nullopt: unreadable.
std::optional<std::string> rest_of(std::string_view left, PeriodProblem& problem, int year) {
  const auto within = [&](int value, int most, std::string text) -> std::optional<std::string> {
    if (value < 1 || value > most) problem = PeriodProblem::no_such;
    return text;
  };
  const bool year_word = skip(left, "年");
  if (year_word) (void)skip(left, "度");
  if (left.empty() || (year_word && left == "全年")) return "";
  if (left == "上半年") return "-S1";
  if (left == "下半年") return "-S2";
  auto coded = left;
  (void)(!year_word && skip(coded, "-"));
  for (const char letter : {'Q', 'S', 'H', 'W'}) {
    if (!skip(coded, std::string_view(&letter, 1))) continue;
    const auto value = number(coded);
    if (!value || !coded.empty()) return std::nullopt;
    if (letter == 'Q') return within(*value, 4, "-Q" + std::to_string(*value));
    if (letter == 'W') return within(*value, weeks_of(year), "-W" + two(*value));
    return within(*value, 2, "-S" + std::to_string(*value));
  }
  if (!year_word && (left.front() == '-' || left.front() == '/' || left.front() == '.')) {
    const bool by_point = left.front() == '.';
    left.remove_prefix(1);
    if (by_point && left == "1") problem = PeriodProblem::ambiguous;
    const auto month = number(left);
    if (!month || !left.empty()) return std::nullopt;
    return within(*month, 12, "-" + two(*month));
  }
  const bool ordinal = skip(left, "第");
  const auto value = numeral(left);
  if (!value) return std::nullopt;
  if (left == "季度" || left == "季") return within(*value, 4, "-Q" + std::to_string(*value));
  if (ordinal && left == "周") return within(*value, weeks_of(year), "-W" + two(*value));
  if (year_word && !ordinal && (left == "月" || left == "月份")) return within(*value, 12, "-" + two(*value));
  return std::nullopt;
}

PeriodRead read_day(const TimeRead& date, bool repaired) {
  const std::chrono::year_month_day day{std::chrono::sys_days{std::chrono::days{date.value}}};
  std::string year = std::to_string(static_cast<int>(day.year()));
  year.insert(0, 4 - std::min<size_t>(year.size(), 4), '0');
  return {year + "-" + two(static_cast<int>(unsigned{day.month()})) + "-" + two(static_cast<int>(unsigned{day.day()})),
          static_cast<uint8_t>(date.flags | (repaired ? KEPU_REPAIRED : 0)), PeriodProblem::none};
}

} // namespace

PeriodRead read_period(std::string_view text) {
  if (text.size() > longest_text) return refused(PeriodProblem::unreadable);
  const auto trimmed = trim(text);
  bool repaired = trimmed.size() != text.size();
  std::string folded = fold_width(trimmed, repaired);
  if (folded.empty()) return refused(PeriodProblem::empty);
  for (char& c : folded)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');

  const size_t digits = std::min(folded.find_first_not_of("0123456789"), folded.size());
  if (digits == folded.size() && digits == 6)
    folded.insert(4, "/"); // 202503
  else if (digits != 4)
    return refused(PeriodProblem::unreadable);
  const auto date = read_date(folded);
  if (date.ok()) return read_day(date, repaired);
  if (date.problem == TimeProblem::no_such_day) return refused(PeriodProblem::no_such);

  int year = 0;
  for (int i = 0; i < 4; ++i)
    year = year * 10 + (folded[static_cast<size_t>(i)] - '0');
  auto problem = PeriodProblem::none;
  const auto rest = rest_of(std::string_view(folded).substr(4), problem, year);
  if (!rest) return refused(PeriodProblem::unreadable);
  if (problem != PeriodProblem::none) return refused(problem);
  const std::string out = folded.substr(0, 4) + *rest;
  return {out, static_cast<uint8_t>(repaired || out != text ? KEPU_REPAIRED : 0), PeriodProblem::none};
}

const char* advice(PeriodProblem problem) {
  switch (problem) {
  case PeriodProblem::none:
    return "";
  case PeriodProblem::empty:
    return "there is no period; fill it in";
  case PeriodProblem::unreadable:
    return "the period cannot be read; write it like 2025, 2025-Q1, 2025-03 or 2025年第1季度";
  case PeriodProblem::no_such:
    return "there is no such period; correct it";
  case PeriodProblem::ambiguous:
    return "this may be January or October; write it like 2025-01 or 2025-10";
  }
  return "";
}

} // namespace kepu::toolkit
