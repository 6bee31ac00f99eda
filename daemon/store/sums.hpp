// Checksums of what is looked up by its bytes, or handed on as it is, and so cannot end in one: they lie in a column
// beside it. Pure; any thread.
#pragma once

#include "base/hash.hpp"

#include <cstdint>
#include <string_view>

namespace kepu::store {

inline int64_t sum_of(std::string_view bytes) { return static_cast<int64_t>(hash64(bytes)); }

} // namespace kepu::store
