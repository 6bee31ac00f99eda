#include "store/key_filter.hpp"

#include <algorithm>

namespace kepu::store {
namespace {

constexpr size_t filter_bits = 13;  // an entry; runs of earlier versions have 10
constexpr size_t filter_block = 64; // one cache line
constexpr unsigned probes = 5;      // part of the format

// Bits inside a block come from a second mix of the hash, the block from its middle bits.
uint64_t mix(uint64_t hash) { return hash * 0x9e3779b97f4a7c15ull; }
size_t block_of(uint64_t hash, size_t blocks) {
  return static_cast<size_t>(((mix(hash) >> 32) * blocks) >> 32) * filter_block;
}

} // namespace

std::string make_key_filter(std::span<const KeyEntry> entries) {
  const size_t blocks = std::max<size_t>(1, (entries.size() * filter_bits + filter_block * 8 - 1) / (filter_block * 8));
  std::string filter(blocks * filter_block, '\0');
  for (const auto& entry : entries) {
    const size_t block = block_of(entry.hash, blocks);
    uint64_t bits = mix(entry.hash ^ 0x5bd1e995);
    for (unsigned i = 0; i < probes; ++i, bits >>= 9) {
      char& byte = filter[block + (bits >> 3 & 63)];
      byte = static_cast<char>(byte | 1 << (bits & 7));
    }
  }
  return filter;
}

bool is_key_filter(std::string_view bytes) { return !bytes.empty() && bytes.size() % filter_block == 0; }

bool may_hold(std::string_view filter, uint64_t hash) {
  const char* block = filter.data() + block_of(hash, filter.size() / filter_block);
  uint64_t bits = mix(hash ^ 0x5bd1e995);
  int all = 1; // without branches: each probe alone is a toss-up, all together are almost never met
  for (unsigned i = 0; i < probes; ++i, bits >>= 9)
    all &= block[bits >> 3 & 63] >> (bits & 7);
  return all & 1;
}

} // namespace kepu::store
