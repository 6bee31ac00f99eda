#include "http/negotiate.hpp"

#include <gtest/gtest.h>

#include <array>
#include <utility>
#include <vector>

namespace kepu::http {
namespace {

TEST(HttpNegotiate, TheFormThatTheClientLikesBestIsChosen) {
  constexpr std::array offered{Format::json, Format::csv};
  const std::vector<std::pair<std::string_view, std::optional<Format>>> cases{
      {"", Format::json},
      {"*/*", Format::json},
      {"text/csv", Format::csv},
      {"TEXT/CSV", Format::csv},
      {"text/csv;header=present", Format::csv},
      {"text/*", Format::csv},
      {"application/json, text/csv", Format::json},
      {"application/json;q=0.5, text/csv;q=0.501", Format::csv},
      {"text/csv;q=0.2,*/*;q=0.1", Format::csv},
      {"application/json;q=0, */*", Format::csv},
      {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format::json},
      {"image/png", std::nullopt},
      {"*/*;q=0", std::nullopt},
      {"*/*;q=0.000", std::nullopt},
      {"text/csv;q=2", Format::json},
      {"text/csv;q=1.5, text/csv;q=0.5x, ;;,,", Format::json},
      {"nonsense", Format::json},
  };
  for (const auto& [accept, best] : cases)
    EXPECT_EQ(best_format(accept, offered), best) << accept;
}

TEST(HttpNegotiate, GzipIsTakenWhereItIsNotRefused) {
  const std::vector<std::pair<std::string_view, bool>> cases{
      {"", false},        {"gzip", true},         {"GZIP", true}, {"deflate, gzip;q=0.5", true},   {"gzip;q=0", false},
      {"*;q=0", false},   {"gzip;q=0, *", false}, {"br", false},  {"gzip;q=0.1, identity", false}, {"*", true},
      {"gzipped", false},
  };
  for (const auto& [value, takes] : cases)
    EXPECT_EQ(takes_gzip(value), takes) << value;
}

TEST(HttpNegotiate, AnETagIsFoundInItsList) {
  const std::vector<std::pair<std::string_view, bool>> cases{
      {"\"a\"", true},        {"W/\"a\"", true}, {"\"b\", W/\"a\"", true},
      {"\"x,\",\"a\"", true}, {"\"ab\"", false}, {"a", false},
      {"\"a", false},         {"", false},       {"*", false},
  };
  for (const auto& [value, names] : cases)
    EXPECT_EQ(names_etag(value, "\"a\"", false), names) << value;
  EXPECT_TRUE(names_etag(" * ", "\"a\"", true));
}

} // namespace
} // namespace kepu::http
