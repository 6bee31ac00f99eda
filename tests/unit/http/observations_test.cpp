#include "hub.hpp"

#include <gtest/gtest.h>

namespace kepu::http::test {
namespace {

const std::string visits = "/api/v1/observations?indicator=venue.visits";

TEST(HttpObservations, RowsAreFlatAndLean) {
  Hub hub;
  const auto body = hub.get_json(visits + "&by=venue");
  EXPECT_EQ(json::serialize(body.at("data")),
            R"([{"indicator":"venue.visits","period":"2025-01","venue":"V01","value":2},)"
            R"({"indicator":"venue.visits","period":"2025-02","venue":"V03","value":1},)"
            R"({"indicator":"venue.visits","period":"2025-03","venue":"V02","value":1}])");
  EXPECT_TRUE(body.at("next").is_null());
}

TEST(HttpObservations, MetaSaysWhatWasAskedAndOfWhichCommit) {
  Hub hub;
  const auto body =
      hub.get_json(visits + "&freq=Q&from=2025&to=2025-Q1&area=510104017&by=venue&source=gates&gate=east");
  EXPECT_EQ(
      json::serialize(body.at("meta")),
      R"({"indicator":"venue.visits","name":"科普场馆到馆人次","unit":"person_times","unit_name":"人次","freq":"Q",)"
      R"("from":"2025-Q1","to":"2025-Q1","area":"510104017","by":["venue"],"filters":{"gate":"east"},)"
      R"("source":"gates","as_of":null,"limit":1000,"lang":"zh","time_zone":"Asia/Shanghai","commit":7,)"
      R"("recorded_at":"2025-03-05T09:30:00+08:00"})");
}

TEST(HttpObservations, ADateIsAskedAsOfItsEndInTheHubsZone) {
  Hub hub;
  EXPECT_EQ(hub.get_json(visits + "&as_of=2025-03-05").at("meta").at("as_of").as_string(),
            "2025-03-05T23:59:59.999999+08:00");
  EXPECT_EQ(hub.get_json(visits + "&as_of=2025-03-05T01:30:00Z").at("meta").at("as_of").as_string(),
            "2025-03-05T09:30:00+08:00");
  EXPECT_EQ(hub.get(visits + "&as_of=2025-03-06").status, 200); // the day goes on
  EXPECT_EQ(hub.get("/api/v1/indicators?as_of=2025-03-05").status, 200);
  EXPECT_EQ(hub.get("/api/v1/indicators/venue.visits?as_of=2025-03-05").status, 200);
}

TEST(HttpObservations, ACursorBelongsToItsMoment) {
  Hub hub;
  const auto page = hub.get_json(visits + "&by=venue&limit=1&as_of=2025-03-05");
  const std::string next(page.at("next").as_string());
  EXPECT_NE(next.find("as_of=2025-03-05"), std::string::npos);
  EXPECT_EQ(hub.get(next).status, 200);
  auto other = next;
  other.replace(other.find("as_of=2025-03-05"), 16, "as_of=2025-03-06");
  EXPECT_EQ(hub.get(other).status, 422);
}

TEST(HttpObservations, EveryOptionalColumnHasItsPlace) {
  Hub hub;
  const auto body =
      hub.get_json(visits + "&to=2025-02&by=venue,gate&lang=en"
                            "&columns=unit,labels,n,approximate,repaired,provisional,period_start,period_end");
  EXPECT_EQ(json::serialize(body.at("data").as_array().back()),
            R"({"indicator":"venue.visits","period":"2025-02","period_start":"2025-02-01","period_end":"2025-02-28",)"
            R"("venue":"V03","venue_label":"Corner","gate":null,"gate_label":null,"value":1,"n":1,"approximate":0,)"
            R"("repaired":1,"provisional":0,"unit":"person_times"})");
}

TEST(HttpObservations, LevelsOfAreasHaveLabels) {
  Hub hub;
  const auto rows = hub.get_json(visits + "&freq=A&by=subdistrict&columns=labels").at("data");
  EXPECT_EQ(json::serialize(rows), R"([{"indicator":"venue.visits","period":"2025","subdistrict":"510104017",)"
                                   R"("subdistrict_label":"锦官驿街道","value":3},)"
                                   R"({"indicator":"venue.visits","period":"2025","subdistrict":"510104020",)"
                                   R"("subdistrict_label":"春熙路街道","value":1}])");
}

TEST(HttpObservations, SumsAreExactDecimals) {
  Hub hub;
  hub.store.facts.push_back({"venue.income",
                             "gates",
                             {"V01", "510104017001", ""},
                             model::day_of(2025, 3, 1),
                             static_cast<__int128>(9'007'199'254'740'993) * 1'000'000'000,
                             0,
                             0});
  const auto body = *hub.get("/api/v1/observations?indicator=venue.income").body;
  EXPECT_NE(body.find(R"("period":"2025-01","value":12.30})"), std::string::npos) << body;
  EXPECT_NE(body.find(R"("period":"2025-02","value":-0.05})"), std::string::npos) << body;
  EXPECT_NE(body.find(R"("period":"2025-03","value":90071992547409930000000.00})"), std::string::npos) << body;
}

TEST(HttpObservations, PagesFollowedByTheirLinksGiveEveryRowOnce) {
  Hub hub;
  std::string all;
  std::string target = visits + "&freq=D&by=gate&limit=1&source=gates";
  for (int page = 0; page < 10 && !target.empty(); ++page) {
    const auto response = hub.get(target);
    ASSERT_EQ(response.status, 200) << *response.body;
    const auto body = json::parse(*response.body);
    ASSERT_EQ(body.at("data").as_array().size(), 1u);
    all += std::string(body.at("data").at(0).at("period").as_string()) + " ";
    target = body.at("next").is_null() ? "" : std::string(body.at("next").as_string());
    EXPECT_EQ(header(response, "link"), target.empty() ? "" : "<" + target + ">; rel=\"next\"");
  }
  EXPECT_EQ(all, "2025-01-06 2025-01-07 2025-02-03 ");
}

TEST(HttpObservations, CsvIsTheSameRows) {
  Hub hub;
  auto request = hub.request(visits + "&by=gate&columns=n");
  request.accept = "text/csv, application/json;q=0.5";
  const auto response = hub.ask(request);
  EXPECT_EQ(header(response, "content-type"), "text/csv; charset=utf-8; header=present");
  EXPECT_EQ(*response.body, "indicator,period,gate,value,n\r\nvenue.visits,2025-01,east,1,1\r\n"
                            "venue.visits,2025-01,west,1,1\r\nvenue.visits,2025-02,,1,1\r\n"
                            "venue.visits,2025-03,=cmd,1,1\r\n");
}

TEST(HttpObservations, CsvForExcelHasAMarkAndNoFormulaButNumbersAsTheyAre) {
  Hub hub;
  EXPECT_EQ(*hub.get(visits + "&by=gate&from=2025-03&format=csv&for=excel").body,
            "\xEF\xBB\xBFindicator,period,gate,value\r\nvenue.visits,2025-03,'=cmd,1\r\n");
  EXPECT_EQ(*hub.get("/api/v1/observations?indicator=venue.income&from=2025-02&format=csv&for=excel").body,
            "\xEF\xBB\xBFindicator,period,value\r\nvenue.income,2025-02,-0.05\r\n");
}

TEST(HttpObservations, CsvQuotesWhatNeedsIt) {
  Hub hub;
  EXPECT_EQ(*hub.get(visits + "&by=venue&from=2025-02&to=2025-02&columns=labels&format=csv").body,
            "indicator,period,venue,venue_label,value\r\nvenue.visits,2025-02,V03,\"春熙,\"\"科普\"\"角\",1\r\n");
}

TEST(HttpObservations, AQuestionWithoutFiguresHasNoRowsAndIsNoError) {
  Hub hub;
  EXPECT_EQ(json::serialize(hub.get_json(visits + "&from=2030").at("data")), "[]");
  EXPECT_EQ(json::serialize(hub.get_json("/api/v1/observations?indicator=plain.count").at("data")), "[]");
}

TEST(HttpObservations, TheETagStaysWhileTheIndicatorDoes) {
  Hub hub;
  hub.store.changes["venue.visits"] = {3, from_micros(0)};
  const auto first = hub.get(visits);
  hub.store.commit.seq = 8; // another indicator's
  const auto second = hub.get(visits);
  EXPECT_EQ(header(first, "etag"), header(second, "etag"));
  EXPECT_EQ(*first.body, *second.body);
  hub.store.changes["venue.visits"] = {8, from_micros(0)};
  EXPECT_NE(header(hub.get(visits), "etag"), header(first, "etag"));
  EXPECT_NE(header(hub.get(visits + "&format=csv"), "etag"), header(hub.get(visits), "etag"));
}

TEST(HttpObservations, IfNoneMatchIsAnswered304) {
  Hub hub;
  const auto etag = header(hub.get(visits), "etag");
  const std::vector<std::pair<std::string, int>> cases{
      {etag, 304},        {"W/" + etag, 304}, {"\"a,b\", " + etag, 304}, {"*", 304},
      {"\"other\"", 200}, {"", 200},          {etag.substr(1), 200},     {"nonsense", 200}};
  for (const auto& [value, status] : cases) {
    auto request = hub.request(visits);
    request.if_none_match = value;
    const auto response = hub.ask(request);
    EXPECT_EQ(response.status, status) << value;
    EXPECT_EQ(header(response, "etag"), etag);
    EXPECT_EQ(header(response, "vary"), "Accept, Accept-Encoding");
    EXPECT_EQ(response.body->empty(), status == 304);
  }
}

TEST(HttpObservations, SeveralIndicatorsComeOneAfterTheOtherWithTheirUnits) {
  Hub hub;
  const auto body = hub.get_json("/api/v1/observations?indicator=venue.income,venue.visits&freq=A");
  EXPECT_EQ(json::serialize(body.at("data")),
            R"([{"indicator":"venue.income","period":"2025","value":1.225E1,"unit":"yuan"},)"
            R"({"indicator":"venue.visits","period":"2025","value":4,"unit":"person_times"}])");
  EXPECT_EQ(json::serialize(body.at("meta").at("indicators")),
            R"([{"indicator":"venue.income","name":"收入","unit":"yuan","unit_name":"元"},)"
            R"({"indicator":"venue.visits","name":"科普场馆到馆人次","unit":"person_times","unit_name":"人次"}])");
  EXPECT_FALSE(body.at("meta").as_object().contains("indicator"));
}

TEST(HttpObservations, PagesGoOnFromIndicatorToIndicator) {
  for (const int limit : {1, 2, 3, 4, 5, 100}) {
    Hub hub;
    std::string all;
    std::string target =
        "/api/v1/observations?indicator=venue.visits,plain.count,venue.income&limit=" + std::to_string(limit);
    for (int page = 0; page < 20 && !target.empty(); ++page) {
      const auto body = hub.get_json(target);
      for (const auto& row : body.at("data").as_array())
        all += std::string(row.at("indicator").as_string()) + " " + std::string(row.at("period").as_string()) + "\n";
      target = body.at("next").is_null() ? "" : std::string(body.at("next").as_string());
    }
    EXPECT_EQ(all, "venue.visits 2025-01\nvenue.visits 2025-02\nvenue.visits 2025-03\n"
                   "venue.income 2025-01\nvenue.income 2025-02\n")
        << limit;
  }
}

TEST(HttpObservations, RowsComeInTheOrderAskedForAndPagesOfItAreOfOneMoment) {
  const std::vector<std::pair<std::string, std::string>> cases{{"period", "2025-01 2, 2025-02 1, 2025-03 1, "},
                                                               {"-period", "2025-03 1, 2025-02 1, 2025-01 2, "},
                                                               {"value", "2025-02 1, 2025-03 1, 2025-01 2, "},
                                                               {"-value", "2025-01 2, 2025-02 1, 2025-03 1, "}};
  for (const auto& [sort, rows] : cases) {
    for (const int limit : {1, 2, 100}) {
      Hub hub;
      std::string all;
      std::string target = visits + "&sort=" + sort + "&limit=" + std::to_string(limit);
      for (int page = 0; page < 9 && !target.empty(); ++page) {
        const auto body = hub.get_json(target);
        for (const auto& row : body.at("data").as_array())
          all += std::string(row.at("period").as_string()) + " " + json::serialize(row.at("value")) + ", ";
        target = body.at("next").is_null() ? "" : std::string(body.at("next").as_string());
        EXPECT_EQ(target.find("as_of=2025-03-06T09:30:00%2B08:00") != std::string::npos,
                  !target.empty() && sort != "period")
            << target;
      }
      EXPECT_EQ(all, rows) << sort << limit;
    }
  }
}

TEST(HttpObservations, IndicatorsOfOneQuantityAreAddedAndNoOthers) {
  Hub hub;
  hub.store.facts.push_back({"plain.count", "gates", {}, model::day_of(2025, 1, 6), 0, 1, 0});
  const std::string sum = "&combine=sum&freq=A";
  const auto body = hub.get_json("/api/v1/observations?indicator=venue.visits,plain.count" + sum);
  EXPECT_EQ(json::serialize(body.at("data")),
            R"([{"indicator":"venue.visits+plain.count","period":"2025","value":5}])");
  const std::vector<std::pair<std::string, std::string>> cases{{"venue.visits,venue.income", "different_quantities"},
                                                               {"venue.income,venue.visits", "different_quantities"},
                                                               {"venue.visitors,venue.visitors.two", "not_additive"}};
  auto catalog = std::make_shared<model::Catalog>(*hub.store.catalog);
  catalog->indicators.push_back(*catalog->indicator("venue.visitors"));
  catalog->indicators.back().id = "venue.visitors.two";
  hub.store.catalog = catalog;
  for (const auto& [ids, code] : cases) {
    const auto refused = hub.get("/api/v1/observations?indicator=" + ids + sum);
    EXPECT_EQ(refused.status, 422);
    EXPECT_EQ(json::parse(*refused.body).at("code").as_string(), code) << ids;
  }
}

TEST(HttpObservations, ARangeMayBeToldFromToday) {
  Hub hub; // on 2025-03-06
  EXPECT_EQ(json::serialize(hub.get_json(visits + "&from=now-1&to=now").at("data")),
            json::serialize(hub.get_json(visits + "&from=2025-02&to=2025-03").at("data")));
  EXPECT_EQ(hub.get_json(visits + "&freq=A&to=now-1").at("meta").at("to").as_string(), "2024");
  EXPECT_EQ(hub.get_json(visits + "&to=now&as_of=2025-03-05").at("meta").at("to").as_string(), "2025-03");
  for (const auto* word : {"now+1", "nowhere", "now-", "now--1", "now-x", "now-1000000", "now-1x"})
    EXPECT_EQ(hub.get(visits + "&from=" + word).status, 422) << word;
}

TEST(HttpObservations, WhatFollowsFromTodayIsKeptUntilTheDayEnds) {
  Hub hub;
  AnswerCache cache;
  const auto relative = hub.request(visits + "&from=now-1");
  const auto absolute = hub.request(visits + "&from=2025-02");
  const auto first = hub.ask(relative, &cache);
  hub.ask(absolute, &cache);
  ASSERT_TRUE(first.until);
  const auto midnight = hub.zone.start_of(model::day_of(2025, 3, 7));
  EXPECT_EQ(*first.until, midnight);
  EXPECT_TRUE(from_cache(relative, cache, 7, midnight - std::chrono::microseconds(1)));
  EXPECT_FALSE(from_cache(relative, cache, 7, midnight));
  EXPECT_TRUE(from_cache(absolute, cache, 7, midnight));
  EXPECT_NE(header(first, "etag"), header(hub.get(visits + "&from=now-1&to=2025"), "etag"));
}

TEST(HttpObservations, FlagsAreWords) {
  Hub hub;
  const auto body = hub.get_json(visits + "&by=source&columns=flags");
  EXPECT_EQ(json::serialize(body.at("data")),
            R"([{"indicator":"venue.visits","period":"2025-01","source":"gates","value":2,"flags":"approximate"},)"
            R"({"indicator":"venue.visits","period":"2025-02","source":"gates","value":1,"flags":"repaired"},)"
            R"({"indicator":"venue.visits","period":"2025-03","source":"hand","value":1,"flags":"provisional"}])");
}

TEST(HttpObservations, HeadIsAnsweredLikeGet) {
  Hub hub;
  const auto get = hub.get(visits);
  const auto head = hub.ask(hub.request(visits, "HEAD"));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers, get.headers);
}

} // namespace
} // namespace kepu::http::test
