#include "hub.hpp"

#include <gtest/gtest.h>

#include <set>

namespace kepu::http::test {
namespace {

TEST(HttpAnswers, IndicatorsAreTheCatalogWithTheDaysThatHaveFigures) {
  Hub hub;
  const auto body = hub.get_json("/api/v1/indicators");
  ASSERT_EQ(body.at("data").as_array().size(), 4u);
  EXPECT_EQ(json::serialize(body.at("data").at(0)),
            R"({"id":"venue.visits","name":{"zh":"科普场馆到馆人次","en":"Visits to science venues"},)"
            R"("definition":{"zh":"进馆一次计一人次","en":"One entry, one visit"},)"
            R"("unit":{"id":"person_times","zh":"人次","en":"person-times","quantity":"person_times"},)"
            R"("measure":"count","dataset":"passages","by":["venue","area","gate"],)"
            R"("first_day":"2025-01-06","last_day":"2025-03-01"})");
  EXPECT_FALSE(body.at("data").at(3).as_object().contains("first_day"));
  EXPECT_EQ(hub.get_json("/api/v1/indicators/venue%2Evisits").at("data"), body.at("data").at(0));
}

TEST(HttpAnswers, SourcesTellStateLastRunAndRejects) {
  Hub hub;
  const auto all = hub.get_json("/api/v1/sources").at("data");
  EXPECT_EQ(
      json::serialize(all.at(0)),
      R"({"id":"gates","connector":"csv-files","connector_version":"1.2.0","mode":"scheduled","state":"ready",)"
      R"("paused":false,"sentence":"Waits <for> the next run. 3 records are refused; /api/v1/rejects?source=gates )"
      R"(says why.","sentence_zh":"等待下次运行。有3条记录被拒收，原因见/api/v1/rejects?source=gates。",)"
      R"("next_run":"2025-03-05T09:30:00.500000+08:00","running_since":null,"crashes":0,"progress_done":0,)"
      R"("progress_total":null,"last_run":{"run":5,"status":"running","rows":5,"inserted":0,"changed":0,)"
      R"("unchanged":0,"removed":0,"rejected":0,"parts":0,"text":"read 3 rows",)"
      R"("started":"2025-03-05T09:30:00+08:00","ended":null},"rejects":3,"given_up":[]})");
  EXPECT_EQ(hub.get_json("/api/v1/sources/hand").at("data"), all.at(1));
  EXPECT_TRUE(all.at(1).at("mode").is_null());
  hub.store.runs.clear();
  EXPECT_TRUE(hub.get_json("/api/v1/sources/gates").at("data").at("last_run").is_null());
}

