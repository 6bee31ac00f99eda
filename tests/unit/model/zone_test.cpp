#include "model/zone.hpp"

#include <gtest/gtest.h>

namespace kepu::model {
namespace {

Instant utc(int year, unsigned month, unsigned day, int hour, int minute = 0) {
  return from_micros((int64_t{day_of(year, month, day)} * 86'400 + hour * 3'600 + minute * 60) * 1'000'000);
}

TEST(Zone, CutsDaysAtTheDistrictsMidnight) {
  const auto zone = Zone::find("Asia/Shanghai").value();
  EXPECT_EQ(day_text(zone.day_at(utc(2025, 3, 4, 15, 59))), "2025-03-04");
  EXPECT_EQ(day_text(zone.day_at(utc(2025, 3, 4, 16, 0))), "2025-03-05");
}

TEST(Zone, KnowsShanghaisSummerTime) {
  const auto zone = Zone::find("Asia/Shanghai").value();
  EXPECT_EQ(day_text(zone.day_at(utc(1988, 7, 1, 15, 30))), "1988-07-02"); // +09:00
  EXPECT_EQ(day_text(zone.day_at(utc(1988, 1, 1, 15, 30))), "1988-01-01"); // +08:00
  EXPECT_EQ(zone.text(utc(1988, 7, 1, 0)), "1988-07-01T09:00:00+09:00");
}

TEST(Zone, ADayBeginsWhenThePreviousOneEnds) {
  for (const char* name : {"Asia/Shanghai", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia", "UTC"}) {
    const auto zone = Zone::find(name).value();
    const Day end = day_of(2019, 1, 1);
    for (Day day = day_of(1985, 1, 1); day < end; ++day) {
      const auto start = zone.start_of(day);
      const auto before = zone.day_at(start - std::chrono::microseconds(1));
      ASSERT_LT(before, day) << name << " " << day_text(day);
      ASSERT_GE(zone.day_at(start), day) << name << " " << day_text(day);
    }
  }
}

TEST(Zone, AnOffsetHoldsInTheRangeThatComesWithIt) {
  const auto zone = Zone::find("Asia/Shanghai").value();
  const int64_t from = int64_t{day_of(1980, 1, 1)} * 86'400;
  const int64_t until = int64_t{day_of(1995, 1, 1)} * 86'400;
  for (int64_t second = from; second < until; second += 5'400) {
    const auto offset = zone.offset_at(second);
    ASSERT_LE(offset.begin, second);
    ASSERT_GT(offset.end, second);
    ASSERT_EQ(zone.offset_at(offset.begin).seconds, offset.seconds);
    ASSERT_EQ(zone.offset_at(offset.end - 1).seconds, offset.seconds);
  }
}

TEST(Zone, WritesFractionsOnlyWhereThereAreAny) {
  const auto zone = Zone::find("Asia/Shanghai").value();
  EXPECT_EQ(zone.text(utc(2025, 3, 5, 1, 30)), "2025-03-05T09:30:00+08:00");
  EXPECT_EQ(zone.text(utc(2025, 3, 5, 1, 30) + std::chrono::microseconds(1'500)), "2025-03-05T09:30:00.001500+08:00");
}

TEST(Zone, AnUnknownNameIsAnError) { EXPECT_FALSE(Zone::find("Asia/Chengdu")); }

TEST(Zone, ReadsMomentsAsItWritesThem) {
  const auto shanghai = Zone::find("Asia/Shanghai").value();
  for (const int64_t micros : {int64_t{0}, int64_t{1'741'138'200'000'000}, int64_t{1'741'138'200'123'456},
                               int64_t{-1'000'000}, int64_t{515'527'200'000'000}}) // the last: in summer time, 1986
    EXPECT_EQ(shanghai.parse(shanghai.text(from_micros(micros))), from_micros(micros)) << micros;
  struct Case {
    const char* text;
    const char* same;
  };
  const Case cases[] = {{"2025-03-05T09:30:00", "2025-03-05T09:30:00+08:00"},
                        {"2025-03-05t01:30:00z", "2025-03-05T09:30:00+08:00"},
                        {"2025-03-05T01:30:00.5Z", "2025-03-05T09:30:00.500000+08:00"},
                        {"2025-03-04T22:00:00-03:30", "2025-03-05T09:30:00+08:00"},
                        {"1986-07-01T12:00:00", "1986-07-01T12:00:00+09:00"}};
  for (const auto& one : cases) {
    const auto read = shanghai.parse(one.text);
    ASSERT_TRUE(read) << one.text;
    EXPECT_EQ(shanghai.text(*read), one.same) << one.text;
  }
  for (const char* bad :
       {"", "2025-03-05", "2025-03-05T", "2025-03-05 09:30:00", "2025-02-30T00:00:00", "2025-03-05T24:00:00",
        "2025-03-05T09:60:00", "2025-03-05T09:30:61", "2025-03-05T09:30:00.", "2025-03-05T09:30:00+8",
        "2025-03-05T09:30:00+08:00x", "2025-03-05T09:30:00.1234567Z", "2025-03-05T9:30:00"})
    EXPECT_FALSE(shanghai.parse(bad)) << bad;
}

} // namespace
} // namespace kepu::model
