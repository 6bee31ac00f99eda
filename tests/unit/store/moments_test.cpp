#include "fixture.hpp"

#include <thread>

namespace kepu::store::test {
namespace {

class Answered : public Store {
protected:
  // The commit that is answered for.
  Seq seq_at(Instant moment) {
    auto reader = ReaderSource(file(), writer_->moments()).open().value();
    return reader->begin_at(moment).value().seq;
  }
  Seq part(const std::string& id) {
    put({{id, "in", 0, 1}});
    return part_->commit("c").value().seq;
  }
};

TEST_F(Answered, WhatWasAnsweredIsNotChangedByACommitOfThatVeryMoment) {
  begin_run();
  const auto before = part("a");
  const auto moment = clock_.now();
  EXPECT_EQ(seq_at(moment), before);
  part("b");
  EXPECT_EQ(seq_at(moment), before);
}

TEST_F(Answered, ACommitSaysWhenItIsRecorded) {
  begin_run();
  const auto moment = clock_.now();
  seq_at(moment);
  put({{"a", "in", 0, 1}});
  const auto told = part_->commit("c").value();
  EXPECT_GT(told.recorded_at, moment);
  auto reader = ReaderSource(file()).open().value();
  EXPECT_EQ(reader->begin().value().recorded_at, told.recorded_at);
}

TEST_F(Answered, ThatLieAheadDoNotMoveWhatIsRecorded) {
  begin_run();
  const auto tomorrow = clock_.now() + std::chrono::days(1);
  const auto before = part("a");
  EXPECT_EQ(seq_at(tomorrow), before);
  clock_.advance(std::chrono::seconds(1));
  put({{"b", "in", 0, 1}});
  EXPECT_EQ(part_->commit("c").value().recorded_at, clock_.now());
}

// Goes on by itself, for any thread.
class RunningClock final : public Clock {
public:
  Instant now() const override { return from_micros(noon_2025 + ticks_++ / 8); }
  Steady steady() const override { return {}; }

private:
  mutable std::atomic<int64_t> ticks_{0};
};

TEST_F(Answered, EveryAnswerAsOfAMomentIsGivenAgainWhateverIsWrittenMeanwhile) {
  RunningClock clock;
  writer_.reset();
  writer_ = Writer::open({file(), &clock, ""}).value();
  ASSERT_TRUE(writer_->load_catalog(catalog(), zone_));
  begin_run();
  const ReaderSource readers(file(), writer_->moments());
  std::atomic<bool> written{false};
  constexpr size_t threads = 3;
  std::vector<std::pair<Instant, Seq>> answers[threads];
  std::vector<std::thread> asking;
  for (auto& mine : answers) {
    asking.emplace_back([&] {
      const auto reader = readers.open().value();
      while (!written) {
        const auto moment = clock.now();
        const auto commit = reader->begin_at(moment);
        if (commit) mine.emplace_back(moment, commit->seq);
        reader->end();
      }
    });
  }
  for (int i = 0; i < 300; ++i)
    part(std::to_string(i));
  written = true;
  for (auto& thread : asking)
    thread.join();
  size_t changed = 0;
  const auto reader = readers.open().value();
  for (const auto& mine : answers) {
    EXPECT_FALSE(mine.empty());
    for (const auto& [moment, seq] : mine) {
      changed += reader->begin_at(moment).value().seq != seq;
      reader->end();
    }
  }
  EXPECT_EQ(changed, 0u);
}

} // namespace
} // namespace kepu::store::test
