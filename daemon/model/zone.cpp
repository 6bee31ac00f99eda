#include "model/zone.hpp"

#include <date/tz.h>

#include <cstdio>
#include <stdexcept>

namespace kepu::model {
namespace {

constexpr int64_t seconds_a_day = 86400;

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

int64_t whole_seconds(Instant instant) { return floor_div(to_micros(instant), 1'000'000); }

} // namespace

struct Zone::Impl {
  std::string name;
  const date::time_zone* zone = nullptr; // belongs to the library's database, which is never reloaded here
};

Zone::Zone(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

Result<Zone> Zone::find(std::string_view name) {
  auto impl = std::make_shared<Impl>();
  impl->name = std::string(name);
  try {
    impl->zone = date::locate_zone(impl->name);
    // The database is read at the first question; a broken file must show here, not in a run.
    (void)impl->zone->get_info(date::sys_seconds{});
  } catch (const std::exception&) {
    return fail("unknown_zone", "\"" + impl->name +
                                    "\" is not a time zone that this system knows; write an IANA name such as "
                                    "\"Asia/Shanghai\" (package tzdata)");
  }
  return Zone(std::move(impl));
}

const std::string& Zone::name() const { return impl_->name; }

Zone::Offset Zone::offset_at(int64_t seconds_since_1970) const {
  const auto info = impl_->zone->get_info(date::sys_seconds{std::chrono::seconds{seconds_since_1970}});
  return {info.begin.time_since_epoch().count(), info.end.time_since_epoch().count(),
          static_cast<int32_t>(info.offset.count())};
}

Day Zone::day_at(Instant instant) const {
  const int64_t seconds = whole_seconds(instant);
  return static_cast<Day>(floor_div(seconds + offset_at(seconds).seconds, seconds_a_day));
}

Instant Zone::start_of(Day day) const {
  const date::local_seconds midnight{std::chrono::seconds{static_cast<int64_t>(day) * seconds_a_day}};
  const auto info = impl_->zone->get_info(midnight);
  if (info.result == date::local_info::nonexistent) return Instant{info.first.end.time_since_epoch()};
  return Instant{midnight.time_since_epoch() - info.first.offset}; // ambiguous: `first` is the earlier
}

Zone::Wall Zone::wall(Instant instant) const {
  const int64_t seconds = whole_seconds(instant);
  const int64_t local = seconds + offset_at(seconds).seconds;
  const int64_t day = floor_div(local, seconds_a_day);
  const auto of_day = static_cast<int>(local - day * seconds_a_day);
  return {static_cast<Day>(day), of_day / 3600, of_day / 60 % 60, of_day % 60};
}

std::string Zone::text(Instant instant) const {
  const auto at = wall(instant);
  const int64_t seconds = whole_seconds(instant);
  const int64_t micros = to_micros(instant) - seconds * 1'000'000;
  const int32_t offset = offset_at(seconds).seconds;
  const int32_t east = offset < 0 ? -offset : offset;
  char buffer[48];
  int n = std::snprintf(buffer, sizeof buffer, "T%02d:%02d:%02d", at.hour, at.minute, at.second);
  std::string out = day_text(at.day) + std::string(buffer, static_cast<size_t>(n));
  if (micros) {
    n = std::snprintf(buffer, sizeof buffer, ".%06d", static_cast<int>(micros));
    out.append(buffer, static_cast<size_t>(n));
  }
  // RFC 3339 has no seconds in an offset; local mean time before the railways is cut to minutes.
  n = std::snprintf(buffer, sizeof buffer, "%c%02d:%02d", offset < 0 ? '-' : '+', east / 3600, east / 60 % 60);
  return out.append(buffer, static_cast<size_t>(n));
}

std::optional<Instant> Zone::parse(std::string_view text) const {
  const auto digits = [&](size_t count) -> std::optional<int> {
    if (text.size() < count) return std::nullopt;
    int value = 0;
    for (const char c : text.substr(0, count)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    text.remove_prefix(count);
    return value;
  };
  const auto skip = [&](char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
  };
  const auto below = [](std::optional<int> value, int bound) { return value && *value < bound; };

  const auto day = parse_day(text.substr(0, 10));
  if (!day) return std::nullopt;
  text.remove_prefix(10);
  if (!skip('T') && !skip('t')) return std::nullopt;
  const auto hour = digits(2);
  if (!below(hour, 24) || !skip(':')) return std::nullopt;
  const auto minute = digits(2);
  if (!below(minute, 60) || !skip(':')) return std::nullopt;
  const auto second = digits(2);
  if (!below(second, 60)) return std::nullopt;
  int64_t micros = 0;
  if (skip('.')) {
    int64_t unit = 100'000;
    size_t count = 0;
    for (std::optional<int> digit; unit > 0 && (digit = digits(1)); unit /= 10, ++count)
      micros += *digit * unit;
    if (count == 0) return std::nullopt;
  }
  const int64_t wall = *hour * 3600 + *minute * 60 + *second;
  if (text.empty()) {
    const auto midnight = to_micros(start_of(*day)) / 1'000'000;
    int64_t seconds = midnight + wall;
    // An offset that changed since midnight.
    seconds += offset_at(midnight).seconds - offset_at(seconds).seconds;
    return from_micros(seconds * 1'000'000 + micros);
  }
  int64_t east = 0;
  if (!skip('Z') && !skip('z')) {
    const int sign = skip('+') ? 1 : skip('-') ? -1 : 0;
    const auto hours = digits(2);
    if (sign == 0 || !below(hours, 24) || !skip(':')) return std::nullopt;
    const auto minutes = digits(2);
    if (!below(minutes, 60)) return std::nullopt;
    east = sign * (*hours * 3600 + *minutes * 60);
  }
  if (!text.empty()) return std::nullopt;
  return from_micros((int64_t{*day} * seconds_a_day + wall - east) * 1'000'000 + micros);
}

} // namespace kepu::model
