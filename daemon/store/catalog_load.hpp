// The catalog comes into force: definitions of figures that changed end, and the new ones are made from the facts.
// Writer thread, inside a transaction. Throws SqlError.
#pragma once

#include "store/core.hpp"

#include <memory>

namespace kepu::store {

// As Writer::load_catalog().
CommitInfo load_catalog(Core& core, std::shared_ptr<const model::Catalog> catalog, const model::Zone& zone);

} // namespace kepu::store
