// Every measure on a real store, on cases small enough to count by hand.
#include "measures_fixture.hpp"

namespace {

using namespace kepu;
using model::Freq;
using Measures = test::MeasuresStore;

TEST_F(Measures, WhoStandsIsCountedOnceAtThePeriodsLastMomentOverAreasAndSources) {
  put("a", "members",
      {{"1", {{"member", "A"}, {"place", "510104017"}, {"since", "2025-01-10"}, {"left", "2025-03-31"}}},
       {"2", {{"member", "B"}, {"place", "510104017"}, {"since", "2025-03-31"}}},
       {"3", {{"member", "C"}, {"place", "510104020"}, {"since", "2025-02-01"}, {"left", "2025-02-01"}}}});
  put("b", "members",
      {{"9", {{"member", "B"}, {"place", "510104020"}, {"since", "2025-02-05"}, {"left", "2025-06-01"}}}});
  auto query = of("members", Freq::month);
  query.to = model::parse_period("2025-06").value();
  EXPECT_EQ(answer(query), "2025-01 = 1\n2025-02 = 2\n2025-03 = 1\n2025-04 = 1\n2025-05 = 1\n2025-06 = 1\n");
  query.by = {"subdistrict"};
  query.from = query.to = model::parse_period("2025-03").value();
  EXPECT_EQ(answer(query), "2025-03 510104017 = 1\n2025-03 510104020 = 1\n");
}

TEST_F(Measures, NothingStandsBeyondToday) {
  put("a", "members",
      {{"1", {{"member", "A"}, {"place", "510104017"}, {"since", "2025-08-10"}, {"left", "2025-12-31"}}}});
  EXPECT_EQ(answer(of("members", Freq::year)), "2025 = 1\n"); // until now
  EXPECT_EQ(answer(of("members", Freq::month)), "2025-08 = 1\n2025-09 = 1\n2025-10 = 1\n");
}

TEST_F(Measures, TheLatestValueIsCarriedForwardUntilItIsTooOld) {
  put("a", "fans",
      {{"1", {{"account", "x"}, {"place", "510104017"}, {"day", "2025-01-31"}, {"number", "100"}}},
       {"2", {{"account", "x"}, {"place", "510104017"}, {"day", "2025-01-03"}, {"number", "90"}}},
       {"3", {{"account", "y"}, {"place", "510104020"}, {"day", "2025-02-10"}, {"number", "7"}}},
       {"4", {{"account", "y"}, {"place", "510104020"}, {"day", "2025-02-20"}}}}); // null says nothing
  auto query = of("fans", Freq::month);
  query.to = model::parse_period("2025-04").value();
  // 28 days after 31 January, 49 after 10 February.
  EXPECT_EQ(answer(query), "2025-01 = 100\n2025-02 = 107 carried=1\n");
  put("a", "fans", {{"5", {{"account", "y"}, {"place", "510104020"}, {"day", "2025-03-15"}, {"number", "0"}}}});
  EXPECT_EQ(answer(query), "2025-01 = 100\n2025-02 = 107 carried=1\n2025-03 = 0 missing=1\n"); // 0 is a value
}

TEST_F(Measures, WhoseAreaWasMergedIsStillOne) {
  put("a", "fans",
      {{"1", {{"account", "x"}, {"place", "水井坊街道"}, {"day", "2019-12-20"}, {"number", "17"}}},
       {"2", {{"account", "x"}, {"place", "水井坊街道"}, {"day", "2020-01-10"}, {"number", "16"}}}});
  auto query = of("fans", Freq::month);
  query.to = model::parse_period("2020-01").value();
  EXPECT_EQ(answer(query), "2019-12 = 17\n2020-01 = 16\n");
  query.by = {"subdistrict"};
  EXPECT_EQ(answer(query), "2019-12 510104001 = 17\n2020-01 510104017 = 16\n");
}

TEST_F(Measures, OfTwoValuesOfOneDayTheOneThatCameLaterCounts) {
  put("a", "fans", {{"1", {{"account", "x"}, {"day", "2025-01-31"}, {"number", "100"}}}});
  put("a", "fans", {{"2", {{"account", "x"}, {"day", "2025-01-31"}, {"number", "80"}}}});
  auto query = of("fans", Freq::day);
  query.to = model::parse_period("2025-01-31").value();
  EXPECT_EQ(answer(query), "2025-01-31 = 80\n");
  put("a", "fans", {}, {"2"});
  EXPECT_EQ(answer(query), "2025-01-31 = 100\n");
}

TEST_F(Measures, AReturnForAPeriodFeedsItselfAndWhatItTilesAndNoFinerPeriod) {
  put("a", "returns",
      {{"1", {{"place", "510104017"}, {"period", "2025-Q1"}, {"sessions", "12"}}},
       {"2", {{"place", "510104017"}, {"period", "2025-04"}, {"sessions", "3"}}},
       {"3", {{"place", "510104020"}, {"period", "2025"}, {"sessions", "100"}}},
       {"4", {{"place", "510104020"}, {"period", "2025-W10"}, {"sessions", "5"}}}});
  EXPECT_EQ(answer(of("sessions", Freq::month)), "2025-04 = 3\n");
  EXPECT_EQ(answer(of("sessions", Freq::quarter)), "2025-Q1 = 12\n2025-Q2 = 3\n");
  EXPECT_EQ(answer(of("sessions", Freq::half)), "2025-S1 = 15\n");
  EXPECT_EQ(answer(of("sessions", Freq::year)), "2025 = 115\n");
  EXPECT_EQ(answer(of("sessions", Freq::week)), "2025-W10 = 5\n");
  EXPECT_EQ(answer(of("sessions", Freq::day)), "");
  const auto verified = store::verify(file(), zone_);
  ASSERT_TRUE(verified) << verified.error().text;
  EXPECT_EQ(*verified, std::vector<std::string>{});
}

TEST_F(Measures, WhatWasInAFormerAreaCountsInItsSuccessorOrWhereThatIsNotKnownAboveThem) {
  put("a", "returns",
      {{"1", {{"place", "水井坊街道"}, {"period", "2019"}, {"sessions", "1"}}},
       {"2", {{"place", "盐市口街道"}, {"period", "2019"}, {"sessions", "2"}}},
       {"3", {{"place", "水井坊街道"}, {"period", "2020"}, {"sessions", "4"}}},
       {"4", {{"place", "盐市口街道"}, {"period", "2020"}, {"sessions", "8"}}},
       {"5", {{"place", "510104020"}, {"period", "2020"}, {"sessions", "16"}}}});
  EXPECT_EQ(answer(of("sessions", Freq::year, {"subdistrict"})),
            "2019 510104001 = 1\n2019 510104002 = 2\n2020 - = 8\n2020 510104017 = 4\n2020 510104020 = 16\n");
  EXPECT_EQ(answer(of("sessions", Freq::year)), "2019 = 3\n2020 = 28\n");
  const auto verified = store::verify(file(), zone_);
  ASSERT_TRUE(verified) << verified.error().text;
  EXPECT_EQ(*verified, std::vector<std::string>{});
}

TEST_F(Measures, TheFirstSourceThatHasTheCellIsPreferredAndADifferenceIsSeen) {
  put("platform", "returns",
      {{"1", {{"place", "510104017"}, {"period", "2025-01"}, {"sessions", "4"}}},
       {"2", {{"place", "510104020"}, {"period", "2025-02"}, {"sessions", "9"}}},
       {"3", {{"place", "510104020"}, {"period", "2025-05"}, {"sessions", "1"}}}});
  put("bureau", "returns",
      {{"1", {{"place", "510104017"}, {"period", "2025-03"}, {"sessions", "6"}}},
       {"2", {{"place", "510104020"}, {"period", "2025-02"}, {"sessions", "9"}}}});
  put("other", "returns", {{"1", {{"place", "510104017"}, {"period", "2025-01"}, {"sessions", "1000"}}}});
  // By quarter and subdistrict: 017 differs (4 and 6), 020 agrees (9), and only the platform tells of the second
  // quarter.
  EXPECT_EQ(answer(of("sessions.preferred", Freq::quarter)), "2025-Q1 = 15 differing=1\n2025-Q2 = 1\n");
  EXPECT_EQ(answer(of("sessions.preferred", Freq::month)),
            "2025-01 = 0 differing=1\n2025-02 = 9\n2025-03 = 6 differing=1\n2025-05 = 1\n");
  EXPECT_EQ(answer(of("sessions.compared", Freq::quarter)), "2025-Q1 = ? differing=1\n2025-Q2 = 1\n");
  EXPECT_EQ(answer(of("sessions.compared", Freq::year, {"subdistrict"})),
            "2025 510104017 = ? differing=1\n2025 510104020 = 10\n");
  EXPECT_EQ(answer(of("sessions.preferred", Freq::quarter, {"source"})),
            "2025-Q1 bureau = 15\n2025-Q1 other = 1000\n2025-Q1 platform = 13\n2025-Q2 platform = 1\n");
  EXPECT_EQ(answer(of("sessions", Freq::quarter)), "2025-Q1 = 1028\n2025-Q2 = 1\n");
}

TEST_F(Measures, AnExplanationTellsWhichSourceCountsInEachCellAndCountsItsFactsOnly) {
  put("platform", "returns",
      {{"1", {{"place", "510104017"}, {"period", "2025-01"}, {"sessions", "4"}}},
       {"2", {{"place", "510104020"}, {"period", "2025-02"}, {"sessions", "9"}}}});
  put("bureau", "returns", {{"1", {{"place", "510104017"}, {"period", "2025-03"}, {"sessions", "6"}}}});
  put("other", "returns", {{"1", {{"place", "510104017"}, {"period", "2025-01"}, {"sessions", "1000"}}}});
  EXPECT_EQ(explanation("sessions.preferred", "2025-Q1"),
            "2025-Q1 510104017 bureau (bureau 6, platform 4, differ)\n2025-Q1 510104020 platform (platform 9)\n"
            "platform 1, bureau 1, left out 2\n");
  EXPECT_EQ(explanation("sessions.preferred", "2025-01"),
            "2025-Q1 510104017 bureau (bureau 6, platform 4, differ)\nleft out 2\n");
  EXPECT_EQ(explanation("sessions.compared", "2025-Q1"),
            "2025-Q1 510104017 none (bureau 6, platform 4, differ)\n2025-Q1 510104020 platform (platform 9)\n"
            "platform 1, left out 3\n");
  EXPECT_EQ(explanation("sessions.preferred", "2025-Q1", "other"), "other 1, left out 0\n");
}

TEST_F(Measures, AShareIsOfTheEntriesThatAreValidInThePeriod) {
  put("a", "lessons",
      {{"1", {{"school", "S1"}, {"day", "2024-03-01"}, {"teacher", "T1"}}},
       {"2", {{"school", "S1"}, {"day", "2024-03-02"}, {"teacher", "T2"}}},
       {"3", {{"school", "S2"}, {"day", "2024-03-02"}, {"teacher", "T1"}}},
       {"4", {{"school", "S4"}, {"day", "2025-09-02"}, {"teacher", "T1"}}},
       {"5", {{"school", "S4"}, {"day", "2025-09-03"}, {"teacher", "T1"}}}});
  // In 2024 S1, S2, S3, S5 were valid, in 2025 S1 to S4; at least two lessons cover a school.
  EXPECT_EQ(answer(of("schools.covered", Freq::year)), "2024 = 25 of 1/4\n2025 = 25 of 1/4\n");
  EXPECT_EQ(answer(of("schools.covered", Freq::year, {"subdistrict"})),
            "2024 - = 0 of 0/1\n2024 510104017 = 50 of 1/2\n2024 510104020 = 0 of 0/1\n"
            "2025 510104017 = 0 of 0/2\n2025 510104020 = 50 of 1/2\n");
  auto query = of("schools.covered", Freq::year, {"schools"});
  query.from = model::parse_period("2025").value();
  EXPECT_EQ(answer(query), "2025 S1 = 0 of 0/1\n2025 S2 = 0 of 0/1\n2025 S3 = 0 of 0/1\n2025 S4 = 100 of 1/1\n");
  query = of("schools.covered", Freq::year);
  query.area = "510104017";
  EXPECT_EQ(answer(query), "2024 = 50 of 1/2\n2025 = 0 of 0/2\n");
}

TEST_F(Measures, EachCountsEntriesOfAKindThatMeetAllRules) {
  put("a", "lessons",
      {{"1", {{"school", "S1"}, {"day", "2024-03-01"}, {"teacher", "T1"}}},
       {"2", {{"school", "S1"}, {"day", "2024-03-02"}, {"teacher", "T2"}}},
       {"3", {{"school", "S2"}, {"day", "2024-03-02"}, {"teacher", "T1"}}},
       {"4", {{"school", "S3"}, {"day", "2024-03-02"}, {"teacher", "T1"}}}});
  // At least one lesson, at most one teacher, primary schools: S2.
  EXPECT_EQ(answer(of("schools.equipped", Freq::year)), "2024 = 1 of 1/3\n");
}

TEST_F(Measures, SubdistrictsAreARegisterToo) {
  put("a", "returns",
      {{"1", {{"place", "510104017001"}, {"period", "2025-Q1"}, {"sessions", "2"}}},
       {"2", {{"place", "510104"}, {"period", "2025-Q1"}, {"sessions", "9"}}}});
  EXPECT_EQ(answer(of("subdistricts.covered", Freq::year)), "2025 = 50 of 1/2\n");
}

TEST_F(Measures, ARatioIsMadeOfItsPartsAnewForEachFigure) {
  put("a", "returns",
      {{"1", {{"place", "510104017"}, {"period", "2025-01"}, {"sessions", "3"}, {"hours", "45"}}},
       {"2", {{"place", "510104020"}, {"period", "2025-01"}, {"sessions", "0"}, {"hours", "10"}}},
       {"3", {{"place", "510104020"}, {"period", "2025-02"}, {"sessions", "4"}}},
       {"4", {{"place", "510104017"}, {"period", "2025-02"}, {"hours", "15"}}}});
  EXPECT_EQ(answer(of("hours.per_session", Freq::month)), "2025-01 = 1.833333 of 5.5/3\n2025-02 = 0.375 of 1.5/4\n");
  EXPECT_EQ(answer(of("hours.per_session", Freq::year, {"subdistrict"})),
            "2025 510104017 = 2 of 6/3\n2025 510104020 = 0.25 of 1/4\n");
  auto query = of("hours.per_session", Freq::month);
  query.area = "510104020";
  EXPECT_EQ(answer(query), "2025-01 = ?\n"); // nothing is divided by zero, and without hours there is no ratio
}

TEST_F(Measures, ANumeratorMayLieOnDaysThatTheDenominatorHasNot) {
  put("a", "returns",
      {{"1", {{"place", "510104017"}, {"period", "2025-02-10"}, {"sessions", "4"}}},
       {"2", {{"place", "510104017"}, {"period", "2025-01-02"}, {"hours", "10"}}},
       {"3", {{"place", "510104017"}, {"period", "2025-12-30"}, {"hours", "30"}}}});
  EXPECT_EQ(answer(of("hours.per_session", Freq::year)), "2025 = 1 of 4/4\n");
}

TEST_F(Measures, WhatDimensionsAreNotThereIsSaid) {
  EXPECT_EQ(answer(of("schools.covered", Freq::year, {"teacher"})), "unknown_dimension");
  EXPECT_EQ(answer(of("schools.covered", Freq::year, {"source"})), "unknown_dimension");
  EXPECT_EQ(answer(of("schools.covered", Freq::year, {"schools", "schools"})), "unknown_dimension");
  EXPECT_EQ(answer(of("hours.per_session", Freq::year, {"kind"})), "unknown_dimension");
  EXPECT_EQ(answer(of("members", Freq::year, {"schools"})), "unknown_dimension");
  auto query = of("schools.covered", Freq::year);
  query.area = "510199";
  EXPECT_EQ(answer(query), "unknown_area");
}

TEST_F(Measures, ADerivedIndicatorChangesWithItsParts) {
  put("a", "returns", {{"1", {{"place", "510104017"}, {"period", "2025-01"}, {"sessions", "3"}, {"hours", "45"}}}});
  auto reader = readers_->open();
  ASSERT_TRUE(reader);
  const auto changed = [&](const char* id) {
    const auto moment = (*reader)->begin();
    EXPECT_TRUE(moment);
    const query::MomentEnd end(**reader);
    return query::last_change(**reader, *catalog_, id)->seq;
  };
  const auto before = changed("hours.per_session");
  EXPECT_EQ(before, changed("hours"));
  const auto shares = changed("schools.covered");
  put("a", "lessons", {{"1", {{"school", "S1"}, {"day", "2024-03-01"}}}});
  EXPECT_EQ(changed("hours.per_session"), before);
  EXPECT_GT(changed("schools.covered"), shares);
}

TEST_F(Measures, AnswersOfThePastComeAgain) {
  put("a", "fans", {{"1", {{"account", "x"}, {"day", "2025-01-31"}, {"number", "100"}}}});
  put("a", "members", {{"1", {{"member", "A"}, {"since", "2025-01-10"}}}});
  const auto then = clock_.now();
  const auto fans = answer(of("fans", Freq::month));
  const auto members = answer(of("members", Freq::month));
  clock_.advance(std::chrono::hours(1));
  put("a", "fans", {{"1", {{"account", "x"}, {"day", "2025-01-31"}, {"number", "50"}}}});
  put("a", "members", {}, {"1"});
  EXPECT_NE(answer(of("fans", Freq::month)), fans);
  EXPECT_EQ(answer(of("members", Freq::month)), "");
  EXPECT_EQ(answer(of("fans", Freq::month), then), fans);
  EXPECT_EQ(answer(of("members", Freq::month), then), members);
}

} // namespace
