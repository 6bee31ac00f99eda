#include "app/state_dir.hpp"

#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kepu::app {

Result<StateDir> StateDir::take(const std::filesystem::path& folder) {
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) {
    std::filesystem::create_directories(folder, error);
    ::chmod(folder.c_str(), 0700);
  }
  if (error || !std::filesystem::is_directory(folder)) {
    return fail("no_state_dir", "state_dir " + folder.string() + " cannot be used" +
                                    (error ? ": " + error.message() : "") + "; make it a folder of the daemon's user");
  }
  const auto file = folder / "kepud.lock";
  const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0)
    return fail("no_state_dir", "cannot write in state_dir " + folder.string() + ": " + std::strerror(errno) +
                                    "; give it to the daemon's user");
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    char pid[32] = {};
    const auto n = ::read(lock, pid, sizeof pid - 1);
    ::close(lock);
    return fail("state_in_use",
                "another kepud" +
                    (n > 0 ? " (process " + std::string(pid, static_cast<size_t>(n)) + ")" : std::string()) +
                    " uses state_dir " + folder.string() + "; end it, or set another state_dir");
  }
  const auto pid = std::to_string(::getpid());
  if (::ftruncate(lock, 0) != 0 || ::pwrite(lock, pid.data(), pid.size(), 0) < 0) {
    // The number only helps the other daemon's message; the lock holds without it.
  }
  return StateDir(lock);
}

StateDir::~StateDir() {
  if (lock_ >= 0) ::close(lock_);
}

} // namespace kepu::app
