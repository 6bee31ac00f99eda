// Kept figures made anew from facts where they are damaged or differ: see Writer::rebuild. Writer thread.
#pragma once

#include "store/core.hpp"
#include "store/work.hpp"

#include <memory>

namespace kepu::store {

// `core` outlives it.
Result<std::unique_ptr<Work>> make_rebuild(Core& core);

} // namespace kepu::store
