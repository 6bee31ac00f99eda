// Facts by their keys. Writer thread. Throws SqlError.
#pragma once

#include "store/ledger.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace kepu::store {

struct HashedKey {
  uint64_t hash;
  uint32_t row;
};
// Of all rows, by hash.
std::vector<HashedKey> hash_keys(const model::FactColumns& keys, uint64_t seed);

// Takes rows out of `order` that a later row with the same key replaces.
void keep_last_of_each_key(const model::FactColumns& keys, std::vector<HashedKey>& order,
                           const std::function<void(uint32_t row, uint32_t later)>& taken_out);

// A fact, in force or not, whose key is that of a row of `keys`.
struct Version {
  Fact fact;
  uint32_t row; // of `keys`
  std::shared_ptr<const BlockReader::Block> block;
  uint32_t at; // row in the block
};
// In the order of facts; `order` as hash_keys() gives it, or a part of it.
void each_version(Ledger& ledger, const StoredDataset& dataset, int64_t source, const model::FactColumns& keys,
                  const std::vector<HashedKey>& order, const std::function<void(const Version&)>& visit);

} // namespace kepu::store
