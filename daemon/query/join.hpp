// Two sources that give the same figure: which of them counts, by the indicator's rule, cell by cell of its grain. One
// thread, within a moment of the reader.
#pragma once

#include "query/figures.hpp"

#include <map>
#include <set>
#include <span>
#include <unordered_map>

namespace kepu::query {

// What sources say of one cell of the grain, by rank of the source. Values are compared as they are.
using Cellmates = std::map<uint32_t, __int128>;

// The rule applied to one cell.
struct Verdict {
  std::optional<uint32_t> source; // rank of the one that counts; nullopt: none does
  bool differs = false;
};
// At least one has said something.
Verdict judge(model::Join join, const Cellmates& values);

// Whether a rule chooses between sources: asked by source, each speaks for itself.
bool is_judged(const model::Indicator& indicator, const ObservationQuery& query);

// Series by source and by cell of the grain, of an indicator whose rule is not sum.
class Grouping {
public:
  Grouping(const model::Indicator& indicator, const std::vector<store::Series>& series);
  struct Place {
    uint32_t source;  // rank in `order`
    uint32_t group;   // of the grain's dimensions
    model::Freq freq; // the grain's, or the series' own where it tells periods that do not tile the grain's
  };
  // nullptr: the source has no say.
  const Place* of(uint32_t series) const;
  Judged judged(const model::Period& period, uint32_t group, const Cellmates& values) const;
  const std::vector<uint32_t>& ids() const { return ids_; } // that have a say

private:
  const model::Indicator& indicator_;
  std::vector<std::vector<std::string>> codes_; // by group
  std::unordered_map<uint32_t, Place> places_;  // by series
  std::vector<uint32_t> ids_;
};

// The choice over kept cells of some days.
class Choice {
public:
  Choice(store::Reader& reader, const model::Indicator& indicator, const std::vector<store::Series>& series)
      : reader_(reader), indicator_(indicator), grouping_(indicator, series) {}
  // Looks at all cells of the grain that these days meet.
  Result<void> look(model::Day first, model::Day last);
  struct Said {
    bool has_say = false;
    bool takes = false;
    bool differs = false;
    uint64_t cell = 0; // which cell of the grain it is
  };
  Said of(uint32_t series, model::Day day) const;
  Judged judged(uint64_t cell) const;

private:
  static uint64_t cell_of(const Grouping::Place& place, model::Day day);
  Result<void> count_sets(model::Day first, model::Day last);

  store::Reader& reader_;
  const model::Indicator& indicator_;
  Grouping grouping_;
  std::unordered_map<uint64_t, Cellmates> cells_; // by group and period of the grain
};

} // namespace kepu::query
