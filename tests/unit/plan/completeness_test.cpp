#include "plan/completeness.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kepu::plan {
namespace {

model::Day day(std::string_view text) { return *model::parse_day(text); }

model::Return quarterly() {
  model::Return out;
  out.from = *model::parse_period("2024-Q4");
  out.days = 15;
  return out;
}

TEST(Completeness, ReturnsAreOwedFromTheFirstPeriodToTheOneThatIsNow) {
  const auto all = owed(quarterly(), day("2025-04-01"));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all.front().period.text(), "2024-Q4");
  EXPECT_EQ(model::day_text(all.front().due), "2025-01-15");
  EXPECT_EQ(all.back().period.text(), "2025-Q2");
  EXPECT_TRUE(owed(quarterly(), day("2024-09-30")).empty());
  auto ended = quarterly();
  ended.to = model::parse_period("2024-Q4").value();
  EXPECT_EQ(owed(ended, day("2030-01-01")).size(), 1u);
}

TEST(Completeness, TheDueDayItselfIsInTime) {
  const Owed first{*model::parse_period("2024-Q4"), day("2025-01-15")};
  const struct {
    const char* arrived; // empty: not
    const char* today;
    Delivery delivery;
  } cases[] = {
      {"2025-01-15", "2025-03-01", Delivery::on_time}, {"2025-01-16", "2025-03-01", Delivery::late},
      {"2024-12-01", "2024-12-02", Delivery::on_time}, {"", "2025-01-15", Delivery::not_yet_due},
      {"", "2025-01-16", Delivery::missing},           {"", "2024-12-31", Delivery::not_yet_due},
  };
  for (const auto& one : cases) {
    const std::string_view arrived = one.arrived;
    EXPECT_EQ(delivery(first, arrived.empty() ? std::nullopt : std::optional(day(arrived)), day(one.today)),
              one.delivery)
        << one.arrived << " " << one.today;
  }
}

} // namespace
} // namespace kepu::plan
