// kepu-ingest with a real store, fed with the frames of a worker.
#include "ingest_fixture.hpp"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <future>
#include <sys/resource.h>
#include <thread>

using namespace kepu;
using namespace kepu::app;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

TEST_F(IngestTest, APartOfBadRowsIsRefusedBeforeItsRunSettles) {
  begin_run();
  bad_rows(200);
  commit(200);
  settle();
  EXPECT_THAT(heard_.words, ElementsAre("dropped", "refused bad_data"));
  EXPECT_THAT(heard_.text, HasSubstr("200 of 200 rows were refused, more than max_reject_share = 0.1 allows"));
}

TEST_F(IngestTest, ThatNeverRestsForLongTidiesAllTheSame) {
  begin_run();
  bad_rows(0);
  commit(0);
  settle();
  const auto log = folder_.path() / "kepu.db-wal";
  ASSERT_GT(std::filesystem::file_size(log), 0u);
  ingest_->call([&] { clock_.advance(std::chrono::seconds(31)); }, patience); // on the thread that looks at it
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::filesystem::file_size(log) > 0 && std::chrono::steady_clock::now() < end)
    ingest_->call([] {}, patience); // far more often than it would take for a rest
  EXPECT_EQ(std::filesystem::file_size(log), 0u);
}

TEST_F(IngestTest, ARefusedInputIsNamed) {
  run_with_refused_input();
  EXPECT_THAT(heard_.text, HasSubstr("200 of 200 rows of bad.csv were refused"));
}

TEST_F(IngestTest, OfSeveralInputsInAPartTheBadOneIsRefused) {
  begin_run();
  begin_input("good.csv", 1);
  bad_rows(0);
  end_input();
  begin_input("bad.csv", 2);
  bad_rows(200);
  end_input();
  commit(200);
  end_run();
  begin_run();
  begin_input("bad.csv", 2);
  begin_input("good.csv", 1);
  settle();
  EXPECT_THAT(heard_.words, ElementsAre("input refused", "input take"));
}

TEST_F(IngestTest, LaterRunsPassOverARefusedInput) {
  run_with_refused_input();
  begin_run();
  begin_input("bad.csv");
  begin_input("good.csv", 2);
  end_input();
  commit(0);
  settle();
  EXPECT_THAT(heard_.words, ElementsAre("input refused", "input take", "durable"));
}

TEST_F(IngestTest, NewContentOfARefusedInputIsTaken) {
  run_with_refused_input();
  begin_run();
  begin_input("bad.csv", 2);
  settle();
  EXPECT_THAT(heard_.words, ElementsAre("input take"));
}

TEST_F(IngestTest, AnotherLibraryMayReadARefusedInput) {
  run_with_refused_input();
  begin_run("two");
  begin_input("bad.csv");
  settle();
  EXPECT_THAT(heard_.words, ElementsAre("input take"));
}

TEST_F(IngestTest, AWorkerWhoseRunWasRefusedIsNotLeftWaiting) {
  begin_run();
  bad_rows(200);
  commit(200);
  begin_input("next.csv");
  commit(0);
  settle();
  EXPECT_THAT(heard_.words, ElementsAre("dropped", "refused bad_data", "input refused", "dropped"));
}

TEST_F(IngestTest, AWorkerWhoseRunCouldNotBeginIsNotLeftWaiting) {
  ++token_; // run_begins was not called: as when the store could not begin it
  begin_input("x.csv");
  end_input();
  commit(0);
  settle();
  EXPECT_THAT(heard_.words, ElementsAre("input refused", "dropped"));
}

// Goes on until it is let end.
class Patient final : public store::Work {
public:
  explicit Patient(const std::atomic<bool>& may_end) : may_end_(may_end) {}
  Result<bool> step() override { return may_end_.load(); }
  Progress progress() const override { return {1, 2}; }
  Outcome outcome() const override { return {}; }

private:
  const std::atomic<bool>& may_end_;
};

class IngestJobs : public IngestTest {
protected:
  void ask_job(const std::string& source) {
    JobPlan plan;
    plan.kind = "test";
    plan.what = "source " + source;
    plan.source = source;
    plan.begin = [this]() -> Result<std::unique_ptr<store::Work>> { return std::make_unique<Patient>(may_end_); };
    plan.done = [](const store::Work::Outcome&) { return JobPlan::Sentences{"Done.", "完成。"}; };
    ASSERT_TRUE(ingest_->ask_job(std::move(plan)));
  }
  void TearDown() override { may_end_ = true; }
  std::atomic<bool> may_end_{false};
};

TEST_F(IngestJobs, PartsOfOtherSourcesGoOnBetweenTheStepsOfAJob) {
  ask_job("gates");
  begin_run("one", "hand");
  begin_input("a.csv");
  end_input();
  commit(0);
  end_run();
  EXPECT_THAT(heard_.words, ElementsAre("input take", "durable"));
  EXPECT_EQ(ingest_->jobs().front().state, "running");
}

