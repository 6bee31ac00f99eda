#include "ctl/progress.hpp"

#include "base/printable.hpp"
#include "ctl/text.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace kepu::ctl {
namespace {

constexpr size_t longest_bar = 40;
constexpr size_t shortest_bar = 8;

std::string time_text(std::chrono::seconds elapsed) {
  const auto seconds = elapsed.count();
  if (seconds < 60) return fmt::format("{} s", seconds);
  return fmt::format("{}:{:02} min", seconds / 60, seconds % 60);
}

} // namespace

std::string progress_line(std::string_view source, const Progress& progress, size_t columns) {
  const auto name = printable(source);
  const auto time = time_text(progress.elapsed);
  if (progress.total == 0) {
    const auto done = progress.done == 0 ? printable(progress.state) : fmt::format("{} done", progress.done);
    return cut(fmt::format("{} {}  {}", name, done, time), columns);
  }
  // A connector's guess of the total may be too low.
  const double share = std::min(1.0, static_cast<double>(progress.done) / static_cast<double>(progress.total));
  const auto tail =
      fmt::format("{} %  {} of {}  {}", static_cast<int>(share * 100), progress.done, progress.total, time);
  const size_t taken = width(name) + width(tail) + 4; // brackets and two spaces
  if (columns < taken + shortest_bar) return cut(fmt::format("{} {}", name, tail), columns);
  const size_t length = std::min(longest_bar, columns - taken);
  const auto full = static_cast<size_t>(share * static_cast<double>(length));
  return fmt::format("{} [{}{}] {}", name, std::string(full, '#'), std::string(length - full, '-'), tail);
}

} // namespace kepu::ctl
