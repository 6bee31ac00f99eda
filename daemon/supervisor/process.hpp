// One child process in a process group of its own, and its end. kepu-io only. The only place that
// starts processes.
#pragma once

#include "base/result.hpp"
#include "supervisor/machine.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace kepu::supervisor {

// An owned file descriptor.
class Fd {
public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

private:
  int fd_ = -1;
};

constexpr int socket_in_child = 3;

struct Launch {
  std::filesystem::path program;
  std::vector<std::string> arguments;   // without the program's name
  std::vector<std::string> environment; // NAME=value; nothing else is there
};

class Process : public std::enable_shared_from_this<Process> {
public:
  // Ours, non-blocking: the socket that is descriptor 3 of the child, and the reading ends of its
  // stdout and stderr.
  struct Ends {
    Fd socket;
    Fd out;
    Fd err;
  };
  struct Launched {
    std::shared_ptr<Process> process;
    Ends ends;
  };
  // The child has stdin from /dev/null, default signals, and no descriptor but 0 to 3. Errors:
  // "worker_not_launched".
  static Result<Launched> launch(boost::asio::io_context& io, const Launch& launch);

  ~Process(); // kills and reaps what is left
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Calls `ended` once on kepu-io when the process is gone, its group was killed and it was reaped.
  // What `ended` owns lives as long as it may be called, at most as long as the io_context.
  void watch(std::function<void(Exit)> ended);
  // To the whole group; nothing once it was reaped.
  void signal_group(int number);
  pid_t pid() const { return pid_; }

private:
  Process(boost::asio::io_context& io, pid_t pid, int pidfd);
  bool has_ended(int wait_ms);
  Exit reap();

  const pid_t pid_;
  bool reaped_ = false;
  boost::asio::posix::stream_descriptor pidfd_; // readable when the process has ended
};

} // namespace kepu::supervisor
