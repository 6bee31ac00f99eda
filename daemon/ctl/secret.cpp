#include "ctl/secret.hpp"

#include <csignal>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace kepu::ctl {
namespace {

constexpr size_t longest = 1024; // bytes; far above any number or account

volatile std::sig_atomic_t caught = 0;
void note(int signal) { caught = signal; }

// What would end or stop the process comes only after the terminal echoes again.
class WithoutEcho {
public:
  WithoutEcho() : is_terminal_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!is_terminal_) return;
    struct sigaction action {};
    action.sa_handler = note; // without SA_RESTART, so that it ends the read
    for (size_t i = 0; i < ending.size(); ++i)
      ::sigaction(ending[i], &action, &actions_[i]);
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    quiet.c_lflag |= ECHONL;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  ~WithoutEcho() {
    if (!is_terminal_) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    for (size_t i = 0; i < ending.size(); ++i)
      ::sigaction(ending[i], &actions_[i], nullptr);
    if (caught != 0) ::raise(caught);
  }
  WithoutEcho(const WithoutEcho&) = delete;
  WithoutEcho& operator=(const WithoutEcho&) = delete;
  bool is_terminal() const { return is_terminal_; }

private:
  static constexpr std::array ending{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
  termios before_{};
  std::array<struct sigaction, ending.size()> actions_{};
  bool is_terminal_;
};

} // namespace

std::optional<std::string> read_unseen(const std::string& prompt) {
  std::string line;
  line.reserve(longest); // it never moves
  caught = 0;
  const WithoutEcho quiet;
  if (quiet.is_terminal()) (void)!::write(STDERR_FILENO, prompt.data(), prompt.size());
  // Byte by byte, so that nothing is buffered elsewhere.
  for (char byte = 0; caught == 0;) {
    const auto got = ::read(STDIN_FILENO, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got == 1 && byte == '\n') return line;
    if (got == 0 && !line.empty()) return line; // the last line needs no end
    if (got != 1 || line.size() == longest) break;
    line += byte;
  }
  ::explicit_bzero(line.data(), line.size());
  return std::nullopt;
}

} // namespace kepu::ctl
