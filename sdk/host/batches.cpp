// SPDX-License-Identifier: Apache-2.0
#include "batches.hpp"

#include "hash.hpp"

#include <algorithm>
#include <bit>

namespace kepu::host {

static_assert(std::endian::native == std::endian::little, "batches are little-endian");

void TextColumn::clear() {
  if (plain_ && --plain_left_ == 0) plain_ = false;
  if (!plain_) table_.assign(slots, 0);
  entries_ = last_ = 0;
  dictionary_.used = rows_.used = 0;
}

void TextColumn::reserve(size_t rows) {
  if (table_.empty()) table_.assign(slots, 0);
  indexes_.resize(rows);
  is_null_.resize(rows);
  dictionary_.ends.resize(rows);
  rows_.ends.resize(rows);
}

// The text's entry, which may be new; a dictionary that does not pay becomes plain instead.
uint16_t TextColumn::enter(std::string_view text, size_t row) {
  size_t slot = hash_bytes(text) & (slots - 1);
  while (const uint16_t held = table_[slot]) {
    const auto known = dictionary_.get(held - 1u);
    if (known.size() == text.size() && same_bytes(known.data(), text.data(), text.size()))
      return static_cast<uint16_t>(held - 1u);
    slot = (slot + 1) & (slots - 1);
  }
  if (entries_ >= free_entries && entries_ * 2 > row) {
    to_plain(row);
    return 0;
  }
  dictionary_.put(entries_, text);
  table_[slot] = static_cast<uint16_t>(++entries_);
  return static_cast<uint16_t>(entries_ - 1);
}

void TextColumn::append(std::string_view text, size_t row) {
  if (plain_) return rows_.put(row, text);
  is_null_[row] = 0;
  if (entries_) {
    const auto known = dictionary_.get(last_);
    if (known.size() == text.size() && same_bytes(known.data(), text.data(), text.size())) {
      indexes_[row] = static_cast<uint16_t>(last_);
      return;
    }
  }
  const uint16_t found = enter(text, row);
  if (plain_) return rows_.put(row, text);
  indexes_[row] = found;
  last_ = found;
}

void TextColumn::append_null(size_t row) {
  if (plain_) return rows_.put(row, {});
  indexes_[row] = 0;
  is_null_[row] = 1;
}

void TextColumn::to_plain(size_t rows) {
  for (size_t row = 0; row < rows; ++row)
    rows_.put(row, is_null_[row] ? std::string_view() : dictionary_.get(indexes_[row]));
  plain_ = true;
  plain_left_ = plain_batches + 1;
}

void TextColumn::view(abi::Column& column) {
  if (!plain_ && entries_ == 0)
    dictionary_.put(entries_++, {}); // all rows are null; a dictionary has an entry all the same
  const Texts& texts = plain_ ? rows_ : dictionary_;
  column.coding = plain_ ? abi::Coding::plain : abi::Coding::dictionary;
  column.entries = plain_ ? 0 : entries_;
  column.ends = reinterpret_cast<const char*>(texts.ends.data());
  column.text = texts.bytes.data();
  column.indexes = plain_ ? nullptr : reinterpret_cast<const char*>(indexes_.data());
}

BatchBuilder::BatchBuilder(uint16_t dataset, const std::vector<abi::Field>& fields) {
  size_t width = 4; // the place
  for (const auto& field : fields) {
    Column column{};
    column.type = field.roles & KEPU_ROLE_PERSON ? abi::pseudonym : field.type;
    column.coding = column.type == KEPU_TEXT || column.type == KEPU_PERIOD ? abi::Coding::plain
                    : column.type == KEPU_BOOLEAN                          ? abi::Coding::bytes
                                                                           : abi::Coding::fixed;
    width += 8 + 1 + 1; // value or end offset, flags, and the null's bit rounded up
    columns_.push_back(std::move(column));
  }
  max_rows_ = std::clamp<size_t>(batch_fixed_bytes / width, 1, batch_rows);
  batch_.dataset = dataset;
  batch_.columns.resize(columns_.size());
}

void BatchBuilder::reserve(size_t rows) {
  if (rows <= reserved_) return;
  reserved_ = std::min(max_rows_, std::max(rows, reserved_ * 2));
  gaps_.resize(reserved_);
  for (auto& column : columns_) {
    column.nulls.resize((reserved_ + 7) / 8);
    column.flags.resize(reserved_);
    switch (column.coding) {
    case abi::Coding::fixed:
      column.fixed.resize(reserved_);
      break;
    case abi::Coding::bytes:
      column.booleans.resize(reserved_);
      break;
    case abi::Coding::dictionary:
    case abi::Coding::plain:
      column.text.reserve(reserved_);
      break;
    }
  }
}

// How many of `good` fit: rows, text and places.
size_t BatchBuilder::admit(const CellChecker& checked, std::span<const uint16_t> good, const uint64_t* places) {
  if (rows_ == 0) {
    has_places_ = places != nullptr;
    consecutive_ = true;
    first_place_ = places ? places[good[0]] : 0;
  } else if (has_places_ != (places != nullptr)) {
    return 0;
  }
  reserve(std::min(max_rows_, rows_ + good.size()));
  size_t taken = 0;
  for (; taken < good.size() && rows_ + taken < max_rows_ && text_ < batch_text_bytes; ++taken) {
    const uint16_t row = good[taken];
    if (places) {
      const uint64_t gap = places[row] - first_place_;
      if (places[row] < first_place_ || gap > UINT32_MAX) break;
      gaps_[rows_ + taken] = static_cast<uint32_t>(gap);
      consecutive_ &= gap == rows_ + taken;
    }
    text_ += checked.text_bytes(row);
  }
  return taken;
}

void BatchBuilder::append_column(size_t field, const CellChecker& checked, const kepu_cell* cells,
                                 std::span<const uint16_t> rows) {
  Column& column = columns_[field];
  const size_t stride = columns_.size();
  const uint64_t* persons = column.type == abi::pseudonym ? checked.pseudonyms(field) : nullptr;
  const auto each = [&](auto&& value, auto&& null) {
    size_t to = rows_;
    for (const uint16_t row : rows) {
      const kepu_cell& c = cells[row * stride + field];
      if (c.flags) [[unlikely]] {
        column.has_flags = true;
        column.flags[to] = c.flags;
      }
      if (c.type == KEPU_NULL) {
        column.has_nulls = true;
        column.nulls[to >> 3] = static_cast<uint8_t>(column.nulls[to >> 3] | 1u << (to & 7));
        null(to);
      } else {
        value(to, c, row);
      }
      ++to;
    }
  };
  switch (column.coding) {
  case abi::Coding::fixed:
    if (persons)
      return each([&](size_t to, const kepu_cell&, uint16_t row) { column.fixed[to] = persons[row]; },
                  [&](size_t to) { column.fixed[to] = 0; });
    return each([&](size_t to, const kepu_cell& c, uint16_t) { std::memcpy(&column.fixed[to], &c.value, 8); },
                [&](size_t to) { column.fixed[to] = 0; });
  case abi::Coding::bytes:
    return each([&](size_t to, const kepu_cell& c, uint16_t) { column.booleans[to] = c.value.integer != 0; },
                [&](size_t to) { column.booleans[to] = 0; });
  case abi::Coding::dictionary:
  case abi::Coding::plain:
    return each(
        [&](size_t to, const kepu_cell& c, uint16_t) {
          column.text.append({c.value.text, c.size}, to);
        },
        [&](size_t to) { column.text.append_null(to); });
  }
}

size_t BatchBuilder::append(const CellChecker& checked, const kepu_cell* cells, std::span<const uint16_t> good,
                            const uint64_t* places) {
  if (good.empty()) return 0;
  const size_t taken = admit(checked, good, places);
  for (size_t field = 0; field < columns_.size(); ++field)
    append_column(field, checked, cells, good.first(taken));
  rows_ += taken;
  return taken;
}

const abi::Batch& BatchBuilder::view() {
  batch_.rows = static_cast<uint32_t>(rows_);
  batch_.has_places = has_places_;
  batch_.first_place = first_place_;
  batch_.gaps = has_places_ && !consecutive_ ? reinterpret_cast<const char*>(gaps_.data()) : nullptr;
  for (size_t i = 0; i < columns_.size(); ++i) {
    Column& from = columns_[i];
    abi::Column& to = batch_.columns[i];
    to = {};
    to.type = from.type;
    to.coding = from.coding;
    to.nulls = from.has_nulls ? from.nulls.data() : nullptr;
    to.flags = from.has_flags ? from.flags.data() : nullptr;
    switch (from.coding) {
    case abi::Coding::fixed:
      to.fixed = reinterpret_cast<const char*>(from.fixed.data());
      break;
    case abi::Coding::bytes:
      to.booleans = from.booleans.data();
      break;
    case abi::Coding::dictionary:
    case abi::Coding::plain:
      from.text.view(to);
      break;
    }
  }
  return batch_;
}

void BatchBuilder::clear() {
  rows_ = text_ = 0;
  for (auto& column : columns_) {
    if (column.has_nulls) std::fill(column.nulls.begin(), column.nulls.end(), uint8_t{0});
    if (column.has_flags) std::fill(column.flags.begin(), column.flags.end(), uint8_t{0});
    column.has_nulls = column.has_flags = false;
    if (column.coding == abi::Coding::plain) column.text.clear();
  }
}

} // namespace kepu::host
