#include "http/server.hpp"

#include "http/framing.hpp"

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace kepu::http {
namespace asio = boost::asio;
namespace {

using Socket = asio::generic::stream_protocol::socket;
using ErrorCode = boost::system::error_code;

constexpr auto accept_pause = std::chrono::milliseconds(100); // when descriptors have run out
constexpr size_t read_bytes = 4096;

std::string_view reason(int status) {
  switch (status) {
  case 200:
    return "OK";
  case 202:
    return "Accepted";
  case 304:
    return "Not Modified";
  case 400:
    return "Bad Request";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 406:
    return "Not Acceptable";
  case 408:
    return "Request Timeout";
  case 409:
    return "Conflict";
  case 411:
    return "Length Required";
  case 413:
    return "Content Too Large";
  case 414:
    return "URI Too Long";
  case 417:
    return "Expectation Failed";
  case 422:
    return "Unprocessable Content";
  case 429:
    return "Too Many Requests";
  case 431:
    return "Request Header Fields Too Large";
  case 500:
    return "Internal Server Error";
  case 501:
    return "Not Implemented";
  case 503:
    return "Service Unavailable";
  case 505:
    return "HTTP Version Not Supported";
  default:
    return "Answer";
  }
}

std::string date_now() {
  static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm at{};
  gmtime_r(&now, &at);
  char out[40];
  const int n = std::snprintf(out, sizeof out, "%s, %02d %s %d %02d:%02d:%02d GMT",
                              days[static_cast<size_t>(at.tm_wday)], at.tm_mday, months[static_cast<size_t>(at.tm_mon)],
                              at.tm_year + 1900, at.tm_hour, at.tm_min, at.tm_sec);
  return std::string(out, static_cast<size_t>(n));
}

// Threads that each own a Reader; a bounded queue of requests before them.
class ReadPool {
public:
  using Done = std::function<void(Response)>; // called on the pool's thread
  ReadPool(const Server::Options& options, Server::OpenReader open, Server::Handler handler)
      : options_(options), open_(std::move(open)), handler_(std::move(handler)) {
    for (size_t i = 0; i < options.read_threads; ++i) {
      workers_.push_back(std::make_unique<Worker>());
      workers_.back()->thread = std::thread([this, i, worker = workers_.back().get()] {
        pthread_setname_np(pthread_self(), ("kepu-read-" + std::to_string(i + 1)).c_str());
        work(*worker);
      });
    }
  }
  ~ReadPool() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (auto& worker : workers_)
      worker->thread.join();
  }

  bool take(Request request, Done done) {
    {
      std::lock_guard lock(mutex_);
      if (jobs_.size() >= options_.waiting) return false;
      jobs_.push_back({std::move(request), std::move(done)});
    }
    wake_.notify_one();
    return true;
  }

  // Ends questions that run too long. kepu-io, again and again: one interrupt may fall between two statements.
  void sweep() {
    const auto now = std::chrono::steady_clock::now();
    for (auto& worker : workers_) {
      std::lock_guard lock(worker->mutex);
      if (worker->reader && worker->since && now - *worker->since > options_.query_deadline)
        worker->reader->interrupt();
    }
  }

private:
  struct Job {
    Request request;
    Done done;
  };
  struct Worker {
    std::thread thread;
    std::mutex mutex;
    std::unique_ptr<store::Reader> reader;                      // replaced under the mutex
    std::optional<std::chrono::steady_clock::time_point> since; // guarded: the question that runs
  };

  void work(Worker& worker) {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job.done(answer(worker, job.request));
      lock.lock();
    }
  }

  Response answer(Worker& worker, const Request& request) {
    if (!worker.reader) {
      auto opened = open_();
      if (!opened) return problem(503, "not_ready", opened.error().text);
      std::lock_guard lock(worker.mutex);
      worker.reader = std::move(*opened);
    }
    const auto running = [&](bool on) {
      std::lock_guard lock(worker.mutex);
      worker.since = on ? std::optional(std::chrono::steady_clock::now()) : std::nullopt;
    };
    running(true);
    Response out;
    try {
      out = handler_(request, *worker.reader);
    } catch (const std::exception&) {
      out = problem(500, "internal", "the answer could not be made",
                    "ask again; if it stays so, look at the daemon's log");
    }
    running(false);
    return out;
  }

  const Server::Options& options_;
  Server::OpenReader open_;
  Server::Handler handler_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;  // guarded by mutex_
  bool stopping_ = false; // guarded by mutex_
  std::vector<std::unique_ptr<Worker>> workers_;
};

