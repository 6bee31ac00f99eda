#include "query/bounds.hpp"

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

} // namespace

Result<model::Period> bound(std::string_view text, model::Freq freq, End end) {
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
