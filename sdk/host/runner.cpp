// SPDX-License-Identifier: Apache-2.0
#include <kepu/host/host.hpp>
#include <kepu/host/settings.hpp>

#include "batches.hpp"
#include "cells.hpp"
#include "contracts.hpp"
#include "declared.hpp"
#include "texts.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

namespace kepu::host {
namespace {

std::string_view view(kepu_str text) { return text.data ? std::string_view(text.data, text.size) : std::string_view(); }
kepu_str str(std::string_view text) { return {text.data(), text.size()}; }

// A text for people: of bounded length, harmless on a terminal, without what looks like a person.
std::string for_people(std::string_view text) {
  return std::string(cut(scrub(cut(text, KEPU_MAX_TEXT_BYTES)), KEPU_MAX_TEXT_BYTES));
}

} // namespace

struct Runner::Impl {
  enum class State : uint8_t { idle, creating, discovering, running };

  struct Stream { // one dataset
    Stream(uint16_t number, const abi::Dataset& dataset, PersonSchemes* persons)
        : fields(dataset.fields), checker(fields, persons), rows(number, fields) {
      for (const auto& field : fields) {
        if (field.roles & KEPU_ROLE_KEY) key_fields.push_back(field);
      }
      key_checker = std::make_unique<CellChecker>(key_fields, persons);
      keys = std::make_unique<BatchBuilder>(number, key_fields);
    }
    std::vector<abi::Field> fields;
    std::vector<abi::Field> key_fields;
    CellChecker checker;
    BatchBuilder rows;
    std::unique_ptr<CellChecker> key_checker;
    std::unique_ptr<BatchBuilder> keys;
  };

  Impl(const Library& lib, Sink& to, Config given)
      : library(lib), sink(to), config(std::move(given)), worker(std::this_thread::get_id()) {
    host.struct_size = sizeof host;
    host.abi_major = KEPU_ABI_MAJOR;
    host.abi_minor = KEPU_ABI_MINOR;
    host.ctx = this;
    host.log = [](void* ctx, int32_t level, kepu_str text) {
      of(ctx).sink.log(std::clamp<int32_t>(level, KEPU_DEBUG, KEPU_ERROR), for_people(view(text)));
    };
    host.progress = [](void* ctx, uint64_t done, uint64_t total) { of(ctx).sink.progress(done, total); };
    host.is_cancelled = [](void* ctx) -> int32_t { return of(ctx).sink.cancelled(); };
    host.cancel_fd = [](void* ctx) -> int32_t { return of(ctx).sink.cancel_fd(); };
    host.time_zone = [](void* ctx) { return str(of(ctx).config.time_zone); };
    host.extension = [](void*, const char*) -> const void* { return nullptr; };
    host.explain = [](void* ctx, kepu_str text) {
      auto& me = of(ctx);
      if (me.on_worker("explain")) me.explanation = for_people(view(text));
    };
    host.declare = [](void* ctx, const kepu_dataset* dataset) { return of(ctx).declare(dataset); };
    host.begin_input = [](void* ctx, const kepu_input* input, kepu_input_answer* answer) { return of(ctx).begin_input(input, answer); };
    host.end_input = [](void* ctx) { return of(ctx).end_input(); };
    host.emit = [](void* ctx, uint32_t dataset, const kepu_cell* cells, size_t rows, const uint64_t* places) {
      return of(ctx).emit(dataset, cells, rows, places);
    };
    host.retract = [](void* ctx, uint32_t dataset, const kepu_cell* cells, size_t count) { return of(ctx).retract(dataset, cells, count); };
    host.begin_replace = [](void* ctx, uint32_t dataset, const kepu_scope* scope) { return of(ctx).begin_replace(dataset, scope); };
    host.end_replace = [](void* ctx) { return of(ctx).end_replace(); };
    host.reject = [](void* ctx, uint64_t place, kepu_str field, kepu_str code, kepu_str message) {
      return of(ctx).reject(place, view(field), view(code), view(message));
    };
    host.commit = [](void* ctx, kepu_str cursor, uint64_t* part) { return of(ctx).commit(view(cursor), part); };
    host.wait_durable = [](void* ctx, uint64_t part) { return of(ctx).wait_durable(part); };
    host.cursor = [](void* ctx) -> kepu_str {
      auto& me = of(ctx);
      if (me.enter("cursor") != KEPU_OK) return {"", 0};
      me.held_cursor = me.sink.cursor();
      return str(me.held_cursor);
    };
  }

