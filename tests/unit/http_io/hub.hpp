// A server with its own time, and clients of it by plain sockets.
#pragma once

#include "http/server.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <thread>

namespace kepu::http {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The handlers here ask it nothing but to be interrupted.
class NoReader final : public store::Reader {
public:
  explicit NoReader(std::atomic<int>& interrupts) : interrupts_(interrupts) {}
  Result<store::CommitInfo> begin() override { return store::CommitInfo{}; }
  Result<store::CommitInfo> begin_at(Instant) override { return store::CommitInfo{}; }
  Result<store::CommitInfo> begin_at_label(std::string_view) override { return store::CommitInfo{}; }
  Result<store::CommitInfo> stand_at(store::Seq) override { return store::CommitInfo{}; }
  Result<std::vector<store::CommitRow>> changes(std::string_view, store::Seq, uint32_t) override {
    return std::vector<store::CommitRow>();
  }
  void end() override {}
  Result<std::optional<model::Zone>> zone() override { return std::optional<model::Zone>{}; }
  std::shared_ptr<const model::Catalog> catalog() override { return nullptr; }
  Result<store::CommitInfo> last_change(std::string_view) override { return store::CommitInfo{}; }
  Result<std::vector<store::Series>> series(std::string_view) override { return std::vector<store::Series>{}; }
  Result<void> cells(std::span<const uint32_t>, model::Day, model::Day,
                     const std::function<void(size_t, const store::DayCell&)>&) override {
    return {};
  }
  Result<void> sets(std::span<const uint32_t>, model::Day, model::Day,
                    const std::function<void(size_t, model::Day, std::span<const uint32_t>)>&) override {
    return {};
  }
  Result<void> readings(std::string_view, std::span<const uint32_t>, model::Day,
                        const std::function<void(size_t, const store::Reading&)>&) override {
    return {};
  }
  Result<void> respondents(std::string_view, const std::function<void(const store::Respondent&)>&) override {
    return {};
  }
  Result<std::optional<std::pair<model::Day, model::Day>>> extent(std::string_view) override {
    return std::optional<std::pair<model::Day, model::Day>>{};
  }
  Result<std::vector<store::Frozen>> frozen(std::string_view) override { return std::vector<store::Frozen>{}; }
  Result<std::vector<store::GivenUp>> given_up(std::string_view) override { return std::vector<store::GivenUp>{}; }
  Result<std::vector<std::optional<store::CommitInfo>>> arrivals(const std::string&, const std::optional<std::string>&,
                                                                 const model::Zone&,
                                                                 std::span<const store::DaySpan> spans) override {
    return std::vector<std::optional<store::CommitInfo>>(spans.size());
  }
  Result<store::FigureStates> history(const store::FigureAsk&, store::Seq, uint32_t) override {
    return store::FigureStates{};
  }
  Result<store::CountedFacts> counted_facts(const store::FigureAsk&, const store::FactsAsk&,
                                            const std::function<bool(const store::CountedFact&)>&) override {
    return store::CountedFacts{};
  }
  Result<std::vector<store::CommitRow>> commits(const store::PageAsk&, bool) override {
    return std::vector<store::CommitRow>{};
  }
  Result<std::vector<store::RunRow>> runs(const store::PageAsk&) override { return std::vector<store::RunRow>{}; }
  Result<std::optional<store::RunRow>> run(uint64_t) override { return std::optional<store::RunRow>{}; }
  Result<std::optional<store::RunRow>> last_run(std::string_view) override { return std::optional<store::RunRow>{}; }
  Result<std::vector<store::RejectRow>> rejects(const store::PageAsk&) override {
    return std::vector<store::RejectRow>{};
  }
  Result<uint64_t> reject_count(const std::optional<std::string>&) override { return uint64_t{0}; }
  Result<Totals> totals() override { return Totals{}; }
  void interrupt() override { ++interrupts_; }

private:
  std::atomic<int>& interrupts_;
};

class Client {
public:
  // `window`: bytes that the kernel takes for it ahead of its reading; 0: as the kernel likes.
  explicit Client(
      uint16_t port, int window = 0, const std::function<void()>& before_it_connects = [] {})
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    before_it_connects();
    if (window) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  explicit Client(const std::filesystem::path& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    path.string().copy(to.sun_path, sizeof to.sun_path - 1);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  Client(const Client&) = delete;
  ~Client() { ::close(fd_); }

  bool connected() const { return connected_; }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return; // refused early: what the server said is read next
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  // Until the server closes; a server that does not ends the test after 20 s.
  std::string rest() {
    while (more()) {
    }
    return std::exchange(got_, {});
  }
  // One answer with its body. `head`: it has none.
  std::string answer(bool head = false) {
    size_t end;
    while ((end = got_.find("\r\n\r\n")) == std::string::npos)
      if (!more()) return std::exchange(got_, {});
    size_t size = end + 4;
    const auto length = got_.find("Content-Length: ");
    const auto lower = length == std::string::npos ? got_.find("content-length: ") : length;
    if (!head && lower < end) size += std::stoul(got_.substr(lower + 16));
    while (got_.size() < size)
      if (!more()) break;
    auto out = got_.substr(0, size);
    got_.erase(0, size);
    return out;
  }
  bool closed() { return !more() && got_.empty(); }
  // An answer or the end is there.
  bool hears() const {
    pollfd one{fd_, POLLIN, 0};
    return poll(&one, 1, 0) == 1;
  }
  // Reads past at least so much; says how much.
  size_t read_past(size_t size) {
    size_t got = 0;
    while (got < size && more())
      got += std::exchange(got_, {}).size();
    return got;
  }

private:
  bool more() {
    pollfd one{fd_, POLLIN, 0};
    if (poll(&one, 1, 20'000) != 1) {
      ADD_FAILURE() << "the server neither answers nor closes";
      return false;
    }
    char part[65536];
    const auto n = recv(fd_, part, sizeof part, 0);
    if (n <= 0) return false;
    got_.append(part, static_cast<size_t>(n));
    return true;
  }
  int fd_;
  bool connected_ = false;
  std::string got_;
};

// A server on its own thread, whose time passes only when a test says so. Answers with method, target and admin.
struct Hub {
  using FastPath = std::function<std::optional<Response>(const Request&)>;
  explicit Hub(
      Server::Options options = {}, Server::Handler handler = echo, FastPath fast = {},
      std::function<void(const std::string&)> warned = [](const std::string&) {},
      std::function<std::string(const Request&)> share = {}) {
    if (!options.port && options.admin_socket.empty()) options.port = 0;
    Server::Calls calls;
    calls.open = [this]() -> Result<std::unique_ptr<store::Reader>> {
      if (no_reader) return fail("store", "the store is away");
      return std::unique_ptr<store::Reader>(std::make_unique<NoReader>(interrupts));
    };
    calls.handle = std::move(handler);
    calls.fast = std::move(fast);
    calls.share = std::move(share);
    calls.warn = [this, warned = std::move(warned)](const std::string& text) {
      log.push_back(text);
      warned(text);
    };
    server.emplace(io, clock, counts, std::move(options), std::move(calls));
    started = server->start();
    thread = std::thread([this] { io.run(); });
  }
  ~Hub() {
    if (!stopped) stop().wait();
    io.stop();
    if (thread.joinable()) thread.join();
    server.reset();
  }
  std::future<void> stop() {
    stopped = true;
    auto done = std::make_shared<std::promise<void>>();
    boost::asio::post(io, [this, done] { server->stop([done] { done->set_value(); }); });
    return done->get_future();
  }
  // Runs f on the server's thread and waits for it.
  template <class F> void on_io(F f) {
    std::promise<void> done;
    boost::asio::post(io, [&] {
      f();
      done.set_value();
    });
    done.get_future().wait();
  }
  void passes(std::chrono::microseconds time) {
    on_io([&] {
      clock.advance(time);
      server->check_deadlines();
    });
  }
  std::vector<std::string> logged() {
    std::vector<std::string> out;
    on_io([&] { out = log; });
    return out;
  }
  uint16_t port() const { return server->port(); }

  static Response text(std::string body) {
    return {200, {{"content-type", "text/plain"}}, std::make_shared<const std::string>(std::move(body))};
  }
  static Response echo(const Request& request, store::Reader&) {
    return text("<" + request.method + " " + request.target + (request.admin ? " admin" : "") +
                (request.has_body ? " body" : "") + ">");
  }

  boost::asio::io_context io;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{io.get_executor()};
  FakeClock clock{Instant{}};
  RequestCounts counts;
  std::vector<std::string> log; // on the server's thread
  std::atomic<int> interrupts{0};
  std::optional<Server> server;
  std::atomic<bool> no_reader{false};
  Result<void> started;
  bool stopped = false;
  std::thread thread;
};

inline std::string get(std::string_view target, std::string_view more = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: hub\r\n" + std::string(more) + "\r\n";
}
inline std::string post(std::string_view more, std::string_view body = "") {
  return "POST /x HTTP/1.1\r\nHost: hub\r\n" + std::string(more) + "\r\n" + std::string(body);
}

// The answer to a connection that is one too many.
inline const auto turned_away = testing::AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("retry-after: "),
                                               HasSubstr("application/problem+json"), HasSubstr("connection: close"));

} // namespace kepu::http
