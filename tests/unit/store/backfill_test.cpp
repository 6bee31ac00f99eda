// Days that are read again and swapped in whole.
#include "backfill_fixture.hpp"

namespace kepu::store {
namespace {

using namespace test;

TEST_F(Backfill, WhatItReadUnderANewNameGivesWayToTheNextContent) {
  begin_backfill(0, 9);
  read_file("a.csv", 1, {{"a", "in", 1, 1}, {"b", "in", 2, 1}});
  swap();
  begin_run();
  const auto answer = begin_input("a.csv", 2);
  EXPECT_EQ(answer.decision, Decision::take);
  ASSERT_TRUE(answer.previous) << "so the connector knows that there is something to be replaced";
  EXPECT_EQ(answer.previous->hash, (std::array<uint8_t, 32>{})) << "of which nothing is the growth";
}

TEST_F(Backfill, WhatIsHeldOfTheDaysIsWhatTheSourceHoldsNowAndOtherDaysStay) {
  live({{"before", "in", 1, 1}, {"stays", "in", 2, 1}, {"goes", "in", 3, 1}, {"after", "in", 5, 1}});
  begin_backfill(2, 5);
  put({{"stays", "in", 2, 1}, {"comes", "in", 4, 1}, {"another", "in", 1, 1}, {"third", "in", 5, 1}});
  swap();
  EXPECT_EQ(visits(), (Visits{{1, 1}, {2, 1}, {4, 1}, {5, 1}}));
  const auto counts = run(run_).value();
  EXPECT_EQ(counts.rows, 2u);
  EXPECT_EQ(counts.inserted, 1u);
  EXPECT_EQ(counts.unchanged, 1u);
  EXPECT_EQ(counts.removed, 1u);
  expect_verified();
}

TEST_F(Backfill, RowsOfOtherDaysAreCountedAndNobodyIsNumberedForThem) {
  live({{"a", "in", 2, 1}});
  begin_backfill(2, 3);
  put({{"a", "in", 2, 1}, {"b", "in", 1, 77}, {"c", "in", 3, 78}});
  ASSERT_TRUE(part_->swap({"passages"}));
  EXPECT_EQ(part_->passed_over().outside, 2u);
  end_run();
  Db db(file(), Db::Mode::read);
  auto persons = db.query("SELECT v FROM meta WHERE k='persons'");
  persons.step();
  EXPECT_EQ(persons.integer(0), 1);
}

TEST_F(Backfill, DaysAreThoseOfTheHubsZone) {
  live({{"a", "in", 0, 1}});
  begin_backfill(0, 1);
  auto midnight = columns({{"first", "in", 0, 1}, {"last", "in", 0, 1}, {"late", "in", 0, 1}, {"a", "in", 0, 1}});
  const auto begin = to_micros(zone_.start_of(model::day_of(2025, 1, 1)));
  midnight.fields[2].numbers = {begin, begin + day_micros - 1, begin + day_micros, noon_2025};
  ASSERT_TRUE(part_->put("passages", midnight));
  swap();
  EXPECT_EQ(visits(), (Visits{{0, 3}}));
}

TEST_F(Backfill, NothingIsSeenOfItBeforeItIsSwappedIn) {
  live({{"a", "in", 2, 1}});
  begin_backfill(0, 9);
  put({{"b", "in", 3, 1}});
  retract({{"a", "in", 2, 1}});
  EXPECT_GT(staged(), 0);
  EXPECT_EQ(visits(), (Visits{{2, 1}}));
  end_run("cancelled");
  EXPECT_EQ(visits(), (Visits{{2, 1}}));
  EXPECT_EQ(staged(), 0);
  expect_verified();
}

TEST_F(Backfill, AnEarlierMomentIsAnsweredAsBefore) {
  live({{"a", "in", 2, 1}, {"b", "in", 3, 1}});
  const auto before = clock_.now();
  clock_.advance(std::chrono::hours(1));
  begin_backfill(0, 9);
  put({{"c", "in", 4, 1}});
  swap();
  reopen();
  EXPECT_EQ(visits(), (Visits{{4, 1}}));
  EXPECT_EQ(visits_at(before), (Visits{{2, 1}, {3, 1}}));
}

TEST_F(Backfill, ItsCommitIsASwap) {
  live({{"a", "in", 2, 1}});
  begin_backfill(2, 3);
  put({{"a", "in", 2, 1}});
  const auto commit = swap();
  Db db(file(), Db::Mode::read);
  auto row = db.query("SELECT kind,run FROM commits WHERE seq=?");
  row.bind(1, static_cast<int64_t>(commit.seq)).step();
  EXPECT_EQ(row.text(0), "swap");
  EXPECT_EQ(static_cast<uint64_t>(row.integer(1)), run_);
}

TEST_F(Backfill, TheBookmarkStays) {
  live({{"a", "in", 2, 1}});
  begin_backfill(2, 3);
  put({{"a", "in", 2, 2}});
  swap();
  EXPECT_EQ(writer_->cursor("gates").value(), "there");
}

TEST_F(Backfill, InputsAreNeitherTakenNorForgotten) {
  live_file("a.csv", 1, {{"a", "in", 2, 1}, {"b", "in", 5, 1}});
  begin_backfill(2, 3);
  read_file("a.csv", 1, {{"a", "in", 2, 1}, {"b", "in", 5, 1}});
  read_file("new.csv", 2, {{"c", "in", 2, 1}, {"d", "in", 5, 1}});
  swap();
  EXPECT_EQ(visits(), (Visits{{2, 2}, {5, 1}}));
  EXPECT_EQ(asked("a.csv", 1), Decision::known);
  EXPECT_EQ(asked("copy.csv", 2), Decision::take) << "what was read for some days is no content that is held";
  live_file("new.csv", 2, {{"c", "in", 2, 1}, {"d", "in", 5, 1}});
  EXPECT_EQ(visits(), (Visits{{2, 2}, {5, 2}}));
  EXPECT_EQ(asked("new.csv", 2), Decision::known);
}

TEST_F(Backfill, OfAFileThatWasBegunTheRestIsReadAsBefore) {
  begin_run();
  begin_input("a.csv", 1);
  put({{"a", "in", 2, 1}});
  commit();
  end_run();
  begin_backfill(2, 3);
  read_file("a.csv", 1, {{"a", "in", 2, 1}});
  swap();
  EXPECT_EQ(asked("a.csv", 1), Decision::resume);
}

TEST_F(Backfill, NewContentOfAFileTakesOutWhatABackfillReadOfIt) {
  live_file("a.csv", 1, {{"a", "in", 2, 1}});
  begin_backfill(2, 4);
  read_file("a.csv", 2, {{"a", "in", 2, 1}, {"b", "in", 3, 1}});
  swap();
  begin_run();
  replace("a.csv", 3, {{"a", "in", 2, 1}});
  end_run();
  EXPECT_EQ(visits(), (Visits{{2, 1}}));
  expect_verified();
}

TEST_F(Backfill, ARowOfAFileThatNowLiesInAnotherIsThatOnes) {
  live_file("a.csv", 1, {{"a", "in", 2, 1}});
  begin_backfill(2, 4);
  read_file("b.csv", 2, {{"a", "in", 2, 1}});
  swap();
  begin_run();
  replace("a.csv", 3, {});
  end_run();
  EXPECT_EQ(visits(), (Visits{{2, 1}}));
}

TEST_F(Backfill, OfADeadSourceItChangesNothingUnlessThatIsMeant) {
  live({{"a", "in", 2, 1}, {"b", "in", 5, 1}});
  begin_backfill(2, 4);
  const auto error = refused_swap();
  EXPECT_EQ(error.code, "untold");
  EXPECT_NE(error.text.find("passages"), std::string::npos) << error.text;
  EXPECT_EQ(visits(), (Visits{{2, 1}, {5, 1}}));
  EXPECT_EQ(staged(), 0);
  begin_backfill(2, 4, true);
  swap();
  EXPECT_EQ(visits(), (Visits{{5, 1}}));
  expect_verified();
}

TEST_F(Backfill, OfDaysOfWhichNothingIsHeldNothingNeedBeTold) {
  live({{"a", "in", 2, 1}});
  begin_backfill(3, 4);
  swap();
  EXPECT_EQ(visits(), (Visits{{2, 1}}));
}

TEST_F(Backfill, WithoutAFileThatTheHubHoldsRowsOfItChangesNothingAndNamesIt) {
  live_file("a.csv", 1, {{"a", "in", 2, 1}});
  live_file("lost.csv", 2, {{"b", "in", 2, 1}, {"c", "in", 3, 1}});
  begin_backfill(2, 4);
  read_file("a.csv", 1, {{"a", "in", 2, 1}});
  const auto error = refused_swap();
  EXPECT_EQ(error.code, "untold");
  EXPECT_NE(error.text.find("lost.csv, of which the hub holds 2 facts"), std::string::npos) << error.text;
  EXPECT_EQ(visits(), (Visits{{2, 2}, {3, 1}}));
  begin_backfill(5, 9); // it holds nothing of these
  swap();
}

TEST_F(Backfill, AFileThatIsCalledOtherwiseNowIsNotMissed) {
  live_file("a.csv", 1, {{"a", "in", 2, 1}});
  begin_backfill(2, 4);
  read_file("renamed.csv", 1, {{"a", "in", 2, 1}});
  swap();
  EXPECT_EQ(visits(), (Visits{{2, 1}}));
}

TEST_F(Backfill, AKeyThatTheHubHoldsOnOtherDaysStaysThere) {
  live({{"a", "in", 5, 1}, {"b", "in", 2, 1}});
  begin_backfill(2, 4);
  put({{"a", "in", 2, 1}, {"b", "in", 2, 1}});
  ASSERT_TRUE(part_->swap({"passages"}));
  EXPECT_EQ(part_->passed_over().held_elsewhere, 1u);
  end_run();
  EXPECT_EQ(visits(), (Visits{{2, 1}, {5, 1}}));
  EXPECT_EQ(run(run_)->rows, 1u);
}

TEST_F(Backfill, ARowThatTheSourceMovesOutOfTheDaysIsNotInThem) {
  live({{"a", "in", 2, 1}});
  begin_backfill(2, 4);
  put({{"a", "in", 2, 1}, {"b", "in", 3, 1}, {"c", "in", 3, 1}});
  retract({{"none", "in", 0, 1}}); // so that what came before is on disk
  put({{"a", "in", 9, 1}, {"b", "in", 9, 1}});
  swap();
  EXPECT_EQ(visits(), (Visits{{3, 1}}));
  expect_verified();
}

TEST_F(Backfill, RetractionsAndReplacementsReachNoFurtherThanTheDays) {
  live({{"a", "in", 2, 1}, {"b", "in", 5, 1}, {"c", "in", 6, 1}});
  begin_backfill(2, 4);
  put({{"x", "in", 2, 1}, {"y", "in", 3, 1}});
  retract({{"x", "in", 2, 1}, {"b", "in", 5, 1}});
  ASSERT_TRUE(part_->begin_replace("passages", {}));
  put({{"z", "in", 3, 1}});
  ASSERT_TRUE(part_->end_replace());
  swap();
  EXPECT_EQ(visits(), (Visits{{3, 1}, {5, 1}, {6, 1}}));
  expect_verified();
}

TEST_F(Backfill, WithdrawnItBringsBackWhatItReplaced) {
  live_file("a.csv", 1, {{"a", "in", 2, 1}, {"b", "in", 3, 1}, {"c", "in", 8, 1}});
  begin_backfill(2, 4);
  read_file("a.csv", 2, {{"a", "in", 3, 1}, {"d", "in", 2, 1}});
  swap();
  EXPECT_EQ(visits(), (Visits{{2, 1}, {3, 1}, {8, 1}}));
  withdraw(run_);
  EXPECT_EQ(visits(), (Visits{{2, 1}, {3, 1}, {8, 1}}));
  EXPECT_EQ(facts(), 3u);
  EXPECT_EQ(asked("a.csv", 1), Decision::known);
  EXPECT_EQ(asked("a.csv", 2), Decision::take) << "it was never held";
  expect_verified();
}

TEST_F(Backfill, OfAWithdrawnFileItReadsTheDaysAndTheFileStaysWithdrawn) {
  const auto wrong = live_file("a.csv", 1, {{"a", "in", 2, 1}});
  withdraw(wrong);
  begin_backfill(2, 4);
  read_file("a.csv", 1, {{"a", "in", 2, 1}});
  swap();
  EXPECT_EQ(visits(), (Visits{{2, 1}}));
  EXPECT_EQ(asked("a.csv", 1), Decision::known);
}

TEST_F(Backfill, ItsRejectsAreKeptAlsoWhenItIsDropped) {
  live({{"a", "in", 2, 1}});
  begin_backfill(2, 4);
  put({{"b", "in", 2, 1}});
  ASSERT_TRUE(part_->reject({3, "passages", "ts", "bad_time", "no such day"}));
  ASSERT_TRUE(part_->drop());
  end_run("bad_data");
  EXPECT_EQ(visits(), (Visits{{2, 1}}));
  auto reader = ReaderSource(file()).open().value();
  reader->begin().value();
  EXPECT_EQ(reader->reject_count("gates").value(), 1u);
}

TEST_F(Backfill, ARunThatWasCutOffSaysWhatItWas) {
  run_ = writer_->begin_run({"gates", "c", "1", "", clock_.now(), "backfill of March"}).value();
  reopen();
  EXPECT_EQ(run(run_)->text, "backfill of March: the hub ended while this run was going on; what was not committed is "
                             "dropped");
}

TEST_F(Backfill, WhileItGoesOnAndAfterItWasDroppedTheStoreIsInOrder) {
  live({{"a", "in", 2, 1}});
  begin_backfill(2, 4);
  const auto backfill = run_;
  auto part = std::move(part_);
  auto rows = columns({{"b", "in", 2, 7}});
  ASSERT_TRUE(part->put("passages", rows));
  ASSERT_TRUE(part->retract("passages", columns({{"a", "in", 2, 1}})));
  const auto in_order = [&] {
    EXPECT_TRUE(to_end(writer_->verify()).verified->agrees());
    EXPECT_EQ(to_end(writer_->rebuild()).mended, 0u);
  };
  in_order();
  begin_run("other");
  put({{"o", "in", 40, 1}});
  commit();
  end_run();
  in_order();
  part.reset();
  run_ = backfill;
  end_run("cancelled");
  in_order();
  EXPECT_EQ(visits(), (Visits{{2, 1}, {40, 1}}));
}

TEST_F(Backfill, KilledAtAnyMomentItLeavesTheStoreAsItWas) {
  live_file("a.csv", 1, {{"a", "in", 2, 1}, {"b", "in", 3, 1}, {"c", "in", 8, 1}});
  const auto before = visits();
  const std::vector<std::function<void()>> steps{
      [&] { begin_input("a.csv", 2); },         [&] { put({{"a", "in", 2, 1}, {"b", "in", 2, 1}, {"d", "in", 3, 1}}); },
      [&] { retract({{"a", "in", 2, 1}}); },    [&] { ASSERT_TRUE(part_->begin_replace("passages", {})); },
      [&] { put({{"e", "in", 2, 1}}); },        [&] { ASSERT_TRUE(part_->end_replace()); },
      [&] { ASSERT_TRUE(part_->end_input()); },
  };
  for (size_t done = 0; done <= steps.size(); ++done) {
    begin_backfill(2, 4);
    for (size_t i = 0; i < done; ++i)
      steps[i]();
    kill_process();
    ASSERT_EQ(visits(), before) << done;
    ASSERT_EQ(staged(), 0) << done;
    ASSERT_EQ(asked("a.csv", 1), Decision::known) << done;
  }
  expect_verified();
}

} // namespace
} // namespace kepu::store
