// SPDX-License-Identifier: Apache-2.0
#include "bookmark.hpp"
#include "columns.hpp"
#include "folder.hpp"
#include "passage.hpp"

#include <kepu/connector.h>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace venue_turnstile {
namespace {

using Words = std::vector<std::string_view>;

Wanted usual() {
  return {{{"event_id", "事件编号"},
           {"venue", "场馆"},
           {"gate", "闸机"},
           {"direction", "方向"},
           {"ts", "时间"},
           {"card", "卡号"}}};
}

TEST(Pattern, NamesMatchAsPeopleExpect) {
  struct Case {
    const char* name;
    const char* pattern;
    bool want;
  };
  const Case cases[] = {
      {"a.csv", "*.csv", true},
      {"A.CSV", "*.csv", true},
      {"a.csv.part", "*.csv", false},
      {".a.csv", "*.csv", false},
      {".a.csv", ".*", true},
      {"a.csv", "a.csv", true},
      {"a.csv", "b.csv", false},
      {"a1.csv", "a?.csv", true},
      {"a12.csv", "a?.csv", false},
      {"馆.csv", "?.csv", true},
      {"馆内.csv", "*内.csv", true},
      {"aXbXc", "a*b*c", true},
      {"aXbXd", "a*b*c", false},
      {"abcabc.csv", "*abc.csv", true},
      {"a", "*", true},
      {"a", "**", true},
      {"a", "", false},
      {"[1].csv", "[1].csv", true},
      {"aaaaaaaaaaaaaaaaaaaaaaaaab", "*a*a*a*a*a*a*c", false},
  };
  for (const auto& c : cases)
    EXPECT_EQ(matches(c.name, c.pattern), c.want) << c.name << " " << c.pattern;
}

TEST(Columns, AreFoundInEitherLanguageAndAnyOrder) {
  Columns columns;
  EXPECT_FALSE(find_columns(Words{"event_id", "venue", "gate", "direction", "ts", "card"}, usual(), columns));
  EXPECT_EQ(columns.at, (std::array<size_t, 6>{0, 1, 2, 3, 4, 5}));
  EXPECT_FALSE(find_columns(Words{"卡号", "x", " 时间 ", "方向", "闸机", "场馆", "事件编号"}, usual(), columns));
  EXPECT_EQ(columns.at, (std::array<size_t, 6>{6, 5, 4, 3, 2, 0}));
  EXPECT_EQ(columns.count, 7u);
  EXPECT_FALSE(find_columns(Words{"Event_ID", "VENUE", "gate", "ｄｉｒｅｃｔｉｏｎ", "ts", "card"}, usual(), columns));
}

TEST(Columns, AMissingOneNamesTheNearestThere) {
  Columns columns;
  const auto problem = find_columns(Words{"event_id", "vanue", "gate", "direction", "time", "card"}, usual(), columns);
  EXPECT_EQ(problem.code, "missing_column");
  EXPECT_EQ(problem.field, "venue");
  EXPECT_NE(problem.message.find("no column \"venue\", \"场馆\" (nearest: \"vanue\""), std::string::npos)
      << problem.message;
  EXPECT_NE(problem.message.find("no column \"ts\", \"时间\""), std::string::npos) << problem.message;
}

TEST(Columns, TwoOfTheSameAreNotChosenFrom) {
  Columns columns;
  const auto problem =
      find_columns(Words{"event_id", "venue", "场馆", "gate", "direction", "ts", "card"}, usual(), columns);
  EXPECT_EQ(problem.code, "repeated_column");
  EXPECT_EQ(problem.field, "venue");
}

TEST(Columns, AFieldThatFilesDoNotHaveIsLeftOut) {
  auto wanted = usual();
  wanted[card].clear();
  Columns columns;
  EXPECT_FALSE(find_columns(Words{"event_id", "venue", "gate", "direction", "ts"}, wanted, columns));
  EXPECT_EQ(columns.at[card], Columns::absent);
  EXPECT_EQ(words_of(" a , 事件编号,"), (std::vector<std::string>{"a", "事件编号"}));
  EXPECT_TRUE(words_of(" ").empty());
}

TEST(Passage, IsReadOrRefusedWithItsReason) {
  const auto zone = *kepu::toolkit::Zone::find("Asia/Shanghai");
  Columns columns;
  ASSERT_FALSE(find_columns(Words{"event_id", "venue", "gate", "direction", "ts", "card"}, usual(), columns));
  struct Case {
    Words fields;
    const char* code; // empty: read
    const char* field = "";
    const char* direction = "";
    int flags = 0; // of ts and direction
  };
  constexpr const char* t = "2025-03-05 09:30:00";
  const Case cases[] = {
      {{"E1", "V1", "1", "in", t, "C"}, "", "", "in"},
      {{"E1", "V1", "", "out", t, ""}, "", "", "out"},
      {{"E1", "V1", "1", "进", t, "C"}, "", "", "in"},
      {{"E1", "V1", "1", "入", t, "C"}, "", "", "in"},
      {{"E1", "V1", "1", "出", t, "C"}, "", "", "out"},
      {{"E1", "V1", "1", "IN", t, "C"}, "", "", "in"},
      {{"E1", "V1", "1", "Out", t, "C"}, "", "", "out"},
      {{"E1", "V1", "1", " in ", t, "C"}, "", "", "in", KEPU_REPAIRED},
      {{"E1", "V1", "1", "ＯＵＴ", t, "C"}, "", "", "out", KEPU_REPAIRED},
      {{"E1", "V1", "1", "in", "2025/3/5 9:30", "C"}, "", "", "in", KEPU_REPAIRED},
      {{"", "V1", "1", "in", t, "C"}, "missing_value", "event_id"},
      {{"  ", "V1", "1", "in", t, "C"}, "missing_value", "event_id"},
      {{"E1", "", "1", "in", t, "C"}, "missing_value", "venue"},
      {{"E1", "　", "1", "in", t, "C"}, "missing_value", "venue"},
      {{"E1", "V1", "1", "", t, "C"}, "missing_value", "direction"},
      {{"E1", "V1", "1", "sideways", t, "C"}, "bad_direction", "direction"},
      {{"E1", "V1", "1", "inn", t, "C"}, "bad_direction", "direction"},
      {{"E1", "V1", "1", "in", "", "C"}, "missing_value", "ts"},
      {{"E1", "V1", "1", "in", "yesterday", "C"}, "bad_time", "ts"},
      {{"E1", "V1", "1", "in", "2025-02-30 10:00:00", "C"}, "bad_time", "ts"},
      {{"E1", "V1", "1", "in", "2025-03-05", "C"}, "bad_time", "ts"},
      {{"E1", "V1", "1", "in", t}, "column_count"},
      {{"E1", "V1"}, "column_count"},
      {{"E1", "V1", "1", "in", t, "C", "x"}, "column_count"},
  };
  for (const auto& c : cases) {
    Passage passage;
    const auto refusal = read_passage(c.fields, columns, zone, passage);
    const std::string row = testing::PrintToString(c.fields);
    EXPECT_EQ(refusal ? std::string(refusal->code) : "", c.code) << row;
    EXPECT_EQ(refusal ? std::string(refusal->field) : "", c.field) << row;
    if (refusal) {
      EXPECT_FALSE(refusal->message.empty());
      for (const auto field : c.fields)
        if (field.size() > 5) { // nothing of the row, whatever column it stands in
          EXPECT_EQ(refusal->message.find(field), std::string::npos) << refusal->message;
        }
      continue;
    }
    EXPECT_EQ(passage.direction, c.direction) << row;
    EXPECT_EQ(passage.ts, 1741138200'000'000) << row;
    EXPECT_EQ(passage.ts_flags | passage.direction_flags, c.flags) << row;
  }
}

TEST(Bookmark, ComesBackAsItWas) {
  Bookmark bookmark;
  bookmark.open = Bookmark::Open{42, 123, kepu::toolkit::sha256("x"), {45, 6}};
  bookmark.begin(7);
  bookmark.begin(8);
  bookmark.begin(7);
  bookmark.end(8);
  bookmark.settled = {1, 2, UINT64_MAX};
  const auto again = Bookmark::parse(bookmark.text({}));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->open, bookmark.open);
  EXPECT_EQ(again->begun, std::vector<uint64_t>{7});
  EXPECT_EQ(again->settled, bookmark.settled);
  EXPECT_EQ(Bookmark::parse(Bookmark{}.text({}))->settled.size(), 0u);
  EXPECT_TRUE(Bookmark::parse(""));
}

