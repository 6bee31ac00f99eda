// One worker process and the frames to and from it. kepu-io only.
#pragma once

#include "supervisor/output.hpp"
#include "supervisor/process.hpp"
#include "wire/frames.hpp"

#include <boost/asio/steady_timer.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace kepu::supervisor {

// What everything around workers shares. Held by shared_ptr, because a worker may end after its owner.
struct Surroundings {
  boost::asio::io_context& io; // outlives this, and so does the clock
  const Clock& clock;
  std::filesystem::path worker; // the program
  std::string time_zone;
  Timing timing;
  LogLine log;
  // One buffer for reading for all workers of the thread: reads are large, idle workers cost nothing.
  std::string scratch = std::string(256u << 10, '\0');
  size_t workers = 0; // that were launched and not reaped
  std::function<void()> worker_gone = [] {};
};

// Lives until its process was reaped, also when nobody else holds it.
class Link : public std::enable_shared_from_this<Link> {
public:
  struct Handlers {
    // One frame, payload unread. false: read no more until resume().
    std::function<bool(wire::Header header, std::string payload)> frame;
    // What came is no frame, or nothing more can come though the process lives. It is not read any more.
    std::function<void(Sentence why)> broken;
    // The last call: the process was reaped and all that it had sent was handed over.
    std::function<void(Exit exit)> exited;
  };
  // `output` is kept alive by what the handlers own. Handlers are dropped after the last call.
  static Result<std::shared_ptr<Link>> start(std::shared_ptr<Surroundings> around, const Launch& launch, Output& output,
                                             Handlers handlers);
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void send(std::string_view frames);
  void resume();
  // Reads nothing more; what comes is dropped.
  void stop_reading();
  // To the process group.
  void signal(int number);
  pid_t pid() const { return process_->pid(); }

private:
  struct Pipe {
    boost::asio::posix::stream_descriptor end;
    boost::asio::steady_timer pause;
    settings::LogLevel level;
    LineCutter lines;
  };

  Link(std::shared_ptr<Surroundings> around, Process::Launched launched, Output& output, Handlers handlers);
  void begin();
  void wait_readable();
  void read_frames();
  bool read_once(size_t& got); // false: there is nothing to read now, or ever again
  void take(std::string_view bytes);
  void deliver();
  void break_off(Sentence why);
  void closed_by_worker();
  void wait_writable();
  void write_some();
  void wait_pipe(Pipe& pipe);
  void read_pipe(Pipe& pipe);
  void on_exit(Exit exit);

  const std::shared_ptr<Surroundings> around_;
  const std::shared_ptr<Process> process_;
  Output& output_;
  Handlers handlers_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer pause_; // of a flood of log frames, or after the worker closed its end
  Pipe out_;
  Pipe err_;

  std::string head_; // of a frame whose header is not whole yet
  std::optional<wire::Header> header_;
  std::string payload_; // of `header_`; `have_` bytes of it are there
  size_t have_ = 0;
  std::string to_write_;
  size_t written_ = 0;

  bool held_ = false;    // the taker wants no more for now
  bool waiting_ = false; // a wait for bytes, or a pause, goes on
  bool deaf_ = false;    // nothing is read or handed over any more
  bool writing_ = false;
  bool over_ = false; // the process is gone
};

} // namespace kepu::supervisor