TEST_F(IngestJobs, ARunOfTheSourceWaitsForTheEndOfTheJobAndLosesNothing) {
  ask_job("gates");
  begin_run();
  begin_input("a.csv");
  end_input();
  commit(0);
  const auto held_back = token_;
  begin_run("one", "hand"); // comes after, and is through before
  begin_input("b.csv");
  end_run();
  EXPECT_THAT(heard_.words, ElementsAre("input take"));
  heard_.words.clear();
  may_end_ = true;
  token_ = held_back;
  end_run();
  EXPECT_THAT(heard_.words, ElementsAre("input take", "durable"));
  EXPECT_EQ(ingest_->jobs().front().state, "done");
}

TEST_F(IngestJobs, AJobWaitsForTheOpenRunOfItsSource) {
  begin_run();
  settle();
  ask_job("gates");
  begin_input("a.csv");
  settle();
  EXPECT_EQ(ingest_->jobs().front().state, "queued");
  EXPECT_THAT(ingest_->jobs().front().sentence, HasSubstr("until the run of gates"));
  end_run();
  settle();
  EXPECT_EQ(ingest_->jobs().front().state, "running");
}

TEST_F(IngestTest, ASourceIsReadAgainWithoutTheCursorOfTheRunThatWentOnWhenItWasAsked) {
  for (const bool has_begun : {true, false}) {
    if (!has_begun) cursor(); // of the run that begins then
    if (has_begun) begin_run();
    int told = 0;
    ingest_->read_again("gates", [&] { ++told; });
    if (!has_begun) begin_run();
    begin_input("a.csv", has_begun ? 1 : 2);
    end_input();
    commit(0);
    end_run();
    EXPECT_EQ(cursor(), "");
    EXPECT_EQ(told, 1);
    begin_run();
    commit(0);
    end_run();
    EXPECT_EQ(cursor(), "here");
    begin_run();
    end_run();
  }
}

TEST_F(IngestTest, ARefusedContentIsTriedOnceMoreWhenItsRejectsAreToBeReadAgain) {
  run_with_refused_input();
  bool told = false;
  ingest_->retry("gates", "bad.csv", [&] { told = true; });
  run_until(told);
  begin_run();
  begin_input("bad.csv");
  settle();
  EXPECT_THAT(heard_.words, ElementsAre("input take"));
}

TEST_F(IngestTest, TwoRetriesThatWaitForARunAreBothTaken) {
  begin_run();
  for (const char* name : {"a.csv", "b.csv"}) {
    begin_input(name, static_cast<uint8_t>(*name));
    bad_rows(1);
    end_input();
    commit(1);
  }
  int told = 0;
  for (const char* name : {"a.csv", "b.csv"})
    ingest_->retry("gates", name, [&] { ++told; });
  end_run();
  EXPECT_EQ(cursor(), "");
  EXPECT_EQ(told, 2);
  begin_run();
  for (const char* name : {"a.csv", "b.csv"}) {
    begin_input(name, static_cast<uint8_t>(*name));
    end_input();
  }
  settle();
  EXPECT_THAT(heard_.words, ElementsAre("input take", "input take"));
}

TEST_F(IngestTest, ASourceAtRestIsReadAgainAtOnce) {
  begin_run();
  commit(0);
  end_run();
  bool told = false;
  ingest_->read_again("gates", [&] { told = true; });
  run_until(told);
  EXPECT_EQ(cursor(), "");
}

TEST_F(IngestJobs, TheEndOfTheHubCutsAJobOffAndTakesWhatItHeldBack) {
  ask_job("gates");
  begin_run();
  begin_input("a.csv");
  bool settled = false;
  ingest_->settle(token_, true, [&] { settled = true; });
  ingest_->stop();
  io_.poll();
  EXPECT_TRUE(settled);
  EXPECT_EQ(ingest_->jobs().front().state, "failed");
  EXPECT_THAT(ingest_->jobs().front().sentence, HasSubstr("Ask for it again"));
}

TEST_F(IngestTest, AStoreThatCanBeWrittenToAgainIsFoundWell) {
  begin_run();
  settle();
  std::signal(SIGXFSZ, SIG_IGN); // a write past the limit fails, as on a full disk
  rlimit usual{};
  ::getrlimit(RLIMIT_FSIZE, &usual);
  const rlimit none{0, usual.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &none);
  end_run();
  EXPECT_THAT(ingest_->trouble(), HasSubstr("free space"));
  ::setrlimit(RLIMIT_FSIZE, &usual);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!ingest_->trouble().empty() && std::chrono::steady_clock::now() < end)
    io_.run_one_for(std::chrono::milliseconds(10));
  EXPECT_EQ(ingest_->trouble(), "");
}

