#include "supervisor/link.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace kepu::supervisor {
namespace {

using boost::asio::posix::stream_descriptor;

constexpr size_t bytes_in_a_turn = 1u << 20; // then the other workers have their turn
constexpr size_t pipe_bytes = 16u << 10;
constexpr size_t last_words_bytes = 64u << 10;          // what a pipe holds, read after the end
constexpr size_t unread_limit = 8u << 20;               // twice what CONFIGURE and any honest number of ACKs take
constexpr auto after_closing = std::chrono::seconds(1); // a worker that closed its end is about to end itself

} // namespace

Link::Link(std::shared_ptr<Surroundings> around, Process::Launched launched, Output& output, Handlers handlers)
    : around_(std::move(around)), process_(std::move(launched.process)), output_(output),
      handlers_(std::move(handlers)), socket_(around_->io, launched.ends.socket.release()),
      pause_(around_->io), out_{stream_descriptor(around_->io, launched.ends.out.release()),
                                boost::asio::steady_timer(around_->io),
                                settings::LogLevel::info,
                                {}},
      err_{stream_descriptor(around_->io, launched.ends.err.release()),
           boost::asio::steady_timer(around_->io),
           settings::LogLevel::warning,
           {}} {}

Result<std::shared_ptr<Link>> Link::start(std::shared_ptr<Surroundings> around, const Launch& launch, Output& output,
                                          Handlers handlers) {
  auto launched = Process::launch(around->io, launch);
  if (!launched) return launched.error();
  std::shared_ptr<Link> link(new Link(std::move(around), std::move(*launched), output, std::move(handlers)));
  link->begin();
  return link;
}

void Link::begin() {
  ++around_->workers;
  process_->watch([self = shared_from_this()](Exit exit) { self->on_exit(exit); });
  wait_readable();
  wait_pipe(out_);
  wait_pipe(err_);
}

void Link::wait_readable() {
  if (waiting_ || held_ || deaf_ || over_) return;
  waiting_ = true;
  if (const auto until = output_.hold_until()) {
    pause_.expires_after(*until - around_->clock.steady());
    pause_.async_wait([weak = weak_from_this()](const boost::system::error_code&) {
      if (const auto self = weak.lock()) {
        self->waiting_ = false;
        self->read_frames();
      }
    });
    return;
  }
  socket_.async_wait(stream_descriptor::wait_read, [weak = weak_from_this()](const boost::system::error_code& ec) {
    const auto self = weak.lock();
    if (!self) return;
    self->waiting_ = false;
    if (!ec) self->read_frames();
  });
}

void Link::read_frames() {
  const auto self = shared_from_this(); // a handler may let go of us
  size_t in_turn = 0;
  while (!held_ && !deaf_ && !over_ && in_turn < bytes_in_a_turn && !output_.hold_until()) {
    size_t got = 0;
    if (!read_once(got)) break;
    in_turn += got;
  }
  wait_readable();
}

// Straight into the payload that is being read, and what follows it into the scratch.
bool Link::read_once(size_t& got) {
  std::array<iovec, 2> parts{};
  size_t n = 0;
  const size_t wanted = header_ ? payload_.size() - have_ : 0;
  if (wanted > 0) parts[n++] = {payload_.data() + have_, wanted};
  parts[n++] = {around_->scratch.data(), around_->scratch.size()};
  const auto count = ::readv(socket_.native_handle(), parts.data(), static_cast<int>(n));
  if (count < 0) {
    if (errno == EINTR) return true;
    if (errno != EAGAIN && errno != EWOULDBLOCK) closed_by_worker(); // it went away with our frames unread
    return false;
  }
  if (count == 0) {
    closed_by_worker();
    return false;
  }
  got = static_cast<size_t>(count);
  const auto direct = std::min(wanted, got);
  have_ += direct;
  if (header_ && have_ == payload_.size()) deliver();
  if (got > direct) take({around_->scratch.data(), got - direct});
  return true;
}

void Link::take(std::string_view bytes) {
  while (!bytes.empty() && !deaf_) {
    if (!header_) {
      const auto more = std::min(bytes.size(), wire::header_bytes - head_.size());
      head_.append(bytes.substr(0, more));
      bytes.remove_prefix(more);
      if (head_.size() < wire::header_bytes) return;
      const auto header = wire::decode_header(head_);
      head_.clear();
      if (!header) {
        break_off({header.error().text, header.error().text});
        return;
      }
      header_ = *header;
      payload_.resize(header->size);
      have_ = 0;
    }
    const auto more = std::min(bytes.size(), payload_.size() - have_);
    std::memcpy(payload_.data() + have_, bytes.data(), more);
    have_ += more;
    bytes.remove_prefix(more);
    if (have_ == payload_.size()) deliver();
  }
}

