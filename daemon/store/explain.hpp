// The facts that a figure counts. The reader's thread. Throws SqlError.
#pragma once

#include "store/recount.hpp"

#include <functional>

namespace kepu::store {

// As Reader::counted_facts(), at commit `at` with its catalog.
CountedFacts counted_facts(Db& db, std::shared_ptr<const model::Catalog> catalog, const FigureAsk& ask, Seq at,
                           const FactsAsk& page, const std::function<bool(const CountedFact&)>& visit);

} // namespace kepu::store
