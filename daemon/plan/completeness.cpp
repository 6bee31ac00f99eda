#include "plan/completeness.hpp"

#include <algorithm>

namespace kepu::plan {

std::vector<Owed> owed(const model::Return& of, model::Day today) {
  model::Period last = model::period_of(today, of.from.freq);
  if (of.to) last = std::min(last, *of.to);
  std::vector<Owed> out;
  for (model::Period period = of.from; period <= last; ++period.index)
    out.push_back({period, period.last_day() + of.days});
  return out;
}

std::string_view word(Delivery delivery) {
  switch (delivery) {
  case Delivery::on_time:
    return "on_time";
  case Delivery::late:
    return "late";
  case Delivery::missing:
    return "missing";
  case Delivery::not_yet_due:
    return "not_yet_due";
  }
  return {};
}

Delivery delivery(const Owed& owed, std::optional<model::Day> arrived, model::Day today) {
  if (arrived) return *arrived <= owed.due ? Delivery::on_time : Delivery::late;
  return today > owed.due ? Delivery::missing : Delivery::not_yet_due;
}

} // namespace kepu::plan
