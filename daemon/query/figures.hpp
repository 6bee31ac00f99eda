// Figures of one question: what its measure makes of kept cells, of facts, or of other indicators. Every measure has
// one maker; a question is walked in windows of periods. One thread, within a moment of the reader.
#pragma once

#include "base/result.hpp"
#include "query/figure.hpp"
#include "query/observations.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kepu::query {

// A range of periods, and the days of it that can hold figures.
struct Window {
  int32_t from;
  int32_t to;
  model::Day first_day;
  model::Day last_day;
};

class Figures {
public:
  virtual ~Figures() = default;
  // Codes parallel to the question's `by`, ascending.
  virtual const std::vector<std::vector<std::string>>& groups() const = 0;
  // First and last day that figures may lie on; nullopt: there are none.
  virtual std::optional<std::pair<model::Day, model::Day>> days() const = 0;
  // Periods that are walked at once at most, for what they hold in memory.
  virtual int64_t widest() const = 0;
  virtual int scale() const = 0;
  // Of what values are made of: numerator and denominator.
  virtual std::pair<int, int> part_scales() const { return {0, 0}; }
  // Rows of the window by period, then group.
  virtual Result<std::vector<Observation>> collect(const Window& window) = 0;
};

// `query` asks this indicator, which is one of the catalog. Error codes as observe_within().
Result<std::unique_ptr<Figures>> figures_of(store::Reader& reader, const model::Catalog& catalog,
                                            const model::Indicator& indicator, const ObservationQuery& query,
                                            int depth = 0);

// Makers. Kept by day: count, sum, distinct.
Result<std::unique_ptr<Figures>> kept_figures(store::Reader& reader, const model::Catalog& catalog,
                                              const model::Indicator& indicator, const ObservationQuery& query);
// Read from facts: latest, standing.
Result<std::unique_ptr<Figures>> read_figures(store::Reader& reader, const model::Catalog& catalog,
                                              const model::Indicator& indicator, const ObservationQuery& query);
// What makes such a figure of `query.to`.
struct ReadFacts {
  std::vector<uint64_t> counted; // numbers, ascending
  uint64_t left_out = 0;         // facts of sources that the rule leaves out
  std::vector<Judged> cells;
};
Result<ReadFacts> read_facts(store::Reader& reader, const model::Catalog& catalog, const model::Indicator& indicator,
                             const ObservationQuery& query);
// Read from a survey's microdata: survey_rate.
Result<std::unique_ptr<Figures>> survey_figures(store::Reader& reader, const model::Catalog& catalog,
                                                const model::Indicator& indicator, const ObservationQuery& query);
// What makes such a figure of `query.to`.
Result<ReadFacts> survey_facts(store::Reader& reader, const model::Catalog& catalog, const model::Indicator& indicator,
                               const ObservationQuery& query);
// Made of others: ratio; share and each.
Result<std::unique_ptr<Figures>> ratio_figures(store::Reader& reader, const model::Catalog& catalog,
                                               const model::Indicator& indicator, const ObservationQuery& query,
                                               int depth);
// The indicator and `query.added`, added up where they are of one quantity and may be added.
Result<std::unique_ptr<Figures>> added_figures(store::Reader& reader, const model::Catalog& catalog,
                                               const model::Indicator& indicator, const ObservationQuery& query);
Result<std::unique_ptr<Figures>> entry_figures(store::Reader& reader, const model::Catalog& catalog,
                                               const model::Indicator& indicator, const ObservationQuery& query,
                                               int depth);

// What is held of one window at once: some 40 MB.
inline constexpr int64_t max_window_cells = 200'000;
// Periods whose sets of distinct numbers are united at once: some MB for a hundred thousand persons a year.
inline constexpr int64_t max_window_sets = 92;

// Days come in ascending order within a series, so the period of the day before is mostly that of the next.
class PeriodOf {
public:
  explicit PeriodOf(model::Freq freq) : freq_(freq) {}
  int32_t operator()(model::Day day) {
    if (day < first_ || day > last_) {
      const auto period = model::period_of(day, freq_);
      first_ = period.first_day();
      last_ = period.last_day();
      index_ = period.index;
    }
    return index_;
  }

private:
  model::Freq freq_;
  model::Day first_ = 1;
  model::Day last_ = 0; // before first_: nothing looked up yet
  int32_t index_ = 0;
};

} // namespace kepu::query