void Link::deliver() {
  const auto header = *header_;
  header_.reset();
  if (!handlers_.frame(header, std::exchange(payload_, {}))) held_ = true;
}

void Link::break_off(Sentence why) {
  if (deaf_) return;
  deaf_ = true;
  handlers_.broken(std::move(why));
}

void Link::closed_by_worker() {
  if (over_ || deaf_) return;
  waiting_ = true;
  pause_.expires_after(after_closing);
  pause_.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    const auto self = weak.lock();
    if (ec || !self || self->over_) return;
    self->break_off({"it closed its connection and went on", "它关闭了连接却继续运行"});
  });
}

void Link::send(std::string_view frames) {
  if (over_) return;
  to_write_.append(frames);
  if (to_write_.size() - written_ > unread_limit) {
    break_off({"it does not read what it is sent", "它不读取发给它的内容"});
    return;
  }
  if (!writing_) write_some();
}

void Link::write_some() {
  while (written_ < to_write_.size() && !over_) {
    const auto n = ::send(socket_.native_handle(), to_write_.data() + written_, to_write_.size() - written_,
                          MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n >= 0) {
      written_ += static_cast<size_t>(n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait_writable();
      return;
    } else if (errno != EINTR) {
      break; // it closed its end; its exit or our deadline says the rest
    }
  }
  to_write_.clear();
  written_ = 0;
}

void Link::wait_writable() {
  writing_ = true;
  socket_.async_wait(stream_descriptor::wait_write, [weak = weak_from_this()](const boost::system::error_code& ec) {
    const auto self = weak.lock();
    if (!self) return;
    self->writing_ = false;
    if (!ec) self->write_some();
  });
}

void Link::resume() {
  held_ = false;
  wait_readable();
}

void Link::stop_reading() { deaf_ = true; }

void Link::signal(int number) { process_->signal_group(number); }

void Link::wait_pipe(Pipe& pipe) {
  if (over_) return;
  if (const auto until = output_.hold_until()) {
    pipe.pause.expires_after(*until - around_->clock.steady());
    pipe.pause.async_wait([weak = weak_from_this(), &pipe](const boost::system::error_code&) {
      if (const auto self = weak.lock()) self->read_pipe(pipe);
    });
    return;
  }
  pipe.end.async_wait(stream_descriptor::wait_read,
                      [weak = weak_from_this(), &pipe](const boost::system::error_code& ec) {
                        if (const auto self = weak.lock(); self && !ec) self->read_pipe(pipe);
                      });
}

void Link::read_pipe(Pipe& pipe) {
  if (over_) return;
  std::array<char, pipe_bytes> bytes;
  const auto n = ::read(pipe.end.native_handle(), bytes.data(), bytes.size());
  if (n > 0)
    pipe.lines.feed({bytes.data(), static_cast<size_t>(n)},
                    [&](std::string_view line) { output_.line(pipe.level, line); });
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) return; // closed
  wait_pipe(pipe);
}

void Link::on_exit(Exit exit) {
  // All that it sent is in the socket now: little, and taken even while the taker is busy.
  size_t got = 0;
  while (!deaf_ && read_once(got)) {
  }
  for (Pipe* pipe : {&out_, &err_}) {
    const auto log = [&](std::string_view line) { output_.line(pipe->level, line); };
    std::array<char, pipe_bytes> bytes;
    for (size_t all = 0; all < last_words_bytes;) {
      const auto n = ::read(pipe->end.native_handle(), bytes.data(), bytes.size());
      if (n <= 0) break;
      pipe->lines.feed({bytes.data(), static_cast<size_t>(n)}, log);
      all += static_cast<size_t>(n);
    }
    pipe->lines.finish(log);
  }
  output_.report_left_out();
  over_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
  out_.end.close(ignored);
  err_.end.close(ignored);
  pause_.cancel();
  out_.pause.cancel();
  err_.pause.cancel();
  const auto handlers = std::exchange(handlers_, {});
  handlers.exited(exit);
  --around_->workers;
  around_->worker_gone();
}

} // namespace kepu::supervisor
