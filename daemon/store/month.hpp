// Kept figures of a dataset's month, held against what its facts give. For those who look and those who mend. Writer
// thread; reads only. Throws SqlError.
#pragma once

#include "measure/cells.hpp"
#include "store/core.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace kepu::store {

struct Month {
  const StoredDataset* dataset;
  model::Day first; // day of it
  auto operator<=>(const Month&) const = default;
};
// Of all datasets, those that may hold facts, and those that hold figures.
std::set<Month> months_of(Core& core);

// A row of table series of the definition in force.
struct NamedSeries {
  int64_t series = 0;
  int64_t source = 0;
  std::string dims;        // encoded
  bool is_damaged = false; // nobody can tell what its figures are of
};
std::vector<NamedSeries> series_of(Core& core, const Figure& figure);

// Kept figures of one series that are damaged, or others than the facts give: those of a month's days, or the values
// of one day.
struct Difference {
  Figure* figure = nullptr;
  int64_t series = 0; // 0: there is none of this name yet
  int64_t source = 0;
  std::string dims; // encoded
  bool is_set = false;
  model::Day day = 0; // of days: the first of the month
  bool is_damaged = false;
  bool is_lost = false;                  // it is damaged, and holds what facts no longer give
  std::vector<measure::ChunkDay> frozen; // of days beyond the source's horizon, which are not compared
  std::vector<measure::ChunkDay> kept, given;
  std::vector<measure::Counted> kept_values, given_values;
  std::optional<int64_t> first_seq; // of a kept set
};
// Whether both say the same figures, whatever commits made them.
bool same_figures(const measure::ChunkDay& a, const measure::ChunkDay& b);

struct Compared {
  uint64_t figures = 0; // days of series, and sets
  std::vector<Difference> differences;
};
Compared compare(Core& core, const Month& month);

} // namespace kepu::store