class Session;

} // namespace

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  Impl(asio::io_context& context, Options given, OpenReader open, Handler handler, FastPath fast_path, Log warn)
      : io(context), options(std::move(given)), fast(std::move(fast_path)), log(std::move(warn)), tcp(io), local(io),
        tcp_pause(io), local_pause(io), sweeper(io), stop_timer(io),
        pool(options, std::move(open), std::move(handler)) {}

  Result<void> start();
  Result<void> listen_tcp();
  Result<void> listen_local();
  template <class Acceptor> void accept(Acceptor& acceptor, asio::steady_timer& pause, bool admin);
  void sweep();
  void stop(std::function<void()> then);
  void ended(const std::shared_ptr<Session>& session);
  void finish_stop();

  asio::io_context& io;
  Options options;
  FastPath fast;
  Log log;
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
  ReadPool pool;
};

namespace {

// One connection: reads a request, answers it, reads the next. kepu-io only.
class Session : public std::enable_shared_from_this<Session> {
public:
  Session(std::weak_ptr<Server::Impl> server, asio::io_context& io, Socket socket, bool admin, std::string address);

  const std::string& address() const { return address_; }
  void start() { read(); }
  void check_deadline(std::chrono::steady_clock::time_point now) {
    if (now < deadline_) return;
    if (phase_ == Phase::head && !buffer_.empty())
      return refuse(problem(408, "request_timeout", "the request took too long to arrive"));
    close();
  }
  // No further requests; an answer that is on its way is let out.
  void wind_down() {
    winding_down_ = true;
    if (phase_ == Phase::idle) close();
  }
  void close();

private:
  enum class Phase : uint8_t { idle, head, answering, writing, draining, closed };
  void enter(Phase phase, std::chrono::milliseconds within) {
    phase_ = phase;
    deadline_ = std::chrono::steady_clock::now() + within;
  }
  void read();
  void take();
  void answer();
  void write(Response response);
  void refuse(Response response) {
    keep_alive_ = false;
    write(std::move(response));
  }
  void written();
  void drain();

  std::weak_ptr<Server::Impl> server_;
  const Server::Options& options_;
  Socket socket_;
  const bool admin_;
  const std::string address_;
  Phase phase_ = Phase::idle;
  std::chrono::steady_clock::time_point deadline_;
  std::string buffer_; // received, not yet taken
  std::array<char, read_bytes> chunk_{};
  Head head_;
  uint64_t skip_ = 0; // of the body, not yet read past
  bool keep_alive_ = true;
  bool winding_down_ = false;
  bool body_wanted_ = true; // not for HEAD
  std::string out_head_;
  std::shared_ptr<const std::string> out_body_;
};

Session::Session(std::weak_ptr<Server::Impl> server, asio::io_context&, Socket socket, bool admin, std::string address)
    : server_(std::move(server)), options_(server_.lock()->options), socket_(std::move(socket)), admin_(admin),
      address_(std::move(address)) {
  enter(Phase::idle, options_.idle_deadline);
}

void Session::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  ErrorCode ignored;
  socket_.close(ignored);
  if (const auto server = server_.lock()) server->ended(shared_from_this());
}

void Session::read() {
  socket_.async_read_some(asio::buffer(chunk_), [self = shared_from_this()](ErrorCode error, size_t n) {
    if (self->phase_ != Phase::idle && self->phase_ != Phase::head) return; // refused by deadline meanwhile
    if (error) return self->close();
    if (self->phase_ == Phase::idle) self->enter(Phase::head, self->options_.head_deadline);
    self->buffer_.append(self->chunk_.data(), n);
    self->take();
  });
}

void Session::take() {
  if (skip_ == 0) {
    // Empty lines before a request are passed over (RFC 9112, 2.2), one or more: how bytes are split must not matter.
    while (buffer_.starts_with("\r\n"))
      buffer_.erase(0, 2);
    const auto begun = std::string_view(buffer_).substr(0, max_head);
    const size_t size = head_size(begun);
    if (size == std::string::npos) {
      // What can never become a head is refused at once: a client of another protocol need not wait.
      for (size_t line = begun.find('\n'); line != std::string::npos; line = begun.find('\n', line + 1)) {
        if (line == 0 || begun[line - 1] != '\r')
          return refuse(problem(400, "bad_request", "a line feed stands alone"));
      }
      if (begun.size() < max_head) return read();
      return refuse(begun.find('\n') == std::string_view::npos
                        ? problem(414, "target_too_long", "the request line is too long")
                        : problem(431, "headers_too_large", "the header fields are longer than 16 kB"));
    }
    head_ = {};
    if (const auto refused = read_head(std::string_view(buffer_).substr(0, size), head_)) {
      return refuse(problem(refused->status, refused->code, refused->detail));
    }
    buffer_.erase(0, size);
    keep_alive_ = head_.keep_alive;
    skip_ = head_.body;
  }
  const auto here = static_cast<size_t>(std::min<uint64_t>(skip_, buffer_.size()));
  buffer_.erase(0, here);
  skip_ -= here;
  if (skip_ > 0) return read();
  answer();
}

