// Whole lives of real workers, as the daemon sees them.
#include "driver.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <set>

namespace kepu::worker {
namespace {

constexpr Driver::Exit ended_well{0, 0};

// Past DESCRIPTOR, not yet started.
void configure(Driver& driver, const wire::Configure& with) {
  const auto hello = driver.expect<wire::Hello>();
  EXPECT_EQ(hello.protocol, wire::protocol_version);
  EXPECT_EQ(hello.pid, static_cast<uint32_t>(driver.pid()));
  driver.send(with);
  driver.expect<wire::Described>();
}

wire::Configure to_act(const std::string& act, int64_t number = 0) {
  return configuration({text_setting("act", act), integer_setting("number", number)});
}

void say_goodbye(Driver& driver) {
  driver.send(wire::Bye{});
  EXPECT_EQ(driver.wait(), ended_well) << driver.out();
}

TEST(Worker, DescribesALibrary) {
  Driver driver({probe_library(), {}, {}, {}});
  driver.expect<wire::Hello>();
  driver.send(wire::Describe{});
  const auto described = driver.expect<wire::Described>().descriptor;
  EXPECT_EQ(described.id, "probe");
  EXPECT_EQ(described.title_zh, "探针");
  EXPECT_EQ(described.needs, static_cast<uint32_t>(KEPU_NEED_NETWORK | KEPU_NEED_EXEC));
  ASSERT_EQ(described.settings.size(), 3u);
  EXPECT_EQ(described.settings[2].default_value, "0");
  ASSERT_EQ(described.datasets.size(), 1u);
  EXPECT_EQ(described.datasets[0].fields.size(), 3u);
  EXPECT_EQ(driver.expect<wire::Done>().status, KEPU_RUN_OK);
  say_goodbye(driver);
}

TEST(Worker, EndsWellWhenTheSocketIsClosedAfterDone) {
  Driver driver({probe_library(), {}, {}, {}});
  driver.expect<wire::Hello>();
  driver.send(wire::Describe{});
  driver.expect<wire::Described>();
  driver.expect<wire::Done>();
  driver.hang_up();
  EXPECT_EQ(driver.wait(), ended_well);
}

TEST(Worker, RunsAConnectorAndHandsOverItsParts) {
  Driver driver({bad_library("good"), {}, {}, {}});
  driver.keep_rows = true;
  configure(driver, configuration({}));
  driver.send(wire::Start{1});
  const auto first = driver.expect<wire::CommitFrame>();
  EXPECT_EQ(driver.last_tag, 1u);
  EXPECT_EQ(first.cursor, "500");
  EXPECT_EQ(first.rows, 500u);
  EXPECT_EQ(first.rejects, 0u);
  EXPECT_EQ(driver.rows, 500u);
  driver.send(wire::Ack{}, 1);
  const auto second = driver.expect<wire::CommitFrame>();
  EXPECT_EQ(driver.last_tag, 2u);
  EXPECT_EQ(second.cursor, "1000");
  EXPECT_EQ(driver.rows, 1000u);
  driver.send(wire::Ack{}, 2);
  EXPECT_EQ(driver.expect<wire::Done>(), (wire::Done{KEPU_RUN_OK, ""}));

  // Places count up from 1, and no card crosses as text.
  std::set<uint64_t> places;
  std::set<uint64_t> persons;
  for (const auto& frame : driver.row_frames) {
    const auto batch = wire::decode_batch(frame.payload);
    ASSERT_TRUE(batch);
    ASSERT_EQ(batch->columns.size(), 6u);
    EXPECT_EQ(batch->columns[5].type, abi::pseudonym);
    for (size_t row = 0; row < batch->rows; ++row) {
      places.insert(batch->place(row));
      persons.insert(batch->columns[5].person(row));
      EXPECT_EQ(batch->columns[1].text_at(row), "V001");
    }
  }
  EXPECT_EQ(places.size(), 1000u);
  EXPECT_EQ(*places.begin(), 1u);
  EXPECT_EQ(*places.rbegin(), 1000u);
  EXPECT_EQ(persons.size(), 1000u);
  say_goodbye(driver);
}

TEST(Worker, RefusesAConnectorWithPersonsWhenThereIsNoKey) {
  Driver driver({bad_library("good"), {}, {}, {}});
  driver.expect<wire::Hello>();
  auto without = configuration({});
  without.person_key.reset();
  driver.send(without);
  const auto done = driver.expect<wire::Done>();
  EXPECT_EQ(done.status, KEPU_RUN_BAD_CONFIG) << done.text;
  EXPECT_FALSE(done.text.empty());
  say_goodbye(driver);
}

TEST(Worker, DurableMeansAcknowledged) {
  const struct {
    wire::Ack ack;
    const char* said;
  } cases[] = {{{false}, "status 0, cursor after one"}, {{true}, "status 4, cursor from before"}};
  for (const auto& c : cases) {
    Driver driver({probe_library(), {}, {}, {}});
    auto with = to_act("durable");
    with.cursor = "from before";
    configure(driver, with);
    driver.send(wire::Start{1});
    driver.expect<wire::CommitFrame>();
    driver.send(c.ack, 1);
    EXPECT_EQ(driver.expect<wire::Done>().text, c.said);
    say_goodbye(driver);
  }
}

TEST(Worker, AsksForAnInputAndHearsTheAnswer) {
  Driver driver({probe_library(), {}, {}, {}});
  configure(driver, to_act("input"));
  driver.send(wire::Start{1});
  const auto asked = driver.expect<wire::InputAsked>();
  const auto tag = driver.last_tag;
  EXPECT_EQ(asked.name, "三月.csv");
  EXPECT_EQ(asked.size, 4711u);
  EXPECT_EQ(asked.content_hash[2], 3);
  driver.send(wire::InputAnswered{KEPU_TAKE, true, 17, {}}, tag);
  EXPECT_EQ(driver.expect<wire::RejectFrame>(), (wire::RejectFrame{5, "ts", "bad_time", "no time"}));
  EXPECT_EQ(driver.expect<wire::InputAsked>().act, wire::InputAsked::Act::end);
  const auto commit = driver.expect<wire::CommitFrame>();
  EXPECT_EQ(commit.rows, 3u);
  EXPECT_EQ(commit.rejects, 1u);
  EXPECT_EQ(driver.rows, 3u);
  EXPECT_EQ(driver.expect<wire::Done>().text, "status 0, decision 1, previous 1 of 17 bytes");
  say_goodbye(driver);
}

TEST(Worker, ReplacesAScope) {
  Driver driver({probe_library(), {}, {}, {}});
  configure(driver, to_act("replace"));
  driver.send(wire::Start{1});
  const auto scope = driver.expect<wire::ScopeFrame>();
  EXPECT_EQ(scope.time_from, 10);
  EXPECT_EQ(scope.time_until, 20);
  EXPECT_EQ(driver.expect<wire::ScopeFrame>().act, wire::ScopeFrame::Act::end);
  EXPECT_EQ(driver.rows, 2u);
  driver.expect<wire::CommitFrame>();
  EXPECT_EQ(driver.expect<wire::Done>().text, "end 0, commit taken");
  say_goodbye(driver);
}

TEST(Worker, ACancelledReplacementIsNotCommitted) {
  Driver driver({probe_library(), {}, {}, {}});
  configure(driver, to_act("replace", 1));
  driver.send(wire::Start{1});
  driver.expect<wire::ScopeFrame>();
  driver.send(wire::Cancel{});
  const auto done = driver.expect<wire::Done>();
  EXPECT_NE(done.text.find("commit refused"), std::string::npos) << done.text;
  say_goodbye(driver);
}

TEST(Worker, HearsCancelAndCommitsWhatItHasRead) {
  Driver driver({probe_library(), {}, {}, {}});
  configure(driver, to_act("stream"));
  driver.send(wire::Start{1});
  EXPECT_EQ(driver.expect<wire::CommitFrame>().cursor, "ten");
  driver.send(wire::Cancel{});
  const auto rest = driver.expect<wire::CommitFrame>();
  EXPECT_EQ(rest.cursor, "the rest");
  EXPECT_EQ(driver.rows, 10 + rest.rows);
  const auto done = driver.expect<wire::Done>();
  EXPECT_EQ(done.status, KEPU_RUN_CANCELLED);
  EXPECT_EQ(done.text, "cancelled 1, emit 1, commit 0");
  say_goodbye(driver);
}

TEST(Worker, CancelBeforeStartRunsNothing) {
  Driver driver({probe_library(), {}, {}, {}});
  configure(driver, to_act("rows", 10));
  driver.send(wire::Cancel{});
  EXPECT_EQ(driver.expect<wire::Done>().status, KEPU_RUN_CANCELLED);
  EXPECT_EQ(driver.rows, 0u);
  say_goodbye(driver);
}

TEST(Worker, WaitsWhileTheDaemonDoesNotRead) {
  constexpr int64_t rows = 400000; // far more than the socket holds
  Driver driver({probe_library(), {}, {}, {}});
  configure(driver, to_act("rows", rows));
  driver.send(wire::Start{1});
  // The socket fills, and the worker sleeps in the kernel.
  size_t before = 0;
  size_t same = 0;
  while (same < 1000) {
    const size_t now = driver.unread();
    same = now > 0 && now == before && driver.state() == 'S' ? same + 1 : 0;
    before = now;
  }
  EXPECT_LT(driver.unread(), size_t{4} << 20);
  [[maybe_unused]] const size_t peak = driver.peak_kib();
  const auto commit = driver.expect<wire::CommitFrame>();
  EXPECT_EQ(commit.rows, static_cast<uint64_t>(rows));
  EXPECT_EQ(driver.rows, static_cast<size_t>(rows));
  driver.expect<wire::Done>();
#ifndef KEPU_SANITIZED                           // which keep freed memory for a while
  EXPECT_LT(driver.peak_kib(), peak + 8 * 1024); // nothing was heaped up
#endif
  say_goodbye(driver);
}

TEST(Worker, AMillionRowsPassThroughLittleMemory) {
  Driver driver({probe_library(), {}, {}, {}});
  configure(driver, to_act("rows", 1000000));
  driver.send(wire::Start{1});
  driver.expect<wire::CommitFrame>();
  EXPECT_EQ(driver.rows, 1000000u);
  driver.expect<wire::Done>();
#ifndef KEPU_SANITIZED
  EXPECT_LT(driver.peak_kib(), 25u * 1024);
#endif
  say_goodbye(driver);
}

} // namespace
} // namespace kepu::worker
