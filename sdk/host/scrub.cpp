// SPDX-License-Identifier: Apache-2.0
#include "texts.hpp"

#include <kepu/host/host.hpp>

#include <array>
#include <cstdio>

namespace kepu::host {
namespace {

// One character of the text. `digit`: 0-9 in either width, 10 for X, else -1.
struct Char {
  uint32_t at;
  uint8_t size;
  bool valid;
  int8_t digit;
  bool joint; // may stand between groups of one number: space or hyphen, either width
};

Char read(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  Char c{static_cast<uint32_t>(at), 1, true, -1, false};
  const unsigned char first = byte(0);
  if (first < 0x80) {
    if (first >= '0' && first <= '9') c.digit = static_cast<int8_t>(first - '0');
    if (first == 'X' || first == 'x') c.digit = 10;
    c.joint = first == ' ' || first == '-';
    return c;
  }
  const uint8_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (at + size > text.size() || find_invalid_utf8(text.substr(at, size)) != std::string_view::npos) {
    c.valid = false;
    return c;
  }
  c.size = size;
  if (size == 3 && first == 0xef && byte(1) == 0xbc) { // U+FF00 to U+FF3F
    const unsigned char last = byte(2);
    if (last >= 0x90 && last <= 0x99) c.digit = static_cast<int8_t>(last - 0x90);
    if (last == 0xb8) c.digit = 10; // Ｘ
    c.joint = last == 0x8d;         // －
  } else if (size == 3 && first == 0xef && byte(1) == 0xbd && byte(2) == 0x98) {
    c.digit = 10; // ｘ
  } else if (size == 3 && first == 0xe3 && byte(1) == 0x80 && byte(2) == 0x80) {
    c.joint = true; // U+3000
  }
  return c;
}

bool is_digit(const Char& c) { return c.digit >= 0 && c.digit <= 9; }

// Whether a whole run of `n` digits from `i` looks like a person; `extra` receives 1 when an X belongs to it.
bool shaped(const std::vector<Char>& chars, size_t i, size_t n, size_t& extra) {
  extra = n == 17 && i + n < chars.size() && chars[i + n].digit == 10 ? 1 : 0;
  if (n == 15 || n == 18 || extra) return true;
  if (n == 11) return chars[i].digit == 1;
  return n == 13 && chars[i].digit == 8 && chars[i + 1].digit == 6 && chars[i + 2].digit == 1;
}

// Groups joined by one space or hyphen: 138 1234 5678, 510104 19900101 123X. 0: no match at `i`.
template <size_t N>
size_t grouped(const std::vector<Char>& chars, size_t i, const std::array<size_t, N>& groups, bool card) {
  const size_t start = i;
  for (size_t g = 0; g < N; ++g) {
    if (g) {
      if (i >= chars.size() || !chars[i].joint) return 0;
      ++i;
    }
    for (size_t k = 0; k < groups[g]; ++k, ++i) {
      if (i >= chars.size() || chars[i].digit < 0) return 0;
      const bool last = g + 1 == N && k + 1 == groups[g];
      if (chars[i].digit == 10 && !(card && last)) return 0;
    }
  }
  return i < chars.size() && is_digit(chars[i]) ? 0 : i - start;
}

void escape(std::string_view text, const Char& c, std::string& out) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[c.at + i]); };
  char buffer[8];
  if (!c.valid || (c.size == 1 && (byte(0) < 0x20 || byte(0) == 0x7f))) {
    if (c.valid && byte(0) == '\n')
      out += "\\n";
    else if (c.valid && byte(0) == '\t')
      out += "\\t";
    else
      out.append(buffer, static_cast<size_t>(std::snprintf(buffer, sizeof buffer, "\\x%02x", byte(0))));
    return;
  }
  uint32_t point = 0;
  if (c.size == 2) point = (byte(0) & 0x1fu) << 6 | (byte(1) & 0x3fu);
  if (c.size == 3) point = (byte(0) & 0x0fu) << 12 | (byte(1) & 0x3fu) << 6 | (byte(2) & 0x3fu);
  // C1 controls, line and paragraph separators, and what turns the direction of writing.
  if ((point >= 0x80 && point < 0xa0) || point == 0x200e || point == 0x200f || (point >= 0x2028 && point <= 0x202e) ||
      (point >= 0x2066 && point <= 0x2069)) {
    out.append(buffer, static_cast<size_t>(std::snprintf(buffer, sizeof buffer, "\\u%04x", point)));
    return;
  }
  out.append(text.substr(c.at, c.size));
}

} // namespace

std::string scrub(std::string_view text) {
  // Four times what is kept of any text: what lies beyond cannot be shown, whatever is blanked before it.
  text = cut(text, 4 * KEPU_MAX_TEXT_BYTES);
  std::vector<Char> chars;
  chars.reserve(text.size());
  for (size_t at = 0; at < text.size(); at += chars.back().size)
    chars.push_back(read(text, at));

  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < chars.size();) {
    if (!is_digit(chars[i])) {
      escape(text, chars[i++], out);
      continue;
    }
    size_t n = 0;
    while (i + n < chars.size() && is_digit(chars[i + n]))
      ++n;
    size_t extra = 0;
    size_t blanked = shaped(chars, i, n, extra) ? n + extra : 0;
    if (!blanked && chars[i].digit == 1) blanked = grouped(chars, i, std::array<size_t, 3>{3, 4, 4}, false);
    if (!blanked) blanked = grouped(chars, i, std::array<size_t, 3>{6, 8, 4}, true);
    if (blanked) {
      out.append(blanked, '*');
      i += blanked;
    } else {
      for (size_t end = i + n; i < end; ++i)
        out.append(text.substr(chars[i].at, chars[i].size));
    }
  }
  return out;
}

} // namespace kepu::host
