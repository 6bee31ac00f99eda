// The list of long commands and their order, without a store and without a thread.
#include "app/jobs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace kepu;
using namespace kepu::app;
using testing::HasSubstr;

namespace {

struct Script {
  int steps = 1;
  std::optional<Error> fails;
  std::optional<store::Verified> verified = {};
  bool alive = false;
};

class Scripted final : public store::Work {
public:
  explicit Scripted(Script& script) : script_(script) { script_.alive = true; }
  ~Scripted() override { script_.alive = false; }
  Result<bool> step() override {
    if (script_.fails) return *script_.fails;
    return ++done_ >= static_cast<uint64_t>(script_.steps);
  }
  Progress progress() const override { return {done_, static_cast<uint64_t>(script_.steps)}; }
  Outcome outcome() const override { return {{7, {}}, 3, 1, 0, script_.verified}; }

private:
  Script& script_;
  uint64_t done_ = 0;
};

class JobsTest : public testing::Test {
protected:
  JobPlan plan(const std::string& what, Script& script, const std::string& source = "") {
    return {"test", what, source,
            [&script]() -> Result<std::unique_ptr<store::Work>> { return std::make_unique<Scripted>(script); },
            [](const store::Work::Outcome& outcome) {
              return JobPlan::Sentences{std::to_string(outcome.removed) + " are out.", "完成。"};
            }};
  }
  bool begin_next(const std::string& open = "none") {
    return jobs_.begin_next([&](std::string_view source) { return source == open; });
  }

