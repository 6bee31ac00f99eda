// Which returns are owed by a day, and how each was delivered. Pure; any thread.
#pragma once

#include "model/catalog.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace kepu::plan {

struct Owed {
  model::Period period;
  model::Day due = 0; // the last day that is in time
};
// Of the first period that is owed to the one that holds `today`, ascending.
std::vector<Owed> owed(const model::Return& of, model::Day today);

enum class Delivery : uint8_t {
  on_time,
  late,
  missing,    // the due day is over
  not_yet_due // and has not come
};
std::string_view word(Delivery delivery); // "not_yet_due"
// `arrived`: the day on which the first of it came; nullopt: nothing has.
Delivery delivery(const Owed& owed, std::optional<model::Day> arrived, model::Day today);

} // namespace kepu::plan
