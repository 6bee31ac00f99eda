// What a server accepts connections from. kepu-io.
#pragma once

#include "base/result.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <sys/types.h>

namespace kepu::http {

// Says once that something goes wrong, and once that it is over.
class Trouble {
public:
  // What is to be logged, if anything.
  std::optional<std::string> failed(const std::string& why);
  std::optional<std::string> succeeded();

private:
  uint64_t failures_ = 0; // since the last success
};

template <class Acceptor> struct Listener {
  explicit Listener(boost::asio::io_context& io) : acceptor(io), pause(io) {}
  void close() {
    boost::system::error_code ignored;
    acceptor.close(ignored);
    pause.cancel();
  }

  Acceptor acceptor;
  boost::asio::steady_timer pause; // after a failure
  Trouble trouble;
  size_t open = 0; // connections
};
using TcpListener = Listener<boost::asio::ip::tcp::acceptor>;
using LocalListener = Listener<boost::asio::local::stream_protocol::acceptor>;

// Both bind and listen, and accept nothing yet. Error code "listen": what is in the way and what to do.
Result<void> listen(TcpListener& on, const std::string& host, uint16_t port);
// Takes the place of a socket that nobody listens on any more; the inode tells its file from a later one.
Result<ino_t> listen(LocalListener& on, const std::filesystem::path& path);

} // namespace kepu::http
