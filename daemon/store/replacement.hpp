// An open replacement: the facts inside its scope that its rows do not confirm are taken out. Writer
// thread. Throws SqlError.
#pragma once

#include "measure/fact_set.hpp"
#include "store/claims.hpp"
#include "store/core.hpp"

#include <functional>
#include <set>
#include <span>

namespace kepu::store {

// Whether a fact's values lie in the scope, whatever input it is of.
bool lies_in(const StoredDataset& dataset, const Scope& scope, const model::FactColumns& facts, uint32_t row);

class Replacement {
public:
  // `dataset` outlives this.
  Replacement(StoredDataset& dataset, Scope scope) : dataset_(dataset), scope_(std::move(scope)) {}

  StoredDataset& dataset() const { return dataset_; }
  const Scope& scope() const { return scope_; }
  bool of_this_input() const { return scope_.this_input; }
  // A row of the replacement is this fact.
  void keep(Fact fact) { kept_.add(fact); }
  bool keeps(Fact fact) const { return kept_.contains(fact); }
  bool keeps_any() const { return !kept_.empty(); }

  // Facts in force inside the scope that were not kept, block by block. `inputs`, `owners`: what the
  // input owns that is replaced; only for a scope of this input.
  using Visit = std::function<void(const BlockReader::Block& block, std::span<const uint32_t> rows)>;
  void left_out(Db& db, const OpenRun& run, const std::set<int64_t>& inputs, const Claims::Owners& owners,
                const Visit& visit) const;

private:
  StoredDataset& dataset_;
  Scope scope_;
  measure::FactSet kept_;
};

} // namespace kepu::store
