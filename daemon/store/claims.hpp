// Which input a fact was read from last, where that is another than the one that it came with: several
// files of a source may hold the same row, and only the last that gave it may take it out. Writer
// thread. Throws SqlError.
#pragma once

#include "measure/fact_set.hpp"
#include "store/core.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::store {

class Claims {
public:
  // Both must outlive this.
  Claims(Db& db, const OpenRun& run) : db_(db), run_(run) {}

  // The input (0: none) gave the row of this fact again.
  void add(std::string_view dataset, int64_t input, Fact fact);
  void add(std::string_view dataset, int64_t input, const measure::FactSet& facts);
  // Whether any fact of the dataset is claimed, in the store or since the last commit.
  bool any(std::string_view dataset) const;
  // By the last claim of each fact: those of these inputs, and those of any other.
  struct Owners {
    measure::FactSet ours;
    measure::FactSet others;
  };
  Owners owners(std::string_view dataset, const std::set<int64_t>& inputs) const;

  // Inside a transaction: what was added becomes durable with it.
  void write();
  void clear() { added_.clear(); }

private:
  measure::FactSet& last(std::string_view dataset, int64_t input);

  struct Claim {
    std::string dataset; // stored name
    int64_t input;
    measure::FactSet facts;
  };
  Db& db_;
  const OpenRun& run_;
  std::vector<Claim> added_; // oldest first
};

} // namespace kepu::store
