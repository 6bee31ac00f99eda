// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/fold.hpp>

namespace kepu::toolkit {
namespace {

constexpr std::string_view wide_space = "\u3000";

} // namespace

std::string fold_width(std::string_view text, bool& changed) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c == 0xef || c == 0xe3) && i + 2 < text.size()) {
      const unsigned code = (c & 0x0fu) << 12 | (static_cast<unsigned char>(text[i + 1]) & 0x3fu) << 6 |
                            (static_cast<unsigned char>(text[i + 2]) & 0x3fu);
      if ((code >= 0xff01 && code <= 0xff5e) || code == 0x3000) {
        out += code == 0x3000 ? ' ' : static_cast<char>(code - 0xff01 + '!');
        changed = true;
        i += 3;
        continue;
      }
    }
    out += text[i++];
  }
  return out;
}

std::string_view trim(std::string_view text) {
  auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  for (;;) {
    if (!text.empty() && is_space(text.front()))
      text.remove_prefix(1);
    else if (text.starts_with(wide_space))
      text.remove_prefix(wide_space.size());
    else
      break;
  }
  for (;;) {
    if (!text.empty() && is_space(text.back()))
      text.remove_suffix(1);
    else if (text.ends_with(wide_space))
      text.remove_suffix(wide_space.size());
    else
      break;
  }
  return text;
}

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

} // namespace kepu::toolkit
