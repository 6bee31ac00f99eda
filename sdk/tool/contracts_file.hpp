// SPDX-License-Identifier: Apache-2.0
//
// Contracts of datasets from a hub's catalog.
#pragma once

#include <kepu/values.hpp>

#include <string>
#include <vector>

namespace kepu::tool {

// `path`: a catalog (its folder datasets/ is read), a folder of datasets, or the file of one, whose stem is its id.
// Reads what a connector is held to and leaves the rest to `kepuctl check`. `problems` receives a sentence for each
// fault.
std::vector<abi::Dataset> read_contracts(const std::string& path, std::vector<std::string>& problems);

} // namespace kepu::tool
