// SPDX-License-Identifier: Apache-2.0
#include <kepu/testing/fake_hub.hpp>

#include <kepu/host/settings.hpp>
#include <kepu/testing/lines.hpp>

#include <algorithm>
#include <fcntl.h>
#include <mutex>
#include <set>
#include <stdexcept>
#include <unistd.h>

namespace kepu::testing {
namespace {

struct Value {
  bool null = true;
  std::string text;
  int64_t integer = 0;
};

struct Fact {
  std::string input;
  std::vector<Value> values;
  std::string line;
};

// What holds of one dataset, by key.
using Facts = std::map<std::string, Fact>;

struct State {
  Ledger ledger;
  std::string cursor;
  std::vector<std::string> lines;
  std::map<std::string, Facts> facts; // by dataset id
};

Value value_of(const abi::Column& column, size_t row) {
  Value v;
  v.null = column.is_null(row);
  if (v.null) return v;
  if (column.type == KEPU_TEXT || column.type == KEPU_PERIOD)
    v.text = column.text_at(row);
  else
    v.integer = column.type == KEPU_BOOLEAN ? column.booleans[row] : column.integer(row);
  return v;
}

class HubSink final : public host::Sink {
public:
  HubSink(State& durable, const Faults& faults, const std::optional<host::Range>& range)
      : durable_(durable), now_(durable), faults_(faults), range_(range) {
    now_.ledger.restart();
    if (::pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("no pipe for cancel_fd");
  }
  ~HubSink() override {
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }
  HubSink(const HubSink&) = delete;
  void datasets(const std::vector<abi::Dataset>& datasets) { datasets_ = &datasets; }

  void cancel() {
    if (cancelled_.exchange(true)) return;
    [[maybe_unused]] const auto n = ::write(pipe_[1], "", 1);
  }
  // The end of the process: what was committed becomes durable unless it was killed.
  void finish(bool ok) {
    if (range_) {
      if (ok && !killed_) swap();
    } else if (!killed_ && !waiting_.empty())
      durable_ = waiting_.back().second;
  }

  int32_t begin_input(const host::Input& input, host::InputAnswer& answer) override {
    if (const int32_t status = step()) return status;
    if (!range_) answer = now_.ledger.begin(input);
    input_ = range_ ? input.name : now_.ledger.open_input();
    say("input " + input.name + " " + decision_text(answer.decision));
    return KEPU_OK;
  }
  int32_t end_input() override {
    if (const int32_t status = step()) return status;
    say("end " + input_);
    if (replaces_keyless_) close_replacement();
    if (!range_) now_.ledger.end();
    input_.clear();
    return KEPU_OK;
  }
  int32_t rows(const abi::Batch& batch) override {
    if (const int32_t status = step()) return status;
    const auto& dataset = (*datasets_)[batch.dataset];
    if (!range_ && !replacing_ && key_fields(dataset).empty()) { // an input of such rows is always replaced as a whole
      replacing_ = host::Scope{batch.dataset, true, INT64_MIN, INT64_MAX, {}};
      replaces_keyless_ = true;
      emitted_.clear();
    }
    for (size_t row = 0; row < batch.rows; ++row) {
      const uint64_t place = batch.place(row);
      const std::string text = row_text(dataset.fields, batch, row);
      say("row " + dataset.id + (place ? " " + std::to_string(place) : "") + ": " + text);
      const std::string key = key_of(dataset, batch, row);
      Fact fact{input_, {}, dataset.id + " " + text};
      for (const auto& column : batch.columns)
        fact.values.push_back(value_of(column, row));
      if (!may_take(dataset, key, fact)) continue;
      now_.facts[dataset.id][key] = std::move(fact);
      if (replacing_ && replacing_->dataset == batch.dataset) emitted_.push_back(key);
    }
    return KEPU_OK;
  }
  int32_t retract(const abi::Batch& keys) override {
    if (const int32_t status = step()) return status;
    const auto& dataset = (*datasets_)[keys.dataset];
    for (size_t row = 0; row < keys.rows; ++row) {
      const std::string key = row_text(key_fields(dataset), keys, row);
      say("retract " + dataset.id + ": " + key);
      auto& facts = now_.facts[dataset.id];
      if (const auto held = facts.find(key); held != facts.end() && in_range(dataset, held->second)) facts.erase(held);
    }
    return KEPU_OK;
  }
  int32_t begin_replace(const host::Scope& scope) override {
    if (const int32_t status = step()) return status;
    replacing_ = scope;
    emitted_.clear();
    say("replace " + scope_text((*datasets_)[scope.dataset], scope));
    return KEPU_OK;
  }
  int32_t end_replace() override {
    if (const int32_t status = step()) return status;
    close_replacement();
    say("end replace");
    return KEPU_OK;
  }
  int32_t reject(uint64_t place, std::string_view field, std::string_view code, std::string_view message) override {
    if (const int32_t status = step()) return status;
    say("reject " + std::to_string(place) + " " + std::string(field) + (field.empty() ? "" : " ") + std::string(code) +
        ": " + std::string(message));
    return KEPU_OK;
  }
  int32_t commit(std::string_view cursor, uint64_t part, uint64_t, uint64_t) override {
    if (faults_.kill_at_commit == part) kill();
    if (const int32_t status = step()) return status;
    if (replaces_keyless_) return KEPU_E_DROPPED;
    if (!range_) {
      now_.cursor = cursor;
      now_.ledger.commit();
    }
    say("commit cursor=" + json_string(cursor));
    commits_ = part;
    if (range_) {
      // durable at the end, or not at all
    } else if (faults_.late_durable)
      waiting_.emplace_back(part, now_);
    else
      durable_ = now_;
    if (faults_.cancel_after_commit == part) cancel();
    return KEPU_OK;
  }
  int32_t wait_durable(uint64_t part) override {
    if (faults_.fail_wait_durable) kill();
    if (const int32_t status = step()) return status;
    while (!waiting_.empty() && waiting_.front().first <= part) {
      durable_ = std::move(waiting_.front().second);
      waiting_.erase(waiting_.begin());
    }
    return KEPU_OK;
  }
  std::string cursor() override { return range_ ? "" : durable_.cursor; }

  void log(int32_t level, std::string_view text) override {
    std::lock_guard lock(mutex_);
    log_.push_back(std::string(level_text(level)) + ": " + std::string(text));
  }
  void progress(uint64_t done, uint64_t total) override {
    std::lock_guard lock(mutex_);
    progress_ = {done, total};
  }
  bool cancelled() override { return cancelled_; }
  int cancel_fd() override { return pipe_[0]; }

  uint64_t calls() const { return calls_; }
  uint64_t commits() const { return commits_; }
  std::vector<std::string> take_log() { return std::move(log_); }
  std::pair<uint64_t, uint64_t> last_progress() const { return progress_; }

private:
  void say(std::string line) { now_.lines.push_back(std::move(line)); }
  void kill() { killed_ = true; }
  void close_replacement() {
    const auto& dataset = (*datasets_)[replacing_->dataset];
    std::sort(emitted_.begin(), emitted_.end());
    std::erase_if(now_.facts[dataset.id], [&](const auto& fact) {
      return !std::binary_search(emitted_.begin(), emitted_.end(), fact.first) && inside(dataset, fact.second) &&
             in_range(dataset, fact.second);
    });
    replacing_.reset();
    replaces_keyless_ = false;
  }
  int32_t step() {
    ++calls_;
    if (faults_.kill_at_call == calls_) kill();
    if (killed_) return KEPU_E_CLOSED;
    if (faults_.cancel_at_call == calls_) {
      cancel();
      refusing_ = true;
    }
    return refusing_ ? KEPU_E_CANCELLED : KEPU_OK;
  }
  // Always, when the run is no backfill.
  bool in_range(const abi::Dataset& dataset, const Fact& fact) const {
    if (!range_) return true;
    for (size_t i = 0; i < dataset.fields.size(); ++i) {
      if (!(dataset.fields[i].roles & KEPU_ROLE_TIME) || fact.values[i].null) continue;
      const int64_t at = fact.values[i].integer;
      return dataset.fields[i].type == KEPU_DATE ? at >= range_->first_day && at < range_->until_day
                                                 : at >= range_->time_from && at < range_->time_until;
    }
    return false;
  }
  // Of a backfill what lies in its days, unless its key is held on others; what leaves them is no longer told.
  bool may_take(const abi::Dataset& dataset, const std::string& key, const Fact& fact) {
    if (!range_) return true;
    auto& facts = now_.facts[dataset.id];
    const auto held = facts.find(key);
    const bool holds_inside = held != facts.end() && in_range(dataset, held->second);
    const bool inside = in_range(dataset, fact);
    if (inside && (held == facts.end() || holds_inside)) {
      told_[dataset.id].insert(key);
      return true;
    }
    if (!inside && told_[dataset.id].erase(key)) facts.erase(key);
    return false;
  }
  void swap() {
    for (const auto& dataset : *datasets_) {
      std::erase_if(now_.facts[dataset.id], [&](const auto& fact) {
        return in_range(dataset, fact.second) && !told_[dataset.id].contains(fact.first);
      });
    }
    durable_ = now_;
  }
  std::string key_of(const abi::Dataset& dataset, const abi::Batch& batch, size_t row) const {
    const auto keys = key_fields(dataset);
    if (keys.empty()) return input_ + "\n" + std::to_string(batch.place(row));
    abi::Batch only;
    only.rows = batch.rows;
    for (size_t i = 0; i < dataset.fields.size(); ++i)
      if (dataset.fields[i].roles & KEPU_ROLE_KEY) {
        only.columns.push_back(batch.columns[i]);
        only.columns.back().flags = nullptr; // no part of the key
      }
    return row_text(keys, only, row);
  }
  bool inside(const abi::Dataset& dataset, const Fact& fact) const {
    if (replacing_->this_input && fact.input != input_) return false;
    for (size_t i = 0; i < dataset.fields.size(); ++i) {
      if (!(dataset.fields[i].roles & KEPU_ROLE_TIME)) continue;
      constexpr int64_t day_us = 86400ll * 1000000;
      const int64_t at = fact.values[i].integer * (dataset.fields[i].type == KEPU_DATE ? day_us : 1);
      const bool open = replacing_->time_from == INT64_MIN && replacing_->time_until == INT64_MAX;
      if (!open && (fact.values[i].null || at < replacing_->time_from || at >= replacing_->time_until)) return false;
    }
    return std::all_of(replacing_->conditions.begin(), replacing_->conditions.end(), [&](const auto& condition) {
      const Value& value = fact.values[condition.field];
      return !value.null && value.text == condition.text && value.integer == condition.integer;
    });
  }

  State& durable_;
  State now_;
  const Faults& faults_;
  const std::optional<host::Range> range_;
  std::map<std::string, std::set<std::string>> told_; // keys in the range, by dataset
  const std::vector<abi::Dataset>* datasets_ = nullptr;
  std::string input_;
  std::optional<host::Scope> replacing_;
  std::vector<std::string> emitted_; // keys, since begin_replace
  bool replaces_keyless_ = false;    // the replacement was begun here
  std::vector<std::pair<uint64_t, State>> waiting_;
  uint64_t calls_ = 0;
  uint64_t commits_ = 0;
  bool killed_ = false;
  bool refusing_ = false;
  int pipe_[2] = {-1, -1};
  std::atomic<bool> cancelled_ = false;
  std::mutex mutex_; // guards log_ and progress_
  std::vector<std::string> log_;
  std::pair<uint64_t, uint64_t> progress_{0, 0};
};

} // namespace

struct FakeHub::Impl {
  std::unique_ptr<host::Library> library;
  State durable;
  std::mutex mutex; // guards running
  HubSink* running = nullptr;
  std::vector<std::string> log;
  uint64_t calls = 0;
  uint64_t commits = 0;
  std::pair<uint64_t, uint64_t> progress{0, 0};
};

FakeHub::FakeHub() : impl_(std::make_unique<Impl>()) {}
FakeHub::FakeHub(FakeHub&&) noexcept = default;
FakeHub::~FakeHub() = default;

FakeHub::FakeHub(const kepu_entry& entry, std::string name) : FakeHub() {
  host::Outcome outcome;
  impl_->library = host::Library::from_entry(&entry, name, outcome);
  if (!impl_->library) throw std::runtime_error(outcome.text);
}

FakeHub FakeHub::open(const std::string& path) {
  FakeHub hub;
  host::Outcome outcome;
  hub.impl_->library = host::Library::open(path, outcome);
  if (!hub.impl_->library) throw std::runtime_error(outcome.text);
  return hub;
}

host::Outcome FakeHub::run(const Faults& faults) {
  host::Config config;
  config.time_zone = time_zone;
  config.contracts = contracts;
  config.person_key = person_key;
  config.range = range;
  std::vector<std::string> problems;
  config.settings = host::settings_from_text(impl_->library->descriptor().settings, settings, problems);
  if (!problems.empty()) return {KEPU_RUN_BAD_CONFIG, problems.front()};

  HubSink sink(impl_->durable, faults, range);
  const auto set_running = [&](HubSink* to) {
    std::lock_guard lock(impl_->mutex);
    impl_->running = to;
  };
  set_running(&sink);
  host::Outcome outcome;
  {
    host::Runner runner(*impl_->library, sink, std::move(config));
    outcome = runner.create();
    sink.datasets(runner.datasets());
    if (outcome.ok()) outcome = runner.run();
    sink.finish(outcome.ok()); // while there are datasets
  }
  set_running(nullptr);
  impl_->log = sink.take_log();
  impl_->calls = sink.calls();
  impl_->commits = sink.commits();
  impl_->progress = sink.last_progress();
  return outcome;
}

void FakeHub::cancel() {
  std::lock_guard lock(impl_->mutex);
  if (impl_->running) impl_->running->cancel();
}

const std::vector<std::string>& FakeHub::lines() const { return impl_->durable.lines; }
const std::string& FakeHub::cursor() const { return impl_->durable.cursor; }
const std::vector<std::string>& FakeHub::log() const { return impl_->log; }
uint64_t FakeHub::calls() const { return impl_->calls; }
uint64_t FakeHub::commits() const { return impl_->commits; }
std::pair<uint64_t, uint64_t> FakeHub::progress() const { return impl_->progress; }
const abi::Descriptor& FakeHub::descriptor() const { return impl_->library->descriptor(); }

std::vector<std::string> FakeHub::facts() const {
  std::vector<std::string> out;
  for (const auto& [dataset, facts] : impl_->durable.facts)
    for (const auto& [key, fact] : facts)
      out.push_back(fact.line);
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace kepu::testing
