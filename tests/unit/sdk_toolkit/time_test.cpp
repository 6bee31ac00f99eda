#include <kepu/connector.h>
#include <kepu/toolkit/time.hpp>

#include <gtest/gtest.h>

#include <string>

namespace kepu::toolkit {
namespace {

using P = TimeProblem;
constexpr int64_t a_second = 1'000'000;

const Zone& shanghai() {
  static const Zone zone = *Zone::find("Asia/Shanghai");
  return zone;
}

// 2025-03-05 09:30:00 in Shanghai, in microseconds.
constexpr int64_t nine_thirty = 1741138200 * a_second;

struct Case {
  const char* text;
  P problem;
  int64_t value = 0; // microseconds
  int flags = 0;
};

void PrintTo(const Case& c, std::ostream* out) { *out << '"' << c.text << '"'; }

class Times : public testing::TestWithParam<Case> {};

TEST_P(Times, AreReadRightOrRefused) {
  const auto& c = GetParam();
  const auto read = read_time(c.text, shanghai());
  EXPECT_EQ(int(read.problem), int(c.problem));
  if (c.problem == P::none) {
    EXPECT_EQ(read.value, c.value);
    EXPECT_EQ(read.flags, c.flags);
  }
}

constexpr int R = KEPU_REPAIRED;
INSTANTIATE_TEST_SUITE_P(
    Plain, Times,
    testing::Values(
        Case{"2025-03-05 09:30:00", P::none, nine_thirty}, Case{"2025-03-05 09:30", P::none, nine_thirty},
        Case{"2025-03-05T09:30:00+08:00", P::none, nine_thirty}, Case{"2025-03-05T01:30:00Z", P::none, nine_thirty},
        Case{"2025-03-05t01:30:00z", P::none, nine_thirty}, Case{"2025-03-05T01:30:00-00:00", P::none, nine_thirty},
        Case{"2025-03-04T20:30:00-05:00", P::none, nine_thirty},
        Case{"2025-03-05T07:15:00+05:45", P::none, nine_thirty},
        Case{"2025-03-05T09:30:00.5+08:00", P::none, nine_thirty + 500'000},
        Case{"2025-03-05T09:30:00.000001+08:00", P::none, nine_thirty + 1},
        Case{"2025-03-05T09:30:00.123456789Z", P::none, nine_thirty + 8 * 3600 * a_second + 123'456},
        Case{"2024-02-29 00:00:00", P::none, 1709136000 * a_second},
        Case{"2000-02-29 12:00:00", P::none, 951796800 * a_second}, Case{"1970-01-01 08:00:00", P::none, 0},
        Case{"1969-12-31T23:59:59Z", P::none, -a_second}, Case{"2025-12-31 23:59:59", P::none, 1767196799 * a_second},
        Case{"9999-12-31T23:59:59Z", P::none, 253402300799 * a_second}));

INSTANTIATE_TEST_SUITE_P(
    Repaired, Times,
    testing::Values(
        Case{"2025/3/5 9:30", P::none, nine_thirty, R}, Case{"2025/03/05 09:30:00", P::none, nine_thirty, R},
        Case{"2025-3-5 9:30:00", P::none, nine_thirty, R}, Case{"2025-03-05 9:30", P::none, nine_thirty, R},
        Case{"2025.3.5 9:30", P::none, nine_thirty, R}, Case{"2025.03.05 09:30:00", P::none, nine_thirty, R},
        Case{"2025年3月5日 9时30分", P::none, nine_thirty, R}, Case{"2025年3月5日9时30分", P::none, nine_thirty, R},
        Case{"2025年03月05日 09:30:00", P::none, nine_thirty, R},
        Case{"2025年3月5日 9时30分15秒", P::none, nine_thirty + 15 * a_second, R},
        Case{"2025年3月5日 9时", P::none, nine_thirty - 1800 * a_second, R},
        Case{"２０２５-０３-０５ ０９:３０:００", P::none, nine_thirty, R},
        Case{"２０２５／３／５　９：３０", P::none, nine_thirty, R},
        Case{"2025-03-05  09:30:00", P::none, nine_thirty, R}, Case{" 2025-03-05 09:30:00", P::none, nine_thirty, R},
        Case{"2025-03-05 09:30:00\t", P::none, nine_thirty, R},
        Case{"　2025-03-05T09:30:00+08:00", P::none, nine_thirty, R}, Case{"45721.39583333", P::none, nine_thirty, R},
        Case{"45721.395833", P::none, nine_thirty, R},
        Case{"45658.4", P::none, 1735695360 * a_second, R}, // 2025-01-01 09:36
        Case{"45721.0", P::none, nine_thirty - 34200 * a_second, R},
        Case{"45721.9999999", P::none, nine_thirty + (86400 - 34200) * a_second, R}));

INSTANTIATE_TEST_SUITE_P(
    Refused, Times,
    testing::Values(Case{"", P::empty}, Case{"  ", P::empty}, Case{"　", P::empty},
                    Case{"2025-02-30 10:00:00", P::no_such_day}, Case{"2025-02-29 10:00:00", P::no_such_day},
                    Case{"1900-02-29 10:00:00", P::no_such_day}, Case{"2025-13-05 25:61:00", P::no_such_day},
                    Case{"2025-00-05 10:00:00", P::no_such_day}, Case{"2025-04-31 10:00", P::no_such_day},
                    Case{"2025年2月30日 9时30分", P::no_such_day}, Case{"0000-01-01 00:00:00", P::no_such_day},
                    Case{"2025-03-05 24:00:00", P::no_such_time}, Case{"2025-03-05 25:00:00", P::no_such_time},
                    Case{"2025-03-05 10:60:00", P::no_such_time}, Case{"2016-12-31T23:59:60Z", P::no_such_time},
                    Case{"2025-03-05 23:59:60", P::no_such_time}, Case{"2025-03-05T09:30:00+24:00", P::no_such_time},
                    Case{"2025-03-05T09:30:00+08:60", P::no_such_time}, Case{"2025-03-05T09:30:00", P::without_offset},
                    Case{"2025-03-05T09:30:00.5", P::without_offset}, Case{"2025-03-05", P::no_time_of_day},
                    Case{"2025年3月5日", P::no_time_of_day}, Case{"45721", P::no_time_of_day},
                    Case{"2025-02-30", P::no_such_day}, Case{"yesterday", P::unreadable},
                    Case{"2025-03-05T09:30:00+0800", P::unreadable}, Case{"2025-03-05T09:30:00+8", P::unreadable},
                    Case{"2025-03-05T9:30:00Z", P::unreadable}, Case{"2025-3-5T09:30:00Z", P::unreadable},
                    Case{"2025-03-05T09:30Z", P::unreadable}, Case{"2025-03-05T09:30:00.Z", P::unreadable},
                    Case{"2025-03-05T09:30:00Zulu", P::unreadable}, Case{"2025-03-05 09:30:00 +08:00", P::unreadable},
                    Case{"2025-03-05 9:5", P::unreadable}, Case{"2025-03-05 930", P::unreadable},
                    Case{"2025-03-0509:30:00", P::unreadable}, Case{"3/5/2025 9:30", P::unreadable},
                    Case{"05.03.2025 09:30", P::unreadable}, Case{"25-03-05 09:30", P::unreadable},
                    Case{"2025-3/5 9:30", P::unreadable}, Case{"20250305 093000", P::unreadable},
                    Case{"20250305093000", P::unreadable}, Case{"民国114年3月5日 9时30分", P::unreadable},
                    Case{"2025年3月 9时", P::unreadable}, Case{"1741138200", P::unreadable},
                    Case{"25568.5", P::unreadable}, Case{"73051.5", P::unreadable}, Case{"45721.", P::unreadable},
                    Case{"45721.5x", P::unreadable}, Case{"2025-03-05 09:30:00x", P::unreadable},
                    Case{"2025-03-05 0a:30:00", P::unreadable}, Case{"-2025-03-05 09:30:00", P::unreadable},
                    Case{"2025-03-05 09:30:00 PM", P::unreadable},
                    // Shanghai's summer time.
                    Case{"1986-05-04 02:30:00", P::skipped}, Case{"1986-09-14 01:30:00", P::repeated},
                    Case{"1991-04-14 02:30:00", P::skipped}, Case{"1991-09-15 01:30:00", P::repeated}));

INSTANTIATE_TEST_SUITE_P(SummerTime, Times,
                         testing::Values(Case{"1988-07-01 12:00:00", P::none, 583729200 * a_second},
                                         Case{"1988-12-01 12:00:00", P::none, 596952000 * a_second},
                                         Case{"1991-09-15 03:00:00", P::none, 684874800 * a_second},
                                         Case{"1991-09-15 00:59:59", P::none, 684863999 * a_second},
                                         Case{"1986-05-04 03:00:00", P::none, 515527200 * a_second}));

TEST(Zone, AnswersDoNotDependOnWhatWasAskedBefore) {
  const Zone zone = *Zone::find("America/New_York");
  const char* texts[] = {"2025-03-09 02:30:00", "2025-03-09 01:59:59", "2025-03-09 03:00:00", "2025-11-02 01:00:00",
                         "2025-11-02 00:59:59", "2025-11-02 01:59:59", "2025-11-02 02:00:00", "2025-07-01 00:00:00",
                         "1900-01-01 00:00:00", "2399-07-01 00:00:00"};
  for (const char* first : texts) {
    for (const char* second : texts) {
      (void)read_time(first, zone);
      const auto warm = read_time(second, zone);
      const Zone cold = *Zone::find("America/New_York");
      const auto fresh = read_time(second, cold);
      EXPECT_EQ(int(warm.problem), int(fresh.problem)) << first << " then " << second;
      EXPECT_EQ(warm.value, fresh.value) << first << " then " << second;
    }
  }
  EXPECT_EQ(int(read_time("2025-03-09 02:30:00", zone).problem), int(P::skipped));
  EXPECT_EQ(int(read_time("2025-11-02 01:00:00", zone).problem), int(P::repeated));
  EXPECT_EQ(read_time("2025-11-02 02:00:00", zone).value, 1762066800 * a_second);
  EXPECT_EQ(read_time("2025-11-02 00:59:59", zone).value, 1762059599 * a_second);
}

TEST(Zone, UnknownNamesAreNotFound) {
  EXPECT_FALSE(Zone::find("Asia/Chengdu"));
  EXPECT_FALSE(Zone::find(""));
}

TEST(Dates, AreReadRightOrRefused) {
  struct DateCase {
    const char* text;
    P problem;
    int64_t days = 0;
    int flags = 0;
  };
  constexpr int64_t day = 20152; // 2025-03-05
  const DateCase cases[] = {
      {"2025-03-05", P::none, day},
      {"2025/3/5", P::none, day, R},
      {"2025.3.5", P::none, day, R},
      {"2025-3-5", P::none, day, R},
      {"2025年3月5日", P::none, day, R},
      {"２０２５-０３-０５", P::none, day, R},
      {" 2025-03-05 ", P::none, day, R},
      {"45721", P::none, day, R},
      {"45721.0", P::none, day, R},
      {"1970-01-01", P::none, 0},
      {"", P::empty},
      {"45721.5", P::unreadable},
      {"2025-02-29", P::no_such_day},
      {"2025年3月", P::unreadable},
      {"2025-03", P::unreadable},
      {"3/5/2025", P::unreadable},
      {"2025-03-05 09:30", P::unreadable},
      {"123", P::unreadable},
      {"民国114年3月5日", P::unreadable},
  };
  for (const auto& c : cases) {
    const auto read = read_date(c.text);
    EXPECT_EQ(int(read.problem), int(c.problem)) << c.text;
    if (c.problem != P::none) continue;
    EXPECT_EQ(read.value, c.days) << c.text;
    EXPECT_EQ(read.flags, c.flags) << c.text;
  }
}

} // namespace
} // namespace kepu::toolkit
