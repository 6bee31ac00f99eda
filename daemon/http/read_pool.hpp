// Threads that each own a Reader (kepu-read-N), and a bounded queue of requests before them.
#pragma once

#include "http/server.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace kepu::http {

class ReadPool {
public:
  using Done = std::function<void(Response)>; // called on the pool's thread

  ReadPool(const Server::Options& options, Server::OpenReader open, Server::Handler handler);
  ~ReadPool();

  // Any thread. false: too many wait already.
  bool take(Request request, Done done);
  // Ends questions that run too long. kepu-io, again and again: one interrupt may fall between two statements.
  void sweep();

private:
  struct Job {
    Request request;
    Done done;
  };
  struct Worker {
    std::thread thread;
    std::mutex mutex;
    std::unique_ptr<store::Reader> reader;                      // replaced under the mutex
    std::optional<std::chrono::steady_clock::time_point> since; // guarded: the question that runs
  };

  void work(Worker& worker);
  Response answer(Worker& worker, const Request& request);

  const Server::Options& options_;
  Server::OpenReader open_;
  Server::Handler handler_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;  // guarded by mutex_
  bool stopping_ = false; // guarded by mutex_
  std::vector<std::unique_ptr<Worker>> workers_;
};

} // namespace kepu::http
