// What runs asked to have removed, beyond the facts that they found: a key that held nothing, a scope. When another
// run is withdrawn, what comes back must still give way to it. Writer thread. Throws SqlError.
#pragma once

#include "measure/fact_set.hpp"
#include "store/core.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace kepu::store {

// Of the open part of a run.
class Removals {
public:
  // Both must outlive this.
  Removals(Db& db, const OpenRun& run) : db_(db), run_(run) {}

  // A key was retracted that held nothing: `fact` is its last one. `dataset`: its stored name.
  void deleted_again(const std::string& dataset, Fact fact);
  // Everything in the scope that was not given within it; `input`: the one whose facts alone were meant, or 0.
  void replaced(const StoredDataset& dataset, const Scope& scope, int64_t input);

  // Inside the transaction of this commit.
  void write(Seq seq);
  void clear();

private:
  struct Replaced {
    std::string dataset;
    int64_t input;
    std::string body;
  };
  Db& db_;
  const OpenRun& run_;
  std::map<std::string, measure::FactSet> deleted_; // by dataset
  std::vector<Replaced> replaced_;
};

struct DeletedAgain {
  Seq seq = 0;
  measure::FactSet facts;
};
struct ReplacedScope {
  Seq seq = 0;
  int64_t run = 0;
  std::string input; // name of the one whose facts alone were meant; empty: of all
  bool of_input = false;
  Scope scope;
};
// Of all runs of a source but these and the withdrawn ones, oldest first.
std::vector<DeletedAgain> deleted_again_by_others(Db& db, int64_t source, std::string_view dataset,
                                                  const std::set<int64_t>& runs);
std::vector<ReplacedScope> replaced_by_others(Db& db, int64_t source, const StoredDataset& dataset,
                                              const std::set<int64_t>& runs);

// Facts that would come back but for a scope of this run: they may when it is withdrawn in turn.
void hold_back(Db& db, int64_t source, std::string_view dataset, int64_t run, Seq seq, const measure::FactSet& facts);
// Facts whose keys this run may keep from holding something, other than those in table `closed`.
measure::FactSet kept_out_by(Db& db, int64_t source, std::string_view dataset, int64_t run);

} // namespace kepu::store
