#include "http/read_pool.hpp"

#include <pthread.h>

namespace kepu::http {

ReadPool::ReadPool(const Server::Options& options, Server::OpenReader open, Server::Handler handler)
    : options_(options), open_(std::move(open)), handler_(std::move(handler)) {
  for (size_t i = 0; i < options.read_threads; ++i) {
    workers_.push_back(std::make_unique<Worker>());
    workers_.back()->thread = std::thread([this, i, worker = workers_.back().get()] {
      pthread_setname_np(pthread_self(), ("kepu-read-" + std::to_string(i + 1)).c_str());
      work(*worker);
    });
  }
}

ReadPool::~ReadPool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& worker : workers_)
    worker->thread.join();
}

bool ReadPool::take(Request request, Done done) {
  {
    std::lock_guard lock(mutex_);
    if (jobs_.size() >= options_.waiting) return false;
    jobs_.push_back({std::move(request), std::move(done)});
  }
  wake_.notify_one();
  return true;
}

void ReadPool::sweep() {
  const auto now = std::chrono::steady_clock::now();
  for (auto& worker : workers_) {
    std::lock_guard lock(worker->mutex);
    if (worker->reader && worker->since && now - *worker->since > options_.query_deadline) worker->reader->interrupt();
  }
}

void ReadPool::work(Worker& worker) {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job.done(answer(worker, job.request));
    lock.lock();
  }
}

Response ReadPool::answer(Worker& worker, const Request& request) {
  if (!worker.reader) {
    auto opened = open_();
    if (!opened) return problem(503, "not_ready", opened.error().text);
    std::lock_guard lock(worker.mutex);
    worker.reader = std::move(*opened);
  }
  const auto running = [&](bool on) {
    std::lock_guard lock(worker.mutex);
    worker.since = on ? std::optional(std::chrono::steady_clock::now()) : std::nullopt;
  };
  running(true);
  Response out;
  try {
    out = handler_(request, *worker.reader);
  } catch (const std::exception&) {
    out =
        problem(500, "internal", "the answer could not be made", "ask again; if it stays so, look at the daemon's log");
  }
  running(false);
  return out;
}

} // namespace kepu::http
