#include "http/server.hpp"

#include "http/session.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <set>
#include <vector>

namespace kepu::http {
namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

// The kernel's own bound of some MB would hide for minutes that a slow client takes what it gets.
constexpr int send_buffer = 256 << 10;
constexpr auto accept_pause = std::chrono::milliseconds(100); // when descriptors have run out

struct Server::Impl final : SessionHost, std::enable_shared_from_this<Server::Impl> {
  Impl(asio::io_context& context, const Clock& time, RequestCounts& counted, Options given, Calls called)
      : SessionHost(context, time, counted, std::move(given), std::move(called)), tcp(io), local(io), tcp_pause(io),
        local_pause(io), sweeper(io), stop_timer(io) {}

  Result<void> start();
  Result<void> listen_tcp();
  Result<void> listen_local();
  template <class Acceptor> void accept(Acceptor& acceptor, asio::steady_timer& pause, bool admin);
  void check_deadlines();
  void sweep();
  void stop(std::function<void()> then);
  void ended(const std::shared_ptr<Session>& session) override;
  void finish_stop();

  asio::ip::tcp::acceptor tcp;
  asio::local::stream_protocol::acceptor local;
  asio::steady_timer tcp_pause;
  asio::steady_timer local_pause;
  asio::steady_timer sweeper;
  asio::steady_timer stop_timer;
  std::set<std::shared_ptr<Session>> sessions;
  std::map<std::string, size_t> per_address;
  bool stopping = false;
  std::function<void()> stopped;
  ino_t admin_inode = 0;
  uint16_t bound_port = 0;
};

Result<void> Server::Impl::listen_tcp() {
  ErrorCode error;
  const auto address = asio::ip::make_address(options.host, error);
  const auto where = options.host + ":" + std::to_string(*options.port);
  if (error) return fail("listen", "[http] listen: \"" + options.host + "\" is no IP address");
  const asio::ip::tcp::endpoint endpoint(address, *options.port);
  tcp.open(endpoint.protocol(), error);
  if (!error) tcp.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) tcp.bind(endpoint, error);
  if (!error) tcp.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return fail("listen", "cannot listen on " + where + ": " + error.message() +
                              "; end what uses it or set another [http] listen");
  bound_port = tcp.local_endpoint().port();
  return {};
}

Result<void> Server::Impl::listen_local() {
  const auto& path = options.admin_socket;
  ErrorCode error;
  asio::local::stream_protocol::endpoint endpoint;
  try {
    endpoint = asio::local::stream_protocol::endpoint(path.string());
  } catch (const std::exception&) {
    return fail("listen", "admin_socket " + path.string() + " is too long for a socket; set a shorter path");
  }
  asio::local::stream_protocol::socket probe(io);
  probe.connect(endpoint, error);
  if (!error)
    return fail("listen", "another program listens on admin_socket " + path.string() + "; end it or set another path");
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode))
      return fail("listen", "admin_socket " + path.string() + " is a file of another kind; move it away");
    ::unlink(path.c_str()); // left by a daemon that was killed
  }
  local.open(endpoint.protocol(), error);
  const mode_t before = ::umask(0177);
  if (!error) local.bind(endpoint, error);
  ::umask(before);
  if (!error) local.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return fail("listen", "cannot listen on admin_socket " + path.string() + ": " + error.message() +
                              "; check the folder and its owner");
  if (::lstat(path.c_str(), &info) == 0) admin_inode = info.st_ino;
  return {};
}

Result<void> Server::Impl::start() {
  if (options.port) {
    if (auto ok = listen_tcp(); !ok) return ok;
    accept(tcp, tcp_pause, false);
  }
  if (!options.admin_socket.empty()) {
    if (auto ok = listen_local(); !ok) return ok;
    accept(local, local_pause, true);
  }
  sweep();
  return {};
}

