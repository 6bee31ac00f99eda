// The daemon's log: stderr, the journal, or a file. The only user of spdlog. Any thread.
#pragma once

#include "base/result.hpp"
#include "settings/settings.hpp"

#include <string_view>

namespace kepu::app {

// Error code "log": the file cannot be opened, and what to do.
Result<void> open_log(const settings::Daemon& daemon);
// One event, one line. `source` may be empty.
void log(settings::LogLevel level, std::string_view source, std::string_view text);

} // namespace kepu::app
