// Joins what lies in small pieces: see Writer::compact. Writer thread.
#pragma once

#include "store/core.hpp"
#include "store/work.hpp"

#include <memory>

namespace kepu::store {

// `core` outlives what it returns.
Result<std::unique_ptr<Work>> make_compaction(Core& core);

} // namespace kepu::store
