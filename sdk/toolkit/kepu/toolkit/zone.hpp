// SPDX-License-Identifier: Apache-2.0
//
// From wall clocks to instants in a zone of the IANA database.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace kepu::toolkit {

// Remembers the last range of wall time in which the offset does not change, so that a caller who
// converts neighbouring times pays two comparisons. Hence: one object belongs to one thread.
class Zone {
public:
  // "Asia/Shanghai"; nullopt when this system does not know the name.
  static std::optional<Zone> find(std::string_view name);
  Zone(Zone&&) noexcept;
  Zone& operator=(Zone&&) noexcept;
  ~Zone();

  enum class Wall {
    unique,
    skipped,  // the clock was put forward over it: it never showed
    repeated, // the clock was put back: it showed twice
  };
  // Wall clock as seconds since 1970-01-01 00:00:00 on that clock; `utc` is set when it is unique.
  Wall to_utc(int64_t wall_seconds, int64_t& utc_seconds) const {
    if (wall_seconds >= begin_ && wall_seconds < end_) {
      utc_seconds = wall_seconds - offset_;
      return Wall::unique;
    }
    return look_up(wall_seconds, utc_seconds);
  }

private:
  struct Impl;
  explicit Zone(std::unique_ptr<Impl> impl);
  Wall look_up(int64_t wall_seconds, int64_t& utc_seconds) const;

  std::unique_ptr<Impl> impl_;
  mutable int64_t begin_ = 0, end_ = 0, offset_ = 0; // wall seconds [begin, end) are unique, offset_ east of UTC
};

} // namespace kepu::toolkit
