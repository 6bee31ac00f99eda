#include "base/utf8.hpp"

#include "base/bytes.hpp"

namespace kepu {

size_t find_invalid_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const size_t n = text.size();
  auto tail = [&](size_t at) { return at < n && (p[at] & 0xc0) == 0x80; };
  size_t i = 0;
  while (i < n) {
    while (n - i >= 8 && (load<uint64_t>(p + i) & 0x8080808080808080ull) == 0)
      i += 8;
    if (i == n) break;
    const unsigned char c = p[i];
    if (c < 0x80) {
      ++i;
    } else if (c >= 0xc2 && c <= 0xdf && tail(i + 1)) {
      i += 2;
    } else if ((c & 0xf0) == 0xe0 && tail(i + 1) && tail(i + 2) && !(c == 0xe0 && p[i + 1] < 0xa0) &&
               !(c == 0xed && p[i + 1] >= 0xa0)) {
      i += 3;
    } else if (c >= 0xf0 && c <= 0xf4 && tail(i + 1) && tail(i + 2) && tail(i + 3) && !(c == 0xf0 && p[i + 1] < 0x90) &&
               !(c == 0xf4 && p[i + 1] >= 0x90)) {
      i += 4;
    } else {
      return i;
    }
  }
  return std::string_view::npos;
}

CodePoint first_code_point(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (length > text.size() || !is_utf8(text.substr(0, length))) return {};
  uint32_t point = lead & (0xffu >> (length + 1));
  for (const char c : text.substr(1, length - 1))
    point = (point << 6) | (static_cast<unsigned char>(c) & 0x3fu);
  return {point, length};
}

} // namespace kepu
