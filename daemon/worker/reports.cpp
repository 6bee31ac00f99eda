#include "worker/reports.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <stdexcept>

namespace kepu::worker {
namespace {

constexpr auto progress_every = std::chrono::milliseconds(100); // as often as a bar needs to move

} // namespace

bool LineBudget::take(Time now) {
  const double seconds = std::chrono::duration<double>(now - last_).count();
  lines_ = std::min<double>(burst, lines_ + seconds * per_second);
  last_ = now;
  if (lines_ < 1) {
    ++left_out_;
    return false;
  }
  lines_ -= 1;
  return true;
}

std::string fitting(std::string_view text) {
  std::string out = is_utf8(text) ? std::string(text.substr(0, KEPU_MAX_TEXT_BYTES + 1)) : host::scrub(text);
  if (out.size() > KEPU_MAX_TEXT_BYTES) {
    size_t end = KEPU_MAX_TEXT_BYTES;
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80)
      --end;
    out.resize(end);
  }
  return out;
}

int32_t Reports::send(const wire::Message& message, uint32_t tag) {
  std::string frame;
  try {
    wire::encode(message, tag, frame);
  } catch (const std::length_error&) {
    return KEPU_E_LIMIT; // many long conditions of one scope
  }
  return channel_.send(frame) ? KEPU_OK : KEPU_E_CLOSED;
}

int32_t Reports::send_rows(const abi::Batch& batch, wire::Type type) {
  frames_.clear();
  try {
    wire::encode_rows(batch, type, frames_);
  } catch (const std::length_error&) {
    return KEPU_E_LIMIT; // eight rows that pass max_payload: far above what the host gathers
  }
  return channel_.send(frames_) ? KEPU_OK : KEPU_E_CLOSED;
}

int32_t Reports::begin_input(const host::Input& input, host::InputAnswer& answer) {
  if (mailbox_.gone()) return KEPU_E_CLOSED;
  if (mailbox_.cancelled()) return KEPU_E_CANCELLED;
  const uint32_t tag = ++questions_;
  mailbox_.asks(tag);
  const wire::InputAsked asked{wire::InputAsked::Act::begin, input.name, input.size, input.content_hash};
  if (const int32_t status = send(asked, tag); status != KEPU_OK) return status;
  // Not given up on CANCEL: the daemon has the question, and both sides must know the same of the input.
  const auto answered = mailbox_.wait_for_answer();
  if (!answered) return KEPU_E_CLOSED;
  answer = {answered->decision, answered->has_previous, answered->previous_size, answered->previous_hash};
  return KEPU_OK;
}

int32_t Reports::end_input() {
  wire::InputAsked ended;
  ended.act = wire::InputAsked::Act::end;
  return send(ended, 0);
}

int32_t Reports::rows(const abi::Batch& batch) { return send_rows(batch, wire::Type::rows); }
int32_t Reports::retract(const abi::Batch& keys) { return send_rows(keys, wire::Type::retract); }

int32_t Reports::begin_replace(const host::Scope& scope) {
  if (mailbox_.gone()) return KEPU_E_CLOSED;
  if (mailbox_.cancelled()) return KEPU_E_CANCELLED;
  wire::ScopeFrame frame;
  frame.dataset = scope.dataset;
  frame.this_input = scope.this_input;
  frame.time_from = scope.time_from;
  frame.time_until = scope.time_until;
  for (const auto& condition : scope.conditions)
    frame.conditions.push_back({condition.field, condition.text, condition.integer});
  const int32_t status = send(frame, 0);
  replacing_ = status == KEPU_OK;
  return status;
}

int32_t Reports::end_replace() {
  if (mailbox_.gone()) return KEPU_E_CLOSED;
  if (mailbox_.cancelled()) return KEPU_E_CANCELLED;
  wire::ScopeFrame frame;
  frame.act = wire::ScopeFrame::Act::end;
  const int32_t status = send(frame, 0);
  if (status == KEPU_OK) replacing_ = false;
  return status;
}

int32_t Reports::reject(uint64_t place, std::string_view field, std::string_view code, std::string_view message) {
  return send(wire::RejectFrame{place, std::string(field), std::string(code), fitting(message)}, 0);
}

int32_t Reports::commit(std::string_view cursor, uint64_t part, uint64_t rows, uint64_t rejects) {
  if (replacing_) return KEPU_E_CANCELLED;
  if (part > UINT32_MAX) return KEPU_E_LIMIT;
  if (!mailbox_.commits(static_cast<uint32_t>(part), cursor)) return KEPU_E_CLOSED;
  return send(wire::CommitFrame{std::string(cursor), rows, rejects}, static_cast<uint32_t>(part));
}

int32_t Reports::wait_durable(uint64_t part) {
  return part > UINT32_MAX ? KEPU_E_CONTRACT : mailbox_.wait_durable(static_cast<uint32_t>(part));
}

void Reports::append_left_out(std::string& frames) {
  if (const uint64_t left_out = lines_.take_left_out(); left_out > 0)
    wire::encode(
        wire::LogFrame{KEPU_WARNING, std::to_string(left_out) + " log lines were left out: they came too fast"}, 0,
        frames);
}

void Reports::log(int32_t level, std::string_view text) {
  std::string frames;
  {
    std::lock_guard lock(mutex_);
    if (!lines_.take(std::chrono::steady_clock::now())) return;
    append_left_out(frames);
  }
  wire::encode(wire::LogFrame{std::clamp<int32_t>(level, KEPU_DEBUG, KEPU_ERROR), fitting(text)}, 0, frames);
  channel_.send(frames);
}

void Reports::progress(uint64_t done, uint64_t total) {
  const auto now = std::chrono::steady_clock::now();
  {
    std::lock_guard lock(mutex_);
    progress_ = wire::ProgressFrame{done, total};
    if (progress_sent_ && now - *progress_sent_ < progress_every) return;
    progress_sent_ = now;
    progress_.reset();
  }
  send(wire::ProgressFrame{done, total}, 0);
}

void Reports::flush() {
  std::string frames;
  {
    std::lock_guard lock(mutex_);
    if (progress_) wire::encode(*progress_, 0, frames);
    progress_.reset();
    append_left_out(frames);
  }
  channel_.send(frames);
}

} // namespace kepu::worker
