#include "model/period.hpp"

#include <gtest/gtest.h>

namespace kepu::model {
namespace {

constexpr Freq all[] = {Freq::day, Freq::week, Freq::month, Freq::quarter, Freq::half, Freq::year};

TEST(Period, IsReadWithItsFrequency) {
  const struct {
    const char* text;
    Freq freq;
    const char* first;
    const char* last;
  } table[] = {
      {"2025-03-05", Freq::day, "2025-03-05", "2025-03-05"},  {"2025-W10", Freq::week, "2025-03-03", "2025-03-09"},
      {"2020-W53", Freq::week, "2020-12-28", "2021-01-03"},   {"2025-03", Freq::month, "2025-03-01", "2025-03-31"},
      {"2024-02", Freq::month, "2024-02-01", "2024-02-29"},   {"1900-02", Freq::month, "1900-02-01", "1900-02-28"},
      {"2025-Q1", Freq::quarter, "2025-01-01", "2025-03-31"}, {"2025-Q4", Freq::quarter, "2025-10-01", "2025-12-31"},
      {"2025-S1", Freq::half, "2025-01-01", "2025-06-30"},    {"2025-S2", Freq::half, "2025-07-01", "2025-12-31"},
      {"2025", Freq::year, "2025-01-01", "2025-12-31"},       {"1969", Freq::year, "1969-01-01", "1969-12-31"},
  };
  for (const auto& row : table) {
    const auto period = parse_period(row.text);
    ASSERT_TRUE(period) << row.text;
    EXPECT_EQ(period->freq, row.freq) << row.text;
    EXPECT_EQ(day_text(period->first_day()), row.first) << row.text;
    EXPECT_EQ(day_text(period->last_day()), row.last) << row.text;
    EXPECT_EQ(period->text(), row.text);
  }
}

TEST(Period, RefusesWhatIsNone) {
  for (const char* text : {"",         "25",      "2025-",       "2025-13", "2025-00", "2025-02-29", "2025-W00",
                           "2025-W53", "2025-Q0", "2025-Q5",     "2025-S3", "2025-3",  "2025-03-5",  "2025/03",
                           "1899",     "10000",   "2025-03-05 ", "-2025",   "2025-q1", "二〇二五"}) {
    EXPECT_FALSE(parse_period(text)) << text;
  }
}

TEST(Period, EveryDayLiesInThePeriodThatHoldsIt) {
  const Day end = day_of(2101, 1, 1);
  for (Day day = day_of(1900, 1, 1); day < end; ++day) {
    for (const Freq freq : all) {
      const auto period = period_of(day, freq);
      ASSERT_LE(period.first_day(), day);
      ASSERT_GE(period.last_day(), day);
    }
  }
}

TEST(Period, PeriodsOfAFrequencyFollowWithoutGap) {
  for (const Freq freq : all) {
    auto period = period_of(day_of(1900, 1, 8), freq);
    for (int i = 0; i < 5'000; ++i) {
      const Period next{freq, period.index + 1};
      ASSERT_EQ(next.first_day(), period.last_day() + 1) << period.text();
      period = next;
    }
  }
}

TEST(Period, ItsTextIsReadBack) {
  for (const Freq freq : all) {
    for (int32_t step = 0; step < 400; ++step) {
      const Period period{freq, period_of(day_of(1999, 12, 20), freq).index + step};
      const auto read = parse_period(period.text());
      ASSERT_TRUE(read) << period.text();
      EXPECT_EQ(*read, period);
    }
  }
}

TEST(Period, OnlyDaysTileWeeksAndWeeksTileNothingElse) {
  EXPECT_TRUE(tiles(Freq::day, Freq::week));
  EXPECT_TRUE(tiles(Freq::month, Freq::quarter));
  EXPECT_TRUE(tiles(Freq::half, Freq::year));
  EXPECT_FALSE(tiles(Freq::week, Freq::month));
  EXPECT_FALSE(tiles(Freq::week, Freq::year));
  EXPECT_FALSE(tiles(Freq::year, Freq::month));
}

TEST(Day, IsReadOnlyInItsOneForm) {
  EXPECT_EQ(parse_day("1970-01-01"), 0);
  EXPECT_EQ(parse_day("1969-12-31"), -1);
  for (const char* text : {"2025-2-01", "2025-02-30", "2025-02", "20250201", "2025-02-01T"}) {
    EXPECT_FALSE(parse_day(text)) << text;
  }
}

} // namespace
} // namespace kepu::model
