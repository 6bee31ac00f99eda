#include "base/hash.hpp"

#include "base/bytes.hpp"

#include <xxhash.h>

namespace kepu {

uint64_t hash64(std::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

void seal(std::string& blob) { ByteWriter(blob).put(hash64(blob)); }

std::string_view unseal(std::string_view blob, bool& ok) {
  ok = false;
  if (blob.size() < 8) return {};
  const auto body = blob.substr(0, blob.size() - 8);
  ok = load<uint64_t>(blob.data() + body.size()) == hash64(body);
  return ok ? body : std::string_view{};
}

} // namespace kepu
