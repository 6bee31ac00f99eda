// SPDX-License-Identifier: Apache-2.0
//
// From rows of a file to cells of the dataset.
#include "table_fixture.hpp"

namespace csv_table::tests {
namespace {

TEST_F(Table, EveryTypeIsReadAndMendingIsFlagged) {
  hub.settings["columns"] =
      "session_id = 场次编号\nheld_on = 日期,举办日期\nonline = 线上\nseason = 季度\nphone = 卡号";
  put("a.csv", "场次编号,举办日期,venue,area,direction,attendances,hours,weight,线上,opened_at,季度,卡号,备注\n"
               "S1,2025-03-05,科技馆,510104001,in,120,1.5,0.25,是,2025-03-05 09:30:00,2025-Q1,C1,x\n"
               "S2,2025年3月6日,  科技馆,,,1.2万,约３,1e-3,√,2025/3/6 9:30,2025年一季度,,\n"
               "S3,45723,,,,—,,,,,—,,\n");
  ASSERT_EQ(run(), KEPU_RUN_OK) << text;
  const auto rows = heard("row");
  ASSERT_EQ(rows.size(), 3u) << testing::PrintToString(hub.lines());
  EXPECT_THAT(rows[0],
              testing::MatchesRegex("row sessions 2: session_id=\"S1\" held_on=2025-03-05 venue=\"科技馆\" "
                                    "area=\"510104001\" direction=\"in\" attendances=120 hours=1.5 weight=0.25 "
                                    "online=true opened_at=2025-03-05T01:30:00Z season=2025-Q1 phone=~[0-9a-f]+"));
  EXPECT_EQ(rows[1], "row sessions 3: session_id=\"S2\" held_on=2025-03-06~repaired venue=\"科技馆\"~repaired "
                     "attendances=12000~repaired hours=3.0~approx~repaired weight=0.001 online=true "
                     "opened_at=2025-03-06T01:30:00Z~repaired season=2025-Q1~repaired");
  EXPECT_EQ(rows[2], "row sessions 4: session_id=\"S3\" held_on=2025-03-07~repaired");
}

TEST_F(Table, AFieldThatIsNotMappedIsLookedForUnderItsNameAndMayBeMissing) {
  put("a.csv", "Session_ID,held_on,季度\nS1,2025-03-05,2025-Q1\n");
  ASSERT_EQ(run(), KEPU_RUN_OK) << text;
  EXPECT_THAT(hub.facts(), ElementsAre("sessions session_id=\"S1\" held_on=2025-03-05"));
}

TEST_F(Table, AConstantIsInEveryRowAndNoRepair) {
  hub.settings["constants"] = "held_on = 2025年3月5日\ndirection = in\nattendances = 约500\nseason = 2025年上半年";
  put("a.csv", "session_id,held_on\nS1,2024-01-01\nS2,\n");
  ASSERT_EQ(run(), KEPU_RUN_OK) << text;
  EXPECT_THAT(hub.facts(), ElementsAre("sessions session_id=\"S1\" held_on=2025-03-05 direction=\"in\" "
                                       "attendances=500~approx season=2025-S1",
                                       "sessions session_id=\"S2\" held_on=2025-03-05 direction=\"in\" "
                                       "attendances=500~approx season=2025-S1"));
}

TEST_F(Table, ARowOfNothingButDelimitersIsNone) {
  hub.settings["dataset"] = "visits";
  hub.settings["constants"] = "day = 2025-03-05\nn = 1";
  put("a.csv", "who,where\nx,\n,\n 　,\t\n,y\n,,,\n");
  ASSERT_EQ(run(), KEPU_RUN_OK) << text;
  EXPECT_THAT(heard("row"), ElementsAre("row visits 2: day=2025-03-05 n=1", "row visits 5: day=2025-03-05 n=1"));
  EXPECT_THAT(heard("reject"), IsEmpty());
}

TEST_F(Table, WordsBecomeWhatTheDatasetWants) {
  hub.settings["values"] = "direction.进 = in\ndirection.出 = out\nvenue.少年宫 = V03\nattendances.无 = 0\n"
                           "online.网上 = 是\nonline.1.5 = 否";
  put("a.csv", "session_id,held_on,direction,venue,attendances,online\n"
               "S1,2025-03-05,进,少年宫,无,网上\n"
               "S2,2025-03-05, 出 ,科技馆,5,1.5\n"
               "S3,2025-03-05,out,,,是\n"
               "S4,2025-03-05,,,,\n"
               "S5,2025-03-05,对面,,,\n");
  ASSERT_EQ(run(), KEPU_RUN_OK) << text;
  EXPECT_THAT(hub.facts(),
              ElementsAre("sessions session_id=\"S1\" held_on=2025-03-05 venue=\"V03\" direction=\"in\" attendances=0 "
                          "online=true",
                          "sessions session_id=\"S2\" held_on=2025-03-05 venue=\"科技馆\" direction=\"out\" "
                          "attendances=5 online=false",
                          "sessions session_id=\"S3\" held_on=2025-03-05 direction=\"out\" online=true",
                          "sessions session_id=\"S4\" held_on=2025-03-05"))
      << "the hub knows venues itself; nobody else knows directions";
  EXPECT_THAT(heard("reject"), ElementsAre("reject 6 direction unknown_value: this word is not in [settings.values] of "
                                           "the source; correct it, or add it there"));
}

TEST_F(Table, DatesAndDecimalsAreReadAsTheSettingsSay) {
  hub.settings["dates"] = "held_on = dmy\nopened_at = mdy";
  hub.settings["decimal"] = "comma";
  put("a.csv", "session_id;held_on;opened_at;hours;attendances\nS1;5/3/2025;3/5/2025 9:30;1,5;1.234\n");
  ASSERT_EQ(run(), KEPU_RUN_OK) << text;
  EXPECT_THAT(hub.facts(),
              ElementsAre("sessions session_id=\"S1\" held_on=2025-03-05~repaired attendances=1234~repaired "
                          "hours=1.5 opened_at=2025-03-05T01:30:00Z~repaired"));
}

TEST_F(Table, ABadRowIsOneRejectThatQuotesNothing) {
  const std::string secret = "13800138000";
  put("a.csv", "session_id,held_on,attendances,hours,weight,online,opened_at,season\n"
               ",2025-03-05,,,,,,\n"
               "S3,,,,,,,\n"
               "S4,5/3/2025,,,,,,\n"
               "S5,2025-02-30,,,,,,\n"
               "S6,2025-03-05,x" +
                   secret +
                   ",,,,,\n"
                   "S7,2025-03-05,,1.25,,,,\n"
                   "S8,2025-03-05,,\"1,234\",,,,\n"
                   "S9,2025-03-05,,,inf,,,\n"
                   "S10,2025-03-05,,,," +
                   secret +
                   ",,\n"
                   "S11,2025-03-05,,,,,2025-03-05,\n"
                   "S12,2025-03-05,,,,,," +
                   secret +
                   "\n"
                   "S13,2025-03-05,,,,,,2025.1\n"
                   "S14,2025-03-05\n"
                   "S15,2025-03-05,1,,,,,\n");
  ASSERT_EQ(run(), KEPU_RUN_OK) << text;
  std::vector<std::string> codes;
  for (const auto& line : heard("reject")) {
    codes.push_back(line.substr(7, line.find(':') - 7));
    EXPECT_EQ(line.find(secret), std::string::npos) << line;
    EXPECT_NE(line.find("; "), std::string::npos) << "says what to do: " << line;
  }
  EXPECT_THAT(codes,
              ElementsAre("2 session_id missing_value", "3 held_on missing_value", "4 held_on bad_date",
                          "5 held_on bad_date", "6 attendances bad_number", "7 hours bad_number", "8 hours bad_number",
                          "9 weight bad_number", "10 online bad_boolean", "11 opened_at bad_time",
                          "12 season bad_period", "13 season bad_period", "14 column_count"));
  EXPECT_THAT(hub.facts(), ElementsAre("sessions session_id=\"S15\" held_on=2025-03-05 attendances=1"));
}

} // namespace
} // namespace csv_table::tests
