// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kepu::tool {

// What a shell can tell apart; --help says the same.
enum Exit : int {
  exit_ok = 0,
  exit_bug = 1,    // broken contract, exception, KEPU_RUN_BUG
  exit_usage = 2,  // arguments
  exit_config = 3, // library, settings file, key or configuration
  exit_bad_data = 4,
  exit_retry = 5,
  exit_cancelled = 6,
  exit_io = 7 // the cursor file or standard output cannot be written
};

struct Arguments {
  enum class Command : uint8_t { inspect, run } command = Command::inspect;
  std::string library;
  bool json = false;
  std::string settings;   // file; "": none
  std::string catalog;    // folder or one dataset's file; "": none
  std::string person_key; // file; "": a throw-away key
  std::string zone = "Asia/Shanghai";
  std::string cursor; // file; "": not kept
  std::optional<uint64_t> limit;
};

// Fills `out`, or prints help or a complaint and returns the exit code.
std::optional<int> read_arguments(int argc, char** argv, Arguments& out);

} // namespace kepu::tool
