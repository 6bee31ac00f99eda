// A connector's calls as the frames of a worker, handed to ingest in the same process; and ingest's answers.
#pragma once

#include "app/ingest.hpp"

#include <kepu/host/host.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace kepu::bench {

using SteadyClock = std::chrono::steady_clock;

[[noreturn]] inline void fail(const std::string& text) {
  std::fprintf(stderr, "in_process: %s\n", text.c_str());
  std::exit(1);
}

template <class T> T must(Result<T> result) {
  if (!result) fail(result.error().text);
  return std::move(*result);
}

inline double milliseconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double, std::milli>(SteadyClock::now() - start).count();
}

// What ingest says to the connector.
class Answers final : public supervisor::WorkerPort {
public:
  void send(supervisor::RunToken, std::string frames) override {
    std::lock_guard lock(mutex_);
    for (std::string_view left = frames; !left.empty();) {
      const auto header = must(wire::decode_header(left));
      const auto message = must(wire::decode_from_daemon(header.type, left.substr(wire::header_bytes, header.size)));
      if (const auto* input = std::get_if<wire::InputAnswered>(&message)) inputs_[header.tag] = *input;
      if (const auto* ack = std::get_if<wire::Ack>(&message); ack && !ack->dropped) durable_ = header.tag;
      left.remove_prefix(wire::header_bytes + header.size);
    }
    changed_.notify_all();
  }
  void drained(supervisor::RunToken) override {
    std::lock_guard lock(mutex_);
    ++drained_;
    changed_.notify_all();
  }
  void refuse(supervisor::RunToken, supervisor::Refusal refusal) override {
    fail("the run is refused: " + refusal.text);
  }

  wire::InputAnswered input(uint32_t tag) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return inputs_.contains(tag); });
    return inputs_[tag];
  }
  void wait_durable(uint64_t part) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return durable_ >= part; });
  }
  // Once for each frame that ingest took with the wish to get no more for now.
  void wait_drained() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return drained_ > seen_; });
    seen_ = drained_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint32_t, wire::InputAnswered> inputs_;
  uint64_t durable_ = 0;
  uint64_t drained_ = 0;
  uint64_t seen_ = 0;
};

// What the host hands on, as the frames of a worker. The connector's thread.
class Frames final : public host::Sink {
public:
  Frames(app::Ingest& ingest, Answers& answers, supervisor::RunToken run, std::string cursor, bool one_by_one)
      : ingest_(ingest), answers_(answers), run_(run), cursor_(std::move(cursor)), one_by_one_(one_by_one) {}

  int32_t begin_input(const host::Input& input, host::InputAnswer& answer) override {
    wire::InputAsked asked;
    asked.name = input.name;
    asked.size = input.size;
    asked.content_hash = input.content_hash;
    send(asked, ++tag_);
    const auto said = answers_.input(tag_);
    answer = {said.decision, said.has_previous, said.previous_size, said.previous_hash};
    return KEPU_OK;
  }
  int32_t end_input() override {
    wire::InputAsked ended;
    ended.act = wire::InputAsked::Act::end;
    return send(ended, 0);
  }
  int32_t rows(const abi::Batch& batch) override {
    if (!part_began_) part_began_ = SteadyClock::now();
    std::string payload;
    wire::encode_batch(batch, payload);
    rows_ += batch.rows;
    return send({static_cast<uint32_t>(payload.size()), wire::Type::rows, 0}, std::move(payload));
  }
  int32_t commit(std::string_view cursor, uint64_t part, uint64_t rows, uint64_t rejects) override {
    send(wire::CommitFrame{std::string(cursor), rows, rejects}, static_cast<uint32_t>(part));
    ++parts_;
    if (one_by_one_ && part_began_) {
      answers_.wait_durable(part);
      took_.push_back(milliseconds_since(*part_began_));
    }
    part_began_.reset();
    return KEPU_OK;
  }
  int32_t wait_durable(uint64_t part) override {
    answers_.wait_durable(part);
    return KEPU_OK;
  }
  int32_t reject(uint64_t place, std::string_view field, std::string_view code, std::string_view message) override {
    return send(wire::RejectFrame{place, std::string(field), std::string(code), std::string(message)}, 0);
  }
  int32_t retract(const abi::Batch&) override { return KEPU_E_CONTRACT; }
  int32_t begin_replace(const host::Scope&) override { return KEPU_E_CONTRACT; }
  int32_t end_replace() override { return KEPU_E_CONTRACT; }
  std::string cursor() override { return cursor_; }
  void log(int32_t, std::string_view) override {}
  void progress(uint64_t, uint64_t) override {}
  bool cancelled() override { return false; }
  int cancel_fd() override { return -1; }

  uint64_t rows() const { return rows_; }
  uint64_t parts() const { return parts_; }
  const std::vector<double>& took() const { return took_; }

private:
  int32_t send(const wire::Message& message, uint32_t tag) {
    std::string bytes;
    wire::encode(message, tag, bytes);
    return send(must(wire::decode_header(bytes)), bytes.substr(wire::header_bytes));
  }
  int32_t send(wire::Header header, std::string payload) {
    if (!ingest_.frame(run_, header, std::move(payload))) answers_.wait_drained();
    return KEPU_OK;
  }

  app::Ingest& ingest_;
  Answers& answers_;
  supervisor::RunToken run_;
  std::string cursor_;
  bool one_by_one_;
  uint32_t tag_ = 0;
  std::optional<SteadyClock::time_point> part_began_;
  std::vector<double> took_;
  uint64_t rows_ = 0;
  uint64_t parts_ = 0;
};

} // namespace kepu::bench
