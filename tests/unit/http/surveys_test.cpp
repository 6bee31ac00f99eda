#include "hub.hpp"

#include <gtest/gtest.h>

namespace kepu::http::test {
namespace {

const std::string rate = "/api/v1/observations?indicator=literacy.rate&freq=A";

// 2016: 30 of 50 reach the cut; 2020, of another epoch: 5 of 50; 2023: one respondent alone.
class SurveyHub : public Hub {
public:
  SurveyHub() {
    auto catalog = std::make_shared<model::Catalog>(*store.catalog);
    catalog->units.push_back({"percent", {"%", "percent"}, "percent"});
    model::Dataset survey;
    survey.contract.id = "survey";
    survey.contract.fields = {{"id", KEPU_TEXT, 0, KEPU_ROLE_KEY, "", "", true},
                              {"day", KEPU_DATE, 0, KEPU_ROLE_TIME, "", "", true},
                              {"score", KEPU_DECIMAL, 1, KEPU_ROLE_MEASURE, "", "", false}};
    catalog->datasets.push_back(survey);
    model::Indicator indicator;
    indicator.id = "literacy.rate";
    indicator.unit = "percent";
    indicator.dataset = "survey";
    indicator.measure = model::Measure::survey_rate;
    indicator.field = "score";
    indicator.epochs = {{model::day_of(2016, 1, 1), 60, {}}, {model::day_of(2018, 1, 1), 70.5, {}}};
    catalog->indicators.push_back(indicator);
    store.catalog = catalog;
    store.counted.clear(); // they are of another dataset
    uint32_t number = 0;
    const auto add = [&](int year, int respondents, int reach) {
      for (int i = 0; i < respondents; ++i)
        store.facts.push_back(
            {"literacy.rate", "bureau", {}, model::day_of(year, 6, 1), i < reach ? 1 : 0, ++number, 0});
    };
    add(2016, 50, 30);
    add(2020, 50, 5);
    add(2023, 1, 1);
  }
};

TEST(HttpSurveys, AnEstimateIsToldWithHowSureItIs) {
  SurveyHub hub;
  const auto body = *hub.get(rate + "&format=csv&columns=n,interval_low,interval_high,standard_error,n_eff,"
                                    "design_effect,lonely_strata,uncorrected_strata,flags")
                         .body;
  EXPECT_EQ(body, "indicator,period,value,n,flags,interval_low,interval_high,standard_error,n_eff,design_effect,"
                  "lonely_strata,uncorrected_strata\r\n"
                  // 60 -+ 2.0096 * sqrt(0.24 / 49)
                  "literacy.rate,2016,60.0000,50,,45.9359,74.0641,6.9985,50.0000,1.0000,0,0\r\n"
                  // near the edge: Wilson
                  "literacy.rate,2020,10.0000,50,break,4.2603,21.7182,4.2857,50.0000,1.0000,0,0\r\n"
                  // one respondent says nothing of others
                  "literacy.rate,2023,100.0000,1,,,,,,,1,0\r\n");
}

TEST(HttpSurveys, OtherFiguresHaveNoInterval) {
  SurveyHub hub;
  const auto body = hub.get_json("/api/v1/observations?indicator=venue.visits&to=2025-01&columns=interval_low,n_eff");
  const auto& row = body.at("data").as_array().front().as_object();
  EXPECT_TRUE(row.at("interval_low").is_null());
  EXPECT_TRUE(row.at("n_eff").is_null());
}

TEST(HttpSurveys, RatesAreNotAdded) {
  SurveyHub hub;
  const auto response = hub.get(rate + ",literacy.rate&combine=sum");
  EXPECT_EQ(response.status, 422);
}

TEST(HttpSurveys, TheRuleNamesTheCutOfEachEpoch) {
  SurveyHub hub;
  const auto body = hub.get_json("/api/v1/explain?indicator=literacy.rate&period=2020");
  const auto& rule = body.at("rule").as_object();
  EXPECT_EQ(rule.at("measure").as_string(), "survey_rate");
  EXPECT_EQ(rule.at("words").at("en").as_string(),
            "the weighted percentage of those whose score reaches the cut (60 from 2016-01-01 on, 70.5 from 2018-01-01 "
            "on), estimated with the survey's weights, strata and clusters, in the rows of survey (survey, version 1)");
  EXPECT_EQ(body.at("survey").at("n_eff").to_number<double>(), 50);
  EXPECT_EQ(body.at("survey").at("degrees_of_freedom").to_number<int>(), 49);
}

} // namespace
} // namespace kepu::http::test
