// SPDX-License-Identifier: Apache-2.0
//
// One run as the host's functions see it: what is allowed now, what is buffered, what went wrong.
// Worker thread, but for what is marked [any].
#pragma once

#include "batches.hpp"
#include "cells.hpp"

#include <kepu/host/host.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

namespace kepu::host {

// NULL with a size: what no function takes for a text.
inline bool torn(kepu_str s) { return !s.data && s.size; }

enum class Phase : uint8_t { idle, creating, discovering, running };

// Rows and retractions of one dataset, on their way.
struct Stream {
  Stream(uint16_t number, const abi::Dataset& dataset, PersonSchemes* persons)
      : rows(number, dataset.fields, persons), keys(number, key_fields(dataset), persons) {}
  struct Side {
    Side(uint16_t number, std::vector<abi::Field> of, PersonSchemes* persons)
        : fields(std::move(of)), checker(fields, persons), batch(number, fields) {}
    Side(const Side&) = delete; // the checker refers to the fields
    std::vector<abi::Field> fields;
    CellChecker checker;
    BatchBuilder batch;
  };
  static std::vector<abi::Field> key_fields(const abi::Dataset& dataset) {
    std::vector<abi::Field> out;
    for (const auto& field : dataset.fields)
      if (field.roles & KEPU_ROLE_KEY) out.push_back(field);
    return out;
  }
  Side rows;
  Side keys;
};

class Run {
public:
  // Never freed: a thread that the library left behind may call the host until the process ends, and
  // must find it closed, not gone. A closed one holds no buffers and does not touch the sink.
  // `person_key` is borrowed until the run is closed; see NameTags.
  static Run& make(Sink& sink, std::string time_zone, const std::optional<std::string>& person_key,
                   const std::optional<Range>& range);
  // The one made last, of which there is at least one: for a call that lost its ctx.
  static Run& latest();
  // After destroy has returned: waits for calls of other threads that are inside the sink, which may
  // go afterwards. From here on every call is refused.
  void close();

  kepu_host* c() { return &host_; }
  // Before create: what KEPU_CONTRACTS answers; borrowed until the run is closed.
  void offer(const kepu_contracts& contracts) { contracts_ = &contracts; }
  void enter(Phase phase) {
    phase_ = phase;
    explained_.clear();
  }
  // After discovery: opens the datasets for rows.
  void open(const std::vector<abi::Dataset>& datasets, PersonSchemes* persons);
  std::vector<abi::Dataset>& declared() { return declared_; }
  const std::string& explained() const { return explained_; }
  // The first breach of the contract, "" when there was none: what was called and what was wrong with it, to
  // follow words that say that a contract was broken. [any]
  std::string breach();
  // What the sink answered when it did not answer KEPU_OK; from then on nothing is taken.
  int32_t stopped() const { return stopped_; }
  // Why the host itself dropped a part; "" when it did not.
  const std::string& why_dropped() const { return why_dropped_; }
  uint64_t uncommitted() const;

  // [any] Remembers the first breach of the contract and returns KEPU_E_CONTRACT.
  int32_t broken(const std::string& sentence);

private:
  friend struct Calls;
  Run(Sink& sink, std::string time_zone, const std::optional<std::string>& person_key,
      const std::optional<Range>& range);

  // Whether `call` may run now: thread, phase, and that nothing went wrong before. KEPU_OK or what to return.
  int32_t allowed(const char* call, bool in_phase, const char* state);
  int32_t passed(int32_t status); // remembers a status of the sink that is not KEPU_OK

  int32_t begin_input(const kepu_input* input, kepu_input_answer* answer);
  int32_t end_input();
  int32_t emit(uint32_t dataset, const kepu_cell* cells, size_t rows, const uint64_t* places);
  int32_t retract(uint32_t dataset, const kepu_cell* cells, size_t count);
  int32_t begin_replace(uint32_t dataset, const kepu_scope* scope);
  int32_t end_replace();
  int32_t reject(uint64_t place, kepu_str field, kepu_str code, kepu_str message);
  int32_t commit(kepu_str cursor, uint64_t* part);
  int32_t wait_durable(uint64_t part);
  kepu_str cursor();
  int32_t declare(const kepu_dataset* dataset);

  int32_t take(Stream::Side& side, bool retraction, const kepu_cell* cells, size_t rows, const uint64_t* places);
  int32_t flush(Stream::Side& side, bool retraction);
  int32_t flush(Stream& stream);
  int32_t flush();
  int32_t send_reject(uint64_t place, std::string_view field, std::string_view code, std::string_view message);
  std::string read_scope(uint32_t dataset, const kepu_scope& from, Scope& out);

  kepu_host host_{};
  Sink& sink_; // of the worker thread, while it is not closed
  const std::string time_zone_;
  const std::optional<kepu_range> range_;                  // of a backfill
  std::atomic<const kepu_contracts*> contracts_ = nullptr; // [any]; nullptr: no catalog, or closed
  const std::thread::id worker_;
  std::atomic<Phase> phase_ = Phase::idle; // other threads read it on their way to being refused
  std::string explained_;
  std::vector<abi::Dataset> declared_;
  const std::vector<abi::Dataset>* datasets_ = nullptr;
  std::vector<std::unique_ptr<Stream>> streams_;
  bool input_open_ = false;
  std::optional<Scope> replacing_;
  int32_t stopped_ = KEPU_OK;
  std::string why_dropped_;
  uint64_t part_ = 0; // of the last commit
  uint64_t rows_ = 0; // sent since then
  uint64_t rejects_ = 0;
  bool changed_ = false; // something else was sent since then
  std::string cursor_;
  const std::optional<std::string>* person_key_; // nullptr once closed
  std::optional<NameTags> name_tags_;            // from the first person in a name until it is closed

  std::shared_mutex open_; // guards any_sink_; shared while a thread is inside the sink
  Sink* any_sink_;         // for what is marked [any]; nullptr once closed

  std::atomic<bool> is_broken_ = false; // [any]
  std::mutex mutex_;                    // guards breach_
  std::string breach_;
};

} // namespace kepu::host
