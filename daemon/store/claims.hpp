// Rows that were given again: a claim says that a run read the rows of some facts in force from an input. Writer
// thread. Throws SqlError.
//
// Several files of a source may hold the same row, and only the last that gave it may take it out: a claim of another
// input than the one that a fact came with decides that. And a fact stays when the run that brought it is withdrawn
// and another has claimed it since.
#pragma once

#include "measure/fact_set.hpp"
#include "store/core.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::store {

class Claims {
public:
  // Both must outlive this.
  Claims(Db& db, const OpenRun& run) : db_(db), run_(run) {}

  // The input (0: none) gave the row of this fact again; `decides`: it may not be the one that the fact belonged to.
  void add(std::string_view dataset, int64_t input, Fact fact, bool decides);
  void add(std::string_view dataset, int64_t input, const measure::FactSet& facts);
  // What was added since the last commit says nothing of these facts.
  void forget(std::string_view dataset, const measure::FactSet& facts);
  // Whether any claim of the dataset decides, in the store or since the last commit.
  bool any(std::string_view dataset) const;
  // By the last deciding claim of each fact: those of these inputs, and those of any other. Claims of withdrawn runs
  // do not count.
  struct Owners {
    measure::FactSet ours;
    measure::FactSet others;
  };
  Owners owners(std::string_view dataset, const std::set<int64_t>& inputs) const;

  // Facts of the dataset that were claimed by any that is meant (seq nullopt: since the last commit). Claims of
  // withdrawn runs do not count.
  using IsMeant = std::function<bool(int64_t input, int64_t run, std::optional<Seq> seq)>;
  measure::FactSet claimed(std::string_view dataset, const IsMeant& is_meant) const;

  // Inside the transaction of this commit: what was added becomes durable with it.
  void write(Seq seq);
  void clear() { added_.clear(); }

  // What other runs than these, which are not withdrawn, claim of a source's dataset; of claims with the same facts
  // the last. Newest first.
  struct Claim {
    Seq seq = 0;
    int64_t run = 0;
    int64_t input = 0;
    measure::FactSet facts;
  };
  static std::vector<Claim> of_others(Db& db, int64_t source, std::string_view dataset, const std::set<int64_t>& runs);
  // What runs claimed of a dataset by commit `at`, without those that were withdrawn by then; of claims with the same
  // facts the first. Oldest first. Any connection.
  static std::vector<Claim> first_ones(Db& db, std::string_view dataset, Seq at);
  // What this run claims.
  static measure::FactSet of_run(Db& db, int64_t source, std::string_view dataset, int64_t run);

private:
  struct Added {
    std::string dataset; // stored name
    int64_t input = 0;
    bool decides = false;
    measure::FactSet facts;
  };
  Added& last(std::string_view dataset, int64_t input);
  int64_t known_set(const std::string& dataset, const std::string& facts) const;

  Db& db_;
  const OpenRun& run_;
  std::vector<Added> added_; // oldest first
};

} // namespace kepu::store
