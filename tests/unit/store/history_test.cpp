#include "store/history.hpp"

#include "support/life.hpp"

#include <gtest/gtest.h>

namespace kepu::store {
namespace {

std::string told(test::Life& life, const char* indicator, const HistoryBounds& bounds) {
  Db db(life.file(), Db::Mode::read);
  FigureAsk ask{indicator, test::Life::first_day, test::Life::first_day + 400, {}};
  ask.choose = [](const auto&, const auto&, const auto& series) { return std::vector<bool>(series.size(), true); };
  auto reader = life.readers->open().value();
  EXPECT_TRUE(reader->begin());
  try {
    // One catalog for all: only what goes is looked at here.
    const auto found = history(
        db, ask, life.writer->latest(), 0, 1000, [&](Seq) { return reader->catalog(); }, bounds);
    return found.states.empty() ? "nothing" : "told";
  } catch (const SqlError& error) {
    return error.error().code;
  }
}

TEST(History, ThatCannotBeHeldIsRefusedAndNotGuessed) {
  test::Life life(3);
  while (!life.writer->catalog()->indicator("venue.visitors") || life.writer->latest() < 40)
    life.step();
  EXPECT_EQ(told(life, "plain.count", {1000, 1000}), "told");
  EXPECT_EQ(told(life, "plain.count", {1000, 0}), "told") << "it counts no values";
  EXPECT_EQ(told(life, "plain.count", {3, 1000}), "range_too_wide");
  EXPECT_EQ(told(life, "venue.visitors", {1000, 5}), "range_too_wide");
}

} // namespace
} // namespace kepu::store
