#include "hub.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace kepu::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
namespace json = boost::json;

// A plan of an imaginary library, over the sample facts: three visits to venues in 2025, one in a year of its own.
class PlansOverHttp : public ::testing::Test {
protected:
  PlansOverHttp() {
    auto catalog = std::make_shared<model::Catalog>(*kepu::test::sample_catalog());
    model::Indicator halls;
    halls.id = "venues.visited";
    halls.name = {"有人到访的场馆", "Venues with visits"};
    halls.unit = "percent";
    halls.measure = model::Measure::share;
    halls.entries = "venues";
    halls.rules = {{"venue.visits", "1", {}}};
    catalog->units.push_back({"percent", {"%", "percent"}, "percent"});
    catalog->indicators.push_back(halls);
    catalog->departments = model::Departments(
        {{"library", {"图书馆", "Library"}, {"馆"}, ""}, {"school", {"学校", "School"}, {}, "510104017"}},
        {{"all", {"各单位", "All"}, {}, {"library", "school"}, false, true}});
    model::Plan plan;
    plan.id = "reading";
    plan.name = {"读书计划", "Reading plan"};
    plan.from = model::day_of(2024, 1, 1);
    plan.to = model::day_of(2025, 12, 31);
    plan.area = "510104";
    plan.groups = {{"children", {"儿童", "Children"}}};
    plan.sections = {{"a", model::SectionKind::action, {"行动", "Action"}, "children"}};
    plan.clauses = {{"1", "a", {"到馆", "Visits"}, "每年 8 次，全部场馆。", {"library"}, {"all"}},
                    {"2", "a", {"宣传", "Tell"}, "广泛宣传。", {"school"}, {}}};
    model::Target visits;
    visits.id = "1.visits";
    visits.clause = "1";
    visits.quote = "每年 8 次";
    visits.name = {"到馆", "=Visits"};
    visits.indicators = {"venue.visits"};
    visits.floor = "8";
    visits.stretch = "1000";
    visits.unit = "person_times";
    visits.due = plan.to;
    visits.lead = {"library"};
    visits.responsible = {"all"};
    visits.group = "children";
    model::Target all = visits;
    all.id = "1.halls";
    all.quote = "全部场馆";
    all.indicators = {"venues.visited"};
    all.kind = model::TargetKind::coverage;
    all.floor = "100";
    all.stretch.reset();
    all.unit = "percent";
    model::Target silent = visits;
    silent.id = "1.silent";
    silent.indicators = {"plain.count"};
    silent.kind = model::TargetKind::cumulative;
    plan.targets = {visits, all, silent};
    catalog->plans = {plan};
    model::Return quarterly{"visits", {"到馆季报", "Visits"},          "passages", "library",
                            "gates",  *model::parse_period("2024-Q3"), {},         15};
    model::Return yearly{"tell", {"宣传年报", "Telling"},      "passages", "school",
                         "",     *model::parse_period("2024"), {},         30};
    catalog->returns = {quarterly, yearly};
    hub.store.arrivals = {{model::day_of(2024, 8, 1), {2, hub.zone.start_of(model::day_of(2024, 10, 15))}},
                          {model::day_of(2024, 11, 1), {3, hub.zone.start_of(model::day_of(2025, 1, 16))}}};
    hub.store.catalog = catalog;
  }
  json::array rows(const std::string& target) { return hub.get_json(target).at("data").as_array(); }
  static std::string text(const json::value& row, std::string_view key) {
    const auto& value = row.as_object().at(key);
    return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
  }

  test::Hub hub;
};

TEST_F(PlansOverHttp, ATargetTellsItsProgressInOneFlatRow) {
  const auto all = rows("/api/v1/targets");
  ASSERT_EQ(all.size(), 3u);
  const auto& visits = all[0];
  EXPECT_EQ(text(visits, "target"), "1.visits");
  EXPECT_EQ(text(visits, "period"), "2025");
  EXPECT_EQ(text(visits, "value"), "4");
  EXPECT_EQ(text(visits, "unit"), "人次");
  EXPECT_EQ(text(visits, "comparator"), ">=");
  EXPECT_EQ(text(visits, "floor"), "8");
  EXPECT_EQ(text(visits, "reached"), "5E-1");
  EXPECT_EQ(text(visits, "status"), "on_track"); // half of it on day 65 of 365
  EXPECT_EQ(text(visits, "stretch_status"), "far_behind");
  EXPECT_EQ(text(visits, "lead"), "图书馆");
  EXPECT_EQ(text(visits, "responsible"), "各单位");
  EXPECT_EQ(text(visits, "recorded_at"), "2025-03-05T09:30:00+08:00");
  EXPECT_EQ(text(visits, "formula"), "annual/1");
}

