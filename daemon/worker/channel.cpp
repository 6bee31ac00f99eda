#include "worker/channel.hpp"

#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

namespace kepu::worker {
namespace {

// Whether a call that failed is to be made again. A library may have made the socket non-blocking,
// since its description is shared by every copy of the descriptor.
bool again(int fd, short events) {
  if (errno == EINTR) return true;
  if (errno != EAGAIN) return false;
  pollfd wait{fd, events, 0};
  return ::poll(&wait, 1, -1) > 0 || errno == EINTR;
}

} // namespace

bool Channel::send(std::string_view frames) {
  std::lock_guard lock(sending_);
  while (!frames.empty()) {
    const ssize_t sent = ::send(fd_, frames.data(), frames.size(), MSG_NOSIGNAL);
    if (sent >= 0)
      frames.remove_prefix(static_cast<size_t>(sent));
    else if (!again(fd_, POLLOUT))
      return false;
  }
  return true;
}

bool Channel::fill(char* at, size_t bytes) {
  size_t filled = 0;
  while (filled < bytes) {
    const ssize_t got = ::recv(fd_, at + filled, bytes - filled, 0);
    if (got > 0) {
      filled += static_cast<size_t>(got);
    } else if (got == 0 || !again(fd_, POLLIN)) {
      return false;
    }
  }
  return true;
}

Result<std::optional<wire::Frame>> Channel::receive() {
  char bytes[wire::header_bytes];
  if (!fill(bytes, sizeof bytes)) return std::optional<wire::Frame>{};
  auto header = wire::decode_header({bytes, sizeof bytes});
  if (!header) return header.error();
  wire::Frame frame{*header, std::string(header->size, '\0')};
  if (!fill(frame.payload.data(), frame.payload.size())) return std::optional<wire::Frame>{};
  return std::optional<wire::Frame>(std::move(frame));
}

} // namespace kepu::worker
