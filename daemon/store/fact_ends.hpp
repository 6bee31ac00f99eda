// When facts went out of force, and why: the one place that knows every way in which they do. Any connection. Throws
// SqlError.
#pragma once

#include "store/ledger.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

namespace kepu::store {

// Facts of one block that one extent brought. Their rows are counted from the block's first.
struct BlockPlace {
  Fact block = 0; // its first fact
  uint32_t rows = 0;
  Fact first = 0; // of those
  uint32_t n = 0;
  Seq seq = 0; // since then in force
  int64_t source = 0;
  int64_t run = 0;
  int64_t input = 0; // 0: none
  int64_t time_min = 0;
  int64_t time_max = 0; // of the block; below time_min: none has a time

  Fact end() const { return first + n; }
};
// Of a dataset and of commits up to `at`, in the order of facts. `wanted` is asked of each extent, which is given as a
// place whose block is not known yet; empty: all are.
std::vector<BlockPlace> blocks_until(Db& db, const std::string& stored_dataset, Seq at,
                                     const std::function<bool(const BlockPlace&)>& wanted = {});
// The block as `reader` has it; refuses one that is not as `place` says.
std::shared_ptr<const BlockReader::Block> block_of(BlockReader& reader, const BlockPlace& place,
                                                   const model::Dataset& dataset);

enum class End : uint8_t { replaced, deleted, out_of_scope, withdrawn, given_up };
constexpr size_t ends = 5;

struct FactEnd {
  Fact fact = 0;
  Seq seq = 0; // since then out of force
  End why = End::replaced;
};
// Ends up to commit `at`, by fact. A fact that ended with the commit that brought it was never in force.
class FactEnds {
public:
  FactEnds(Db& db, Seq at);
  // Those up to `until`, which is not after `at`. Quick for one place of a block after the other.
  std::vector<FactEnd> of(const BlockPlace& place, Seq until);
  // Rows of the block that are of the place and were in force after commit `at`, ascending.
  void rows_in_force(const BlockPlace& place, std::vector<uint32_t>& rows);

private:
  Db& db_;
  const Seq at_;
  std::map<int64_t, Seq> withdrawn_; // runs
  Fact block_ = 0;                   // that closed_ is of; 0: none
  std::vector<FactEnd> closed_;
};

// Facts of one place that came into force between two commits, or went out of it.
struct ChangedFacts {
  bool came;
  int64_t source;
  const model::FactColumns& facts; // without keys and places
  std::span<const uint32_t> rows;
};
// What came or went after commit `from`, up to commit `to`, and is in force at one of the two only. What was given up
// is left out. `wanted_times`: whether facts of such times, the least and the greatest of a block, are asked for.
void changes_between(Db& db, const model::Dataset& dataset, Seq from, Seq to,
                     const std::function<bool(int64_t, int64_t)>& wanted_times,
                     const std::function<void(const ChangedFacts&)>& visit);

} // namespace kepu::store
