// SPDX-License-Identifier: Apache-2.0
//
// From what a library declares to owned values, checked. Pure; any thread.
#pragma once

#include <kepu/values.hpp>

#include <string>

namespace kepu::host {

// Each returns "" when all is right, else one sentence: what, where, what to do.
std::string read_descriptor(const kepu_descriptor& from, abi::Descriptor& out);
std::string read_dataset(const kepu_dataset* from, abi::Dataset& out);

} // namespace kepu::host