TEST(Bookmark, FitsIntoACursorAndKeepsTheLargestFiles) {
  Bookmark bookmark;
  bookmark.open = Bookmark::Open{UINT64_MAX, 1, {}, {}};
  for (uint64_t i = 0; i < 10'000; ++i) {
    bookmark.settled.insert(i);
    bookmark.begin(i);
  }
  std::vector<uint64_t> by_size;
  for (uint64_t i = 10'000; i-- > 0;)
    by_size.push_back(i);
  const auto text = bookmark.text(by_size);
  EXPECT_LE(text.size(), size_t{KEPU_MAX_CURSOR_BYTES});
  const auto again = Bookmark::parse(text);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->settled.size(), most_settled);
  EXPECT_TRUE(again->settled.contains(9'999));
  EXPECT_FALSE(again->settled.contains(0));
  EXPECT_TRUE(again->has_begun(9'999));
}

TEST(Bookmark, AnythingElseIsNoBookmark) {
  Bookmark bookmark;
  bookmark.open = Bookmark::Open{1, 1, {}, {}};
  bookmark.begin(1);
  bookmark.settled = {1};
  const auto text = bookmark.text({});
  for (size_t cut = 1; cut < text.size(); ++cut) {
    const auto part = Bookmark::parse(text.substr(0, cut));
    // Cut between whole fingerprints it is a bookmark that remembers fewer files.
    if (part) {
      EXPECT_EQ(cut, text.size() - 8);
    }
  }
  EXPECT_FALSE(Bookmark::parse("VT1\nxxxxxxxx"));
  EXPECT_FALSE(Bookmark::parse(std::string("VT2\n") + std::string(8, '\0') + std::string(8, '\xff')));
}

TEST(Folder, AFileIsQuietByItsTimeUnlessThatLiesInTheFuture) {
  struct stat status {};
  status.st_mtim = {100, 0};
  status.st_ctim = {105, 500'000'000};
  EXPECT_EQ(quiet_for(status, 110'000'000), 10'000'000);
  EXPECT_EQ(quiet_for(status, 100'000'000), 0);
  status.st_mtim = {4'000'000'000, 0};
  EXPECT_EQ(quiet_for(status, 110'000'000), 4'500'000);
}

TEST(Folder, AFingerprintChangesWithEachThingThatItIsMadeOf) {
  struct stat status {};
  std::vector<uint64_t> prints = {fingerprint("a", status, 1), fingerprint("b", status, 1),
                                  fingerprint("a", status, 2)};
  status.st_size = 1;
  prints.push_back(fingerprint("a", status, 1));
  status.st_mtim.tv_nsec = 1;
  prints.push_back(fingerprint("a", status, 1));
  status.st_ctim.tv_nsec = 1;
  prints.push_back(fingerprint("a", status, 1));
  status.st_ino = 1;
  prints.push_back(fingerprint("a", status, 1));
  for (size_t i = 0; i < prints.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      EXPECT_NE(prints[i], prints[j]);
}

} // namespace
} // namespace venue_turnstile