  static Impl& of(void* ctx) { return *static_cast<Impl*>(ctx); }

  // ---- the contract ----

  int32_t breach(const std::string& what) {
    std::lock_guard lock(breach_mutex);
    if (breach_text.empty()) breach_text = what;
    is_breached = true;
    return KEPU_E_CONTRACT;
  }
  std::string breached() {
    std::lock_guard lock(breach_mutex);
    return breach_text;
  }
  bool on_worker(const char* call) {
    if (std::this_thread::get_id() == worker) return true;
    breach(std::string(call) + " was called from another thread than the one that called create; only log, progress, is_cancelled, "
                               "cancel_fd and time_zone may be");
    return false;
  }
  int32_t enter(const char* call) {
    if (!on_worker(call)) return KEPU_E_CONTRACT;
    if (state != State::running) return breach(std::string(call) + " was called outside run");
    return is_breached ? KEPU_E_CONTRACT : KEPU_OK;
  }

  int32_t declare(const kepu_dataset* dataset) {
    if (!on_worker("declare")) return KEPU_E_CONTRACT;
    if (state != State::discovering) return breach("declare was called outside discover");
    if (declared.size() >= KEPU_MAX_DATASETS) return KEPU_E_LIMIT;
    abi::Dataset out;
    if (const auto fault = read_dataset(dataset, out); !fault.empty()) return breach(fault);
    declared.push_back(std::move(out));
    return KEPU_OK;
  }

  int32_t flush(Stream& stream) {
    if (stream.rows.rows() == 0) return KEPU_OK;
    const int32_t status = sink.rows(stream.rows.view());
    sent_rows += stream.rows.rows();
    stream.rows.clear();
    return status;
  }
  // Order between datasets, inputs and replacements is kept by sending what is gathered first.
  int32_t flush_all() {
    for (auto& stream : streams) {
      if (const int32_t status = flush(*stream); status != KEPU_OK) return status;
    }
    return KEPU_OK;
  }

  int32_t begin_input(const kepu_input* input, kepu_input_answer* answer) {
    if (const int32_t status = enter("begin_input"); status != KEPU_OK) return status;
    if (input_open) return breach("begin_input was called while an input is open; call end_input first");
    if (!input || !answer || input->struct_size < sizeof(kepu_input) || answer->struct_size < sizeof(kepu_input_answer)) {
      return breach("begin_input was given an input or answer without its struct_size");
    }
    if (input->name.size == 0 || input->name.size > KEPU_MAX_INPUT_NAME_BYTES) return KEPU_E_LIMIT;
    if (!is_utf8(view(input->name))) return breach("the name of an input is not UTF-8");
    if (const int32_t status = flush_all(); status != KEPU_OK) return status;
    Input ask;
    ask.name = view(input->name);
    ask.size = input->size;
    std::copy(std::begin(input->content_hash), std::end(input->content_hash), ask.content_hash.begin());
    InputAnswer told;
    if (const int32_t status = sink.begin_input(ask, told); status != KEPU_OK) return status;
    answer->decision = told.decision;
    answer->has_previous = told.has_previous;
    answer->reserved = 0;
    answer->previous_size = told.previous_size;
    std::copy(told.previous_hash.begin(), told.previous_hash.end(), std::begin(answer->previous_hash));
    input_open = told.decision != KEPU_KNOWN;
    return KEPU_OK;
  }

  int32_t end_input() {
    if (const int32_t status = enter("end_input"); status != KEPU_OK) return status;
    if (!input_open) return breach("end_input was called without an open input");
    if (replacing_input) return breach("end_input was called before the end_replace of a replacement of this input");
    if (const int32_t status = flush_all(); status != KEPU_OK) return status;
    input_open = false;
    return sink.end_input();
  }

