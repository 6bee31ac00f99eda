// When facts went out of force, and why: the one place that knows every way in which they do. Any connection. Throws
// SqlError.
#pragma once

#include "store/ledger.hpp"

#include <cstdint>
#include <vector>

namespace kepu::store {

// Facts of one block, and what brought them.
struct BlockPlace {
  Fact first = 0;
  uint32_t n = 0;
  Seq seq = 0; // since then in force
  int64_t source = 0;
  int64_t run = 0;
  int64_t input = 0; // 0: none
  int64_t time_min = 0;
  int64_t time_max = 0; // below time_min: none has a time
};
// Blocks of a dataset that commits up to `at` brought, in the order of facts.
std::vector<BlockPlace> blocks_until(Db& db, const std::string& stored_dataset, Seq at);

enum class End : uint8_t { replaced, deleted, out_of_scope, withdrawn };
constexpr size_t ends = 4;

struct FactEnd {
  Fact fact = 0;
  Seq seq = 0; // since then out of force
  End why = End::replaced;
};
// Ends up to commit `at`, by fact. A fact that ended with the commit that brought it was never in force.
std::vector<FactEnd> ends_of(Db& db, const BlockPlace& block, Seq at);
// Numbers of the block's rows that were in force after commit `at`, ascending.
void rows_in_force(Db& db, const BlockPlace& block, Seq at, std::vector<uint32_t>& rows);

} // namespace kepu::store
