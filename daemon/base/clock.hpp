// Time as the daemon sees it, so that tests can move it. Any thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace kepu {

using Instant = std::chrono::sys_time<std::chrono::microseconds>; // UTC, for records
using Steady = std::chrono::steady_clock::time_point;             // for deadlines

class Clock {
public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual Steady steady() const = 0;
};

class SystemClock final : public Clock {
public:
  Instant now() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
  Steady steady() const override { return std::chrono::steady_clock::now(); }
};

// Starts at a fixed moment and moves only when told.
class FakeClock final : public Clock {
public:
  explicit FakeClock(Instant start) : now_(start) {}
  Instant now() const override { return now_; }
  Steady steady() const override { return steady_; }
  void advance(std::chrono::microseconds by) {
    now_ += by;
    steady_ += by;
  }

private:
  Instant now_;
  Steady steady_{};
};

inline int64_t to_micros(Instant t) { return t.time_since_epoch().count(); }
inline Instant from_micros(int64_t us) { return Instant{std::chrono::microseconds{us}}; }

} // namespace kepu
