// SPDX-License-Identifier: Apache-2.0
//
// How the key for pseudonyms is written in its file: one rule for the daemon and for tools. Pure; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kepu::abi {

inline constexpr size_t person_key_bytes = 32; // of HMAC-SHA-256

// The key in what a file holds: 32 raw bytes, or 64 hexadecimal digits with or without a line end. nullopt: neither.
inline std::optional<std::string> person_key_in(std::string_view content) {
  if (content.size() == person_key_bytes) return std::string(content);
  if (content.ends_with('\n')) content.remove_suffix(1);
  if (content.ends_with('\r')) content.remove_suffix(1);
  if (content.size() != 2 * person_key_bytes) return std::nullopt;
  std::string key;
  for (size_t i = 0; i < content.size(); ++i) {
    constexpr std::string_view digits = "0123456789abcdef";
    const char c = content[i];
    const auto digit = digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
    if (digit == std::string_view::npos) return std::nullopt;
    if (i % 2 == 0)
      key += static_cast<char>(digit << 4);
    else
      key.back() = static_cast<char>(static_cast<unsigned char>(key.back()) | digit);
  }
  return key;
}

// One byte 32 times: anyone can guess it.
inline bool is_guessable(std::string_view key) { return key.find_first_not_of(key[0]) == std::string_view::npos; }

} // namespace kepu::abi
