#include "store/moments.hpp"

#include <algorithm>

namespace kepu::store {
namespace {

// To write a commit that is ready takes some milliseconds, on a bad disk a second.
constexpr auto patience = std::chrono::seconds(5);

} // namespace

Instant Moments::close(Instant earliest) {
  std::lock_guard lock(mutex_);
  closed_ = std::max(earliest, answered_ + std::chrono::microseconds(1));
  return *closed_;
}

void Moments::opened() {
  {
    std::lock_guard lock(mutex_);
    closed_.reset();
  }
  changed_.notify_all();
}

bool Moments::answer(Instant moment) {
  const auto now = clock_.now();
  std::unique_lock lock(mutex_);
  answered_ = std::max(answered_, std::min(moment, now));
  return changed_.wait_for(lock, patience, [&] { return !closed_ || *closed_ > moment; });
}

} // namespace kepu::store
