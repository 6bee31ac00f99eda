#include "http/read_pool.hpp"

#include <pthread.h>

namespace kepu::http {

constexpr auto interrupt_again = std::chrono::milliseconds(10);

ReadPool::ReadPool(size_t threads, size_t waiting, Server::OpenReader open, Server::Handler handle)
    : waiting_(waiting), open_(std::move(open)), handle_(std::move(handle)), threads_(threads) {
  for (size_t i = 0; i < threads; ++i) {
    workers_.push_back(std::make_unique<Worker>());
    workers_.back()->thread = std::thread([this, i, worker = workers_.back().get()] {
      pthread_setname_np(pthread_self(), ("kepu-read-" + std::to_string(i + 1)).c_str());
      work(*worker);
    });
  }
}

ReadPool::~ReadPool() { end(); }

void ReadPool::end() {
  std::deque<Job> dropped;
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    dropped.swap(jobs_);
    wake_.notify_all();
    // Again and again, as in sweep().
    do
      interrupt(Steady::max());
    while (!gone_.wait_for(lock, interrupt_again, [this] { return threads_ == 0; }));
  }
  for (auto& worker : workers_)
    worker->thread.join();
  workers_.clear();
}

bool ReadPool::take(Request request, Steady deadline, Done done) {
  {
    std::lock_guard lock(mutex_);
    if (jobs_.size() >= waiting_) return false;
    jobs_.push_back({std::move(request), deadline, std::move(done)});
  }
  wake_.notify_one();
  return true;
}

void ReadPool::sweep(Steady now) {
  std::vector<Job> late;
  {
    std::lock_guard lock(mutex_);
    for (; !jobs_.empty() && jobs_.front().deadline <= now; jobs_.pop_front())
      late.push_back(std::move(jobs_.front()));
  }
  for (const auto& job : late)
    job.done(problem(503, "deadline", "too many requests were before this one", "ask again in a moment"), {});
  interrupt(now);
}

void ReadPool::interrupt(Steady now) {
  for (auto& worker : workers_) {
    std::lock_guard lock(worker->mutex);
    if (worker->reader && worker->deadline && *worker->deadline <= now) worker->reader->interrupt();
  }
}

void ReadPool::work(Worker& worker) {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) break;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    answer(worker, job);
    lock.lock();
  }
  --threads_;
  gone_.notify_all();
}

void ReadPool::answer(Worker& worker, Job& job) {
  Response response;
  std::string failure;
  const auto running = [&](std::optional<Steady> deadline) {
    std::lock_guard lock(worker.mutex);
    worker.deadline = deadline;
  };
  running(job.deadline);
  try {
    if (auto ok = open(worker); ok) {
      response = handle_(job.request, *worker.reader);
    } else {
      response = problem(503, "not_ready", ok.error().text);
    }
  } catch (const std::exception& thrown) {
    failure = thrown.what();
    if (failure.empty()) failure = "an exception without a text";
  }
  running(std::nullopt);
  job.done(std::move(response), std::move(failure));
}

Result<void> ReadPool::open(Worker& worker) {
  if (worker.reader) return {};
  auto opened = open_();
  if (!opened) return opened.error();
  std::lock_guard lock(worker.mutex);
  worker.reader = std::move(*opened);
  return {};
}

} // namespace kepu::http