TEST_F(PlansOverHttp, NoDataIsNullAndNotZero) {
  const auto silent = rows("/api/v1/targets")[2];
  EXPECT_EQ(text(silent, "status"), "no_data");
  EXPECT_TRUE(silent.at("value").is_null());
  EXPECT_TRUE(silent.at("reached").is_null());
  EXPECT_EQ(text(silent, "floor"), "8");
}

TEST_F(PlansOverHttp, TargetsAreChosenByDepartmentClauseGroupAndStatus) {
  const auto count = [&](const std::string& question) { return rows("/api/v1/targets?" + question).size(); };
  EXPECT_EQ(count("plan=reading"), 3u);
  EXPECT_EQ(count("clause=2"), 0u);
  EXPECT_EQ(count("department=school"), 3u);
  EXPECT_EQ(count("department=%E5%AD%A6%E6%A0%A1&role=lead"), 0u);
  EXPECT_EQ(count("department=%E9%A6%86&role=lead"), 3u); // by alias
  EXPECT_EQ(count("group=children"), 3u);
  EXPECT_EQ(count("indicator=venue.visits"), 1u);
  EXPECT_EQ(count("status=no_data"), 1u);
}

TEST_F(PlansOverHttp, AWordThatNoPlanHasIsRefusedWithTheNearest) {
  const struct {
    const char* question;
    int status;
    const char* detail;
  } cases[] = {
      {"targets?plan=readin", 422, "did you mean \\\"reading\\\"?"},
      {"targets?clause=9", 422, "no plan has a clause"},
      {"targets?group=kids", 422, "no plan has a group"},
      {"targets?status=good", 422, "status"},
      {"targets?department=schol", 404, "did you mean \\\"school\\\"?"},
      {"targets?department=all", 404, "stands for several departments"},
      {"targets?indicator=x", 404, "no indicator"},
      {"targets?clauses=1", 422, "did you mean \\\"clause\\\"?"},
      {"targets/1.visit", 404, "did you mean \\\"1.visits\\\"?"},
      {"departments/schol", 404, "did you mean \\\"school\\\"?"},
      {"targets?as_of=2999-01-01", 422, "lies ahead"},
  };
  for (const auto& one : cases) {
    const auto response = hub.get(std::string("/api/v1/") + one.question);
    EXPECT_EQ(response.status, one.status) << one.question;
    EXPECT_THAT(*response.body, HasSubstr(one.detail));
  }
}

TEST_F(PlansOverHttp, OneTargetTellsItsClauseItsYearsAndWhoDoesIt) {
  const auto data = hub.get_json("/api/v1/targets/1.visits?lang=en").at("data").as_object();
  EXPECT_EQ(data.at("quote").as_string(), "每年 8 次");
  EXPECT_EQ(data.at("clause").at("text").as_string(), "每年 8 次，全部场馆。");
  EXPECT_EQ(data.at("section").as_string(), "Action");
  const auto& years = data.at("years").as_array();
  ASSERT_EQ(years.size(), 2u);
  EXPECT_EQ(years[0].at("from").as_string(), "2024");
  EXPECT_TRUE(years[0].at("closed").as_bool());
  EXPECT_EQ(years[0].at("floor").at("status").as_string(), "no_data");
  EXPECT_FALSE(years[1].at("closed").as_bool());
  const auto& input = data.at("inputs").as_array().at(0);
  EXPECT_EQ(input.at("explain").as_string(), "/api/v1/explain?indicator=venue.visits&period=2025");
  EXPECT_EQ(hub.get(std::string(input.at("explain").as_string())).status, 200);
  EXPECT_EQ(hub.get(std::string(input.at("observations").as_string())).status, 200);
  const auto& responsible = data.at("responsible").as_array();
  ASSERT_EQ(responsible.size(), 1u); // the lead is not responsible too
  EXPECT_EQ(responsible[0].at("code").as_string(), "school");
  EXPECT_EQ(responsible[0].at("through").as_string(), "all");
  EXPECT_TRUE(responsible[0].at("provisional").as_bool());
}

