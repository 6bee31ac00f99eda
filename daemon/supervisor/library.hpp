// Finding a connector's library and judging whether it may be loaded. Reads the file system; any thread.
#pragma once

#include "base/result.hpp"
#include "supervisor/machine.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kepu::supervisor {

struct LibraryFound {
  LibraryLook look;                // its path is absolute and without symbolic links
  std::optional<Sentence> problem; // why it may not be loaded, and what to do
};

// CONNECTOR.so in the first folder that has it.
LibraryFound find_library(const std::vector<std::filesystem::path>& folders, const std::string& connector);

// Loading runs code under the daemon's user: a regular file, owned by root or this user, that nobody
// else may write, in folders in which nobody else may put another in its place.
LibraryFound look_at_library(const std::filesystem::path& path);

// SHA-256, lowercase hex. Errors: "library_unreadable".
Result<std::string> hash_library(const std::string& path);

} // namespace kepu::supervisor
