#include "plan/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kepu::plan {
namespace {

using model::day_of;
using model::Freq;
using model::Measure;
using model::Period;
using model::TargetKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Period period(std::string_view text) { return *model::parse_period(text); }
model::Day day(std::string_view text) { return *model::parse_day(text); }

// A plan of five years with one target.
class ProgressOfTargets : public ::testing::Test {
protected:
  ProgressOfTargets() {
    plan.id = "p";
    plan.from = day("2021-01-01");
    plan.to = day("2025-12-31");
    plan.profiles = {{"school", {1, 0, 2, 2, 2, 2, 0, 0, 2, 2, 2, 2}}};
    target.id = "t";
    target.indicators = {"i"};
    target.due = plan.to;
    measure("i", Measure::count);
  }
  void measure(const std::string& id, Measure of, std::vector<model::Rule> rules = {}) {
    model::Indicator indicator;
    indicator.id = id;
    indicator.measure = of;
    indicator.dataset = "d";
    indicator.rules = std::move(rules);
    catalog.indicators.push_back(indicator);
    if (catalog.datasets.empty()) {
      catalog.datasets.emplace_back();
      catalog.datasets.back().contract.id = "d";
    }
  }
  void is(TargetKind kind, std::string floor, Measure of = Measure::count) {
    target.kind = kind;
    target.floor = std::move(floor);
    catalog.indicators.front().measure = of;
  }
  static Figure figure(std::string_view when, __int128 value, int scale = 0) {
    return {period(when), value, scale, true, 0, 0, {}, 1};
  }
  Progress on(std::string_view today, std::vector<Figure> figures) const {
    return progress(catalog, plan, target, {std::move(figures)}, day(today));
  }
  std::string_view status(std::string_view today, std::vector<Figure> figures) const {
    return word(on(today, std::move(figures)).status);
  }

