#include "settings/cron.hpp"
#include "settings/settings.hpp"

#include <gtest/gtest.h>

#include <string>

namespace kepu::settings {
namespace {

using namespace std::chrono_literals;

// "2025-03-05T09:30:00Z" as an instant.
Instant at(std::string_view text) {
  const auto day = model::parse_day(text.substr(0, 10));
  const auto two = [&](size_t from) { return std::stoi(std::string(text.substr(from, 2))); };
  return Instant{std::chrono::seconds{int64_t{*day} * 86400 + two(11) * 3600 + two(14) * 60 + two(17)}};
}

struct Case {
  const char* zone;
  const char* expression;
  const char* after; // UTC
  const char* next;  // local, with offset; nullptr: never
};

const Case cases[] = {
    {"UTC", "* * * * *", "2025-03-05T09:30:00Z", "2025-03-05T09:31:00+00:00"},
    {"UTC", "* * * * *", "2025-03-05T09:30:59Z", "2025-03-05T09:31:00+00:00"},
    {"UTC", "30 9 * * *", "2025-03-05T09:30:00Z", "2025-03-06T09:30:00+00:00"},
    {"Asia/Shanghai", "0 3 * * *", "2025-03-05T09:30:00Z", "2025-03-06T03:00:00+08:00"},
    {"UTC", "*/20 * * * *", "2025-03-05T09:40:00Z", "2025-03-05T10:00:00+00:00"},
    {"UTC", "5-20/7 * * * *", "2025-03-05T09:12:00Z", "2025-03-05T09:19:00+00:00"},
    {"UTC", "0,30 8-17 * * mon-fri", "2025-03-07T17:30:00Z", "2025-03-10T08:00:00+00:00"},
    {"UTC", "0 0 1 JAN *", "2025-03-05T09:30:00Z", "2026-01-01T00:00:00+00:00"},
    {"UTC", "59 23 31 12 *", "2025-12-31T23:58:59Z", "2025-12-31T23:59:00+00:00"},
    {"UTC", "0 0 * * 0", "2025-03-05T00:00:00Z", "2025-03-09T00:00:00+00:00"},
    {"UTC", "0 0 * * 7", "2025-03-05T00:00:00Z", "2025-03-09T00:00:00+00:00"},
    {"UTC", "0 0 * * fri-sun", "2025-03-08T00:00:00Z", "2025-03-09T00:00:00+00:00"},
    {"UTC", "0 0 * * 5-7", "2025-03-09T00:00:00Z", "2025-03-14T00:00:00+00:00"},
    {"UTC", "0 0 * * */3", "2025-03-09T00:00:00Z", "2025-03-12T00:00:00+00:00"}, // Sunday, Wednesday, Saturday
    // Both day fields restricted: either. One that begins with "*": both.
    {"UTC", "0 0 13 * fri", "2025-03-05T00:00:00Z", "2025-03-07T00:00:00+00:00"},
    {"UTC", "0 0 13 * fri", "2025-03-07T00:00:00Z", "2025-03-13T00:00:00+00:00"},
    {"UTC", "0 0 */2 * mon", "2025-03-05T00:00:00Z", "2025-03-17T00:00:00+00:00"},
    // Days that are rare or never come.
    {"UTC", "0 0 29 2 *", "2025-03-05T00:00:00Z", "2028-02-29T00:00:00+00:00"},
    {"UTC", "0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00+00:00"},
    {"UTC", "0 0 30 2 *", "2025-03-05T00:00:00Z", nullptr},
    {"UTC", "0 0 31 4,6,9,11 *", "2025-03-05T00:00:00Z", nullptr},
    {"UTC", "0 0 31 * *", "2025-03-31T00:00:00Z", "2025-05-31T00:00:00+00:00"},
    // Berlin skips 02:00-03:00 on 2025-03-30 and repeats it on 2025-10-26.
    {"Europe/Berlin", "30 2 * * *", "2025-03-29T12:00:00Z", "2025-03-30T03:00:00+02:00"},
    {"Europe/Berlin", "30 2 * * *", "2025-03-30T01:00:00Z", "2025-03-31T02:30:00+02:00"},
    {"Europe/Berlin", "*/15 2 * * *", "2025-03-30T00:59:00Z", "2025-03-30T03:00:00+02:00"},
    {"Europe/Berlin", "*/15 2 * * *", "2025-03-30T01:00:00Z", "2025-03-31T02:00:00+02:00"},
    {"Europe/Berlin", "30 * * * *", "2025-03-30T00:30:00Z", "2025-03-30T03:00:00+02:00"},
    {"Europe/Berlin", "30 2 * * *", "2025-10-25T12:00:00Z", "2025-10-26T02:30:00+02:00"},
    {"Europe/Berlin", "30 2 * * *", "2025-10-26T00:30:00Z", "2025-10-27T02:30:00+01:00"},
    {"Europe/Berlin", "0 3 * * *", "2025-10-26T01:00:00Z", "2025-10-26T03:00:00+01:00"},
    // Midnight itself is skipped.
    {"America/Sao_Paulo", "0 0 * * *", "2018-11-03T12:00:00Z", "2018-11-04T01:00:00-02:00"},
    // A whole day is skipped: its run comes at the first minute after it.
    {"Pacific/Apia", "0 12 30 12 *", "2011-12-29T12:00:00Z", "2011-12-31T00:00:00+14:00"},
    // Shanghai had summer time from 1986 to 1991.
    {"Asia/Shanghai", "30 2 * * *", "1986-05-03T12:00:00Z", "1986-05-04T03:00:00+09:00"},
    {"Asia/Shanghai", "30 1 * * *", "1986-09-13T12:00:00Z", "1986-09-14T01:30:00+09:00"},
    {"Asia/Shanghai", "30 1 * * *", "1986-09-13T16:30:00Z", "1986-09-15T01:30:00+08:00"},
    {"Asia/Shanghai", "0 12 * * *", "1991-09-14T12:00:00Z", "1991-09-15T12:00:00+08:00"},
    {"Asia/Shanghai", "0 12 1 7 *", "1990-01-01T00:00:00Z", "1990-07-01T12:00:00+09:00"},
    // Before 1970, where division rounds the other way.
    {"UTC", "0 0 * * mon", "1969-12-24T00:00:01Z", "1969-12-29T00:00:00+00:00"},
};

TEST(Cron, FindsTheNextMinuteInTheZone) {
  for (const auto& one : cases) {
    SCOPED_TRACE(std::string(one.zone) + " " + one.expression + " after " + one.after);
    const auto schedule = CronSchedule::parse(one.expression);
    ASSERT_TRUE(schedule) << schedule.error().text;
    const auto zone = model::Zone::find(one.zone);
    ASSERT_TRUE(zone);
    const auto next = schedule->next(at(one.after), *zone);
    EXPECT_EQ(next ? zone->text(*next) : "never", one.next ? one.next : "never");
  }
}

TEST(Cron, ARepeatedHourRunsOnceAndASkippedOneOnce) {
  const auto zone = *model::Zone::find("Europe/Berlin");
  const auto schedule = *CronSchedule::parse("*/30 * * * *");
  const auto runs = [&](Instant from, Instant until) {
    int count = 0;
    for (auto next = schedule.next(from, zone); next && *next < until; next = schedule.next(*next, zone))
      ++count;
    return count;
  };
  // 25 hours, but the local half-hours from 02:00 to 03:00 come twice: 48 runs. 23 hours with one run at
  // 03:00 for all that were skipped.
  EXPECT_EQ(runs(at("2025-10-25T22:00:00Z") - 1s, at("2025-10-26T23:00:00Z")), 48);
  EXPECT_EQ(runs(at("2025-03-29T23:00:00Z") - 1s, at("2025-03-30T22:00:00Z")), 46);
}

TEST(Cron, RunsAlwaysMoveForward) {
  const auto zone = *model::Zone::find("Asia/Shanghai");
  const auto schedule = *CronSchedule::parse("*/7 */5 * * *");
  Instant now = at("1986-04-01T00:00:00Z");
  while (now < at("1986-10-01T00:00:00Z")) {
    const auto next = schedule.next(now, zone);
    ASSERT_TRUE(next);
    ASSERT_GT(*next, now);
    now = *next;
  }
}

TEST(Cron, RefusesWhatIsNoExpression) {
  const std::pair<const char*, const char*> bad[] = {
      {"", "0 fields"},
      {"* * * *", "4 fields"},
      {"* * * * * *", "6 fields"},
      {"@daily", "0 3 * * *"},
      {"60 * * * *", "0 to 59"},
      {"-1 * * * *", "0 to 59"},
      {"* 24 * * *", "0 to 23"},
      {"* * 0 * *", "1 to 31"},
      {"* * 32 * *", "1 to 31"},
      {"* * * 13 *", "jan to dec"},
      {"* * * * 8", "sun to sat"},
      {"* * * * monday", "sun to sat"},
      {"x * * * *", "0 to 59"},
      {"1,,2 * * * *", "0 to 59"},
      {", * * * *", "0 to 59"},
      {"5- * * * *", "0 to 59"},
      {"-5 * * * *", "0 to 59"},
      {"20-10 * * * *", "backwards"},
      {"* * * nov-feb *", "backwards"},
      {"*/0 * * * *", "step"},
      {"*/x * * * *", "step"},
      {"*/ * * * *", "step"},
      {"*/99999999999 * * * *", "step"},
      {"5/10 * * * *", "5-59/10"},
      {"99999999999999999999 * * * *", "0 to 59"},
      {"1.5 * * * *", "0 to 59"},
      {"* * * * \x1b[31m", "sun to sat"},
  };
  for (const auto& [expression, hint] : bad) {
    const auto parsed = CronSchedule::parse(expression);
    ASSERT_FALSE(parsed) << expression;
    EXPECT_EQ(parsed.error().code, "bad_cron");
    EXPECT_NE(parsed.error().text.find(hint), std::string::npos) << parsed.error().text;
    EXPECT_EQ(parsed.error().text.find('\x1b'), std::string::npos);
  }
}

TEST(Duration, IsAWholeNumberWithAUnit) {
  EXPECT_EQ(*parse_duration("500ms"), 500ms);
  EXPECT_EQ(*parse_duration("30s"), 30s);
  EXPECT_EQ(*parse_duration("5m"), 5min);
  EXPECT_EQ(*parse_duration("2h"), 2h);
  EXPECT_EQ(*parse_duration("1d"), 24h);
  EXPECT_EQ(*parse_duration("10y"), 24h * 3652 + 12h);
  for (const char* bad : {"", "s", "30", "30 s", " 30s", "-1s", "0s", "1.5h", "1e3s", "30S", "30sec", "+1s", "1w",
                          "99999999999999999999s", "300000000y", "1s\n"}) {
    const auto parsed = parse_duration(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, "bad_duration");
  }
}

} // namespace
} // namespace kepu::settings
