// SPDX-License-Identifier: Apache-2.0
//
// kepu-connector: a connector without a hub.
#include "arguments.hpp"
#include "inspect.hpp"
#include "run.hpp"

#include <kepu/host/host.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  using namespace kepu;
  tool::Arguments arguments;
  if (const auto done = tool::read_arguments(argc, argv, arguments)) return *done;
  host::Outcome outcome;
  const auto library = host::Library::open(arguments.library, outcome);
  if (!library) {
    std::fprintf(stderr, "%s\n", outcome.text.c_str());
    return tool::exit_config;
  }
  if (arguments.command == tool::Arguments::Command::run) return tool::run_once(*library, arguments);
  const auto& descriptor = library->descriptor();
  const std::string text = arguments.json ? tool::described_json(descriptor) + "\n" : tool::described(descriptor);
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  return written ? tool::exit_ok : tool::exit_io;
}
