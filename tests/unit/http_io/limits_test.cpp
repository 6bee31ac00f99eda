#include "http/listeners.hpp"
#include "hub.hpp"

#include <sys/resource.h>

namespace kepu::http {
namespace {

TEST(HttpLimits, SaysBusyWhenTooManyRequestsWait) {
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

TEST(HttpLimits, GivesOneAddressItsShareOfConnections) {
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

TEST(HttpLimits, TellsAClientTooManyThatItIsOneBeforeItAsks) {
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
