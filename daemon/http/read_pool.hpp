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
  // Any thread. `failure`: what was thrown, there is no response then; empty: nothing.
  using Done = std::function<void(Response, std::string failure)>;

  // `waiting`: how many requests may.
  ReadPool(size_t threads, size_t waiting, Server::OpenReader open, Server::Handler handle);
  ~ReadPool();

  // Any thread. false: too many wait already.
  bool take(Request request, Steady deadline, Done done);
  // Ends what is past its deadline, waiting or running. Again and again: one interrupt may fall between two statements.
  void sweep(Steady now);
  // Drops what waits, interrupts what runs, and comes back when no thread is left.
  void end();

private:
  struct Job {
    Request request;
    Steady deadline;
    Done done;
  };
  struct Worker {
    std::thread thread;
    std::mutex mutex;
    std::unique_ptr<store::Reader> reader; // replaced under the mutex
    std::optional<Steady> deadline;        // guarded: of the question that runs
  };

  void interrupt(Steady now); // what runs and is past its deadline
  void work(Worker& worker);
  void answer(Worker& worker, Job& job);
  Result<void> open(Worker& worker); // its reader, where it has none

  const size_t waiting_;
  const Server::OpenReader open_;
  const Server::Handler handle_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable gone_;
  size_t threads_;        // guarded by mutex_: that have not ended
  std::deque<Job> jobs_;  // guarded by mutex_; in order of deadline
  bool stopping_ = false; // guarded by mutex_
  std::vector<std::unique_ptr<Worker>> workers_;
};

} // namespace kepu::http
