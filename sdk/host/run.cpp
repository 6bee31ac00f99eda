// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include "declared.hpp"
#include "texts.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace kepu::host {
namespace {

std::string_view view(kepu_str s) { return s.data ? std::string_view(s.data, s.size) : std::string_view(); }

// Reachable from here, so that leak checkers see them for what they are; itself never destroyed.
struct Made {
  std::mutex mutex;
  std::vector<std::unique_ptr<Run>> runs;
};
Made& made() {
  static Made& all = *new Made;
  return all;
}

} // namespace

Run& Run::make(Sink& sink, std::string time_zone, const std::optional<std::string>& person_key,
               const std::optional<Range>& range) {
  std::unique_ptr<Run> run(new Run(sink, std::move(time_zone), person_key, range));
  std::lock_guard lock(made().mutex);
  return *made().runs.emplace_back(std::move(run));
}

Run& Run::latest() {
  std::lock_guard lock(made().mutex);
  return *made().runs.back();
}

void Run::close() {
  enter(Phase::idle);
  {
    std::unique_lock lock(open_);
    any_sink_ = nullptr;
  }
  streams_.clear();
  declared_.clear();
  cursor_.clear();
  datasets_ = nullptr;
  name_tags_.reset();
  person_key_ = nullptr;
  contracts_ = nullptr;
}

std::string Run::breach() {
  std::lock_guard lock(mutex_);
  return breach_;
}

int32_t Run::broken(const std::string& sentence) {
  std::lock_guard lock(mutex_);
  if (breach_.empty()) breach_ = scrub(sentence);
  is_broken_ = true;
  return KEPU_E_CONTRACT;
}

int32_t Run::allowed(const char* call, bool in_phase, const char* state) {
  if (std::this_thread::get_id() != worker_)
    return broken(std::string(call) + " was called from another thread than the one that called create");
  if (is_broken_) return KEPU_E_CONTRACT;
  if (!in_phase) return broken(std::string(call) + " was called outside " + state);
  return stopped_;
}

int32_t Run::passed(int32_t status) {
  if (status != KEPU_OK) stopped_ = status;
  return status;
}

void Run::open(const std::vector<abi::Dataset>& datasets, PersonSchemes* persons) {
  datasets_ = &datasets;
  for (size_t i = 0; i < datasets.size(); ++i)
    streams_.push_back(std::make_unique<Stream>(static_cast<uint16_t>(i), datasets[i], persons));
}

uint64_t Run::uncommitted() const {
  uint64_t buffered = 0;
  for (const auto& stream : streams_)
    buffered += stream->rows.batch.rows() + stream->keys.batch.rows();
  return rows_ + buffered + rejects_ + (changed_ ? 1 : 0);
}

int32_t Run::declare(const kepu_dataset* dataset) {
  abi::Dataset owned;
  if (const auto fault = read_dataset(dataset, owned); !fault.empty()) return broken("declare: " + fault);
  if (declared_.size() == KEPU_MAX_DATASETS)
    return broken("declare: more than " + std::to_string(KEPU_MAX_DATASETS) + " datasets");
  for (const auto& other : declared_)
    if (other.id == owned.id) return broken("declare: dataset " + owned.id + " is declared twice");
  declared_.push_back(std::move(owned));
  return KEPU_OK;
}

int32_t Run::begin_input(const kepu_input* input, kepu_input_answer* answer) {
  constexpr size_t least_input = offsetof(kepu_input, content_hash) + 32;
  constexpr size_t least_answer = offsetof(kepu_input_answer, previous_hash) + 32;
  if (!input || input->struct_size < least_input || !answer || answer->struct_size < least_answer)
    return broken("begin_input: input or answer is NULL, or its struct_size is not set");
  if (input_open_) return broken("begin_input: another input is open; call end_input first");
  if (replacing_ && replacing_->this_input) return broken("begin_input: a replacement of another input is open");
  const auto name = view(input->name);
  if (torn(input->name)) return broken("begin_input: the input's name is NULL and its size is not 0");
  if (name.empty() || !is_utf8(name)) return broken("begin_input: the input's name is empty or not UTF-8");
  if (name.size() > KEPU_MAX_INPUT_NAME_BYTES) return KEPU_E_LIMIT;
  if (const int32_t status = flush(); status != KEPU_OK) return status;

  const auto tag = [&](std::string_view person) {
    if (!name_tags_) name_tags_.emplace(*person_key_); // few sources have such names
    return (*name_tags_)(person);
  };
  Input asked{scrub_name(name, tag), input->size, {}};
  std::memcpy(asked.content_hash.data(), input->content_hash, 32);
  InputAnswer answered;
  if (const int32_t status = passed(sink_.begin_input(asked, answered)); status != KEPU_OK) return status;
  answer->decision = answered.decision;
  answer->has_previous = answered.has_previous ? 1 : 0;
  answer->reserved = 0;
  answer->previous_size = answered.previous_size;
  std::memcpy(answer->previous_hash, answered.previous_hash.data(), 32);
  input_open_ = answered.decision == KEPU_TAKE || answered.decision == KEPU_RESUME;
  return KEPU_OK;
}

