// Makes the store forget who a person is: see Writer::erase_person. Writer thread.
#pragma once

#include "store/core.hpp"
#include "store/work.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace kepu::store {

// `core` outlives what it returns.
Result<std::unique_ptr<Work>> make_erasure(Core& core, uint64_t pseudonym, std::string_view key);

} // namespace kepu::store
