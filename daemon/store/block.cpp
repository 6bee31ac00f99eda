#include "store/block.hpp"

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "store/packing.hpp"

#include <zstd.h>

#include <algorithm>

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

Result<FactColumns> decode_block(std::string_view blob, Columns columns) {
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
  if (columns == Columns::fields) return facts;
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
