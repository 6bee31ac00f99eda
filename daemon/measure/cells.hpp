// Stored form of figures: a chunk holds one series' days of one month, a counted set the values of
// one series and day with how often each occurs. Pure; any thread.
//
// Chunk, version 1:  u8 1, varint days, then per day: varint day - first day of the month,
//   svarint n, svarint low and svarint high 64 bits of sum, svarint approximate, repaired,
//   provisional, varint first_seq, varint last_seq - first_seq; then XXH3-64 of all before.
// Counted set, version 1:  u8 1, varint values, then per value, ascending: varint of
//   ((value - previous) << 1 | more), and where `more` is set: varint count - 2; then XXH3-64.
#pragma once

#include "base/result.hpp"
#include "model/period.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::measure {

struct ChunkDay {
  model::Day day = 0;
  int64_t n = 0;
  __int128 sum = 0;
  int64_t approximate = 0;
  int64_t repaired = 0;
  int64_t provisional = 0;
  uint64_t first_seq = 0; // commit that made the cell
  uint64_t last_seq = 0;  // commit that changed it last
};

struct Counted {
  uint32_t number;
  uint32_t count; // at least 1
};

// Days ascending, all of the month that begins at `first`.
std::string encode_chunk(std::span<const ChunkDay> days, model::Day first);
// Into `days` (what it held is gone). Error code "damaged" when checksum or form is wrong.
Result<void> decode_chunk(std::string_view blob, model::Day first, std::vector<ChunkDay>& days);

std::string encode_set(std::span<const Counted> values);
Result<std::vector<Counted>> decode_set(std::string_view blob);
// Only the numbers, ascending, into `out` (cleared first).
Result<void> decode_numbers(std::string_view blob, std::vector<uint32_t>& out);

} // namespace kepu::measure
