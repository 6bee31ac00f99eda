#include "base/radix.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <utility>

namespace kepu {
namespace {

struct Element {
  uint64_t hash;
  size_t came;
  bool operator==(const Element&) const = default;
};

TEST(SortByHash, IsAStableSortWhateverTheHashes) {
  std::mt19937_64 random(7);
  const auto even = [&] { return random(); };
  const auto crowded = [&] { return random() % 50 << 40; };
  const auto shared_top = [&] { return 0xabcull << 52 | random() >> 12; };
  const std::pair<std::function<uint64_t()>, int> kinds[] = {
      {even, 0}, {crowded, 0}, {shared_top, 0}, {shared_top, 12}};
  for (const auto& [hash, same] : kinds) {
    for (const size_t n : {0u, 1u, 255u, 256u, 10'000u, 200'000u}) {
      std::vector<Element> values;
      for (size_t i = 0; i < n; ++i)
        values.push_back({hash(), i});
      auto expected = values;
      std::stable_sort(expected.begin(), expected.end(), [](const auto& a, const auto& b) { return a.hash < b.hash; });
      sort_by_hash(values, same);
      EXPECT_EQ(values, expected) << n;
    }
  }
}

} // namespace
} // namespace kepu
