// Giving up old facts of a source; see decisions/retention.md.
#pragma once

#include "store/core.hpp"
#include "store/work.hpp"

#include <memory>
#include <string_view>

namespace kepu::store {

Result<std::unique_ptr<Work>> make_retention(Core& core, std::string_view source, model::Day before);

} // namespace kepu::store