  Stream* stream_of(uint32_t dataset) { return dataset < streams.size() ? streams[dataset].get() : nullptr; }

  int32_t emit(uint32_t dataset, const kepu_cell* cells, size_t rows, const uint64_t* places) {
    if (const int32_t status = enter("emit"); status != KEPU_OK) return status;
    Stream* stream = stream_of(dataset);
    if (!stream) return breach("emit was called for dataset number " + std::to_string(dataset) + ", which was not declared");
    if (rows && !cells) return breach("emit was called without cells");
    if (last_dataset != dataset) {
      if (const int32_t status = flush_all(); status != KEPU_OK) return status;
      last_dataset = dataset;
    }
    const size_t width = stream->fields.size();
    for (size_t begin = 0; begin < rows; begin += chunk_rows) {
      const size_t count = std::min(chunk_rows, rows - begin);
      const kepu_cell* chunk = cells + begin * width;
      const uint64_t* at = places ? places + begin : nullptr;
      if (const auto fault = stream->checker.check(chunk, count); !fault.empty()) return breach(declared[dataset].id + ": " + fault);
      good.clear();
      for (size_t row = 0; row < count; ++row) {
        if (stream->checker.fault(row) == Fault::none) {
          good.push_back(static_cast<uint16_t>(row));
          continue;
        }
        const int32_t status =
            send_reject(at ? at[row] : 0, stream->checker.faulty_field(row).name, code_of(stream->checker.fault(row)), stream->checker.message(row, chunk));
        if (status != KEPU_OK) return status;
      }
      for (std::span<const uint16_t> left(good); !left.empty();) {
        left = left.subspan(stream->rows.append(stream->checker, chunk, left, at));
        if (left.empty() && !stream->rows.full()) break;
        if (const int32_t status = flush(*stream); status != KEPU_OK) return status;
      }
    }
    // The rows are taken; this only says that it is time to end.
    return sink.cancelled() ? KEPU_E_CANCELLED : KEPU_OK;
  }

  int32_t retract(uint32_t dataset, const kepu_cell* cells, size_t count) {
    if (const int32_t status = enter("retract"); status != KEPU_OK) return status;
    Stream* stream = stream_of(dataset);
    if (!stream) return breach("retract was called for dataset number " + std::to_string(dataset) + ", which was not declared");
    if (count == 0 || count != stream->key_fields.size() || !cells) {
      return breach("retract of " + declared[dataset].id + " wants its " + std::to_string(stream->key_fields.size()) + " key fields");
    }
    if (const int32_t status = flush_all(); status != KEPU_OK) return status;
    if (const auto fault = stream->key_checker->check(cells, 1); !fault.empty()) return breach(declared[dataset].id + ": " + fault);
    if (stream->key_checker->fault(0) != Fault::none) {
      return send_reject(0, stream->key_checker->faulty_field(0).name, code_of(stream->key_checker->fault(0)), stream->key_checker->message(0, cells));
    }
    constexpr std::array<uint16_t, 1> only{0};
    stream->keys->append(*stream->key_checker, cells, only, nullptr);
    const int32_t status = sink.retract(stream->keys->view());
    stream->keys->clear();
    return status;
  }