TEST(HttpAnswers, ASourceTellsHowFarBackItsFactsGo) {
  Hub hub;
  hub.store.given_up = {{"gates", "passages", model::day_of(2024, 1, 1), {9, from_micros(1'741'138'200'000'000)}}};
  EXPECT_EQ(json::serialize(hub.get_json("/api/v1/sources/gates").at("data").at("given_up")),
            R"([{"dataset":"passages","before":"2024-01-01","since":"2025-03-05T09:30:00+08:00","commit":9}])");
}

TEST(HttpAnswers, CommandsOverTheAdminSocketAreTakenAndAnsweredWithTheStatus) {
  Hub hub;
  for (const std::string verb : {"run", "pause", "resume"}) {
    auto request = hub.request("/api/v1/sources/gates/" + verb, "POST");
    request.admin = true;
    const auto response = hub.ask(request);
    EXPECT_EQ(response.status, 202);
    EXPECT_EQ(json::parse(*response.body).at("data").at("id").as_string(), "gates");
  }
  EXPECT_EQ(hub.control.orders, (std::vector<std::string>{"run gates", "pause gates", "resume gates"}));
}

TEST(HttpAnswers, ARunOfASourceMayReadWhatWasWithdrawnAgain) {
  Hub hub;
  auto request = hub.request("/api/v1/sources/gates/run?withdrawn=again", "POST");
  request.admin = true;
  EXPECT_EQ(hub.ask(request).status, 202);
  EXPECT_EQ(hub.control.orders, (std::vector<std::string>{"run again gates"}));
}

TEST(HttpAnswers, ARejectIsReadAgainWithItsInputAndTellsWhereToLook) {
  Hub hub;
  EXPECT_EQ(hub.get_json("/api/v1/rejects/3").at("data").at("input").as_string(), "a.csv");
  for (const auto& [target, location] : {std::pair("/api/v1/rejects/3/retry", "/api/v1/rejects/3"),
                                         std::pair("/api/v1/sources/hand/retry", "/api/v1/rejects?source=hand")}) {
    auto request = hub.request(target, "POST");
    request.admin = true;
    const auto response = hub.ask(request);
    EXPECT_EQ(response.status, 202);
    EXPECT_EQ(header(response, "location"), location);
    EXPECT_FALSE(json::parse(*response.body).at("data").at("sentence").as_string().empty());
  }
  EXPECT_EQ(hub.control.orders, (std::vector<std::string>{"retry a.csv of gates", "retry all of hand"}));
}

TEST(HttpAnswers, DaysOfASourceAreReadAgain) {
  Hub hub;
  for (const std::string days : {"from=2025-03-04&to=2025-03-05", "from=2024-12&to=2025-W10", "from=2025&to=2025",
                                 "from=2025-03-04&to=2025-03-04&allow_empty=true"}) {
    auto request = hub.request("/api/v1/sources/gates/backfill?" + days, "POST");
    request.admin = true;
    EXPECT_EQ(hub.ask(request).status, 202) << days;
  }
  EXPECT_EQ(hub.control.orders, (std::vector<std::string>{"backfill 2025-03-04 to 2025-03-05 gates",
                                                          "backfill 2024-12-01 to 2025-03-09 gates",
                                                          "backfill 2025-01-01 to 2025-12-31 gates",
                                                          "backfill 2025-03-04 to 2025-03-04 though empty gates"}));
}

TEST(HttpAnswers, DaysWhoseFactsWereGivenUpAreNotReadAgain) {
  Hub hub;
  hub.store.given_up = {{"gates", "passages", model::day_of(2025, 3, 1), {9, from_micros(1'741'138'200'000'000)}}};
  for (const auto& [days, status] :
       {std::pair("from=2025-02-28&to=2025-03-05", 422), {"from=2025-03-01&to=2025-03-05", 202}}) {
    auto request = hub.request(std::string("/api/v1/sources/gates/backfill?") + days, "POST");
    request.admin = true;
    const auto response = hub.ask(request);
    EXPECT_EQ(response.status, status);
    if (status == 422) {
      EXPECT_EQ(json::parse(*response.body).at("code").as_string(), "history_horizon");
    }
  }
}

TEST(HttpAnswers, DaysThatAreNoneAreNotReadAgain) {
  Hub hub;
  const std::pair<const char*, const char*> table[] = {
      {"", "missing_parameter"},
      {"?from=2025-03", "missing_parameter"},
      {"?to=2025-03", "missing_parameter"},
      {"?from=2025-03-05&to=2025-03-04", "bad_range"},
      {"?from=march&to=2025-03", "bad_range"},
      {"?from=2025-03&to=2025-04", "bad_range"}, // it is 2025-03-06
      {"?from=2025-03-07&to=2025-03-07", "bad_range"},
      {"?from=2025-03&to=2025-03&allow_empty=yes", "bad_parameter"},
      {"?from=2025-03&to=2025-03&area=1", "unknown_parameter"},
  };
  for (const auto& [parameters, code] : table) {
    auto request = hub.request("/api/v1/sources/gates/backfill" + std::string(parameters), "POST");
    request.admin = true;
    const auto response = hub.ask(request);
    EXPECT_EQ(response.status, 422) << parameters;
    EXPECT_EQ(json::parse(*response.body).at("code").as_string(), code) << parameters;
  }
  EXPECT_TRUE(hub.control.orders.empty());
}

TEST(HttpAnswers, LongCommandsAreJobsToWatch) {
  Hub hub;
  for (const std::string what : {"runs/4/withdraw", "sources/gates/withdraw",
                                 "sources/gates/retention?before=2024-01-01", "rebuild", "verify"}) {
    auto request = hub.request("/api/v1/" + what, "POST");
    request.admin = true;
    const auto response = hub.ask(request);
    EXPECT_EQ(response.status, 202);
    EXPECT_EQ(header(response, "location"), "/api/v1/jobs/3");
    EXPECT_EQ(json::parse(*response.body), hub.get_json("/api/v1/jobs/3"));
  }
  EXPECT_EQ(hub.control.orders, (std::vector<std::string>{"withdraw run 4 of hand", "withdraw source gates",
                                                          "retention gates 2024-01-01", "rebuild", "verify"}));
}

TEST(HttpAnswers, AJobThatLookedAtTheStoreTellsWhatItFound) {
  Hub hub;
  JobStatus job;
  job.id = 3;
  job.kind = "verify";
  job.state = "done";
  job.verified = store::Verified{2, 30, 1, 0, 7, 0, {{"visits: kept 3, facts give 2", "已存3"}}};
  hub.control.asked_jobs = {job};
  EXPECT_EQ(serialize(hub.get_json("/api/v1/jobs/3").at("data").at("verified")),
            R"({"agrees":false,"months":2,"figures":30,"differing":1,"damaged":0,"contents":7,"lost":0,)"
            R"("findings":[{"sentence":"visits: kept 3, facts give 2","sentence_zh":"已存3"}]})");
}

TEST(HttpAnswers, ASourceThatWasTakenAwayCanBeWithdrawn) {
  Hub hub;
  hub.control.all.clear();
  auto request = hub.request("/api/v1/sources/gates/withdraw", "POST");
  request.admin = true;
  EXPECT_EQ(hub.ask(request).status, 202);
}

TEST(HttpAnswers, RunsTellByWhichCommitTheyWereWithdrawn) {
  Hub hub;
  hub.store.runs[1].withdrawn = {9, from_micros(1'741'138'200'000'000)};
  const auto run = hub.get_json("/api/v1/runs/2").at("data");
  EXPECT_EQ(run.at("withdrawn").as_string(), "2025-03-05T09:30:00+08:00");
  EXPECT_EQ(run.at("withdrawn_commit").as_int64(), 9);
  EXPECT_TRUE(hub.get_json("/api/v1/runs/1").at("data").at("withdrawn").is_null());
  EXPECT_TRUE(hub.get_json("/api/v1/runs/1").at("data").at("withdrawn_commit").is_null());
}

TEST(HttpAnswers, JobsAreToldOneByOneAndTogether) {
  Hub hub;
  JobStatus job;
  job.id = 3;
  job.kind = "withdraw";
  job.what = "run 12";
  job.state = "running";
  job.done = 5;
  job.sentence = "It is going on.";
  job.sentence_zh = "正在进行。";
  job.asked = from_micros(1'741'138'200'000'000);
  hub.control.asked_jobs = {job};
  const auto all = hub.get_json("/api/v1/jobs").at("data");
  EXPECT_EQ(
      serialize(all.at(0)),
      R"({"id":3,"kind":"withdraw","what":"run 12","state":"running","done":5,"total":null,)"
      R"("sentence":"It is going on.","sentence_zh":"正在进行。","asked":"2025-03-05T09:30:00+08:00","ended":null})");
  EXPECT_EQ(hub.get_json("/api/v1/jobs/3").at("data"), all.at(0));
  EXPECT_EQ(hub.get("/api/v1/jobs/4").status, 404);
}

TEST(HttpAnswers, AnErasureThatIsDoneTellsWhetherThePersonWasHeld) {
  Hub hub;
  JobStatus job;
  job.id = 3;
  job.kind = "erase";
  job.erased = store::Erased{true, 2};
  hub.control.asked_jobs = {job};
  EXPECT_EQ(serialize(hub.get_json("/api/v1/jobs/3").at("data").at("erased")), R"({"was_held":true,"facts":2})");
}

TEST(HttpAnswers, ACompactionThatIsDoneTellsBlocksAndBytes) {
  Hub hub;
  JobStatus job;
  job.id = 3;
  job.kind = "compact";
  job.compacted = store::Compacted{{20, 9000}, {1, 4000}};
  hub.control.asked_jobs = {job};
  EXPECT_EQ(serialize(hub.get_json("/api/v1/jobs/3").at("data").at("compacted")),
            R"({"before":{"blocks":20,"bytes":9000},"after":{"blocks":1,"bytes":4000}})");
}

TEST(HttpAnswers, RunsAndRejectsComeNewestFirstPageByPage) {
  for (const auto& [path, key] : {std::pair{"/api/v1/runs", "run"}, std::pair{"/api/v1/rejects", "id"}}) {
    Hub hub;
    std::string seen;
    std::string target = std::string(path) + "?limit=2&source=gates";
    int pages = 0;
    while (!target.empty() && ++pages < 10) {
      const auto body = hub.get_json(target);
      for (const auto& row : body.at("data").as_array())
        seen += std::to_string(row.at(key).as_int64()) + " ";
      target = body.at("next").is_null() ? "" : std::string(body.at("next").as_string());
    }
    EXPECT_EQ(seen, "5 3 1 ");
    EXPECT_EQ(pages, 2);
  }
}

TEST(HttpAnswers, OneRunIsTheRowOfTheList) {
  Hub hub;
  EXPECT_EQ(hub.get_json("/api/v1/runs/5").at("data"), hub.get_json("/api/v1/runs").at("data").at(0));
}

TEST(HttpAnswers, RejectsForExcelHoldNoFormula) {
  Hub hub;
  const auto csv = *hub.get("/api/v1/rejects?limit=1&format=csv&for=excel").body;
  EXPECT_NE(csv.find(R"(,"'=HYPERLINK(""x""), said ""no""",)"), std::string::npos) << csv;
  const auto plain = *hub.get("/api/v1/rejects?limit=1&format=csv").body;
  EXPECT_NE(plain.find(R"(,"=HYPERLINK(""x""), said ""no""",)"), std::string::npos) << plain;
}

TEST(HttpAnswers, AnUnknownPlaceIsNull) {
  Hub hub;
  EXPECT_TRUE(hub.get_json("/api/v1/rejects").at("data").at(4).at("place").is_null());
}

TEST(HttpAnswers, AliveAndReadyAreTwoThings) {
  Hub hub;
  hub.store.fails = fail("store", "gone");
  hub.control.state = {false, "The store is being opened; wait."};
  EXPECT_EQ(hub.get("/healthz").status, 200);
  Context context;
  context.version = "0.1.0";
  const auto at_once = http::at_once(hub.request("/healthz"), context);
  ASSERT_TRUE(at_once); // without the store and without a turn, and the same
  EXPECT_EQ(*at_once->body, *hub.get("/healthz").body);
  EXPECT_EQ(at_once->headers, hub.get("/healthz").headers);
  for (const char* other : {"/healthz?x=1", "/readyz", "/healthz/"})
    EXPECT_FALSE(http::at_once(hub.request(other), context)) << other;
  EXPECT_FALSE(http::at_once(hub.request("/healthz", "POST"), context));
  const auto response = hub.get("/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(json::parse(*response.body).at("detail").as_string(), "The store is being opened; wait.");
  EXPECT_FALSE(header(response, "retry-after").empty());
  hub.control.state = {true, ""};
  EXPECT_EQ(hub.get_json("/readyz").at("status").as_string(), "ready");
}

TEST(HttpAnswers, MetricsGroupFamiliesAndEscape) {
  Hub hub;
  hub.control.measured = {{"kepu_runs_total", "Runs\\all\n", "counter", {{"source", "a\"b\\c\n"}}, 3},
                          {"kepu_facts", "Facts.", "gauge", {}, 1e15},
                          {"kepu_runs_total", "Runs\\all\n", "counter", {{"source", "b"}, {"status", "ok"}}, 0.5}};
  hub.counts.started();
  hub.counts.started();
  hub.counts.finished(route_name("/api/v1/runs?limit=1"), 200, std::chrono::milliseconds(3));
  const auto response = hub.get("/metrics");
  EXPECT_EQ(header(response, "content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const std::string& text = *response.body;
  EXPECT_EQ(text.find("# HELP kepu_runs_total Runs\\\\all\\n\n# TYPE kepu_runs_total counter\n"
                      "kepu_runs_total{source=\"a\\\"b\\\\c\\n\"} 3\n"
                      "kepu_runs_total{source=\"b\",status=\"ok\"} 0.5\n# HELP kepu_facts Facts.\n"),
            0u)
      << text;
  for (const std::string_view line :
       {"kepu_http_requests_total{route=\"runs\",status=\"2xx\"} 1\n",
        "kepu_http_request_seconds_bucket{route=\"runs\",le=\"0.0025\"} 0\n",
        "kepu_http_request_seconds_bucket{route=\"runs\",le=\"0.005\"} 1\n",
        "kepu_http_request_seconds_bucket{route=\"runs\",le=\"+Inf\"} 1\n", "kepu_http_requests_in_flight 1\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(HttpAnswers, RouteNamesHoldNothingOfTheClient) {
  EXPECT_EQ(route_name("/api/v1/sources/secret/run?x"), "source_run");
  EXPECT_EQ(route_name("/"), "front_page");
  EXPECT_EQ(route_name("/etc/passwd"), "other");
  EXPECT_EQ(route_name("%"), "other");
}

TEST(HttpAnswers, TheFrontPageIsEscapedFencedAndItsLinksWork) {
  Hub hub;
  hub.control.all[0].sentence_zh = "<script>alert(1)</script>";
  const auto response = hub.get("/");
  ASSERT_EQ(response.status, 200);
  EXPECT_NE(header(response, "content-security-policy").find("default-src 'none'"), std::string::npos);
  const std::string& page = *response.body;
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_NE(page.find("<title>科普数据中心 Kepu Hub</title>"), std::string::npos);
  EXPECT_LT(page.find("<h1>科普数据中心"), page.find("Kepu Hub 0.1.0"));
  std::set<std::string> links;
  for (size_t at = page.find("href=\""); at != std::string::npos; at = page.find("href=\"", at)) {
    at += 6;
    std::string link = page.substr(at, page.find('"', at) - at);
    for (size_t amp = link.find("&amp;"); amp != std::string::npos; amp = link.find("&amp;"))
      link.replace(amp, 5, "&");
    links.insert(link);
  }
  EXPECT_GT(links.size(), 15u);
  for (const auto& link : links)
    EXPECT_EQ(hub.get(link).status, 200) << link;
}

} // namespace
} // namespace kepu::http::test
