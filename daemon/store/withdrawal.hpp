// Takes runs back: see Writer::withdraw_run. Writer thread.
#pragma once

#include "store/core.hpp"
#include "store/work.hpp"

#include <memory>
#include <string_view>

namespace kepu::store {

// `core` outlives what they return.
Result<std::unique_ptr<Work>> make_withdrawal(Core& core, uint64_t run);
Result<std::unique_ptr<Work>> make_withdrawal(Core& core, std::string_view source);

} // namespace kepu::store
