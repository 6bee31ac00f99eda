// Runs and sources that are withdrawn.
#include "retold.hpp"
#include "withdrawal_fixture.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <random>
#include <set>

namespace kepu::store {
namespace {

using namespace test;

TEST_F(Withdrawal, WhatTheRunBroughtIsOutAndOthersStay) {
  run_with({{"a", "in", 0, 1}});
  const auto wrong = run_with({{"b", "in", 1, 2}, {"c", "in", 1, 3}});
  const auto outcome = withdraw(wrong);
  EXPECT_EQ(visits(), (Visits{{0, 1}}));
  EXPECT_EQ(outcome.removed, 2u);
  EXPECT_EQ(outcome.restored, 0u);
  EXPECT_EQ(facts(), 1u);
  const auto told = run(wrong)->withdrawn;
  ASSERT_TRUE(told);
  EXPECT_EQ(told->seq, outcome.commit.seq);
  EXPECT_EQ(told->recorded_at, outcome.commit.recorded_at);
  expect_verified();
}

TEST_F(Withdrawal, WhatItHadChangedAndRetractedComesBack) {
  run_with({{"a", "in", 0, 1}, {"b", "in", 1, 2}});
  const auto wrong = run_of([&] {
    put({{"a", "in", 5, 1}});
    ASSERT_TRUE(part_->retract("passages", columns({{"b", "in", 1, 2}})));
  });
  EXPECT_EQ(withdraw(wrong).restored, 2u);
  EXPECT_EQ(visits(), (Visits{{0, 1}, {1, 1}}));
  expect_verified();
}

TEST_F(Withdrawal, OfARowChangedThriceEachCanBeTakenBackInAnyOrder) {
  std::array<size_t, 3> order{0, 1, 2};
  for (int key = 0; std::ranges::next_permutation(order).found || key == 0; ++key) {
    const auto id = "k" + std::to_string(key);
    std::vector<uint64_t> runs;
    for (int day = 1; day <= 3; ++day)
      runs.push_back(run_with({{id, "in", day, 1}}));
    std::set<int> left{1, 2, 3};
    for (const size_t at : order) {
      withdraw(runs[at]);
      left.erase(static_cast<int>(at) + 1);
      EXPECT_EQ(visits(), left.empty() ? Visits{} : (Visits{{*left.rbegin(), 1}}));
    }
  }
  expect_verified();
}

TEST_F(Withdrawal, AnEarlierMomentStillSeesIt) {
  run_with({{"a", "in", 0, 1}});
  const auto wrong = run_with({{"a", "in", 4, 1}, {"b", "in", 1, 2}});
  const auto before = clock_.now();
  clock_.advance(std::chrono::hours(1));
  withdraw(wrong);
  reopen();
  EXPECT_EQ(visits(), (Visits{{0, 1}}));
  EXPECT_EQ(visits_at(before), (Visits{{1, 1}, {4, 1}}));
  EXPECT_EQ(visits_at(clock_.now()), (Visits{{0, 1}}));
}

TEST_F(Withdrawal, ARowThatALaterRunConfirmedStaysAndIsThatRunsThen) {
  const auto first = run_with({{"a", "in", 0, 1}, {"b", "in", 1, 2}});
  const auto second = run_with({{"a", "in", 0, 1}});
  EXPECT_EQ(withdraw(first).restored, 1u);
  EXPECT_EQ(visits(), (Visits{{0, 1}}));
  withdraw(second);
  EXPECT_EQ(visits(), (Visits{}));
  EXPECT_EQ(facts(), 0u);
  expect_verified();
}

TEST_F(Withdrawal, AKeyThatTwoRunsRetractedStaysOutUntilBothAreWithdrawn) {
  run_with({{"a", "in", 0, 1}});
  const auto first = run_without("a");
  const auto second = run_without("a");
  withdraw(first);
  EXPECT_EQ(visits(), (Visits{}));
  withdraw(second);
  EXPECT_EQ(visits(), (Visits{{0, 1}}));
}

TEST_F(Withdrawal, ALaterReplacementTakesOutWhatWouldComeBackIntoItsScope) {
  run_with({{"a", "in", 0, 1}});
  const auto moved = run_with({{"a", "in", 9, 1}});
  const auto replaced = run_replacing_days(-1, 3, {{"b", "in", 1, 2}});
  withdraw(moved);
  EXPECT_EQ(visits(), (Visits{{1, 1}}));
  withdraw(replaced);
  EXPECT_EQ(visits(), (Visits{{0, 1}}));
  expect_verified();
}

TEST_F(Withdrawal, AReplacementTookAnotherFactThanTheOneThatComesBack) {
  run_with({{"a", "in", 9, 1}});
  const auto moved = run_with({{"a", "in", 0, 1}});
  run_replacing_days(-1, 3, {});
  withdraw(moved); // without it "a" had lain outside the scope
  EXPECT_EQ(visits(), (Visits{{9, 1}}));
  expect_verified();
}

TEST_F(Withdrawal, ARowThatAScopeKeepsOutNoLongerStandsBeforeTheOneThatWasThereBefore) {
  run_with({{"a", "in", 0, 1}});
  const auto emptied = run_replacing_days(-1, 3, {});
  const auto moved = run_with({{"a", "in", 6, 1}});
  const auto again = run_with({{"a", "in", 9, 1}});
  run_replacing_days(5, 8, {});
  withdraw(emptied);
  withdraw(again);
  EXPECT_EQ(visits(), (Visits{})); // the scope came after the row of the sixth
  withdraw(moved);
  EXPECT_EQ(visits(), (Visits{{0, 1}}));
  expect_verified();
}

TEST_F(Withdrawal, AFileThatOnlyTheWithdrawnRunKeptFromTakingOutItsRowTakesItOut) {
  run_taking("a.csv", 1, {{"x", "in", 0, 1}, {"y", "in", 1, 1}});
  const auto other = run_taking("b.csv", 2, {{"x", "in", 0, 1}});
  run_replacing("a.csv", 3, {{"y", "in", 1, 1}});
  EXPECT_EQ(visits(), (Visits{{0, 1}, {1, 1}}));
  withdraw(other);
  EXPECT_EQ(visits(), (Visits{{1, 1}}));
  expect_verified();
}

TEST_F(Withdrawal, ACopyHoldsItsRowsWhenTheRunThatReadTheFirstNameIsWithdrawn) {
  const auto first = run_taking("a.csv", 1, {{"x", "in", 0, 1}});
  const auto second = run_of([&] { EXPECT_EQ(begin_input("copy.csv", 1).decision, Decision::known); });
  withdraw(first);
  EXPECT_EQ(visits(), (Visits{{0, 1}}));
  withdraw(second);
  EXPECT_EQ(visits(), (Visits{}));
}

TEST_F(Withdrawal, AWholeSourceGoesAndOthersStay) {
  run_with({{"a", "in", 0, 1}});
  run_with({{"a", "in", 3, 1}, {"b", "in", 1, 1}});
  begin_run("hand");
  put({{"a", "in", 7, 1}});
  commit();
  end_run();
  EXPECT_EQ(to_end(writer_->withdraw_source("gates")).removed, 2u);
  EXPECT_EQ(visits(), (Visits{{7, 1}}));
  EXPECT_EQ(facts(), 1u);
  EXPECT_EQ(writer_->withdraw_source("gates").error().code, "already_withdrawn");
  EXPECT_TRUE(run(1)->withdrawn);
  EXPECT_TRUE(run(2)->withdrawn);
  EXPECT_FALSE(run(3)->withdrawn);
  run_with({{"a", "in", 2, 1}});
  EXPECT_EQ(visits(), (Visits{{2, 1}, {7, 1}}));
  expect_verified();
}

TEST_F(Withdrawal, TheCursorStays) {
  begin_run();
  put({{"a", "in", 0, 1}});
  commit("here");
  end_run();
  withdraw(run_);
  EXPECT_EQ(writer_->cursor("gates").value(), "here");
}

TEST_F(Withdrawal, AWithdrawnFileIsNotReadAgainWhileItLiesThereUnchanged) {
  const auto wrong = run_taking("a.csv", 1, {{"x", "in", 0, 1}});
  withdraw(wrong);
  EXPECT_EQ(asked_again("a.csv", 1), Decision::known);
  EXPECT_EQ(asked_again("renamed.csv", 1), Decision::known);
  run_taking("a.csv", 2, {{"x", "in", 1, 1}}); // mended
  EXPECT_EQ(visits(), (Visits{{1, 1}}));
  EXPECT_EQ(asked_again("a.csv", 1), Decision::take); // somebody put the first back
}

TEST_F(Withdrawal, WhatWasWithdrawnIsReadAgainWhenSomebodyAsksForIt) {
  run_taking("a.csv", 1, {{"x", "in", 0, 1}});
  run_taking("b.csv", 2, {{"y", "in", 1, 1}});
  withdraw(run_);
  ASSERT_TRUE(writer_->read_again("gates"));
  EXPECT_EQ(writer_->cursor("gates").value(), "");
  EXPECT_EQ(asked_again("a.csv", 1), Decision::known);
  EXPECT_EQ(asked_again("b.csv", 2), Decision::take);
}

TEST_F(Withdrawal, TheContentBeforeAWithdrawnOneIsHeldAgain) {
  run_taking("a.csv", 1, {{"x", "in", 0, 1}});
  withdraw(run_taking("a.csv", 2, {{"x", "in", 5, 1}}));
  EXPECT_EQ(visits(), (Visits{{0, 1}}));
  EXPECT_EQ(asked_again("a.csv", 1), Decision::known);
  EXPECT_EQ(asked_again("a.csv", 2), Decision::known);
  EXPECT_EQ(asked_again("a.csv", 3), Decision::take);
}

TEST_F(Withdrawal, FilesOfAWithdrawnSourceAreNotReadAgain) {
  run_taking("a.csv", 1, {{"x", "in", 0, 1}});
  run_taking("a.csv", 2, {{"x", "in", 5, 1}});
  to_end(writer_->withdraw_source("gates"));
  EXPECT_EQ(asked_again("a.csv", 2), Decision::known);
  EXPECT_EQ(asked_again("a.csv", 3), Decision::take);
}

TEST_F(Withdrawal, ItsRejectsAreGone) {
  const auto wrong = run_of([&] { ASSERT_TRUE(part_->reject({3, "passages", "ts", "bad_time", "no such day"})); });
  withdraw(wrong);
  auto reader = ReaderSource(file()).open().value();
  reader->begin().value();
  EXPECT_EQ(reader->reject_count("gates").value(), 0u);
}

TEST_F(Withdrawal, WhatCannotBeWithdrawnIsSaid) {
  EXPECT_EQ(writer_->withdraw_run(99).error().code, "unknown_run");
  EXPECT_EQ(writer_->withdraw_run(UINT64_MAX).error().code, "unknown_run");
  EXPECT_EQ(writer_->withdraw_source("nowhere").error().code, "unknown_source");
  const auto ended = run_with({{"a", "in", 0, 1}});
  begin_run();
  EXPECT_EQ(writer_->withdraw_run(run_).error().code, "source_running");
  EXPECT_EQ(writer_->withdraw_run(ended).error().code, "source_running");
  EXPECT_EQ(writer_->withdraw_source("gates").error().code, "source_running");
  end_run();
  withdraw(ended);
  EXPECT_EQ(writer_->withdraw_run(ended).error().code, "already_withdrawn");
}

TEST_F(Withdrawal, BrokenOffAtAnyStepItLeavesTheStoreAsItWas) {
  run_taking("a.csv", 1, {{"a", "in", 0, 1}, {"b", "in", 1, 1}, {"c", "in", 2, 1}});
  break_off_at_any_step(run_taking("a.csv", 2, {{"a", "in", 4, 1}, {"b", "in", 5, 1}, {"d", "in", 6, 1}}));
  EXPECT_EQ(visits(), (Visits{{0, 1}, {1, 1}, {2, 1}}));
  expect_verified();
}

// ---- random lives ----

class RandomWithdrawals : public Withdrawal, public testing::WithParamInterface<unsigned> {};

TEST_P(RandomWithdrawals, EndAsIfTheRunsHadNeverBeen) {
  std::mt19937 random(GetParam());
  const auto upto = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::vector<Act> acts;
  std::set<uint64_t> withdrawn;
  std::vector<uint64_t> runs;
  uint8_t content = 0;
  struct Input {
    std::string name;
    uint8_t content;
    uint64_t run;
  };
  std::vector<Input> inputs; // oldest first
  std::vector<std::string> names{"f0", "f1", "f2"};
  std::vector<std::pair<Instant, Visits>> recorded;
  uint64_t others = 0; // facts of the other source
  const auto row = [&] {
    const int key = upto(14);
    return Row{"k" + std::to_string(key), "in", upto(3) ? key : upto(14), 1};
  };
  const auto some_rows = [&] {
    std::map<std::string, Row> out;
    for (int i = upto(6); i >= 0; --i) {
      const auto one = row();
      out[one.id] = one;
    }
    std::vector<Row> list;
    for (const auto& [id, one] : out)
      list.push_back(one);
    return list;
  };
  const auto one_part = [&] {
    for (int i = upto(3); i >= 0; --i) {
      Act act{run_, Act::put, some_rows(), "", 0, 0};
      switch (upto(6)) {
      case 0:
        act.kind = Act::retract;
        ASSERT_TRUE(part_->retract("passages", columns(act.rows)));
        break;
      case 1: {
        act.kind = Act::replace_days;
        act.from = upto(12);
        act.until = act.from + 1 + upto(5);
        Scope scope;
        scope.time_from = noon_2025 + act.from * day_micros;
        scope.time_until = noon_2025 + act.until * day_micros;
        ASSERT_TRUE(part_->begin_replace("passages", scope));
        put(act.rows);
        ASSERT_TRUE(part_->end_replace());
        break;
      }
      case 2:
      case 3: {
        act.input = names[static_cast<size_t>(upto(static_cast<int>(names.size())))];
        act.kind = upto(2) ? Act::replace_input : Act::put;
        begin_input(act.input, ++content);
        inputs.push_back({act.input, content, run_});
        Scope scope;
        scope.this_input = true;
        if (act.kind == Act::replace_input) {
          ASSERT_TRUE(part_->begin_replace("passages", scope));
        }
        put(act.rows);
        if (act.kind == Act::replace_input) {
          ASSERT_TRUE(part_->end_replace());
        }
        ASSERT_TRUE(part_->end_input());
        break;
      }
      default:
        put(act.rows);
      }
      acts.push_back(act);
    }
    commit();
  };
  // What a name holds: the newest content under it whose run counts.
  const auto holds = [&](const Input& input) {
    const auto newest = std::find_if(inputs.rbegin(), inputs.rend(), [&](const Input& one) {
      return one.name == input.name && !withdrawn.contains(one.run);
    });
    return newest != inputs.rend() && &*newest == &input;
  };
  const auto one_copy = [&] {
    std::vector<Input> held;
    std::ranges::copy_if(inputs, std::back_inserter(held), holds);
    if (held.empty()) return;
    const auto wanted = held[static_cast<size_t>(upto(static_cast<int>(held.size())))].content;
    const auto holder =
        std::find_if(held.rbegin(), held.rend(), [&](const Input& one) { return one.content == wanted; });
    Act act{run_, Act::put, {}, "copy" + std::to_string(names.size()), 0, 0};
    for (const auto& [key, one] : retold(acts, withdrawn)) {
      if (one.by == holder->name) act.rows.push_back(one.row);
    }
    ASSERT_EQ(begin_input(act.input, wanted).decision, Decision::known);
    names.push_back(act.input);
    inputs.push_back({act.input, wanted, run_});
    acts.push_back(act);
    commit();
  };
  for (int round = 0; round < 40; ++round) {
    clock_.advance(std::chrono::minutes(1));
    if (!runs.empty() && upto(3) == 0) {
      const auto chosen = runs.begin() + upto(static_cast<int>(runs.size()));
      auto work = writer_->withdraw_run(*chosen).value();
      // Parts of another source go on between.
      begin_run("other");
      for (bool last = false; !last;) {
        put({{"o" + std::to_string(others++), "in", 40, 1}});
        commit();
        auto step = work->step();
        ASSERT_TRUE(step) << step.error().text;
        last = *step;
      }
      end_run();
      withdrawn.insert(*chosen);
      runs.erase(chosen);
    } else {
      begin_run();
      runs.push_back(run_);
      for (int i = upto(2); i >= 0; --i)
        ASSERT_NO_FATAL_FAILURE(one_part());
      if (upto(3) == 0) {
        ASSERT_NO_FATAL_FAILURE(one_copy());
      }
      end_run();
    }
    if (upto(6) == 0) reopen();
    if (upto(6) == 0) {
      const auto ways = upto(2) ? std::vector<std::string>{"in"} : std::vector<std::string>{"in", "out"};
      ASSERT_TRUE(writer_->load_catalog(catalog(ways), zone_));
    }
    if (!runs.empty() && upto(4) == 0) { // broken off, unless it is at its end so soon
      const auto chosen = runs.begin() + upto(static_cast<int>(runs.size()));
      auto work = writer_->withdraw_run(*chosen).value();
      bool last = false;
      for (int i = upto(3); i > 0 && !last; --i)
        last = work->step().value();
      if (last) {
        withdrawn.insert(*chosen);
        runs.erase(chosen);
      }
    }
    const auto world = retold(acts, withdrawn);
    Visits expected;
    for (const auto& [key, held] : world)
      ++expected[held.row.day];
    if (others) expected[40] = others;
    if (visits() != expected) {
      for (size_t i = 0; i < acts.size(); ++i) {
        const auto& a = acts[i];
        std::string r;
        for (auto& x : a.rows)
          r += x.id + "@" + std::to_string(x.day) + " ";
        std::cerr << "run " << a.run << (withdrawn.contains(a.run) ? " W " : " - ")
                  << (a.kind == 0   ? "put"
                      : a.kind == 1 ? "del"
                      : a.kind == 2 ? "days"
                                    : "inp")
                  << " " << a.input << " " << a.from << ".." << a.until << " " << r << "\n";
      }
      for (auto& [k, h] : world)
        std::cerr << k << "@" << h.row.day << " by " << h.by << "\n";
      Db db(file(), Db::Mode::read);
      auto q = db.query("SELECT run,withdrawn_seq FROM runs WHERE withdrawn_seq IS NOT NULL ORDER BY withdrawn_seq");
      while (q.step())
        std::cerr << "withdrawn " << q.integer(0) << " at " << q.integer(1) << "\n";
    }
    ASSERT_EQ(visits(), expected) << "round " << round;
    ASSERT_EQ(facts(), world.size() + others) << "round " << round;
    recorded.emplace_back(clock_.now(), expected);
  }
  expect_verified();
  for (const auto& [moment, expected] : recorded)
    EXPECT_EQ(visits_at(moment), expected);
  for (const auto run : runs) {
    withdraw(run);
    withdrawn.insert(run);
    Visits expected;
    for (const auto& [key, held] : retold(acts, withdrawn))
      ++expected[held.row.day];
    if (others) expected[40] = others;
    ASSERT_EQ(visits(), expected);
  }
  EXPECT_EQ(facts(), others);
  expect_verified();
}

INSTANTIATE_TEST_SUITE_P(Lives, RandomWithdrawals, testing::Range(1u, 9u));

} // namespace
} // namespace kepu::store
