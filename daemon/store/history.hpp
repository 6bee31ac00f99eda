// What a figure was from commit to commit. The reader's thread. Throws SqlError.
#pragma once

#include "store/recount.hpp"

#include <functional>

namespace kepu::store {

// Facts that went are held until their commit is reached: some 100 bytes for each commit, and 8 for each value of a
// distinct figure.
struct HistoryBounds {
  size_t losses = 200'000;
  size_t numbers = 2'000'000;
};

// As Reader::history(), at commit `at`. `catalog_at` is asked for the catalogs of earlier commits.
FigureStates history(Db& db, const FigureAsk& ask, Seq at, Seq before, uint32_t limit,
                     const std::function<std::shared_ptr<const model::Catalog>(Seq)>& catalog_at,
                     const HistoryBounds& bounds = {});

} // namespace kepu::store
