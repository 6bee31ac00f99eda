#include "hub.hpp"

#include <gtest/gtest.h>

namespace kepu::http::test {
namespace {

const std::string figure = "indicator=venue.income&period=2025-03";

TEST(History, TellsValuesNewestFirstWithWhyTheyCame) {
  Hub hub;
  const auto body = hub.get_json("/api/v1/history?" + figure + "&venue=V01&lang=en");
  const auto& meta = body.at("meta").as_object();
  EXPECT_EQ(meta.at("indicator").as_string(), "venue.income");
  EXPECT_EQ(meta.at("freq").as_string(), "M");
  EXPECT_EQ(meta.at("period_end").as_string(), "2025-03-31");
  EXPECT_EQ(meta.at("filters").at("venue").as_string(), "V01");
  EXPECT_TRUE(meta.at("as_of").is_null());
  EXPECT_FALSE(meta.contains("as_of_label"));
  const auto& rows = body.at("data").as_array();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(
      json::serialize(rows[0]),
      R"({"value":1.5E0,"n":3,"unit":"yuan","since":"2025-03-05T09:30:00+08:00","commit":7,"until":null,)"
      R"("kind":"part","source":"hand","run":5,"connector":null,"version":null,"inserted":1,"replaced":0,)"
      R"("deleted":0,"out_of_scope":0,"withdrawn":0,"approximate":0,"repaired":0,"provisional":0,"definition":1,"label":null})");
  EXPECT_EQ(rows[1].at("label").as_string(), "2025 年报; =draft");
  EXPECT_EQ(rows[1].at("until").as_string(), "2025-03-05T09:30:00+08:00");
  EXPECT_TRUE(rows[2].at("value").is_null()) << "there was none";
  EXPECT_EQ(rows[2].at("kind").as_string(), "catalog");
}

TEST(History, IsPagedWithoutSkipsAndDoubles) {
  Hub hub;
  std::string target = "/api/v1/history?" + figure + "&limit=1";
  std::vector<int64_t> commits;
  while (!target.empty()) {
    const auto body = hub.get_json(target);
    for (const auto& row : body.at("data").as_array())
      commits.push_back(row.at("commit").as_int64());
    target = body.at("next").is_null() ? "" : std::string(body.at("next").as_string());
  }
  EXPECT_EQ(commits, (std::vector<int64_t>{7, 6, 1}));
}

TEST(History, AsCsvForExcelNeutralisesLabels) {
  Hub hub;
  hub.store.states[1].commit.labels = {"=draft"};
  const auto body = *hub.get("/api/v1/history?" + figure + "&format=csv&for=excel").body;
  EXPECT_NE(body.find("value,n,unit,since,commit,until,kind,source,run,connector,version,inserted,replaced,deleted,"
                      "out_of_scope,withdrawn,approximate,repaired,provisional,definition,label\r\n"),
            std::string::npos);
  EXPECT_NE(body.find(",1,'=draft\r\n"), std::string::npos);
}

TEST(History, ThatCannotBeHeldNamesThePeriod) {
  Hub hub;
  hub.store.history_fails = fail("range_too_wide", "too many were corrected");
  const auto response = hub.get("/api/v1/history?" + figure);
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(json::parse(*response.body).at("parameter").as_string(), "period");
}

TEST(Explain, TellsTheRuleTheRunsAndTheFacts) {
  Hub hub;
  hub.store.facts.push_back(
      {"venue.income", "gates", {"V01", "510104017001", ""}, model::day_of(2025, 3, 4), -15, 0, KEPU_REPAIRED});
  const auto body = hub.get_json("/api/v1/explain?" + figure);
  EXPECT_EQ(json::serialize(body.at("value")), "-1.5E-1");
  EXPECT_EQ(body.at("n").as_int64(), 1);
  EXPECT_EQ(body.at("repaired").as_int64(), 1);
  const auto& rule = body.at("rule").as_object();
  EXPECT_EQ(rule.at("measure").as_string(), "sum");
  EXPECT_EQ(rule.at("words").at("en").as_string(), "the sum of paid over the rows of Passages (passages, version 1)");
  EXPECT_EQ(rule.at("dataset_version").as_int64(), 1);
  EXPECT_EQ(rule.at("commit").as_int64(), 7);
  const auto& facts = body.at("facts").as_object();
  EXPECT_EQ(facts.at("counted").as_int64(), 3);
  EXPECT_EQ(facts.at("by").as_array()[0].at("connector").as_string(), "csv-files");
  const auto& rows = body.at("data").as_array();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(json::serialize(rows[2]),
            R"({"fact":30,"key":"=e3","time":"2025-03-05T09:30:00+08:00","dim.venue":"V01","dim.area":"510104017001",)"
            R"("dim.gate":null,"cell.event_id":"=e3","cell.venue":"科技馆","cell.gate":null,)"
            R"("cell.ts":"2025-03-05T09:30:00+08:00","cell.card":"person","cell.paid":-5E-2,)"
            R"("flags":"venue: repaired, paid: approximate","source":"gates","input":"a.csv","row":2,"run":1,)"
            R"("started":"2025-03-05T09:30:00+08:00","connector":"csv-files","connector_version":"1.2.0",)"
            R"("library_hash":null,"commit":7,"since":"2025-03-05T09:30:00+08:00","replaces":20})");
  EXPECT_TRUE(rows[0].at("input").is_null());
  EXPECT_TRUE(rows[0].at("row").is_null());
}

TEST(Explain, TellsWhichSourceCountsInEachCellOfTheGrain) {
  Hub hub;
  EXPECT_TRUE(hub.get_json("/api/v1/explain?" + figure).at("sources").is_null()) << "they are added";
  auto catalog = std::make_shared<model::Catalog>(*hub.store.catalog);
  auto& visits = *std::ranges::find(catalog->indicators, "venue.visits", &model::Indicator::id);
  visits.join = model::Join::compare;
  visits.order = {"hand", "gates"};
  visits.grain = {model::Freq::month, {"venue"}};
  hub.store.catalog = catalog;
  hub.store.facts.push_back({"venue.visits", "hand", {"V01", "510104017001", ""}, model::day_of(2025, 1, 9), 0, 9, 0});
  const auto body = hub.get_json("/api/v1/explain?indicator=venue.visits&period=2025-Q1&venue=V01");
  EXPECT_EQ(json::serialize(body.at("sources")),
            R"({"rule":"compare","order":["hand","gates"],"cells":[{"period":"2025-01","by":{"venue":"V01"},)"
            R"("counts":null,"differs":true,"said":[{"source":"hand","value":1},{"source":"gates","value":2}]}],)"
            R"("further_cells":0})");
  EXPECT_TRUE(
      hub.get_json("/api/v1/explain?indicator=venue.visits&period=2025-Q1&source=hand").at("sources").is_null());
}

TEST(Explain, OfWhatHasNoValueSaysSo) {
  Hub hub;
  hub.store.counted.clear();
  const auto body = hub.get_json("/api/v1/explain?indicator=venue.income&period=1999");
  EXPECT_TRUE(body.at("value").is_null());
  EXPECT_EQ(body.at("n").as_int64(), 0);
  EXPECT_TRUE(body.at("data").as_array().empty());
}

TEST(Explain, EndsAPageOfLongTextsEarlyAndGoesOnWhereItEnded) {
  Hub hub;
  hub.store.counted.resize(1);
  hub.store.counted[0].cells[1].text = std::string(1 << 20, 'x');
  for (uint64_t i = 2; i <= 12; ++i) {
    hub.store.counted.push_back(hub.store.counted[0]);
    hub.store.counted.back().fact = i * 10;
  }
  std::string target = "/api/v1/explain?" + figure;
  std::vector<int64_t> facts;
  size_t pages = 0;
  for (; !target.empty(); ++pages) {
    const auto body = hub.get_json(target);
    for (const auto& row : body.at("data").as_array())
      facts.push_back(row.at("fact").as_int64());
    target = body.at("next").is_null() ? "" : std::string(body.at("next").as_string());
  }
  EXPECT_GT(pages, 1u);
  EXPECT_LT(pages, 12u);
  ASSERT_EQ(facts.size(), 12u);
  for (size_t i = 0; i < facts.size(); ++i)
    EXPECT_EQ(facts[i], static_cast<int64_t>(i + 1) * 10);
}

TEST(Explain, AsCsvIsTheFactsAlone) {
  Hub hub;
  const auto response = hub.get("/api/v1/explain?" + figure + "&format=csv&limit=2");
  EXPECT_EQ(response.body->substr(0, 33), "fact,key,time,dim.venue,dim.area,");
  EXPECT_EQ(std::count(response.body->begin(), response.body->end(), '\n'), 3);
  EXPECT_NE(header(response, "link"), "");
}

TEST(Figures, RefuseWhatHasNoMeaning) {
  Hub hub;
  struct Case {
    const char* query;
    int status;
    const char* code;
    const char* parameter;
  };
  for (const std::string path : {"/api/v1/history?", "/api/v1/explain?"}) {
    const std::string other = path == "/api/v1/history?" ? "/api/v1/explain?" : "/api/v1/history?";
    const std::string next(hub.get_json(other + figure + "&limit=1").at("next").as_string());
    const auto cursor = next.substr(next.find("cursor="));
    for (const Case& one :
         {Case{"", 422, "missing_parameter", "indicator"},
          Case{"indicator=venue.visits", 422, "missing_parameter", "period"},
          Case{"indicator=venue.visit&period=2025", 404, "unknown_indicator", "indicator"},
          Case{"indicator=venue.visits&period=2025-13", 422, "bad_range", "period"},
          Case{"indicator=venue.visits&period=2025&freq=M", 422, "bad_range", "freq"},
          Case{"indicator=venue.visits&period=2025&by=venue", 422, "unknown_parameter", "by"},
          Case{"indicator=venue.visits&period=2025&venue=V99", 422, "unknown_code", "venue"},
          Case{"indicator=venue.visits&period=2025&area=9", 422, "unknown_area", "area"},
          Case{"indicator=plain.count&period=2025&area=510104", 422, "unknown_dimension", "area"},
          Case{"indicator=venue.visits&period=2025&limit=1001", 422, "bad_parameter", "limit"},
          Case{"indicator=venue.visits&period=2025&cursor=AAAA", 422, "bad_cursor", "cursor"},
          Case{"indicator=venue.visits&period=2025&as_of=label:none", 422, "unknown_label", "as_of"},
          Case{"indicator=venue.visits&period=2025&as_of=label:", 422, "bad_parameter", "as_of"},
          Case{"indicator=venue.visits&period=2025&as_of=2031-01-01", 422, "as_of_future", "as_of"}}) {
      const auto response = hub.get(path + one.query);
      EXPECT_EQ(response.status, one.status) << path << one.query;
      const auto problem = json::parse(*response.body);
      EXPECT_EQ(problem.at("code").as_string(), one.code) << path << one.query;
      EXPECT_EQ(problem.at("parameter").as_string(), one.parameter) << path << one.query;
    }
    EXPECT_EQ(hub.get(path + figure + "&limit=1&" + cursor).status, 422) << "the cursor of another question";
  }
}

TEST(AsOfLabel, EchoesLabelCommitAndMoment) {
  Hub hub;
  const std::string label = "as_of=label:2025%20%E5%B9%B4%E6%8A%A5";
  for (const std::string target :
       {"/api/v1/observations?indicator=venue.visits&", "/api/v1/indicators?", "/api/v1/indicators/venue.visits?",
        "/api/v1/history?indicator=venue.visits&period=2025&", "/api/v1/explain?indicator=venue.visits&period=2025&"}) {
    const auto body = hub.get_json(target + label);
    const auto& meta = body.at("meta").as_object();
    EXPECT_EQ(meta.at("as_of").as_string(), "2025-03-05T09:29:10+08:00") << target;
    EXPECT_EQ(meta.at("as_of_label").as_string(), "2025 年报") << target;
    EXPECT_EQ(meta.at("as_of_commit").as_int64(), 6) << target;
  }
}

TEST(AsOfLabel, ThatWasMovedHasAnotherETag) {
  Hub hub;
  const std::string target = "/api/v1/observations?indicator=venue.visits&as_of=label:2025%20%E5%B9%B4%E6%8A%A5";
  auto request = hub.request(target);
  request.if_none_match = header(hub.get(target), "etag");
  EXPECT_EQ(hub.ask(request).status, 304);
  hub.store.labels.begin()->second.seq = 7;
  EXPECT_EQ(hub.ask(request).status, 200);
}

TEST(Commits, AreListedNewestFirstWithTheirLabels) {
  Hub hub;
  const auto body = hub.get_json("/api/v1/commits?limit=2");
  const auto& rows = body.at("data").as_array();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(json::serialize(rows[1]), R"({"commit":6,"recorded_at":"2025-03-05T09:29:10+08:00","kind":"part",)"
                                      R"("source":"gates","run":4,"label":"2025 年报; =draft"})");
  EXPECT_EQ(body.at("next").as_string(), "/api/v1/commits?limit=2&before=6");
  EXPECT_EQ(hub.get_json("/api/v1/commits?labelled=true").at("data").as_array().size(), 1u);
  EXPECT_EQ(hub.get_json("/api/v1/commits?labelled=false").at("data").as_array().size(), 3u);
  EXPECT_EQ(hub.get("/api/v1/commits?labelled=1").status, 422);
  EXPECT_EQ(*hub.get("/api/v1/commits?before=6&format=csv").body,
            "commit,recorded_at,kind,source,run,label\r\n1,2025-03-05T09:28:20+08:00,catalog,,,\r\n");
}

TEST(Label, IsGivenOverTheAdminSocketOnly) {
  Hub hub;
  auto request = hub.request("/api/v1/commits/latest/label?label=%E5%B9%B4%E6%8A%A5", "POST");
  EXPECT_EQ(hub.ask(request).status, 403);
  request.admin = true;
  const auto response = hub.ask(request);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(*response.body, R"({"data":{"commit":7,"recorded_at":"2025-03-05T09:30:00+08:00","label":"年报"}})");
  request.target = "/api/v1/commits/3/label?label=x&replace=true";
  EXPECT_EQ(hub.ask(request).status, 200);
  EXPECT_EQ(hub.control.orders, (std::vector<std::string>{"label latest 年报", "label 3 x replace"}));
  request.method = "GET";
  EXPECT_EQ(hub.ask(request).status, 405);
}

TEST(Label, IsRefusedWithTheReason) {
  Hub hub;
  const auto ask = [&](const std::string& target) {
    auto request = hub.request("/api/v1/commits/" + target, "POST");
    request.admin = true;
    const auto response = hub.ask(request);
    return std::to_string(response.status) + " " + std::string(json::parse(*response.body).at("code").as_string());
  };
  EXPECT_EQ(ask("x/label?label=a"), "404 unknown_commit");
  EXPECT_EQ(ask("0/label?label=a"), "404 unknown_commit");
  for (const char* number : {"9223372036854775808", "18446744073709551615", "18446744073709551616"})
    EXPECT_EQ(ask(number + std::string("/label?label=a")), "404 unknown_commit");
  EXPECT_EQ(ask("1/label"), "422 missing_parameter");
  EXPECT_EQ(ask("1/label?label="), "422 bad_parameter");
  EXPECT_EQ(ask("1/label?label=a&replace=yes"), "422 bad_parameter");
  EXPECT_EQ(ask("1/label?label=a&force=true"), "422 unknown_parameter");
  for (const auto& [code, status] : {std::pair("label_taken", 409), std::pair("bad_label", 422),
                                     std::pair("unknown_commit", 404), std::pair("busy", 503)}) {
    hub.control.refuses = fail(code, "no");
    EXPECT_EQ(ask("1/label?label=a"), std::to_string(status) + " " + code);
  }
}

} // namespace
} // namespace kepu::http::test
