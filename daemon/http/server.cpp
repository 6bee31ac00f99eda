#include "http/server.hpp"

#include "http/answer_head.hpp"
#include "http/listeners.hpp"
#include "http/session.hpp"

#include <boost/asio/post.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

namespace kepu::http {
namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

// The kernel's own bound of some MB would hide for minutes that a slow client takes what it gets.
constexpr int send_buffer = 256 << 10;

struct Server::Impl final : SessionHost, std::enable_shared_from_this<Server::Impl> {
  Impl(asio::io_context& context, const Clock& time, RequestCounts& counted, Options given, Calls called)
      : SessionHost(context, time, counted, std::move(given), std::move(called)), tcp(io), local(io), sweeper(io),
        stop_timer(io) {}

  Result<void> start();
  void close_listeners();
  template <class Acceptor> void accept(Listener<Acceptor>& from);
  void admit(TcpListener& from, asio::ip::tcp::socket peer);
  void admit(LocalListener& from, asio::local::stream_protocol::socket peer);
  void begin(size_t& open, const std::shared_ptr<Session>& session);
  bool make_room(const std::string* address);
  void turn_away(Session::Socket peer, const char* why);
  void check_deadlines();
  void sweep();
  void stop(std::function<void()> then);
  void ended(const std::shared_ptr<Session>& session) override;
  void finish_stop();
  void end();

