// SPDX-License-Identifier: Apache-2.0
#include "utf16.hpp"

namespace kepu::toolkit {
namespace {

constexpr size_t load_bytes = 64 * 1024;
constexpr size_t longest = 4; // UTF-8 bytes of one character

} // namespace

bool Utf16Source::load() {
  units_.erase(units_.begin(), units_.begin() + static_cast<ptrdiff_t>(at_));
  at_ = 0;
  const size_t before = units_.size();
  units_.resize(before + load_bytes);
  const ptrdiff_t n = raw_.read(units_.data() + before, load_bytes);
  units_.resize(before + static_cast<size_t>(n > 0 ? n : 0));
  failed_ = n < 0;
  eof_ = n == 0;
  return n > 0;
}

ptrdiff_t Utf16Source::read(char* into, size_t size) {
  size_t out = 0;
  auto unit_at = [&](size_t i) {
    const auto a = static_cast<unsigned char>(units_[i]), b = static_cast<unsigned char>(units_[i + 1]);
    return big_ ? uint32_t{a} << 8 | b : uint32_t{b} << 8 | a;
  };
  while (size - out >= longest) {
    if (units_.size() - at_ < 4 && !eof_) { // a pair may go on in the next load
      if (load()) continue;
      if (failed_) return -1;
    }
    const size_t left = units_.size() - at_;
    if (left == 0) break;
    if (left == 1) {
      into[out++] = '\xff';
      ++at_;
      continue;
    }
    uint32_t code = unit_at(at_);
    at_ += 2;
    if (code >= 0xd800 && code < 0xdc00 && units_.size() - at_ >= 2) {
      const uint32_t low = unit_at(at_);
      if (low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        at_ += 2;
      }
    }
    auto put = [&](uint32_t byte) { into[out++] = static_cast<char>(byte); };
    if (code < 0x80) {
      put(code);
    } else if (code < 0x800) {
      put(0xc0 | code >> 6);
      put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      put(0xe0 | code >> 12);
      put(0x80 | (code >> 6 & 0x3f));
      put(0x80 | (code & 0x3f));
    } else {
      put(0xf0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3f));
      put(0x80 | (code >> 6 & 0x3f));
      put(0x80 | (code & 0x3f));
    }
  }
  return static_cast<ptrdiff_t>(out);
}

uint64_t Utf16Source::raw_length(const char* text, size_t size) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < size; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == 0xff)
      bytes += 1;
    else if (c >= 0xf0)
      bytes += 4;
    else if (c < 0x80 || c >= 0xc0)
      bytes += 2;
  }
  return bytes;
}

} // namespace kepu::toolkit
