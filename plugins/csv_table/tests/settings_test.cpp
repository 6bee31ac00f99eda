// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a mapping is said before a file is read.
#include "table_fixture.hpp"

namespace csv_table::tests {
namespace {

struct Wrong {
  const char* table;
  const char* value;
  const char* says;
};

TEST_F(Table, AMappingThatDoesNotFitIsSaidWithTheNearestField) {
  put("a.csv", "session_id,held_on\nS1,2025-03-05\n");
  const Wrong cases[] = {
      {"dataset", "sesions", "the catalog has no dataset \"sesions\", did you mean \"sessions\"?"},
      {"columns", "held_no = 日期",
       "[settings.columns] held_no: dataset sessions has no such field, did you mean \"held_on\"?"},
      {"columns", "held_on = ,", "[settings.columns] held_on: is empty"},
      {"constants", "hour = 3",
       "[settings.constants] hour: dataset sessions has no such field, did you mean \"hours\"?"},
      {"constants", "attendances = viele", "[settings.constants] attendances: the number cannot be read"},
      {"constants", "held_on = ", "[settings.constants] held_on: is empty, and the dataset requires it"},
      {"values", "dirction.进 = in", "[settings.values] dirction: dataset sessions has no such field"},
      {"values", "direction = in", "write [settings.values.direction]"},
      {"values", "direction.In = in\ndirection.ＩＮ = out", "has \"ＩＮ\" twice"},
      {"values", "online.x = 可能", "[settings.values] online: \"可能\": this is neither yes nor no"},
      {"dates", "held_on = ddmmyy", "\"ddmmyy\" is none of ymd, dmy, mdy"},
      {"dates", "venue = dmy", "the field is neither a date nor a timestamp"},
      {"dates", "day = dmy", "[settings.dates] day: dataset sessions has no such field"},
      {"decimal", "dot", "\"dot\" is not one of auto, point, comma"},
      {"commit_rows", "0", "commit_rows = 0"},
  };
  const auto good = hub.settings;
  for (const auto& c : cases) {
    hub.settings = good;
    hub.settings[c.table] = c.value;
    EXPECT_EQ(run(), KEPU_RUN_BAD_CONFIG) << c.says;
    EXPECT_THAT(text, HasSubstr(c.says));
  }
  EXPECT_THAT(hub.lines(), IsEmpty());
}

TEST_F(Table, AllFaultsOfAMappingAreSaidAtOnce) {
  hub.settings["columns"] = "held_no = 日期\nvenue = 场馆";
  hub.settings["constants"] = "venue = V01";
  hub.settings["values"] = "venue.x = y";
  EXPECT_EQ(run(), KEPU_RUN_BAD_CONFIG);
  EXPECT_THAT(text, HasSubstr("held_no"));
  EXPECT_THAT(text, HasSubstr("[settings.constants] venue: is also in [settings.columns]"));
  EXPECT_THAT(text, HasSubstr("[settings.values] venue: is a constant"));
}

TEST_F(Table, WithoutACatalogThereIsNothingToFill) {
  hub.contracts.reset();
  EXPECT_EQ(run(), KEPU_RUN_BAD_CONFIG);
  EXPECT_THAT(text, HasSubstr("there is no catalog"));
}

} // namespace
} // namespace csv_table::tests
