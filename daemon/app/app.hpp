// Builds, wires, starts; stops in reverse. The only place that knows everybody.
#pragma once

#include <filesystem>

namespace kepu::app {

constexpr const char* version = KEPU_VERSION;
constexpr const char* store_file = "kepu.db"; // in state_dir

// Exit codes of kepud.
enum class Exit : int {
  ok = 0,
  usage = 1,
  configuration = 2, // the configuration is wrong; every error was printed
  state = 3,         // state_dir cannot be used, or another kepud uses it
  store = 4,         // the store cannot be opened (newer, damaged, another person key)
  listen = 5         // an address or socket cannot be had
};

// Runs until SIGTERM or SIGINT.
Exit run(const std::filesystem::path& config_file);

} // namespace kepu::app
