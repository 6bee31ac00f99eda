// What the host hears from a connector, as frames to the daemon.
//
// After CANCEL: begin_input and begin_replace answer KEPU_E_CANCELLED, and end_replace too, since a
// scope whose rows did not all come must not close facts; a commit that follows is refused. Rows that
// the host has taken, rejects, end_input and commits still go through: what was read is not lost.
#pragma once

#include "worker/channel.hpp"
#include "worker/mailbox.hpp"

#include <kepu/host/host.hpp>

#include <chrono>
#include <mutex>
#include <optional>

namespace kepu::worker {

// How many log lines go on, so that a library that floods slows down nobody. Not for several threads at once.
class LineBudget {
public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr uint64_t burst = 200;     // a run that explains itself
  static constexpr uint64_t per_second = 20; // far above what anybody reads

  explicit LineBudget(Time now) : last_(now) {}
  // Whether one more line may go at `now`; if not it is counted as left out.
  bool take(Time now);
  // Lines left out since this was asked last.
  uint64_t take_left_out() { return std::exchange(left_out_, 0); }

private:
  Time last_;
  double lines_ = burst;
  uint64_t left_out_ = 0;
};

// What a text frame can carry: valid UTF-8 of at most KEPU_MAX_TEXT_BYTES.
std::string fitting(std::string_view text);

class Reports final : public host::Sink {
public:
  Reports(Channel& channel, Mailbox& mailbox)
      : channel_(channel), mailbox_(mailbox), lines_(std::chrono::steady_clock::now()) {}

  int32_t begin_input(const host::Input& input, host::InputAnswer& answer) override;
  int32_t end_input() override;
  int32_t rows(const abi::Batch& batch) override;
  int32_t retract(const abi::Batch& keys) override;
  int32_t begin_replace(const host::Scope& scope) override;
  int32_t end_replace() override;
  int32_t reject(uint64_t place, std::string_view field, std::string_view code, std::string_view message) override;
  int32_t commit(std::string_view cursor, uint64_t part, uint64_t rows, uint64_t rejects) override;
  int32_t wait_durable(uint64_t part) override;
  std::string cursor() override { return mailbox_.cursor(); }
  void log(int32_t level, std::string_view text) override;
  void progress(uint64_t done, uint64_t total) override;
  bool cancelled() override { return mailbox_.cancelled(); }
  int cancel_fd() override { return mailbox_.cancel_fd(); }

  // Sends what was held back: the last progress, and how many log lines were left out. Any thread.
  void flush();

private:
  int32_t send(const wire::Message& message, uint32_t tag);
  int32_t send_rows(const abi::Batch& batch, wire::Type type);
  void append_left_out(std::string& frames);

  Channel& channel_;
  Mailbox& mailbox_;

  // The connector's thread only.
  std::string frames_;
  uint32_t questions_ = 0;
  bool replacing_ = false;

  std::mutex mutex_; // guards what follows
  LineBudget lines_;
  std::optional<wire::ProgressFrame> progress_; // not yet sent
  std::optional<LineBudget::Time> progress_sent_;
};

} // namespace kepu::worker
