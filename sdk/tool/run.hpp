// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "arguments.hpp"

#include <kepu/host/host.hpp>

namespace kepu::tool {

// Runs once, SIGINT and SIGTERM cancel. Returns the exit code.
int run_once(const host::Library& library, const Arguments& arguments);

} // namespace kepu::tool
