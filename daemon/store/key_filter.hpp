// Which hashes a run of the key index may hold: a Bloom filter in blocks of a cache line (Putze, Sanders and Singler,
// Cache-, Hash- and Space-Efficient Bloom Filters, 2007). Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kepu::store {

struct KeyEntry {
  uint64_t hash;
  uint64_t number;
  auto operator<=>(const KeyEntry&) const = default;
};

std::string make_key_filter(std::span<const KeyEntry> entries);
bool is_key_filter(std::string_view bytes);
// false: it holds none of this hash; true of some 4 in 1,000 that it does not hold either.
bool may_hold(std::string_view filter, uint64_t hash);

} // namespace kepu::store
