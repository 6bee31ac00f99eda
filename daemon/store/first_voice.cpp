#include "store/first_voice.hpp"

#include "store/removals.hpp"
#include "store/replacement.hpp"

#include <algorithm>

namespace kepu::store {

void FirstVoice::begin(int64_t input, int64_t first, const InputAsk& ask) {
  if (!firsts_) firsts_ = first_readings(core_.db, run_.source);
  firsts_->insert_or_assign(input, first);
  own_ = inputs_of(core_.db, run_.source, ask);
  since_.clear();
  // The commit with its last fact or reject; if it left neither that is still there, the last one of its run. What a
  // withdrawal gave back is the run's, too, but no part.
  auto row = core_.db.query(
      "WITH parts AS (SELECT seq,recorded_at FROM commits WHERE run=(SELECT run FROM inputs WHERE input=?1) AND "
      "kind='part'), own AS (SELECT max(seq) AS seq FROM extents JOIN parts USING(seq) WHERE input=?1 AND "
      "run=(SELECT run FROM inputs WHERE input=?1) UNION ALL SELECT min(seq) FROM parts WHERE recorded_at>=(SELECT "
      "max(recorded_at) FROM rejects WHERE source=?2 AND input=?3 AND run=(SELECT run FROM inputs WHERE input=?1))) "
      "SELECT run, coalesce((SELECT max(seq) FROM own),(SELECT max(seq) FROM parts),0) FROM inputs WHERE input=?1");
  row.bind(1, first).bind(2, run_.source).bind(3, ask.name);
  if (!row.step()) return;
  first_run_ = row.integer(0);
  until_ = static_cast<Seq>(row.integer(1));
  first_ = first;
}

bool FirstVoice::is_later(int64_t input, int64_t run, std::optional<Seq> seq) const {
  if (own_.contains(input)) return false;
  if (input == 0) return run == first_run_ ? !seq || *seq > until_ : run > first_run_;
  const auto found = firsts_->find(input);
  return (found == firsts_->end() ? input : found->second) > first_;
}

const FirstVoice::Since& FirstVoice::since(const StoredDataset& dataset) {
  const auto [it, is_new] = since_.try_emplace(dataset.name);
  if (!is_new) return it->second;
  auto& since = it->second;
  since.given = claims_.claimed(
      dataset.name, [&](int64_t input, int64_t run, std::optional<Seq> seq) { return is_later(input, run, seq); });
  for (auto& again : deleted_again_by_others(core_.db, run_.source, dataset.name, {})) {
    if (again.seq > until_) since.retracted.merge(again.facts);
  }
  // A scope of one input takes nothing that another gave.
  for (auto& replaced : replaced_by_others(core_.db, run_.source, dataset, {})) {
    if (replaced.seq > until_ && !replaced.of_input) since.scopes.push_back(std::move(replaced.scope));
  }
  return since;
}

std::optional<bool> FirstVoice::is_outlived(const StoredDataset& dataset, Fact fact, bool in_force) {
  if (!speaks()) return std::nullopt;
  const auto* extent = core_.ledger.extent_of(fact);
  if (!extent || core_.ledger.is_withdrawn(extent->run)) return std::nullopt;
  if (is_later(extent->input, extent->run, extent->seq)) return true;
  const auto& said = since(dataset);
  if (said.given.contains(fact) || said.retracted.contains(fact)) return true;
  if (in_force) return false;
  auto row = core_.db.query("SELECT 1 FROM closed JOIN commits USING(seq) WHERE fact=? AND why='deleted' AND seq>? AND "
                            "commits.run<>?");
  row.bind(1, static_cast<int64_t>(fact)).bind(2, static_cast<int64_t>(until_)).bind(3, run_.run);
  return row.step();
}

bool FirstVoice::is_replaced(const StoredDataset& dataset, const model::FactColumns& facts, uint32_t row) {
  if (!speaks()) return false;
  return std::ranges::any_of(since(dataset).scopes,
                             [&](const Scope& scope) { return lies_in(dataset, scope, facts, row); });
}

} // namespace kepu::store