TEST_F(PlansOverHttp, ACoverageListsTheEntriesThatAreMissing) {
  const auto input = hub.get_json("/api/v1/targets/1.halls").at("data").at("inputs").as_array().at(0);
  EXPECT_EQ(input.at("counted").to_number<int>(), 3);
  EXPECT_EQ(input.at("entries").to_number<int>(), 4);
  const auto& missing = input.at("missing").as_array();
  ASSERT_EQ(missing.size(), 1u);
  EXPECT_EQ(missing[0].at("code").as_string(), "V04");
  EXPECT_EQ(missing[0].at("name").as_string(), "流动科普车");
  EXPECT_EQ(input.at("missing_entries").to_number<int>(), 1);
}

TEST_F(PlansOverHttp, ATaskSheetHasEveryClauseOfTheDepartment) {
  const auto school = rows("/api/v1/departments/school");
  ASSERT_EQ(school.size(), 4u);
  EXPECT_EQ(text(school[0], "role"), "lead");
  EXPECT_EQ(text(school[0], "clause"), "2");
  EXPECT_EQ(text(school[0], "text"), "广泛宣传。");
  EXPECT_TRUE(school[0].at("target").is_null());
  EXPECT_EQ(text(school[1], "role"), "responsible");
  EXPECT_EQ(text(school[1], "through"), "all");
  EXPECT_EQ(text(school[1], "through_name"), "各单位");
  EXPECT_EQ(text(school[1], "provisional"), "true");
  EXPECT_EQ(text(school[1], "text"), "每年 8 次");
}

TEST_F(PlansOverHttp, DepartmentsAndPlansCountWhatIsReached) {
  const auto library = rows("/api/v1/departments?lang=en")[0];
  EXPECT_EQ(text(library, "name"), "Library");
  EXPECT_EQ(text(library, "lead_clauses"), "1");
  EXPECT_EQ(text(library, "lead_targets"), "3");
  EXPECT_EQ(text(library, "responsible_targets"), "0");
  EXPECT_EQ(text(library, "on_track"), "2");
  EXPECT_EQ(text(library, "unknown"), "1");
  const auto plan = rows("/api/v1/plans")[0];
  EXPECT_EQ(text(plan, "plan"), "reading");
  EXPECT_EQ(text(plan, "targets"), "3");
  EXPECT_EQ(text(plan, "unknown"), "1");
}

TEST_F(PlansOverHttp, TheBoardOfAnEarlierDayLeavesOutWhatCameLater) {
  const auto early = rows("/api/v1/targets?on=2025-01-31")[0]; // two of the visits were in January
  EXPECT_EQ(text(early, "value"), "2");
  EXPECT_EQ(text(early, "status"), "on_track"); // a quarter of it on day 31
  const auto before = rows("/api/v1/targets?on=2024-12-31")[0];
  EXPECT_EQ(text(before, "period"), "2024");
  EXPECT_EQ(text(before, "status"), "no_data");
  EXPECT_EQ(text(rows("/api/v1/targets?on=2023-12-31")[0], "status"), "not_begun");
  const auto input = hub.get_json("/api/v1/targets/1.visits?on=2025-01-31").at("data").at("inputs").as_array().at(0);
  EXPECT_EQ(text(hub.get_json(std::string(input.at("observations").as_string())).at("data").as_array().at(0), "value"),
            "2");
  EXPECT_EQ(input.at("explain").as_string(), "/api/v1/explain?indicator=venue.visits&period=2025&on=2025-01-31");
  EXPECT_EQ(text(hub.get_json(std::string(input.at("explain").as_string())), "value"), "2");
  EXPECT_EQ(hub.get("/api/v1/history?indicator=venue.visits&period=2025&on=2025-01-31").status, 422);
  EXPECT_EQ(hub.get("/api/v1/targets?on=2025-03-07").status, 422);
  EXPECT_EQ(hub.get("/api/v1/targets?on=yesterday").status, 422);
  EXPECT_FALSE(hub.get("/api/v1/targets?on=2025-01-31").until);
}

