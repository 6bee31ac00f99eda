// SPDX-License-Identifier: Apache-2.0
#include "arguments.hpp"

#include <CLI/CLI.hpp>

namespace kepu::tool {
namespace {

constexpr const char* exit_codes =
    "Exit codes: 0 ended OK (also at --limit), 1 the connector broke the contract or reported a bug, 2 wrong "
    "arguments,\n3 library, settings or key are wrong (BAD_CONFIG), 4 BAD_DATA, 5 RETRY, 6 cancelled, 7 a file or the "
    "output\ncannot be written.";

constexpr const char* run_notes =
    "Rows, inputs, rejects and commits go to standard output, log and progress to standard error.\n"
    "The settings file is a source's file ([settings]) or keys at top level; relative folders count from it.\n"
    "There is no ledger: every input is taken anew. Without --catalog only fields that the connector itself\n"
    "declares as persons become pseudonyms, and a connector that fills any dataset cannot run.\n"
    "The library runs with your rights, without the hub's fence.";

// CLI11's own says a range of 309 digits.
const CLI::Validator positive(
    [](std::string& word) -> std::string {
      const bool number = !word.empty() && word.find_first_not_of("0123456789") == word.npos;
      if (number && word.find_first_not_of('0') != word.npos) return "";
      return word + " is not a whole number from 1 on";
    },
    "N");

} // namespace

std::optional<int> read_arguments(int argc, char** argv, Arguments& out) {
  CLI::App app{"Looks at a connector, or runs it, without a hub.", "kepu-connector"};
  app.footer(exit_codes);
  app.require_subcommand(1);

  auto* inspect = app.add_subcommand("inspect", "Shows what a connector says of itself.");
  inspect->add_option("FILE.so", out.library, "The connector")->required();
  inspect->add_flag("--json", out.json, "As one JSON object");

  auto* run = app.add_subcommand("run", "Runs a connector once and shows what it reads.");
  run->footer(std::string(run_notes) + "\n" + exit_codes);
  run->add_option("FILE.so", out.library, "The connector")->required();
  run->add_option("--settings", out.settings, "TOML file with the settings");
  run->add_option("--catalog", out.catalog,
                  "The hub's catalog folder, or the file of one dataset: the\ncontracts that the connector is held to");
  run->add_option(
      "--person-key", out.person_key,
      "The hub's key file, 64 hexadecimal digits or 32 raw bytes;\nwithout it a random key that is thrown away");
  run->add_option("--zone", out.zone, "IANA name of the time zone")->capture_default_str();
  run->add_option("--limit", out.limit, "Ends after this many rows")->check(positive);
  run->add_option("--cursor", out.cursor, "File that keeps the cursor: read at the start, written at each commit");
  run->add_flag("--json", out.json, "One JSON object a line");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_ok : exit_usage;
  }
  out.command = *inspect ? Arguments::Command::inspect : Arguments::Command::run;
  return std::nullopt;
}

} // namespace kepu::tool
