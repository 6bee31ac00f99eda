#include "supervisor/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace kepu::supervisor {
namespace {

constexpr int first_own_descriptor = 10; // above 0-3, so that giving the child its four clobbers none of ours
constexpr int socket_buffer = 1 << 20;   // two batches of rows; the kernel may give less
constexpr int last_wait_ms = 1000;       // for a killed child when its owner goes away

Fd moved_up(int fd) {
  if (fd < 0) return Fd{};
  Fd low(fd);
  return Fd(::fcntl(fd, F_DUPFD_CLOEXEC, first_own_descriptor));
}

void set_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

struct SpawnSetup {
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};
  SpawnSetup() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts)
    out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

Error not_launched(const Launch& launch, int error) {
  return fail("worker_not_launched",
              fmt::format("{} could not be started ({})", launch.program.string(), std::strerror(error)));
}

} // namespace

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

Process::Process(boost::asio::io_context& io, pid_t pid, int pidfd) : pid_(pid), pidfd_(io) {
  if (pidfd >= 0) pidfd_.assign(pidfd);
}

Result<Process::Launched> Process::launch(boost::asio::io_context& io, const Launch& launch) {
  int pair[2] = {-1, -1};
  int out[2] = {-1, -1};
  int err[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return not_launched(launch, errno);
  Fd ours(pair[0]);
  Fd theirs = moved_up(pair[1]);
  if (::pipe2(out, O_CLOEXEC) != 0) return not_launched(launch, errno);
  Fd out_ours(out[0]);
  Fd out_theirs = moved_up(out[1]);
  if (::pipe2(err, O_CLOEXEC) != 0) return not_launched(launch, errno);
  Fd err_ours(err[0]);
  Fd err_theirs = moved_up(err[1]);
  Fd null = moved_up(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!theirs || !out_theirs || !err_theirs || !null) return not_launched(launch, errno);
  for (int fd : {ours.get(), theirs.get()}) {
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &socket_buffer, sizeof socket_buffer);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &socket_buffer, sizeof socket_buffer);
  }
  for (int fd : {ours.get(), out_ours.get(), err_ours.get()})
    set_nonblocking(fd);

  SpawnSetup setup;
  posix_spawn_file_actions_adddup2(&setup.files, null.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&setup.files, out_theirs.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&setup.files, err_theirs.get(), STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&setup.files, theirs.get(), socket_in_child);
  posix_spawn_file_actions_addclosefrom_np(&setup.files, socket_in_child + 1);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&setup.attributes, &none);
  posix_spawnattr_setsigdefault(&setup.attributes, &all);
  posix_spawnattr_setpgroup(&setup.attributes, 0);
  posix_spawnattr_setflags(&setup.attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> words{launch.program.string()};
  words.insert(words.end(), launch.arguments.begin(), launch.arguments.end());
  auto argv = pointers(words);
  auto envp = pointers(launch.environment);
  pid_t pid = -1;
  if (const int error =
          ::posix_spawn(&pid, launch.program.c_str(), &setup.files, &setup.attributes, argv.data(), envp.data());
      error != 0)
    return not_launched(launch, error);
  // By number: the C library's header for it (2.36) forgets extern "C". CLOEXEC by itself.
  const auto pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  const int error = errno;
  std::shared_ptr<Process> process(new Process(io, pid, pidfd)); // from here on its destructor ends the child
  if (pidfd < 0) return not_launched(launch, error);
  return Launched{std::move(process), {std::move(ours), std::move(out_ours), std::move(err_ours)}};
}

Process::~Process() {
  if (reaped_) return;
  signal_group(SIGKILL);
  if (pidfd_.is_open() && !has_ended(last_wait_ms)) return; // stuck in the kernel; init reaps it after us
  reap();
}

bool Process::has_ended(int wait_ms) {
  pollfd wait{pidfd_.native_handle(), POLLIN, 0};
  return ::poll(&wait, 1, wait_ms) > 0;
}

void Process::signal_group(int number) {
  if (!reaped_) ::kill(-pid_, number);
}

void Process::watch(std::function<void(Exit)> ended) {
  pidfd_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                    [weak = weak_from_this(), then = std::move(ended)](const boost::system::error_code& ec) mutable {
                      const auto self = weak.lock();
                      if (ec || !self || self->reaped_) return;
                      // Asio may wake us for an event of an earlier descriptor; the child itself knows.
                      if (!self->has_ended(0)) return self->watch(std::move(then));
                      then(self->reap());
                    });
}

// The leader's number stays taken until it is reaped, so killing its group first cannot hit others.
Exit Process::reap() {
  ::kill(-pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  reaped_ = true;
  if (WIFSIGNALED(status)) return {0, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

} // namespace kepu::supervisor