TEST_F(PlansOverHttp, EveryReturnThatIsOwedIsToldOnce) {
  const auto all = rows("/api/v1/completeness");
  ASSERT_EQ(all.size(), 5u);
  const char* expected[][3] = {{"2024-Q3", "2024-10-15", "on_time"},
                               {"2024-Q4", "2025-01-15", "late"},
                               {"2025-Q1", "2025-04-15", "not_yet_due"},
                               {"2024", "2025-01-30", "on_time"},
                               {"2025", "2026-01-30", "not_yet_due"}};
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(text(all[i], "period"), expected[i][0]);
    EXPECT_EQ(text(all[i], "due"), expected[i][1]);
    EXPECT_EQ(text(all[i], "status"), expected[i][2]) << expected[i][0];
  }
  EXPECT_EQ(text(all[0], "department_name"), "图书馆");
  EXPECT_EQ(text(all[0], "arrived_at"), "2024-10-15T00:00:00+08:00");
  hub.store.arrivals.clear();
  EXPECT_EQ(text(rows("/api/v1/completeness?department=library")[1], "status"), "missing");
}

TEST_F(PlansOverHttp, ReturnsAreCountedByDepartmentAndSource) {
  const auto all = rows("/api/v1/completeness?by=department,source");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(json::serialize(all[0]),
            R"({"department":"library","source":"gates","owed":3,"on_time":1,"late":1,"missing":0,"not_yet_due":1})");
  EXPECT_EQ(json::serialize(all[1]),
            R"({"department":"school","source":null,"owed":2,"on_time":1,"late":0,"missing":0,"not_yet_due":1})");
  EXPECT_EQ(rows("/api/v1/completeness?status=late").size(), 1u);
  EXPECT_EQ(hub.get("/api/v1/completeness?dataset=passage").status, 422);
  EXPECT_EQ(hub.get("/api/v1/completeness?by=period").status, 422);
  EXPECT_EQ(hub.get("/api/v1/completeness?department=nobody").status, 404);
}

TEST_F(PlansOverHttp, CsvHasTheSameRowsAndIsHarmlessInASpreadsheet) {
  const auto plain = hub.get("/api/v1/targets?format=csv&lang=en");
  EXPECT_THAT(*plain.body, StartsWith("plan,clause,target,name,"));
  EXPECT_THAT(*plain.body, HasSubstr("\nreading,1,1.visits,=Visits,annual,"));
  EXPECT_THAT(*hub.get("/api/v1/targets?format=csv&for=excel&lang=en").body, HasSubstr("'=Visits"));
  EXPECT_THAT(*hub.get("/api/v1/targets/1.visits?format=csv").body,
              HasSubstr("\n1.visits,到馆,venue.visits,2024,2024,,>=,8,no_data"));
  for (const char* path : {"departments", "departments/school", "plans"})
    EXPECT_EQ(hub.get(std::string("/api/v1/") + path + "?format=csv").status, 200) << path;
}

TEST_F(PlansOverHttp, ANoticeIsBorneByEveryForm) {
  const model::Label notice{"样例数据", "Sample data"};
  hub.notice = &notice;
  EXPECT_EQ(hub.get_json("/api/v1/targets").at("meta").at("notice").as_string(), "样例数据");
  EXPECT_EQ(hub.get_json("/api/v1/targets?lang=en").at("meta").at("notice").as_string(), "Sample data");
  EXPECT_EQ(hub.get_json("/api/v1/observations?indicator=venue.visits").at("meta").at("notice").as_string(),
            "样例数据");
  EXPECT_EQ(test::header(hub.get("/api/v1/targets?format=csv"), "kepu-notice"), "%E6%A0%B7%E4%BE%8B%E6%95%B0%E6%8D%AE");
  EXPECT_THAT(*hub.get("/").body, HasSubstr("样例数据"));
  EXPECT_EQ(hub.get_json("/api/v1/indicators").at("meta").at("notice").as_string(), "样例数据");
  EXPECT_THAT(test::header(hub.get("/api/v1/targets?format=csv&for=excel"), "content-disposition"),
              HasSubstr("filename*=UTF-8''%E6%A0%B7%E4%BE%8B%E6%95%B0%E6%8D%AE%20kepu.csv"));
}

TEST_F(PlansOverHttp, AnAnswerHoldsForTheHubsDay) {
  const auto first = hub.get("/api/v1/targets");
  EXPECT_TRUE(first.until);
  auto again = hub.request("/api/v1/targets");
  again.if_none_match = test::header(first, "etag");
  EXPECT_EQ(hub.ask(again).status, 304);
}

TEST_F(PlansOverHttp, ACatalogWithoutPlansHasNoTargets) {
  hub.store.catalog = kepu::test::sample_catalog();
  EXPECT_TRUE(rows("/api/v1/targets").empty());
  EXPECT_TRUE(rows("/api/v1/plans").empty());
  EXPECT_TRUE(rows("/api/v1/departments").empty());
}

} // namespace
} // namespace kepu::http
