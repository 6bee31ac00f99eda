// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/cell.hpp>

#include <gtest/gtest.h>

namespace kepu::toolkit {
namespace {

const Zone& shanghai() {
  static const Zone zone = *Zone::find("Asia/Shanghai");
  return zone;
}

CellRead read(std::string_view text, kepu_type type, const Manner& manner = {}, int scale = 0) {
  const kepu_field field{sizeof(kepu_field), 0, "f", type, scale, nullptr, nullptr, 0};
  return read_cell(text, field, manner, shanghai());
}

TEST(Cells, EveryTypeIsRead) {
  EXPECT_EQ(read("1,234", KEPU_INTEGER).cell.value.integer, 1234);
  EXPECT_EQ(read("12.5", KEPU_DECIMAL, {}, 2).cell.value.integer, 1250);
  EXPECT_EQ(read("1.2E-05", KEPU_REAL).cell.value.real, 1.2e-05);
  EXPECT_EQ(read("有", KEPU_BOOLEAN).cell.value.integer, 1);
  EXPECT_EQ(read("2025-03-05", KEPU_DATE).cell.value.integer, 20152);
  EXPECT_EQ(read("2025-03-05 09:30", KEPU_TIMESTAMP).cell.value.integer, 1741138200'000'000);
  EXPECT_EQ(read("2025年一季度", KEPU_PERIOD).period, "2025-Q1");
  for (const auto type :
       {KEPU_INTEGER, KEPU_DECIMAL, KEPU_REAL, KEPU_BOOLEAN, KEPU_DATE, KEPU_TIMESTAMP, KEPU_PERIOD}) {
    EXPECT_EQ(read("1", type).ok(),
              type == KEPU_INTEGER || type == KEPU_DECIMAL || type == KEPU_REAL || type == KEPU_BOOLEAN);
    EXPECT_EQ(read("——", type).cell.type, KEPU_NULL) << "a dash is nothing";
    EXPECT_EQ(read(" ", type).cell.type, KEPU_NULL);
    const auto bad = read("真的不知道", type);
    EXPECT_FALSE(bad.ok());
    EXPECT_STRNE(bad.advice, "");
  }
}

TEST(Cells, ATextLosesItsOuterSpacesWhichIsFlagged) {
  const auto plain = read("科技馆 东区", KEPU_TEXT);
  EXPECT_EQ(std::string_view(plain.cell.value.text, plain.cell.size), "科技馆 东区");
  EXPECT_EQ(plain.cell.flags, 0);
  const auto spaced = read("　科技馆 ", KEPU_TEXT);
  EXPECT_EQ(std::string_view(spaced.cell.value.text, spaced.cell.size), "科技馆");
  EXPECT_EQ(spaced.cell.flags, KEPU_REPAIRED);
  EXPECT_EQ(read("", KEPU_TEXT).cell.type, KEPU_NULL);
  EXPECT_EQ(read("-", KEPU_TEXT).cell.type, KEPU_TEXT);
}

TEST(Cells, ADateInAnotherOrderIsReadOnlyWhenThatIsSaid) {
  const Manner dmy{DecimalSign::either, DateOrder::dmy}, mdy{DecimalSign::either, DateOrder::mdy},
      ymd{DecimalSign::either, DateOrder::ymd};
  constexpr int64_t fifth_of_march = 20152;
  for (const char* text :
       {"5/3/2025", "05.03.2025", "5-3-25", "2025-03-05", "2025年3月5日", "45721", "０５/０３/２０２５"})
    EXPECT_EQ(read(text, KEPU_DATE, dmy).cell.value.integer, fifth_of_march) << text;
  EXPECT_EQ(read("3/5/2025", KEPU_DATE, mdy).cell.value.integer, fifth_of_march);
  EXPECT_EQ(read("25.3.5", KEPU_DATE, ymd).cell.value.integer, fifth_of_march);
  EXPECT_EQ(read("5/3/2025 9:30", KEPU_TIMESTAMP, dmy).cell.value.integer, 1741138200'000'000);
  EXPECT_EQ(read("5/3/2025", KEPU_DATE, dmy).cell.flags, KEPU_REPAIRED);
  EXPECT_EQ(read("2025-03-05", KEPU_DATE, dmy).cell.flags, 0);
  for (const char* text : {"5/3/2025", "25/3/5", "5/3/25"})
    EXPECT_EQ(read(text, KEPU_DATE).code, "bad_date") << text;
  for (const char* text : {"31/2/2025", "5/13/2025", "5/3/125", "5/3.2025", "5/3/2025x", "5/3"})
    EXPECT_EQ(read(text, KEPU_DATE, dmy).code, "bad_date") << text;
}

TEST(Cells, TheDecimalSignIsTheOneThatIsSaidOrThatShows) {
  struct Case {
    const char* text;
    DecimalSign sign;
    int64_t hundredths; // -1: refused
  };
  using S = DecimalSign;
  const Case cases[] = {
      {"12.5", S::point, 1250},
      {"1,234.5", S::point, 123450},
      {"12,5", S::point, -1},
      {"12,5", S::comma, 1250},
      {"1.234,5", S::comma, 123450},
      {"1.234", S::comma, 123400},
      {"1,2万", S::comma, 1200000},
      {"12.5", S::comma, -1},
      {"12.5", S::either, 1250},
      {"12,5", S::either, 1250},
      {"1.234,5", S::either, 123450},
      {"1,234.5", S::either, 123450},
      {"1,234", S::either, -1},
      {"1,234,567", S::either, 123456700},
      {"1.234.567", S::either, 123456700},
      {"0,125", S::comma, -1},
      {"0,50", S::either, 50},
      {"1234,50", S::either, 123450},
  };
  for (const auto& c : cases) {
    const auto cell = read(c.text, KEPU_DECIMAL, {c.sign, DateOrder::plain}, 2);
    EXPECT_EQ(cell.ok() ? cell.cell.value.integer : -1, c.hundredths) << c.text << " " << int(c.sign);
  }
  EXPECT_EQ(read("1,234", KEPU_INTEGER).cell.value.integer, 1234) << "a whole number has no fraction";
  EXPECT_EQ(read("12,5", KEPU_DECIMAL, {}, 1).cell.flags, KEPU_REPAIRED);
  EXPECT_EQ(read("12,5", KEPU_DECIMAL, {S::comma, DateOrder::plain}, 1).cell.flags, 0);
  EXPECT_EQ(read("12,5", KEPU_REAL).cell.value.real, 12.5);
  EXPECT_EQ(read("1,234", KEPU_REAL).code, "bad_number");
}

TEST(Cells, ARealIsReadAsProgramsAndClerksWriteIt) {
  EXPECT_EQ(read("-0.1", KEPU_REAL).cell.value.real, -0.1);
  EXPECT_EQ(read("0.12345678901234", KEPU_REAL).cell.value.real, 0.12345678901234);
  EXPECT_EQ(read("1.2万", KEPU_REAL).cell.value.real, 12000);
  EXPECT_EQ(read("约3.5", KEPU_REAL).cell.flags, KEPU_APPROXIMATE);
  for (const char* text : {"nan", "inf", "1e999", "0x10", "1.2.3", "5%"})
    EXPECT_EQ(read(text, KEPU_REAL).code, "bad_number") << text;
}

} // namespace
} // namespace kepu::toolkit
