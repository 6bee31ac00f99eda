#include "http/budget.hpp"

#include <algorithm>

namespace kepu::http {

void AnswerBudget::Hold::count(size_t bytes) {
  if (!used_) return;
  used_->bytes += bytes - bytes_; // modulo 2^64, which is right also where it shrinks
  bytes_ = bytes;
}

bool AnswerBudget::Hold::take(size_t bytes, size_t let_through) {
  if (!used_) return true;
  if (bytes <= let_through || bytes <= granted_) {
    count(bytes);
    granted_ = std::min(granted_, bytes);
    return true;
  }
  const size_t bound = bytes > large ? used_->most - used_->most / 4 : used_->most;
  size_t all = used_->bytes;
  do {
    if (all - bytes_ + bytes > bound) {
      ++used_->refused;
      return false;
    }
  } while (!used_->bytes.compare_exchange_weak(all, all - bytes_ + bytes));
  bytes_ = bytes;
  granted_ = bytes;
  return true;
}

std::shared_ptr<const std::string> held(std::string text, AnswerBudget::Hold hold) {
  struct Body {
    std::string text;
    AnswerBudget::Hold hold;
  };
  const auto body = std::make_shared<const Body>(Body{std::move(text), std::move(hold)});
  return {body, &body->text};
}

} // namespace kepu::http
