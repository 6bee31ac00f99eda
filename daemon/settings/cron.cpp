#include "settings/cron.hpp"

#include "base/ascii.hpp"
#include "base/printable.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

namespace kepu::settings {
namespace {

struct Range {
  const char* name;
  unsigned least;
  unsigned most;
  std::vector<std::string_view> words; // words[i] means least + i
};

const std::array<Range, 5>& ranges() {
  static const std::array<Range, 5> all{{
      {"minute", 0, 59, {}},
      {"hour", 0, 23, {}},
      {"day of month", 1, 31, {}},
      {"month", 1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
      {"day of week", 0, 7, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
  }};
  return all;
}

constexpr size_t weekday_field = 4;
constexpr int64_t seconds_a_day = 86'400;
// 29 February falls on a given weekday again after at most 40 years (across 2100).
constexpr model::Day horizon_days = 41 * 366;

std::vector<std::string_view> split(std::string_view text, bool (*separates)(char), bool keep_empty) {
  std::vector<std::string_view> out;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && !separates(text[i])) continue;
    if (keep_empty || i > begin) out.push_back(text.substr(begin, i - begin));
    begin = i + 1;
  }
  return out;
}

Error bad(const Range& range, std::string_view item, const std::string& why) {
  return fail("bad_cron", std::string(range.name) + " " + in_quotes(item) + ": " + why);
}

Result<unsigned> number_or_word(const Range& range, std::string_view item, std::string_view text) {
  const auto word = std::find(range.words.begin(), range.words.end(), lower(text));
  if (word != range.words.end()) return range.least + static_cast<unsigned>(word - range.words.begin());
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = end == text.data() + text.size() && error != std::errc::invalid_argument;
  if (is_number && error == std::errc{} && value >= range.least && value <= range.most) return value;
  return bad(range, item,
             "wants " + std::to_string(range.least) + " to " + std::to_string(range.most) +
                 (range.words.empty()
                      ? ""
                      : ", or " + std::string(range.words.front()) + " to " + std::string(range.words.back())));
}

// "*", "5", "1-5", "*/2", "1-5/2", "mon-fri".
Result<uint64_t> parse_item(const Range& range, std::string_view item) {
  const size_t slash = item.find('/');
  const std::string_view span = item.substr(0, slash);
  unsigned step = 1;
  if (slash != std::string_view::npos) {
    const std::string_view text = item.substr(slash + 1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), step);
    if (error != std::errc{} || end != text.data() + text.size() || step == 0 || step > range.most) {
      return bad(range, item, "the step after \"/\" wants 1 to " + std::to_string(range.most));
    }
  }
  unsigned from = range.least;
  unsigned to = range.most;
  if (span != "*") {
    const size_t dash = span.find('-');
    const auto first = number_or_word(range, item, span.substr(0, dash));
    if (!first) return first.error();
    from = to = *first;
    if (dash != std::string_view::npos) {
      const auto last = number_or_word(range, item, span.substr(dash + 1));
      if (!last) return last.error();
      to = *last;
      if (range.most == 7 && to == 0 && from > 0) to = 7; // fri-sun
      if (to < from) return bad(range, item, "the range runs backwards; write two ranges with a comma");
    } else if (slash != std::string_view::npos) {
      return bad(range, item,
                 "a step wants a range before it; write " + std::to_string(from) + "-" + std::to_string(range.most) +
                     "/" + std::to_string(step));
    }
  } else if (range.most == 7) {
    to = 6; // 7 is 0 again, and a step must not count Sunday twice
  }
  uint64_t mask = 0;
  for (unsigned value = from; value <= to; value += step)
    mask |= uint64_t{1} << value;
  return mask;
}

// The first instant at which the zone's clocks show `local` (seconds since 1970 as the wall has it) or
// later: the instant itself, the first of two, or the end of the gap that skips it.
int64_t first_at(int64_t local, const model::Zone& zone) {
  constexpr int64_t widest_offset = 16 * 3600; // no zone was ever further from UTC
  int64_t at = local - widest_offset;
  while (true) {
    const auto offset = zone.offset_at(at);
    const int64_t candidate = std::max(at, local - offset.seconds);
    if (candidate < offset.end) return candidate;
    at = offset.end;
  }
}

} // namespace

Result<CronSchedule> CronSchedule::parse(std::string_view expression) {
  if (!expression.empty() && expression[0] == '@') {
    return fail("bad_cron", in_quotes(expression) +
                                " is not known here; write five fields, such as \"0 3 * * *\" for every "
                                "day at 03:00");
  }
  const auto fields = split(
      expression, [](char c) { return c == ' ' || c == '\t'; }, false);
  if (fields.size() != ranges().size()) {
    return fail("bad_cron", in_quotes(expression) + " has " + std::to_string(fields.size()) +
                                " fields, not 5: minute, hour, day of month, month, day of week");
  }
  std::array<uint64_t, 5> masks{};
  for (size_t i = 0; i < fields.size(); ++i) {
    for (const auto item : split(
             fields[i], [](char c) { return c == ','; }, true)) {
      const auto mask = parse_item(ranges()[i], item);
      if (!mask) return mask.error();
      masks[i] |= *mask;
    }
  }
  if (masks[weekday_field] & (1u << 7)) masks[weekday_field] |= 1;
  CronSchedule out;
  out.minutes_ = masks[0];
  out.hours_ = static_cast<uint32_t>(masks[1]);
  out.days_ = static_cast<uint32_t>(masks[2]);
  out.months_ = static_cast<uint16_t>(masks[3]);
  out.weekdays_ = static_cast<uint8_t>(masks[weekday_field] & 0x7f);
  // As crontab(5) has it, a field that begins with "*" restricts nothing by itself, "*/2" included:
  // then both must match.
  out.any_day_ = fields[2][0] == '*';
  out.any_weekday_ = fields[weekday_field][0] == '*';
  return out;
}

std::optional<Instant> CronSchedule::next(Instant after, const model::Zone& zone) const {
  const model::Day today = zone.day_at(after);
  for (model::Day day = today; day <= today + horizon_days; ++day) {
    const auto date = model::civil(day);
    if (!(months_ >> date.month & 1)) continue;
    const auto weekday = static_cast<unsigned>(((day + 4) % 7 + 7) % 7); // 1970-01-01 was a Thursday
    const bool by_date = days_ >> date.day & 1;
    const bool by_weekday = weekdays_ >> weekday & 1;
    if (any_day_ || any_weekday_ ? !(by_date && by_weekday) : !(by_date || by_weekday)) continue;
    for (unsigned minute = 0; minute < 24 * 60; ++minute) {
      if (!(hours_ >> (minute / 60) & 1) || !(minutes_ >> (minute % 60) & 1)) continue;
      const int64_t local = day * seconds_a_day + minute * 60;
      const Instant at{std::chrono::seconds{first_at(local, zone)}};
      if (at > after) return at;
    }
  }
  return std::nullopt;
}

} // namespace kepu::settings
