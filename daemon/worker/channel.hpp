// The socket to the daemon. Blocking both ways: a daemon that does not read makes senders wait.
#pragma once

#include "wire/splitter.hpp"

#include <mutex>
#include <optional>
#include <string_view>

namespace kepu::worker {

class Channel {
public:
  explicit Channel(int fd) : fd_(fd) {} // stays open until the process ends

  // Whole frames, not interleaved with those of other threads. false: the daemon is gone. Any thread.
  bool send(std::string_view frames);
  // The next frame; nullopt when the daemon is gone. Reads no
  // byte past the frame, so that the person key lies in this payload alone. One thread at a time.
  Result<std::optional<wire::Frame>> receive();

private:
  bool fill(char* at, size_t bytes); // false: no more bytes come

  const int fd_;
  std::mutex sending_;
};

} // namespace kepu::worker
