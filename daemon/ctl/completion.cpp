#include "ctl/completion.hpp"

#include <fmt/format.h>

namespace kepu::ctl {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words)
    out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string names(const Words& words) {
  std::string out;
  for (const auto& command : words.commands)
    out += (out.empty() ? "" : " ") + command.name;
  return out;
}

// A shell's expression for the words of an operand. `--ids` prints names only, nothing that a shell would expand.
std::string operand_words(Operand operand) {
  switch (operand) {
  case Operand::none:
    return "";
  case Operand::source:
    return "$(kepuctl sources --ids 2>/dev/null)";
  case Operand::indicator:
    return "$(kepuctl indicators --ids 2>/dev/null)";
  case Operand::shell:
    return "bash zsh fish";
  }
  return "";
}

// Bash, and Zsh through bashcompinit: one function for both.
std::string bash(const Words& words) {
  std::string cases;
  for (const auto& command : words.commands) {
    cases += fmt::format("  {})\n    options=\"{}\"\n", command.name, joined(command.options));
    if (command.operand != Operand::none) cases += fmt::format("    operands=\"{}\"\n", operand_words(command.operand));
    cases += "    ;;\n";
  }
  return fmt::format(R"(_kepuctl() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
  local command="" options="" operands="" i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "${{COMP_WORDS[i]}}" in
    --config|--socket|--color) ((++i)) ;;
    -*) ;;
    *) command="${{COMP_WORDS[i]}}"; break ;;
    esac
  done
  case "$before" in
  --config|--socket) COMPREPLY=($(compgen -f -- "$word")); return ;;
  --color) COMPREPLY=($(compgen -W "auto always never" -- "$word")); return ;;
  --source) COMPREPLY=($(compgen -W "{0}" -- "$word")); return ;;
  --freq) COMPREPLY=($(compgen -W "D W M Q S A" -- "$word")); return ;;
  --lang) COMPREPLY=($(compgen -W "zh en" -- "$word")); return ;;
  esac
  case "$command" in
  "")
    operands="{2}"
    ;;
{3}  esac
  case "$word" in
  -*) COMPREPLY=($(compgen -W "$options {1}" -- "$word")) ;;
  *) COMPREPLY=($(compgen -W "$operands" -- "$word")) ;;
  esac
}}
complete -F _kepuctl kepuctl
)",
                     operand_words(Operand::source), joined(words.options), names(words), cases);
}

std::string zsh(const Words& words) {
  return "#compdef kepuctl\nautoload -U +X bashcompinit && bashcompinit\n" + bash(words);
}

std::string fish(const Words& words) {
  std::string out = "complete -c kepuctl -f\n";
  const auto option = [&](const std::string& condition, const std::string& name) {
    const auto file = name == "--config" || name == "--socket";
    out += fmt::format("complete -c kepuctl{} -l {}{}\n", condition, name.substr(2), file ? " -r -F" : "");
  };
  for (const auto& name : words.options)
    option("", name);
  for (const auto& command : words.commands) {
    out += fmt::format("complete -c kepuctl -n __fish_use_subcommand -a {} -d '{}'\n", command.name, command.summary);
    const auto condition = fmt::format(" -n '__fish_seen_subcommand_from {}'", command.name);
    for (const auto& name : command.options)
      option(condition, name);
    if (command.operand == Operand::none) continue;
    // Fish writes a command's output as (…).
    auto operands = operand_words(command.operand);
    if (operands.front() == '$') operands.erase(0, 1);
    out += fmt::format("complete -c kepuctl{} -a '{}'\n", condition, operands);
  }
  return out;
}

} // namespace

std::optional<std::string> completion(std::string_view shell, const Words& words) {
  if (shell == "bash") return bash(words);
  if (shell == "zsh") return zsh(words);
  if (shell == "fish") return fish(words);
  return std::nullopt;
}

} // namespace kepu::ctl
