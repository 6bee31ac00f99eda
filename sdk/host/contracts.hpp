// SPDX-License-Identifier: Apache-2.0
//
// A connector's datasets against the catalog's contracts. Pure; any thread.
#pragma once

#include <kepu/values.hpp>

#include <optional>
#include <string>
#include <vector>

namespace kepu::host {

// Fills roles, scheme, register and required of `declared` from the contracts (from the declaration
// itself when there are none) and returns one sentence for each disagreement.
std::vector<std::string> agree(std::vector<abi::Dataset>& declared,
                               const std::optional<std::vector<abi::Dataset>>& contracts);

} // namespace kepu::host
