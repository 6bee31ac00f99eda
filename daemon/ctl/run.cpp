#include "ctl/run.hpp"

#include "base/nearest.hpp"
#include "base/printable.hpp"
#include "ctl/check.hpp"
#include "ctl/command_line.hpp"
#include "ctl/completion.hpp"
#include "ctl/remote.hpp"
#include "settings/settings.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <ostream>

namespace kepu::ctl {
namespace {

Operand operand_of(const std::string& name) {
  if (name == "SOURCE") return Operand::source;
  if (name == "INDICATOR") return Operand::indicator;
  if (name == "TARGET") return Operand::target;
  if (name == "KIND") return Operand::withdrawn;
  return name == "SHELL" ? Operand::shell : Operand::none;
}

// Completion knows what the command line knows: both come from the same description.
Words words_of(CLI::App& app) {
  const auto options = [](CLI::App& of, Operand* operand) {
    std::vector<std::string> names;
    for (const auto* option : of.get_options()) {
      for (const auto& name : option->get_lnames())
        names.push_back("--" + name);
      // The first that can be completed stands for all.
      if (operand && option->get_positional() && *operand == Operand::none)
        *operand = operand_of(option->get_name(true));
    }
    return names;
  };
  Words words;
  words.options = options(app, nullptr);
  for (auto* command : app.get_subcommands({})) {
    CommandWords one;
    one.name = command->get_name();
    one.summary = command->get_description();
    one.summary.resize(std::min(one.summary.find(';'), one.summary.size())); // one line of a menu
    std::erase_if(one.summary, [](char c) { return c == '\'' || c == '\\'; });
    one.options = options(*command, &one.operand);
    words.commands.push_back(std::move(one));
  }
  return words;
}

std::string counted(size_t number, const char* what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

int print_check(const Wanted& wanted, const Console& console) {
  const auto checked = check(wanted.config, console.worker);
  if (wanted.json) {
    boost::json::array list;
    const auto add = [&](const settings::Problem& problem, const char* severity) {
      list.push_back({{"file", problem.file.string()},
                      {"line", problem.line},
                      {"column", problem.column},
                      {"severity", severity},
                      {"code", problem.code},
                      {"text", problem.text}});
    };
    for (const auto& problem : checked.problems)
      add(problem, "error");
    for (const auto& problem : checked.warnings)
      add(problem, "warning");
    console.out << boost::json::serialize(list) << "\n";
  } else {
    for (const auto& problem : checked.problems)
      console.out << printable(problem.sentence()) << "\n";
    for (auto problem : checked.warnings) {
      problem.text.insert(0, "warning: ");
      console.out << printable(problem.sentence()) << "\n";
    }
    if (checked.problems.empty())
      console.out << printable(wanted.config) << ": in order, with " << counted(checked.sources, "source")
                  << (checked.warnings.empty() ? "" : " and " + counted(checked.warnings.size(), "warning")) << "\n";
  }
  return checked.problems.empty() ? ok : failed;
}

// Only the main file matters here; what is wrong elsewhere must not keep the operator from the daemon.
std::optional<std::filesystem::path> socket_of(const Wanted& wanted, const Console& console) {
  if (!wanted.socket.empty()) return wanted.socket;
  const auto loaded = settings::load(wanted.config);
  const auto& socket = loaded.configuration.daemon.admin_socket;
  if (!socket.empty()) return socket;
  const auto main_file = std::filesystem::absolute(wanted.config).lexically_normal();
  for (const auto& problem : loaded.problems)
    if (problem.file == main_file) console.err << printable(problem.sentence()) << "\n";
  console.err << "kepuctl: " << printable(wanted.config)
              << " does not tell where the admin socket is; name the daemon's configuration with --config or the "
                 "socket with --socket\n";
  return std::nullopt;
}

std::optional<std::filesystem::path> key_file_of(const Wanted& wanted, const Console& console) {
  if (!wanted.key_file.empty()) return wanted.key_file;
  if (auto file = settings::load(wanted.config).configuration.daemon.person_key_file) return file;
  console.err
      << "kepuctl: " << printable(wanted.config)
      << " does not tell where the person key is; name the daemon's configuration with --config or the key with "
         "--key-file\n";
  return std::nullopt;
}

int ask(const std::string& command, const Wanted& wanted, const Console& console) {
  const auto socket = socket_of(wanted, console);
  if (!socket) return out_of_reach;
  const bool color = wanted.color == "always" || (wanted.color == "auto" && console.color);
  Remote remote(console, Client(*socket), {wanted.json, color});
  if (command == "status") return remote.status();
  if (command == "sources") return remote.sources(wanted.ids);
  if (command == "indicators") return remote.indicators(wanted.ids);
  if (command == "run") return remote.run(wanted.operand, wanted.again, !wanted.no_wait);
  if (command == "backfill") {
    const Parameters days{{"from", wanted.from}, {"to", wanted.to}, {"allow_empty", wanted.allow_empty ? "true" : ""}};
    return remote.backfill(wanted.operand, days, !wanted.no_wait);
  }
  if (command == "pause") return remote.pause(wanted.operand);
  if (command == "resume") return remote.resume(wanted.operand);
  if (command == "retry")
    return wanted.all ? remote.retry_all(wanted.source, !wanted.no_wait) : remote.retry(wanted.name, !wanted.no_wait);
  if (command == "jobs") return remote.jobs();
  if (command == "rebuild") return remote.rebuild(!wanted.no_wait);
  if (command == "verify") return remote.verify(!wanted.no_wait);
  if (command == "reload") return remote.reload(!wanted.no_wait);
  if (command == "compact") return remote.compact(!wanted.no_wait);
  if (command == "erase-person") {
    const auto key_file = key_file_of(wanted, console);
    return key_file ? remote.erase_person(wanted.scheme, *key_file, wanted.yes, !wanted.no_wait) : failed;
  }
  if (command == "withdraw")
    return wanted.operand == "run" ? remote.withdraw_run(wanted.name, wanted.yes, !wanted.no_wait)
                                   : remote.withdraw_source(wanted.name, wanted.yes, !wanted.no_wait);
  if (command == "retention") return remote.retention(wanted.operand, wanted.before, wanted.yes, !wanted.no_wait);
  if (command == "runs") return remote.runs({{"source", wanted.source}, {"limit", wanted.limit}});
  if (command == "rejects") return remote.rejects({{"source", wanted.source}, {"limit", wanted.limit}});
  if (command == "commits")
    return remote.commits(
        {{"source", wanted.source}, {"labelled", wanted.labelled ? "true" : ""}, {"limit", wanted.limit}});
  const Parameters moment{{"on", wanted.on}, {"as_of", wanted.as_of}, {"lang", wanted.lang}};
  if (command == "departments") return remote.departments(moment, wanted.csv);
  if (command == "completeness")
    return remote.completeness({{"department", wanted.department},
                                {"status", wanted.status},
                                {"source", wanted.source},
                                {"as_of", wanted.as_of},
                                {"lang", wanted.lang}},
                               wanted.csv, wanted.detail || !wanted.status.empty());
  if (command == "plan" && !wanted.operand.empty()) return remote.target(wanted.operand, moment, wanted.csv);
  if (command == "plan" && !wanted.department.empty()) return remote.task_sheet(wanted.department, moment, wanted.csv);
  if (command == "plan")
    return remote.targets({{"plan", wanted.plan},
                           {"clause", wanted.clause},
                           {"group", wanted.group},
                           {"status", wanted.status},
                           {"on", wanted.on},
                           {"as_of", wanted.as_of},
                           {"lang", wanted.lang}},
                          wanted.csv, wanted.ids);
  if (command == "label") return remote.label(wanted.commit, wanted.label, wanted.replace);
  if (command == "history" || command == "explain") {
    Parameters parameters{{"indicator", wanted.operand}, {"period", wanted.period}, {"area", wanted.area},
                          {"source", wanted.source},     {"on", wanted.on},         {"as_of", wanted.as_of},
                          {"limit", wanted.limit},       {"lang", wanted.lang}};
    Parameters where;
    for (const auto& one : wanted.where)
      where.emplace_back(one.substr(0, one.find('=')), one.substr(one.find('=') + 1));
    return command == "history" ? remote.history(where, std::move(parameters), wanted.csv)
                                : remote.explain(where, std::move(parameters), wanted.csv);
  }
  return remote.observations({{"indicator", wanted.operand},
                              {"freq", wanted.freq},
                              {"from", wanted.from},
                              {"to", wanted.to},
                              {"area", wanted.area},
                              {"by", wanted.by},
                              {"source", wanted.source},
                              {"columns", wanted.columns},
                              {"sort", wanted.sort},
                              {"combine", wanted.combine},
                              {"as_of", wanted.as_of},
                              {"limit", wanted.limit},
                              {"lang", wanted.lang}},
                             wanted.csv);
}

// The word that stands where a command should and is none.
std::optional<std::string> unknown_command(const CLI::App& app, const std::vector<std::string>& args) {
  if (!app.get_subcommands().empty()) return std::nullopt;
  for (size_t i = 0; i < args.size(); ++i) {
    if (!args[i].starts_with('-')) return args[i];
    if (args[i] == "--config" || args[i] == "--socket" || args[i] == "--color") ++i; // its value
  }
  return std::nullopt;
}

int say_unknown(const CLI::App& app, const std::string& word, const Console& console) {
  std::vector<std::string> known;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    known.push_back(command->get_name());
  const auto near = nearest(word, known, 1);
  console.err << "kepuctl: there is no command " << in_quotes(word)
              << (near.empty() ? "" : "; did you mean \"" + near[0] + "\"?") << "\n`kepuctl --help` lists them.\n";
  return usage;
}

} // namespace

int run(const std::vector<std::string>& args, const Console& console) {
  CLI::App app("Operates the Kepu hub's daemon, kepud.");
  Wanted wanted;
  describe(app, wanted);
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend())); // CLI11 takes them last first
  } catch (const CLI::ParseError& error) {
    if (const auto word = unknown_command(app, args)) return say_unknown(app, *word, console);
    return app.exit(error, console.out, console.err) == 0 ? ok : usage;
  }
  const auto command = app.get_subcommands().front()->get_name();
  if (command == "check") return print_check(wanted, console);
  if (command == "completion") {
    console.out << *completion(wanted.operand, words_of(app));
    return ok;
  }
  return ask(command, wanted, console);
}

} // namespace kepu::ctl