  FakeClock clock_{from_micros(1'735'704'000'000'000)};
  Jobs jobs_{clock_};
  Script one_, two_;
};

TEST_F(JobsTest, WhatAVerificationFoundIsToldAfterItsEnd) {
  one_.verified = store::Verified{2, 30, 1, 0, 7, 0, {{"visits: kept 3, facts give 2", ""}}};
  ASSERT_TRUE(jobs_.ask(plan("a", one_)));
  ASSERT_TRUE(begin_next());
  EXPECT_FALSE(jobs_.list()[0].verified);
  EXPECT_TRUE(jobs_.step());
  ASSERT_TRUE(jobs_.list()[0].verified);
  EXPECT_EQ(jobs_.list()[0].verified->differing, 1u);
  EXPECT_EQ(jobs_.list()[0].verified->findings.size(), 1u);
}

TEST_F(JobsTest, TheyAreDoneOneAfterTheOtherAndToldAbout) {
  one_.steps = 2;
  EXPECT_EQ(jobs_.ask(plan("a", one_))->id, 1u);
  EXPECT_EQ(jobs_.ask(plan("b", two_))->id, 2u);
  ASSERT_TRUE(begin_next());
  EXPECT_FALSE(jobs_.step());
  EXPECT_EQ(jobs_.list()[1].state, "running");
  EXPECT_EQ(jobs_.list()[1].done, 1u);
  EXPECT_EQ(jobs_.list()[0].state, "queued");
  EXPECT_TRUE(jobs_.step());
  EXPECT_FALSE(one_.alive);
  EXPECT_EQ(jobs_.list()[1].state, "done");
  EXPECT_EQ(jobs_.list()[1].sentence, "3 are out.");
  ASSERT_TRUE(begin_next());
  EXPECT_TRUE(jobs_.step());
  EXPECT_EQ(jobs_.list()[0].state, "done");
  EXPECT_FALSE(begin_next());
}

TEST_F(JobsTest, TheSameAskedAgainBeforeItsEndIsOneJob) {
  EXPECT_EQ(jobs_.ask(plan("a", one_))->id, 1u);
  EXPECT_EQ(jobs_.ask(plan("a", two_))->id, 1u);
  ASSERT_TRUE(begin_next());
  ASSERT_TRUE(jobs_.step());
  EXPECT_EQ(jobs_.ask(plan("a", two_))->id, 2u);
}

TEST_F(JobsTest, OneWhoseWordsDoNotTellItIsAnotherEachTime) {
  auto secret = plan("a person", one_);
  secret.is_told_by_words = false;
  EXPECT_EQ(jobs_.ask(secret)->id, 1u);
  EXPECT_EQ(jobs_.ask(secret)->id, 2u);
}

TEST_F(JobsTest, AnotherGoesFirstWhileTheSourceOfTheFirstIsRunning) {
  jobs_.ask(plan("a", one_, "gates"));
  jobs_.ask(plan("b", two_, "hand"));
  ASSERT_TRUE(begin_next("gates"));
  EXPECT_TRUE(jobs_.holds("hand"));
  EXPECT_FALSE(jobs_.holds("gates"));
  EXPECT_THAT(jobs_.list()[1].sentence, HasSubstr("kepuctl pause gates"));
  ASSERT_TRUE(jobs_.step());
  EXPECT_FALSE(begin_next("gates"));
  EXPECT_FALSE(jobs_.holds("hand"));
  EXPECT_TRUE(begin_next());
}

TEST_F(JobsTest, OneOfEverySourceWaitsForAllRunsAndHoldsAll) {
  jobs_.ask(plan("a", one_, std::string(every_source)));
  EXPECT_FALSE(jobs_.begin_next([](std::string_view source) { return source == every_source; }));
  EXPECT_THAT(jobs_.list()[0].sentence, HasSubstr("until the runs that are going on have ended"));
  ASSERT_TRUE(begin_next());
  EXPECT_TRUE(jobs_.holds("gates"));
  EXPECT_TRUE(jobs_.holds("hand"));
}

TEST_F(JobsTest, AFailureIsToldAndTheNextGoesOn) {
  one_.fails = fail("disk_full", "the disk is full");
  jobs_.ask(plan("a", one_));
  jobs_.ask(plan("b", two_));
  ASSERT_TRUE(begin_next());
  EXPECT_TRUE(jobs_.step());
  EXPECT_FALSE(one_.alive);
  EXPECT_EQ(jobs_.list()[1].state, "failed");
  EXPECT_EQ(jobs_.list()[1].sentence, "the disk is full");
  EXPECT_TRUE(begin_next());
}

TEST_F(JobsTest, OneThatCannotBeginIsToldAndTheNextGoesOn) {
  auto bad = plan("a", one_);
  bad.begin = []() -> Result<std::unique_ptr<store::Work>> { return fail("unknown_run", "there is no run 9"); };
  jobs_.ask(std::move(bad));
  jobs_.ask(plan("b", two_));
  ASSERT_TRUE(begin_next());
  EXPECT_EQ(jobs_.list()[1].sentence, "there is no run 9");
  EXPECT_EQ(jobs_.list()[0].state, "running");
}

TEST_F(JobsTest, AfterTheEndNoneIsTakenAndNoneGoesOn) {
  one_.steps = 100;
  jobs_.ask(plan("a", one_));
  jobs_.ask(plan("b", two_));
  ASSERT_TRUE(begin_next());
  jobs_.end_all();
  EXPECT_EQ(jobs_.list()[0].state, "failed");
  EXPECT_TRUE(jobs_.step());
  EXPECT_EQ(jobs_.list()[1].state, "failed");
  EXPECT_FALSE(one_.alive);
  EXPECT_EQ(jobs_.ask(plan("c", one_)).error().code, "shutting_down");
}

TEST_F(JobsTest, ManyThatWaitAreRefusedAndManyThatEndedAreForgotten) {
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(jobs_.ask(plan("a" + std::to_string(i), one_)));
  EXPECT_EQ(jobs_.ask(plan("one more", one_)).error().code, "too_many_jobs");
  while (begin_next())
    jobs_.step();
  ASSERT_TRUE(jobs_.ask(plan("b", one_)));
  EXPECT_EQ(jobs_.list().size(), 51u);
  EXPECT_EQ(jobs_.list().front().id, 101u);
}

} // namespace
