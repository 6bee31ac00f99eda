#include "measure/fact_set.hpp"

#include <gtest/gtest.h>

namespace kepu::measure {
namespace {

TEST(FactSet, HoldsWhatWasAddedAndNotRemoved) {
  FactSet set;
  EXPECT_TRUE(set.empty());
  const uint64_t beyond = (uint64_t{1} << 40) + 3;
  set.add(1);
  set.add(beyond);
  set.remove(1);
  EXPECT_FALSE(set.contains(1));
  EXPECT_TRUE(set.contains(beyond));
  EXPECT_FALSE(set.contains(3)); // the same low bits
  set.clear();
  EXPECT_TRUE(set.empty());
}

TEST(Union, CountsANumberOnceHoweverOftenItComes) {
  Union all;
  all.add(std::vector<uint32_t>{1, 5, 100'000});
  all.add(std::vector<uint32_t>{5, 7, UINT32_MAX});
  all.add(std::vector<uint32_t>{});
  EXPECT_EQ(all.count(), 5u);
}

} // namespace
} // namespace kepu::measure
