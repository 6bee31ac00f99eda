// The state folder, owned by one daemon at a time.
#pragma once

#include "base/result.hpp"

#include <filesystem>

namespace kepu::app {

class StateDir {
public:
  // Makes the folder when it is missing and locks it until the end. Error codes: "no_state_dir", "state_in_use".
  static Result<StateDir> take(const std::filesystem::path& folder);
  StateDir(StateDir&& other) noexcept : lock_(other.lock_) { other.lock_ = -1; }
  StateDir& operator=(StateDir&&) = delete;
  ~StateDir();

private:
  explicit StateDir(int lock) : lock_(lock) {}
  int lock_;
};

} // namespace kepu::app
