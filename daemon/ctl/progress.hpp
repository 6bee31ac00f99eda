// One line that says how far a run is. Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace kepu::ctl {

struct Progress {
  std::string state; // as the daemon names it
  uint64_t done = 0;
  uint64_t total = 0; // 0: unknown
  std::chrono::seconds elapsed{};
};

// "gates [######------] 50 %  500 of 1000  12 s", in at most `columns` columns; without a bar where the total is
// unknown or there is no room.
std::string progress_line(std::string_view source, const Progress& progress, size_t columns);

} // namespace kepu::ctl
