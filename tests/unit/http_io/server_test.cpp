#include "hub.hpp"

namespace kepu::http {
namespace {

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

TEST(HttpServer, TellsInTheAnswerHowLongItTook) {
  Hub* asked = nullptr;
  Hub hub({}, [&](const Request& request, store::Reader& reader) {
    asked->passes(12'345us);
    return Hub::echo(request, reader);
  });
  asked = &hub;
  Client client(hub.port());
  client.send(get("/"));
  EXPECT_THAT(client.answer(), HasSubstr("\r\nserver-timing: total;dur=12.345\r\n"));
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
  hub.passes(1s); // in which the client could still have sent something
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

} // namespace
} // namespace kepu::http
