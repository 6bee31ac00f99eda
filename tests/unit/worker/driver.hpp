// Plays the daemon towards one real kepu-worker.
#pragma once

#include "wire/frames.hpp"
#include "wire/launch.hpp"
#include "wire/splitter.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace kepu::worker {

class Driver {
public:
  struct Options {
    std::string library;
    std::optional<int> parent; // as told to the worker; the test itself by default
    std::optional<int> fd;     // as told to the worker; 3 by default, where its socket is
    std::vector<std::string> more_arguments;
  };
  explicit Driver(Options options);
  ~Driver(); // kills what is left
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  void send(const wire::Message& message, uint32_t tag = 0);
  void send_bytes(std::string_view bytes);
  // The next frame; nullopt at the end of the stream. Fails the test after a deadline.
  std::optional<wire::Frame> next();
  // The next message that is no log, progress or rows: those are gathered below on the way.
  std::optional<wire::Message> next_message();
  template <class T> T expect();

  // Bytes that the worker has sent and nobody has read.
  size_t unread() const;
  void hang_up(); // closes the socket
  pid_t pid() const { return pid_; }
  // A line of /proc/PID/status: "VmHWM" is "123 kB"; "0" when it is not there.
  std::string status(const char* name) const;
  size_t peak_kib() const { return std::stoul(status("VmHWM")); }
  char state() const; // of the process, as ps shows it

  struct Exit {
    int status = -1; // or
    int signal = 0;
    bool operator==(const Exit&) const = default;
  };
  Exit wait();       // reads what is left, waits for the end
  std::string out(); // what it printed, both streams

  std::vector<wire::LogFrame> logs;
  std::vector<wire::ProgressFrame> progress;
  size_t rows = 0;
  std::vector<wire::Frame> row_frames; // kept when keep_rows
  bool keep_rows = false;
  uint32_t last_tag = 0;

private:
  pid_t pid_ = -1;
  int socket_ = -1;
  int output_ = -1;
  wire::Splitter splitter_;
};

wire::Configure configuration(std::vector<abi::Setting> settings);
abi::Setting text_setting(std::string key, std::string value);
abi::Setting integer_setting(std::string key, int64_t value);
// Of probe.c and of tests/bad_connectors.
std::vector<abi::Dataset> contracts();
std::string probe_library();
std::string bad_library(const std::string& name);

} // namespace kepu::worker

#include <gtest/gtest.h>

namespace kepu::worker {

template <class T> T Driver::expect() {
  auto message = next_message();
  if (!message) {
    ADD_FAILURE() << "the worker ended; it printed: " << out();
    return {};
  }
  auto* wanted = std::get_if<T>(&*message);
  if (!wanted) {
    const auto* done = std::get_if<wire::Done>(&*message);
    ADD_FAILURE() << "another message came, number " << message->index() << " " << (done ? done->text : "");
    return {};
  }
  return std::move(*wanted);
}

} // namespace kepu::worker
