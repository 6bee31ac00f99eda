// A backfill: days of a source that are read again and swapped in whole. A value; any thread.
#pragma once

#include "model/period.hpp"

#include <string>

namespace kepu::model {

struct Backfill {
  Day first = 0; // local days; a fact lies on the day of its time, or on the first of its period
  Day until = 0; // exclusive
  // Also where the source gives nothing more of what the hub holds of these days.
  bool allow_empty = false;

  bool holds(Day day) const { return day >= first && day < until; }
  // "2025-03-01 to 2025-03-31"
  std::string text() const { return day_text(first) + " to " + day_text(until - 1); }
};

} // namespace kepu::model
