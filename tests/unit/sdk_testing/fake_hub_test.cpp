#include "diary.hpp"

#include <kepu/testing/fake_hub.hpp>
#include <kepu/testing/golden.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <poll.h>
#include <thread>

KEPU_CONNECTOR(diary::about, diary::Diary)

namespace {

using kepu::testing::FakeHub;
using kepu::testing::Faults;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Faults fault(uint64_t Faults::*which, uint64_t at, bool late = false) {
  Faults out;
  out.*which = at;
  out.late_durable = late;
  return out;
}

class Hub : public testing::Test {
protected:
  void SetUp() override {
    diary::reset();
    diary::files = {{"monday.csv", 1, {"a,10", "b,20", "broken", "c,30", "a,15"}},
                    {"tuesday.csv", 2, {"d,40", "e,50"}}};
  }
  FakeHub hub{kepu_connector_entry};
};

TEST_F(Hub, AWholeRunReadsAsItsReviewersExpect) {
  EXPECT_EQ(hub.run().status, KEPU_RUN_OK);
  EXPECT_EQ(kepu::testing::compare_golden(TEST_DATA "/diary.txt", hub.lines()), "");
  EXPECT_THAT(hub.log(), ElementsAre("info: hello"));
  EXPECT_EQ(hub.progress(), (std::pair<uint64_t, uint64_t>{2, 2}));
  EXPECT_EQ(hub.commits(), 4u);
}

TEST_F(Hub, ASecondRunFindsEverythingKnown) {
  hub.run();
  const auto before = hub.facts();
  const size_t lines = hub.lines().size();
  EXPECT_EQ(hub.run().status, KEPU_RUN_OK);
  EXPECT_EQ(hub.facts(), before);
  EXPECT_EQ(hub.lines().size(), lines); // nothing was committed
}

TEST_F(Hub, LaterRowsReplaceFactsOfTheSameKey) {
  hub.run();
  ASSERT_THAT(hub.facts(), SizeIs(5));
  EXPECT_THAT(hub.facts()[0], HasSubstr("entries key=\"a\" value=1.5"));
}

// kill -9 before every single call that reaches the hub, in both ways of becoming durable: the next
// run must end where an undisturbed one does, and nothing is told to the outside before it is durable.
TEST_F(Hub, KilledAtEveryCallItEndsWithTheSameFacts) {
  FakeHub undisturbed(kepu_connector_entry);
  undisturbed.run();
  ASSERT_GT(undisturbed.calls(), 10u);
  for (const bool late : {false, true}) {
    for (uint64_t call = 1; call <= undisturbed.calls(); ++call) {
      diary::moved.clear();
      FakeHub killed(kepu_connector_entry);
      EXPECT_EQ(killed.run(fault(&Faults::kill_at_call, call, late)).status, KEPU_RUN_CANCELLED);
      for (const auto& name : diary::moved) {
        EXPECT_THAT(killed.lines(), testing::Contains("end " + name)) << "told before it was durable, call " << call;
      }
      EXPECT_EQ(killed.run().status, KEPU_RUN_OK);
      EXPECT_EQ(killed.facts(), undisturbed.facts()) << "killed at call " << call << (late ? ", late" : "");
    }
  }
}

TEST_F(Hub, KilledAtEveryCommitItResumes) {
  for (uint64_t commit = 1; commit <= 4; ++commit) {
    FakeHub killed(kepu_connector_entry);
    EXPECT_EQ(killed.run(fault(&Faults::kill_at_commit, commit)).status, KEPU_RUN_CANCELLED);
    EXPECT_EQ(killed.commits(), commit - 1);
    EXPECT_EQ(killed.run().status, KEPU_RUN_OK);
    EXPECT_THAT(killed.facts(), SizeIs(5));
    const bool was_begun = commit == 2 || commit == 3; // the first file commits three times
    EXPECT_EQ(testing::Matches(testing::Contains("input monday.csv resume"))(killed.lines()), was_begun) << commit;
  }
}

TEST_F(Hub, CancelledAtEveryCallItEndsAsCancelled) {
  hub.run();
  for (uint64_t call = 1; call <= hub.calls(); ++call) {
    FakeHub fresh(kepu_connector_entry);
    EXPECT_EQ(fresh.run(fault(&Faults::cancel_at_call, call)).status, KEPU_RUN_CANCELLED) << call;
    EXPECT_EQ(fresh.run().status, KEPU_RUN_OK);
    EXPECT_EQ(fresh.facts(), hub.facts());
  }
}

TEST_F(Hub, AFailedWaitLosesWhatWaits) {
  Faults faults;
  faults.late_durable = faults.fail_wait_durable = true;
  EXPECT_EQ(hub.run(faults).status, KEPU_RUN_CANCELLED);
  EXPECT_THAT(hub.facts(), IsEmpty());
  EXPECT_THAT(diary::moved, IsEmpty());
}

TEST_F(Hub, AStreamingRunIsCancelledAfterACommit) {
  diary::instead = [](kepu::Host& host) {
    for (int64_t i = 0; !host.is_cancelled(); ++i) {
      host.rows(diary::entries).row().text(std::to_string(i)).decimal(i).null().null();
      host.commit(std::to_string(i));
    }
  };
  EXPECT_EQ(hub.run(fault(&Faults::cancel_after_commit, 3)).status, KEPU_RUN_OK);
  EXPECT_THAT(hub.facts(), SizeIs(3));
  EXPECT_EQ(hub.cursor(), "2");
}

TEST_F(Hub, AWaitingRunIsWokenByACancelFromAnotherThread) {
  std::thread canceller;
  diary::instead = [&](kepu::Host& host) {
    canceller = std::thread([&] { hub.cancel(); });
    pollfd readable{host.cancel_fd(), POLLIN, 0};
    EXPECT_EQ(::poll(&readable, 1, -1), 1);
    EXPECT_TRUE(host.is_cancelled());
  };
  EXPECT_EQ(hub.run().status, KEPU_RUN_OK);
  canceller.join();
}

TEST_F(Hub, RetractionsAndReplacementsTakeFactsOut) {
  hub.run();
  diary::instead = [](kepu::Host& host) {
    const kepu_cell gone = kepu::cell::text("e");
    host.retract(diary::entries, {&gone, 1});
    constexpr int64_t day = 86400ll * 1000000;
    kepu::Scope monday;
    monday.time_from = 20001 * day;
    monday.time_until = 20002 * day;
    host.begin_replace(diary::entries, monday);
    host.rows(diary::entries).row().text("b").decimal(99).date(int64_t{20001}).null();
    host.end_replace();
    host.commit("");
  };
  EXPECT_EQ(hub.run().status, KEPU_RUN_OK);
  EXPECT_THAT(hub.facts(), ElementsAre("entries key=\"b\" value=9.9 day=2024-10-05", HasSubstr("key=\"d\"")));
}

TEST_F(Hub, AReplacementOfThisInputTouchesNoOther) {
  hub.run();
  diary::instead = [](kepu::Host& host) {
    EXPECT_EQ(host.begin_input("monday.csv", 1, {9}).decision, KEPU_TAKE);
    kepu::Scope scope;
    scope.this_input = true;
    host.begin_replace(diary::entries, scope);
    host.rows(diary::entries).row(2).text("a").decimal(1).null().null();
    host.end_replace();
    host.end_input();
    host.commit("");
  };
  EXPECT_EQ(hub.run().status, KEPU_RUN_OK);
  EXPECT_THAT(hub.facts(), ElementsAre("entries key=\"a\" value=0.1", HasSubstr("key=\"d\""), HasSubstr("key=\"e\"")));
}

TEST_F(Hub, WrongSettingsAreToldWithoutARun) {
  hub.settings = {{"greting", "hi"}};
  const auto outcome = hub.run();
  EXPECT_EQ(outcome.status, KEPU_RUN_BAD_CONFIG);
  EXPECT_THAT(outcome.text, HasSubstr("did you mean \"greeting\"?"));
}

TEST_F(Hub, ABackfillSwapsWhatLiesInItsDaysAndNothingElse) {
  hub.run();
  const auto cursor = hub.cursor();
  diary::moved.clear();
  diary::files = {{"monday.csv", 1, {"a,11", "c,31"}}, {"tuesday.csv", 2, {"d,41", "e,51"}}, {"wednesday.csv", 3, {}}};
  hub.range = kepu::host::Range{0, 0, 20001, 20002}; // monday's
  EXPECT_EQ(hub.run().status, KEPU_RUN_OK);
  EXPECT_THAT(hub.facts(), ElementsAre(HasSubstr("key=\"a\" value=1.1"), HasSubstr("key=\"c\" value=3.1"),
                                       HasSubstr("key=\"d\" value=4.0"), HasSubstr("key=\"e\" value=5.0")));
  EXPECT_EQ(hub.cursor(), cursor);
  EXPECT_THAT(diary::moved, IsEmpty());
  hub.range.reset();
  const auto lines = hub.lines().size();
  diary::files = {{"monday.csv", 1, {"a,10", "b,20", "broken", "c,30", "a,15"}}};
  hub.run();
  EXPECT_EQ(hub.lines().size(), lines) << "the ledger still knows what was taken before";
}

TEST_F(Hub, ABackfillThatDoesNotEndWellChangesNothing) {
  hub.run();
  const auto before = hub.facts();
  diary::files = {{"monday.csv", 1, {"a,11"}}, {"tuesday.csv", 2, {"d,41"}}};
  hub.range = kepu::host::Range{0, 0, 20001, 20003};
  EXPECT_NE(hub.run(fault(&Faults::cancel_after_commit, 1)).status, KEPU_RUN_OK);
  EXPECT_NE(hub.run(fault(&Faults::kill_at_commit, 2)).status, KEPU_RUN_OK);
  EXPECT_EQ(hub.facts(), before);
}

} // namespace
