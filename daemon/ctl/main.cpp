#include "ctl/run.hpp"
#include "ctl/secret.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>

namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// The first that is set decides, as setlocale(3) says.
bool speaks_chinese() {
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"})
    if (const auto value = environment(name); !value.empty()) return value.substr(0, 2) == "zh";
  return false;
}

size_t terminal_columns(int fd) {
  winsize size{};
  constexpr size_t usual = 80;
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

} // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN); // `kepuctl runs | head` ends by a failed write
  try {
    const bool out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
    std::error_code none;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", none);
    const kepu::ctl::Console console{.out = std::cout,
                                     .err = std::cerr,
                                     .out_is_terminal = out_is_terminal,
                                     .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
                                     .columns = terminal_columns(out_is_terminal ? STDOUT_FILENO : STDERR_FILENO),
                                     .color = out_is_terminal && environment("NO_COLOR").empty() &&
                                              environment("TERM") != "dumb",
                                     .chinese = speaks_chinese(),
                                     .worker = self.parent_path() / "kepu-worker",
                                     .in = ::isatty(STDIN_FILENO) == 1 ? &std::cin : nullptr,
                                     .secret = kepu::ctl::read_unseen};
    const int exit = kepu::ctl::run({argv + 1, argv + argc}, console);
    std::cout.flush();
    return std::cout ? exit : kepu::ctl::failed;
  } catch (const std::exception& error) {
    std::cerr << "kepuctl: " << error.what() << "\n";
    return kepu::ctl::failed;
  }
}
