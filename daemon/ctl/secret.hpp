// A line that no screen shows. Blocks; one thread.
#pragma once

#include <optional>
#include <string>

namespace kepu::ctl {

// From standard input: on a terminal after the prompt and without echo, whatever ends it. No other copy of it stays in
// memory. nullopt: there is none, or it is longer than what this is for.
std::optional<std::string> read_unseen(const std::string& prompt);

} // namespace kepu::ctl
