// SPDX-License-Identifier: Apache-2.0
#include "passage.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace venue_turnstile {
namespace {

using Words = std::vector<std::string_view>;

TEST(Passage, IsReadOrRefusedWithItsReason) {
  Passages passages(*kepu::toolkit::Zone::find("Asia/Shanghai"));
  const kepu::toolkit::Header header{{0, 1, 2, 3, 4, 5}, 6};
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
  };
  for (const auto& c : cases) {
    kepu::toolkit::Refusal refusal;
    std::vector<kepu_cell> cells;
    kepu_host host{};
    host.ctx = &cells;
    host.emit = [](void* ctx, uint32_t, const kepu_cell* cell, size_t, const uint64_t*) {
      static_cast<std::vector<kepu_cell>*>(ctx)->assign(cell, cell + field_count);
      return 0;
    };
    kepu::Rows rows(&host, 0, "passages", field_count);
    const bool taken = passages.read({c.fields, header}, rows.row(), refusal);
    const std::string row = testing::PrintToString(c.fields);
    EXPECT_EQ(refusal.code, c.code) << row;
    EXPECT_EQ(refusal.field, c.field) << row;
    if (!taken) {
      EXPECT_FALSE(refusal.message.empty());
      for (const auto field : c.fields)
        if (field.size() > 5) { // nothing of the row, whatever column it stands in
          EXPECT_EQ(refusal.message.find(field), std::string::npos) << refusal.message;
        }
      continue;
    }
    rows.flush();
    ASSERT_EQ(cells.size(), size_t{field_count});
    EXPECT_EQ(std::string_view(cells[direction].value.text, cells[direction].size), c.direction) << row;
    EXPECT_EQ(cells[ts].value.integer, 1741138200'000'000) << row;
    EXPECT_EQ(cells[ts].flags | cells[direction].flags, c.flags) << row;
    EXPECT_EQ(cells[gate].type, c.fields[gate].empty() ? KEPU_NULL : KEPU_TEXT) << row;
    EXPECT_EQ(cells[card].type, c.fields[card].empty() ? KEPU_NULL : KEPU_TEXT) << row;
  }
}

} // namespace
} // namespace venue_turnstile
