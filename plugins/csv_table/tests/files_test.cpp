// SPDX-License-Identifier: Apache-2.0
//
// Which files are read, and when. The rules are the toolkit's, tried at length with venue_turnstile; here, that this
// connector keeps them.
#include "table_fixture.hpp"

namespace csv_table::tests {
namespace {

constexpr const char* header = "session_id,held_on,attendances\n";

std::string rows(int from, int until, int attendances = 1) {
  std::string out;
  for (int i = from; i < until; ++i)
    out += "S" + std::to_string(i) + ",2025-03-05," + std::to_string(attendances) + "\n";
  return out;
}

TEST_F(Table, ARunWithoutNewsAsksAndWritesNothing) {
  put("a.csv", header + rows(1, 3));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_EQ(hub.facts().size(), 2u);
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_EQ(hub.calls(), 0u);
}

TEST_F(Table, NewContentIsACorrectionAndAGrownFileIsReadOn) {
  put("a.csv", header + rows(1, 3));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  append("a.csv", rows(3, 5));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_EQ(heard("row").size(), 4u) << "the first two rows are not told again";
  hub.settings["on_change"] = "replace";
  put("a.csv", header + rows(4, 6, 7));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(hub.facts(), ElementsAre("sessions session_id=\"S4\" held_on=2025-03-05 attendances=7",
                                       "sessions session_id=\"S5\" held_on=2025-03-05 attendances=7"));
}

TEST_F(Table, DoneFilesAreMoved) {
  hub.settings.erase("folder");
  hub.settings["work_folder"] = folder.string();
  hub.settings["done"] = "move";
  put("a.csv", header + rows(1, 3));
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_TRUE(std::filesystem::exists(folder / "done/a.csv"));
}

TEST_F(Table, KilledAtAnyCallItEndsAsIfItHadNotBeen) {
  hub.settings["commit_rows"] = "3";
  put("a.csv", header + rows(1, 9));
  put("b.csv", header + rows(5, 12, 2));
  ASSERT_EQ(run(), KEPU_RUN_OK);
  const auto whole = hub.facts();
  const auto calls = hub.calls();
  ASSERT_GT(calls, 8u);
  for (uint64_t at = 1; at <= calls; ++at) {
    kepu::testing::FakeHub other(kepu_connector_entry);
    other.contracts = hub.contracts;
    other.settings = hub.settings;
    Faults faults;
    faults.kill_at_call = at;
    other.run(faults);
    EXPECT_EQ(other.run().status, KEPU_RUN_OK) << at;
    EXPECT_EQ(other.facts(), whole) << at;
  }
}

TEST_F(Table, AMissingColumnRefusesTheFileUntilFileOrSettingsAreRight) {
  put("a.csv", "编号,held_on\nS1,2025-03-05\n");
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(text, HasSubstr("1 refused as a whole"));
  EXPECT_THAT(heard("reject"), ElementsAre(HasSubstr("session_id missing_column: a.csv: there is no column "
                                                     "\"session_id\"")));
  EXPECT_THAT(heard("reject")[0], HasSubstr("or [settings.columns] of the source"));
  hub.settings["columns"] = "session_id = 编号";
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_EQ(hub.facts().size(), 1u) << "the file was not touched";
  hub.settings["columns"] = "session_id = 编号\nattendances = 人数";
  put("a.csv", "编号,held_on\nS2,2025-03-05\n");
  EXPECT_EQ(run(), KEPU_RUN_OK);
  EXPECT_THAT(heard("reject").back(), HasSubstr("attendances missing_column")) << "a mapped column must be there";
}

TEST_F(Table, AnInputWithoutAKeyIsOnePartAndReplacedAsAWhole) {
  hub.settings["dataset"] = "visits";
  hub.settings["commit_rows"] = "1";
  put("a.csv", "day,n\n2025-03-05,1\n2025-03-06,2\n2025-03-07,3\n");
  put("b.csv", "day,n\n2025-03-05,9\n");
  EXPECT_EQ(run(), KEPU_RUN_OK) << text;
  EXPECT_EQ(hub.facts().size(), 4u);
  EXPECT_EQ(hub.commits(), 2u);
  append("a.csv", "2025-03-08,4\n");
  EXPECT_EQ(run(), KEPU_RUN_OK) << text;
  EXPECT_EQ(hub.facts().size(), 5u);
  put("a.csv", "day,n\n2025-03-06,5\n");
  EXPECT_EQ(run(), KEPU_RUN_OK) << text;
  EXPECT_THAT(hub.facts(), ElementsAre("visits day=2025-03-05 n=9", "visits day=2025-03-06 n=5"));
  put("a.csv", "day,n\n");
  EXPECT_EQ(run(), KEPU_RUN_OK) << text;
  EXPECT_THAT(hub.facts(), ElementsAre("visits day=2025-03-05 n=9")) << "also by a file without a row";
}

} // namespace
} // namespace csv_table::tests