void Session::answer() {
  const auto server = server_.lock();
  if (!server) return close();
  // The query's own deadline ends it; this one is for what even that does not reach.
  enter(Phase::answering, options_.query_deadline + options_.write_deadline);
  body_wanted_ = head_.method != "HEAD";
  Request request{body_wanted_ ? head_.method : "GET",
                  std::move(head_.target),
                  std::move(head_.accept),
                  std::move(head_.accept_encoding),
                  std::move(head_.if_none_match),
                  head_.body > 0,
                  admin_};
  if (auto known = server->fast(request)) return write(std::move(*known));
  const bool taken =
      server->pool.take(std::move(request), [self = shared_from_this(), &io = server->io](Response response) {
        asio::post(io, [self, response = std::move(response)]() mutable {
          if (self->phase_ == Phase::answering) self->write(std::move(response));
        });
      });
  if (!taken) write(problem(503, "busy", "too many requests wait already", "ask again in a moment"));
}

void Session::write(Response response) {
  enter(Phase::writing, options_.write_deadline);
  if (winding_down_) keep_alive_ = false;
  out_head_.clear();
  out_head_ += "HTTP/1.1 " + std::to_string(response.status) + " ";
  out_head_ += reason(response.status);
  out_head_ += "\r\nserver: kepud\r\ndate: " + date_now() + "\r\n";
  bool has_nosniff = false;
  for (const auto& [name, value] : response.headers) {
    out_head_ += name + ": " + value + "\r\n";
    has_nosniff = has_nosniff || name == "x-content-type-options";
  }
  if (!has_nosniff) out_head_ += "x-content-type-options: nosniff\r\n";
  out_body_ = response.body ? std::move(response.body) : std::make_shared<const std::string>();
  if (response.status != 304) out_head_ += "content-length: " + std::to_string(out_body_->size()) + "\r\n";
  out_head_ += keep_alive_ ? "connection: keep-alive\r\n\r\n" : "connection: close\r\n\r\n";
  if (!body_wanted_ || response.status == 304) out_body_ = std::make_shared<const std::string>();
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(out_head_), asio::buffer(*out_body_)};
  asio::async_write(socket_, buffers, [self = shared_from_this()](ErrorCode error, size_t) {
    if (self->phase_ == Phase::closed) return;
    if (error) return self->close();
    self->written();
  });
}

void Session::written() {
  out_body_.reset();
  if (!keep_alive_) {
    // What the client still sends is read past for a moment: a reset could take the answer from it.
    ErrorCode ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    enter(Phase::draining, std::chrono::milliseconds(500));
    return drain();
  }
  body_wanted_ = true;
  if (buffer_.empty()) {
    enter(Phase::idle, options_.idle_deadline);
    return read();
  }
  enter(Phase::head, options_.head_deadline);
  // Not called from here directly: a pipeline of a thousand answers from the cache must not recurse.
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    if (self->phase_ == Phase::head) self->take();
  });
}

void Session::drain() {
  socket_.async_read_some(asio::buffer(chunk_), [self = shared_from_this()](ErrorCode error, size_t) {
    if (self->phase_ == Phase::closed) return;
    if (error) return self->close();
    self->drain();
  });
}

} // namespace

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
      self->log("no connection can be accepted for now: " + error.message());
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
    }
    // Beyond the bounds a connection is closed at once; clerks' own tools over the admin socket come in.
    if (admin || (self->sessions.size() < self->options.connections &&
                  self->per_address[address] < self->options.connections_per_address)) {
      ++self->per_address[address];
      auto session = std::make_shared<Session>(self, self->io, Socket(std::move(peer)), admin, address);
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
    const auto now = std::chrono::steady_clock::now();
    const std::vector<std::shared_ptr<Session>> all(self->sessions.begin(), self->sessions.end());
    for (const auto& session : all)
      session->check_deadline(now);
    self->pool.sweep();
    self->sweep();
  });
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

Server::Server(asio::io_context& io, Options options, OpenReader open, Handler handler, FastPath fast, Log log)
    : impl_(std::make_shared<Impl>(io, std::move(options), std::move(open), std::move(handler), std::move(fast),
                                   std::move(log))) {}
Server::~Server() = default;
Result<void> Server::start() { return impl_->start(); }
uint16_t Server::port() const { return impl_->bound_port; }
void Server::stop(std::function<void()> then) { impl_->stop(std::move(then)); }

} // namespace kepu::http
