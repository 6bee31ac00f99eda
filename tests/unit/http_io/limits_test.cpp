#include "http/listeners.hpp"
#include "hub.hpp"

#include <sys/resource.h>

namespace kepu::http {
namespace {

TEST(HttpLimits, SaysBusyWhenTooManyRequestsWait) {
  Server::Options options;
  options.read_threads = 1;
  options.waiting = 1;
  std::promise<void> begun, go;
  const auto gate = go.get_future().share();
  Hub hub(options, [&begun, gate, first = true](const Request& request, store::Reader& reader) mutable {
    if (std::exchange(first, false)) begun.set_value();
    gate.wait();
    return Hub::echo(request, reader);
  });
  Client answered(hub.port()), waiting(hub.port()), last(hub.port());
  answered.send(get("/"));
  begun.get_future().wait();
  waiting.send(get("/"));
  while (hub.counts.in_flight() < 2)
    std::this_thread::yield();
  hub.on_io([] {}); // it waits by now
  last.send(get("/"));
  EXPECT_THAT(last.answer(), testing::AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("retry-after")));
  go.set_value();
}

// Each with a question that is not answered before the end of the test.
struct Busy {
  explicit Busy(const Server::Options& options)
      : hub(options, [gate = go.get_future().share()](const Request& request, store::Reader& reader) {
          if (request.target == "/held") gate.wait();
          return Hub::echo(request, reader);
        }) {}
  ~Busy() {
    go.set_value();
    clients.clear();
  }
  void hold(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      clients.push_back(std::make_unique<Client>(hub.port()));
      clients.back()->send(get("/held"));
    }
    while (hub.counts.in_flight() < static_cast<int64_t>(count))
      std::this_thread::yield();
  }
  std::promise<void> go;
  Hub hub;
  std::vector<std::unique_ptr<Client>> clients;
};

Server::Options at_most(size_t per_address, size_t in_all = 1024) {
  Server::Options options;
  options.connections_per_address = per_address;
  options.connections = in_all;
  return options;
}

// Until the server has taken it in and read its first bytes.
void settled(Hub& hub, Client& client) {
  client.send(get("/", "Connection: keep-alive\r\n"));
  client.answer();
  hub.on_io([] {});
}

TEST(HttpLimits, TellsAClientTooManyThatItIsOneBeforeItAsksWhenAllAreAnswered) {
  for (const auto& options : {at_most(2), at_most(256, 2)}) {
    Busy busy(options);
    busy.hold(2);
    EXPECT_THAT(Client(busy.hub.port()).rest(), turned_away);
    EXPECT_FALSE(busy.clients[0]->hears());
    EXPECT_FALSE(busy.clients[1]->hears());
  }
}

TEST(HttpLimits, ClientsThatNeverEndTheirRequestKeepNobodyOut) {
  for (const auto& options : {at_most(8), at_most(256, 8)}) {
    Hub hub(options);
    std::vector<std::unique_ptr<Client>> slow;
    for (int i = 0; i < 8; ++i) {
      slow.push_back(std::make_unique<Client>(hub.port()));
      slow.back()->send("GET / HTTP/1.1\r\nX: ");
    }
    for (int i = 0; i < 8; ++i) {
      Client user(hub.port());
      user.send(get("/"));
      EXPECT_THAT(user.answer(), StartsWith("HTTP/1.1 200 "));
    }
  }
}

TEST(HttpLimits, MakeRoomByTheConnectionThatIsIdleLongestBeforeOneThatIsAsking) {
  Hub hub(at_most(3));
  Client asking(hub.port()), first(hub.port()), second(hub.port());
  settled(hub, asking);
  settled(hub, first);
  settled(hub, second);
  asking.send("GET /asked HTTP/1.1\r\n");
  hub.on_io([] {});
  settled(hub, first); // asked again: second is idle longer now
  Client third(hub.port());
  settled(hub, third);
  EXPECT_TRUE(second.closed());
  Client fourth(hub.port());
  settled(hub, fourth);
  EXPECT_TRUE(first.closed());
  asking.send("Host: hub\r\n\r\n");
  EXPECT_THAT(asking.answer(), HasSubstr("/asked"));
}

TEST(HttpLimits, OfThoseThatAskTheOneThatBeganFirstMakesRoom) {
  Busy busy(at_most(3));
  busy.hold(1);
  Client older(busy.hub.port());
  older.send("GET /older HTTP/1.1\r\n");
  busy.hub.on_io([] {});
  Client younger(busy.hub.port());
  younger.send("GET /younger HTTP/1.1\r\n");
  busy.hub.on_io([] {});
  Client next(busy.hub.port());
  next.send(get("/"));
  EXPECT_THAT(next.answer(), StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(older.closed());
  younger.send("Host: hub\r\n\r\n");
  EXPECT_THAT(younger.answer(), HasSubstr("/younger"));
  EXPECT_FALSE(busy.clients[0]->hears());
}

TEST(HttpLimits, ThePlaceOfAConnectionThatEndsIsFreeAgain) {
  Busy busy(at_most(256, 2));
  busy.hold(1);
  for (int i = 0; i < 4; ++i) {
    Client next(busy.hub.port());
    next.send(get("/", "Connection: close\r\n"));
    EXPECT_THAT(next.rest(), StartsWith("HTTP/1.1 200 "));
  }
}

TEST(HttpLimits, SaysOnceThatDescriptorsHaveRunOutAndOnceThatTheyAreBack) {
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

} // namespace
} // namespace kepu::http
