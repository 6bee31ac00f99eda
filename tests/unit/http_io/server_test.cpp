#include "http/listeners.hpp"
#include "http/server.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <thread>

namespace kepu::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The handlers here ask it nothing but to be interrupted.
class NoReader final : public store::Reader {
public:
  explicit NoReader(std::atomic<int>& interrupts) : interrupts_(interrupts) {}
  Result<store::CommitInfo> begin() override { return store::CommitInfo{}; }
  void end() override {}
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
  Result<std::optional<std::pair<model::Day, model::Day>>> extent(std::string_view) override {
    return std::optional<std::pair<model::Day, model::Day>>{};
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
      std::function<void(const std::string&)> warned = [](const std::string&) {}) {
    if (!options.port && options.admin_socket.empty()) options.port = 0;
    Server::Calls calls;
    calls.open = [this]() -> Result<std::unique_ptr<store::Reader>> {
      if (no_reader) return fail("store", "the store is away");
      return std::unique_ptr<store::Reader>(std::make_unique<NoReader>(interrupts));
    };
    calls.handle = std::move(handler);
    calls.fast = std::move(fast);
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

struct Raw {
  std::string bytes;
  int status;
  bool closes; // by the server, on its own
};

std::string get(std::string_view target, std::string_view more = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: hub\r\n" + std::string(more) + "\r\n";
}
std::string post(std::string_view more, std::string_view body = "") {
  return "POST /x HTTP/1.1\r\nHost: hub\r\n" + std::string(more) + "\r\n" + std::string(body);
}

std::vector<Raw> table() {
  using namespace std::string_literals;
  std::vector<Raw> all{
      {get("/"), 200, false},
      {get("/a?b=c%20d"), 200, false},
      {get("/", "Connection: close\r\n"), 200, true},
      {get("/", "connection: Keep-Alive, CLOSE\r\n"), 200, true},
      {get("/", "Connection: closed, disclose\r\n"), 200, false},
      {get("/", "Connection: x,\tClose\t,\r\n"), 200, true},
      {get("/", "Connection: x\r\nConnection: close\r\n"), 200, true},
      {"GET / HTTP/1.0\r\nConnection: not-keep-alive\r\n\r\n", 200, true},
      {get("http://hub/"), 200, false},
      {get("HTTP://hub:80/a?b=http://c"), 200, false},
      {get("http://[::1]?a"), 200, false},
      {get("http:///"), 400, true},
      {get("http://a@hub/"), 400, true},
      {get("http://hub/#a"), 400, true},
      {get("https://hub/"), 400, true},
      {get("hub/"), 400, true},
      {"GET http://hub/ HTTP/1.1\r\n\r\n", 400, true},
      {"GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", 200, true},
      {get("/", "Expect: 100-continue\r\n"), 417, true},
      {post("Content-Length: 3\r\nExpect: 100-continue\r\n"), 417, true},
      {post("Content-Length: 3\r\nExpect: tea\r\n"), 417, true},
      {get("/", "Upgrade: h2c\r\nConnection: Upgrade\r\n"), 200, false},
      {get("/", "Content-Length: 0\r\n"), 200, false},
      {get("/", "X:\r\n"), 200, false},
      {get("/", "X: \xe4\xb8\xad\r\n"), 200, false},
      {"\r\n" + get("/"), 200, false},
      {"\r\n\r\n\r\n" + get("/"), 200, false},
      {"\n" + get("/"), 400, true},
      {"GET / HTTP/1.0\r\n\r\n", 200, true},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, false},
      {"GET / HTTP/1.1\r\nhOST:hub:8080\r\n\r\n", 200, false},
      {"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200, false},
      {"HEAD / HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n", 200, true},
      {post("Content-Length: 3\r\n", "abc"), 200, false},
      {"DELETE /x HTTP/1.1\r\nHost: hub\r\n\r\n", 200, false},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, true},
      {"GET / HTTP/2.0\r\nHost: hub\r\n\r\n", 505, true},
      {"GET / HTTP/0.9\r\n\r\n", 505, true},
      {"GET / HTTP/1.2\r\nHost: hub\r\n\r\n", 505, true},
      {"GET /\r\n\r\n", 400, true},
      {"GET / http/1.1\r\nHost: hub\r\n\r\n", 400, true},
      {"GET / HTTP/x.y\r\nHost: hub\r\n\r\n", 400, true},
      {"GET / HTTP/11\r\nHost: hub\r\n\r\n", 400, true},
      {"GET  / HTTP/1.1\r\nHost: hub\r\n\r\n", 400, true},
      {"GET / HTTP/1.1 \r\nHost: hub\r\n\r\n", 400, true},
      {" GET / HTTP/1.1\r\nHost: hub\r\n\r\n", 400, true},
      {"G(T / HTTP/1.1\r\nHost: hub\r\n\r\n", 400, true},
      {"\x16\x03\x01 hello\r\n\r\n", 400, true},
      {"BREW / HTTP/1.1\r\nHost: hub\r\n\r\n", 501, true},
      {"get / HTTP/1.1\r\nHost: hub\r\n\r\n", 501, true},
      {"OPTIONS * HTTP/1.1\r\nHost: hub\r\n\r\n", 400, true},
      {"CONNECT hub:80 HTTP/1.1\r\nHost: hub\r\n\r\n", 400, true},
      {get("x"), 400, true},
      {get("/a b"), 400, true},
      {get("/#a"), 400, true},
      {get("/\xe4\xb8\xad"), 400, true},
      {get("/\x01"), 400, true},
      {get("/\x7f"), 400, true},
      {get("/\0"s), 400, true},
      {"GET / HTTP/1.1\nHost: hub\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\nHost: hub\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\nHost: hub\r\nX: a\rb\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, true},
      {"GET / HTTP/1.1\r\nHost: hub:x\r\n\r\n", 400, true},
      {get("/", "X : a\r\n"), 400, true},
      {get("/", "X\r\n"), 400, true},
      {get("/", ": a\r\n"), 400, true},
      {get("/", "X: a\r\n b\r\n"), 400, true},
      {get("/", "X: a\r\n\tb\r\n"), 400, true},
      {get("/", "X: \x01\r\n"), 400, true},
      {get("/", "X: \0\r\n"s), 400, true},
      {get("/", "Content-Length: 3\r\n") + "abc", 400, true},
      {get("/", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", 411, true},
      {post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400, true},
      {post("Content-Length: 3, 3\r\n", "abc"), 400, true},
      {post("Content-Length: +3\r\n", "abc"), 400, true},
      {post("Content-Length: -3\r\n", "abc"), 400, true},
      {post("Content-Length: 0x3\r\n", "abc"), 400, true},
      {post("Content-Length:\r\n"), 400, true},
      {post("Content-Length: 65537\r\n"), 413, true},
      {post("Content-Length: 99999999999999999999999\r\n"), 413, true},
      {post("Transfer-Encoding: Chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"), 411, true},
      {post("Transfer-Encoding: gzip, chunked\r\n"), 501, true},
      {post("Transfer-Encoding: chunked, gzip\r\n"), 400, true},
      {post("Transfer-Encoding:\r\n"), 400, true},
      {post("Transfer-Encoding: identity\r\n"), 400, true},
      {post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400, true},
      {post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"), 400, true},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, true},
      {get("/" + std::string(8192, 'a')), 414, true},
      {"GET /" + std::string(20000, 'a'), 414, true},
      {get("/", "X: " + std::string(17000, 'a') + "\r\n"), 431, true},
  };
  return all;
}

void expect(const Raw& raw, const std::string& got) {
  EXPECT_THAT(got, StartsWith("HTTP/1.1 " + std::to_string(raw.status) + " "))
      << testing::PrintToString(raw.bytes.substr(0, 90));
  if (raw.status >= 400) {
    EXPECT_THAT(got, HasSubstr("application/problem+json")) << testing::PrintToString(raw.bytes.substr(0, 90));
  }
}

TEST(HttpServer, AnswersOrRefusesEveryRequestOfTheTable) {
  Hub hub;
  for (const auto& raw : table()) {
    Client client(hub.port());
    client.send(raw.bytes);
    if (raw.closes) {
      expect(raw, client.rest());
      continue;
    }
    expect(raw, client.answer());
    client.send(get("/still-here", "Connection: close\r\n"));
    EXPECT_THAT(client.rest(), HasSubstr("<GET /still-here>")) << raw.bytes;
  }
}

TEST(HttpServer, SaysTheSameHoweverTheBytesAreSplit) {
  Hub hub;
  for (const auto& raw : table()) {
    if (raw.bytes.size() > 80) continue;
    for (size_t at = 1; at < raw.bytes.size(); ++at) {
      Client client(hub.port());
      client.send(raw.bytes.substr(0, at));
      client.send(raw.bytes.substr(at));
      expect(raw, raw.closes ? client.rest() : client.answer());
    }
  }
}

TEST(HttpServer, BoundsAHeadAtTheSameByteHoweverTheBytesAreSplit) {
  Hub hub;
  const auto head_of = [](size_t size) {
    return get("/", "X: " + std::string(size - get("/", "X: \r\n").size(), 'a') + "\r\n");
  };
  for (const auto& [size, status] : {std::pair(16384, "200"), std::pair(16385, "431")}) {
    for (size_t from_end = 0; from_end < 8; ++from_end) {
      Client client(hub.port());
      const auto head = head_of(static_cast<size_t>(size));
      client.send(head.substr(0, head.size() - from_end));
      client.send(head.substr(head.size() - from_end));
      EXPECT_THAT(client.answer(), StartsWith(std::string("HTTP/1.1 ") + status)) << size << " " << from_end;
    }
  }
}

TEST(HttpServer, AnswersPipelinedRequestsInTheirOrder) {
  // Every other one is answered without a reader, so it is done before the one ahead of it could be.
  Hub hub({}, Hub::echo, [](const Request& request) -> std::optional<Response> {
    if (request.target.back() % 2) return Hub::text("<fast " + request.target + ">");
    return std::nullopt;
  });
  Client client(hub.port());
  std::string all;
  for (int i = 0; i < 200; ++i)
    all += get("/" + std::to_string(i));
  client.send(all);
  for (int i = 0; i < 200; ++i)
    EXPECT_THAT(client.answer(), HasSubstr(" /" + std::to_string(i) + ">"));
}

TEST(HttpServer, ReadsPastABodyToTheNextRequest) {
  Hub hub;
  Client client(hub.port());
  client.send(post("Content-Length: 32\r\n", "GET /smuggled HTTP/1.1\r\nHost: h\r\n").substr(0) + get("/next"));
  EXPECT_THAT(client.answer(), HasSubstr("<POST /x body>"));
}

TEST(HttpServer, TakesAWholeUriForItsPathAndQuery) {
  Hub hub;
  Client client(hub.port());
  client.send(get("http://hub:8080/a?b=c") + get("http://hub") + get("http://hub?b"));
  EXPECT_THAT(client.answer(), HasSubstr("<GET /a?b=c>"));
  EXPECT_THAT(client.answer(), HasSubstr("<GET />"));
  EXPECT_THAT(client.answer(), HasSubstr("<GET /?b>"));
}

TEST(HttpServer, AnswersHeadWithTheHeaderOfGetAlone) {
  Hub hub;
  Client client(hub.port());
  client.send("HEAD /a HTTP/1.1\r\nHost: hub\r\n\r\n" + get("/b"));
  const auto head = client.answer(true);
  EXPECT_THAT(head, HasSubstr("ength: 8\r\n")); // <GET /a>
  EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 200 "));
}

TEST(HttpServer, SaysWhoAnswersAndThatTypesAreNotGuessed) {
  Hub hub;
  Client client(hub.port());
  client.send(get("/"));
  auto got = client.answer();
  std::transform(got.begin(), got.end(), got.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  EXPECT_THAT(got, HasSubstr("\r\nserver: kepud\r\n"));
  EXPECT_THAT(got, HasSubstr("\r\nx-content-type-options: nosniff\r\n"));
  EXPECT_THAT(got, HasSubstr(" gmt\r\n"));
}

TEST(HttpServer, ClosesAClientThatSendsItsHeaderByteByByte) {
  Server::Options options;
  options.idle_deadline = 24h;
  Hub hub(options);
  Client client(hub.port());
  client.send("GET / HTTP/1.1\r\nX: ");
  for (int i = 0; i < 10'000 && !client.hears(); ++i) {
    client.send("a");
    hub.passes(1s);
  }
  EXPECT_THAT(client.rest(), StartsWith("HTTP/1.1 408 "));
}

TEST(HttpServer, ClosesAnIdleConnectionWithoutAWord) {
  Hub hub;
  Client client(hub.port());
  client.send(get("/"));
  EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 200 "));
  for (int i = 0; i < 10'000 && !client.hears(); ++i)
    hub.passes(1s);
  EXPECT_TRUE(client.closed());
}

TEST(HttpServer, ClosesAClientThatDoesNotReadItsAnswer) {
  std::promise<std::weak_ptr<const std::string>> asked;
  Hub hub({}, Hub::echo, [&](const Request&) {
    auto large = Hub::text(std::string(64u << 20, 'a'));
    asked.set_value(large.body);
    return std::optional(std::move(large));
  });
  Client client(hub.port());
  client.send(get("/"));
  const auto body = asked.get_future().get();
  for (int i = 0; i < 10'000 && !body.expired(); ++i)
    hub.passes(31s);
  EXPECT_LT(client.rest().size(), 64u << 20);
}

TEST(HttpServer, GivesALargeAnswerToAClientThatTakesItSlowly) {
  constexpr size_t size = 32u << 20;
  Hub hub({}, Hub::echo, [](const Request&) { return std::optional(Hub::text(std::string(size, 'a'))); });
  Client client(hub.port(), 64 << 10);
  client.send(get("/", "Connection: close\r\n"));
  // Each time more than what the kernel holds for both sides, so the server has come on since the last.
  constexpr size_t part = 4u << 20;
  size_t got = 0;
  for (size_t n = part; n >= part && got + part < size; got += n) {
    n = client.read_past(part);
    hub.passes(29s);
  }
  EXPECT_GT(got + client.rest().size(), size);
  EXPECT_THAT(hub.counts.text(), HasSubstr("status=\"2xx\"} 1"));
}

TEST(HttpServer, InterruptsAQuestionThatTakesTooLong) {
  std::promise<std::atomic<int>*> interrupts;
  std::promise<void> asked;
  Hub hub({}, [&, counted = interrupts.get_future().share()](const Request&, store::Reader&) {
    asked.set_value();
    while (*counted.get() == 0)
      std::this_thread::yield();
    return problem(503, "deadline", "too late");
  });
  interrupts.set_value(&hub.interrupts);
  Client client(hub.port());
  client.send(get("/"));
  asked.get_future().wait();
  hub.passes(9s);
  EXPECT_EQ(hub.interrupts, 0);
  hub.passes(1s);
  EXPECT_THAT(client.answer(), HasSubstr("too late"));
}

// One thread, which is held up by the first question; `second` has come in too.
struct HeldUp {
  HeldUp() {
    first.send(get("/1"));
    begun.get_future().wait();
    second.send(get("/2"));
    queued.get_future().wait();
  }
  ~HeldUp() { go.set_value(); }
  static Server::Options one_thread() {
    Server::Options options;
    options.read_threads = 1;
    return options;
  }
  std::promise<void> begun, queued, go;
  Hub hub{one_thread(),
          [this, gate = go.get_future().share(), first = true](const Request& request, store::Reader& reader) mutable {
            if (std::exchange(first, false)) begun.set_value();
            gate.wait();
            return Hub::echo(request, reader);
          },
          [this](const Request& request) -> std::optional<Response> {
            if (request.target == "/2") queued.set_value();
            return std::nullopt;
          }};
  Client first{hub.port()};
  Client second{hub.port()};
};

TEST(HttpServer, CountsTheWaitForAThreadAsPartOfAQuestionsTime) {
  HeldUp held;
  held.hub.passes(9s);
  EXPECT_FALSE(held.second.hears());
  held.hub.passes(1s);
  EXPECT_THAT(held.second.answer(), testing::AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("\"code\":\"deadline\"")));
}

TEST(HttpServer, AnswersAlsoWhenAQuestionCannotBeInterrupted) {
  HeldUp held;
  held.hub.passes(40s);
  EXPECT_THAT(held.first.rest(), testing::AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("\"code\":\"deadline\"")));
}

TEST(HttpServer, SaysBusyWhenTooManyRequestsWait) {
  Server::Options options;
  options.read_threads = 1;
  options.waiting = 1;
  std::promise<void> go;
  const auto gate = go.get_future().share();
  Hub hub(options, [gate](const Request& request, store::Reader& reader) {
    gate.wait();
    return Hub::echo(request, reader);
  });
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<Client>(hub.port()));
    clients.back()->send(get("/"));
  }
  // One is answered, one waits; whichever is third is told at once. The order is the kernel's affair.
  Client last(hub.port());
  last.send(get("/"));
  EXPECT_THAT(last.answer(), testing::AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("retry-after")));
  go.set_value();
}

TEST(HttpServer, AnswersNotReadyWhileTheStoreCannotBeOpened) {
  Hub hub;
  hub.no_reader = true;
  Client client(hub.port());
  client.send(get("/"));
  EXPECT_THAT(client.answer(), testing::AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("the store is away")));
  hub.no_reader = false;
  client.send(get("/"));
  EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 200 "));
}

TEST(HttpServer, AnswersInternalWhenAHandlerThrowsAndLogsWhatAndWhere) {
  Hub hub({}, [](const Request&, store::Reader&) -> Response { throw std::runtime_error("secret"); });
  Client client(hub.port());
  client.send(get("/api/v1/runs?limit=1"));
  EXPECT_THAT(client.answer(), testing::AllOf(StartsWith("HTTP/1.1 500 "), testing::Not(HasSubstr("secret"))));
  EXPECT_THAT(hub.logged(), testing::ElementsAre("an answer of route runs failed: secret"));
}

TEST(HttpServer, AnswersInternalWhenTheFastPathThrows) {
  Hub hub({}, Hub::echo, [](const Request&) -> std::optional<Response> { throw std::runtime_error("secret"); });
  Client client(hub.port());
  client.send(get("/healthz"));
  EXPECT_THAT(client.answer(), testing::AllOf(StartsWith("HTTP/1.1 500 "), testing::Not(HasSubstr("secret"))));
  EXPECT_THAT(hub.logged(), testing::ElementsAre("an answer of route healthz failed: secret"));
}

TEST(HttpServer, CountsEveryAnswerWhoeverGaveIt) {
  Hub hub({}, Hub::echo, [](const Request& request) -> std::optional<Response> {
    if (request.target == "/healthz") return Hub::text("known");
    return std::nullopt;
  });
  Client client(hub.port());
  for (const auto* target : {"/healthz", "/healthz", "/readyz"}) {
    client.send(get(target));
    client.answer();
  }
  EXPECT_THAT(hub.counts.text(), HasSubstr("kepu_http_requests_total{route=\"healthz\",status=\"2xx\"} 2\n"));
  EXPECT_THAT(hub.counts.text(), HasSubstr("kepu_http_requests_total{route=\"readyz\",status=\"2xx\"} 1\n"));
  EXPECT_EQ(hub.counts.in_flight(), 0);
}

const auto turned_away = testing::AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("retry-after: "),
                                        HasSubstr("application/problem+json"), HasSubstr("connection: close"));

TEST(HttpServer, GivesOneAddressItsShareOfConnections) {
  Server::Options options;
  options.connections_per_address = 2;
  Hub hub(options);
  Client one(hub.port()), two(hub.port());
  one.send(get("/"));
  two.send(get("/"));
  one.answer();
  two.answer();
  EXPECT_THAT(Client(hub.port()).rest(), turned_away);
  one.send(get("/again"));
  EXPECT_THAT(one.answer(), HasSubstr("/again"));
}

TEST(HttpServer, TellsAClientTooManyThatItIsOneBeforeItAsks) {
  Server::Options options;
  options.connections = 1;
  Hub hub(options);
  {
    Client one(hub.port());
    one.send(get("/"));
    one.answer();
    EXPECT_THAT(Client(hub.port()).rest(), turned_away);
    one.send(get("/", "Connection: close\r\n"));
    one.rest();
  }
  // The place is free again, if not at the same moment.
  std::string got;
  for (int i = 0; i < 10'000 && !got.starts_with("HTTP/1.1 200 "); ++i) {
    Client next(hub.port());
    next.send(get("/", "Connection: close\r\n"));
    got = next.rest();
  }
  EXPECT_THAT(got, StartsWith("HTTP/1.1 200 "));
}

TEST(HttpServer, SaysOnceThatDescriptorsHaveRunOutAndOnceThatTheyAreBack) {
  Server::Options options;
  options.accept_pause = 1ms;
  std::promise<void> told;
  Hub hub(options, Hub::echo, {}, [&, first = true](const std::string&) mutable {
    if (std::exchange(first, false)) told.set_value();
  });
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  Client client(hub.port(), 0, [&] {
    const rlimit none{3, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  });
  client.send(get("/"));
  told.get_future().wait();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(hub.logged(),
              testing::ElementsAre(HasSubstr("no connection can be accepted"), HasSubstr("accepted again")));
}

TEST(Trouble, IsToldWhenItBeginsAndCountedWhenItEnds) {
  Trouble trouble;
  EXPECT_EQ(trouble.succeeded(), std::nullopt);
  EXPECT_THAT(trouble.failed("Too many open files"), testing::Optional(HasSubstr("Too many open files")));
  EXPECT_EQ(trouble.failed("Too many open files"), std::nullopt);
  EXPECT_EQ(trouble.failed("Too many open files"), std::nullopt);
  EXPECT_THAT(trouble.succeeded(), testing::Optional(HasSubstr("after 3 failed attempts")));
  EXPECT_EQ(trouble.succeeded(), std::nullopt);
  EXPECT_NE(trouble.failed("again"), std::nullopt);
}

TEST(HttpServer, LetsAnAnswerInFlightEndWhenItStops) {
  std::promise<void> asked, go;
  Hub hub({}, [&](const Request& request, store::Reader& reader) {
    asked.set_value();
    go.get_future().wait();
    return Hub::echo(request, reader);
  });
  Client idle(hub.port());
  Client client(hub.port());
  client.send(get("/last"));
  asked.get_future().wait();
  auto done = hub.stop();
  EXPECT_TRUE(idle.closed());
  EXPECT_FALSE(Client(hub.port()).connected());
  go.set_value();
  EXPECT_THAT(client.rest(), testing::AllOf(HasSubstr("<GET /last>"), HasSubstr("lose\r\n")));
  EXPECT_EQ(done.wait_for(20s), std::future_status::ready);
}

// Asked a question that ends only when it is interrupted.
struct Stuck {
  Stuck() {
    client.send(get("/"));
    asked.get_future().wait();
    waiting.send(get("/"));
    queued.get_future().wait();
    hub.stopped = true; // it is not asked to
  }
  static Server::Options one_thread() {
    Server::Options options;
    options.read_threads = 1;
    return options;
  }
  std::promise<void> asked, queued;
  Hub hub{one_thread(),
          [this](const Request& request, store::Reader& reader) {
            asked.set_value();
            while (hub.interrupts == 0)
              std::this_thread::yield();
            return Hub::echo(request, reader);
          },
          [this, n = 0](const Request&) mutable -> std::optional<Response> {
            if (++n == 2) queued.set_value();
            return std::nullopt;
          }};
  Client client{hub.port()};
  Client waiting{hub.port()};
};

TEST(HttpServer, LeavesNothingBehindWhenItIsDestroyedWithoutAStop) {
  Stuck stuck;
  stuck.hub.on_io([&] { stuck.hub.server.reset(); });
  EXPECT_TRUE(stuck.client.closed());
  EXPECT_TRUE(stuck.waiting.closed());
  stuck.hub.guard.reset();
  stuck.hub.thread.join(); // there is nothing more to do
}

TEST(HttpServer, IsDestroyedAtOnceAlsoWhenItsThreadRunsNoMore) {
  Stuck stuck;
  stuck.hub.io.stop();
  stuck.hub.thread.join();
  stuck.hub.server.reset();
  EXPECT_TRUE(stuck.client.closed());
  EXPECT_TRUE(stuck.waiting.closed());
}

TEST(HttpServer, NamesThePortThatIsInUse) {
  Hub first;
  Server::Options options;
  options.port = first.port();
  Hub second(options);
  ASSERT_FALSE(second.started);
  EXPECT_THAT(second.started.error().text, HasSubstr(std::to_string(first.port())));
}

class AdminSocket : public testing::Test {
protected:
  // Of another program, at the admin socket's path.
  int bound(int kind) const {
    const int fd = socket(AF_UNIX, kind, 0);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    options.admin_socket.string().copy(at.sun_path, sizeof at.sun_path - 1);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    return fd;
  }
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "http_io_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder = name;
    options.admin_socket = folder / "admin.sock";
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  std::filesystem::path folder;
  Server::Options options;
};

TEST_F(AdminSocket, IsItsOwnersAloneAndGoesWhenTheServerStops) {
  {
    Hub hub(options);
    ASSERT_TRUE(hub.started);
    struct stat found {};
    ASSERT_EQ(stat(options.admin_socket.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600u);
    Client client(options.admin_socket);
    client.send(post(""));
    EXPECT_THAT(client.answer(), HasSubstr("<POST /x admin>"));
  }
  EXPECT_FALSE(std::filesystem::exists(options.admin_socket));
}

TEST_F(AdminSocket, ReplacesTheFileThatACrashLeft) {
  ::close(bound(SOCK_STREAM));
  Hub hub(options);
  ASSERT_TRUE(hub.started) << hub.started.error().text;
  EXPECT_TRUE(Client(options.admin_socket).connected());
}

TEST_F(AdminSocket, LeavesAServerThatListensThereAlone) {
  Hub first(options);
  {
    Hub second(options);
    EXPECT_FALSE(second.started);
  }
  EXPECT_TRUE(Client(options.admin_socket).connected());
}

TEST_F(AdminSocket, LeavesAFileThatIsNoSocketAlone) {
  const int file = open(options.admin_socket.c_str(), O_CREAT | O_WRONLY, 0600);
  ASSERT_GE(file, 0);
  ::close(file);
  Hub hub(options);
  EXPECT_FALSE(hub.started);
  EXPECT_TRUE(std::filesystem::is_regular_file(options.admin_socket));
}

TEST_F(AdminSocket, LeavesASocketAloneOfWhichItCannotTellWhetherItIsUsed) {
  const int other = bound(SOCK_DGRAM);
  Hub hub(options);
  ASSERT_FALSE(hub.started);
  EXPECT_THAT(hub.started.error().text, HasSubstr("remove the file if nothing uses it"));
  EXPECT_TRUE(std::filesystem::is_socket(options.admin_socket));
  ::close(other);
}

TEST_F(AdminSocket, DoesNotWaitForAProgramThatListensAndNeverAccepts) {
  const int other = bound(SOCK_STREAM);
  ASSERT_EQ(::listen(other, 0), 0);
  const Client in_its_queue(options.admin_socket);
  Hub hub(options);
  ASSERT_FALSE(hub.started);
  EXPECT_THAT(hub.started.error().text, HasSubstr("another program listens"));
  ::close(other);
}

TEST_F(AdminSocket, IsHadOrNothingIsAccepted) {
  std::filesystem::create_directory(options.admin_socket);
  options.port = 0;
  Hub hub(options);
  ASSERT_FALSE(hub.started);
  ASSERT_NE(hub.port(), 0);
  EXPECT_FALSE(Client(hub.port()).connected());
}

TEST_F(AdminSocket, HasABoundOfItsOwn) {
  options.port = 0;
  options.connections = 1;
  options.admin_connections = 1;
  Hub hub(options);
  Client admin(options.admin_socket);
  admin.send(get("/"));
  EXPECT_THAT(admin.answer(), HasSubstr(" admin>"));
  Client tcp(hub.port());
  tcp.send(get("/"));
  EXPECT_THAT(tcp.answer(), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Client(options.admin_socket).rest(), turned_away);
  EXPECT_THAT(Client(hub.port()).rest(), turned_away);
}

} // namespace
} // namespace kepu::http
