#include "query/cursor.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace {

using namespace kepu;
using query::ObservationQuery;

ObservationQuery question() {
  ObservationQuery query;
  query.indicator = "venue.visits";
  query.by = {"venue"};
  query.from = model::Period{model::Freq::month, 600};
  query.filters = {{"gate", "G1"}};
  return query;
}

TEST(Cursor, GivesBackThePositionForTheSameQuestionWhateverThePageSize) {
  auto query = question();
  const std::string after = query::encode_position({-5, {"锦江", ""}});
  const auto cursor = query::cursor_of(query, after);
  EXPECT_EQ(cursor.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
  query.limit = 7;
  query.after = "elsewhere";
  const auto found = query::position_in(cursor, query);
  ASSERT_TRUE(found);
  const auto position = query::decode_position(*found, 2);
  ASSERT_TRUE(position);
  EXPECT_EQ(position->period, -5);
  EXPECT_EQ(position->by, (std::vector<std::string>{"锦江", ""}));
}

TEST(Cursor, OfAnotherQuestionIsRefused) {
  const auto cursor = query::cursor_of(question(), "x");
  const std::function<void(ObservationQuery&)> changes[] = {
      [](auto& q) { q.indicator = "venue.visitors"; },
      [](auto& q) { q.freq = model::Freq::day; },
      [](auto& q) { q.from.reset(); },
      [](auto& q) { q.to = q.from; },
      [](auto& q) { q.area = "510104"; },
      [](auto& q) { q.by.clear(); },
      [](auto& q) {
        q.by = {"venue", "gate"};
      },
      [](auto& q) { q.source = "turnstile"; },
      [](auto& q) { q.filters.clear(); },
      [](auto& q) { q.filters[0].second = "G2"; },
  };
  for (const auto& change : changes) {
    auto other = question();
    change(other);
    const auto found = query::position_in(cursor, other);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, "bad_cursor");
  }
}

TEST(Cursor, EveryDamageIsFound) {
  const auto cursor = query::cursor_of(question(), query::encode_position({600, {"V01"}}));
  EXPECT_TRUE(query::position_in(cursor, question()));
  for (size_t i = 0; i < cursor.size(); ++i) {
    auto damaged = cursor;
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(query::position_in(damaged, question())) << i;
    EXPECT_FALSE(query::position_in(cursor.substr(0, i), question())) << i;
  }
  const std::string bads[] = {"", "=", "%%%", "A", "AAAA", std::string(100'000, 'A'), cursor + "A", cursor + "="};
  for (const auto& bad : bads) {
    EXPECT_FALSE(query::position_in(bad, question())) << bad.substr(0, 20);
  }
}

TEST(Cursor, PositionsOfAnotherShapeAreRefused) {
  const auto one = query::encode_position({600, {"V01"}});
  for (size_t dimensions : {0u, 2u, 3u})
    EXPECT_FALSE(query::decode_position(one, dimensions)) << dimensions;
  EXPECT_FALSE(query::decode_position(one + "x", 1));
  EXPECT_FALSE(query::decode_position(std::string(10, '\xff'), 0));
}

} // namespace
