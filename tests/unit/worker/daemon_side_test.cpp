// What a worker does when its starter or its daemon is not as it should be.
#include "driver.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace kepu::worker {
namespace {

Driver::Exit ended(wire::WorkerExit how) { return {static_cast<int>(how), 0}; }

std::string encoded(const wire::Message& message, uint32_t tag = 0) {
  std::string bytes;
  wire::encode(message, tag, bytes);
  return bytes;
}

wire::Configure streaming() { return configuration({text_setting("act", "stream")}); }

TEST(Starter, AWrongStartEndsAtOnce) {
  const struct {
    Driver::Options options;
    const char* said;
  } cases[] = {
      {{probe_library(), 1, {}, {}}, "--parent is not"},
      {{probe_library(), {}, 1000000, {}}, "--fd is not"},
      {{probe_library(), {}, 2000000, {}}, "--fd cannot be"},
      {{"relative.so", {}, {}, {}}, "--library cannot be"},
      {{probe_library(), {}, {}, {"--verbose"}}, "--verbose wants a value"},
      {{probe_library(), {}, {}, {"--verbose", "1"}}, "I do not know \"--verbose\""},
  };
  for (const auto& c : cases) {
    Driver driver(c.options);
    EXPECT_EQ(driver.wait(), ended(wire::WorkerExit::bad_launch)) << c.said;
    const auto out = driver.out();
    EXPECT_NE(out.find(c.said), std::string::npos) << out;
  }
}

TEST(Daemon, WhatItMayNotSayFirstEndsTheWorker) {
  const std::string cases[] = {
      encoded(wire::Start{1}),
      encoded(wire::Ack{}, 1),
      encoded(wire::LogFrame{KEPU_INFO, "a worker's"}),
      encoded(wire::Describe{}).replace(0, 1, "\1") + "x",
      std::string(12, '\0'),
      std::string(12, '\xff'),
  };
  for (const auto& bytes : cases) {
    Driver driver({probe_library(), {}, {}, {}});
    driver.expect<wire::Hello>();
    driver.send_bytes(bytes);
    EXPECT_EQ(driver.wait(), ended(wire::WorkerExit::protocol));
    EXPECT_NE(driver.out().find("kepu-worker: "), std::string::npos);
  }
}

TEST(Daemon, WhatItMayNotSayInARunEndsTheWorker) {
  const std::string cases[] = {
      encoded(wire::Start{2}),    encoded(wire::Describe{}),         encoded(streaming()),
      encoded(wire::Ack{}, 4711), encoded(wire::InputAnswered{}, 1), std::string(12, '\xff'),
  };
  for (const auto& bytes : cases) {
    Driver driver({probe_library(), {}, {}, {}});
    driver.expect<wire::Hello>();
    driver.send(streaming());
    driver.expect<wire::Described>();
    driver.send(wire::Start{1});
    driver.expect<wire::CommitFrame>();
    driver.send_bytes(bytes);
    EXPECT_EQ(driver.wait(), ended(wire::WorkerExit::protocol));
  }
}

TEST(Daemon, ByeBeforeATaskEndsTheWorker) {
  for (const wire::Message& message : {wire::Message(wire::Bye{}), wire::Message(wire::Cancel{})}) {
    Driver driver({probe_library(), {}, {}, {}});
    driver.expect<wire::Hello>();
    driver.send(message);
    EXPECT_EQ(driver.wait(), ended(wire::WorkerExit::done));
  }
}

// Started, and known to be inside `run`: it has said something.
void run_until_it_speaks(Driver& driver, std::vector<abi::Setting> settings) {
  driver.expect<wire::Hello>();
  driver.send(configuration(std::move(settings)));
  driver.expect<wire::Described>();
  driver.send(wire::Start{1});
  EXPECT_TRUE(driver.next());
}

TEST(Daemon, ByeInMidRunEndsTheWorkerAtOnce) {
  Driver driver({probe_library(), {}, {}, {}});
  run_until_it_speaks(driver, {text_setting("act", "hang")});
  driver.send(wire::Bye{});
  EXPECT_EQ(driver.wait(), ended(wire::WorkerExit::done));
}

TEST(Daemon, AWorkerWhoseDaemonIsGoneEndsByItself) {
  const struct {
    std::string library;
    std::vector<abi::Setting> settings;
  } cases[] = {{probe_library(), {text_setting("act", "hang")}},
               {probe_library(), {text_setting("act", "stream")}},
               {bad_library("bad_deaf"), {}},
               {bad_library("bad_stubborn"), {}}};
  for (const auto& c : cases) {
    Driver driver({c.library, {}, {}, {}});
    run_until_it_speaks(driver, c.settings);
    driver.hang_up();
    EXPECT_EQ(driver.wait(), ended(wire::WorkerExit::orphaned)) << c.library;
  }
}

TEST(Daemon, AWorkerThatWaitsForStartEndsWithItsDaemon) {
  Driver driver({probe_library(), {}, {}, {}});
  driver.expect<wire::Hello>();
  driver.send(streaming());
  driver.expect<wire::Described>();
  driver.hang_up();
  EXPECT_EQ(driver.wait(), ended(wire::WorkerExit::orphaned));
}

TEST(Daemon, AWorkerThatWasToldNothingEndsWithItsDaemon) {
  Driver driver({probe_library(), {}, {}, {}});
  driver.expect<wire::Hello>();
  driver.hang_up();
  EXPECT_EQ(driver.wait(), ended(wire::WorkerExit::orphaned));
}

} // namespace
} // namespace kepu::worker
