// A thread for what can be done beside its owner's work, in the order in which it is asked. It begins with the first
// question and ends, with all that was asked done, with this object. Owner's thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>

namespace kepu {

class SideThread {
public:
  explicit SideThread(const char* name) : name_(name) {} // at most 15 characters; must outlive this
  ~SideThread();
  SideThread(const SideThread&) = delete;
  SideThread& operator=(const SideThread&) = delete;

  // What `act` refers to must live until the answer is there; what it throws is the answer's.
  template <class F> auto ask(F act) -> std::future<std::invoke_result_t<F>> {
    auto task = std::make_shared<std::packaged_task<std::invoke_result_t<F>()>>(std::move(act));
    auto answer = task->get_future();
    push([task] { (*task)(); });
    return answer;
  }

private:
  void push(std::function<void()> task);
  void work();

  const char* name_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_; // guarded, as is stopping_
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace kepu