template <class Acceptor> void Server::Impl::accept(Acceptor& acceptor, asio::steady_timer& pause, bool admin) {
  acceptor.async_accept([self = shared_from_this(), &acceptor, &pause, admin](ErrorCode error, auto peer) {
    if (self->stopping) return;
    if (error) {
      if (error == asio::error::operation_aborted) return;
      self->warn("no connection can be accepted for now: " + error.message());
      pause.expires_after(accept_pause);
      pause.async_wait([self, &acceptor, &pause, admin](ErrorCode cancelled) {
        if (!cancelled) self->accept(acceptor, pause, admin);
      });
      return;
    }
    std::string address;
    ErrorCode ignored;
    if constexpr (std::is_same_v<Acceptor, asio::ip::tcp::acceptor>) {
      const auto endpoint = peer.remote_endpoint(ignored);
      if (!ignored) address = endpoint.address().to_string();
      peer.set_option(asio::ip::tcp::no_delay(true), ignored);
      peer.set_option(asio::socket_base::send_buffer_size(send_buffer), ignored);
    }
    // Beyond the bounds a connection is closed at once; clerks' own tools over the admin socket come in.
    if (admin || (self->sessions.size() < self->options.connections &&
                  self->per_address[address] < self->options.connections_per_address)) {
      ++self->per_address[address];
      auto session = std::make_shared<Session>(self, Session::Socket(std::move(peer)), admin, address);
      self->sessions.insert(session);
      session->start();
    } else {
      peer.close(ignored);
    }
    self->accept(acceptor, pause, admin);
  });
}

void Server::Impl::sweep() {
  const auto shortest =
      std::min({options.head_deadline, options.idle_deadline, options.write_deadline, options.query_deadline});
  sweeper.expires_after(std::clamp(shortest / 4, std::chrono::milliseconds(10), std::chrono::milliseconds(500)));
  sweeper.async_wait([self = shared_from_this()](ErrorCode error) {
    if (error) return;
    self->check_deadlines();
    self->sweep();
  });
}

void Server::Impl::check_deadlines() {
  const auto now = clock.steady();
  const std::vector<std::shared_ptr<Session>> all(sessions.begin(), sessions.end());
  for (const auto& session : all)
    session->check_deadline(now);
  pool.sweep(now);
}

void Server::Impl::ended(const std::shared_ptr<Session>& session) {
  const auto found = per_address.find(session->address());
  if (found != per_address.end() && --found->second == 0) per_address.erase(found);
  sessions.erase(session);
  if (stopping && sessions.empty()) finish_stop();
}

void Server::Impl::stop(std::function<void()> then) {
  stopping = true;
  stopped = std::move(then);
  ErrorCode ignored;
  tcp.close(ignored);
  local.close(ignored);
  tcp_pause.cancel();
  local_pause.cancel();
  struct stat info {};
  if (admin_inode && ::lstat(options.admin_socket.c_str(), &info) == 0 && info.st_ino == admin_inode)
    ::unlink(options.admin_socket.c_str());
  const std::vector<std::shared_ptr<Session>> all(sessions.begin(), sessions.end());
  for (const auto& session : all)
    session->wind_down();
  if (sessions.empty()) return finish_stop();
  stop_timer.expires_after(options.stop_deadline);
  stop_timer.async_wait([self = shared_from_this()](ErrorCode error) {
    if (error) return;
    const std::vector<std::shared_ptr<Session>> left(self->sessions.begin(), self->sessions.end());
    for (const auto& session : left)
      session->close();
  });
}

void Server::Impl::finish_stop() {
  sweeper.cancel();
  stop_timer.cancel();
  if (stopped) asio::post(io, std::exchange(stopped, nullptr));
}

Server::Server(asio::io_context& io, const Clock& clock, RequestCounts& counts, Options options, Calls calls)
    : impl_(std::make_shared<Impl>(io, clock, counts, std::move(options), std::move(calls))) {}
Server::~Server() = default;
Result<void> Server::start() { return impl_->start(); }
uint16_t Server::port() const { return impl_->bound_port; }
void Server::check_deadlines() { impl_->check_deadlines(); }
void Server::stop(std::function<void()> then) { impl_->stop(std::move(then)); }

} // namespace kepu::http
