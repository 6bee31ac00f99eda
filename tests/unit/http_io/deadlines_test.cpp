#include "hub.hpp"

namespace kepu::http {
namespace {

TEST(HttpDeadlines, ClosesAClientThatSendsItsHeaderByteByByte) {
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

TEST(HttpDeadlines, ClosesAnIdleConnectionWithoutAWord) {
  Hub hub;
  Client client(hub.port());
  client.send(get("/"));
  EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 200 "));
  for (int i = 0; i < 10'000 && !client.hears(); ++i)
    hub.passes(1s);
  EXPECT_TRUE(client.closed());
}

TEST(HttpDeadlines, ClosesAClientThatDoesNotReadItsAnswer) {
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

TEST(HttpDeadlines, GivesALargeAnswerToAClientThatTakesItSlowly) {
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

TEST(HttpDeadlines, InterruptsAQuestionThatTakesTooLong) {
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

TEST(HttpDeadlines, CountsTheWaitForAThreadAsPartOfAQuestionsTime) {
  HeldUp held;
  held.hub.passes(9s);
  EXPECT_FALSE(held.second.hears());
  held.hub.passes(1s);
  EXPECT_THAT(held.second.answer(), testing::AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("\"code\":\"deadline\"")));
}

TEST(HttpDeadlines, AnswersAlsoWhenAQuestionCannotBeInterrupted) {
  HeldUp held;
  held.hub.passes(40s);
  EXPECT_THAT(held.first.rest(), testing::AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("\"code\":\"deadline\"")));
}

} // namespace
} // namespace kepu::http
