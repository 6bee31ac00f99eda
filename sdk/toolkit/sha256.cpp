// SPDX-License-Identifier: Apache-2.0
#include <kepu/toolkit/sha256.hpp>

#include <new>
#include <openssl/evp.h>

namespace kepu::toolkit {
namespace {

EVP_MD_CTX* context_of(void* context) { return static_cast<EVP_MD_CTX*>(context); }

} // namespace

// OpenSSL fails here only for want of memory.
Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_ || EVP_DigestInit_ex(context_of(context_), EVP_sha256(), nullptr) != 1) {
    EVP_MD_CTX_free(context_of(context_));
    throw std::bad_alloc();
  }
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_of(context_)); }

void Sha256::feed(const char* data, size_t size) { EVP_DigestUpdate(context_of(context_), data, size); }

Digest Sha256::digest() const {
  Digest out{};
  EVP_MD_CTX* copy = EVP_MD_CTX_new();
  if (!copy || EVP_MD_CTX_copy_ex(copy, context_of(context_)) != 1) {
    EVP_MD_CTX_free(copy);
    throw std::bad_alloc();
  }
  EVP_DigestFinal_ex(copy, out.data(), nullptr);
  EVP_MD_CTX_free(copy);
  return out;
}

Digest sha256(std::string_view bytes) {
  Sha256 hash;
  hash.feed(bytes.data(), bytes.size());
  return hash.digest();
}

} // namespace kepu::toolkit
