// SPDX-License-Identifier: Apache-2.0
//
// A hub in memory for tests of what happens over several runs: the ledger of inputs, facts by key,
// parts that are visible at once or dropped, replacement, the cursor. It speaks the C ABI, so that
// the connector is tested as it is loaded.
#pragma once

#include <kepu/connector.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace venue_turnstile::tests {

struct Fact {
  std::string text;  // venue|gate|direction|ts in µs|card, with ! after a repaired cell and - for null
  std::string input; // name
  uint64_t place = 0;
  bool operator==(const Fact&) const = default;
};

struct Reject {
  std::string input; // empty: outside of any
  uint64_t place = 0;
  std::string field, code, message;
};

class Hub {
public:
  using Settings = std::map<std::string, std::string>; // as text; defaults are filled in

  // Creates the connector, runs it, destroys it. Returns kepu_run_status.
  int32_t run(const Settings& settings);

  // What the hub holds; only what was committed.
  std::map<std::string, Fact> facts; // by event id
  std::vector<Reject> rejects;
  std::string cursor;
  uint64_t parts = 0; // committed, of all runs

  // What the last run said.
  std::string text;
  std::vector<std::string> log;
  std::vector<std::pair<uint64_t, uint64_t>> progress;
  std::vector<std::string> calls; // "begin_input a.csv take", "commit", …

  // Called before each call of the connector that moves data, with its number from 1 and its name; false:
  // the hub is gone, as if the daemon had been killed.
  std::function<bool(size_t, const std::string&)> before_call;
  bool cancelled = false;
  std::set<std::string> refuses; // names of inputs that it will not take
  std::string zone = "Asia/Shanghai";
  std::optional<kepu_range> range; // runs are told that they are backfills

private:
  struct Content {
    uint64_t size = 0;
    std::array<uint8_t, 32> hash{};
    bool operator==(const Content&) const = default;
  };
  struct Ledger {
    std::map<std::string, Content> taken, taking;
  };
  struct Row {
    std::string key;
    Fact fact;
  };

  bool alive(const std::string& call);
  int32_t begin_input(const kepu_input& input, kepu_input_answer& answer);
  int32_t emit(const kepu_cell* cells, size_t rows, const uint64_t* places);
  int32_t commit(kepu_str cursor_text, uint64_t* part);

  Ledger ledger_;
  // Of the part that is open.
  Ledger next_;
  std::vector<Row> rows_;
  std::vector<Reject> part_rejects_;
  std::optional<std::string> replacing_; // input name
  std::optional<std::string> replaced_;
  std::string input_;
  bool input_open_ = false;
  size_t call_ = 0;
  bool gone_ = false;
};

} // namespace venue_turnstile::tests
