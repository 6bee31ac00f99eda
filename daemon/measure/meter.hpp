// From facts and one indicator's definition to changes of its figures. Pure: no I/O, no clock. One thread.
#pragma once

#include "measure/filter.hpp"
#include "model/catalog.hpp"
#include "model/fact.hpp"
#include "model/zone.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kepu::measure {

// What one cell (tuple of dimensions, local day) gains or loses.
struct Delta {
  uint32_t tuple = 0;
  model::Day day = 0;
  int64_t n = 0;
  __int128 sum = 0;
  int64_t approximate = 0;
  int64_t repaired = 0;
  int64_t provisional = 0;
};

// A value counted in (+1) or out (-1) of the set of cell number `cell` in `deltas`.
struct SetChange {
  uint32_t cell;
  uint32_t number;
  int32_t times;
};

// Changes of one indicator. Tuples are numbered by the meter that made them.
class Changes {
public:
  Delta& at(uint32_t tuple, model::Day day);
  bool empty() const { return deltas.empty(); }
  void clear();

  std::vector<Delta> deltas;
  std::vector<SetChange> sets; // distinct only; joined by settle()
  // Sorts `sets` by cell and number and adds up `times`; zeros leave.
  void settle();

private:
  std::unordered_map<uint64_t, uint32_t> index_;
  uint64_t last_key_ = ~uint64_t{0};
  uint32_t last_ = 0;
};

// One indicator over one dataset. Holds references: catalog, codes and zone must outlive it.
class Meter {
public:
  Meter(const model::Catalog& catalog, const model::Indicator& indicator, const model::Dataset& dataset,
        const model::Zone& zone, const Codes& codes);

  const model::Indicator& indicator() const { return indicator_; }
  bool distinct() const { return indicator_.measure == model::Measure::distinct; }

  // Adds (sign = 1) or takes out (sign = -1) these rows. Rows that do not meet `where`, have no time,
  // or whose measured field is null change nothing.
  void apply(const model::FactColumns& facts, std::span<const uint32_t> rows, int sign, Changes& out);

  // The dimensions of a tuple, parallel to Indicator::by; "" = not specified.
  const std::vector<std::string>& tuple(uint32_t number) const { return tuples_[number]; }

private:
  struct Source { // a field that dimensions are made from
    size_t field;
  };

  bool passes(const model::FactColumns& facts, uint32_t row);
  uint32_t tuple_of(const model::FactColumns& facts, uint32_t row);
  uint32_t make_tuple(const std::vector<uint32_t>& codes);
  model::Day day_of(int64_t micros);

  const model::Catalog& catalog_;
  const model::Indicator& indicator_;
  const model::Dataset& dataset_;
  const model::Zone& zone_;
  const Codes& codes_;
  size_t time_field_;
  bool time_is_date_;
  size_t measured_ = 0;
  std::vector<Filter> filters_;
  std::vector<Source> sources_;
  std::vector<std::vector<std::string>> tuples_;
  std::unordered_map<std::string, uint32_t> by_dims_;
  std::vector<uint32_t> by_single_code_;           // one source field: code -> tuple + 1
  std::unordered_map<uint64_t, uint32_t> by_path_; // several: (node, code) -> node
  std::vector<std::vector<uint32_t>> paths_;
  std::unordered_map<uint32_t, uint32_t> tuple_of_path_;
  model::Zone::Offset offset_{0, 0, 0};
};

// Local day of a value of the dataset's time field, which it must have.
model::Day day_of(const model::Dataset& dataset, const model::Zone& zone, int64_t time);

// Whether this version measures the indicator, and if not, why: needs of datasets and fields.
Result<void> measurable(const model::Indicator& indicator, const model::Dataset& dataset);

// Everything of the catalog and the zone that this indicator's figures follow from; a change of this
// text means that they must be made anew.
std::string fingerprint(const model::Catalog& catalog, const model::Indicator& indicator, const model::Zone& zone);

} // namespace kepu::measure
