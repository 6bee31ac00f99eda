// A stream of bytes as a worker or a daemon may send it: split into frames, each decoded in both
// directions. What is taken must write itself as it was read, and every cell must be readable.
#include "wire/splitter.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

using namespace kepu::wire;

void must(bool holds) {
  if (!holds) std::abort();
}

void check_message(const kepu::Result<Message>& message, const Frame& frame) {
  if (!message) {
    must(!message.error().text.empty());
    return;
  }
  std::string again;
  encode(*message, frame.header.tag, again);
  must(std::string_view(again).substr(header_bytes) == frame.payload);
}

void check_batch(const Frame& frame) {
  const auto batch = decode_batch(frame.payload);
  if (!batch) return;
  uint64_t sum = 0;
  for (const auto& column : batch->columns) {
    for (size_t row = 0; row < batch->rows; ++row) {
      sum += column.is_null(row) + column.flag(row) + batch->place(row);
      switch (column.coding) {
      case kepu::abi::Coding::fixed:
        sum += column.person(row);
        break;
      case kepu::abi::Coding::dictionary:
      case kepu::abi::Coding::plain:
        for (const char c : column.text_at(row))
          sum += static_cast<unsigned char>(c);
        break;
      case kepu::abi::Coding::bytes:
        sum += column.booleans[row];
        break;
      }
    }
  }
  volatile uint64_t read = sum;
  (void)read;
  std::string again;
  encode_batch(*batch, again);
  must(again == frame.payload);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Splitter splitter;
  while (size > 0) {
    const auto space = splitter.space();
    must(!space.empty());
    const size_t n = std::min(space.size(), size);
    std::memcpy(space.data(), data, n);
    splitter.took(n);
    data += n;
    size -= n;
    for (;;) {
      const auto frame = splitter.next();
      if (!frame) return 0;
      if (!*frame) break;
      check_message(decode_from_worker((*frame)->header.type, (*frame)->payload), **frame);
      check_message(decode_from_daemon((*frame)->header.type, (*frame)->payload), **frame);
      check_batch(**frame);
    }
  }
  return 0;
}
