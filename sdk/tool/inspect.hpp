// SPDX-License-Identifier: Apache-2.0
//
// A descriptor for people, or as JSON. Pure.
#pragma once

#include <kepu/values.hpp>

#include <string>

namespace kepu::tool {

std::string described(const abi::Descriptor& descriptor);
std::string described_json(const abi::Descriptor& descriptor); // one object, one line

} // namespace kepu::tool
