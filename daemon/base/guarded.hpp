// A value that can only be reached with its mutex held. Any thread.
#pragma once

#include <mutex>
#include <utility>

namespace kepu {

template <class T> class Guarded {
public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  // Calls f(T&) under the lock and returns what it returns. f must not call back into this object.
  template <class F> decltype(auto) with(F&& f) {
    std::lock_guard lock(mutex_);
    return std::forward<F>(f)(value_);
  }
  template <class F> decltype(auto) with(F&& f) const {
    std::lock_guard lock(mutex_);
    return std::forward<F>(f)(value_);
  }

private:
  mutable std::mutex mutex_;
  T value_{};
};

} // namespace kepu
