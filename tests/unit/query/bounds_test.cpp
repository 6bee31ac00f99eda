#include "query/bounds.hpp"

#include <gtest/gtest.h>

namespace {

using namespace kepu;
using query::End;

struct Case {
  const char* text;
  char freq;
  const char* from; // nullptr: refused
  const char* to;
};

TEST(Bounds, CoarserTextsMeanTheirFirstAndLastPeriod) {
  const Case cases[] = {
      {"2025-03-05", 'D', "2025-03-05", "2025-03-05"},
      {"2025-02", 'D', "2025-02-01", "2025-02-28"},
      {"2024-02", 'D', "2024-02-01", "2024-02-29"},
      {"2025-W10", 'D', "2025-03-03", "2025-03-09"},
      {"2025", 'D', "2025-01-01", "2025-12-31"},
      {"2025", 'M', "2025-01", "2025-12"},
      {"2025-Q2", 'M', "2025-04", "2025-06"},
      {"2025-S2", 'Q', "2025-Q3", "2025-Q4"},
      {"2025", 'S', "2025-S1", "2025-S2"},
      {"2025", 'A', "2025", "2025"},
      {"2025-W10", 'W', "2025-W10", "2025-W10"},
      {"2025", 'W', "2025-W01", "2025-W52"},
      {"2020", 'W', "2020-W01", "2020-W53"},    // 53 Thursdays
      {"2021", 'W', "2021-W01", "2021-W52"},    // begins on a Friday, in 2020-W53
      {"2025-03", 'W', "2025-W10", "2025-W13"}, // Thursdays 6 to 27 March
      {"2025-S1", 'W', "2025-W01", "2025-W26"},
  };
  for (const auto& one : cases) {
    const auto freq = *model::freq_of(one.freq);
    const auto from = query::bound(one.text, freq, End::from, 0);
    const auto to = query::bound(one.text, freq, End::to, 0);
    ASSERT_TRUE(from && to) << one.text << one.freq;
    EXPECT_EQ(from->text(), one.from) << one.text << one.freq;
    EXPECT_EQ(to->text(), one.to) << one.text << one.freq;
  }
}

TEST(Bounds, WeeksOfNeighbouringMonthsNeitherOverlapNorLeaveGaps) {
  for (int month = 0; month < 12 * 30; ++month) {
    const model::Period one{model::Freq::month, 360 + month};
    const model::Period next{model::Freq::month, 361 + month};
    const auto last = query::bound(one.text(), model::Freq::week, End::to, 0);
    const auto first = query::bound(next.text(), model::Freq::week, End::from, 0);
    ASSERT_EQ(last->index + 1, first->index) << one.text();
  }
}

TEST(Bounds, FinerTextsAndNonsenseAreRefused) {
  const std::pair<const char*, char> cases[] = {{"2025-03-05", 'M'}, {"2025-03", 'A'},    {"2025-W10", 'M'},
                                                {"2025-Q1", 'S'},    {"2025-03-05", 'W'}, {"2025-13", 'M'},
                                                {"2025-02-29", 'D'}, {"", 'D'},           {"yesterday", 'D'},
                                                {"2025-W53", 'W'},   {"0000", 'A'},       {"99999", 'A'}};
  for (const auto& [text, freq] : cases) {
    const auto bound = query::bound(text, *model::freq_of(freq), End::from, 0);
    ASSERT_FALSE(bound) << text << freq;
    EXPECT_EQ(bound.error().code, "bad_range");
    EXPECT_FALSE(bound.error().text.empty());
  }
}

} // namespace
