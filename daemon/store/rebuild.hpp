// Kept figures made anew from facts where they are damaged or differ: see Writer::rebuild. Writer thread.
#pragma once

#include "store/core.hpp"
#include "store/work.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace kepu::store {

// The store's note of the definition in force of an indicator, and its checksum, set right inside a transaction. true:
// it was wrong.
bool mend_definition(Core& core, const std::string& indicator, Seq since, std::string_view fingerprint);

// `core` outlives it.
Result<std::unique_ptr<Work>> make_rebuild(Core& core);

} // namespace kepu::store
