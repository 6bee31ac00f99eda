#include "base/percent.hpp"
#include "http/json.hpp"
#include "http/target.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace kepu::http {
namespace {

std::string decimal(__int128 value, int scale) {
  std::string out;
  append_decimal(out, value, scale);
  return out;
}

TEST(HttpText, DecimalsAreExact) {
  const auto most = static_cast<__int128>(~static_cast<unsigned __int128>(0) >> 1);
  EXPECT_EQ(decimal(0, 0), "0");
  EXPECT_EQ(decimal(0, 2), "0.00");
  EXPECT_EQ(decimal(-5, 2), "-0.05");
  EXPECT_EQ(decimal(1230, 2), "12.30");
  EXPECT_EQ(decimal(100, 2), "1.00");
  EXPECT_EQ(decimal(-7, 0), "-7");
  EXPECT_EQ(decimal(1, 18), "0.000000000000000001");
  EXPECT_EQ(decimal(most, 0), "170141183460469231731687303715884105727");
  EXPECT_EQ(decimal(-most - 1, 9), "-170141183460469231731687303715.884105728");
}

TEST(HttpText, EveryTextIsReadBackAsItWas) {
  std::string every;
  for (int c = 0; c < 128; ++c)
    every.push_back(static_cast<char>(c));
  for (const std::string& text : {every, std::string("科普 \xF0\x9F\x94\xAD \xE2\x80\xA8"), std::string()}) {
    std::string out;
    append_json_text(out, text);
    EXPECT_EQ(boost::json::parse(out).as_string(), text);
  }
}

TEST(HttpText, BytesThatAreNotUtf8AreReplaced) {
  std::string out;
  append_json_text(out, "a\xFFz\xC0\xAF\xE7");
  EXPECT_EQ(out, "\"a\uFFFDz\uFFFD\uFFFD\uFFFD\"");
}

TEST(HttpText, ExcelCalculatesNoCell) {
  for (const std::string text : {"=1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x"}) {
    std::string out;
    RowWriter rows(out, Format::csv, {"t"}, true);
    rows.text(text);
    rows.finish();
    EXPECT_NE(out.find("'" + text), std::string::npos) << out;
  }
  std::string out;
  RowWriter rows(out, Format::csv, {"t", "n", "none"}, true);
  rows.text("a=1");
  rows.decimal(-15, 1);
  rows.null();
  rows.finish();
  EXPECT_EQ(out, "\xEF\xBB\xBFt,n,none\r\na=1,-1.5,\r\n");
}

TEST(HttpText, TargetsAreTakenApartAndDecodedOnce) {
  const auto target = parse_target("/a%2Fb/%E7%A7%91/?x=1+2%2B&&y&%3D==%2541");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, (std::vector<std::string>{"a/b", "科", ""}));
  const std::vector<std::pair<std::string, std::string>> query{{"x", "1 2+"}, {"y", ""}, {"=", "=%41"}};
  EXPECT_EQ(target->query, query);
}

TEST(HttpText, WhatIsPercentEncodedIsDecodedToItself) {
  const std::string text = "a b+c&d=e#%/?科\"";
  const auto target = parse_target("/?k=" + percent_encoded(text));
  ASSERT_TRUE(target);
  EXPECT_EQ(target->query.at(0).second, text);
}

} // namespace
} // namespace kepu::http