  TcpListener tcp;
  LocalListener local;
  asio::steady_timer sweeper;
  asio::steady_timer stop_timer;
  std::set<std::shared_ptr<Session>> sessions;
  std::map<std::string, size_t> per_address;
  bool stopping = false;
  bool ended_all = false; // what the io_context still holds does nothing any more
  std::function<void()> stopped;
  ino_t admin_inode = 0;
  uint16_t bound_port = 0;
};

Result<void> Server::Impl::start() {
  if (options.port) {
    if (auto ok = listen(tcp, options.host, *options.port); !ok) return ok;
    bound_port = tcp.acceptor.local_endpoint().port();
  }
  if (!options.admin_socket.empty()) {
    auto inode = listen(local, options.admin_socket);
    if (!inode) {
      close_listeners();
      return inode.error();
    }
    admin_inode = *inode;
  }
  if (options.port) accept(tcp);
  if (admin_inode) accept(local);
  sweep();
  return {};
}

void Server::Impl::close_listeners() {
  tcp.close();
  local.close();
  struct stat info {};
  if (admin_inode && ::lstat(options.admin_socket.c_str(), &info) == 0 && info.st_ino == admin_inode)
    ::unlink(options.admin_socket.c_str());
  admin_inode = 0;
}

template <class Acceptor> void Server::Impl::accept(Listener<Acceptor>& from) {
  from.acceptor.async_accept([self = shared_from_this(), &from](ErrorCode error, auto peer) {
    if (self->stopping || error == asio::error::operation_aborted) return;
    if (!error) {
      if (const auto line = from.trouble.succeeded()) self->warn(*line);
      self->admit(from, std::move(peer));
    } else if (error != asio::error::connection_aborted) { // not the client's doing: descriptors have run out
      if (const auto line = from.trouble.failed(error.message())) self->warn(*line);
      from.pause.expires_after(self->options.accept_pause);
      return from.pause.async_wait([self, &from](ErrorCode cancelled) {
        if (!cancelled && !self->stopping) self->accept(from);
      });
    }
    self->accept(from);
  });
}

void Server::Impl::admit(TcpListener& from, asio::ip::tcp::socket peer) {
  ErrorCode ignored;
  const auto endpoint = peer.remote_endpoint(ignored);
  const auto address = endpoint.address().to_string();
  peer.set_option(asio::ip::tcp::no_delay(true), ignored);
  peer.set_option(asio::socket_base::send_buffer_size(send_buffer), ignored);
  const auto found = per_address.find(address);
  if (found != per_address.end() && found->second >= options.connections_per_address) {
    if (!make_room(&address))
      return turn_away(std::move(peer),
                       "this address has as many connections as one may have, and all are being answered");
  } else if (from.open >= options.connections) {
    // Its own first: no address pushes out others while it holds what it does not use.
    if (!make_room(&address) && !make_room(nullptr))
      return turn_away(std::move(peer), "the hub has as many connections as it takes, and all are being answered");
  }
  begin(from.open, std::make_shared<Session>(shared_from_this(), std::move(peer), false, address));
}

void Server::Impl::admit(LocalListener& from, asio::local::stream_protocol::socket peer) {
  if (from.open >= options.admin_connections)
    return turn_away(std::move(peer), "the admin socket has as many connections as it takes");
  begin(from.open, std::make_shared<Session>(shared_from_this(), std::move(peer), true, std::string()));
}

void Server::Impl::begin(size_t& open, const std::shared_ptr<Session>& session) {
  ++open;
  if (!session->admin()) ++per_address[session->address()];
  sessions.insert(session);
  session->start();
}

// Closes the connection over TCP that can be spared best, of this address if one is given. false: none can.
// Behind a proxy all users are one address: those that ask nothing must not keep out those that do.
bool Server::Impl::make_room(const std::string* address) {
  std::vector<std::pair<Session::Spare, std::shared_ptr<Session>>> spares;
  for (const auto& session : sessions) {
    if (session->admin() || (address && session->address() != *address)) continue;
    if (const auto spare = session->spare()) spares.emplace_back(*spare, session);
  }
  std::sort(spares.begin(), spares.end());
  for (const auto& [spare, session] : spares) {
    if (spare.kind == Session::Spare::Kind::idle && session->hears()) continue;
    session->close();
    return true;
  }
  return false;
}

// Waits for nothing: what does not go out at once is lost.
void Server::Impl::turn_away(Session::Socket peer, const char* why) {
  const auto response = problem(503, "busy", why, "end some, or come back in a moment");
  ErrorCode error;
  peer.non_blocking(true, error);
  peer.write_some(asio::buffer(answer_head(response, false) + *response.body), error);
  // Bytes left unread would make of the end a reset, which could take the answer from the client.
  std::array<char, 4096> unread;
  while (!error)
    peer.read_some(asio::buffer(unread), error);
}

void Server::Impl::sweep() {
  const auto shortest =
      std::min({options.head_deadline, options.idle_deadline, options.write_deadline, options.query_deadline});
  sweeper.expires_after(std::clamp(shortest / 4, std::chrono::milliseconds(10), std::chrono::milliseconds(500)));
  sweeper.async_wait([self = shared_from_this()](ErrorCode error) {
    if (error || self->ended_all) return;
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
  if (sessions.erase(session) == 0) return;
  --(session->admin() ? local.open : tcp.open);
  const auto found = per_address.find(session->address());
  if (found != per_address.end() && --found->second == 0) per_address.erase(found);
  if (stopping && sessions.empty()) finish_stop();
}

void Server::Impl::stop(std::function<void()> then) {
  stopping = true;
  stopped = std::move(then);
  close_listeners();
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
  ended_all = true;
  sweeper.cancel();
  stop_timer.cancel();
  if (stopped) asio::post(io, std::exchange(stopped, nullptr));
}

void Server::Impl::end() {
  stopping = true;
  stopped = nullptr;
  close_listeners();
  const std::vector<std::shared_ptr<Session>> all(sessions.begin(), sessions.end());
  for (const auto& session : all)
    session->close();
  finish_stop();
  pool.end();
  calls = {};
}

Server::Server(asio::io_context& io, const Clock& clock, RequestCounts& counts, Options options, Calls calls)
    : impl_(std::make_shared<Impl>(io, clock, counts, std::move(options), std::move(calls))) {}
Server::~Server() { impl_->end(); }
Result<void> Server::start() { return impl_->start(); }
uint16_t Server::port() const { return impl_->bound_port; }
void Server::check_deadlines() { impl_->check_deadlines(); }
void Server::stop(std::function<void()> then) { impl_->stop(std::move(then)); }

} // namespace kepu::http
