#include "query/observations.hpp"

#include "support/fake_reader.hpp"
#include "support/sample_catalog.hpp"

#include <gtest/gtest.h>

namespace {

using namespace kepu;
using query::ObservationQuery;

constexpr model::Day march_5 = 20152; // 2025-03-05, a Wednesday

class Observe : public testing::Test {
protected:
  Observe() {
    store_.catalog = test::sample_catalog();
    store_.commit = {7, from_micros(1'741'000'000'000'000)};
  }
  void fact(std::string venue, std::string area, model::Day day, uint32_t number = 1, std::string source = "gates",
            std::string gate = "G1", uint8_t flags = 0) {
    for (const char* indicator : {"venue.visits", "venue.visitors", "venue.income"}) {
      store_.facts.push_back({indicator, source, {venue, area, gate}, day, 150, number, flags});
    }
  }
  Result<query::Observations> ask(const ObservationQuery& query) {
    test::FakeReader reader(store_);
    auto out = query::observe(reader, query);
    days_read_ = reader.days_read();
    return out;
  }
  std::string refusal(const ObservationQuery& query) {
    const auto out = ask(query);
    return out ? "none" : out.error().code;
  }
  static ObservationQuery of(std::string indicator, model::Freq freq = model::Freq::month) {
    ObservationQuery query;
    query.indicator = std::move(indicator);
    query.freq = freq;
    return query;
  }

  test::FakeStore store_;
  std::pair<model::Day, model::Day> days_read_;
};

TEST_F(Observe, CountsAddAndDistinctCountsAPersonOnceOverDaysVenuesAndSources) {
  fact("V01", "510104017001", march_5, 11);
  fact("V01", "510104017001", march_5 + 1, 11);
  fact("V02", "510104017002", march_5 + 2, 11, "other");
  fact("V02", "510104017002", march_5 + 2, 12);
  EXPECT_EQ(ask(of("venue.visits"))->rows.at(0).value, 4);
  const auto visitors = ask(of("venue.visitors"));
  ASSERT_EQ(visitors->rows.size(), 1u);
  EXPECT_EQ(visitors->rows[0].value, 2);
  EXPECT_EQ(visitors->rows[0].n, 4u);
  EXPECT_EQ(visitors->commit.seq, 7u);
  const auto income = ask(of("venue.income"));
  EXPECT_EQ(income->rows.at(0).value, 600);
  EXPECT_EQ(income->scale, 2);
}

TEST_F(Observe, FlaggedFactsAreCountedBesideTheValue) {
  fact("V01", "510104017001", march_5, 1, "gates", "G1", KEPU_APPROXIMATE | KEPU_REPAIRED);
  fact("V01", "510104017001", march_5, 2, "gates", "G1", KEPU_REPAIRED | KEPU_PROVISIONAL);
  const auto row = ask(of("venue.visits"))->rows.at(0);
  EXPECT_EQ(row.approximate, 1u);
  EXPECT_EQ(row.repaired, 2u);
  EXPECT_EQ(row.provisional, 1u);
}

TEST_F(Observe, WhatCannotBePlacedAtALevelIsARowOfItsOwnSoThatRowsAddUp) {
  fact("V01", "510104017001", march_5);
  fact("V03", "510104020", march_5);
  fact("V04", "510104", march_5);
  fact("V05", "", march_5);
  auto query = of("venue.visits");
  query.by = {"community"};
  const auto communities = ask(query);
  ASSERT_EQ(communities->rows.size(), 2u);
  EXPECT_EQ(communities->by(communities->rows[0]), std::vector<std::string>{""});
  EXPECT_EQ(communities->rows[0].value, 3);
  EXPECT_EQ(communities->by(communities->rows[1]), std::vector<std::string>{"510104017001"});
  query.by = {"district"};
  EXPECT_EQ(ask(query)->rows.at(1).value, 3);
  query.by = {"area"};
  EXPECT_EQ(ask(query)->rows.size(), 4u);
}

TEST_F(Observe, AnAreaMeansItselfAndAllBelowAndMayBeWrittenByName) {
  fact("V01", "510104017001", march_5);
  fact("V02", "510104017002", march_5);
  fact("V03", "510104020", march_5);
  for (const char* area : {"510104017", "锦官驿街道", "锦官驿"}) {
    auto query = of("venue.visits");
    query.area = area;
    EXPECT_EQ(ask(query)->rows.at(0).value, 2) << area;
  }
}

TEST_F(Observe, FiltersTakeCodesNamesAndTheUnspecified) {
  fact("V01", "510104017001", march_5, 1, "gates", "G1");
  fact("V02", "510104017002", march_5, 2, "gates", "");
  fact("lost", "", march_5, 3, "other", "G1");
  auto with = [&](std::string dimension, std::string code) {
    auto query = of("venue.visits");
    query.filters = {{std::move(dimension), std::move(code)}};
    const auto rows = ask(query)->rows;
    return rows.empty() ? 0 : static_cast<int>(rows[0].value);
  };
  EXPECT_EQ(with("venue", "V01"), 1);
  EXPECT_EQ(with("venue", "科技馆"), 1);
  EXPECT_EQ(with("venue", "lost"), 1); // no longer in the register, but it has figures
  EXPECT_EQ(with("venue", "V04"), 0);
  EXPECT_EQ(with("gate", "G1"), 2);
  EXPECT_EQ(with("gate", ""), 1);
  EXPECT_EQ(with("gate", "G9"), 0);
  auto query = of("venue.visits");
  query.source = "other";
  EXPECT_EQ(ask(query)->rows.at(0).value, 1);
}

TEST_F(Observe, EmptyPeriodsAreLeftOutAndOnlyAskedDaysAreRead) {
  fact("V01", "510104017001", march_5 - 400);
  fact("V01", "510104017001", march_5);
  fact("V01", "510104017001", march_5 + 400);
  auto query = of("venue.visits", model::Freq::day);
  EXPECT_EQ(ask(query)->rows.size(), 3u);
  query.from = model::Period{model::Freq::day, march_5 - 3};
  query.to = model::Period{model::Freq::day, march_5 + 3};
  const auto rows = ask(query)->rows;
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].period.text(), "2025-03-05");
  EXPECT_GE(days_read_.first, march_5 - 3);
  EXPECT_LE(days_read_.second, march_5 + 3);
}

TEST_F(Observe, ASmallPageDoesNotReadTheWholeRange) {
  for (int i = 0; i < 3000; ++i)
    fact("V01", "510104017001", march_5 + i);
  auto query = of("venue.visits", model::Freq::day);
  query.limit = 10;
  EXPECT_EQ(ask(query)->rows.size(), 10u);
  EXPECT_LT(days_read_.second, march_5 + 100);
}

TEST_F(Observe, PagesNeitherSkipNorDoubleWhileRowsArriveBetweenThem) {
  for (int i = 0; i < 40; i += 2) {
    fact("V01", "510104017001", march_5 + i);
    fact("V03", "510104020", march_5 + i);
  }
  auto query = of("venue.visits", model::Freq::day);
  query.by = {"venue"};
  query.limit = 3;
  std::vector<std::pair<model::Day, std::string>> seen;
  for (int page = 0; page < 100; ++page) {
    const auto out = ask(query);
    ASSERT_TRUE(out);
    for (const auto& row : out->rows)
      seen.emplace_back(row.period.index, out->by(row)[0]);
    if (out->next.empty()) break;
    query.after = out->next;
    if (page == 2) fact("V02", "510104017002", march_5);          // before the position: not seen any more
    if (page == 2) fact("V02", "510104017002", march_5 + 39);     // behind it: will be seen
    if (page == 3) fact("V00", "510104017002", march_5 + 20 + 1); // a new period in between
  }
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
  EXPECT_EQ(seen.size(), 42u);
}

TEST_F(Observe, WrongQuestionsAreRefusedWithTheirCode) {
  fact("V01", "510104017001", march_5);
  auto query = of("venue.visit");
  EXPECT_EQ(refusal(query), "unknown_indicator");
  EXPECT_NE(ask(query).error().text.find("venue.visits"), std::string::npos);
  query = of("venue.visits");
  query.by = {"venues"};
  EXPECT_EQ(refusal(query), "unknown_dimension");
  query.by = {"venue", "venue"};
  EXPECT_EQ(refusal(query), "unknown_dimension");
  query = of("plain.count");
  query.by = {"district"};
  EXPECT_EQ(refusal(query), "unknown_dimension");
  query = of("plain.count");
  query.area = "510104";
  EXPECT_EQ(refusal(query), "unknown_dimension");
  query = of("venue.visits");
  query.area = "510105";
  EXPECT_EQ(refusal(query), "unknown_area");
  query = of("venue.visits");
  query.filters = {{"venue", "V99"}};
  EXPECT_EQ(refusal(query), "unknown_code");
  query.filters = {{"colour", "red"}};
  EXPECT_EQ(refusal(query), "unknown_dimension");
  query = of("venue.visits");
  query.from = model::Period{model::Freq::month, 10};
  query.to = model::Period{model::Freq::month, 9};
  EXPECT_EQ(refusal(query), "bad_range");
  query.to = model::Period{model::Freq::year, 55};
  EXPECT_EQ(refusal(query), "bad_range");
  query = of("venue.visits");
  query.limit = 0;
  EXPECT_EQ(refusal(query), "bad_range");
  query.limit = query::max_limit + 1;
  EXPECT_EQ(refusal(query), "bad_range");
  query = of("venue.visits");
  query.after = "nonsense";
  EXPECT_EQ(refusal(query), "bad_cursor");
}

TEST_F(Observe, TooManyCellsAreRefusedButAWideRangeOverLittleDataIsNot) {
  fact("V01", "510104017001", march_5);
  auto query = of("venue.visits", model::Freq::day);
  query.from = model::Period{model::Freq::day, -25'000};
  query.to = model::Period{model::Freq::day, 2'900'000};
  EXPECT_EQ(refusal(query), "none");
  fact("V02", "510104017002", -25'000);
  fact("V02", "510104017002", 2'900'000);
  query.by = {"venue"};
  EXPECT_EQ(refusal(query), "range_too_wide");
}

TEST_F(Observe, SaysHowManyRowsThereMayBeBeforeAFigureIsRead) {
  fact("V01", "510104017001", march_5);
  fact("V02", "510104017002", march_5 + 9);
  store_.on_cells = [] { throw std::logic_error("a figure was read"); };
  test::FakeReader reader(store_);
  const auto moment = reader.begin();
  ASSERT_TRUE(moment);
  auto query = of("venue.visits", model::Freq::day);
  query.by = {"venue"};
  const auto most = [&] {
    uint64_t told = 0;
    EXPECT_THROW((void)query::observe_within(reader, *moment, query,
                                             [&](uint64_t rows) {
                                               told = rows;
                                               throw std::runtime_error("no room");
                                             }),
                 std::runtime_error);
    return told;
  };
  EXPECT_EQ(most(), 20u);
  query.limit = 7;
  EXPECT_EQ(most(), 7u);
}

TEST_F(Observe, FailuresOfTheReaderComeThroughAndTheMomentEnds) {
  fact("V01", "510104017001", march_5);
  store_.on_cells = [] {};
  test::FakeReader reader(store_);
  store_.on_cells = [&] { reader.interrupt(); };
  const auto out = query::observe(reader, of("venue.visits"));
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, "deadline");
  EXPECT_FALSE(reader.series("venue.visits")); // the moment was ended
  store_.fails = fail("store", "the disk is gone");
  EXPECT_EQ(refusal(of("venue.visits")), "store");
}

TEST_F(Observe, AnIndicatorWithoutFactsHasNoRows) {
  const auto out = ask(of("venue.visits"));
  ASSERT_TRUE(out);
  EXPECT_TRUE(out->rows.empty());
  EXPECT_TRUE(out->next.empty());
}

TEST_F(Observe, AFigureOfDaysWhoseFactsWereGivenUpSaysSo) {
  fact("V01", "510104017001", march_5);
  fact("V01", "510104017001", march_5 + 1, 1, "other");
  fact("V01", "510104017001", march_5 + 40);
  store_.frozen = {{"gates", march_5 + 1, false}};
  const auto rows = ask(of("venue.visits", model::Freq::day))->rows;
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_TRUE(rows[0].is_frozen);
  EXPECT_FALSE(rows[1].is_frozen) << "facts of another source are there";
  EXPECT_FALSE(rows[2].is_frozen);
  EXPECT_TRUE(ask(of("venue.visits"))->rows.at(0).is_frozen) << "one of its days is enough";
}

TEST_F(Observe, DaysThatADefinitionDoesNotKnowAreRefusedAndNotLeftOut) {
  fact("V01", "510104017001", march_5);
  fact("V01", "510104017001", march_5 + 40, 1, "other");
  store_.frozen = {{"gates", march_5 + 30, true}};
  EXPECT_EQ(refusal(of("venue.visits", model::Freq::day)), "history_horizon");
  store_.facts.erase(store_.facts.begin(), store_.facts.begin() + 3);
  EXPECT_EQ(refusal(of("venue.visits", model::Freq::day)), "none") << "the first day that is known lacks nothing";
  EXPECT_EQ(refusal(of("venue.visits", model::Freq::year)), "history_horizon") << "its year does";
  auto query = of("venue.visits", model::Freq::day);
  query.from = model::period_of(march_5 + 30, model::Freq::day);
  EXPECT_EQ(refusal(query), "none");
  query.from = model::period_of(march_5 + 29, model::Freq::day);
  EXPECT_EQ(refusal(query), "history_horizon") << "though no figure lies there";
  query.source = "other";
  EXPECT_EQ(refusal(query), "none");
}

} // namespace
