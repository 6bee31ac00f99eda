// Survey rates over a real store, on samples small enough to estimate by hand.
#include "measures_fixture.hpp"

#include "measure/survey.hpp"

#include <cmath>

namespace {

using namespace kepu;
using model::Freq;

std::shared_ptr<model::Catalog> with_surveys() {
  auto catalog = test::measures_catalog();
  const auto dataset = [&](const char* id, kepu::abi::Field when) {
    model::Dataset out;
    out.contract.id = id;
    out.contract.fields = {{"id", KEPU_TEXT, 0, KEPU_ROLE_KEY, "", "", true},
                           std::move(when),
                           {"place", KEPU_TEXT, 0, KEPU_ROLE_AREA, "", "", false},
                           {"age", KEPU_INTEGER, 0, KEPU_ROLE_ATTRIBUTE, "", "", false},
                           {"group", KEPU_TEXT, 0, KEPU_ROLE_ATTRIBUTE, "", "", false},
                           {"stratum", KEPU_TEXT, 0, KEPU_ROLE_STRATUM, "", "", false},
                           {"cluster", KEPU_TEXT, 0, KEPU_ROLE_CLUSTER, "", "", false},
                           {"weight", KEPU_DECIMAL, 1, KEPU_ROLE_WEIGHT, "", "", true},
                           {"clusters", KEPU_INTEGER, 0, KEPU_ROLE_MEASURE, "", "", false},
                           {"score", KEPU_DECIMAL, 1, KEPU_ROLE_MEASURE, "", "", false}};
    catalog->datasets.push_back(std::move(out));
    model::Indicator rate;
    rate.id = std::string(id) + ".rate";
    rate.unit = "percent";
    rate.dataset = id;
    rate.measure = model::Measure::survey_rate;
    rate.field = "score";
    rate.by = {"area", "group"};
    rate.where = {{"age", {}, false, "18", "69"}};
    rate.population = "clusters";
    rate.epochs = {{test::day("2015-01-01"), 60, {}}, {test::day("2018-01-01"), 70, {}}};
    catalog->indicators.push_back(rate);
    rate.id += ".preferred";
    rate.join = model::Join::prefer;
    rate.order = {"bureau", "institute"};
    catalog->indicators.push_back(std::move(rate));
  };
  dataset("waves", {"wave", KEPU_PERIOD, 0, KEPU_ROLE_PERIOD, "", "", true});
  dataset("interviews", {"day", KEPU_DATE, 0, KEPU_ROLE_TIME, "", "", true});
  return catalog;
}

// One respondent; weight and score in tenths.
struct Person {
  const char* wave;
  const char* place;
  const char* stratum;
  const char* cluster;
  const char* weight;
  const char* score;
  const char* age = "40";
  const char* group = "";
};

class Surveys : public test::MeasuresStore {
protected:
  Surveys() { load(with_surveys()); }

  static std::map<std::string, test::Row> rows(const std::vector<Person>& people, const char* when = "wave") {
    std::map<std::string, test::Row> out;
    for (const auto& person : people) {
      test::Row row{{when, person.wave}, {"weight", person.weight}, {"age", person.age}};
      const auto put = [&](const char* field, const char* text) {
        if (*text) row[field] = text;
      };
      put("place", person.place);
      put("stratum", person.stratum);
      put("cluster", person.cluster);
      put("score", person.score);
      put("group", person.group);
      out.emplace(std::to_string(100 + out.size()), std::move(row));
    }
    return out;
  }
  // What the engine says of a sample, and of those of it that have a value.
  struct Answered {
    measure::Sampled sampled;
    std::optional<double> value = {};
  };
  static measure::SurveyEstimate estimated(const std::vector<Answered>& all) {
    std::vector<measure::Sampled> sample;
    std::vector<uint32_t> domain;
    std::vector<double> values;
    for (const auto& one : all) {
      if (one.value) {
        domain.push_back(static_cast<uint32_t>(sample.size()));
        values.push_back(*one.value);
      }
      sample.push_back(one.sampled);
    }
    return measure::Survey::make(sample).value().rate(domain, values);
  }
  query::Observation only(const query::ObservationQuery& query) {
    const auto found = ask(query);
    EXPECT_TRUE(found) << found.error().text;
    EXPECT_EQ(found->rows.size(), 1u);
    return found && !found->rows.empty() ? found->rows[0] : query::Observation{};
  }
  static void expect_same(const measure::SurveyEstimate& a, const measure::SurveyEstimate& b) {
    EXPECT_DOUBLE_EQ(a.estimate, b.estimate);
    EXPECT_DOUBLE_EQ(a.standard_error, b.standard_error);
    EXPECT_DOUBLE_EQ(a.interval_low, b.interval_low);
    EXPECT_DOUBLE_EQ(a.interval_high, b.interval_high);
    EXPECT_DOUBLE_EQ(a.n_eff, b.n_eff);
    EXPECT_EQ(a.n, b.n);
    EXPECT_EQ(a.lonely_strata, b.lonely_strata);
  }

