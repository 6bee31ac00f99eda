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

// A shell's expression for the words of an operand, asked from the daemon that the line names: `where` is the shell's
// expression for its --config and --socket. `--ids` prints names only, nothing that a shell would expand.
std::string operand_words(Operand operand, const std::string& where) {
  switch (operand) {
  case Operand::none:
    return "";
  case Operand::source:
    return "$(kepuctl " + where + " sources --ids 2>/dev/null)";
  case Operand::indicator:
    return "$(kepuctl " + where + " indicators --ids 2>/dev/null)";
  case Operand::target:
    return "$(kepuctl " + where + " plan --ids 2>/dev/null)";
  case Operand::shell:
    return "bash zsh fish";
  case Operand::withdrawn: // the kind, and then a source; numbers of runs are for people to choose
    return "run source $(kepuctl " + where + " sources --ids 2>/dev/null)";
  }
  return "";
}

constexpr const char* bash_where = "\"${where[@]}\"";

// Bash, and Zsh through bashcompinit: one function for both.
std::string bash(const Words& words) {
  std::string cases;
  for (const auto& command : words.commands) {
    cases += fmt::format("  {})\n    options=\"{}\"\n", command.name, joined(command.options));
    if (command.operand != Operand::none)
      cases += fmt::format("    operands=\"{}\"\n", operand_words(command.operand, bash_where));
    cases += "    ;;\n";
  }
  return fmt::format(R"(_kepuctl() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
  local command="" options="" operands="" i value where=()
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "${{COMP_WORDS[i]}}" in
    --config|--socket|--color)
      value=$((i + 1))
      [[ "${{COMP_WORDS[value]}}" == "=" ]] && ((++value))
      if [[ "${{COMP_WORDS[i]}}" != --color ]] && ((value < COMP_CWORD)); then
        where+=("${{COMP_WORDS[i]}}" "${{COMP_WORDS[value]/#\~\//$HOME/}}")
      fi
      i=$value
      ;;
    -*) ;;
    *) [[ "$command" ]] || command="${{COMP_WORDS[i]}}" ;;
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
                     operand_words(Operand::source, bash_where), joined(words.options), names(words), cases);
}

std::string zsh(const Words& words) {
  return "#compdef kepuctl\nautoload -U +X bashcompinit && bashcompinit\n" + bash(words);
}

std::string fish(const Words& words) {
  std::string out = R"(complete -c kepuctl -f
function __kepuctl_where
  set -l words (commandline -opc)
  for i in (seq (count $words))
    switch $words[$i]
      case '--config=*' '--socket=*'
        echo $words[$i]
      case --config --socket
        set -l value (math $i + 1)
        test $value -le (count $words); and echo $words[$i]=(string replace -r '^~/' $HOME/ -- $words[$value])
    end
  end
end
)";
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
    auto operands = operand_words(command.operand, "(__kepuctl_where)");
    if (const auto at = operands.find('$'); at != operands.npos) operands.erase(at, 1);
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
