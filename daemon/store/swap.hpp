// The days of a backfill while its run goes on: what lies in them, what was told of them again, and what else must give
// way in the end. See decisions/backfill.md. Writer thread. Throws SqlError.
#pragma once

#include "model/backfill.hpp"
#include "store/claims.hpp"
#include "store/core.hpp"
#include "store/replacement.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <vector>

namespace kepu::store {

class Swap {
public:
  // `core` outlives this.
  Swap(Core& core, const OpenRun& run, const model::Backfill& backfill) : core_(core), run_(run), backfill_(backfill) {}

  // Which rows lie in the days, one byte each; the others lose their persons, so that nobody is numbered for them.
  std::vector<uint8_t> inside(StoredDataset& dataset, model::FactColumns& facts);
  bool holds(StoredDataset& dataset, const model::FactColumns& facts, uint32_t row) {
    return lies_in(dataset, of(dataset).scope(), facts, row);
  }
  // What of a scope lies in the days.
  Scope within(StoredDataset& dataset, Scope scope);

  void told(StoredDataset& dataset, Fact fact) { of(dataset).keep(fact); }
  bool is_told(StoredDataset& dataset, Fact fact) { return of(dataset).keeps(fact); }
  void held_elsewhere() { ++passed_over_.held_elsewhere; }
  const PassedOver& passed_over() const { return passed_over_; }

  // Facts in force in the days that were not told again, block by block, and the days as a scope. `read`: numbers of
  // all inputs under names that the run read, and 0. Refuses, with code "untold", what looks as if the source were not
  // all there: no row at all, or nothing of an input or of what came without one.
  Scope untold(StoredDataset& dataset, const std::set<int64_t>& read, const Claims::Owners& owners,
               const Replacement::Visit& visit);

private:
  Replacement& of(StoredDataset& dataset);
  Scope days(const StoredDataset& dataset) const;
  [[noreturn]] void refuse(const StoredDataset& dataset, const std::map<int64_t, uint64_t>& unread,
                           uint64_t facts) const;

  Core& core_;
  const OpenRun& run_;
  const model::Backfill backfill_;
  std::map<const StoredDataset*, Replacement> told_;
  PassedOver passed_over_;
};

} // namespace kepu::store
