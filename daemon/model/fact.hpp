// Facts of one dataset in columns, as they lie in a part's buffer and in a decoded block. Values; one thread.
#pragma once

#include <kepu/values.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::model {

// How a field's values are held.
enum class Holding : uint8_t {
  none,   // only in the key's text (a text field whose only role is key)
  code,   // u32 number of a text in the field's dictionary; 0 = null
  person, // u32 dense number of a pseudonym; 0 = null
  number  // i64: integer, decimal, date (days), timestamp (us), boolean; real as its bits
};

inline Holding holding_of(const abi::Field& field) {
  if (field.roles & KEPU_ROLE_PERSON) return Holding::person;
  if (field.type == KEPU_TEXT || field.type == KEPU_PERIOD) {
    return field.roles == KEPU_ROLE_KEY ? Holding::none : Holding::code;
  }
  return Holding::number;
}

struct FactColumn {
  Holding holding = Holding::none;
  std::vector<uint32_t> codes;  // code, person
  std::vector<int64_t> numbers; // number; null rows hold 0
  std::vector<uint8_t> nulls;   // number: one byte a row, empty when none is null
  std::vector<uint8_t> flags;   // kepu_flag, one byte a row, empty when there are none

  bool is_null(size_t row) const {
    return holding == Holding::number ? (!nulls.empty() && nulls[row]) : holding == Holding::none || codes[row] == 0;
  }
  bool same(size_t row, const FactColumn& other, size_t other_row) const {
    const uint8_t flag = flags.empty() ? 0 : flags[row];
    const uint8_t other_flag = other.flags.empty() ? 0 : other.flags[other_row];
    if (flag != other_flag) return false;
    if (holding == Holding::none) return true;
    if (holding != Holding::number) return codes[row] == other.codes[other_row];
    return is_null(row) == other.is_null(other_row) && numbers[row] == other.numbers[other_row];
  }
};

struct FactColumns {
  uint32_t rows = 0;
  std::vector<FactColumn> fields; // parallel to the dataset's fields
  std::string key_bytes;          // canonical keys, one after the other
  std::vector<uint32_t> key_ends; // end offsets in key_bytes
  std::vector<uint32_t> places;   // row numbers in the input; 0: unknown

  std::string_view key(size_t row) const {
    const uint32_t begin = row ? key_ends[row - 1] : 0;
    return std::string_view(key_bytes).substr(begin, key_ends[row] - begin);
  }
  bool same_values(size_t row, const FactColumns& other, size_t other_row) const {
    for (size_t i = 0; i < fields.size(); ++i) {
      if (!fields[i].same(row, other.fields[i], other_row)) return false;
    }
    return true;
  }
  // The rows of `more`, whose fields are the same, after these; `more` is left in an unspecified state.
  void append(FactColumns& more);
  void clear() {
    rows = 0;
    key_bytes.clear();
    key_ends.clear();
    places.clear();
    for (auto& field : fields) {
      field.codes.clear();
      field.numbers.clear();
      field.nulls.clear();
      field.flags.clear();
    }
  }
};

} // namespace kepu::model
