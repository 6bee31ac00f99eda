#include "hub.hpp"

#include <gtest/gtest.h>

#include <set>

namespace kepu::http::test {
namespace {

struct Case {
  std::string method;
  std::string target;
  int status;
  std::string code;
  std::string parameter = "";
};

const std::string o = "/api/v1/observations?indicator=venue.visits";

TEST(HttpRefusals, EveryWrongRequestIsToldWhatAndWhere) {
  const std::vector<Case> cases{
      {"GET", "", 400, "bad_target"},
      {"GET", "*", 400, "bad_target"},
      {"GET", "http://hub/api/v1/runs", 400, "bad_target"},
      {"GET", "/api/v1/runs/%4", 400, "bad_target"},
      {"GET", "/api/v1/runs/%zz", 400, "bad_target"},
      {"GET", "/api/v1/runs?source=%", 400, "bad_target"},
      {"GET", "/api/v1/runs?source=a%00b", 400, "bad_target"},
      {"GET", "/api/v1/runs?source=%ff", 400, "bad_target"},
      {"GET", "/api/v1/runs?source=%c0%af", 400, "bad_target"},
      {"GET", "/api/v1/runs?source=\xE9", 400, "bad_target"},
      {"GET", "/a b", 400, "bad_target"},
      {"GET", "/api/v1/run", 404, "not_found"},
      {"GET", "/api/v1/runs/", 404, "not_found"},
      {"GET", "/api/v1/runs/1/2", 404, "not_found"},
      {"GET", "//", 404, "not_found"},
      {"GET", "/api/v1/runs%2f1", 404, "not_found"},
      {"GET", "/api/v1/indicators/venue.visit", 404, "unknown_indicator"},
      {"GET", "/api/v1/observations?indicator=venue.visit", 404, "unknown_indicator", "indicator"},
      {"GET", "/api/v1/sources/gate", 404, "unknown_source"},
      {"POST", "/api/v1/sources/gate/run", 404, "unknown_source"},
      {"POST", "/api/v1/sources/gates/run?now=1", 422, "unknown_parameter", "now"},
      {"POST", "/api/v1/sources/gates/run?withdrawn=no", 422, "bad_parameter", "withdrawn"},
      {"GET", "/api/v1/rejects/77", 404, "unknown_reject"},
      {"GET", "/api/v1/rejects/9223372036854775807", 404, "unknown_reject"},
      {"POST", "/api/v1/rejects/77/retry", 404, "unknown_reject"},
      {"POST", "/api/v1/rejects/x/retry", 404, "unknown_reject"},
      {"POST", "/api/v1/rejects/2/retry?x=1", 422, "unknown_parameter", "x"},
      {"POST", "/api/v1/sources/none/retry", 404, "unknown_source"},
      {"POST", "/api/v1/runs/77/withdraw", 404, "unknown_run"},
      {"POST", "/api/v1/runs/x/withdraw", 404, "unknown_run"},
      {"POST", "/api/v1/runs/5/withdraw", 409, "source_running"},
      {"POST", "/api/v1/runs/4/withdraw?x=1", 422, "unknown_parameter", "x"},
      {"POST", "/api/v1/sources/none/withdraw", 404, "unknown_source"},
      {"POST", "/api/v1/sources/none/retention?before=2024-01-01", 404, "unknown_source"},
      {"POST", "/api/v1/sources/gates/retention", 422, "missing_parameter", "before"},
      {"POST", "/api/v1/sources/gates/retention?before=2024", 422, "bad_parameter", "before"},
      {"POST", "/api/v1/sources/gates/retention?before=2999-01-01", 422, "bad_range", "before"},
      {"GET", "/api/v1/runs/4/withdraw", 405, "method_not_allowed"},
      {"GET", "/api/v1/rebuild", 405, "method_not_allowed"},
      {"GET", "/api/v1/verify", 405, "method_not_allowed"},
      {"POST", "/api/v1/verify?x=1", 422, "unknown_parameter", "x"},
      {"POST", "/api/v1/compact?x=1", 422, "unknown_parameter", "x"},
      {"GET", "/api/v1/persons/erase", 405, "method_not_allowed"},
      {"POST", "/api/v1/persons/erase", 422, "missing_parameter", "pseudonym"},
      {"POST", "/api/v1/persons/erase?pseudonym=0123456789abcdef", 422, "missing_parameter", "key"},
      {"POST", "/api/v1/persons/erase?pseudonym=510104&key=1", 422, "bad_parameter", "pseudonym"},
      {"POST", "/api/v1/persons/erase?pseudonym=0123456789abcdef&key=1", 422, "bad_parameter", "key"},
      {"POST", "/api/v1/jobs", 405, "method_not_allowed"},
      {"GET", "/api/v1/jobs/1", 404, "unknown_job"},
      {"GET", "/api/v1/jobs/01", 404, "unknown_job"},
      {"GET", "/api/v1/runs/77", 404, "unknown_run"},
      {"GET", "/api/v1/runs/1x", 404, "unknown_run"},
      {"GET", "/api/v1/runs/-1", 404, "unknown_run"},
      {"GET", "/api/v1/runs/99999999999999999999999", 404, "unknown_run"},
      {"GET", "/api/v1/runs/18446744073709551615", 404, "unknown_run"},
      {"PUT", "/api/v1/runs", 405, "method_not_allowed"},
      {"get", "/api/v1/runs", 405, "method_not_allowed"},
      {"GET", "/api/v1/sources/gates/run", 405, "method_not_allowed"},
      {"GET", "/api/v1/indicators?format=csv", 406, "not_acceptable", "format"},
      {"GET", "/api/v1/observations", 422, "missing_parameter", "indicator"},
      {"GET", "/api/v1/observations?indicater=venue.visits", 422, "unknown_parameter", "indicater"},
      {"GET", o + "&form=2025", 422, "unknown_parameter", "form"},
      {"GET", "/api/v1/observations?indicator=plain.count&venue=V01", 422, "unknown_parameter", "venue"},
      {"GET", "/healthz?x=1", 422, "unknown_parameter", "x"},
      {"GET", o + "&freq=M&freq=M", 422, "repeated_parameter", "freq"},
      {"GET", o + "&freq=m", 422, "bad_parameter", "freq"},
      {"GET", o + "&freq=", 422, "bad_parameter", "freq"},
      {"GET", o + "&limit=0", 422, "bad_parameter", "limit"},
      {"GET", o + "&limit=-1", 422, "bad_parameter", "limit"},
      {"GET", o + "&limit=100001", 422, "bad_parameter", "limit"},
      {"GET", o + "&limit=1e3", 422, "bad_parameter", "limit"},
      {"GET", o + "&limit=99999999999999999999999", 422, "bad_parameter", "limit"},
      {"GET", o + "&lang=fr", 422, "bad_parameter", "lang"},
      {"GET", o + "&as_of=2025", 422, "bad_parameter", "as_of"},
      {"GET", o + "&as_of=2025-02-30", 422, "bad_parameter", "as_of"},
      {"GET", o + "&as_of=2025-03-07", 422, "as_of_future", "as_of"},
      {"GET", o + "&as_of=2025-03-06T09:30:01%2B08:00", 422, "as_of_future", "as_of"},
      {"GET", o + "&as_of=2025-03-04", 422, "before_history", "as_of"},
      {"GET", "/api/v1/indicators?as_of=2999-01-01", 422, "as_of_future", "as_of"},
      {"GET", "/api/v1/runs?as_of=2025-03-05", 422, "unknown_parameter", "as_of"},
      {"GET", o + "&columns=label", 422, "bad_parameter", "columns"},
      {"GET", o + "&columns=n,n", 422, "bad_parameter", "columns"},
      {"GET", o + "&by=venue,", 422, "bad_parameter", "by"},
      {"GET", o + "&by=venue,venue", 422, "bad_parameter", "by"},
      {"GET", o + "&format=xml", 422, "bad_parameter", "format"},
      {"GET", o + "&for=excel", 422, "bad_parameter", "for"},
      {"GET", o + "&for=word&format=csv", 422, "bad_parameter", "for"},
      {"GET", o + "&source=gate", 404, "unknown_source", "source"},
      {"GET", "/api/v1/runs?source=gate", 404, "unknown_source", "source"},
      {"GET", "/api/v1/rejects?source=gate", 404, "unknown_source", "source"},
      {"GET", "/api/v1/runs?before=0", 422, "bad_parameter", "before"},
      {"GET", "/api/v1/rejects?limit=1001", 422, "bad_parameter", "limit"},
      {"GET", o + "&by=venu", 422, "unknown_dimension", "by"},
      {"GET", "/api/v1/observations?indicator=plain.count&area=510104", 422, "unknown_dimension", "area"},
      {"GET", o + "&area=999", 422, "unknown_area", "area"},
      {"GET", o + "&venue=V09", 422, "unknown_code", "venue"},
      {"GET", o + "&from=yesterday", 422, "bad_range", "from"},
      {"GET", o + "&to=2025-13", 422, "bad_range", "to"},
      {"GET", o + "&from=2025-02&to=2025-01", 422, "bad_range", "from"},
      {"GET", o + "&cursor=AAAA", 422, "bad_cursor", "cursor"},
  };
  for (const auto& one : cases) {
    Hub hub;
    auto request = hub.request(one.target, one.method);
    request.admin = true;
    const auto response = hub.ask(request);
    const std::string what = one.method + " " + one.target + ": " + *response.body;
    ASSERT_EQ(response.status, one.status) << what;
    EXPECT_EQ(header(response, "content-type"), "application/problem+json") << what;
    EXPECT_EQ(header(response, "cache-control"), "no-store") << what;
    const auto body = json::parse(*response.body).as_object();
    EXPECT_EQ(body.at("code").as_string(), one.code) << what;
    EXPECT_EQ(body.at("type").as_string(), "urn:kepu:problem:" + one.code) << what;
    EXPECT_EQ(body.at("status").as_int64(), one.status) << what;
    EXPECT_FALSE(body.at("title").as_string().empty()) << what;
    EXPECT_FALSE(body.at("detail").as_string().empty()) << what;
    EXPECT_FALSE(body.at("hint").as_string().empty()) << what;
    EXPECT_EQ(body.contains("instance"), one.code != "bad_target") << what;
    EXPECT_EQ(body.contains("parameter") ? std::string(body.at("parameter").as_string()) : "", one.parameter) << what;
  }
}

TEST(HttpRefusals, TheNearestNameIsOffered) {
  Hub hub;
  EXPECT_NE(hub.get(o + "&limt=3").body->find(R"(did you mean \"limit\"?)"), std::string::npos);
  EXPECT_NE(hub.get("/api/v1/observation").body->find(R"(did you mean \"/api/v1/observations\"?)"), std::string::npos);
  for (const std::string target : {"/api/v1/sources/gate", "/api/v1/runs?source=gate", "/api/v1/rejects?source=gate"}) {
    EXPECT_NE(hub.get(target).body->find(R"(did you mean \"gates\"?)"), std::string::npos) << target;
  }
  EXPECT_NE(hub.get(o + "&source=gate").body->find(R"(did you mean \"gates\"?)"), std::string::npos);
}

TEST(HttpRefusals, AWordInAnotherCaseIsTheNearest) {
  Hub hub;
  EXPECT_NE(hub.get(o + "&freq=m").body->find(R"(did you mean \"M\"?)"), std::string::npos);
  EXPECT_NE(hub.get("/api/v1/indicators/VENUE.VISITS").body->find(R"(did you mean \"venue.visits\"?)"),
            std::string::npos);
}

TEST(HttpRefusals, AllowNamesTheMethodsOfThePath) {
  Hub hub;
  EXPECT_EQ(header(hub.ask(hub.request("/api/v1/runs", "DELETE")), "allow"), "GET, HEAD");
  EXPECT_EQ(header(hub.get("/api/v1/sources/gates/pause"), "allow"), "POST");
}

TEST(HttpRefusals, ABodyIsRefused) {
  Hub hub;
  auto request = hub.request("/api/v1/runs");
  request.has_body = true;
  EXPECT_EQ(json::parse(*hub.ask(request).body).at("code").as_string(), "unexpected_body");
}

TEST(HttpRefusals, AnAcceptThatTakesNothingOfOursIs406) {
  Hub hub;
  auto request = hub.request(o);
  request.accept = "image/png, application/json;q=0";
  EXPECT_EQ(json::parse(*hub.ask(request).body).at("code").as_string(), "not_acceptable");
}

TEST(HttpRefusals, CommandsNeedTheAdminSocketHoweverTheyAreWritten) {
  Hub hub;
  for (const std::string rest :
       {"gates/run", "gates/pause", "gates/resume", "gates/withdraw", "none/run", "gates/run?x=1"}) {
    const auto response = hub.ask(hub.request("/api/v1/sources/" + rest, "POST"));
    EXPECT_EQ(response.status, 403);
    const auto body = json::parse(*response.body);
    EXPECT_EQ(body.at("code").as_string(), "writes_need_admin_socket");
    EXPECT_FALSE(body.at("hint").as_string().empty());
  }
  EXPECT_TRUE(hub.control.orders.empty());
}

TEST(HttpRefusals, ABodyDoesNotHideThatCommandsNeedTheAdminSocket) {
  Hub hub;
  auto request = hub.request("/api/v1/sources/gates/run", "POST");
  request.has_body = true;
  EXPECT_EQ(hub.ask(request).status, 403);
  request.admin = true;
  EXPECT_EQ(json::parse(*hub.ask(request).body).at("code").as_string(), "unexpected_body");
}

TEST(HttpRefusals, ASourceThatWasTakenAwayCanBeAskedForWhatItLeft) {
  Hub hub;
  hub.control.all.clear();
  hub.store.rejects.clear();
  const std::vector<std::string> targets{o + "&source=gates", "/api/v1/observations?indicator=plain.count&source=gates",
                                         "/api/v1/runs?source=gates", "/api/v1/rejects?source=gates"};
  for (const auto& target : targets) {
    EXPECT_EQ(hub.get(target).status, 200) << target;
  }
}

TEST(HttpRefusals, WhatTheDaemonRefusesHasItsStatus) {
  const std::vector<std::pair<std::string, int>> cases{{"already_running", 409}, {"disabled", 409},
                                                       {"paused", 409},          {"quarantined", 409},
                                                       {"unknown_source", 404},  {"shutting_down", 503}};
  for (const auto& [code, status] : cases) {
    Hub hub;
    hub.control.refuses = fail(code, "because");
    auto request = hub.request("/api/v1/sources/gates/run", "POST");
    request.admin = true;
    const auto response = hub.ask(request);
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(json::parse(*response.body).at("code").as_string(), code);
    EXPECT_EQ(header(response, "retry-after").empty(), status != 503);
  }
}

TEST(HttpRefusals, WhatCameWithoutAnInputCannotBeReadAgain) {
  Hub hub;
  hub.store.rejects[0].input.clear();
  hub.store.rejects[1].input.clear();
  hub.store.rejects[3].input.clear(); // all of hand, one of gates
  for (const std::string target : {"/api/v1/rejects/1/retry", "/api/v1/sources/hand/retry"}) {
    auto request = hub.request(target, "POST");
    request.admin = true;
    const auto response = hub.ask(request);
    EXPECT_EQ(response.status, 409) << target;
    EXPECT_EQ(json::parse(*response.body).at("code").as_string(), "no_input");
  }
  EXPECT_TRUE(hub.control.orders.empty());
}

TEST(HttpRefusals, WhatTellsOfAPersonIsNotSaidAgain) {
  Hub hub;
  for (const auto* query : {"?pseudonym=510104199001011234&key=0123456789abcdef0123456789abcdef",
                            "?pseudonym=0123456789abcdef&key=510104199001011234",
                            "?pseudonym=0123456789abcdef&key=0123456789abcdef0123456789abcdef"}) {
    auto request = hub.request(std::string("/api/v1/persons/erase") + query, "POST");
    request.admin = true;
    const auto body = *hub.ask(request).body;
    EXPECT_EQ(body.find("510104"), std::string::npos) << body;
    EXPECT_EQ(body.find("0123456789abcdef"), std::string::npos) << body;
  }
  EXPECT_EQ(hub.control.orders,
            std::vector<std::string>{"erase 81985529216486895 under 0123456789abcdef0123456789abcdef"});
}

TEST(HttpRefusals, ARunIsWithdrawnOnce) {
  Hub hub;
  hub.store.runs[1].withdrawn = {9, from_micros(1'741'138'200'000'000)};
  auto request = hub.request("/api/v1/runs/2/withdraw", "POST");
  request.admin = true;
  const auto response = hub.ask(request);
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(json::parse(*response.body).at("code").as_string(), "already_withdrawn");
  EXPECT_NE(response.body->find("2025-03-05T09:30:00+08:00"), std::string::npos);
  EXPECT_TRUE(hub.control.orders.empty());
}

TEST(HttpRefusals, AStoreThatFailsIsToldAsSuch) {
  const std::vector<std::string> targets{o,
                                         "/api/v1/indicators",
                                         "/api/v1/sources",
                                         "/api/v1/sources/gates",
                                         "/api/v1/runs",
                                         "/api/v1/runs/1",
                                         "/api/v1/rejects",
                                         "/"};
  const std::vector<std::pair<std::string, int>> cases{{"store", 500}, {"deadline", 503}, {"never_heard_of", 500}};
  for (const auto& [code, status] : cases) {
    for (const auto& target : targets) {
      Hub hub;
      hub.store.fails = fail(code, "it broke");
      EXPECT_EQ(hub.get(target).status, status) << target;
    }
  }
}

TEST(HttpRefusals, AFailureOfTheHubItselfIsLeftToTheServer) {
  Hub hub;
  hub.store.on_cells = [] { throw std::runtime_error("what nobody thought of"); };
  EXPECT_THROW(hub.get(o), std::runtime_error);
}

TEST(HttpRefusals, TooManyCellsAreRefused) {
  Hub hub;
  for (int venue = 0; venue < 200; ++venue) {
    hub.store.facts.push_back(
        {"venue.visits", "gates", {"V" + std::to_string(venue), "510104", ""}, model::day_of(1930, 1, 1), 0, 0, 0});
  }
  EXPECT_EQ(json::parse(*hub.get(o + "&freq=D&by=venue").body).at("code").as_string(), "range_too_wide");
}

TEST(HttpRefusals, EveryCodeHasOneStatusATitleAndSaysWhatToDo) {
  std::set<std::string_view> seen;
  for (const auto& [code, status, title, hint] : problem_codes()) {
    EXPECT_TRUE(seen.insert(code).second) << code;
    const auto response = problem(status, code, "detail", "hint", "parameter");
    EXPECT_EQ(response.status, status);
    const auto body = json::parse(*response.body);
    EXPECT_EQ(body.at("code").as_string(), code);
    EXPECT_EQ(body.at("title").as_string(), title);
    EXPECT_EQ(body.at("hint").as_string(), "hint");
    EXPECT_EQ(body.at("parameter").as_string(), "parameter");
    EXPECT_FALSE(hint.empty()) << code;
    EXPECT_EQ(json::parse(*problem(status, code, "detail").body).at("hint").as_string(), hint);
  }
}

} // namespace
} // namespace kepu::http::test
