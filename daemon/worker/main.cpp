#include "worker/life.hpp"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using kepu::wire::Launch;
using kepu::wire::WorkerExit;

// What the process got from its starter is brought into a known state; returns what is wrong, or nothing.
std::string settle(const Launch& launch) {
  // Set before the parent is looked at: a parent that ends in between is seen one way or the other.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != launch.parent) return "--parent is not the process that started me";
  int domain = 0;
  int type = 0;
  socklen_t size = sizeof domain;
  if (::getsockopt(launch.fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX ||
      ::getsockopt(launch.fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM)
    return "--fd is not the end of a stream socketpair";
  ::fcntl(launch.fd, F_SETFD, FD_CLOEXEC);
  const auto fd = static_cast<unsigned>(launch.fd);
  if (fd > 3) ::close_range(3, fd - 1, 0);
  ::close_range(fd + 1, ~0u, 0);

  for (int number = 1; number < NSIG; ++number)
    std::signal(number, SIG_DFL);
  std::signal(SIGPIPE, SIG_IGN); // a closed pipe or connection is an error, not an end
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // Lines that a library prints are in the log as they come, also those before a crash.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (::chdir("/") != 0) return "the root folder cannot be entered";
  return {};
}

} // namespace

int main(int argc, char** argv) {
  const auto launch = kepu::wire::parse_launch({argv + 1, static_cast<size_t>(argc > 0 ? argc - 1 : 0)});
  const std::string wrong = launch ? settle(*launch) : launch.error().text;
  if (!wrong.empty()) {
    std::fprintf(stderr, "kepu-worker: %s\n", wrong.c_str());
    return static_cast<int>(WorkerExit::bad_launch);
  }
  ::_exit(static_cast<int>(kepu::worker::live(*launch)));
}
