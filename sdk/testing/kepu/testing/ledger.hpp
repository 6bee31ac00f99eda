// SPDX-License-Identifier: Apache-2.0
//
// The hub's rules about inputs, small enough to read: what begin_input answers. A value; one thread.
#pragma once

#include <kepu/host/host.hpp>

#include <array>
#include <map>
#include <optional>
#include <string>

namespace kepu::testing {

class Ledger {
public:
  // known: the latest content taken whole under this name, or a renamed copy of what is in force under
  // another name. resume: begun under this name and not finished. Else take; then, or on resume, the
  // input is open.
  host::InputAnswer begin(const host::Input& input);
  void end();
  // A commit: an ended input counts as taken, an open one as begun.
  void commit();
  // What begins with the next run: nothing is open.
  void restart();
  const std::string& open_input() const { return open_; }

private:
  struct Content {
    uint64_t size = 0;
    std::array<uint8_t, 32> hash{};
  };
  struct Entry {
    std::optional<Content> taken; // whole, latest
    std::optional<Content> begun;
  };
  std::map<std::string, Entry> entries_;
  std::string open_; // name; "": none
  Content reading_;
  std::map<std::string, Content> ended_; // since the last commit
};

} // namespace kepu::testing
