// SPDX-License-Identifier: Apache-2.0
//
// A hub in memory: runs a connector as a worker would, without daemon, store or processes, and keeps
// what became durable from run to run. One thread, but for cancel().
//
//   kepu::testing::FakeHub hub(kepu_connector_entry);          // or FakeHub::open("./x.so")
//   hub.settings = {{"folder", dir}};
//   EXPECT_EQ(hub.run().status, KEPU_RUN_OK);
//   EXPECT_EQ(kepu::testing::compare_golden("expected.txt", hub.lines()), "");
#pragma once

#include <kepu/host/host.hpp>
#include <kepu/testing/ledger.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kepu::testing {

// What goes wrong in a run. Calls are counted from 1 as they reach the hub (rows come in batches); 0: never.
struct Faults {
  uint64_t cancel_at_call = 0;      // this call and later ones answer KEPU_E_CANCELLED
  uint64_t cancel_after_commit = 0; // this commit succeeds, then the run is cancelled
  uint64_t kill_at_call = 0;        // as kill -9 just before this call: the rest answers KEPU_E_CLOSED
  uint64_t kill_at_commit = 0;      // the same just before this commit
  bool late_durable = false;        // commits become durable at wait_durable or at the end, not at once
  bool fail_wait_durable = false;   // wait_durable answers KEPU_E_CLOSED, and what waits is lost
};

class FakeHub {
public:
  explicit FakeHub(const kepu_entry& entry, std::string name = "entry");
  static FakeHub open(const std::string& path); // throws std::runtime_error with the host's sentence
  FakeHub(FakeHub&&) noexcept;
  ~FakeHub();

  std::map<std::string, std::string> settings;        // as defaults are written
  std::optional<std::vector<abi::Dataset>> contracts; // nullopt: the connector's own
  std::string time_zone = "Asia/Shanghai";
  std::optional<std::string> person_key = std::string(32, 'k'); // the same pseudonyms every time
  // Runs are backfills of these days: every input is taken, nothing becomes durable before a good end, and then only
  // what lies in them; ledger and cursor stay as they were.
  std::optional<host::Range> range;

  // One run, from the durable state on.
  host::Outcome run(const Faults& faults = {});
  // [any] Cancels the run that goes on.
  void cancel();

  // What became durable, all runs, in order, one act a line: inputs, rows, retractions, rejects, commits.
  const std::vector<std::string>& lines() const;
  // What holds now: rows by key after corrections, retractions and replacements, sorted; "dataset row".
  std::vector<std::string> facts() const;
  const std::string& cursor() const; // durable
  // Of the last run.
  const std::vector<std::string>& log() const;
  uint64_t calls() const;
  uint64_t commits() const;
  std::pair<uint64_t, uint64_t> progress() const; // done, total as last told
  const abi::Descriptor& descriptor() const;

private:
  FakeHub();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace kepu::testing
