#include "worker/reports.hpp"

#include "base/utf8.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace kepu::worker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Reports over a socketpair whose other end is read here.
class ReportsTest : public ::testing::Test {
protected:
  ReportsTest() : pair_(make_pair()), channel_(pair_[0]), other_(pair_[1]), reports_(channel_, mailbox_) {}
  ~ReportsTest() override {
    for (const int fd : pair_)
      if (fd >= 0) ::close(fd);
  }

  static std::array<int, 2> make_pair() {
    std::array<int, 2> pair{-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
    return pair;
  }
  wire::Frame next() {
    auto frame = other_.receive();
    if (!frame || !*frame) {
      ADD_FAILURE() << "no frame";
      return {};
    }
    return std::move(**frame);
  }
  template <class T> T next_message() {
    const auto frame = next();
    auto message = wire::decode_from_worker(frame.header.type, frame.payload);
    if (!message || !std::holds_alternative<T>(*message)) {
      ADD_FAILURE() << "another frame: " << wire::name(frame.header.type);
      return {};
    }
    return std::get<T>(std::move(*message));
  }
  bool nothing_more() {
    char byte;
    return ::recv(pair_[1], &byte, 1, MSG_DONTWAIT) < 0;
  }
  void cancel() { ASSERT_TRUE(mailbox_.take(wire::Type::cancel, 0, "")); }
  void hang_up() {
    ::close(pair_[1]);
    pair_[1] = -1;
  }

  std::array<int, 2> pair_;
  Channel channel_;
  Channel other_;
  Mailbox mailbox_{"old"};
  Reports reports_;
};

abi::Batch one_boolean() {
  static const uint8_t yes = 1;
  abi::Batch batch;
  batch.rows = 1;
  auto& column = batch.columns.emplace_back();
  column.type = KEPU_BOOLEAN;
  column.coding = abi::Coding::bytes;
  column.booleans = &yes;
  return batch;
}

TEST_F(ReportsTest, AfterCancelWhatWasReadStillGoesThrough) {
  cancel();
  EXPECT_TRUE(reports_.cancelled());
  host::InputAnswer answer;
  EXPECT_EQ(reports_.begin_input({"a", 1, {}}, answer), KEPU_E_CANCELLED);
  EXPECT_EQ(reports_.begin_replace({}), KEPU_E_CANCELLED);
  EXPECT_TRUE(nothing_more());
  EXPECT_EQ(reports_.rows(one_boolean()), KEPU_OK);
  EXPECT_EQ(reports_.retract(one_boolean()), KEPU_OK);
  EXPECT_EQ(reports_.reject(3, "ts", "bad_time", "no time"), KEPU_OK);
  EXPECT_EQ(reports_.end_input(), KEPU_OK);
  EXPECT_EQ(reports_.commit("c", 1, 1, 1), KEPU_OK);
  EXPECT_EQ(next().header.type, wire::Type::rows);
  EXPECT_EQ(next().header.type, wire::Type::retract);
  EXPECT_EQ(next_message<wire::RejectFrame>().place, 3u);
  EXPECT_EQ(next_message<wire::InputAsked>().act, wire::InputAsked::Act::end);
  EXPECT_EQ(next_message<wire::CommitFrame>().cursor, "c");
}

TEST_F(ReportsTest, AReplacementThatWasCancelledClosesNoFacts) {
  host::Scope scope;
  scope.dataset = 3;
  scope.time_from = 5;
  scope.conditions = {{1, "x", 0}};
  EXPECT_EQ(reports_.begin_replace(scope), KEPU_OK);
  const auto sent = next_message<wire::ScopeFrame>();
  EXPECT_EQ(sent.dataset, 3);
  EXPECT_EQ(sent.time_from, 5);
  ASSERT_EQ(sent.conditions.size(), 1u);
  EXPECT_EQ(sent.conditions[0].text, "x");
  cancel();
  EXPECT_EQ(reports_.end_replace(), KEPU_E_CANCELLED);
  EXPECT_EQ(reports_.commit("c", 1, 0, 0), KEPU_E_CANCELLED);
  EXPECT_TRUE(nothing_more());
}

TEST_F(ReportsTest, AReplacementThatEndedCanBeCommittedAfterCancel) {
  EXPECT_EQ(reports_.begin_replace({}), KEPU_OK);
  EXPECT_EQ(reports_.end_replace(), KEPU_OK);
  cancel();
  EXPECT_EQ(reports_.commit("c", 1, 0, 0), KEPU_OK);
}

TEST_F(ReportsTest, ALostDaemonIsClosedAndNoSignal) {
  hang_up();
  EXPECT_EQ(reports_.rows(one_boolean()), KEPU_E_CLOSED);
  EXPECT_EQ(reports_.reject(1, "", "x", "x"), KEPU_E_CLOSED);
  EXPECT_EQ(reports_.end_input(), KEPU_E_CLOSED);
  reports_.log(KEPU_INFO, "into the void");
  mailbox_.daemon_is_gone();
  host::InputAnswer answer;
  EXPECT_EQ(reports_.begin_input({"a", 1, {}}, answer), KEPU_E_CLOSED);
  EXPECT_EQ(reports_.begin_replace({}), KEPU_E_CLOSED);
  EXPECT_EQ(reports_.end_replace(), KEPU_E_CLOSED);
  EXPECT_EQ(reports_.commit("c", 1, 0, 0), KEPU_E_CLOSED);
}

TEST_F(ReportsTest, AFloodOfLogLinesIsCountedAndNotSent) {
  for (int i = 0; i < 5000; ++i)
    reports_.log(KEPU_ERROR, "line");
  reports_.flush();
  ::shutdown(pair_[0], SHUT_WR);
  size_t lines = 0;
  size_t left_out = 0;
  for (;;) {
    auto frame = other_.receive();
    ASSERT_TRUE(frame);
    if (!*frame) break;
    const auto message = wire::decode_from_worker((*frame)->header.type, (*frame)->payload);
    ASSERT_TRUE(message);
    const auto& text = std::get<wire::LogFrame>(*message).text;
    if (text == "line")
      ++lines;
    else
      left_out += std::stoul(text);
  }
  EXPECT_EQ(lines + left_out, 5000u);
  EXPECT_GE(lines, LineBudget::burst);
  EXPECT_LT(lines, 1000u);
}

TEST_F(ReportsTest, OnlyTheFirstAndTheLastOfFastProgressAreSent) {
  for (uint64_t i = 1; i <= 3; ++i)
    reports_.progress(i, 3);
  reports_.flush();
  EXPECT_EQ(next_message<wire::ProgressFrame>().done, 1u);
  auto last = next_message<wire::ProgressFrame>();
  if (last.done == 2) last = next_message<wire::ProgressFrame>(); // on a machine that took its time
  EXPECT_EQ(last, (wire::ProgressFrame{3, 3}));
  EXPECT_TRUE(nothing_more());
}

TEST_F(ReportsTest, AFullSocketThatALibraryMadeNonBlockingStillTakesWholeFrames) {
  ::fcntl(pair_[0], F_SETFL, O_NONBLOCK);
  const int little = 4096; // less than one frame
  ::setsockopt(pair_[0], SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
  constexpr int commits = 300;
  std::thread sender([&] {
    for (uint32_t part = 1; part <= commits; ++part)
      EXPECT_EQ(reports_.commit(std::string(10000, 'c'), part, part, 0), KEPU_OK);
  });
  std::string ack;
  for (uint32_t part = 1; part <= commits; ++part) {
    EXPECT_EQ(next_message<wire::CommitFrame>().rows, part);
    ack.clear();
    wire::encode(wire::Ack{}, part, ack);
    EXPECT_TRUE(mailbox_.take(wire::Type::ack, part, std::string_view(ack).substr(wire::header_bytes)));
  }
  sender.join();
}

TEST(LineBudget, FillsUpAgainWithTime) {
  LineBudget::Time now{};
  LineBudget lines(now);
  uint64_t taken = 0;
  for (int i = 0; i < 1000; ++i)
    taken += lines.take(now);
  EXPECT_EQ(taken, LineBudget::burst);
  EXPECT_EQ(lines.take_left_out(), 1000 - LineBudget::burst);
  EXPECT_EQ(lines.take_left_out(), 0u);
  now += milliseconds(1000 / LineBudget::per_second);
  EXPECT_TRUE(lines.take(now));
  EXPECT_FALSE(lines.take(now));
  now += seconds(3600);
  taken = 0;
  for (int i = 0; i < 1000; ++i)
    taken += lines.take(now);
  EXPECT_EQ(taken, LineBudget::burst); // an hour of silence earns no more
}

TEST(Fitting, CutsLongTextsBetweenCharactersAndEscapesBrokenOnes) {
  EXPECT_EQ(fitting("short"), "short");
  const auto exact = std::string(KEPU_MAX_TEXT_BYTES, 'x');
  EXPECT_EQ(fitting(exact), exact);
  std::string chinese;
  while (chinese.size() < 2 * KEPU_MAX_TEXT_BYTES)
    chinese += "门";
  const auto cut = fitting(chinese);
  EXPECT_TRUE(is_utf8(cut));
  EXPECT_GT(cut.size(), KEPU_MAX_TEXT_BYTES - 3);
  EXPECT_LE(cut.size(), KEPU_MAX_TEXT_BYTES);
  EXPECT_TRUE(is_utf8(fitting("a\xff"
                              "b")));
  EXPECT_TRUE(is_utf8(fitting(chinese + "\xff")));
}

} // namespace
} // namespace kepu::worker
