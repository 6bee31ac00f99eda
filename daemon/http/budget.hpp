// The bytes of answers, from when they are made until the last who holds them lets go, within one bound for the
// process; see ../decisions/http-memory.md. Nobody waits for room: what does not fit is refused. Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace kepu::http {

class AnswerBudget {
public:
  static constexpr size_t default_bytes = 64u << 20;
  // A body up to this size is let through however much is taken: health, metrics, refusals and small pages.
  static constexpr size_t small_body = 32u << 10;
  // Larger bodies leave a quarter of all to smaller ones. What up to this size will take in making is not asked before:
  // as many as there are threads to read are made at once.
  static constexpr size_t large = 1u << 20;

  explicit AnswerBudget(size_t bytes = default_bytes) : used_(std::make_shared<Used>(bytes)) {}

  size_t bytes() const { return used_->bytes; }
  uint64_t refused() const { return used_->refused; }

private:
  struct Used {
    explicit Used(size_t all) : most(all) {}
    const size_t most;
    std::atomic<size_t> bytes{0};
    std::atomic<uint64_t> refused{0};
  };

public:
  // What one answer takes; given back when it ends. One thread at a time.
  class Hold {
  public:
    explicit Hold(AnswerBudget* budget) : used_(budget ? budget->used_ : nullptr) {} // nullptr: nothing is counted
    Hold(Hold&& other) noexcept
        : used_(std::move(other.used_)), bytes_(std::exchange(other.bytes_, 0)), granted_(other.granted_) {}
    Hold& operator=(Hold&&) = delete;
    ~Hold() { count(0); }

    // Before the work: what it will take at most. false: there is no room, and nothing has changed.
    bool reserve(size_t bytes) { return take(bytes, large); }
    // After it: the body that came of it.
    bool settle(size_t bytes) { return take(bytes, small_body); }
    // What is never refused.
    void count(size_t bytes);

  private:
    bool take(size_t bytes, size_t let_through);

    std::shared_ptr<Used> used_;
    size_t bytes_ = 0;
    size_t granted_ = 0; // of those, had by asking: so much it may keep
  };

private:
  std::shared_ptr<Used> used_;
};

// A body that gives its bytes back when the last who shares it lets go.
std::shared_ptr<const std::string> held(std::string text, AnswerBudget::Hold hold);

} // namespace kepu::http
