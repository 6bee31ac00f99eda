// SPDX-License-Identifier: Apache-2.0
//
// Host: what a connector can ask of the hub. Every call that the host answers with a status throws
// Ended when the answer is not KEPU_OK (cancelled, contract broken, hub gone); who wants statuses
// calls the C functions of c(). Worker thread, inside run, unless marked [any].
#pragma once

#include <kepu/connector.h>
#include <kepu/outcome.hpp>
#include <kepu/rows.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kepu {

using ContentHash = std::array<uint8_t, 32>; // SHA-256

// The hub's answer about an input.
struct InputAnswer {
  kepu_decision decision = KEPU_TAKE;
  // The content last taken whole under this name, if any: tells an input that only grew.
  bool has_previous = false;
  uint64_t previous_size = 0;
  ContentHash previous_hash{};
  // The input is open: read it, then end_input.
  bool open() const { return decision == KEPU_TAKE || decision == KEPU_RESUME; }
};

// What begin_replace replaces: facts of this source and dataset that meet every condition given.
struct Scope {
  bool this_input = false;        // read from inputs of the current input's name
  int64_t time_from = INT64_MIN;  // microseconds UTC on the dataset's time field
  int64_t time_until = INT64_MAX; // exclusive
  struct Condition {
    uint32_t field;  // index in the dataset's fields
    kepu_cell value; // text is borrowed for the call
  };
  std::vector<Condition> conditions;
};

// Cells for retract and Scope; texts are borrowed.
namespace cell {
inline kepu_cell null() { return {KEPU_NULL, 0, 0, 0, {0}}; }
inline kepu_cell of(kepu_type type, int64_t value) { return {static_cast<uint8_t>(type), 0, 0, 0, {value}}; }
inline kepu_cell of(kepu_type type, std::string_view value) {
  kepu_cell c{static_cast<uint8_t>(type), 0, 0, static_cast<uint32_t>(std::min<size_t>(value.size(), UINT32_MAX)), {0}};
  c.value.text = value.data();
  return c;
}
inline kepu_cell text(std::string_view value) { return of(KEPU_TEXT, value); }
inline kepu_cell integer(int64_t value) { return of(KEPU_INTEGER, value); }
inline kepu_cell timestamp(int64_t us) { return of(KEPU_TIMESTAMP, us); }
inline kepu_cell date(int64_t days) { return of(KEPU_DATE, days); }
} // namespace cell

