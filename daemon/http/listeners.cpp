#include "http/listeners.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>

namespace kepu::http {
namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

namespace {

// errno of an attempt to connect; 0: somebody listens. Not by Asio, which would wait where the queue is full.
int knock(const asio::local::stream_protocol::endpoint& at) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int error = ::connect(fd, at.data(), static_cast<socklen_t>(at.size())) == 0 ? 0 : errno;
  ::close(fd);
  return error;
}

// Makes room for a socket, where nobody's is taken away by it.
Result<void> clear(const std::filesystem::path& path, const asio::local::stream_protocol::endpoint& at) {
  const auto name = "admin_socket " + path.string();
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0 && !S_ISSOCK(info.st_mode))
    return fail("listen", name + " is a file of another kind; move it away");
  switch (const int error = knock(at)) {
  case ENOENT:
    return {};
  case ECONNREFUSED: // left by a daemon that was killed
    ::unlink(path.c_str());
    return {};
  case 0:
  case EAGAIN:
    return fail("listen", "another program listens on " + name + "; end it or set another path");
  default:
    return fail("listen", "cannot tell whether a program uses " + name + ": " +
                              ErrorCode(error, boost::system::system_category()).message() +
                              "; check the path and its owner, and remove the file if nothing uses it");
  }
}

template <class Acceptor> void start_listening(Acceptor& acceptor, ErrorCode& error) {
  // Else Asio would pass over a client that went away and wait for the next to come.
  if (!error) acceptor.set_option(asio::socket_base::enable_connection_aborted(true), error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
}

} // namespace

std::optional<std::string> Trouble::failed(const std::string& why) {
  if (failures_++ > 0) return std::nullopt;
  return "no connection can be accepted for now: " + why + "; those that come wait";
}

std::optional<std::string> Trouble::succeeded() {
  if (failures_ == 0) return std::nullopt;
  return "connections are accepted again, after " + std::to_string(std::exchange(failures_, 0)) + " failed attempts";
}

Result<void> listen(TcpListener& on, const std::string& host, uint16_t port) {
  ErrorCode error;
  const auto address = asio::ip::make_address(host, error);
  if (error) return fail("listen", "[http] listen: \"" + host + "\" is no IP address");
  const asio::ip::tcp::endpoint endpoint(address, port);
  on.acceptor.open(endpoint.protocol(), error);
  if (!error) on.acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) on.acceptor.bind(endpoint, error);
  start_listening(on.acceptor, error);
  if (!error) return {};
  on.close();
  return fail("listen", "cannot listen on " + host + ":" + std::to_string(port) + ": " + error.message() +
                            "; end what uses it or set another [http] listen");
}

Result<ino_t> listen(LocalListener& on, const std::filesystem::path& path) {
  asio::local::stream_protocol::endpoint endpoint;
  try {
    endpoint = asio::local::stream_protocol::endpoint(path.string());
  } catch (const std::exception&) {
    return fail("listen", "admin_socket " + path.string() + " is too long for a socket; set a shorter path");
  }
  if (auto ok = clear(path, endpoint); !ok) return ok.error();
  ErrorCode error;
  on.acceptor.open(endpoint.protocol(), error);
  const mode_t before = ::umask(0177);
  if (!error) on.acceptor.bind(endpoint, error);
  ::umask(before);
  start_listening(on.acceptor, error);
  struct stat info {};
  if (!error && ::lstat(path.c_str(), &info) == 0) return info.st_ino;
  on.close();
  return fail("listen", "cannot listen on admin_socket " + path.string() + ": " + error.message() +
                            "; check the folder and its owner");
}

} // namespace kepu::http
