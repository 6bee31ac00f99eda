// What an indicator counts, in words for people. Pure; any thread.
#pragma once

#include "model/catalog.hpp"

namespace kepu::query {

// "gate is one of east, west"; codes of entries and areas with their names.
model::Label in_words(const model::Catalog& catalog, const model::Indicator& indicator,
                      const model::Condition& condition);
// The whole rule: "the number of rows of Passages (passages, version 1) where gate is east".
model::Label in_words(const model::Catalog& catalog, const model::Indicator& indicator);

} // namespace kepu::query
