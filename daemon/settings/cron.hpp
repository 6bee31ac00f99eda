// Five-field cron expressions (POSIX crontab, with names, ranges, steps, lists), in a time zone.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/zone.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kepu::settings {

// Immutable; pure; any thread.
class CronSchedule {
public:
  // minute hour day-of-month month day-of-week (0 and 7 are Sunday). As in crontab(5): when both day
  // fields are restricted, either matches.
  static Result<CronSchedule> parse(std::string_view expression);
  // First matching minute strictly after `after`. A local time that daylight saving skips runs at the
  // first minute after the gap; a repeated one runs once. nullopt: never (30 February).
  std::optional<Instant> next(Instant after, const model::Zone& zone) const;

private:
  uint64_t minutes_ = 0;
  uint32_t hours_ = 0;
  uint32_t days_ = 0;
  uint16_t months_ = 0;
  uint8_t weekdays_ = 0;
  bool any_day_ = true;
  bool any_weekday_ = true;
};

} // namespace kepu::settings
