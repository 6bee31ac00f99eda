// SPDX-License-Identifier: Apache-2.0
//
// Rows of one dataset gathered in columns until a batch is full. One thread.
#pragma once

#include "cells.hpp"

#include <kepu/batch.hpp>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kepu::host {

// A batch must fit one frame of the wire (2 MiB) with room to spare.
constexpr size_t batch_rows = 8192;
constexpr size_t batch_text_bytes = 512u << 10; // a batch ends when its texts pass this
constexpr size_t batch_fixed_bytes = 1u << 20;  // all that rows take beside their texts

// Texts of one column: a dictionary while that pays, else plain.
class TextColumn {
public:
  void clear();
  void reserve(size_t rows);
  void append(std::string_view text, size_t row);
  void append_null(size_t row);
  // `column` receives views, valid until the next change.
  void view(abi::Column& column);

private:
  static constexpr size_t slots = 16384;        // twice the entries that a batch can have
  static constexpr uint32_t free_entries = 256; // a dictionary this small always pays
  static constexpr uint32_t plain_batches = 15; // after a column proved plain: batches before the next try

  // Texts one after the other, cut by end offsets. Never shrinks, so that batches do not allocate.
  struct Texts {
    std::vector<uint32_t> ends;
    std::vector<char> bytes;
    size_t used = 0;

    void put(size_t at, std::string_view text) {
      if (used + text.size() > bytes.size()) bytes.resize(std::max(bytes.size() * 2, used + text.size() + 4096));
      if (!text.empty()) std::memcpy(bytes.data() + used, text.data(), text.size());
      used += text.size();
      ends[at] = static_cast<uint32_t>(used);
    }
    std::string_view get(size_t at) const {
      const uint32_t begin = at ? ends[at - 1] : 0;
      return {bytes.data() + begin, ends[at] - begin};
    }
  };
  uint16_t enter(std::string_view text, size_t row);
  void to_plain(size_t rows);

  bool plain_ = false;
  uint32_t plain_left_ = 0;
  uint32_t entries_ = 0;
  uint32_t last_ = 0;             // the entry met last: sorted files repeat it
  std::vector<uint16_t> table_;   // entry + 1; 0: free
  std::vector<uint16_t> indexes_; // by row, while a dictionary
  std::vector<uint8_t> is_null_;  // by row, while a dictionary: what to_plain needs
  Texts dictionary_;
  Texts rows_; // while plain
};

class BatchBuilder {
public:
  // `fields`: the checker's.
  BatchBuilder(uint16_t dataset, const std::vector<abi::Field>& fields);

  size_t rows() const { return rows_; }
  bool full() const { return rows_ >= max_rows_ || text_ >= batch_text_bytes; }
  // Appends rows of a checked chunk, named by `good`, until the batch is full or a place does not fit;
  // returns how many it took: at least one when the batch is empty. `places`: of the chunk, or null.
  size_t append(const CellChecker& checked, const kepu_cell* cells, std::span<const uint16_t> good,
                const uint64_t* places);
  const abi::Batch& view();
  void clear();

private:
  struct Column {
    int32_t type;
    abi::Coding coding;
    std::vector<uint64_t> fixed;
    std::vector<uint8_t> booleans;
    TextColumn text;
    std::vector<uint8_t> nulls; // bits; kept zeroed while has_nulls is false
    std::vector<uint8_t> flags;
    bool has_nulls = false;
    bool has_flags = false;
  };
  size_t admit(const CellChecker& checked, std::span<const uint16_t> good, const uint64_t* places);
  void append_column(size_t field, const CellChecker& checked, const kepu_cell* cells, std::span<const uint16_t> rows);
  void reserve(size_t rows);

  std::vector<Column> columns_;
  size_t max_rows_;
  size_t rows_ = 0;
  size_t text_ = 0;
  size_t reserved_ = 0;
  bool has_places_ = false;
  bool consecutive_ = true;
  uint64_t first_place_ = 0;
  std::vector<uint32_t> gaps_;
  abi::Batch batch_;
};

} // namespace kepu::host
