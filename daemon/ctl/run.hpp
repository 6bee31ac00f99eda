// kepuctl: what the command line asks, done. Blocks; one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace kepu::ctl {

// What kepuctl has around it, so that tests can stand in for a terminal.
struct Console {
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  size_t columns = 80;                 // of the terminal; at least 1
  bool color = false;                  // what --color auto means
  bool chinese = false;                // the daemon's sentences in Chinese
  std::filesystem::path worker = {};   // kepu-worker, for `check`
  std::chrono::milliseconds pace{300}; // between two looks at a run
  std::istream* in = nullptr;          // a terminal where people answer; nullptr: there is none
  // One line that no screen shows: typed after the prompt, or piped in. nullopt: there was none.
  std::function<std::optional<std::string>(const std::string& prompt)> secret = {};
};

enum Exit : int {
  ok = 0,
  failed = 1,
  usage = 2,
  out_of_reach = 3,
  disagrees = 4,    // verify: done, and something is wrong
  nothing_held = 5, // erase-person: done, and there was nothing to be erased
};

// `args` without the program's name. Returns an Exit.
int run(const std::vector<std::string>& args, const Console& console);

} // namespace kepu::ctl
