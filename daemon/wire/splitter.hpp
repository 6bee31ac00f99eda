// Cuts a stream of bytes into frames. No I/O: the owner reads its socket into space() and says how
// much came. Holds at most one payload and one read buffer. One thread at a time.
#pragma once

#include "wire/frames.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>

namespace kepu::wire {

struct Frame {
  Header header{};
  std::string payload;
};

class Splitter {
public:
  Splitter();

  // Where the next bytes of the stream go; valid until the next call. Never empty once next() has
  // answered that there is no whole frame.
  std::span<char> space();
  // `bytes` of space() were filled.
  void took(size_t bytes);
  // The next whole frame, nullopt when more bytes are needed, or why the stream is of no more use:
  // after an error it stays refused.
  Result<std::optional<Frame>> next();
  // True between frames: a stream that ends now was not cut in the middle of one.
  bool at_border() const { return !in_payload_ && begin_ == end_; }

private:
  // Small frames come many to a read; the rest of a large payload is read straight into it.
  static constexpr size_t buffer_bytes = 64u << 10;

  std::unique_ptr<char[]> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  bool in_payload_ = false;
  Frame frame_;
  size_t filled_ = 0; // bytes of frame_.payload that are there
  std::optional<Error> refused_;
};

} // namespace kepu::wire
