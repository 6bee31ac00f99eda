#include "hub.hpp"

namespace kepu::http {
namespace {

// Every question waits until the test lets it go; what is asked under /same/ is one question.
struct Shared {
  explicit Shared(bool fails = false)
      : hub(
            one_thread(),
            [this, fails, gate = go.get_future().share()](const Request& request, store::Reader& reader) {
              ++handled;
              gate.wait();
              if (fails) throw std::runtime_error("it broke");
              return Hub::echo(request, reader);
            },
            {}, [](const std::string&) {},
            [](const Request& request) {
              return request.target.starts_with("/same/") ? std::string("same") : std::string();
            }) {}
  static Server::Options one_thread() {
    Server::Options options;
    options.read_threads = 1;
    options.waiting = 1;
    return options;
  }
  Client& asks(const std::string& target) {
    clients.push_back(std::make_unique<Client>(hub.port()));
    clients.back()->send(get(target));
    // The first has left the queue, where one has room, when the next comes.
    while (handled == 0 || hub.counts.in_flight() < static_cast<int64_t>(clients.size()))
      std::this_thread::yield();
    hub.on_io([] {});
    return *clients.back();
  }
  std::promise<void> go;
  std::atomic<int> handled{0};
  Hub hub;
  std::vector<std::unique_ptr<Client>> clients;
};

TEST(HttpShare, OneQuestionAskedByManyAtOnceIsAnsweredOnceToAll) {
  Shared shared;
  for (const std::string target : {"/same/1", "/same/2", "/same/3"})
    shared.asks(target);
  shared.go.set_value();
  for (const auto& client : shared.clients)
    EXPECT_THAT(client->answer(), HasSubstr("<GET /same/1>"));
  EXPECT_EQ(shared.handled, 1);
  shared.clients.front()->send(get("/same/4"));
  EXPECT_THAT(shared.clients.front()->answer(), HasSubstr("<GET /same/4>"));
  EXPECT_EQ(shared.handled, 2);
}

TEST(HttpShare, QuestionsWithoutANameAreAnsweredEachByItself) {
  Shared shared;
  auto& one = shared.asks("/other");
  auto& two = shared.asks("/other");
  shared.go.set_value();
  EXPECT_THAT(one.answer(), HasSubstr("<GET /other>"));
  EXPECT_THAT(two.answer(), HasSubstr("<GET /other>"));
  EXPECT_EQ(shared.handled, 2);
}

TEST(HttpShare, AFailureIsToldToAllAndLoggedOnce) {
  Shared shared(true);
  shared.asks("/same/1");
  shared.asks("/same/2");
  shared.go.set_value();
  for (const auto& client : shared.clients)
    EXPECT_THAT(client->answer(), StartsWith("HTTP/1.1 500 "));
  EXPECT_EQ(shared.handled, 1);
  EXPECT_EQ(shared.hub.logged().size(), 1u);
}

TEST(HttpShare, AConnectionThatEndsWhileItWaitsIsForgottenAndTheOthersAreAnswered) {
  Shared shared;
  auto& first = shared.asks("/same/1");
  shared.hub.passes(39s);
  auto& second = shared.asks("/same/2");
  shared.hub.passes(1s);
  EXPECT_THAT(first.rest(), HasSubstr("\"code\":\"deadline\""));
  EXPECT_FALSE(second.hears());
  shared.go.set_value();
  EXPECT_THAT(second.answer(), HasSubstr("<GET /same/1>"));
  EXPECT_EQ(shared.handled, 1);
}

TEST(HttpShare, WhatWaitsForTheSameAnswerTakesNoPlaceAmongThoseThatWait) {
  Shared shared;
  shared.asks("/same/1");
  for (int i = 0; i < 3; ++i)
    shared.asks("/same/" + std::to_string(i));
  shared.go.set_value();
  for (const auto& client : shared.clients)
    EXPECT_THAT(client->answer(), StartsWith("HTTP/1.1 200 "));
}

} // namespace
} // namespace kepu::http
