// A configuration judged as the daemon would, without the daemon. Blocks while workers describe libraries; any thread.
#pragma once

#include "settings/settings.hpp"

#include <filesystem>
#include <vector>

namespace kepu::ctl {

struct Checked {
  size_t sources = 0;
  std::vector<settings::Problem> problems; // by file, then by place
  std::vector<settings::Problem> warnings; // in the same order: what may be meant so, and keeps nothing from working
};

// Everything that is wrong, at once; sources that are not enabled too. Each connector's library is described once, in a
// worker under the tightest fence. Then each source that is in order so far is configured in a worker under the fence
// of its runs, so that its connector judges the settings; no run begins, and check() itself writes nothing.
// Credentials and files that only the daemon's user sees are no complaint.
Checked check(const std::filesystem::path& config_file, const std::filesystem::path& worker);

} // namespace kepu::ctl
