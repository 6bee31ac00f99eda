// A configuration judged as the daemon would, without the daemon. Blocks while workers describe libraries; any thread.
#pragma once

#include "settings/settings.hpp"

#include <filesystem>
#include <vector>

namespace kepu::ctl {

struct Checked {
  size_t sources = 0;
  std::vector<settings::Problem> problems; // by file, then by place
};

// Everything that is wrong, at once; sources that are not enabled too. Each connector's library is loaded once, in a
// worker under the tightest fence, only for its descriptor. Writes nothing. Credentials and files that only the
// daemon's user sees are no complaint.
Checked check(const std::filesystem::path& config_file, const std::filesystem::path& worker);

} // namespace kepu::ctl
