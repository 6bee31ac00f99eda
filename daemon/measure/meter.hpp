// From facts and one indicator's definition to changes of its figures. Pure: no I/O, no clock. One thread.
#pragma once

#include "measure/filter.hpp"
#include "model/catalog.hpp"
#include "model/fact.hpp"
#include "model/zone.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kepu::measure {

// What one cell (tuple of dimensions, local day) gains or loses. What is told of longer periods only has cells of its
// own, on the first day of each.
struct Delta {
  uint32_t tuple = 0;
  model::Freq freq = model::Freq::day;
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
  Delta& at(uint32_t tuple, model::Freq freq, model::Day day);
  bool empty() const { return deltas.empty(); }
  void clear();

  std::vector<Delta> deltas;
  std::vector<SetChange> sets; // distinct only; joined by settle()
  // Sorts `sets` by cell and number and adds up `times`; zeros leave.
  void settle();

private:
  boost::unordered_flat_map<uint64_t, uint32_t> index_;
  uint64_t last_key_ = ~uint64_t{0};
  uint32_t last_ = 0;
};

// A fact of a measure that is not kept by day.
struct Span {
  uint32_t tuple = 0;
  model::Freq freq = model::Freq::day;
  uint32_t row = 0;
  // What tells one teller's values from another's, also when its area is another one by now: the source's own words for
  // the dimensions.
  uint32_t path = 0;
  model::Day first = 0;         // standing: in force from this day on; latest: the day that the value is of
  model::Day until = INT32_MAX; // standing: exclusive
  int64_t time = 0;             // latest: of two values of a day the later one counts
  int64_t value = 0;            // latest: as the field holds it; standing: number of the value
  uint8_t flags = 0;            // kepu_flag
};

// A row of a survey's sample, for measure survey_rate.
struct SampleRow {
  uint32_t row = 0;
  model::Period period;          // that it tells of
  std::optional<uint32_t> tuple; // nullopt: it is of the sample, but apply() does not count it
  std::optional<size_t> epoch;   // of the indicator's
  bool reaches_cut = false;      // counted rows only
  double weight = 1;
  int64_t stratum = 0; // number within the dataset; rows without one make up a stratum
  // Number within the dataset; nullopt: the row is a cluster of its own.
  std::optional<int64_t> cluster;
  std::optional<double> population; // clusters of its stratum
  uint8_t flags = 0;                // kepu_flag
};

// One indicator over one dataset. Holds references: catalog, codes and zone must outlive it.
class Meter {
public:
  Meter(const model::Catalog& catalog, const model::Indicator& indicator, const model::Dataset& dataset,
        const model::Zone& zone, const Codes& codes);

  const model::Indicator& indicator() const { return indicator_; }
  bool distinct() const { return indicator_.measure == model::Measure::distinct; }

  // Adds (sign = 1) or takes out (sign = -1) these rows. Rows that do not meet `where`, have no time,
  // or whose measured field is null change nothing; for survey_rate they are changes that bring nothing.
  void apply(const model::FactColumns& facts, std::span<const uint32_t> rows, int sign, Changes& out);
  // Measures latest and standing: what each of these rows says, without those that apply() leaves out.
  void spans(const model::FactColumns& facts, std::span<const uint32_t> rows, std::vector<Span>& out);
  // Measure survey_rate: all of these rows that have a time.
  void sample(const model::FactColumns& facts, std::span<const uint32_t> rows, std::vector<SampleRow>& out);

  // The dimensions of a tuple, parallel to Indicator::by; "" = not specified.
  const std::vector<std::string>& tuple(uint32_t number) const { return tuples_[number]; }

private:
  struct Source { // a field that dimensions are made from
    size_t field;
  };
  struct Design { // fields of a survey's design, where the dataset has them
    std::optional<size_t> weight;
    std::optional<size_t> stratum;
    std::optional<size_t> cluster;
    std::optional<size_t> population;
  };

  bool counts(const model::FactColumns& facts, uint32_t row);
  // Calls visit(day, tuple) for each day after `first` and before `until` from which on the row is of another tuple,
  // since its area is another by then.
  template <class Visit>
  void each_move(const model::FactColumns& facts, uint32_t row, model::Day first, model::Day until, Visit&& visit);
  // Measure standing: exclusive; the row stands for good where it has no end.
  model::Day end_of(const model::FactColumns& facts, uint32_t row);
  model::Period period_of(const model::FactColumns& facts, uint32_t row);
  uint32_t path_of(const model::FactColumns& facts, uint32_t row);
  uint32_t tuple_of(const model::FactColumns& facts, uint32_t row, model::Day day);
  // Whether the dimensions follow from the codes on every day; else only on this one.
  struct Made {
    uint32_t tuple;
    bool always;
  };
  Made make_tuple(const std::vector<uint32_t>& codes, model::Day day);
  uint32_t remembered(uint64_t path, std::optional<Made>& known, const std::vector<uint32_t>& codes, model::Day day);
  model::Day day_of(int64_t micros);

  const model::Catalog& catalog_;
  const model::Indicator& indicator_;
  const model::Dataset& dataset_;
  const model::Zone& zone_;
  const Codes& codes_;
  size_t when_field_;
  bool time_is_date_;
  std::vector<std::optional<model::Period>> periods_; // by code of the period field
  size_t measured_ = 0;
  Design design_; // survey_rate
  std::vector<Filter> filters_;
  std::optional<size_t> until_field_; // standing
  std::vector<model::Day> moves_;     // standing, told by area: see Areas::moves()
  std::vector<Source> sources_;
  std::vector<std::vector<std::string>> tuples_;
  std::unordered_map<std::string, uint32_t> by_dims_;
  std::vector<std::optional<Made>> by_single_code_; // one source field
  std::unordered_map<uint64_t, uint32_t> by_path_;  // several: (node, code) -> node
  std::unordered_map<uint32_t, std::optional<Made>> tuple_of_path_;
  std::unordered_map<uint64_t, uint32_t> by_path_and_day_; // where areas of the past have a say
  struct { // the day of the last moment asked for, in seconds; facts come mostly in the order of time
    int64_t begin = 0;
    int64_t end = 0;
    model::Day day = 0;
  } last_day_;
};

// Local day of a moment as when_of() gives it.
model::Day day_of(const model::Dataset& dataset, const model::Zone& zone, int64_t time);
// When facts of a dataset are. References are kept.
class When {
public:
  When(const model::Dataset& dataset, const Codes& codes);
  // Microseconds of a timestamp, days of a date, the first day of a period; nullopt: it has no time.
  std::optional<int64_t> operator()(const model::FactColumns& facts, uint32_t row) const;

private:
  const Codes& codes_;
  std::optional<size_t> field_;
  bool is_period_ = false;
};

// Whether this version measures the indicator, and if not, why: needs of datasets and fields.
Result<void> measurable(const model::Indicator& indicator, const model::Dataset& dataset);

// Everything of the catalog and the zone that this indicator's figures follow from; a change of this
// text means that they must be made anew.
std::string fingerprint(const model::Catalog& catalog, const model::Indicator& indicator, const model::Zone& zone);

} // namespace kepu::measure
