// SPDX-License-Identifier: Apache-2.0
//
// A source's settings from TOML.
#pragma once

#include <kepu/values.hpp>

#include <string>
#include <vector>

namespace kepu::tool {

// Types what the file gives by the specs. `problems` receives `FILE:line:column: what and what to do`
// for each fault; empty: the result may be used (defaults are the host's business). `path` "": no file.
std::vector<abi::Setting> read_settings_file(const std::string& path, const std::vector<abi::SettingSpec>& specs,
                                             std::vector<std::string>& problems);

// The bytes of a small file; false when it cannot be read or has more than `most`.
bool read_small_file(const std::string& path, size_t most, std::string& out);

} // namespace kepu::tool
