#include "base/utf8.hpp"
#include "grammar.hpp"
#include "hub.hpp"

#include <gtest/gtest.h>

#include <map>

namespace kepu::http::test {
namespace {

TEST(HttpProperty, NoRequestMakesTheHubFail) {
  Hub hub;
  AnswerCache cache;
  Grammar grammar(20250306);
  std::map<int, int> statuses;
  for (int i = 0; i < 8000; ++i) {
    const auto request = grammar.next();
    const auto kept = from_cache(request, cache, hub.store.commit.seq, Instant{});
    const auto response = hub.ask(request, &cache);
    const std::string what = request.method + " " + request.target + " ";
    ++statuses[response.status];
    ASSERT_LT(response.status, 500) << what << *response.body;
    ASSERT_TRUE(response.body) << what;
    if (kept) {
      ASSERT_EQ(kept->status, response.status) << what;
      ASSERT_EQ(kept->headers, response.headers) << what;
      ASSERT_EQ(*kept->body, *response.body) << what;
    }
    if (response.status == 304) {
      ASSERT_TRUE(response.body->empty()) << what;
      continue;
    }
    if (header(response, "content-encoding") == "gzip") continue;
    ASSERT_TRUE(is_utf8(*response.body)) << what;
    if (header(response, "content-type").find("json") == std::string::npos) continue;
    boost::system::error_code error;
    json::parse(*response.body, error);
    ASSERT_FALSE(error) << what << *response.body;
  }
  // The grammar reaches every kind of answer.
  for (const int status : {200, 202, 304, 400, 403, 404, 405, 406, 422})
    EXPECT_GT(statuses[status], 0) << status;
}

} // namespace
} // namespace kepu::http::test