int32_t Run::end_input() {
  if (!input_open_) return broken("end_input: no input is open");
  if (replacing_ && replacing_->this_input)
    return broken("end_input: a replacement of this input is open; call end_replace first");
  if (const int32_t status = flush(); status != KEPU_OK) return status;
  input_open_ = false;
  changed_ = true;
  return passed(sink_.end_input());
}

int32_t Run::flush(Stream::Side& side, bool retraction) {
  const size_t rows = side.batch.rows();
  if (rows == 0) return KEPU_OK;
  const abi::Batch& batch = side.batch.view();
  const int32_t status = passed(retraction ? sink_.retract(batch) : sink_.rows(batch));
  side.batch.clear();
  if (retraction)
    changed_ = true;
  else
    rows_ += rows;
  return status;
}

int32_t Run::flush(Stream& stream) {
  const int32_t status = flush(stream.rows, false);
  return status == KEPU_OK ? flush(stream.keys, true) : status;
}

int32_t Run::flush() {
  for (auto& stream : streams_)
    if (const int32_t status = flush(*stream); status != KEPU_OK) return status;
  return KEPU_OK;
}

int32_t Run::send_reject(uint64_t place, std::string_view field, std::string_view code, std::string_view message) {
  const std::string text = scrub(message);
  ++rejects_;
  return passed(sink_.reject(place, field, code, cut(text, KEPU_MAX_TEXT_BYTES)));
}

// Checks rows chunk by chunk, sends rejects of the bad and gathers the good.
int32_t Run::take(Stream::Side& side, bool retraction, const kepu_cell* cells, size_t rows, const uint64_t* places) {
  const size_t stride = side.fields.size();
  std::array<uint16_t, chunk_rows> good;
  for (size_t done = 0; done < rows; done += chunk_rows, cells += chunk_rows * stride) {
    const size_t count = std::min(chunk_rows, rows - done);
    const uint64_t* at = places ? places + done : nullptr;
    if (const auto sentence = side.checker.check(cells, count); !sentence.empty())
      return broken((retraction ? "retract: " : "emit: ") + sentence);
    size_t found = 0;
    for (size_t row = 0; row < count; ++row) {
      const Fault fault = side.checker.fault(row);
      if (fault == Fault::none) [[likely]] {
        good[found++] = static_cast<uint16_t>(row);
        continue;
      }
      const int32_t status = send_reject(at ? at[row] : 0, side.checker.faulty_field(row).name, code_of(fault),
                                         side.checker.message(row, cells));
      if (status != KEPU_OK) return status;
    }
    std::span<const uint16_t> left(good.data(), found);
    while (!left.empty()) {
      left = left.subspan(side.batch.append(side.checker, cells, left, at));
      if (left.empty() && !side.batch.full()) break;
      if (const int32_t status = flush(side, retraction); status != KEPU_OK) return status;
    }
  }
  return KEPU_OK;
}

int32_t Run::emit(uint32_t dataset, const kepu_cell* cells, size_t rows, const uint64_t* places) {
  if (dataset >= streams_.size())
    return broken("emit: there is no dataset " + std::to_string(dataset) + "; there are " +
                  std::to_string(streams_.size()));
  if (rows == 0) return KEPU_OK;
  if (!cells) return broken("emit: the cells are NULL");
  Stream& stream = *streams_[dataset];
  if (const int32_t status = flush(stream.keys, true); status != KEPU_OK) return status; // keeps the order of acts
  if (const int32_t status = take(stream.rows, false, cells, rows, places); status != KEPU_OK) return status;
  // The rows are taken; this only says that it is time to end.
  return sink_.cancelled() ? KEPU_E_CANCELLED : KEPU_OK;
}

int32_t Run::retract(uint32_t dataset, const kepu_cell* cells, size_t count) {
  if (dataset >= streams_.size()) return broken("retract: there is no dataset " + std::to_string(dataset));
  Stream& stream = *streams_[dataset];
  const auto& id = (*datasets_)[dataset].id;
  if (stream.keys.fields.empty()) return broken("retract: dataset " + id + " has no key; replace its input instead");
  if (!cells) return broken("retract: the key is NULL");
  if (count != stream.keys.fields.size())
    return broken("retract: the key of dataset " + id + " has " + std::to_string(stream.keys.fields.size()) +
                  " fields, " + std::to_string(count) + " were given");
  if (const int32_t status = flush(stream.rows, false); status != KEPU_OK) return status;
  return take(stream.keys, true, cells, 1, nullptr);
}

