// SPDX-License-Identifier: Apache-2.0
//
// Where readers of this toolkit get their bytes from.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace kepu::toolkit {

class ByteSource {
public:
  virtual ~ByteSource() = default;
  // Up to `size` bytes: their number, 0 at the end, -1 when reading failed (the source knows why).
  virtual ptrdiff_t read(char* into, size_t size) = 0;
};

// Bytes in memory. Borrows them.
class TextSource : public ByteSource {
public:
  explicit TextSource(std::string_view text) : left_(text) {}
  ptrdiff_t read(char* into, size_t size) override {
    const size_t n = std::min(size, left_.size());
    if (n) std::memcpy(into, left_.data(), n);
    left_.remove_prefix(n);
    return static_cast<ptrdiff_t>(n);
  }

private:
  std::string_view left_;
};

} // namespace kepu::toolkit
