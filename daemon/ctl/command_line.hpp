// What can be typed after `kepuctl`, and what was. Inside ctl/ only; one thread.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace kepu::ctl {

inline constexpr const char* usual_config = "/etc/kepud/kepud.toml";

// The words of one command line; what a command does not take stays as it is here.
struct Wanted {
  std::string config = usual_config;
  std::string socket;
  std::string color = "auto";
  bool json = false;
  std::string before;
  std::string operand; // source, indicator, shell, or what is to be withdrawn
  std::string name;    // of that
  bool again = false;
  bool allow_empty = false;
  bool yes = false;
  bool all = false;
  bool ids = false;
  bool no_wait = false;
  bool csv = false;
  bool detail = false;
  std::string freq, from, to, period, area, by, source, columns, sort, combine, as_of, lang;
  std::string plan, clause, department, group, status, on;
  std::vector<std::string> where; // NAME=CODE
  std::string label;
  std::string commit = "latest"; // its number otherwise
  bool replace = false;
  bool labelled = false;
  std::string limit; // empty: the daemon's usual
  std::string scheme;
  std::string key_file; // empty: as the configuration says
};

// Commands and options, which fill `wanted` when they are parsed; it outlives `app`.
void describe(CLI::App& app, Wanted& wanted);

} // namespace kepu::ctl
