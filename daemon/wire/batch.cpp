#include "base/bytes.hpp"
#include "base/utf8.hpp"
#include "wire/frames.hpp"
#include "wire/payload.hpp"

#include <algorithm>
#include <optional>

namespace kepu::wire {
namespace {

using abi::Coding;

enum class Places : uint8_t { none = 0, consecutive = 1, gaps = 2 };

// ---- checking ----

bool coding_fits(int32_t type, Coding coding) {
  switch (type) {
  case KEPU_INTEGER:
  case KEPU_DECIMAL:
  case KEPU_REAL:
  case KEPU_DATE:
  case KEPU_TIMESTAMP:
  case abi::pseudonym:
    return coding == Coding::fixed;
  case KEPU_TEXT:
  case KEPU_PERIOD:
    return coding == Coding::dictionary || coding == Coding::plain;
  case KEPU_BOOLEAN:
    return coding == Coding::bytes;
  default:
    return false;
  }
}

template <class T> T most_of(const char* at, size_t n) {
  T most = 0;
  for (size_t i = 0; i < n; ++i)
    most = std::max(most, load<T>(at + i * sizeof(T)));
  return most;
}

// The loops below have no early exit, so that the compiler makes them wide.

bool all_finite(const char* at, size_t rows) {
  constexpr uint64_t exponent = 0x7ff0000000000000ull;
  bool good = true;
  for (size_t i = 0; i < rows; ++i)
    good &= (load<uint64_t>(at + i * 8) & exponent) != exponent;
  return good;
}

bool none_above(const uint8_t* at, size_t rows, uint8_t most) {
  bool good = true;
  for (size_t i = 0; i < rows; ++i)
    good &= at[i] <= most;
  return good;
}

// End offsets that never fall, and the length of the longest entry.
bool rising(const char* ends, size_t n, uint32_t& longest) {
  bool good = true;
  uint32_t before = 0;
  uint32_t most = 0;
  for (size_t i = 0; i < n; ++i) {
    const auto end = load<uint32_t>(ends + i * 4);
    good &= end >= before;
    most = std::max(most, end - before);
    before = end;
  }
  longest = most;
  return good;
}

// Whether every entry is UTF-8 by itself: all of them together are, and none begins in mid-character.
bool cut_between_characters(std::string_view text, const char* ends, size_t n) {
  if (!is_utf8(text)) return false;
  bool good = true;
  for (size_t i = 0; i + 1 < n; ++i) {
    const auto end = load<uint32_t>(ends + i * 4);
    if (end < text.size()) good &= (static_cast<unsigned char>(text[end]) & 0xc0) != 0x80;
  }
  return good;
}

bool null_cells_are_empty(const Column& column, size_t rows) {
  for (size_t byte = 0; byte < (rows + 7) / 8; ++byte) {
    for (unsigned bits = column.nulls[byte]; bits != 0; bits &= bits - 1) {
      const size_t row = byte * 8 + static_cast<size_t>(__builtin_ctz(bits));
      bool empty = false;
      switch (column.coding) {
      case Coding::fixed:
        empty = column.integer(row) == 0;
        break;
      case Coding::dictionary:
        empty = column.index(row) == 0;
        break;
      case Coding::plain:
        empty = column.entry(row).empty();
        break;
      case Coding::bytes:
        empty = column.booleans[row] == 0;
        break;
      }
      if (!empty) return false;
    }
  }
  return true;
}

// What is wrong with the column that `in` is at, or nothing. A read past the end shows in `in`.
const char* read_column(ByteReader& in, size_t rows, Column& column, uint32_t& longest) {
  const auto bytes_at = [&](size_t n) { return in.bytes(n).data(); };
  column.type = in.get<uint8_t>();
  const auto coding = in.get<uint8_t>();
  const auto has_nulls = in.get<uint8_t>();
  const auto has_flags = in.get<uint8_t>();
  if (!in.ok()) return nullptr;
  if (coding > static_cast<uint8_t>(Coding::bytes)) return "has an unknown coding";
  column.coding = static_cast<Coding>(coding);
  if (!coding_fits(column.type, column.coding)) return "has a coding that does not fit its type";
  if (has_nulls > 1 || has_flags > 1) return "says neither yes nor no to nulls or flags";
  if (has_nulls) column.nulls = reinterpret_cast<const uint8_t*>(bytes_at((rows + 7) / 8));
  if (has_flags) column.flags = reinterpret_cast<const uint8_t*>(bytes_at(rows));
  if (!in.ok()) return nullptr;
  if (column.nulls && rows % 8 != 0 && column.nulls[rows / 8] >> (rows % 8) != 0) return "has nulls past its rows";
  constexpr uint8_t all_flags = KEPU_APPROXIMATE | KEPU_REPAIRED | KEPU_PROVISIONAL;
  if (column.flags && !none_above(column.flags, rows, all_flags)) return "has unknown flags";

  switch (column.coding) {
  case Coding::fixed:
    column.fixed = bytes_at(rows * 8);
    if (!in.ok()) return nullptr;
    if (column.type == KEPU_REAL && !all_finite(column.fixed, rows)) return "holds what is not a finite number";
    break;
  case Coding::dictionary:
  case Coding::plain: {
    const bool dictionary = column.coding == Coding::dictionary;
    column.entries = dictionary ? in.get<uint32_t>() : 0;
    if (dictionary && in.ok() && (column.entries < 1 || column.entries > UINT16_MAX))
      return "has a dictionary of no size that it may have";
    const size_t entries = dictionary ? column.entries : rows;
    column.ends = bytes_at(entries * 4);
    if (!in.ok()) return nullptr;
    if (!rising(column.ends, entries, longest)) return "has end offsets that fall";
    if (longest > KEPU_MAX_CELL_BYTES) return "has a text that is too long";
    const auto text = in.bytes(load<uint32_t>(column.ends + (entries - 1) * 4));
    if (!in.ok()) return nullptr;
    column.text = text.data();
    if (!cut_between_characters(text, column.ends, entries)) return "holds what is not UTF-8";
    if (dictionary) {
      column.indexes = bytes_at(rows * 2);
      if (!in.ok()) return nullptr;
      if (most_of<uint16_t>(column.indexes, rows) >= column.entries) return "points past its dictionary";
    }
    break;
  }
  case Coding::bytes:
    column.booleans = reinterpret_cast<const uint8_t*>(bytes_at(rows));
    if (!in.ok()) return nullptr;
    if (!none_above(column.booleans, rows, 1)) return "holds a boolean that is neither 0 nor 1";
    break;
  }
  if (column.nulls && !null_cells_are_empty(column, rows)) return "holds a value where it says null";
  return nullptr;
}

bool has_row_above(const Batch& batch, size_t most_bytes) {
  std::vector<size_t> bytes(batch.rows);
  for (const auto& column : batch.columns) {
    if (column.coding != Coding::dictionary && column.coding != Coding::plain) continue;
    for (size_t row = 0; row < batch.rows; ++row)
      bytes[row] += column.text_at(row).size();
  }
  return std::any_of(bytes.begin(), bytes.end(), [&](size_t n) { return n > most_bytes; });
}

Error refused(std::string why) { return fail("bad_frame", "a batch of rows is refused: " + std::move(why)); }

// ---- writing ----

void put(std::string& out, const void* at, size_t bytes) { out.append(static_cast<const char*>(at), bytes); }

size_t text_bytes(const Column& column, size_t rows) {
  const size_t entries = column.coding == Coding::dictionary ? column.entries : rows;
  return load<uint32_t>(column.ends + (entries - 1) * 4);
}

size_t encoded_size(const Batch& batch) {
  const size_t rows = batch.rows;
  size_t size = 2 + 2 + 4 + 1 + (batch.has_places ? 8 + (batch.gaps ? rows * 4 : 0) : 8);
  for (const auto& column : batch.columns) {
    size += 4 + (column.nulls ? (rows + 7) / 8 : 0) + (column.flags ? rows : 0);
    switch (column.coding) {
    case Coding::fixed:
      size += rows * 8;
      break;
    case Coding::dictionary:
      size += 4 + column.entries * size_t{4} + text_bytes(column, rows) + rows * 2;
      break;
    case Coding::plain:
      size += rows * 4 + text_bytes(column, rows);
      break;
    case Coding::bytes:
      size += rows;
      break;
    }
  }
  return size;
}

// Rows [first, first + rows) of a batch; `first` is a multiple of 8, so that nulls need no shifting.
// Dictionaries are kept whole; `scratch` holds offsets that were moved and must outlive the slice.
Batch slice(const Batch& batch, size_t first, size_t rows, std::vector<std::string>& scratch) {
  Batch part = batch;
  part.rows = static_cast<uint32_t>(rows);
  if (batch.has_places && !batch.gaps) part.first_place += first;
  if (batch.gaps) part.gaps += first * 4;
  scratch.resize(batch.columns.size());
  for (size_t c = 0; c < part.columns.size(); ++c) {
    auto& column = part.columns[c];
    if (column.flags) column.flags += first;
    switch (column.coding) {
    case Coding::fixed:
      column.fixed += first * 8;
      break;
    case Coding::dictionary:
      column.indexes += first * 2;
      break;
    case Coding::bytes:
      column.booleans += first;
      break;
    case Coding::plain: {
      const uint32_t begin = first ? load<uint32_t>(column.ends + (first - 1) * 4) : 0;
      scratch[c].clear();
      ByteWriter ends(scratch[c]);
      for (size_t row = first; row < first + rows; ++row)
        ends.put(load<uint32_t>(column.ends + row * 4) - begin);
      column.ends = scratch[c].data();
      column.text += begin;
      break;
    }
    }
    if (column.nulls) {
      column.nulls += first / 8;
      // Bits of later rows in the last byte would be nulls past the rows.
      if (rows % 8 != 0 && column.nulls[rows / 8] >> (rows % 8) != 0) {
        const size_t at = scratch[c].size();
        put(scratch[c], column.nulls, rows / 8 + 1);
        auto& last = scratch[c].back();
        last = static_cast<char>(static_cast<unsigned char>(last) & ((1u << (rows % 8)) - 1));
        if (column.coding == Coding::plain) column.ends = scratch[c].data();
        column.nulls = reinterpret_cast<const uint8_t*>(scratch[c].data() + at);
      }
    }
  }
  return part;
}

} // namespace

Result<Batch> decode_batch(std::string_view payload) {
  ByteReader in(payload);
  Batch batch;
  batch.dataset = in.get<uint16_t>();
  const auto columns = in.get<uint16_t>();
  batch.rows = in.get<uint32_t>();
  const auto places = in.get<uint8_t>();
  batch.first_place = in.get<uint64_t>();
  if (!in.ok()) return refused("it is cut short");
  if (batch.dataset >= KEPU_MAX_DATASETS) return refused("its dataset is out of range");
  if (columns < 1 || columns > KEPU_MAX_FIELDS) return refused("it has " + std::to_string(columns) + " columns");
  if (batch.rows < 1 || batch.rows > batch_rows) return refused("it has " + std::to_string(batch.rows) + " rows");
  if (places > static_cast<uint8_t>(Places::gaps)) return refused("its places have an unknown coding");
  batch.has_places = places != static_cast<uint8_t>(Places::none);
  uint64_t farthest = batch.has_places ? batch.rows - 1 : 0;
  if (places == static_cast<uint8_t>(Places::gaps)) {
    batch.gaps = in.bytes(batch.rows * size_t{4}).data();
    if (!in.ok()) return refused("it is cut short");
    farthest = most_of<uint32_t>(batch.gaps, batch.rows);
  }
  if (batch.has_places ? batch.first_place > INT64_MAX - farthest : batch.first_place != 0)
    return refused("its places are out of range");

  batch.columns.resize(columns);
  size_t longest_row = 0;
  for (size_t c = 0; c < columns; ++c) {
    uint32_t longest = 0;
    const char* wrong = read_column(in, batch.rows, batch.columns[c], longest);
    if (wrong) return refused("column " + std::to_string(c) + " " + wrong);
    if (!in.ok()) return refused("it is cut short in column " + std::to_string(c));
    longest_row += longest;
  }
  if (!in.at_end()) return refused(std::to_string(in.left()) + " bytes are left over");
  if (longest_row > KEPU_MAX_ROW_BYTES && has_row_above(batch, KEPU_MAX_ROW_BYTES))
    return refused("the texts of a row are too long together");
  return batch;
}

void encode_batch(const Batch& batch, std::string& out) {
  const size_t rows = batch.rows;
  out.reserve(out.size() + encoded_size(batch));
  ByteWriter to(out);
  to.put(batch.dataset);
  to.put(static_cast<uint16_t>(batch.columns.size()));
  to.put(batch.rows);
  const Places places = !batch.has_places ? Places::none : batch.gaps ? Places::gaps : Places::consecutive;
  to.put(static_cast<uint8_t>(places));
  to.put(batch.has_places ? batch.first_place : uint64_t{0});
  if (places == Places::gaps) put(out, batch.gaps, rows * 4);
  for (const auto& column : batch.columns) {
    to.put(static_cast<uint8_t>(column.type));
    to.put(static_cast<uint8_t>(column.coding));
    to.put(static_cast<uint8_t>(column.nulls != nullptr));
    to.put(static_cast<uint8_t>(column.flags != nullptr));
    if (column.nulls) put(out, column.nulls, (rows + 7) / 8);
    if (column.flags) put(out, column.flags, rows);
    switch (column.coding) {
    case Coding::fixed:
      put(out, column.fixed, rows * 8);
      break;
    case Coding::dictionary:
      to.put(column.entries);
      put(out, column.ends, column.entries * size_t{4});
      put(out, column.text, text_bytes(column, rows));
      put(out, column.indexes, rows * 2);
      break;
    case Coding::plain:
      put(out, column.ends, rows * 4);
      put(out, column.text, text_bytes(column, rows));
      break;
    case Coding::bytes:
      put(out, column.booleans, rows);
      break;
    }
  }
}

void encode_rows(const Batch& batch, Type rows_or_retract, std::string& out) {
  if ((batch.rows > batch_rows || encoded_size(batch) > max_payload) && batch.rows > 8) {
    const size_t half = (batch.rows / 2 + 7) / 8 * 8;
    std::vector<std::string> scratch;
    encode_rows(slice(batch, 0, half, scratch), rows_or_retract, out);
    encode_rows(slice(batch, half, batch.rows - half, scratch), rows_or_retract, out);
    return;
  }
  const size_t begin = begin_frame(rows_or_retract, 0, out);
  encode_batch(batch, out);
  end_frame(begin, out);
}

} // namespace kepu::wire
