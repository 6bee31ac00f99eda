#include "measure/fact_set.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace kepu::measure {
namespace {

TEST(FactSet, HoldsWhatWasAdded) {
  FactSet set;
  const uint64_t beyond = (uint64_t{1} << 40) + 3;
  set.add(beyond);
  EXPECT_TRUE(set.contains(beyond));
  EXPECT_FALSE(set.contains(3)); // the same low bits
}

TEST(Union, CountsANumberOnceHoweverOftenItComes) {
  Union all;
  all.add(std::vector<uint32_t>{1, 5, 100'000});
  all.add(std::vector<uint32_t>{5, 7, UINT32_MAX});
  all.add(std::vector<uint32_t>{});
  EXPECT_EQ(all.count(), 5u);
}

TEST(Union, CountsAsAPlainSetDoes) {
  std::mt19937 random(510104);
  for (int life = 0; life < 200; ++life) {
    Union all;
    std::set<uint32_t> plain;
    const uint32_t bound = 1u << (3 + random() % 18);
    for (int run = 0; run < 20; ++run) {
      std::set<uint32_t> numbers;
      for (auto n = random() % 300; n > 0; --n)
        numbers.insert(static_cast<uint32_t>(random() % bound));
      all.add(std::vector<uint32_t>(numbers.begin(), numbers.end()));
      plain.insert(numbers.begin(), numbers.end());
      ASSERT_EQ(all.count(), plain.size()) << "life " << life << " run " << run;
    }
  }
}

TEST(FactSet, MergesAndSubtractsAcrossTheUpperHalves) {
  constexpr uint64_t far = 5ull << 32;
  FactSet a, b;
  a.add(1);
  a.add(far);
  b.add(2);
  b.add(far + 1);
  a.merge(b);
  EXPECT_TRUE(a.contains(1) && a.contains(2) && a.contains(far) && a.contains(far + 1));
  a.subtract(b);
  EXPECT_TRUE(a.contains(1) && a.contains(far));
  EXPECT_FALSE(a.contains(2) || a.contains(far + 1));
}

TEST(FactSet, KnowsWhetherARangeTouchesIt) {
  FactSet set;
  set.add((1ull << 32) - 1);
  set.add(3ull << 32);
  EXPECT_TRUE(set.intersects((1ull << 32) - 1, 1));
  EXPECT_TRUE(set.intersects(0, 10ull << 32));
  EXPECT_FALSE(set.intersects(0, (1ull << 32) - 1));
  EXPECT_FALSE(set.intersects(1ull << 32, 1ull << 32));
}

TEST(FactSet, ComesBackFromItsBytes) {
  FactSet set;
  for (uint64_t fact = 10; fact < 100'000; fact += 3)
    set.add(fact);
  set.add(7ull << 33);
  const auto back = FactSet::parse(set.bytes());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->bytes(), set.bytes());
  EXPECT_TRUE(back->contains(7ull << 33) && back->contains(13) && !back->contains(14));
}

TEST(FactSet, OtherBytesAreRefused) {
  FactSet set;
  set.add(5);
  const auto bytes = set.bytes();
  for (const auto& bad : {std::string(), bytes.substr(0, bytes.size() - 1), bytes + "x", std::string("\xff\xff")})
    EXPECT_FALSE(FactSet::parse(bad));
}

} // namespace
} // namespace kepu::measure
