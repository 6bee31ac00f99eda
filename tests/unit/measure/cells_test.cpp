#include "measure/cells.hpp"

#include <gtest/gtest.h>

#include <random>

namespace kepu::measure {
namespace {

const model::Day march = model::day_of(2025, 3, 1);

ChunkDay day(int of_month, int64_t n, __int128 sum) {
  ChunkDay out;
  out.day = march + of_month - 1;
  out.n = n;
  out.sum = sum;
  out.approximate = 1;
  out.repaired = 2;
  out.provisional = 3;
  out.first_seq = 7;
  out.last_seq = 9;
  return out;
}

Result<std::vector<ChunkDay>> decoded(std::string_view blob) {
  std::vector<ChunkDay> days;
  if (auto done = decode_chunk(blob, march, days); !done) return done.error();
  return days;
}

TEST(Chunk, IsReadAsItWasWritten) {
  constexpr __int128 huge = (static_cast<__int128>(INT64_MAX) << 40) + 12'345;
  const std::vector<ChunkDay> days{day(1, 5, 0), day(2, 1, -1), day(17, 0, huge), day(31, INT64_MAX, -huge)};
  const auto read = decoded(encode_chunk(days, march));
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), days.size());
  for (size_t i = 0; i < days.size(); ++i) {
    EXPECT_EQ((*read)[i].day, days[i].day);
    EXPECT_EQ((*read)[i].n, days[i].n);
    EXPECT_TRUE((*read)[i].sum == days[i].sum) << i;
    EXPECT_EQ((*read)[i].approximate, 1);
    EXPECT_EQ((*read)[i].repaired, 2);
    EXPECT_EQ((*read)[i].provisional, 3);
    EXPECT_EQ((*read)[i].first_seq, 7u);
    EXPECT_EQ((*read)[i].last_seq, 9u);
  }
}

TEST(CountedSet, IsReadAsItWasWritten) {
  const std::vector<Counted> values{{1, 1}, {2, 5}, {1'000'000, 2}, {UINT32_MAX, UINT32_MAX}};
  const auto blob = encode_set(values);
  const auto read = decode_set(blob);
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ((*read)[i].number, values[i].number);
    EXPECT_EQ((*read)[i].count, values[i].count);
  }
  std::vector<uint32_t> numbers;
  ASSERT_TRUE(decode_numbers(blob, numbers));
  EXPECT_EQ(numbers, (std::vector<uint32_t>{1, 2, 1'000'000, UINT32_MAX}));
}

TEST(StoredFigures, AChangedBitIsFound) {
  const std::vector<ChunkDay> days{day(1, 5, 100), day(2, 1, 3)};
  const std::vector<Counted> values{{1, 1}, {2, 5}, {300, 2}};
  for (const auto& blob : {encode_chunk(days, march), encode_set(values)}) {
    const bool is_chunk = blob == encode_chunk(days, march);
    for (size_t bit = 0; bit < blob.size() * 8; ++bit) {
      auto damaged = blob;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << (bit % 8));
      if (is_chunk) {
        ASSERT_FALSE(decoded(damaged)) << bit;
      } else {
        ASSERT_FALSE(decode_set(damaged)) << bit;
      }
    }
  }
}

TEST(StoredFigures, ACutBlobIsFound) {
  const auto chunk = encode_chunk(std::vector<ChunkDay>{day(1, 5, 100)}, march);
  const auto set = encode_set(std::vector<Counted>{{1, 1}, {2, 5}});
  std::vector<uint32_t> numbers;
  for (size_t size = 0; size < chunk.size(); ++size)
    EXPECT_EQ(decoded(chunk.substr(0, size)).error().code, "damaged");
  for (size_t size = 0; size < set.size(); ++size) {
    EXPECT_EQ(decode_set(set.substr(0, size)).error().code, "damaged");
    EXPECT_FALSE(decode_numbers(set.substr(0, size), numbers));
  }
}

TEST(StoredFigures, RandomBytesAreNoFigures) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 20'000; ++i) {
    std::string blob(random() % 64, '\0');
    for (auto& byte : blob)
      byte = static_cast<char>(random());
    EXPECT_FALSE(decoded(blob));
    EXPECT_FALSE(decode_set(blob));
  }
}

} // namespace
} // namespace kepu::measure
