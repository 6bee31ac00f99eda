// XXH3-64: fast, for indexes and for finding damage; not against an adversary. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kepu {

uint64_t hash64(std::string_view bytes, uint64_t seed = 0);

// Appends the hash of everything in `blob`.
void seal(std::string& blob);
// The bytes before the hash; empty and ok=false when the hash disagrees.
std::string_view unseal(std::string_view blob, bool& ok);

} // namespace kepu
