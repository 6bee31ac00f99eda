// SPDX-License-Identifier: Apache-2.0
//
// Rows in columns, as the host hands them on and as frames carry them: views, owned by whoever made
// them, valid for the call that they are passed to. Any thread.
#pragma once

#include <kepu/connector.h>

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace kepu::abi {

constexpr int32_t pseudonym = 64; // column type of person fields: a u64 in place of the text

enum class Coding : uint8_t { fixed = 0, dictionary = 1, plain = 2, bytes = 3 };

// fixed: integer decimal real date timestamp pseudonym. dictionary, plain: text period. bytes: boolean.
// Numbers lie unaligned and little-endian.
struct Column {
  int32_t type = KEPU_TEXT; // kepu_type or pseudonym
  Coding coding = Coding::plain;
  const uint8_t* nulls = nullptr;    // (rows+7)/8 bytes, bit set = null; nullptr: none is null
  const uint8_t* flags = nullptr;    // rows bytes of kepu_flag; nullptr: none
  const char* fixed = nullptr;       // rows * 8 bytes; null rows hold 0
  const char* ends = nullptr;        // u32 each: end offsets of dictionary entries, or of rows
  uint32_t entries = 0;              // dictionary entries, at least 1 when coding is dictionary
  const char* text = nullptr;        // the bytes that `ends` cuts
  const char* indexes = nullptr;     // dictionary: u16 each; null rows hold 0
  const uint8_t* booleans = nullptr; // rows bytes, 0 or 1

  bool is_null(size_t row) const { return nulls && (nulls[row >> 3] >> (row & 7) & 1); }
  uint8_t flag(size_t row) const { return flags ? flags[row] : 0; }
  int64_t integer(size_t row) const { return load<int64_t>(fixed, row); }
  double real(size_t row) const { return load<double>(fixed, row); }
  uint64_t person(size_t row) const { return load<uint64_t>(fixed, row); }
  uint16_t index(size_t row) const { return load<uint16_t>(indexes, row); }
  std::string_view entry(size_t i) const {
    const uint32_t begin = i ? load<uint32_t>(ends, i - 1) : 0;
    return {text + begin, load<uint32_t>(ends, i) - begin};
  }
  // Text of a row, in either coding.
  std::string_view text_at(size_t row) const { return entry(coding == Coding::dictionary ? index(row) : row); }

private:
  template <class T> static T load(const char* at, size_t i) {
    T value;
    std::memcpy(&value, at + i * sizeof(T), sizeof(T));
    return value;
  }
};

struct Batch {
  uint16_t dataset = 0; // number in the source's list of datasets
  uint32_t rows = 0;    // at least 1
  bool has_places = false;
  uint64_t first_place = 0;
  const char* gaps = nullptr;  // rows * u32: place - first_place; nullptr: consecutive from first_place
  std::vector<Column> columns; // in order of the connector's fields; for retractions: of its key fields

  uint64_t place(size_t row) const {
    if (!has_places) return 0;
    if (!gaps) return first_place + row;
    uint32_t gap;
    std::memcpy(&gap, gaps + row * 4, 4);
    return first_place + gap;
  }
};

} // namespace kepu::abi