  int32_t begin_replace(uint32_t dataset, const kepu_scope* scope) {
    if (const int32_t status = enter("begin_replace"); status != KEPU_OK) return status;
    Stream* stream = stream_of(dataset);
    if (!stream) return breach("begin_replace was called for dataset number " + std::to_string(dataset) + ", which was not declared");
    if (replacing) return breach("begin_replace was called inside a replacement");
    if (!scope || scope->struct_size < sizeof(kepu_scope)) return breach("begin_replace was given a scope without its struct_size");
    if (scope->this_input && !input_open) return breach("begin_replace of this input was called without an open input");
    if (scope->time_from > scope->time_until) return breach("begin_replace was given a time that ends before it begins");
    Scope out;
    out.dataset = static_cast<uint16_t>(dataset);
    out.this_input = scope->this_input != 0;
    out.time_from = scope->time_from;
    out.time_until = scope->time_until;
    for (size_t i = 0; i < scope->field_count; ++i) {
      const uint32_t number = scope->fields[i];
      const kepu_cell& cell = scope->values[i];
      if (number >= stream->fields.size()) return breach("begin_replace names a field that " + declared[dataset].id + " does not have");
      const auto& field = stream->fields[number];
      if (field.roles & KEPU_ROLE_PERSON) return breach("a replacement cannot be limited by the person field " + field.name);
      if (cell.type != field.type || field.type == KEPU_REAL) return breach("begin_replace: the value of " + field.name + " is not of its type");
      Scope::Condition condition;
      condition.field = static_cast<uint16_t>(number);
      if (field.type == KEPU_TEXT || field.type == KEPU_PERIOD) {
        condition.text.assign(cell.value.text ? cell.value.text : "", cell.value.text ? cell.size : 0);
        if (!is_utf8(condition.text) || condition.text.size() > KEPU_MAX_CELL_BYTES) return breach("begin_replace: the value of " + field.name + " is not UTF-8 or too long");
      } else {
        condition.integer = cell.value.integer;
      }
      out.conditions.push_back(std::move(condition));
    }
    if (const int32_t status = flush_all(); status != KEPU_OK) return status;
    replacing = true;
    replacing_input = out.this_input;
    return sink.begin_replace(out);
  }

  int32_t end_replace() {
    if (const int32_t status = enter("end_replace"); status != KEPU_OK) return status;
    if (!replacing) return breach("end_replace was called outside a replacement");
    if (const int32_t status = flush_all(); status != KEPU_OK) return status;
    replacing = replacing_input = false;
    return sink.end_replace();
  }

  int32_t send_reject(uint64_t place, std::string_view field, std::string_view code, std::string_view message) {
    ++sent_rejects;
    return sink.reject(place, field, code, for_people(message));
  }

  int32_t reject(uint64_t place, std::string_view field, std::string_view code, std::string_view message) {
    if (const int32_t status = enter("reject"); status != KEPU_OK) return status;
    if (!is_code(code)) return breach("reject was given a code that is not [a-z0-9_]+: " + quoted(code));
    if (!field.empty() && !is_name(field)) return breach("reject was given a field that is no name: " + quoted(field));
    return send_reject(place, field, code, message);
  }

  int32_t commit(std::string_view cursor, uint64_t* part) {
    if (const int32_t status = enter("commit"); status != KEPU_OK) return status;
    if (replacing) return breach("commit was called inside a replacement; call end_replace first");
    if (cursor.size() > KEPU_MAX_CURSOR_BYTES) return KEPU_E_LIMIT;
    if (const int32_t status = flush_all(); status != KEPU_OK) return status;
    ++parts;
    if (part) *part = parts;
    const uint64_t rows = std::exchange(sent_rows, 0);
    const uint64_t rejects = std::exchange(sent_rejects, 0);
    return sink.commit(cursor, parts, rows, rejects);
  }

  int32_t wait_durable(uint64_t part) {
    if (const int32_t status = enter("wait_durable"); status != KEPU_OK) return status;
    if (part == 0 || part > parts) return breach("wait_durable was asked for part " + std::to_string(part) + ", which was not committed");
    return sink.wait_durable(part);
  }

  // ---- the run ----

  Outcome outcome_of(int32_t status) {
    if (is_breached) return {KEPU_RUN_BUG, "the connector broke its contract: " + breached()};
    if (status < KEPU_RUN_OK || status > KEPU_RUN_BUG) {
      return {KEPU_RUN_BUG, "the connector ended with " + std::to_string(status) + ", which is no kepu_run_status"};
    }
    return {status, explanation};
  }

  // What the library throws must not unwind into its host, but some do.
  template <class F>
  Outcome guarded(State during, F&& call) {
    state = during;
    explanation.clear();
    int32_t status = KEPU_RUN_BUG;
    try {
      status = call();
    } catch (const std::exception& error) {
      breach(std::string("it threw an exception through the C border: ") + for_people(error.what()));
    } catch (...) {
      breach("it threw something through the C border");
    }
    state = State::idle;
    return outcome_of(status);
  }

