// What a figure was from commit to commit. The reader's thread. Throws SqlError.
#pragma once

#include "store/recount.hpp"

#include <functional>

namespace kepu::store {

// As Reader::history(), at commit `at`. `catalog_at` is asked for the catalogs of earlier commits.
FigureStates history(Db& db, const FigureAsk& ask, Seq at, Seq before, uint32_t limit,
                     const std::function<std::shared_ptr<const model::Catalog>(Seq)>& catalog_at);

} // namespace kepu::store
