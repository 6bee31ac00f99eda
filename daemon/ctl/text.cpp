#include "ctl/text.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace kepu::ctl {
namespace {

struct Range {
  uint32_t first;
  uint32_t last;
};

// East Asian Width W and F, as whole blocks: finer steps make no difference to what people write.
constexpr Range wide[] = {{0x1100, 0x115f},   {0x231a, 0x231b},   {0x23e9, 0x23ec},  {0x2705, 0x2705},
                          {0x274c, 0x274c},   {0x2e80, 0x303e},   {0x3041, 0x4dbf},  {0x4e00, 0xa4cf},
                          {0xa960, 0xa97c},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},  {0xfe10, 0xfe19},
                          {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},  {0x1f300, 0x1f64f},
                          {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
constexpr Range marks[] = {{0x0300, 0x036f}, {0x200b, 0x200d}, {0x20d0, 0x20ff},
                           {0x302a, 0x302d}, {0x3099, 0x309a}, {0xfe00, 0xfe0f}};

template <size_t N> bool in(const Range (&ranges)[N], uint32_t point) {
  const auto found = std::upper_bound(std::begin(ranges), std::end(ranges), point,
                                      [](uint32_t value, const Range& range) { return value < range.first; });
  return found != std::begin(ranges) && point <= std::prev(found)->last;
}

struct Step {
  size_t bytes;
  size_t columns;
};

Step step(std::string_view text) {
  const auto [point, bytes] = first_code_point(text);
  if (bytes <= 1) return {1, 1};
  return {bytes, in(marks, point) ? 0u : in(wide, point) ? 2u : 1u};
}

} // namespace

size_t width(std::string_view text) {
  size_t columns = 0;
  while (!text.empty()) {
    const Step one = step(text);
    columns += one.columns;
    text.remove_prefix(one.bytes);
  }
  return columns;
}

std::string cut(std::string_view text, size_t columns) {
  if (width(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  size_t bytes = 0;
  for (size_t used = 0;;) {
    const Step one = step(text.substr(bytes));
    if (used + one.columns > columns - 1) break; // one column is the ellipsis's
    used += one.columns;
    bytes += one.bytes;
  }
  return std::string(text.substr(0, bytes)) + "…";
}

std::string short_time(std::string_view text) {
  constexpr size_t day = 10;
  constexpr size_t seconds = 19;
  const bool is_time = text.size() >= seconds && text[4] == '-' && text[7] == '-' && text[day] == 'T' &&
                       text[13] == ':' && text[16] == ':';
  if (!is_time) return std::string(text);
  return std::string(text.substr(0, day)) + " " + std::string(text.substr(day + 1, seconds - day - 1));
}

} // namespace kepu::ctl
