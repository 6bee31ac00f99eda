#include "app/app.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  CLI::App cli("Kepu Hub's daemon: runs the configured sources and answers over HTTP.", "kepud");
  std::string config = "/etc/kepud/kepud.toml";
  bool show_version = false;
  cli.add_option("--config", config, "The configuration file")->type_name("FILE")->capture_default_str();
  cli.add_flag("--version", show_version, "Print the version and end");
  cli.footer("Exit codes: 0 ended by SIGTERM or SIGINT, 1 usage, 2 configuration, 3 state folder, 4 store, 5 address "
             "or socket.\n"
             "`kepuctl check` looks at a configuration without starting anything.");
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return cli.exit(error) == 0 ? 0 : static_cast<int>(kepu::app::Exit::usage);
  }
  if (show_version) {
    std::printf("kepud %s\n", kepu::app::version);
    return 0;
  }
  return static_cast<int>(kepu::app::run(config));
}
