#include "store/block.hpp"

#include "base/bytes.hpp"
#include "base/hash.hpp"

#include <zstd.h>

#include <algorithm>
#include <bit>
#include <numeric>

namespace kepu::store {
namespace {

using model::FactColumns;
using model::Holding;

constexpr uint32_t magic = 0x3142504b; // "KPB1"
constexpr int zstd_level = 1;          // ids shrink almost as well as at 3, in half the time
constexpr uint8_t has_nulls = 1;
constexpr uint8_t has_flags = 2;
constexpr size_t max_key_bytes = 64u << 20; // far above block_facts honest keys; bounds a damaged length

enum Mode : uint8_t { constant = 0, packed = 1, differences = 2 };

struct Shape { // how a run of numbers packs
  int64_t minimum = 0;
  uint64_t unit = 1;
  uint8_t width = 0;
};

Shape shape_of(std::span<const int64_t> values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  Shape shape;
  shape.minimum = *low;
  uint64_t unit = 0;
  for (const int64_t value : values) {
    unit = std::gcd(unit, static_cast<uint64_t>(value) - static_cast<uint64_t>(*low));
    if (unit == 1) break;
  }
  shape.unit = unit ? unit : 1;
  shape.width =
      static_cast<uint8_t>(std::bit_width((static_cast<uint64_t>(*high) - static_cast<uint64_t>(*low)) / shape.unit));
  return shape;
}

void put_packed(ByteWriter& writer, std::span<const int64_t> values, const Shape& shape) {
  writer.svarint(shape.minimum);
  writer.varint(shape.unit);
  writer.put(shape.width);
  uint64_t word = 0;
  unsigned filled = 0;
  for (const int64_t value : values) {
    if (shape.width == 0) break;
    const uint64_t bits = (static_cast<uint64_t>(value) - static_cast<uint64_t>(shape.minimum)) / shape.unit;
    word |= bits << filled;
    filled += shape.width;
    if (filled >= 64) {
      writer.put(word);
      filled -= 64;
      word = filled ? bits >> (shape.width - filled) : 0;
    }
  }
  if (filled) writer.put(word);
}

void put_numbers(ByteWriter& writer, std::span<const int64_t> values) {
  const Shape whole = shape_of(values);
  if (whole.width == 0) {
    writer.put(static_cast<uint8_t>(constant));
    writer.svarint(values[0]);
    return;
  }
  std::vector<int64_t> steps(values.size() - 1);
  for (size_t i = 1; i < values.size(); ++i) {
    steps[i - 1] = static_cast<int64_t>(static_cast<uint64_t>(values[i]) - static_cast<uint64_t>(values[i - 1]));
  }
  const Shape stepped = shape_of(steps);
  if (stepped.width < whole.width) {
    writer.put(static_cast<uint8_t>(differences));
    writer.svarint(values[0]);
    put_packed(writer, steps, stepped);
  } else {
    writer.put(static_cast<uint8_t>(packed));
    put_packed(writer, values, whole);
  }
}

// Reads `count` packed numbers and calls take(i, value).
template <class Take> void get_packed(ByteReader& reader, size_t count, Take&& take) {
  const auto minimum = static_cast<uint64_t>(reader.svarint());
  const uint64_t unit = reader.varint();
  const auto width = reader.get<uint8_t>();
  if (width > 64) return reader.fail();
  const size_t words = (count * width + 63) / 64;
  const auto bytes = reader.bytes(words * 8);
  if (!reader.ok()) return;
  const uint64_t mask = width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
  size_t bit = 0;
  for (size_t i = 0; i < count; ++i, bit += width) {
    uint64_t bits = 0;
    if (width) {
      const size_t word = bit / 64;
      const unsigned shift = bit % 64;
      bits = load<uint64_t>(bytes.data() + word * 8) >> shift;
      if (shift + width > 64) bits |= load<uint64_t>(bytes.data() + (word + 1) * 8) << (64 - shift);
      bits &= mask;
    }
    take(i, static_cast<int64_t>(minimum + unit * bits));
  }
}

template <class T> void get_numbers(ByteReader& reader, std::vector<T>& out, size_t rows) {
  const auto mode = reader.get<uint8_t>();
  // A constant run costs no bytes, so the count is bounded by block_facts, checked by the caller.
  out.assign(rows, T{});
  if (mode == constant) {
    std::fill(out.begin(), out.end(), static_cast<T>(reader.svarint()));
  } else if (mode == packed) {
    get_packed(reader, rows, [&](size_t i, int64_t value) { out[i] = static_cast<T>(value); });
  } else if (mode == differences) {
    auto value = static_cast<uint64_t>(reader.svarint());
    out[0] = static_cast<T>(value);
    get_packed(reader, rows - 1, [&](size_t i, int64_t step) {
      value += static_cast<uint64_t>(step);
      out[i + 1] = static_cast<T>(value);
    });
  } else {
    reader.fail();
  }
}

Error damaged() { return fail("damaged", "a block of facts is damaged; restore the store from a backup"); }

} // namespace

std::string encode_block(const FactColumns& facts, std::span<const uint32_t> rows) {
  std::string out;
  out.reserve(rows.size() * 16);
  ByteWriter writer(out);
  writer.put(magic);
  writer.put(static_cast<uint32_t>(rows.size()));
  writer.put(static_cast<uint16_t>(facts.fields.size()));
  std::vector<int64_t> values(rows.size());
  auto gather = [&](auto&& value_of) {
    for (size_t i = 0; i < rows.size(); ++i)
      values[i] = static_cast<int64_t>(value_of(rows[i]));
    put_numbers(writer, values);
  };
  for (const auto& field : facts.fields) {
    const bool nulls =
        std::any_of(rows.begin(), rows.end(), [&](uint32_t row) { return !field.nulls.empty() && field.nulls[row]; });
    const bool flags =
        std::any_of(rows.begin(), rows.end(), [&](uint32_t row) { return !field.flags.empty() && field.flags[row]; });
    writer.put(static_cast<uint8_t>(field.holding));
    writer.put(static_cast<uint8_t>((nulls ? has_nulls : 0) | (flags ? has_flags : 0)));
    if (nulls) {
      std::string bits((rows.size() + 7) / 8, '\0');
      for (size_t i = 0; i < rows.size(); ++i) {
        if (field.nulls[rows[i]]) bits[i >> 3] = static_cast<char>(bits[i >> 3] | 1 << (i & 7));
      }
      writer.bytes(bits);
    }
    if (flags) gather([&](uint32_t row) { return field.flags[row]; });
    if (field.holding == Holding::number) {
      gather([&](uint32_t row) { return field.numbers[row]; });
    } else if (field.holding != Holding::none) {
      gather([&](uint32_t row) { return field.codes[row]; });
    }
  }
  gather([&](uint32_t row) { return facts.places[row]; });
  gather([&](uint32_t row) { return facts.key(row).size(); });
  std::string keys;
  for (const uint32_t row : rows)
    keys += facts.key(row);
  std::string shrunk(ZSTD_compressBound(keys.size()), '\0');
  shrunk.resize(ZSTD_compress(shrunk.data(), shrunk.size(), keys.data(), keys.size(), zstd_level));
  writer.put(static_cast<uint32_t>(keys.size()));
  writer.text(shrunk);
  seal(out);
  return out;
}

Result<FactColumns> decode_block(std::string_view blob) {
  bool ok = false;
  ByteReader reader(unseal(blob, ok));
  if (!ok || reader.get<uint32_t>() != magic) return damaged();
  FactColumns facts;
  facts.rows = reader.get<uint32_t>();
  const auto fields = reader.get<uint16_t>();
  if (!reader.ok() || facts.rows == 0 || facts.rows > block_facts || fields > KEPU_MAX_FIELDS) return damaged();
  facts.fields.resize(fields);
  for (auto& field : facts.fields) {
    const auto holding = reader.get<uint8_t>();
    const auto bits = reader.get<uint8_t>();
    if (!reader.ok() || holding > static_cast<uint8_t>(Holding::number)) return damaged();
    field.holding = static_cast<Holding>(holding);
    if (bits & has_nulls) {
      const auto nulls = reader.bytes((facts.rows + 7) / 8);
      if (!reader.ok()) return damaged();
      field.nulls.resize(facts.rows);
      for (size_t i = 0; i < facts.rows; ++i)
        field.nulls[i] = nulls[i >> 3] >> (i & 7) & 1;
    }
    if (bits & has_flags) get_numbers(reader, field.flags, facts.rows);
    if (field.holding == Holding::number) {
      get_numbers(reader, field.numbers, facts.rows);
    } else if (field.holding != Holding::none) {
      get_numbers(reader, field.codes, facts.rows);
    }
    if (!reader.ok()) return damaged();
  }
  get_numbers(reader, facts.places, facts.rows);
  get_numbers(reader, facts.key_ends, facts.rows);
  uint64_t end = 0;
  for (auto& key_end : facts.key_ends) {
    end += key_end;
    if (end > max_key_bytes) return damaged();
    key_end = static_cast<uint32_t>(end);
  }
  const auto key_size = reader.get<uint32_t>();
  const auto shrunk = reader.text();
  if (!reader.ok() || !reader.at_end() || key_size != end) return damaged();
  facts.key_bytes.resize(key_size);
  if (ZSTD_decompress(facts.key_bytes.data(), key_size, shrunk.data(), shrunk.size()) != key_size) return damaged();
  return facts;
}

} // namespace kepu::store
