#include "base/printable.hpp"
#include "settings/settings.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace kepu::settings {
namespace {

constexpr int64_t second = 1'000'000; // microseconds
constexpr std::array<std::pair<std::string_view, int64_t>, 6> units{{
    {"ms", 1'000},
    {"s", second},
    {"m", 60 * second},
    {"h", 3'600 * second},
    {"d", 86'400 * second},
    {"y", 31'557'600 * second}, // 365.25 days
}};

} // namespace

Result<std::chrono::microseconds> parse_duration(std::string_view text) {
  const auto bad = [&](const char* why) {
    return fail("bad_duration",
                in_quotes(text) + why + "; write a whole number and ms, s, m, h, d or y, such as \"30s\"");
  };
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return bad(" is too long");
  if (error != std::errc{}) return bad(" is not a duration");
  if (number <= 0) return bad(" is not positive");
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  if (unit.empty()) return bad(" has no unit");
  for (const auto& [name, micros] : units) {
    if (unit != name) continue;
    int64_t out = 0;
    if (__builtin_mul_overflow(number, micros, &out)) return bad(" is too long");
    return std::chrono::microseconds{out};
  }
  return bad(" is not a duration");
}

} // namespace kepu::settings