  Outcome create() {
    std::vector<std::string> problems;
    const auto complete = complete_settings(library.descriptor().settings, config.settings, problems);
    if (!problems.empty()) return {KEPU_RUN_BAD_CONFIG, for_people(problems.front())};
    std::vector<kepu_setting> values(complete.size());
    std::vector<std::vector<kepu_str>> lists(complete.size());
    std::vector<const kepu_setting*> pointers;
    for (size_t i = 0; i < complete.size(); ++i) {
      const auto& from = complete[i];
      for (const auto& item : from.items) lists[i].push_back(str(item));
      values[i] = {sizeof(kepu_setting), from.type, str(from.key), from.integer, from.real, str(from.text), lists[i].data(), lists[i].size()};
      pointers.push_back(&values[i]);
    }
    const kepu_settings settings{sizeof(kepu_settings), pointers.data(), pointers.size()};
    connector.struct_size = sizeof connector;
    auto outcome = guarded(State::creating, [&] { return library.entry()->create(&host, &settings, &connector); });
    if (!outcome.ok()) return outcome;
    is_created = true;
    if (!connector.run || !connector.destroy) return {KEPU_RUN_BUG, "create left run or destroy empty"};
    declared = library.descriptor().datasets;
    if (library.descriptor().dynamic) {
      declared.clear();
      if (!connector.discover) return {KEPU_RUN_BUG, "the connector is dynamic and has no discover"};
      outcome = guarded(State::discovering, [&] { return connector.discover(connector.self); });
      if (!outcome.ok()) return outcome;
    }
    if (const auto faults = agree(declared, config.contracts); !faults.empty()) return {KEPU_RUN_BAD_CONFIG, for_people(faults.front())};
    return open_streams();
  }

  Outcome open_streams() {
    if (config.person_key) {
      if (config.person_key->size() != person_key_bytes) return {KEPU_RUN_BAD_CONFIG, "the person key has not 32 bytes; make a new one"};
      persons = std::make_unique<PersonSchemes>(*config.person_key);
    }
    for (size_t i = 0; i < declared.size(); ++i) {
      for (const auto& field : declared[i].fields) {
        if ((field.roles & KEPU_ROLE_PERSON) && !persons) {
          return {KEPU_RUN_BAD_CONFIG, "dataset " + declared[i].id + " has the person field " + field.name +
                                           ", and there is no key for pseudonyms; set [persons] key_file"};
        }
      }
      streams.push_back(std::make_unique<Stream>(static_cast<uint16_t>(i), declared[i], persons.get()));
    }
    return {};
  }

  Outcome run() {
    return guarded(State::running, [&] { return connector.run(connector.self); });
  }

  const Library& library;
  Sink& sink;
  Config config;
  const std::thread::id worker;
  kepu_host host{};
  kepu_connector connector{};
  bool is_created = false;
  std::atomic<State> state{State::idle}; // read by threads that break the contract
  std::atomic<bool> is_breached{false};
  std::mutex breach_mutex;
  std::string breach_text;
  std::string explanation;
  std::string held_cursor;
  std::vector<abi::Dataset> declared;
  std::unique_ptr<PersonSchemes> persons;
  std::vector<std::unique_ptr<Stream>> streams;
  std::vector<uint16_t> good;
  uint32_t last_dataset = 0;
  bool input_open = false;
  bool replacing = false;
  bool replacing_input = false;
  uint64_t parts = 0;
  uint64_t sent_rows = 0;
  uint64_t sent_rejects = 0;
};

Runner::Runner(const Library& library, Sink& sink, Config config) : impl_(std::make_unique<Impl>(library, sink, std::move(config))) {}

Runner::~Runner() {
  if (!impl_->is_created || !impl_->connector.destroy) return;
  try {
    impl_->connector.destroy(impl_->connector.self);
  } catch (...) {
    // Nothing is left to be told: the run's outcome was given before.
  }
}

Outcome Runner::create() { return impl_->create(); }
const std::vector<abi::Dataset>& Runner::datasets() const { return impl_->declared; }
Outcome Runner::run() { return impl_->run(); }

} // namespace kepu::host
