// The hub's time zone: instants are UTC, days are cut here. The only user of date-tz.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/period.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace kepu::model {

// Immutable after `find`; any thread. Cheap to copy.
class Zone {
public:
  // An IANA name, "Asia/Shanghai".
  static Result<Zone> find(std::string_view name);

  const std::string& name() const;
  // Seconds east of UTC at this instant, and the range [begin, end) of seconds since 1970 in which
  // that offset holds, so that a caller in a loop asks rarely.
  struct Offset {
    int64_t begin;
    int64_t end;
    int32_t seconds;
  };
  Offset offset_at(int64_t seconds_since_1970) const;
  Day day_at(Instant instant) const;
  // First instant of the local day (the earlier one where midnight is repeated, the first one after
  // it where it is skipped).
  Instant start_of(Day day) const;
  // RFC 3339 with the zone's offset and microseconds only where there are any: 2025-03-05T09:30:00+08:00
  std::string text(Instant instant) const;
  // Reads 2025-03-05T09:30:00+08:00, with a fraction of up to six digits if any; without an offset it is of this zone.
  std::optional<Instant> parse(std::string_view text) const;
  // Local wall time of this instant, split.
  struct Wall {
    Day day;
    int hour;
    int minute;
    int second;
  };
  Wall wall(Instant instant) const;

private:
  struct Impl;
  explicit Zone(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

} // namespace kepu::model
