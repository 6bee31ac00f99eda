#include "base/printable.hpp"

#include "base/utf8.hpp"

#include <cstdint>
#include <cstdio>

namespace kepu {
namespace {

bool is_unsafe(uint32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || // controls
         point == 0x2028 || point == 0x2029 ||              // line and paragraph separators
         point == 0x061c || point == 0x200e || point == 0x200f || (point >= 0x202a && point <= 0x202e) ||
         (point >= 0x2066 && point <= 0x2069) || // direction
         point == 0xfeff;                        // a byte-order mark amid text: invisible
}

void append_escape(std::string& out, uint32_t point) {
  if (point == '\n') {
    out += "\\n";
  } else if (point == '\r') {
    out += "\\r";
  } else if (point == '\t') {
    out += "\\t";
  } else {
    char buffer[16];
    const int n = std::snprintf(buffer, sizeof buffer, point < 0x80 ? "\\x%02x" : "\\u{%x}", point);
    out.append(buffer, static_cast<size_t>(n));
  }
}

} // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [point, bytes] = first_code_point(text);
    if (bytes == 0) {
      char buffer[8];
      std::snprintf(buffer, sizeof buffer, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(text[0])));
      out += buffer;
      text.remove_prefix(1);
      continue;
    }
    if (is_unsafe(point)) {
      append_escape(out, point);
    } else {
      out.append(text.substr(0, bytes));
    }
    text.remove_prefix(bytes);
  }
  return out;
}

std::string in_quotes(std::string_view text, size_t most) {
  size_t at = 0;
  for (size_t points = 0; at < text.size() && points < most; ++points) {
    const size_t bytes = first_code_point(text.substr(at)).bytes;
    at += bytes ? bytes : 1;
  }
  return "\"" + printable(text.substr(0, at)) + (at < text.size() ? "…\"" : "\"");
}

} // namespace kepu