std::string Run::read_scope(uint32_t dataset, const kepu_scope& from, Scope& out) {
  constexpr size_t least = offsetof(kepu_scope, field_count) + sizeof(size_t);
  if (from.struct_size < least) return "its struct_size is not set";
  const abi::Dataset& schema = (*datasets_)[dataset];
  out.dataset = static_cast<uint16_t>(dataset);
  out.this_input = from.this_input != 0;
  out.time_from = from.time_from;
  out.time_until = from.time_until;
  if (out.this_input && !input_open_) return "it is for this input, and no input is open";
  if (out.time_from >= out.time_until) return "its time_from is not before its time_until";
  const bool timed = out.time_from != INT64_MIN || out.time_until != INT64_MAX;
  const bool has_time = std::any_of(schema.fields.begin(), schema.fields.end(),
                                    [](const auto& f) { return (f.roles & KEPU_ROLE_TIME) != 0; });
  if (timed && !has_time) return "it has a time, and dataset " + schema.id + " has no time field";
  if (from.field_count > schema.fields.size() || (from.field_count && (!from.fields || !from.values)))
    return "its conditions are NULL or more than dataset " + schema.id + " has fields";
  for (size_t i = 0; i < from.field_count; ++i) {
    const uint32_t number = from.fields[i];
    const kepu_cell& value = from.values[i];
    if (number >= schema.fields.size()) return "dataset " + schema.id + " has no field " + std::to_string(number);
    const abi::Field& field = schema.fields[number];
    if (value.type != field.type)
      return "the value for field " + field.name + " is of type " + type_name(value.type) + ", the field is " +
             type_name(field.type);
    if (field.type == KEPU_REAL || (field.roles & KEPU_ROLE_PERSON))
      return "field " + field.name + " is a real or a person, which no scope can name";
    for (const auto& other : out.conditions)
      if (other.field == number) return "field " + field.name + " has two conditions";
    Scope::Condition condition{static_cast<uint16_t>(number), {}, 0};
    if (field.type == KEPU_TEXT || field.type == KEPU_PERIOD) {
      if (torn({value.value.text, value.size}) || value.size > KEPU_MAX_CELL_BYTES)
        return "the value for field " + field.name + " is NULL or too long";
      condition.text = view({value.value.text, value.size});
      if (!is_utf8(condition.text)) return "the value for field " + field.name + " is not UTF-8";
      if (field.type == KEPU_PERIOD && !is_period(condition.text))
        return "the value for field " + field.name + " is no period";
    } else {
      condition.integer = value.value.integer;
    }
    out.conditions.push_back(std::move(condition));
  }
  return "";
}

int32_t Run::begin_replace(uint32_t dataset, const kepu_scope* scope) {
  if (dataset >= streams_.size()) return broken("begin_replace: there is no dataset " + std::to_string(dataset));
  if (!scope) return broken("begin_replace: the scope is NULL");
  if (replacing_) return broken("begin_replace: another replacement is open; call end_replace first");
  Scope owned;
  if (const auto fault = read_scope(dataset, *scope, owned); !fault.empty())
    return broken("begin_replace: the scope is wrong: " + fault);
  if (const int32_t status = flush(); status != KEPU_OK) return status;
  changed_ = true;
  const int32_t status = passed(sink_.begin_replace(owned));
  if (status == KEPU_OK) replacing_ = std::move(owned);
  return status;
}

int32_t Run::end_replace() {
  if (!replacing_) return broken("end_replace: no replacement is open");
  if (const int32_t status = flush(); status != KEPU_OK) return status;
  replacing_.reset();
  return passed(sink_.end_replace());
}

int32_t Run::reject(uint64_t place, kepu_str field, kepu_str code, kepu_str message) {
  if (torn(field) || torn(code) || torn(message)) return broken("reject: a text is NULL and its size is not 0");
  if (!is_code(view(code))) return broken("reject: the code " + quoted(view(code)) + " is not made of [a-z0-9_]");
  const std::string where = scrub(view(field));
  return send_reject(place, cut(where, 4 * max_name_bytes), view(code), view(message)); // a column's title may be long
}

int32_t Run::commit(kepu_str cursor, uint64_t* part) {
  if (torn(cursor)) return broken("commit: the cursor is NULL and its size is not 0");
  if (replacing_) return broken("commit: a replacement is open; call end_replace first");
  if (cursor.size > KEPU_MAX_CURSOR_BYTES) return KEPU_E_LIMIT;
  if (const int32_t status = flush(); status != KEPU_OK) return status;
  const int32_t status = passed(sink_.commit(view(cursor), part_ + 1, rows_, rejects_));
  if (status != KEPU_OK) return status;
  ++part_;
  rows_ = rejects_ = 0;
  changed_ = false;
  if (part) *part = part_;
  return KEPU_OK;
}

int32_t Run::wait_durable(uint64_t part) {
  if (part == 0 || part > part_)
    return broken("wait_durable: there is no part " + std::to_string(part) + "; the last commit was " +
                  std::to_string(part_));
  if (range_) {
    why_dropped_ = "wait_durable was called in a backfill, where nothing is safe before the end; a connector that can "
                   "be backfilled asks for the range (" KEPU_RANGE ") and does without";
    return passed(KEPU_E_DROPPED);
  }
  const int32_t status = sink_.wait_durable(part);
  // Giving up waiting loses nothing; every other failure does.
  return status == KEPU_E_CANCELLED ? status : passed(status);
}

kepu_str Run::cursor() {
  cursor_ = sink_.cursor();
  return {cursor_.data(), cursor_.size()};
}

} // namespace kepu::host
