// SPDX-License-Identifier: Apache-2.0
//
// What a file may look like, and what is refused in it.
#include "folder_fixture.hpp"

namespace venue_turnstile::tests {
namespace {

TEST_F(Turnstile, ABadRowIsOneRejectWithTheSpreadsheetsRowNumber) {
  put("a.csv", std::string(header) + row(2) +                      // row 2
                   "\n" +                                          // 3, blank
                   "E4,V01,1,in,yesterday,SC0001234\n" +           // 4
                   "E5,V01,\"ga\nte\",in,2025-03-05 09:30:00,\n" + // 5, over two lines
                   ",V01,1,in,2025-03-05 09:30:00,SC0001234\n" +   // 6
                   "E7,V01,1\n" +                                  // 7
                   "E8,V01,1,in,2025-03-05 09:30:00,C,x\n" +       // 8
                   "E9,\"V01,1,in,2025-03-05 09:30:00,C\n" +       // 9, unclosed
                   row(10) + "E11,V01,1,in,2025-03-05 09:30:00,\xff\n" + row(12));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(events(), ElementsAre("E10", "E12", "E2", "E5"));
  EXPECT_EQ(hub.facts["E5"].text, "V01|ga\nte|in|1741138200000000|-");
  EXPECT_EQ(hub.facts["E12"].place, 12u);
  std::vector<std::string> said;
  for (const auto& r : hub.rejects) {
    EXPECT_EQ(r.input, "a.csv");
    EXPECT_EQ(r.message.find("SC0001234"), std::string::npos);
    EXPECT_FALSE(r.message.empty());
    said.push_back(std::to_string(r.place) + " " + r.field + " " + r.code);
  }
  EXPECT_THAT(said, ElementsAre("4 ts bad_time", "6 event_id missing_value", "7  column_count", "8  column_count",
                                "9  unterminated_quote", "11  bad_encoding"));
  EXPECT_EQ(hub.text, "1 file taken");
}

TEST_F(Turnstile, EveryEncodingAndDelimiterGivesTheSameFacts) {
  const std::string gbk_header = "\xca\xc2\xbc\xfe\xb1\xe0\xba\xc5,\xb3\xa1\xb9\xdd,\xd5\xa2\xbb\xfa,\xb7\xbd\xcf\xf2,"
                                 "\xca\xb1\xbc\xe4,\xbf\xa8\xba\xc5\r\n";
  const std::string gbk_row = "E1,\"\xbf\xc6\xbc\xbc\xb9\xdd\",1,\xbd\xf8,2025-03-05 09:30:00,C1\r\n";
  const std::string utf8 = "事件编号,场馆,闸机,方向,时间,卡号\nE1,科技馆,1,进,2025-03-05 09:30:00,C1\n";
  std::string semicolons = utf8, tabs = utf8;
  std::replace(semicolons.begin(), semicolons.end(), ',', ';');
  std::replace(tabs.begin(), tabs.end(), ',', '\t');
  // "CSV UTF-16" as a spreadsheet's "Unicode text": with a mark and tabs.
  std::string utf16 = "\xff\xfe";
  for (const char16_t unit : std::u16string(u"event_id\tvenue\tgate\tdirection\tts\tcard\r\n"
                                            u"E1\t科技馆\t1\tin\t2025-03-05T01:30:00Z\tC1\r\n")) {
    utf16 += static_cast<char>(unit & 0xff);
    utf16 += static_cast<char>(unit >> 8);
  }
  const std::pair<const char*, std::string> files[] = {
      {"gbk", gbk_header + gbk_row},
      {"utf8", utf8},
      {"mark", "\xef\xbb\xbf" + utf8},
      {"semicolons", semicolons},
      {"tabs", tabs},
      {"utf16", utf16},
      {"lone cr",
       [&] {
         std::string cr = utf8;
         std::replace(cr.begin(), cr.end(), '\n', '\r');
         return cr;
       }()},
      {"columns in another order, and one more", "x,card,ts,direction,gate,venue,EVENT_ID\n"
                                                 ",C1,2025-03-05T09:30:00+08:00,IN,1,科技馆,E1\n"},
  };
  for (const auto& [what, content] : files) {
    hub = Hub();
    put("a.csv", content);
    EXPECT_EQ(run(), KEPU_RUN_OK) << what;
    ASSERT_EQ(hub.facts.size(), 1u) << what << log();
    EXPECT_EQ(hub.facts["E1"].text, "科技馆|1|in|1741138200000000|C1") << what;
    EXPECT_EQ(hub.facts["E1"].place, 2u) << what;
    EXPECT_TRUE(hub.rejects.empty()) << what;
  }
}

TEST_F(Turnstile, RepairsAreFlagged) {
  put("a.csv", std::string(header) +
                   "E1,V01,1,in,2025/3/5 9:30,C\nE2,V01,1,ＩＮ,２０２５-０３-０５ ０９:３０:００,C\n" +
                   "E3,V01,1,in,45721.39583333,C\n");
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_EQ(hub.facts["E1"].text, "V01|1|in|1741138200000000!|C");
  EXPECT_EQ(hub.facts["E2"].text, "V01|1|in!|1741138200000000!|C");
  EXPECT_EQ(hub.facts["E3"].text, "V01|1|in|1741138200000000!|C");
}

TEST_F(Turnstile, AHeaderThatLacksAColumnIsOneRejectAndTheOtherFilesGoOn) {
  put("a.csv", "event_id,vanue,gate,direction,ts,card\n" + rows(1, 5));
  put("b.csv", header + row(9));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(events(), ElementsAre("E9"));
  ASSERT_EQ(hub.rejects.size(), 1u);
  EXPECT_EQ(hub.rejects[0].place, 1u);
  EXPECT_EQ(hub.rejects[0].field, "venue");
  EXPECT_EQ(hub.rejects[0].code, "missing_column");
  EXPECT_THAT(hub.rejects[0].message, HasSubstr("a.csv: there is no column \"venue\", \"场馆\" (nearest: \"vanue\""));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_EQ(hub.rejects.size(), 1u) << "said once";
  // It may be the settings that were wrong.
  settings["column_venue"] = "vanue,venue";
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_EQ(hub.facts.size(), 5u);
  EXPECT_EQ(hub.rejects.size(), 1u);
  // Or the file.
  put("c.csv", "venue,gate\nV01,1\n");
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_EQ(hub.rejects.size(), 2u);
  put("c.csv", header + row(50));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_EQ(hub.facts.size(), 6u);
}

TEST_F(Turnstile, AHeaderThatCannotBeReadIsOneReject) {
  using namespace std::string_literals;
  const std::pair<std::string, const char*> files[] = {
      {"e\0v\0e\0n\0t\0\n\0"s, "bad_character"},
      {"\"event_id,venue\n" + row(1), "unterminated_quote"},
      {std::string(70'000, 'x') + "\n" + row(1), "too_long"},
      {"event_id,venue,venue,gate,direction,ts,card\n", "repeated_column"},
      {"V01;in;2025\n", "missing_column"},
  };
  for (const auto& [content, code] : files) {
    hub = Hub();
    put("a.csv", content);
    EXPECT_EQ(run(), KEPU_RUN_OK) << code;
    ASSERT_EQ(hub.rejects.size(), 1u) << code;
    EXPECT_EQ(hub.rejects[0].code, code);
    EXPECT_EQ(hub.rejects[0].place, 1u);
    EXPECT_TRUE(hub.facts.empty());
  }
}

TEST_F(Turnstile, AFileInNoKnownEncodingIsOneReject) {
  put("a.csv", std::string(header) + "E1,\xff\xbf\xc6,1,in,2025-03-05 09:30:00,\x80\n");
  put("b.csv", header + row(2));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(events(), ElementsAre("E2"));
  ASSERT_EQ(hub.rejects.size(), 1u);
  EXPECT_EQ(hub.rejects[0].code, "bad_encoding");
  EXPECT_EQ(hub.rejects[0].input, "a.csv");
  EXPECT_THAT(hub.rejects[0].message, HasSubstr("from byte 41 on"));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_EQ(hub.rejects.size(), 1u);
}

TEST_F(Turnstile, AFileCutInHalfGivesWhatIsWholeAndIsCompletedLater) {
  const std::string whole =
      header + std::string("E1,科技馆,1,进,2025-03-05 09:30:00,C1\nE2,少年宫,1,进,2025-03-05 09:31:00,C2\n");
  for (size_t cut = 1; cut < whole.size(); ++cut) {
    hub = Hub();
    put("a.csv", whole.substr(0, cut));
    ASSERT_EQ(run(), KEPU_RUN_OK) << cut;
    put("a.csv", whole);
    ASSERT_EQ(run(), KEPU_RUN_OK) << cut;
    // Both rows are right in the end. A cut event id may have become a fact of its own; only replacing mends that.
    EXPECT_EQ(hub.facts["E1"].text, "科技馆|1|in|1741138200000000|C1") << cut;
    EXPECT_EQ(hub.facts["E2"].text, "少年宫|1|in|1741138260000000|C2") << cut;

    hub = Hub();
    settings["on_change"] = "replace";
    put("a.csv", whole.substr(0, cut));
    ASSERT_EQ(run(), KEPU_RUN_OK) << cut;
    put("a.csv", whole);
    ASSERT_EQ(run(), KEPU_RUN_OK) << cut;
    EXPECT_THAT(events(), ElementsAre("E1", "E2")) << cut;
    settings["on_change"] = "upsert";
  }
}

TEST_F(Turnstile, FilesWithoutCardsAreReadWhenTheSettingsSaySo) {
  put("a.csv", "event_id,venue,direction,ts\nE1,V01,in,2025-03-05 09:30:00\n");
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_EQ(hub.rejects.at(0).code, "missing_column");
  EXPECT_THAT(hub.rejects.at(0).message, HasSubstr("column_card = \"\""));
  settings["column_card"] = settings["column_gate"] = "";
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_EQ(hub.facts["E1"].text, "V01|-|in|1741138200000000|-");
}

} // namespace
} // namespace venue_turnstile::tests