  const std::vector<Person> wave_{{"2023", "510104017001", "a", "1", "10", "700"},
                                  {"2023", "510104017001", "a", "1", "20", "699"},
                                  {"2023", "510104017002", "a", "2", "10", "850"},
                                  {"2023", "510104020001", "b", "3", "15", "300", "40", "youth"},
                                  {"2023", "510104020001", "b", "3", "15", "900", "17"}, // too young
                                  {"2023", "510104020", "b", "4", "25", "710", "69", "youth"},
                                  {"2023", "510104020", "b", "5", "25", "", "50"}}; // did not finish
};

TEST_F(Surveys, ARateIsEstimatedWithTheDesignOfTheWholeSample) {
  put("bureau", "waves", rows(wave_));
  EXPECT_EQ(answer(of("waves.rate", Freq::year)), "2023 = 56.25\n"); // 45 of 80 tenths of a weight
  const auto found = only(of("waves.rate", Freq::year));
  EXPECT_EQ(found.n, 5u);
  ASSERT_TRUE(found.survey);
  // Who is too young, or did not finish, is a row of its cluster all the same.
  expect_same(*found.survey, estimated({{{1, 1, 1}, 1.0},
                                        {{2, 1, 1}, 0.0},
                                        {{1, 1, 2}, 1.0},
                                        {{1.5, 2, 3}, 0.0},
                                        {{1.5, 2, 3}},
                                        {{2.5, 2, 4}, 1.0},
                                        {{2.5, 2, 5}}}));
  EXPECT_EQ(answer(of("waves.rate", Freq::month)), "");
}

TEST_F(Surveys, AreasAndGroupsAreDomainsOfTheWholeSample) {
  put("bureau", "waves", rows(wave_));
  EXPECT_EQ(answer(of("waves.rate", Freq::year, {"subdistrict"})), "2023 510104017 = 50\n2023 510104020 = 62.5\n");
  EXPECT_EQ(answer(of("waves.rate", Freq::year, {"group"})), "2023 - = 50\n2023 youth = 62.5\n");
  auto query = of("waves.rate", Freq::year);
  query.area = "510104020";
  const auto found = only(query);
  ASSERT_TRUE(found.survey);
  expect_same(*found.survey, estimated({{{1, 1, 1}},
                                        {{2, 1, 1}},
                                        {{1, 1, 2}},
                                        {{1.5, 2, 3}, 0.0},
                                        {{1.5, 2, 3}},
                                        {{2.5, 2, 4}, 1.0},
                                        {{2.5, 2, 5}}}));
}

TEST_F(Surveys, AFinitePopulationMakesAnEstimateSurer) {
  auto sent = rows(wave_);
  put("bureau", "waves", sent);
  const auto without = only(of("waves.rate", Freq::year));
  for (auto& [key, row] : sent)
    row["clusters"] = row.at("stratum") == "a" ? "4" : "6";
  put("bureau", "waves", sent);
  const auto with = only(of("waves.rate", Freq::year));
  EXPECT_EQ(with.value, without.value);
  EXPECT_NEAR(with.survey->standard_error, without.survey->standard_error * std::sqrt(0.5), 1e-9); // half was drawn
}

TEST_F(Surveys, TheFirstFigureOfAnotherEpochIsFlaggedWhereverTheQuestionBegins) {
  std::vector<Person> people;
  for (const auto* wave : {"2016", "2018", "2020"}) {
    for (const auto* score : {"650", "650", "750", "100"})
      people.push_back({wave, "510104017", "", "", "10", score});
  }
  people.push_back({"2020", "510104020", "", "", "10", "750"}); // of an area without an earlier figure
  put("bureau", "waves", rows(people));
  const auto breaks = [&](query::ObservationQuery query) {
    const auto found = ask(query);
    std::string out = shown(*found);
    for (const auto& row : found->rows)
      out += row.is_break ? "!" : ".";
    return out;
  };
  auto query = of("waves.rate", Freq::year);
  EXPECT_EQ(breaks(query), "2016 = 75\n2018 = 25\n2020 = 40\n.!.");
  query.from = model::parse_period("2018").value();
  EXPECT_EQ(breaks(query), "2018 = 25\n2020 = 40\n!.");
  query.by = {"subdistrict"};
  query.from = {};
  EXPECT_EQ(breaks(query), "2016 510104017 = 75\n2018 510104017 = 25\n2020 510104017 = 25\n2020 510104020 = 100\n.!..");
}

TEST_F(Surveys, WhatComesBeforeTheFirstEpochDoesNotCountAndWhatMixesTwoHasNoValue) {
  put("bureau", "interviews",
      rows({{"2014-06-01", "510104017", "", "", "10", "990"},
            {"2017-12-31", "510104017", "", "", "10", "650"},
            {"2018-01-01", "510104017", "", "", "10", "650"}},
           "day"));
  EXPECT_EQ(answer(of("interviews.rate", Freq::month)), "2017-12 = 100\n2018-01 = 0\n");
  auto query = of("interviews.rate", Freq::week); // 2018 begins on a Monday
  EXPECT_EQ(answer(query), "2017-W52 = 100\n2018-W01 = 0\n");
  load([] {
    auto catalog = with_surveys();
    for (auto& one : catalog->indicators)
      if (!one.epochs.empty()) one.epochs[1].from = test::day("2017-12-31");
    for (auto& one : catalog->indicators)
      if (!one.epochs.empty()) one.epochs[0].from = test::day("2014-01-01");
    return catalog;
  }());
  put("bureau", "interviews", {{"9", {{"day", "2017-12-30"}, {"weight", "10"}, {"age", "30"}, {"score", "650"}}}});
  const auto mixed = ask(of("interviews.rate", Freq::month));
  ASSERT_TRUE(mixed);
  EXPECT_EQ(shown(*mixed), "2014-06 = 100\n2017-12 = ?\n2018-01 = 0\n");
  EXPECT_TRUE(mixed->rows[1].is_break);
  EXPECT_TRUE(mixed->rows[2].is_break);
}

TEST_F(Surveys, TwoWavesOfAYearAreSamplesOfTheirOwn) {
  const std::vector<Person> both{{"2023-S1", "510104017", "a", "1", "10", "700"},
                                 {"2023-S1", "510104017", "a", "2", "10", "100"},
                                 {"2023-S2", "510104017", "a", "1", "10", "700"},
                                 {"2023-S2", "510104017", "a", "2", "10", "700"}};
  put("bureau", "waves", rows(both));
  EXPECT_EQ(answer(of("waves.rate", Freq::half)), "2023-S1 = 50\n2023-S2 = 100\n");
  const auto year = only(of("waves.rate", Freq::year));
  ASSERT_TRUE(year.survey);
  expect_same(*year.survey, estimated({{{1, 1, 1}, 1.0}, {{1, 1, 2}, 0.0}, {{1, 2, 1}, 1.0}, {{1, 2, 2}, 1.0}}));
}

TEST_F(Surveys, SamplesOfTwoSourcesAreNeverPooled) {
  const std::vector<Person> half{{"2023", "510104017", "", "", "10", "700"}, {"2023", "510104017", "", "", "10", "1"}};
  const std::vector<Person> all{{"2023", "510104017", "", "", "10", "700"}, {"2023", "510104017", "", "", "10", "900"}};
  put("institute", "waves", rows(half));
  EXPECT_EQ(answer(of("waves.rate", Freq::year)), "2023 = 50\n");
  put("bureau", "waves", rows(all));
  put("other", "waves", rows(half));
  EXPECT_EQ(answer(of("waves.rate", Freq::year)), "2023 = ? differing=1\n");
  EXPECT_EQ(answer(of("waves.rate", Freq::year, {"source"})),
            "2023 bureau = 100\n2023 institute = 50\n2023 other = 50\n");
  auto query = of("waves.rate", Freq::year);
  query.source = "institute";
  EXPECT_EQ(answer(query), "2023 = 50\n");
  EXPECT_EQ(answer(of("waves.rate.preferred", Freq::year)), "2023 = 100\n");
  EXPECT_EQ(explanation("waves.rate", "2023"), "left out 6\n");
  EXPECT_EQ(explanation("waves.rate.preferred", "2023"),
            "2023 bureau (bureau 100, institute 50, differ)\nbureau 2, left out 4\n");
  EXPECT_EQ(explanation("waves.rate", "2023", "other"), "other 2, left out 0\n");
}

TEST_F(Surveys, ACorrectionMovesTheRateAndThePastStays) {
  put("bureau", "waves", rows(wave_));
  clock_.advance(std::chrono::hours{1});
  const auto before = clock_.now();
  clock_.advance(std::chrono::hours{1});
  put("bureau", "waves", {{"100", {{"wave", "2023"}, {"weight", "10"}, {"age", "40"}, {"score", "100"}}}}, {"105"});
  EXPECT_EQ(answer(of("waves.rate", Freq::year)), "2023 = 18.1818\n");
  EXPECT_EQ(answer(of("waves.rate", Freq::year), before), "2023 = 56.25\n");
  auto query = of("waves.rate", Freq::year);
  query.from = query.to = model::parse_period("2023").value();
  auto reader = readers_->open().value();
  const auto moment = reader->begin().value();
  const query::MomentEnd end(*reader);
  const auto history = query::history_within(*reader, moment, query);
  ASSERT_TRUE(history) << history.error().text;
  ASSERT_EQ(history->states.size(), 2u);
  EXPECT_EQ(history->states[0].value, 181818);
  EXPECT_EQ(history->states[1].value, 562500);
  const auto verified = store::verify(file(), zone_);
  ASSERT_TRUE(verified) << verified.error().text;
  EXPECT_EQ(*verified, std::vector<std::string>{});
}

TEST_F(Surveys, WhoIsNotCountedChangesHowSureAFigureIs) {
  put("bureau", "waves", rows(wave_));
  const auto state = [&] {
    auto reader = readers_->open().value();
    (void)reader->begin();
    const query::MomentEnd end(*reader);
    return query::last_change(*reader, *reader->catalog(), "waves.rate").value().seq;
  };
  const auto before = state();
  const auto error = only(of("waves.rate", Freq::year)).survey->standard_error;
  put("bureau", "waves", {}, {"106"}); // who did not finish, alone in a cluster
  EXPECT_NE(only(of("waves.rate", Freq::year)).survey->standard_error, error);
  EXPECT_GT(state(), before);
  const auto verified = store::verify(file(), zone_);
  ASSERT_TRUE(verified) << verified.error().text;
  EXPECT_EQ(*verified, std::vector<std::string>{});
}

TEST_F(Surveys, TheOrderInWhichRowsCameDoesNotChangeABit) {
  std::vector<Person> people;
  for (int i = 0; i < 40; ++i)
    people.push_back(
        {"2023", "510104017", i % 2 ? "a" : "b", i % 3 ? "1" : "2", i % 7 ? "13" : "7", i % 5 ? "1" : "900"});
  auto sent = rows(people);
  put("bureau", "waves", sent);
  const auto at_once = only(of("waves.rate", Freq::year));
  put("bureau", "waves", {}, {"100", "117", "139"});
  put("bureau", "waves", {{"139", sent.at("139")}});
  put("bureau", "waves", {{"117", sent.at("117")}});
  put("bureau", "waves", {{"100", sent.at("100")}});
  const auto bit_by_bit = only(of("waves.rate", Freq::year));
  EXPECT_EQ(at_once.survey->standard_error, bit_by_bit.survey->standard_error);
  EXPECT_EQ(at_once.survey->interval_high, bit_by_bit.survey->interval_high);
}

TEST_F(Surveys, NobodyWithAWeightHasNoRate) {
  put("bureau", "waves", rows({{"2023", "510104017", "", "", "0", "900"}}));
  const auto found = only(of("waves.rate", Freq::year));
  EXPECT_FALSE(found.is_known);
  EXPECT_FALSE(found.survey);
  EXPECT_EQ(found.n, 1u);
}

TEST_F(Surveys, RatesAreNotAdded) {
  put("bureau", "waves", rows(wave_));
  auto query = of("waves.rate", Freq::year);
  query.added = {"waves.rate.preferred"};
  EXPECT_EQ(answer(query), "not_additive");
}

} // namespace
