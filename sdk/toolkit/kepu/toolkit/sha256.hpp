// SPDX-License-Identifier: Apache-2.0
//
// SHA-256 of bytes as they come. One object belongs to one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kepu::toolkit {

using Digest = std::array<uint8_t, 32>;

class Sha256 {
public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void feed(const char* data, size_t size);
  // The digest of everything fed so far; feeding may go on, so that one pass gives the digest of the
  // first N bytes and of the whole.
  Digest digest() const;

private:
  void* context_; // EVP_MD_CTX
};

Digest sha256(std::string_view bytes);

} // namespace kepu::toolkit
