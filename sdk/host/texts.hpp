// SPDX-License-Identifier: Apache-2.0
//
// Small helpers on texts and bytes. Pure; any thread.
#pragma once

#include <kepu/connector.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::host {

template <class T> T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

constexpr size_t max_name_bytes = 64; // of ids, keys, field names, codes

// [a-z][a-z0-9_]*, at most max_name_bytes.
bool is_name(std::string_view text);
// [a-z0-9_]+, at most max_name_bytes.
bool is_code(std::string_view text);

// Offset of the first byte that does not belong to a well-formed sequence (Unicode 15, table 3-7), or npos.
size_t find_invalid_utf8(std::string_view text);

inline bool is_ascii(std::string_view text) {
  constexpr uint64_t high = 0x8080808080808080ull;
  const char* p = text.data();
  const size_t n = text.size();
  if (n >= 8) {
    uint64_t bits = load<uint64_t>(p + n - 8);
    for (size_t i = 0; i + 8 < n; i += 8)
      bits |= load<uint64_t>(p + i);
    return (bits & high) == 0;
  }
  if (n >= 4) return ((load<uint32_t>(p) | load<uint32_t>(p + n - 4)) & 0x80808080u) == 0;
  unsigned bits = 0;
  for (size_t i = 0; i < n; ++i)
    bits |= static_cast<unsigned char>(p[i]);
  return bits < 0x80;
}
inline bool is_utf8(std::string_view text) {
  return is_ascii(text) || find_invalid_utf8(text) == std::string_view::npos;
}

// The longest prefix of at most `most` bytes that ends on a character border.
std::string_view cut(std::string_view text, size_t most);
// Without spaces in either width, tabs and line ends at both ends.
std::string_view trimmed(std::string_view text);
// In quotes, shortened, to be recognized in a message.
std::string quoted(std::string_view text);
// `, did you mean "interval"?`, or nothing when no known word is near.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);
// A period as SDMX writes it, years 1900 to 9999.
bool is_period(std::string_view text);
bool is_day(int year, int month, int day); // of the Gregorian calendar

// "null", "text", ... for anything that a cell may claim.
std::string type_name(int32_t type);
std::string role_names(uint32_t roles); // "key and time"

} // namespace kepu::host
