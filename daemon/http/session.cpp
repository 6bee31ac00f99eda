#include "http/session.hpp"

#include "http/answer_head.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

namespace kepu::http {
namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

constexpr size_t write_step = 256u << 10; // what a system takes at once of a large answer

SessionHost::SessionHost(asio::io_context& context, const Clock& time, RequestCounts& counted, Server::Options given,
                         Server::Calls called)
    : io(context), clock(time), counts(counted), options(std::move(given)), calls(std::move(called)),
      pool(options.read_threads, options.waiting, calls.open, calls.handle) {}

Response SessionHost::failed(std::string_view route, const std::string& what) const {
  warn("an answer of route " + std::string(route) + " failed: " + what);
  return problem(500, "internal", "the answer could not be made",
                 "ask again; if it stays so, look at the daemon's log");
}

Session::Session(std::weak_ptr<SessionHost> host, Socket socket, bool admin, std::string address)
    : host_(std::move(host)), options_(host_.lock()->options), clock_(host_.lock()->clock), socket_(std::move(socket)),
      admin_(admin), address_(std::move(address)), since_(++host_.lock()->events) {
  enter(Phase::idle, options_.idle_deadline);
}

void Session::enter(Phase phase, std::chrono::milliseconds within) {
  phase_ = phase;
  deadline_ = clock_.steady() + within;
}

void Session::begin_wait() {
  if (const auto host = host_.lock()) since_ = ++host->events;
}

void Session::check_deadline(Steady now) {
  if (now < deadline_) return;
  if (phase_ == Phase::head && !buffer_.empty())
    return refuse(problem(408, "request_timeout", "the request took too long to arrive"));
  if (phase_ == Phase::answering)
    return refuse(problem(503, "deadline", "the answer took too long", "ask for less at once"));
  close();
}

std::optional<Session::Spare> Session::spare() const {
  switch (phase_) {
  case Phase::idle:
    return Spare{asked_before_ ? Spare::Kind::idle : Spare::Kind::unasked, since_};
  case Phase::head:
    return Spare{Spare::Kind::unasked, since_};
  case Phase::draining: // the answer is out; what is still read past is a courtesy
    return Spare{Spare::Kind::drained, since_};
  case Phase::answering:
  case Phase::writing:
  case Phase::closed:
    return std::nullopt;
  }
  return std::nullopt;
}

bool Session::hears() const {
  ErrorCode error;
  return socket_.available(error) > 0;
}

void Session::wind_down() {
  winding_down_ = true;
  if (phase_ == Phase::idle) close();
}

void Session::refuse(Response response) {
  keep_alive_ = false;
  write(std::move(response));
}

void Session::close() {
  if (phase_ == Phase::closed) return;
  (void)count(503); // unless it was answered
  phase_ = Phase::closed;
  ErrorCode ignored;
  socket_.close(ignored);
  if (const auto host = host_.lock()) host->ended(shared_from_this());
}

void Session::read() {
  socket_.async_read_some(asio::buffer(chunk_), [self = shared_from_this()](ErrorCode error, size_t n) {
    if (self->phase_ != Phase::idle && self->phase_ != Phase::head) return; // refused by deadline meanwhile
    if (error) return self->close();
    if (self->phase_ == Phase::idle) {
      self->enter(Phase::head, self->options_.head_deadline);
      // A connection that never asked is as old as it is: its first byte makes it no younger.
      if (self->asked_before_) self->begin_wait();
    }
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
  const auto host = host_.lock();
  if (!host) return close();
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
  asked_ = clock_.steady();
  route_ = route_name(request.target);
  host->counts.started();
  try {
    auto known = host->calls.fast ? host->calls.fast(request) : std::nullopt;
    if (known) return write(std::move(*known));
  } catch (const std::exception& thrown) {
    return write(host->failed(route_, thrown.what()));
  }
  ask(*host, std::move(request));
}

void Session::ask(SessionHost& host, Request request) {
  const auto key = host.calls.share ? host.calls.share(request) : std::string();
  if (const auto same = host.shared.find(key); !key.empty() && same != host.shared.end())
    return same->second.push_back(weak_from_this());
  // The server outlives what its pool runs, and the context what is posted to it, if it is run.
  auto done = [weak = host_, self = weak_from_this(), route = route_, &io = host.io, key](Response response,
                                                                                          std::string failure) {
    asio::post(io, [weak, self, route, key, response = std::move(response), failure = std::move(failure)]() mutable {
      const auto of = weak.lock();
      if (!of) return;
      if (!failure.empty()) response = of->failed(route, failure);
      std::vector<std::weak_ptr<Session>> all{self};
      if (const auto same = of->shared.extract(key)) all.insert(all.end(), same.mapped().begin(), same.mapped().end());
      for (const auto& one : all) {
        const auto session = one.lock();
        if (session && session->phase_ == Phase::answering) session->write(response);
      }
    });
  };
  if (!host.pool.take(std::move(request), *asked_ + options_.query_deadline, std::move(done)))
    return write(problem(503, "busy", "too many requests wait already", "ask again in a moment"));
  if (!key.empty()) host.shared.try_emplace(key);
}

std::optional<std::chrono::microseconds> Session::count(int status) {
  const auto host = host_.lock();
  if (!asked_ || !host) return std::nullopt;
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock_.steady() - *asked_);
  host->counts.finished(route_, status, took);
  asked_.reset();
  return took;
}

void Session::write(Response response) {
  const auto took = count(response.status);
  enter(Phase::writing, options_.write_deadline);
  if (winding_down_) keep_alive_ = false;
  out_head_ = answer_head(response, keep_alive_, took);
  out_body_ = body_wanted_ && response.status != 304 && response.body ? std::move(response.body)
                                                                      : std::make_shared<const std::string>();
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(out_head_), asio::buffer(*out_body_)};
  // Every step that the client lets through begins the deadline anew.
  const auto step = [self = shared_from_this()](ErrorCode error, size_t) -> size_t {
    if (error || self->phase_ != Phase::writing) return 0;
    self->enter(Phase::writing, self->options_.write_deadline);
    return write_step;
  };
  asio::async_write(socket_, buffers, step, [self = shared_from_this()](ErrorCode error, size_t) {
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
  asked_before_ = true;
  begin_wait();
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

} // namespace kepu::http