class Host {
public:
  Host(const kepu_host* host, const kepu_descriptor& descriptor) : host_(host) {
    for (size_t i = 0; i < descriptor.dataset_count; ++i)
      add(*descriptor.datasets[i]);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  // [any] The C functions, for a path of one's own. Flush Rows before mixing both.
  const kepu_host* c() const { return host_; }

  // [any]
  void log(kepu_level level, std::string_view text) const { host_->log(host_->ctx, level, str(text)); }
  void debug(std::string_view text) const { log(KEPU_DEBUG, text); }
  void info(std::string_view text) const { log(KEPU_INFO, text); }
  void warning(std::string_view text) const { log(KEPU_WARNING, text); }
  void error(std::string_view text) const { log(KEPU_ERROR, text); }
  // [any] In any unit; total 0: unknown.
  void progress(uint64_t done, uint64_t total) const { host_->progress(host_->ctx, done, total); }
  // [any]
  bool is_cancelled() const { return host_->is_cancelled(host_->ctx) != 0; }
  // [any] Readable once the run is cancelled; poll it beside your own. Do not read or close it.
  int cancel_fd() const { return host_->cancel_fd(host_->ctx); }
  // [any] IANA name of the hub's zone.
  std::string time_zone() const { return text_of(host_->time_zone(host_->ctx)); }
  // [any] The days of a backfill; nullopt: this run is none. Then only what lies in them need be read, and nothing may
  // be done that tells others that data is safe: see kepu_range. Hubs before 1.1 have no backfills.
  std::optional<kepu_range> range() const {
    const auto* found = static_cast<const kepu_range*>(host_->extension(host_->ctx, KEPU_RANGE));
    return found ? std::optional(*found) : std::nullopt;
  }
  // [any] The catalog's datasets; nullopt: there is no catalog here (or a hub before 1.2). They live as long as the
  // Host.
  std::optional<std::span<const kepu_dataset* const>> contracts() const {
    const auto* found = static_cast<const kepu_contracts*>(host_->extension(host_->ctx, KEPU_CONTRACTS));
    if (!found) return std::nullopt;
    return std::span(found->datasets, found->dataset_count);
  }
  // Also in the constructor's and discover's thread: a sentence on how it ended; an Outcome's text replaces it.
  void explain(std::string_view text) const { host_->explain(host_->ctx, str(text)); }

  // Inside discover: declares the next dataset. It may go after the call.
  void declare(const kepu_dataset& dataset) {
    expect_ok(host_->declare(host_->ctx, &dataset), "declare");
    add(dataset);
  }

  // The buffer of a dataset that the descriptor lists or discover declared; lives as long as the Host.
  Rows& rows(const kepu_dataset& dataset) { return rows(std::string_view(dataset.id)); }
  Rows& rows(std::string_view dataset_id) { return *known(dataset_id).rows; }
  // Hands over the rows of all buffers. The calls below that order matters for do it themselves.
  void flush() {
    for (auto& k : known_)
      k.rows->flush();
  }
  // Low-level path, without a buffer: cells of whole rows, in field order; `places` empty or one for each row.
  void emit(const kepu_dataset& dataset, std::span<const kepu_cell> cells, std::span<const uint64_t> places = {}) {
    const Known& k = known(dataset.id);
    if (cells.size() % k.fields || (!places.empty() && places.size() != cells.size() / k.fields))
      throw Ended(Outcome::bug("emit: cells and places do not make whole rows of dataset " + k.id));
    expect_ok(host_->emit(host_->ctx, k.number, cells.data(), cells.size() / k.fields,
                          places.empty() ? nullptr : places.data()),
              "emit");
  }
  // Takes a fact out by its key: the dataset's key fields, in field order.
  void retract(const kepu_dataset& dataset, std::span<const kepu_cell> key) {
    flush();
    expect_ok(host_->retract(host_->ctx, known(dataset.id).number, key.data(), key.size()), "retract");
  }

  // Asks the hub's ledger. When the answer is open(), rows and rejects belong to the input until end_input.
  InputAnswer begin_input(std::string_view name, uint64_t size, const ContentHash& hash) {
    flush();
    kepu_input input{sizeof(kepu_input), 0, str(name), size, {}};
    std::memcpy(input.content_hash, hash.data(), hash.size());
    kepu_input_answer raw{};
    raw.struct_size = sizeof raw;
    expect_ok(host_->begin_input(host_->ctx, &input, &raw), "begin_input");
    InputAnswer answer{static_cast<kepu_decision>(raw.decision), raw.has_previous != 0, raw.previous_size, {}};
    std::memcpy(answer.previous_hash.data(), raw.previous_hash, answer.previous_hash.size());
    return answer;
  }
  // It was read to its end; it counts as taken with the next commit.
  void end_input() {
    flush();
    expect_ok(host_->end_input(host_->ctx), "end_input");
  }
  // Facts in the scope that are not emitted until end_replace are closed by the same commit.
  void begin_replace(const kepu_dataset& dataset, const Scope& scope) {
    flush();
    std::vector<uint32_t> fields;
    std::vector<kepu_cell> values;
    for (const auto& condition : scope.conditions) {
      fields.push_back(condition.field);
      values.push_back(condition.value);
    }
    const kepu_scope raw{
        sizeof(kepu_scope), scope.this_input ? 1u : 0u, scope.time_from, scope.time_until, fields.data(), values.data(),
        fields.size()};
    expect_ok(host_->begin_replace(host_->ctx, known(dataset.id).number, &raw), "begin_replace");
  }
  void end_replace() {
    flush();
    expect_ok(host_->end_replace(host_->ctx), "end_replace");
  }
  // A row that could not be read. `code`: [a-z0-9_]+, stable; `field` may be empty; `message`: what is
  // wrong and what to do, no personal data.
  void reject(uint64_t place, std::string_view field, std::string_view code, std::string_view message) {
    expect_ok(host_->reject(host_->ctx, place, str(field), str(code), str(message)), "reject");
  }

  // Ends the part: all since the last commit becomes visible at once, with this cursor. Returns its number.
  uint64_t commit(std::string_view cursor) {
    flush();
    uint64_t part = 0;
    expect_ok(host_->commit(host_->ctx, str(cursor), &part), "commit");
    return part;
  }
  // Returns when the part is on disk; whatever tells the outside world that data is safe comes after. Not in a
  // backfill.
  void wait_durable(uint64_t part) { expect_ok(host_->wait_durable(host_->ctx, part), "wait_durable"); }
  // Of the last durable commit, also of earlier runs; empty at first.
  std::string cursor() const { return text_of(host_->cursor(host_->ctx)); }

private:
  struct Known {
    std::string id;
    uint32_t number;
    size_t fields;
    std::unique_ptr<Rows> rows;
  };
  static kepu_str str(std::string_view text) { return {text.data(), text.size()}; }
  static std::string text_of(kepu_str s) { return s.size ? std::string(s.data, s.size) : std::string(); }
  void add(const kepu_dataset& d) {
    const auto number = static_cast<uint32_t>(known_.size());
    known_.push_back({d.id, number, d.field_count, std::make_unique<Rows>(host_, number, d.id, d.field_count)});
  }
  Known& known(std::string_view id) {
    for (auto& k : known_)
      if (k.id == id) return k;
    throw Ended(Outcome::bug("dataset " + std::string(id) + " is neither in the descriptor nor declared"));
  }

  const kepu_host* host_;
  std::vector<Known> known_;
};

} // namespace kepu
