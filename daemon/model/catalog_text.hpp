// The catalog as canonical bytes: equal catalogs give equal bytes, so that a store can keep one per
// commit and tell whether a load changed anything. Versioned; not checksummed (the store seals its
// blobs). Pure; any thread.
#pragma once

#include "base/result.hpp"
#include "model/catalog.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace kepu::model {

// Order counts only where it means something (fields of a dataset, dimensions of an indicator);
// lists that are sets by id are written sorted by it.
std::string encode_catalog(const Catalog& catalog);

// Error codes: "newer_catalog" (written by a newer version), "damaged_catalog".
Result<std::shared_ptr<const Catalog>> decode_catalog(std::string_view bytes);

} // namespace kepu::model
