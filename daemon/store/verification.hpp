// Compares every kept figure with the facts, and reads all that facts are made of, and writes nothing.
#pragma once

#include "store/core.hpp"

#include <memory>

namespace kepu::store {

// Writer thread. `core` outlives it.
Result<std::unique_ptr<Work>> make_verification(Core& core);

} // namespace kepu::store
