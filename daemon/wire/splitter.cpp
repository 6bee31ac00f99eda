#include "wire/splitter.hpp"

#include <algorithm>
#include <cstring>

namespace kepu::wire {

Splitter::Splitter() : buffer_(std::make_unique<char[]>(buffer_bytes)) {}

std::span<char> Splitter::space() {
  if (in_payload_) return {frame_.payload.data() + filled_, frame_.payload.size() - filled_};
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return {buffer_.get() + end_, buffer_bytes - end_};
}

void Splitter::took(size_t bytes) { (in_payload_ ? filled_ : end_) += bytes; }

Result<std::optional<Frame>> Splitter::next() {
  if (refused_) return *refused_;
  if (!in_payload_) {
    if (end_ - begin_ < header_bytes) return std::optional<Frame>{};
    auto header = decode_header({buffer_.get() + begin_, end_ - begin_});
    if (!header) {
      refused_ = header.error();
      return *refused_;
    }
    begin_ += header_bytes;
    frame_.header = *header;
    filled_ = std::min<size_t>(header->size, end_ - begin_);
    frame_.payload.resize(header->size);
    std::memcpy(frame_.payload.data(), buffer_.get() + begin_, filled_);
    begin_ += filled_;
    in_payload_ = true;
  }
  if (filled_ < frame_.payload.size()) return std::optional<Frame>{};
  in_payload_ = false;
  return std::optional<Frame>(std::move(frame_));
}

} // namespace kepu::wire
