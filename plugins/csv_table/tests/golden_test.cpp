// SPDX-License-Identifier: Apache-2.0
//
// Each folder of golden/ holds files as they come, and expected.txt: what the hub heard of them.
#include "table_fixture.hpp"

#include <kepu/testing/golden.hpp>

namespace csv_table::tests {
namespace {

class Golden : public Table, public testing::WithParamInterface<std::string> {};

TEST_P(Golden, FilesGiveWhatIsExpected) {
  const std::string golden = std::string(GOLDEN_FOLDER) + "/" + GetParam();
  hub.settings["folder"] = golden;
  hub.settings["columns"] = "session_id = 场次编号\nheld_on = 举办日期,日期\nvenue = 场馆";
  hub.settings["values"] = "direction.进 = in\ndirection.出 = out";
  ASSERT_EQ(run(), KEPU_RUN_OK) << text;
  std::vector<std::string> lines;
  for (const auto& line : hub.lines())
    if (!line.starts_with("commit")) lines.push_back(line);
  EXPECT_EQ(kepu::testing::compare_golden(golden + "/expected.txt", lines), "");
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, testing::Values("gbk_from_a_spreadsheet", "unicode_text", "troubled"),
                         [](const auto& which) { return which.param; });

} // namespace
} // namespace csv_table::tests
