#include "worker/mailbox.hpp"

#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace kepu::worker {

Mailbox::Mailbox(std::string cursor)
    : cancel_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), cursor_(std::move(cursor)) {
  if (cancel_fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Mailbox::~Mailbox() { ::close(cancel_fd_); }

Result<void> Mailbox::take(wire::Type type, uint32_t tag, std::string_view payload) {
  auto message = wire::decode_from_daemon(type, payload);
  if (!message) return message.error();
  const auto refused = [&](const char* why) {
    return fail("bad_frame", std::string("a ") + wire::name(type) + " frame is refused: " + why);
  };
  std::lock_guard lock(mutex_);
  if (std::holds_alternative<wire::Start>(*message)) {
    if (started_) return refused("the run was started before");
    started_ = true;
  } else if (std::holds_alternative<wire::Cancel>(*message)) {
    cancel();
  } else if (std::holds_alternative<wire::Bye>(*message)) {
    bye_ = true;
    cancel();
  } else if (const auto* answer = std::get_if<wire::InputAnswered>(&*message)) {
    if (asked_ != tag || answer_) return refused("nothing was asked under this tag");
    answer_ = *answer;
  } else if (const auto* ack = std::get_if<wire::Ack>(&*message)) {
    if (tag == 0 || tag > committed_) return refused("no such part was committed");
    if (ack->dropped) {
      dropped_.insert(tag);
      if (dropped_.size() > most_dropped) dropped_.erase(dropped_.begin());
      std::erase_if(waiting_, [&](const Waiting& waiting) {
        if (waiting.part != tag) return false;
        waiting_bytes_ -= waiting.cursor.size();
        return true;
      });
    } else {
      if (tag < durable_) return refused("a later part was on disk before");
      durable_ = tag;
      forget_up_to(tag);
    }
  } else {
    return refused("this worker was told its task before");
  }
  changed_.notify_all();
  return {};
}

void Mailbox::daemon_is_gone() {
  std::lock_guard lock(mutex_);
  gone_ = true;
  cancel();
  changed_.notify_all();
}

void Mailbox::cancel() {
  if (cancelled_.exchange(true)) return;
  const uint64_t one = 1;
  // Cannot fail on a fresh counter; a library that closed it finds out by is_cancelled.
  [[maybe_unused]] const auto written = ::write(cancel_fd_, &one, sizeof one);
}

void Mailbox::forget_up_to(uint32_t part) {
  while (!waiting_.empty() && waiting_.front().part <= part) {
    waiting_bytes_ -= waiting_.front().cursor.size();
    cursor_ = std::move(waiting_.front().cursor);
    waiting_.pop_front();
  }
}

bool Mailbox::wait_for_start() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return started_ || cancelled_; });
  return !cancelled_;
}

void Mailbox::asks(uint32_t tag) {
  std::lock_guard lock(mutex_);
  asked_ = tag;
  answer_.reset();
}

std::optional<wire::InputAnswered> Mailbox::wait_for_answer() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return answer_ || gone_; });
  return answer_;
}

bool Mailbox::commits(uint32_t part, std::string_view cursor) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return gone_ || (waiting_.size() < most_waiting && waiting_bytes_ < most_waiting_bytes); });
  if (gone_) return false;
  committed_ = part;
  waiting_.push_back({part, std::string(cursor)});
  waiting_bytes_ += cursor.size();
  return true;
}

int32_t Mailbox::wait_durable(uint32_t part) {
  std::unique_lock lock(mutex_);
  if (part == 0 || part > committed_) return KEPU_E_CONTRACT;
  changed_.wait(lock, [&] { return gone_ || durable_ >= part || dropped_.contains(part); });
  if (dropped_.contains(part)) return KEPU_E_DROPPED;
  return durable_ >= part ? KEPU_OK : KEPU_E_CLOSED;
}

std::string Mailbox::cursor() const {
  std::lock_guard lock(mutex_);
  return cursor_;
}

void Mailbox::done() {
  std::lock_guard lock(mutex_);
  done_ = true;
  changed_.notify_all();
}

bool Mailbox::is_done() const {
  std::lock_guard lock(mutex_);
  return done_;
}

bool Mailbox::wait_done(std::chrono::milliseconds most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, most, [&] { return done_; });
}

void Mailbox::wait_for_end() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return bye_ || gone_; });
}

} // namespace kepu::worker
