// SPDX-License-Identifier: Apache-2.0
//
// Hash and comparison of short texts for tables in memory: inline, without calls. Not against an
// adversary: every table here is bounded, and texts that collide only cost time. Pure; any thread.
#pragma once

#include "texts.hpp"

namespace kepu::host {

inline uint64_t mixed(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t hash_bytes(std::string_view text) {
  constexpr uint64_t odd1 = 0x9e3779b97f4a7c15ull;
  constexpr uint64_t odd2 = 0xd6e8feb86659fd93ull;
  const char* p = text.data();
  const size_t n = text.size();
  if (n > 16) {
    uint64_t h = n * odd2;
    for (size_t i = 0; i + 16 < n; i += 16)
      h = mixed(load<uint64_t>(p + i) ^ odd1, load<uint64_t>(p + i + 8) ^ h);
    return mixed(load<uint64_t>(p + n - 16) ^ odd1, load<uint64_t>(p + n - 8) ^ h);
  }
  if (n >= 8) return mixed(load<uint64_t>(p) ^ odd1, load<uint64_t>(p + n - 8) ^ (n * odd2));
  if (n >= 4) {
    const uint64_t both = static_cast<uint64_t>(load<uint32_t>(p)) << 32 | load<uint32_t>(p + n - 4);
    return mixed(both ^ odd1, n * odd2);
  }
  uint64_t few = n;
  for (size_t i = 0; i < n; ++i)
    few = few << 8 | static_cast<unsigned char>(p[i]);
  return mixed(few ^ odd1, odd2);
}

inline bool same_bytes(const char* a, const char* b, size_t n) {
  if (n >= 8) {
    for (size_t i = 0; i + 8 < n; i += 8)
      if (load<uint64_t>(a + i) != load<uint64_t>(b + i)) return false;
    return load<uint64_t>(a + n - 8) == load<uint64_t>(b + n - 8);
  }
  if (n >= 4) return load<uint32_t>(a) == load<uint32_t>(b) && load<uint32_t>(a + n - 4) == load<uint32_t>(b + n - 4);
  for (size_t i = 0; i < n; ++i)
    if (a[i] != b[i]) return false;
  return true;
}

} // namespace kepu::host
