#include "query/bounds.hpp"

#include <charconv>
#include <string>

namespace kepu::query {
namespace {

constexpr int monday_to_thursday = 3;

bool may_bound(model::Freq asked, model::Freq given) {
  if (tiles(asked, given)) return true;
  if (asked != model::Freq::week) return false;
  switch (given) {
  case model::Freq::day:
  case model::Freq::week:
    return false;
  case model::Freq::month:
  case model::Freq::quarter:
  case model::Freq::half:
  case model::Freq::year:
    return true;
  }
  return false;
}

// "now", "now-3"; nullopt: it is not of this form.
std::optional<Result<model::Period>> relative(std::string_view text, model::Freq freq, model::Day today) {
  constexpr std::string_view now = "now";
  constexpr int32_t most = 100'000; // periods; more than all days since 1900
  if (!text.starts_with(now)) return std::nullopt;
  text.remove_prefix(now.size());
  auto period = period_of(today, freq);
  if (text.empty()) return period;
  int32_t back = 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), back);
  if (text.front() != '-' || error != std::errc{} || end != text.data() + text.size() || back < 0 || back > most) {
    return fail("bad_range", "write \"now\" for the period of today, \"now-3\" for the third before it, up to now-" +
                                 std::to_string(most));
  }
  period.index -= back;
  return period;
}

} // namespace

Result<model::Period> bound(std::string_view text, model::Freq freq, End end, model::Day today) {
  if (auto found = relative(text, freq, today)) return *found;
  const auto given = model::parse_period(text);
  if (!given) return fail("bad_range", given.error().text);
  if (given->freq == freq) return *given;
  if (!may_bound(freq, given->freq)) {
    return fail("bad_range", given->text() + " is no bound for periods of freq=" + std::string(1, letter(freq)) +
                                 ": write a period of that frequency or a coarser one, or ask a finer freq");
  }
  const model::Day day = end == End::from ? given->first_day() : given->last_day();
  if (freq != model::Freq::week) return period_of(day, freq);
  // The first week with its Thursday on or after the first day; the last with it on or before the last.
  return period_of(end == End::from ? day + monday_to_thursday : day - monday_to_thursday, freq);
}

} // namespace kepu::query
