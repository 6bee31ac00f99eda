#include "http/budget.hpp"

#include "hub.hpp"

#include <gtest/gtest.h>

namespace kepu::http::test {
namespace {

const std::string days = "/api/v1/observations?indicator=venue.visits&freq=D&by=gate";

constexpr size_t kb = 1u << 10;
constexpr size_t mb = 1u << 20;

void add_days(Hub& hub, int count, const std::string& gate) {
  for (int i = 0; i < count; ++i) {
    hub.store.facts.push_back(
        {"venue.visits", "gates", {"V01", "510104017001", gate}, model::day_of(1990, 1, 1) + i, 0, 0, 0});
  }
}

Response ask(Hub& hub, AnswerBudget& budget, const std::string& target, AnswerCache* cache = nullptr) {
  kepu::test::FakeReader reader(hub.store);
  Context context;
  context.zone = &hub.zone;
  context.version = "0.1.0";
  context.cache = cache;
  context.counts = &hub.counts;
  context.budget = &budget;
  return handle(hub.request(target), reader, hub.control, context);
}

TEST(AnswerBudget, RefusesWhatDoesNotFitAndChangesNothingThen) {
  AnswerBudget budget(mb);
  AnswerBudget::Hold first(&budget);
  EXPECT_TRUE(first.settle(900 * kb));
  AnswerBudget::Hold second(&budget);
  EXPECT_FALSE(second.settle(200 * kb));
  EXPECT_EQ(budget.bytes(), 900 * kb);
  EXPECT_EQ(budget.refused(), 1u);
  EXPECT_TRUE(first.settle(800 * kb));
  EXPECT_TRUE(second.settle(200 * kb));
  EXPECT_EQ(budget.bytes(), 1000 * kb);
}

TEST(AnswerBudget, LetsSmallOnesThroughHoweverFullItIs) {
  AnswerBudget budget(mb);
  AnswerBudget::Hold all(&budget);
  EXPECT_TRUE(all.settle(mb));
  AnswerBudget::Hold one(&budget);
  EXPECT_TRUE(one.settle(AnswerBudget::small_body));
  EXPECT_FALSE(one.settle(AnswerBudget::small_body + 1));
  EXPECT_EQ(budget.bytes(), mb + AnswerBudget::small_body);
}

TEST(AnswerBudget, LargeOnesLeaveAQuarterToTheOthers) {
  AnswerBudget budget(16 * mb);
  AnswerBudget::Hold large(&budget);
  EXPECT_FALSE(large.settle(13 * mb));
  EXPECT_TRUE(large.settle(12 * mb));
  AnswerBudget::Hold larger(&budget);
  EXPECT_FALSE(larger.settle(2 * mb));
  EXPECT_TRUE(larger.settle(mb));
}

TEST(AnswerBudget, IsGivenBackWhenTheLastWhoHoldsABodyLetsGo) {
  AnswerBudget budget(mb);
  std::shared_ptr<const std::string> kept;
  {
    AnswerBudget::Hold hold(&budget);
    ASSERT_TRUE(hold.settle(500 * kb));
    const auto body = held(std::string(500 * kb, 'x'), std::move(hold));
    kept = body;
  }
  EXPECT_EQ(budget.bytes(), 500 * kb);
  kept.reset();
  EXPECT_EQ(budget.bytes(), 0u);
}

TEST(HttpBudget, ABodyThatTheCacheHoldsTooCountsOnce) {
  Hub hub;
  add_days(hub, 500, "east");
  AnswerBudget budget;
  {
    AnswerCache cache;
    auto response = ask(hub, budget, days, &cache);
    const auto again = from_cache(hub.request(days), cache, 7, Instant{});
    ASSERT_TRUE(again);
    EXPECT_EQ(again->body, response.body);
    EXPECT_EQ(budget.bytes(), response.body->capacity());
    response = {};
    EXPECT_GT(budget.bytes(), 0u);
  }
  EXPECT_EQ(budget.bytes(), 0u);
}

TEST(HttpBudget, AnAnswerWithoutRoomIsToldSoAndSmallOnesStillPass) {
  Hub hub;
  add_days(hub, 900, "east");
  AnswerBudget budget(AnswerBudget::small_body);
  AnswerBudget::Hold others(&budget);
  others.count(AnswerBudget::small_body);
  AnswerCache cache;
  const auto response = ask(hub, budget, days, &cache);
  EXPECT_EQ(response.status, 503);
  EXPECT_FALSE(header(response, "retry-after").empty());
  const auto body = json::parse(*response.body);
  EXPECT_EQ(body.at("code").as_string(), "busy");
  EXPECT_NE(body.at("hint").as_string().find("limit"), json::string::npos);
  EXPECT_EQ(cache.entries(), 0u);
  for (const std::string& target : {std::string("/healthz"), std::string("/readyz"), std::string("/metrics"),
                                    std::string("/"), std::string("/api/v1/sources"), days + "&limit=100"}) {
    EXPECT_EQ(ask(hub, budget, target).status, 200) << target;
  }
  EXPECT_EQ(budget.bytes(), AnswerBudget::small_body);
}

TEST(HttpBudget, WhatMayBeLargeIsRefusedBeforeAFigureIsRead) {
  Hub hub;
  add_days(hub, 12'000, "east");
  hub.store.on_cells = [] { throw std::runtime_error("figures were read"); };
  AnswerBudget budget(2 * mb);
  EXPECT_EQ(ask(hub, budget, days + "&limit=20000").status, 503);
  EXPECT_THROW(ask(hub, budget, days + "&limit=100"), std::runtime_error);
  EXPECT_EQ(budget.bytes(), 0u);
}

TEST(HttpBudget, MetricsTellWhatIsHeldAndHowManyWereRefused) {
  Hub hub;
  AnswerBudget budget(mb);
  AnswerBudget::Hold others(&budget);
  others.count(mb);
  EXPECT_FALSE(AnswerBudget::Hold(&budget).settle(mb));
  const auto body = *ask(hub, budget, "/metrics").body;
  EXPECT_NE(body.find("kepu_http_answer_bytes 1048576\n"), std::string::npos) << body;
  EXPECT_NE(body.find("kepu_http_answers_refused_total 1\n"), std::string::npos) << body;
}

TEST(HttpBudget, APageOfManyMegabytesEndsBeforeItsLimitAndLinksToTheNext) {
  Hub hub;
  add_days(hub, 6000, std::string(1500, 'g'));
  for (const std::string format : {"json", "csv"}) {
    std::string target = days + "&limit=100000&source=gates&to=2010-01-01&format=" + format;
    size_t rows = 0;
    int pages = 0;
    for (; !target.empty() && pages < 10; ++pages) {
      const auto response = hub.get(target);
      ASSERT_EQ(response.status, 200) << *response.body;
      EXPECT_LT(response.body->size(), 4 * mb + 4 * kb);
      for (size_t at = 0; (at = response.body->find("venue.visits,", at)) != std::string::npos; ++at)
        ++rows;
      for (size_t at = 0; (at = response.body->find("\"period\":", at)) != std::string::npos; ++at)
        ++rows;
      const auto link = header(response, "link");
      target = link.empty() ? "" : link.substr(1, link.find('>') - 1);
    }
    EXPECT_EQ(rows, 6000u) << format;
    EXPECT_EQ(pages, 3) << format;
  }
}

TEST(HttpShareKey, NamesRequestsThatHaveOneAnswerAndNoOthers) {
  Hub hub;
  const auto request = hub.request(days);
  const auto key = share_key(request, 7);
  EXPECT_FALSE(key.empty());
  EXPECT_EQ(share_key(request, 7), key);
  EXPECT_NE(share_key(request, 8), key);
  auto other = request;
  other.accept = "text/csv";
  EXPECT_NE(share_key(other, 7), key);
  other = request;
  other.accept_encoding = "gzip";
  EXPECT_NE(share_key(other, 7), key);
  other = request;
  other.if_none_match = "\"0\"";
  EXPECT_NE(share_key(other, 7), key);
  EXPECT_NE(share_key(hub.request(days + "&limit=1"), 7), key);
  other = request;
  other.has_body = true;
  EXPECT_EQ(share_key(other, 7), "");
  for (const std::string target : {"/api/v1/runs", "/healthz", "/metrics", "%", "/nothing"})
    EXPECT_EQ(share_key(hub.request(target), 7), "") << target;
  EXPECT_EQ(share_key(hub.request("/api/v1/sources/gates/run", "POST"), 7), "");
}

} // namespace
} // namespace kepu::http::test
