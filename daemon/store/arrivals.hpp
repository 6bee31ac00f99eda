// Since when facts of some days are there. The reader's thread. Throws SqlError.
#pragma once

#include "store/fact_ends.hpp"

#include <optional>
#include <span>
#include <vector>

namespace kepu::store {

// As Reader::arrivals(), at commit `at`. `source`: its number; 0: all.
std::vector<std::optional<CommitInfo>> arrivals(Db& db, const model::Dataset& dataset, const model::Zone& zone,
                                                int64_t source, Seq at, std::span<const DaySpan> spans);

} // namespace kepu::store
