// SPDX-License-Identifier: Apache-2.0
//
// UTF-16 as UTF-8, so that one reader serves both. Nothing is lost: a lone surrogate becomes its
// three bytes and an odd last byte becomes FF, neither of which is UTF-8, so the row is refused and
// the place in the file can still be counted.
#pragma once

#include <kepu/toolkit/source.hpp>

#include <cstdint>
#include <vector>

namespace kepu::toolkit {

class Utf16Source : public ByteSource {
public:
  Utf16Source(ByteSource& raw, bool big_endian) : raw_(raw), big_(big_endian) {}
  ptrdiff_t read(char* into, size_t size) override;

  // Bytes of UTF-16 that became this text.
  static uint64_t raw_length(const char* text, size_t size);

private:
  bool load();

  ByteSource& raw_;
  bool big_;
  std::vector<char> units_; // undecoded bytes
  size_t at_ = 0;
  bool eof_ = false;
  bool failed_ = false;
};

} // namespace kepu::toolkit
