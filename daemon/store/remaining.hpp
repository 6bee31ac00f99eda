// What a key holds when some runs are left out, as if they had never been: the row that was given last, unless it was
// taken away since. Runs that are withdrawn already are left out, too. Writer thread. Throws SqlError.
#pragma once

#include "store/claims.hpp"
#include "store/removals.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kepu::store {

// Of one dataset of one source.
class Remaining {
public:
  // All must outlive this; while it is used nothing is committed of the source.
  Remaining(Core& core, int64_t source, const StoredDataset& dataset, const std::set<int64_t>& left_out);

  struct Held {
    Fact fact = 0;     // whose row it is
    int64_t run = 0;   // that gave it last
    int64_t input = 0; // from which; 0: none
  };
  // `versions`: all facts of the key, ascending, in force or not.
  std::optional<Held> of(std::span<const Fact> versions);

  // Whether a run that counts replaced what single inputs had given.
  bool replaces_inputs() const;
  // What would be held but for a scope, by run and commit of that; see hold_back().
  const std::map<std::pair<int64_t, Seq>, measure::FactSet>& held_back() const { return held_back_; }

private:
  struct Given {
    Seq seq = 0;
    Held held;
  };
  std::optional<Given> last_given(std::span<const Fact> versions);
  bool was_given(Fact fact, Seq seq);
  bool was_deleted(std::span<const Fact> versions, const Given& given);
  bool was_replaced(const Given& given);
  bool has_scopes_of(Seq seq) const;
  bool counts(int64_t run) { return !left_out_.contains(run) && !core_.ledger.is_withdrawn(run); }
  const std::string& name_of(int64_t input);

  Core& core_;
  const StoredDataset& dataset_;
  const std::set<int64_t>& left_out_;
  std::vector<Claims::Claim> claims_; // newest first
  measure::FactSet claimed_;          // by any of them
  std::set<Seq> swaps_;               // commits of backfills
  std::vector<DeletedAgain> deleted_;
  std::vector<ReplacedScope> scopes_; // oldest first
  std::map<int64_t, std::string> names_;
  std::map<std::pair<int64_t, Seq>, measure::FactSet> held_back_;
};

} // namespace kepu::store
