// Strict UTF-8 (Unicode 15, table 3-7): no overlong forms, no surrogates, nothing past U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kepu {

// Offset of the first byte that does not belong to a well-formed sequence, or npos. Pure; any thread.
size_t find_invalid_utf8(std::string_view text);
inline bool is_utf8(std::string_view text) { return find_invalid_utf8(text) == std::string_view::npos; }

struct CodePoint {
  uint32_t point = 0;
  size_t bytes = 0; // of its sequence; 0: no well-formed one is at the front
};
// `text` is not empty. Pure; any thread.
CodePoint first_code_point(std::string_view text);

} // namespace kepu
