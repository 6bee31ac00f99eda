// Kept figures of days whose facts are gone. Writer thread, inside a transaction. Throws SqlError.
#pragma once

#include "store/core.hpp"

namespace kepu::store {

// A figure under a definition that is new with commit `seq`: of days beyond the sources' horizons it says what the
// definition before said, where both count the same thing; else the store notes that it cannot tell them.
void carry_frozen(Core& core, Figure& figure, const StoredDataset& dataset, Seq seq);

// All that was ever counted of the source beyond its horizons is taken back.
void clear_frozen(Core& core, int64_t source, Seq seq);

} // namespace kepu::store