class Sharing : public IngestTest {
protected:
  // Two runs, of which each commits twice while kepu-ingest is busy, so that all four wait.
  void commit_while_it_is_busy(const std::function<void()>& meanwhile = [] {}) {
    begin_run("one", "gates");
    settle();
    begin_run("one", "hand");
    settle();
    std::promise<void> begun;
    std::promise<void> go_on;
    auto busy = std::async(std::launch::async, [&] {
      ingest_->call([&] {
        begun.set_value();
        go_on.get_future().wait();
      });
    });
    begun.get_future().wait();
    meanwhile();
    for (const uint32_t part : {1u, 2u}) {
      for (const supervisor::RunToken run : {1u, 2u}) {
        token_ = run;
        frame(wire::CommitFrame{"here", 0, 0}, part);
      }
    }
    go_on.set_value();
    busy.wait();
  }
  std::vector<Instant> moments_of_parts() {
    std::vector<Instant> out;
    auto reader = store::ReaderSource(folder_.path() / "kepu.db").open().value();
    EXPECT_TRUE(reader->begin());
    for (const auto& commit : reader->commits({}, false).value()) {
      if (commit.kind == "part") out.push_back(commit.recorded_at);
    }
    return out;
  }
};

TEST_F(Sharing, PartsThatWaitArePutOnDiskTogether) {
  commit_while_it_is_busy();
  settle();
  EXPECT_THAT(heard_.words, ElementsAre("durable", "durable", "durable", "durable"));
  // Of one transaction, in which each has a moment of its own; alone they all have the clock's.
  const auto next = std::chrono::microseconds(1);
  const auto now = clock_.now();
  EXPECT_THAT(moments_of_parts(), ElementsAre(now + 3 * next, now + 2 * next, now + next, now));
}

TEST_F(Sharing, APartThatDoesNotWaitIsPutOnDiskAlone) {
  begin_run();
  for (int i = 0; i < 2; ++i) {
    commit(0);
    settle();
  }
  EXPECT_THAT(moments_of_parts(), ElementsAre(clock_.now(), clock_.now()));
}

TEST_F(Sharing, NoneIsAcknowledgedWhenTheDiskIsFull) {
  std::signal(SIGXFSZ, SIG_IGN); // a write past the limit fails, as on a full disk
  rlimit usual{};
  ::getrlimit(RLIMIT_FSIZE, &usual);
  const rlimit none{0, usual.rlim_max};
  commit_while_it_is_busy([&] { ::setrlimit(RLIMIT_FSIZE, &none); });
  settle();
  ::setrlimit(RLIMIT_FSIZE, &usual);
  EXPECT_THAT(heard_.words, ElementsAre("dropped", "dropped", "dropped", "dropped", "refused retry", "refused retry"));
  EXPECT_THAT(heard_.text, HasSubstr("free space"));
  EXPECT_THAT(moments_of_parts(), IsEmpty());
}

TEST_F(IngestTest, ABreachOfTheFramesIsABug) {
  begin_run();
  end_input();
  settle();
  EXPECT_THAT(heard_.words, ElementsAre("refused bug"));
  EXPECT_EQ(heard_.text, "an input was ended that is not open");
}

TEST_F(IngestTest, ACallRunsOnTheThreadOfTheStore) {
  std::thread::id there;
  Result<store::CommitInfo> labelled = fail("none", "");
  EXPECT_EQ(ingest_->call([&] {
    there = std::this_thread::get_id();
    labelled = writer_->label(std::nullopt, "first", false);
  }),
            Ingest::Called::done);
  EXPECT_NE(there, std::this_thread::get_id());
  ASSERT_TRUE(labelled);
  EXPECT_EQ(labelled->seq, 1u);
}

TEST_F(IngestTest, ACallThatIsNotWaitedForIsNotRun) {
  std::promise<void> begun;
  std::promise<void> go_on;
  std::thread holder([&] {
    EXPECT_EQ(ingest_->call([&] {
      begun.set_value();
      go_on.get_future().wait();
    }),
              Ingest::Called::done);
  });
  begun.get_future().wait();
  bool ran = false;
  EXPECT_EQ(ingest_->call([&] { ran = true; }, std::chrono::milliseconds(0)), Ingest::Called::late);
  go_on.set_value();
  holder.join();
  EXPECT_EQ(ingest_->call([] {}), Ingest::Called::done); // behind it in the queue
  EXPECT_FALSE(ran);
  ingest_->stop();
  EXPECT_EQ(ingest_->call([&] { ran = true; }), Ingest::Called::stopping);
  EXPECT_FALSE(ran);
}

} // namespace
