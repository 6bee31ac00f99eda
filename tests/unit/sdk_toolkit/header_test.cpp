// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/header.hpp>

#include <gtest/gtest.h>

namespace kepu::toolkit {
namespace {

using Words = std::vector<std::string_view>;

std::vector<Column> usual() {
  return {{"event_id", {"event_id", "事件编号"}}, {"venue", {"venue", "场馆"}}, {"gate", {"gate", "闸机"}},
          {"direction", {"direction", "方向"}},   {"ts", {"ts", "时间"}},       {"card", {"card", "卡号"}}};
}

HeaderProblem find(const Words& header, const std::vector<Column>& wanted, Header& out) {
  return find_columns(header, wanted, "the settings", out);
}

TEST(Headers, AreFoundInEitherLanguageAndAnyOrder) {
  Header header;
  EXPECT_FALSE(find(Words{"event_id", "venue", "gate", "direction", "ts", "card"}, usual(), header));
  EXPECT_EQ(header.at, (std::vector<size_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_FALSE(find(Words{"卡号", "x", " 时间 ", "方向", "闸机", "场馆", "事件编号"}, usual(), header));
  EXPECT_EQ(header.at, (std::vector<size_t>{6, 5, 4, 3, 2, 0}));
  EXPECT_EQ(header.count, 7u);
  EXPECT_FALSE(find(Words{"Event_ID", "VENUE", "gate", "ｄｉｒｅｃｔｉｏｎ", "ts", "card"}, usual(), header));
}

TEST(Headers, AMissingOneNamesTheNearestThere) {
  Header header;
  const auto problem = find(Words{"event_id", "vanue", "gate", "direction", "time", "card"}, usual(), header);
  EXPECT_EQ(problem.code, "missing_column");
  EXPECT_EQ(problem.field, "venue");
  EXPECT_NE(problem.message.find("no column \"venue\", \"场馆\" (nearest: \"vanue\""), std::string::npos)
      << problem.message;
  EXPECT_NE(problem.message.find("no column \"ts\", \"时间\""), std::string::npos) << problem.message;
}

TEST(Headers, TwoOfTheSameAreNotChosenFrom) {
  Header header;
  const auto problem = find(Words{"event_id", "venue", "场馆", "gate", "direction", "ts", "card"}, usual(), header);
  EXPECT_EQ(problem.code, "repeated_column");
  EXPECT_EQ(problem.field, "venue");
}

TEST(Headers, AFieldThatFilesDoNotHaveIsLeftOut) {
  auto wanted = usual();
  wanted[5].words.clear();
  Header header;
  EXPECT_FALSE(find(Words{"event_id", "venue", "gate", "direction", "ts"}, wanted, header));
  EXPECT_EQ(header.at[5], Header::absent);
  EXPECT_EQ(words_of(" a , 事件编号,"), (std::vector<std::string>{"a", "事件编号"}));
  EXPECT_TRUE(words_of(" ").empty());
}

TEST(Headers, AnOptionalColumnMayBeMissingAndNotDoubled) {
  const std::vector<Column> wanted{{"id", {"id"}}, {"note", {"note", "备注"}, true}};
  Header header;
  EXPECT_FALSE(find({"id"}, wanted, header));
  EXPECT_EQ(header.at, (std::vector<size_t>{0, Header::absent}));
  EXPECT_FALSE(find({"备注", "id"}, wanted, header));
  EXPECT_EQ(header.at, (std::vector<size_t>{1, 0}));
  EXPECT_EQ(find({"备注", "id", "note"}, wanted, header).code, "repeated_column");
  const Words fields{"x", "7"};
  EXPECT_FALSE(find({"other", "id"}, wanted, header));
  EXPECT_EQ(CsvRow(fields, header)[0], "7");
  EXPECT_EQ(CsvRow(fields, header)[1], "");
}

TEST(Headers, AdviceAndPlaceOfTheSettingsEndTheMessage) {
  Header header;
  const auto problem = find({"a"}, {{"gate", {"gate"}, false, ", or say that there is none"}}, header);
  EXPECT_NE(problem.message.find("or say that there is none; correct the first line of the file, or the settings"),
            std::string::npos)
      << problem.message;
}

} // namespace
} // namespace kepu::toolkit
