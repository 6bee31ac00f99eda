// Stored form of facts: up to block_facts of one dataset, in columns. Pure; any thread.
//
// Block, version 1, little-endian:
//   "KPB1"  u32 rows  u16 fields
//   per field:  u8 holding (0 none, 1 code, 2 person, 3 number)  u8 bits: 1 has nulls, 2 has flags
//               [nulls: (rows+7)/8 bytes]  [flags: rows bytes, packed as numbers]  values: numbers
//   places: numbers   key lengths: numbers   key bytes: u32 size, u32 packed size, zstd
//   XXH3-64 of all before
// Numbers (rows of i64): u8 mode (0 constant, 1 packed, 2 packed differences), then
//   constant: svarint value
//   packed:   svarint minimum, varint unit, u8 width, rows * width bits (in u64 words): value = minimum + unit * bits
//   packed differences: svarint first value, then as packed over the rows-1 differences to the value before
#pragma once

#include "base/result.hpp"
#include "model/fact.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kepu::store {

constexpr uint32_t block_facts = 16384; // a block is read whole: 100-250 kB

// These rows of `facts`, in this order.
std::string encode_block(const model::FactColumns& facts, std::span<const uint32_t> rows);
// What is read of a block. Keys take most of the time.
enum class Columns : uint8_t { all, fields };
// Error code "damaged". Never reads past `blob`, never allocates more than its rows justify.
Result<model::FactColumns> decode_block(std::string_view blob, Columns columns = Columns::all);

} // namespace kepu::store
