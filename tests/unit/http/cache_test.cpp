#include "hub.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

namespace kepu::http::test {
namespace {

const std::string days = "/api/v1/observations?indicator=venue.visits&freq=D&by=venue,gate&columns=labels,n,unit";

std::string gunzipped(std::string_view body) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return done == Z_STREAM_END ? out : "damaged";
}

void add_days(Hub& hub, int count) {
  for (int i = 0; i < count; ++i) {
    hub.store.facts.push_back(
        {"venue.visits", "gates", {"V01", "510104017001", "east"}, model::day_of(2025, 4, 1) + i, 0, 0, 0});
  }
}

TEST(HttpCache, AHitIsTheAnswerThatAMissGave) {
  Hub hub;
  add_days(hub, 50);
  for (const std::string& target : {days, days + "&format=csv", std::string("/api/v1/indicators"),
                                    std::string("/api/v1/indicators/venue.visits")}) {
    for (const std::string encoding : {"", "gzip"}) {
      AnswerCache cache;
      auto request = hub.request(target);
      request.accept_encoding = encoding;
      EXPECT_FALSE(from_cache(request, cache, 7, Instant{}));
      const auto miss = hub.ask(request, &cache);
      const auto hit = from_cache(request, cache, 7, Instant{});
      ASSERT_TRUE(hit) << target;
      EXPECT_EQ(hit->status, miss.status);
      EXPECT_EQ(hit->headers, miss.headers);
      EXPECT_EQ(hit->body, miss.body);
      request.method = "HEAD";
      EXPECT_TRUE(from_cache(request, cache, 7, Instant{}));
      request.if_none_match = header(miss, "etag");
      const auto unchanged = from_cache(request, cache, 7, Instant{});
      ASSERT_TRUE(unchanged);
      EXPECT_EQ(unchanged->status, 304);
      EXPECT_EQ(unchanged->headers, hub.ask(request).headers);
    }
  }
}

TEST(HttpCache, ANewCommitMakesEveryAnswerOld) {
  Hub hub;
  AnswerCache cache;
  hub.ask(hub.request(days), &cache);
  EXPECT_TRUE(from_cache(hub.request(days), cache, 7, Instant{}));
  EXPECT_FALSE(from_cache(hub.request(days), cache, 8, Instant{}));
  cache.keep("other", 8, hub.get(days));
  EXPECT_EQ(cache.entries(), 1u);
  hub.ask(hub.request(days), &cache); // of commit 7, which is past
  EXPECT_EQ(cache.entries(), 1u);
  EXPECT_FALSE(from_cache(hub.request(days), cache, 7, Instant{}));
}

TEST(HttpCache, AnotherFormOrAWrongRequestIsNoHit) {
  Hub hub;
  AnswerCache cache;
  hub.ask(hub.request(days), &cache);
  auto csv = hub.request(days);
  csv.accept = "text/csv";
  EXPECT_FALSE(from_cache(csv, cache, 7, Instant{}));
  auto gzip = hub.request(days);
  gzip.accept_encoding = "gzip";
  EXPECT_FALSE(from_cache(gzip, cache, 7, Instant{}));
  auto body = hub.request(days);
  body.has_body = true;
  EXPECT_FALSE(from_cache(body, cache, 7, Instant{}));
  EXPECT_FALSE(from_cache(hub.request(days, "POST"), cache, 7, Instant{}));
  EXPECT_FALSE(from_cache(hub.request("%"), cache, 7, Instant{}));
  EXPECT_FALSE(from_cache(hub.request("/api/v1/runs"), cache, 7, Instant{}));
  EXPECT_FALSE(from_cache(hub.request(days + "&freq=D"), cache, 7, Instant{}));
}

TEST(HttpCache, RefusalsAndStatesOfTheMomentAreNotKept) {
  Hub hub;
  AnswerCache cache;
  for (const std::string target : {"/api/v1/observations?indicator=nothing", "/api/v1/runs", "/api/v1/sources", "/"}) {
    hub.ask(hub.request(target), &cache);
  }
  EXPECT_EQ(cache.entries(), 0u);
}

TEST(HttpCache, TheLeastRecentlyUsedMakesRoom) {
  AnswerCache cache(10'000);
  Response answer{200, {}, std::make_shared<const std::string>(1500, 'x')};
  for (const std::string key : {"a", "b", "c", "d", "e"})
    cache.keep(key, 1, answer);
  EXPECT_TRUE(cache.find("a", 1, Instant{}));
  cache.keep("f", 1, answer);
  EXPECT_TRUE(cache.find("a", 1, Instant{}));
  EXPECT_FALSE(cache.find("b", 1, Instant{}));
  EXPECT_LE(cache.bytes(), 10'000u);
  answer.body = std::make_shared<const std::string>(5000, 'x');
  cache.keep("large", 1, answer);
  EXPECT_FALSE(cache.find("large", 1, Instant{}));
}

TEST(HttpCache, LargeAnswersAreCompressedAndSmallOnesAreNot) {
  Hub hub;
  auto request = hub.request(days + "&limit=1");
  request.accept_encoding = "gzip, br";
  EXPECT_EQ(header(hub.ask(request), "content-encoding"), "");
  add_days(hub, 100);
  request.target = days;
  const auto small = hub.ask(request);
  const auto plain = hub.ask(hub.request(days));
  EXPECT_EQ(header(small, "content-encoding"), "gzip");
  EXPECT_EQ(gunzipped(*small.body), *plain.body);
  EXPECT_LT(small.body->size() * 4, plain.body->size());
  EXPECT_NE(header(small, "etag"), header(plain, "etag"));
}

} // namespace
} // namespace kepu::http::test
