// SPDX-License-Identifier: Apache-2.0
//
// Settings from text, as the descriptor's specs type them. Pure; any thread.
#pragma once

#include <kepu/values.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::host {

// Reads one value as a default is written: "true", "12", "30s", "a,b" for a list (items trimmed, empty
// text: no items), a line "key = value" for each entry of a table. Returns what is wrong and what to write, or nothing.
// Does not look at the disk.
std::optional<std::string> read_setting(const abi::SettingSpec& spec, std::string_view text, abi::Setting& out);

// Checks `given` against the specs (unknown and doubled keys, types, choices, required ones) and adds
// defaults. `problems` receives one sentence for each fault; empty: the result may be used.
std::vector<abi::Setting> complete_settings(const std::vector<abi::SettingSpec>& specs,
                                            const std::vector<abi::Setting>& given, std::vector<std::string>& problems);

// The same from texts: key to value.
std::vector<abi::Setting> settings_from_text(const std::vector<abi::SettingSpec>& specs,
                                             const std::map<std::string, std::string>& given,
                                             std::vector<std::string>& problems);

// "text", "input_folder", ...; "" for a number that is no type.
std::string_view setting_type_name(int32_t type);

} // namespace kepu::host