  model::Catalog catalog;
  model::Plan plan;
  model::Target target;
};

TEST_F(ProgressOfTargets, AnAnnualTargetIsHeldAgainstTheDaysOfItsYear) {
  is(TargetKind::annual, "365");
  struct Case {
    const char* today;
    int value;
    const char* status;
  };
  const Case cases[] = {
      {"2023-01-01", 1, "on_track"},    // the first day: 1 of 365 is expected
      {"2023-01-01", 0, "far_behind"},  // a zero is a figure
      {"2023-12-31", 365, "achieved"},  // the last day is still of the year
      {"2023-12-31", 364, "on_track"},  // one below
      {"2023-04-10", 95, "on_track"},   // day 100: exactly 0.95
      {"2023-04-10", 94, "behind"},     //
      {"2023-04-10", 60, "behind"},     // exactly 0.60
      {"2023-04-10", 59, "far_behind"}, //
      {"2023-04-10", 365, "achieved"},  // exactly the floor
      {"2023-04-10", -5, "far_behind"}, // corrections can do that
      {"2024-12-30", 365, "achieved"},  // a leap year has 366 days
      {"2024-12-30", 364, "on_track"},  //
  };
  for (const auto& one : cases) {
    EXPECT_EQ(status(one.today, {figure(std::string_view(one.today).substr(0, 4), one.value)}), one.status)
        << one.today << " " << one.value;
  }
  const auto leap = on("2024-12-30", {figure("2024", 365)});
  EXPECT_DOUBLE_EQ(*leap.now.at(0).expected, 365.0 / 366);
}

TEST_F(ProgressOfTargets, AnAnnualTargetFollowsItsProfile) {
  is(TargetKind::annual, "160");
  target.profile = "school";
  const auto expected = [&](const char* today) { return *on(today, {}).now.at(0).expected * 17; };
  EXPECT_DOUBLE_EQ(expected("2023-01-31"), 1);
  EXPECT_DOUBLE_EQ(expected("2023-02-28"), 1);
  EXPECT_DOUBLE_EQ(expected("2023-03-01"), 1 + 2.0 / 31);
  EXPECT_DOUBLE_EQ(expected("2023-08-31"), 9);
  EXPECT_DOUBLE_EQ(expected("2023-12-31"), 17);
  EXPECT_EQ(status("2023-08-31", {figure("2023", 80)}), "behind");
  target.profile.clear();
  EXPECT_EQ(status("2023-08-31", {figure("2023", 104)}), "on_track");
}

TEST_F(ProgressOfTargets, WhereNothingIsExpectedYetNothingIsBehind) {
  is(TargetKind::annual, "10");
  plan.profiles = {{"late", {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}};
  target.profile = "late";
  const auto out = on("2023-05-01", {figure("2023", 0)});
  EXPECT_EQ(out.status, Status::on_track);
  EXPECT_EQ(out.now.at(0).floor.pace, std::nullopt);
}

TEST_F(ProgressOfTargets, ClosedYearsAreMetOrNotAndNeverAdded) {
  is(TargetKind::annual, "30");
  const auto out = on("2024-01-01", {figure("2021", 30), figure("2022", 29), figure("2024", 1)});
  ASSERT_EQ(out.years.size(), 4u);
  EXPECT_EQ(out.years[0].floor.status, Status::met);
  EXPECT_EQ(out.years[1].floor.status, Status::not_met);
  EXPECT_EQ(out.years[2].floor.status, Status::no_data);
  EXPECT_FALSE(out.years[2].value);
  EXPECT_FALSE(out.years[3].is_closed);
  EXPECT_EQ(out.now.at(0).from.text(), "2024");
  EXPECT_EQ(out.status, out.years[3].floor.status);
  EXPECT_EQ(out.years[0].floor.pace, std::nullopt);
}

TEST_F(ProgressOfTargets, ACorrectionAfterTheYearsEndCounts) {
  is(TargetKind::annual, "30");
  EXPECT_EQ(on("2023-01-01", {figure("2022", 29)}).years.at(1).floor.status, Status::not_met);
  EXPECT_EQ(on("2023-06-01", {figure("2022", 30)}).years.at(1).floor.status, Status::met);
}

TEST_F(ProgressOfTargets, AfterThePlanAnAnnualTargetIsMetWhenEveryYearWas) {
  is(TargetKind::annual, "30");
  const std::vector<Figure> all{figure("2021", 30), figure("2022", 31), figure("2023", 30), figure("2024", 99),
                                figure("2025", 30)};
  EXPECT_EQ(status("2025-12-31", all), "achieved");
  EXPECT_EQ(status("2026-01-01", all), "met");
  EXPECT_EQ(on("2030-05-05", all).years.size(), 5u);
  auto poor = all;
  poor[1].value = 29;
  EXPECT_EQ(status("2026-01-01", poor), "not_met");
  auto missing = all;
  missing.erase(missing.begin());
  EXPECT_EQ(status("2026-01-01", missing), "no_data");
}

TEST_F(ProgressOfTargets, AnAnnualTargetEndsOnItsDueDay) {
  is(TargetKind::annual, "2");
  target.due = day("2023-06-30");
  EXPECT_EQ(questions(catalog, plan, target, day("2023-03-01")).at(0).until, target.due);
  EXPECT_DOUBLE_EQ(*on("2023-03-01", {}).now.at(0).expected, 60.0 / 181);
  EXPECT_EQ(on("2023-06-30", {figure("2023", 2)}).now.at(0).floor.status, Status::achieved);
  EXPECT_EQ(on("2023-07-01", {figure("2023", 2)}).now.at(0).floor.status, Status::met);
  EXPECT_EQ(on("2024-07-01", {figure("2023", 2)}).years.size(), 3u);
  target.profile = "school";
  EXPECT_DOUBLE_EQ(*on("2023-03-31", {}).now.at(0).expected, 3.0 / 9);
}

TEST_F(ProgressOfTargets, MoreThanIsNotAtLeast) {
  is(TargetKind::cumulative, "200");
  EXPECT_EQ(status("2025-12-31", {figure("2022", 200)}), "achieved");
  target.above = true;
  EXPECT_EQ(status("2025-12-31", {figure("2022", 200)}), "on_track");
  EXPECT_EQ(status("2025-12-31", {figure("2022", 201)}), "achieved");
  EXPECT_EQ(status("2026-01-01", {figure("2022", 200)}), "not_met");
}

TEST_F(ProgressOfTargets, ACumulativeTargetAddsUpSinceThePlanBegan) {
  is(TargetKind::cumulative, "10");
  EXPECT_EQ(questions(catalog, plan, target, day("2023-07-02")).at(0).from.text(), "2021");
  EXPECT_EQ(questions(catalog, plan, target, day("2023-07-02")).at(0).to.text(), "2023");
  const auto out = on("2023-07-02", {figure("2021", 2), figure("2023", 3)});
  EXPECT_EQ(out.now.at(0).value->value, 5);
  EXPECT_DOUBLE_EQ(*out.now.at(0).floor.reached, 0.5);
  EXPECT_DOUBLE_EQ(*out.now.at(0).expected, 913.0 / 1826);
  EXPECT_EQ(out.status, Status::on_track);
  EXPECT_EQ(out.formula, "cumulative/1");
  EXPECT_THAT(out.years, IsEmpty());
}

TEST_F(ProgressOfTargets, APlanThatBeginsWithinAYearIsAskedByWhatTilesIt) {
  is(TargetKind::cumulative, "10");
  plan.from = day("2021-04-01");
  target.due = day("2023-06-30");
  EXPECT_EQ(questions(catalog, plan, target, day("2022-05-05")).at(0).from.text(), "2021-Q2");
  plan.from = day("2021-04-02");
  EXPECT_EQ(questions(catalog, plan, target, day("2022-05-05")).at(0).from.text(), "2021-04-02");
  EXPECT_EQ(questions(catalog, plan, target, day("2024-05-05")).at(0).to.text(), "2023-06-30");
}

TEST_F(ProgressOfTargets, AStockIsItsValueAtTheMomentAndAtLastOnTheDueDay) {
  is(TargetKind::stock, "8000", Measure::standing);
  EXPECT_EQ(questions(catalog, plan, target, day("2023-07-02")).at(0).to.text(), "2023-07-02");
  EXPECT_EQ(questions(catalog, plan, target, day("2027-07-02")).at(0).to.text(), "2025-12-31");
  EXPECT_EQ(status("2023-07-02", {figure("2023-07-02", 3800)}), "on_track");
  EXPECT_EQ(status("2025-12-31", {figure("2025-12-31", 7999)}), "on_track");
  EXPECT_EQ(status("2026-01-01", {figure("2025-12-31", 7999)}), "not_met");
  EXPECT_EQ(status("2026-01-01", {figure("2025-12-31", 8000)}), "met");
}

TEST_F(ProgressOfTargets, FiguresThatArePeriodsAreAskedByTheYear) {
  is(TargetKind::stock, "8000", Measure::latest);
  catalog.datasets.front().contract.fields.emplace_back();
  catalog.datasets.front().contract.fields.back().roles = KEPU_ROLE_PERIOD;
  EXPECT_EQ(questions(catalog, plan, target, day("2023-07-02")).at(0).to.text(), "2023");
}

TEST_F(ProgressOfTargets, ACoverageIsJudgedByItsEntriesAndNotByItsRoundedShare) {
  is(TargetKind::coverage, "100", Measure::share);
  Figure all = figure("2025", 100'000'000, 6);
  all.counted = 2'999'999'999;
  all.entries = 3'000'000'000;
  EXPECT_EQ(status("2025-12-31", {all}), "on_track");
  all.counted = all.entries;
  EXPECT_EQ(status("2025-12-31", {all}), "achieved");
}

TEST_F(ProgressOfTargets, ATargetOfSeveralIndicatorsIsAsFarAsTheWorst) {
  is(TargetKind::coverage, "100", Measure::share);
  measure("j", Measure::share);
  target.indicators = {"i", "j"};
  const auto share = [&](int counted, int entries) {
    Figure out = figure("2025", 0, 6);
    out.counted = counted;
    out.entries = entries;
    return std::vector<Figure>{out};
  };
  const auto both = [&](auto a, auto b) { return progress(catalog, plan, target, {a, b}, day("2026-01-01")).status; };
  EXPECT_EQ(both(share(11, 11), share(76, 76)), Status::met);
  EXPECT_EQ(both(share(11, 11), share(75, 76)), Status::not_met);
  EXPECT_EQ(both(share(11, 11), std::vector<Figure>{}), Status::no_data);
}

TEST_F(ProgressOfTargets, EveryEntryMeansAllThatThereAre) {
  is(TargetKind::each, "", Measure::each);
  target.floor.reset();
  Figure some = figure("2025", 39);
  some.counted = 39;
  some.entries = 40;
  const auto out = on("2025-12-31", {some});
  EXPECT_EQ(out.now.at(0).floor.required->value, 40);
  EXPECT_EQ(out.status, Status::on_track);
  some.value = some.counted = 40;
  EXPECT_EQ(status("2025-12-31", {some}), "achieved");
  EXPECT_EQ(on("2025-12-31", {}).now.at(0).floor.required, std::nullopt);
}

TEST_F(ProgressOfTargets, ASurveySaysOnlyWhatItsIntervalAllows) {
  is(TargetKind::survey, "31", Measure::survey_rate);
  struct Case {
    double low;
    int estimate; // in tenths
    double high;
    const char* status;
  };
  const Case cases[] = {
      {31.0, 330, 35, "met_with_confidence"}, // the bound itself is enough for "at least"
      {30.9, 310, 33, "met"},                 // exactly the floor
      {28.0, 300, 32.9, "cannot_tell"},       // the case of the published design
      {28.0, 300, 31.0, "cannot_tell"},
      {28.0, 300, 30.9, "not_met"},
  };
  for (const auto& one : cases) {
    Figure figure = ProgressOfTargets::figure("2024", one.estimate, 1);
    figure.interval = Interval{one.low, one.high};
    EXPECT_EQ(status("2025-06-01", {figure}), one.status) << one.low << " " << one.estimate << " " << one.high;
    EXPECT_EQ(status("2026-06-01", {figure}), one.status) << "time changes nothing for a survey";
  }
}

TEST_F(ProgressOfTargets, ASurveyOfMoreThanJudgesItsBoundsStrictlyAndTheStretchApart) {
  is(TargetKind::survey, "18", Measure::survey_rate);
  target.above = true;
  target.stretch = "20";
  Figure figure = ProgressOfTargets::figure("2024", 1950, 2);
  figure.interval = Interval{18.0, 20.0};
  auto out = on("2025-06-01", {figure});
  EXPECT_EQ(out.status, Status::met); // 18.0 is not above 18
  EXPECT_EQ(out.stretch, Status::cannot_tell);
  figure.interval = Interval{18.1, 19.9};
  out = on("2025-06-01", {figure});
  EXPECT_EQ(out.status, Status::met_with_confidence);
  EXPECT_EQ(out.stretch, Status::not_met);
  EXPECT_EQ(out.now.at(0).expected, std::nullopt);
}

TEST_F(ProgressOfTargets, ASurveyIsTheLatestSinceThePlanBegan) {
  is(TargetKind::survey, "31", Measure::survey_rate);
  Figure old = figure("2022", 20, 0), young = figure("2024", 40, 0);
  old.interval = Interval{19, 21};
  young.interval = Interval{39, 41};
  const auto out = on("2025-06-01", {old, young});
  EXPECT_EQ(out.now.at(0).from.text(), "2024");
  EXPECT_EQ(out.status, Status::met_with_confidence);
}

TEST_F(ProgressOfTargets, NoDataIsSaidAsSuch) {
  for (const auto& [kind, of] : {std::pair{TargetKind::annual, Measure::count},
                                 {TargetKind::cumulative, Measure::count},
                                 {TargetKind::stock, Measure::standing},
                                 {TargetKind::coverage, Measure::share},
                                 {TargetKind::survey, Measure::survey_rate}}) {
    is(kind, "10", of);
    for (const char* today : {"2021-01-01", "2025-12-31", "2026-01-01"}) {
      const auto out = on(today, {});
      EXPECT_EQ(out.status, Status::no_data) << today;
      EXPECT_EQ(out.now.at(0).value.has_value(), false);
      EXPECT_EQ(out.now.at(0).floor.reached, std::nullopt);
    }
  }
}

TEST_F(ProgressOfTargets, AFigureThatIsNotKnownIsNoData) {
  is(TargetKind::annual, "10");
  Figure unknown = figure("2023", 10);
  unknown.is_known = false;
  EXPECT_EQ(status("2023-05-05", {unknown}), "no_data");
  is(TargetKind::cumulative, "10");
  EXPECT_EQ(status("2023-05-05", {figure("2022", 10), unknown}), "no_data");
}

TEST_F(ProgressOfTargets, APlanThatHasNotBegunAsksNobody) {
  is(TargetKind::annual, "10");
  EXPECT_THAT(questions(catalog, plan, target, day("2020-12-31")), IsEmpty());
  EXPECT_EQ(progress(catalog, plan, target, {}, day("2020-12-31")).status, Status::not_begun);
}

} // namespace
} // namespace kepu::plan
