// Scripts that complete kepuctl's command line. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::ctl {

enum class Operand : uint8_t { none, source, indicator, target, shell, withdrawn };

struct CommandWords {
  std::string name;
  std::string summary;              // without quotes and backslashes
  std::vector<std::string> options; // "--limit"
  Operand operand = Operand::none;
};
struct Words {
  std::vector<std::string> options; // before any command
  std::vector<CommandWords> commands;
};

// For "bash", "zsh" or "fish"; nullopt for another shell. Sources and indicators are asked from the daemon when they
// are completed.
std::optional<std::string> completion(std::string_view shell, const Words& words);

} // namespace kepu::ctl
