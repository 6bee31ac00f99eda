// SPDX-License-Identifier: Apache-2.0
//
// sdk/host: loads one connector library, enforces the contract of <kepu/connector.h>, and runs it.
// The only user of dlopen. Used by kepu-worker, kepu-connector and the fake host of sdk/testing.
#pragma once

#include <kepu/batch.hpp>
#include <kepu/values.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kepu::host {

// How something ended: a kepu_run_status, and why in words for people. They stand after words that tell the
// status and name the connector ("connector X broke its contract: ..."), so they repeat neither.
struct Outcome {
  int32_t status = KEPU_RUN_OK;
  std::string text;
  bool ok() const { return status == KEPU_RUN_OK; }
};

// A replacement's scope, owned.
struct Scope {
  uint16_t dataset = 0;
  bool this_input = false;
  int64_t time_from = INT64_MIN;
  int64_t time_until = INT64_MAX;
  struct Condition {    // text or integer by the field's type
    uint16_t field = 0; // number in the connector's dataset
    std::string text;
    int64_t integer = 0;
  };
  std::vector<Condition> conditions;
};

struct Input {
  std::string name; // persons in it replaced by tags
  uint64_t size = 0;
  std::array<uint8_t, 32> content_hash{};
};

struct InputAnswer {
  int32_t decision = KEPU_TAKE;
  bool has_previous = false;
  uint64_t previous_size = 0;
  std::array<uint8_t, 32> previous_hash{};
};

// Where the host sends what the connector says, once it is checked. Functions return kepu_status;
// what they are given is borrowed for the call. log, progress, cancelled and cancel_fd: any thread;
// the others: the worker thread.
class Sink {
public:
  virtual ~Sink() = default;
  virtual int32_t begin_input(const Input& input, InputAnswer& answer) = 0;
  virtual int32_t end_input() = 0;
  virtual int32_t rows(const abi::Batch& batch) = 0;
  virtual int32_t retract(const abi::Batch& keys) = 0;
  virtual int32_t begin_replace(const Scope& scope) = 0;
  virtual int32_t end_replace() = 0;
  virtual int32_t reject(uint64_t place, std::string_view field, std::string_view code, std::string_view message) = 0;
  // `rows` and `rejects`: sent since the last commit.
  virtual int32_t commit(std::string_view cursor, uint64_t part, uint64_t rows, uint64_t rejects) = 0;
  virtual int32_t wait_durable(uint64_t part) = 0;
  // The cursor of the last durable commit of this source.
  virtual std::string cursor() = 0;
  virtual void log(int32_t level, std::string_view text) = 0;
  virtual void progress(uint64_t done, uint64_t total) = 0;
  virtual bool cancelled() = 0;
  virtual int cancel_fd() = 0;
};

// A loaded library whose entry and descriptor were checked (symbol, versions, struct sizes, names,
// settings, datasets). Loading runs the library's constructors. Never unloaded: a library that left
// threads or exit handlers behind must not lose its code.
class Library {
public:
  // Sentences name the file, what is wrong and what to do.
  static std::unique_ptr<Library> open(const std::string& path, Outcome& outcome);
  // An entry of this program, which must live as long as the Library; `name` stands for the file in sentences.
  static std::unique_ptr<Library> from_entry(const kepu_entry* entry, const std::string& name, Outcome& outcome);
  ~Library();
  const abi::Descriptor& descriptor() const;
  const kepu_entry* entry() const;

private:
  Library() = default;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The days of a backfill; see kepu_range.
struct Range {
  int64_t time_from = 0;
  int64_t time_until = 0;
  int32_t first_day = 0;
  int32_t until_day = 0;
  bool operator==(const Range&) const = default;
};

struct Config {
  std::string time_zone = "Asia/Shanghai";
  std::vector<abi::Setting> settings;
  // The catalog's contracts. nullopt: there is no catalog here, and the connector's own declaration
  // is taken as the contract (kepu-connector without --catalog).
  std::optional<std::vector<abi::Dataset>> contracts;
  // Key for pseudonyms and for the tags in names of inputs, 32 bytes. nullopt: a connector with a person
  // field is refused, and the tags are made without a key.
  std::optional<std::string> person_key;
  std::optional<Range> range; // of a backfill
};

// One activation. Construct, create, discover (dynamic connectors), run, destroy; all on one thread,
// which is "the worker" of the contract.
class Runner {
public:
  Runner(const Library& library, Sink& sink, Config config);
  ~Runner(); // destroys the connector
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Creates the connector, discovers when it is dynamic, and checks its datasets against the contracts.
  Outcome create();
  // As the connector declared them, with roles, scheme, register and required filled in from the
  // contracts; index = dataset number. Valid after create.
  const std::vector<abi::Dataset>& datasets() const;
  // Runs it. A breach of the contract makes the outcome KEPU_RUN_BUG, whatever run returned; rows
  // after the last commit are not part of any part and are dropped by the sink's owner. Sends every
  // buffered row before each commit.
  Outcome run();

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Blanks with '*' what is shaped as an ID card or a mobile, and escapes control characters as \n, \t,
// \xNN. Any thread. In either width, that is:
// - runs of 15 or 18 digits, 17 and X, 11 from 1, and those with 86 before them;
// - mobiles cut into groups as people do (138 1234 5678, +86 138-1234-5678, 138-12345678), and cards cut as
//   they are printed (510104 19900101 123X), or anyhow where their date and check digit are right. Between
//   groups: spaces, hyphens, underlines; points when there are three groups or more.
// A date, an amount, a code of a place with a date is none of these. Cards of 15 digits in groups pass.
std::string scrub(std::string_view text);

// A name of an input with '*' and `tag` of its bytes for each person that `scrub` would blank; other
// characters stay as they are. Tags of at most 10 bytes never make a name longer.
std::string scrub_name(std::string_view name, const std::function<std::string(std::string_view)>& tag);

} // namespace kepu::host
