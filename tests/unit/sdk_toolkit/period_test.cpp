// SPDX-License-Identifier: Apache-2.0
#include <kepu/connector.h>
#include <kepu/toolkit/boolean.hpp>
#include <kepu/toolkit/period.hpp>

#include <gtest/gtest.h>

namespace kepu::toolkit {
namespace {

using P = PeriodProblem;

struct Case {
  const char* text;
  const char* period;
  bool repaired = false;
};

TEST(Periods, AreReadAsClerksWriteThem) {
  const Case cases[] = {
      {"2025", "2025"},
      {"2025-S1", "2025-S1"},
      {"2025-Q1", "2025-Q1"},
      {"2025-03", "2025-03"},
      {"2025-W10", "2025-W10"},
      {"2020-W53", "2020-W53"},
      {"2025-03-05", "2025-03-05"},
      {"2025年", "2025", true},
      {"2025年度", "2025", true},
      {"2025年全年", "2025", true},
      {"２０２５年", "2025", true},
      {" 2025 ", "2025", true},
      {"2025年上半年", "2025-S1", true},
      {"2025上半年", "2025-S1", true},
      {"2025年度下半年", "2025-S2", true},
      {"2025H2", "2025-S2", true},
      {"2025-h1", "2025-S1", true},
      {"2025年第1季度", "2025-Q1", true},
      {"2025年第一季度", "2025-Q1", true},
      {"2025年一季度", "2025-Q1", true},
      {"2025年4季度", "2025-Q4", true},
      {"2025第四季度", "2025-Q4", true},
      {"2025Q3", "2025-Q3", true},
      {"2025年Q3", "2025-Q3", true},
      {"2025-q3", "2025-Q3", true},
      {"2025年3月", "2025-03", true},
      {"2025年03月份", "2025-03", true},
      {"2025年12月", "2025-12", true},
      {"2025-3", "2025-03", true},
      {"2025/3", "2025-03", true},
      {"2025.3", "2025-03", true},
      {"2025.10", "2025-10", true},
      {"202503", "2025-03", true},
      {"2025年第10周", "2025-W10", true},
      {"2025年3月5日", "2025-03-05", true},
      {"2025/3/5", "2025-03-05", true},
  };
  for (const auto& c : cases) {
    const auto read = read_period(c.text);
    EXPECT_EQ(int(read.problem), int(P::none)) << c.text;
    EXPECT_EQ(read.text, c.period) << c.text;
    EXPECT_EQ(read.flags, c.repaired ? KEPU_REPAIRED : 0) << c.text;
  }
}

TEST(Periods, AreRefusedWithTheirReason) {
  const std::pair<const char*, P> cases[] = {
      {"", P::empty},
      {"　", P::empty},
      {"2025.1", P::ambiguous},
      {"2025-13", P::no_such},
      {"2025-00", P::no_such},
      {"2025-Q5", P::no_such},
      {"2025年第5季度", P::no_such},
      {"2025-S3", P::no_such},
      {"2025-W53", P::no_such},
      {"2025-W00", P::no_such},
      {"2025年13月", P::no_such},
      {"202513", P::no_such},
      {"2025-02-30", P::no_such},
      {"25年3月", P::unreadable},
      {"第一季度", P::unreadable},
      {"3月", P::unreadable},
      {"45721", P::unreadable},
      {"2025年第3月", P::unreadable},
      {"2025年10周", P::unreadable},
      {"2025年五季度", P::unreadable},
      {"2025-Q", P::unreadable},
      {"2025-Q11x", P::unreadable},
      {"2025-003", P::unreadable},
      {"2025年3", P::unreadable},
      {"2025-03至2025-05", P::unreadable},
      {"2025~2026", P::unreadable},
      {"去年", P::unreadable},
  };
  for (const auto& [text, problem] : cases) {
    EXPECT_EQ(int(read_period(text).problem), int(problem)) << text;
    EXPECT_STRNE(advice(problem), "");
  }
}

TEST(Booleans, AreReadOrNot) {
  for (const char* text : {"是", "有", "对", "yes", "YES", "y", "true", "1", "√", " 是　", "１"}) {
    const auto read = read_boolean(text);
    ASSERT_TRUE(read) << text;
    EXPECT_TRUE(read->value) << text;
  }
  for (const char* text : {"否", "无", "没有", "错", "no", "N", "FALSE", "0", "×"}) {
    const auto read = read_boolean(text);
    ASSERT_TRUE(read) << text;
    EXPECT_FALSE(read->value) << text;
  }
  EXPECT_EQ(read_boolean("１")->flags, KEPU_REPAIRED);
  EXPECT_EQ(read_boolean("是")->flags, 0);
  for (const char* text : {"", " ", "可能", "2", "yes no", "是否"})
    EXPECT_FALSE(read_boolean(text)) << text;
}

} // namespace
} // namespace kepu::toolkit
