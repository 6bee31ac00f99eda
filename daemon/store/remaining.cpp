#include "store/remaining.hpp"

#include "store/replacement.hpp"

#include <algorithm>

namespace kepu::store {

Remaining::Remaining(Core& core, int64_t source, const StoredDataset& dataset, const std::set<int64_t>& left_out)
    : core_(core), dataset_(dataset), left_out_(left_out),
      claims_(Claims::of_others(core.db, source, dataset.name, left_out)),
      deleted_(deleted_again_by_others(core.db, source, dataset.name, left_out)),
      scopes_(replaced_by_others(core.db, source, dataset, left_out)) {
  for (const auto& claim : claims_)
    claimed_.merge(claim.facts);
  auto row = core.db.query("SELECT seq FROM runs JOIN commits USING(run) WHERE runs.source=? AND kind='swap'");
  row.bind(1, source);
  while (row.step())
    swaps_.insert(static_cast<Seq>(row.integer(0)));
}

bool Remaining::replaces_inputs() const { return std::ranges::any_of(scopes_, &ReplacedScope::of_input); }

std::optional<Remaining::Held> Remaining::of(std::span<const Fact> versions) {
  const auto given = last_given(versions);
  if (!given || was_deleted(versions, *given) || was_replaced(*given)) return std::nullopt;
  return given->held;
}

// Within one part the fact with the larger number is the later.
std::optional<Remaining::Given> Remaining::last_given(std::span<const Fact> versions) {
  std::optional<Given> last;
  const auto consider = [&](const Given& given) {
    if (!last || std::pair(given.seq, given.held.fact) >= std::pair(last->seq, last->held.fact)) last = given;
  };
  for (const Fact fact : versions) {
    const auto* extent = core_.ledger.extent_of(fact);
    if (extent->seq && counts(extent->run) && was_given(fact, *extent->seq))
      consider({*extent->seq, {fact, extent->run, extent->input}});
    if (!claimed_.contains(fact)) continue;
    const auto claim =
        std::ranges::find_if(claims_, [&](const Claims::Claim& one) { return one.facts.contains(fact); });
    consider({claim->seq, {fact, claim->run, claim->input}});
  }
  return last;
}

// What a backfill told and took back says nothing of days beyond its own, where the key may lie.
bool Remaining::was_given(Fact fact, Seq seq) {
  if (!swaps_.contains(seq)) return true;
  auto row = core_.db.query("SELECT 1 FROM closed WHERE fact=? AND seq=?");
  return !row.bind(1, static_cast<int64_t>(fact)).bind(2, static_cast<int64_t>(seq)).step();
}

bool Remaining::was_deleted(std::span<const Fact> versions, const Given& given) {
  for (const Fact fact : versions) {
    auto row = core_.db.query("SELECT seq,why,commits.run FROM closed JOIN commits USING(seq) WHERE fact=? AND "
                              "commits.kind IN ('part','swap')");
    row.bind(1, static_cast<int64_t>(fact));
    if (!row.step() || !counts(row.integer(2))) continue;
    const auto seq = static_cast<Seq>(row.integer(0));
    const auto why = row.text(1);
    // In one part with it: what was closed was given before, unless it is that very fact.
    const bool is_it = fact == given.held.fact && seq >= given.seq;
    if (why == "deleted" && (seq > given.seq || is_it)) return true;
    // By a later part it was closed as what its last input held; without these runs that may be another.
    if (why == "out_of_scope" && is_it && (seq == given.seq || !has_scopes_of(seq))) return true;
  }
  return std::ranges::any_of(deleted_, [&](const DeletedAgain& again) {
    return again.seq > given.seq &&
           std::ranges::any_of(versions, [&](Fact fact) { return again.facts.contains(fact); });
  });
}

// Parts of a store's version 3 closed by scopes that nobody wrote down.
bool Remaining::has_scopes_of(Seq seq) const {
  const auto at = std::ranges::lower_bound(scopes_, seq, {}, &ReplacedScope::seq);
  return at != scopes_.end() && at->seq == seq;
}

// By a scope, which may not have met it then, because another fact stood in its place.
bool Remaining::was_replaced(const Given& given) {
  auto scope = std::ranges::upper_bound(scopes_, given.seq, {}, &ReplacedScope::seq);
  if (scope == scopes_.end()) return false;
  const auto block = core_.ledger.blocks().holding(given.held.fact, dataset_.dataset);
  const auto row = static_cast<uint32_t>(given.held.fact - block->first);
  for (; scope != scopes_.end(); ++scope) {
    if (scope->of_input && (given.held.input == 0 || name_of(given.held.input) != scope->input)) continue;
    if (!lies_in(dataset_, scope->scope, block->facts, row)) continue;
    held_back_[{scope->run, scope->seq}].add(given.held.fact);
    return true;
  }
  return false;
}

const std::string& Remaining::name_of(int64_t input) {
  const auto [it, is_new] = names_.try_emplace(input);
  if (is_new) {
    auto row = core_.db.query("SELECT name FROM inputs WHERE input=?");
    row.bind(1, input);
    if (row.step()) it->second = row.text(0);
  }
  return it->second;
}

} // namespace kepu::store
