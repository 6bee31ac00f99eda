// Whatever bytes lie where a stored form should, also under a right checksum: they are read, or refused as damaged, and
// nothing beyond them is touched or much memory taken for them.
#include "base/hash.hpp"
#include "measure/cells.hpp"
#include "model/catalog_text.hpp"
#include "store/block.hpp"
#include "store/figures.hpp"
#include "store/sums.hpp"
#include "support/sample_catalog.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace kepu::store {
namespace {

class Mutations {
public:
  // `sealed`: the form ends in its checksum, which is made right again.
  Mutations(std::string form, bool sealed) : form_(std::move(form)), sealed_(sealed) {
    if (sealed_) form_.resize(form_.size() - sizeof(uint64_t));
  }
  std::string next() {
    auto out = form_;
    for (int i = pick(4); i >= 0 && !out.empty(); --i) {
      const auto at = static_cast<size_t>(pick(static_cast<int>(out.size())));
      switch (pick(5)) {
      case 0:
        out[at] = static_cast<char>(pick(256));
        break;
      case 1:
        out[at] = static_cast<char>(out[at] ^ 1 << pick(8));
        break;
      case 2:
        out.resize(at);
        break;
      case 3:
        out.insert(at, std::string(static_cast<size_t>(1 + pick(9)), static_cast<char>(pick(2) ? 0xff : 0)));
        break;
      default:
        out.erase(at, static_cast<size_t>(1 + pick(9)));
        break;
      }
    }
    if (sealed_) seal(out);
    return out;
  }

private:
  int pick(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }
  std::string form_;
  bool sealed_;
  std::mt19937 random_{7};
};

constexpr int rounds = 20'000;

model::FactColumns some_facts() {
  std::mt19937 random(3);
  model::FactColumns out;
  out.fields.resize(4);
  out.fields[0].holding = model::Holding::none;
  out.fields[1].holding = model::Holding::code;
  out.fields[2].holding = model::Holding::number;
  out.fields[3].holding = model::Holding::person;
  for (uint32_t row = 0; row < 200; ++row) {
    out.key_bytes += "key-" + std::to_string(random() % 1000);
    out.key_ends.push_back(static_cast<uint32_t>(out.key_bytes.size()));
    out.places.push_back(row + 2);
    out.fields[1].codes.push_back(static_cast<uint32_t>(random() % 5));
    out.fields[2].numbers.push_back(static_cast<int64_t>(random()) << 20);
    out.fields[2].nulls.push_back(random() % 7 == 0);
    out.fields[2].flags.push_back(random() % 9 == 0);
    out.fields[3].codes.push_back(static_cast<uint32_t>(random() % 100));
  }
  out.rows = 200;
  return out;
}

TEST(Formats, BlocksOfFacts) {
  const auto facts = some_facts();
  std::vector<uint32_t> rows(facts.rows);
  std::iota(rows.begin(), rows.end(), 0);
  const auto block = encode_block(facts, rows);
  ASSERT_TRUE(decode_block(block));
  Mutations mutations(block, true);
  int refused = 0;
  for (int i = 0; i < rounds; ++i) {
    const auto bytes = mutations.next();
    const auto found = decode_block(bytes);
    if (!found) {
      ++refused;
      EXPECT_EQ(found.error().code, "damaged");
      continue;
    }
    ASSERT_LE(found->rows, block_facts);
    ASSERT_EQ(found->key_ends.size(), found->rows);
    for (uint32_t row = 0; row < found->rows; ++row)
      ASSERT_LE(found->key(row).size(), found->key_bytes.size());
    for (const auto& field : found->fields)
      ASSERT_EQ(field.holding == model::Holding::number ? field.numbers.size()
                : field.holding == model::Holding::none ? size_t{found->rows}
                                                        : field.codes.size(),
                found->rows);
  }
  EXPECT_GT(refused, rounds / 4);
}

TEST(Formats, ChunksOfFigures) {
  std::vector<measure::ChunkDay> days;
  const auto first = model::day_of(2025, 3, 1);
  for (int i = 0; i < 31; i += 2) {
    measure::ChunkDay day;
    day.day = first + i;
    day.n = i * 1000;
    day.sum = static_cast<__int128>(i) << 70;
    day.repaired = i % 3;
    day.first_seq = 5;
    day.last_seq = 9 + static_cast<uint64_t>(i);
    days.push_back(day);
  }
  Mutations mutations(measure::encode_chunk(days, first), true);
  std::vector<measure::ChunkDay> read;
  for (int i = 0; i < rounds; ++i) {
    const auto bytes = mutations.next();
    const auto done = measure::decode_chunk(bytes, first, read);
    if (!done) {
      EXPECT_EQ(done.error().code, "damaged");
      continue;
    }
    for (const auto& day : read) {
      ASSERT_GE(day.day, first);
      ASSERT_LE(day.day, first + 30);
    }
  }
}

TEST(Formats, CountedSets) {
  std::vector<measure::Counted> values;
  for (uint32_t i = 0; i < 300; ++i)
    values.push_back({i * i * 40'000, 1 + i % 3});
  values.resize(100);
  Mutations mutations(measure::encode_set(values), true);
  std::vector<uint32_t> numbers;
  for (int i = 0; i < rounds; ++i) {
    const auto bytes = mutations.next();
    const auto found = measure::decode_set(bytes);
    const auto only_numbers = measure::decode_numbers(bytes, numbers);
    ASSERT_EQ(found.has_value(), only_numbers.has_value());
    if (!found) {
      EXPECT_EQ(found.error().code, "damaged");
      continue;
    }
    for (size_t at = 1; at < found->size(); ++at)
      ASSERT_LT((*found)[at - 1].number, (*found)[at].number);
  }
}

TEST(Formats, DimensionsOfSeries) {
  Mutations mutations(encode_dims({"V01", "510104017001", ""}, model::Freq::quarter), false);
  for (int i = 0; i < rounds; ++i) {
    const auto bytes = mutations.next();
    const auto found = decode_dims(bytes, sum_of(bytes));
    if (!found) {
      EXPECT_EQ(found.error().code, "damaged");
    }
  }
}

TEST(Formats, Catalogs) {
  Mutations mutations(model::encode_catalog(*test::sample_catalog()), false);
  for (int i = 0; i < rounds; ++i) {
    const auto bytes = mutations.next();
    const auto found = model::decode_catalog(bytes);
    if (found) continue;
    EXPECT_TRUE(found.error().code == "damaged_catalog" || found.error().code == "newer_catalog") << found.error().code;
  }
}

} // namespace
} // namespace kepu::store
