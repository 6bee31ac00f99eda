// What the daemon has said since the run began. The reader thread puts it in; the connector's thread
// waits for it. Any thread.
#pragma once

#include "wire/frames.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <string>

namespace kepu::worker {

class Mailbox {
public:
  // Parts under way: enough to keep both sides busy, few enough that the parts of other sources, which
  // the daemon takes in their order, do not wait long behind those of one that commits row by row.
  static constexpr size_t most_waiting = 16;

  explicit Mailbox(std::string cursor);
  ~Mailbox();
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // ---- the reader's side ----
  // Refuses what the daemon may not say now.
  Result<void> take(wire::Type type, uint32_t tag, std::string_view payload);
  void daemon_is_gone();

  // ---- the connector's side ----
  // True after START; false when the run is not to be: CANCEL, or the daemon is gone.
  bool wait_for_start();
  void asks(uint32_t tag); // before the question is sent
  // nullopt: the daemon is gone.
  std::optional<wire::InputAnswered> wait_for_answer();
  // Notes a commit that is about to be sent; waits while too many are not yet on disk. false: the daemon is gone.
  bool commits(uint32_t part, std::string_view cursor);
  int32_t wait_durable(uint32_t part); // kepu_status
  std::string cursor() const;          // of the last part on disk

  // ---- the end ----
  void done(); // DONE was sent
  bool is_done() const;
  // false: not within that time.
  bool wait_done(std::chrono::milliseconds most);
  void wait_for_end(); // BYE, or the daemon is gone

  bool cancelled() const { return cancelled_; } // also when the daemon is gone
  bool gone() const { return gone_; }
  int cancel_fd() const { return cancel_fd_; } // readable once cancelled

private:
  static constexpr size_t most_waiting_bytes = 4u << 20;
  // Dropped parts that are remembered; a run is ended long before.
  static constexpr size_t most_dropped = 4096;

  void cancel();
  void forget_up_to(uint32_t part);

  const int cancel_fd_;
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> gone_{false};

  mutable std::mutex mutex_; // guards what follows
  std::condition_variable changed_;
  bool started_ = false;
  bool bye_ = false;
  bool done_ = false;
  std::optional<uint32_t> asked_;
  std::optional<wire::InputAnswered> answer_;
  uint32_t committed_ = 0; // number of the last part handed over
  uint32_t durable_ = 0;
  std::set<uint32_t> dropped_;
  struct Waiting {
    uint32_t part;
    std::string cursor;
  };
  std::deque<Waiting> waiting_;
  size_t waiting_bytes_ = 0;
  std::string cursor_;
};

} // namespace kepu::worker
