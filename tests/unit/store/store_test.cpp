#include "fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sys/resource.h>
#include <unistd.h>

namespace kepu::store {
namespace {

using namespace test;

TEST_F(Store, SameRowAgainChangesNothing) {
  begin_run();
  put({{"a", "in", 0, 1}, {"b", "in", 1, 2}});
  commit();
  put({{"a", "in", 0, 1}});
  commit();
  EXPECT_EQ(run(run_)->unchanged, 1u);
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 1}, {1, 1}}));
  expect_verified();
}

TEST_F(Store, ManyRowsToldAgainAreHeldAgainstWhatIsInForceOfEach) {
  constexpr int n = 40'000; // some blocks
  const auto row = [](int i, int day) { return Row{"k" + std::to_string(i), "in", day, 1 + i % 9}; };
  std::vector<Row> first;
  std::vector<Row> corrected;
  std::vector<Row> all;
  for (int i = 0; i < n; ++i) {
    first.push_back(row(i, i % 5));
    if (i % 3 == 0) corrected.push_back(row(i, 7));
    all.push_back(i % 3 == 0 ? corrected.back() : first.back());
  }
  run_to_end("ok", first);
  run_to_end("ok", corrected);
  const auto told = run(run_to_end("ok", all));
  EXPECT_EQ(told->unchanged, static_cast<uint64_t>(n));
  EXPECT_EQ(told->changed, 0u);
  const auto back = run(run_to_end("ok", first));
  EXPECT_EQ(back->changed, corrected.size());
  EXPECT_EQ(back->unchanged, n - corrected.size());
  expect_verified();
}

TEST_F(Store, ChangedRowMovesItsFigureToTheOtherDay) {
  begin_run();
  put({{"a", "in", 0, 1}});
  commit();
  put({{"a", "in", 5, 1}});
  commit();
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{5, 1}}));
  expect_verified();
}

TEST_F(Store, LaterRowOfOneKeyWinsWithinAPart) {
  begin_run();
  put({{"a", "in", 0, 1}, {"a", "in", 3, 1}});
  commit();
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{3, 1}}));
}

TEST_F(Store, RetractedFactLeavesItsFigures) {
  begin_run();
  put({{"a", "in", 0, 1}, {"b", "in", 0, 1}});
  commit();
  ASSERT_TRUE(part_->retract("passages", columns({{"a", "in", 0, 1}})));
  commit();
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 1}}));
  expect_verified();
}

TEST_F(Store, ReplacedTimeScopeClosesOnlyWhatIsInsideAndNotEmitted) {
  begin_run();
  put({{"a", "in", 0, 1}, {"b", "in", 1, 2}, {"c", "in", 2, 3}});
  commit();
  Scope scope;
  scope.time_from = noon_2025 - 1;
  scope.time_until = noon_2025 + day_micros + 1;
  ASSERT_TRUE(part_->begin_replace("passages", scope));
  put({{"a", "in", 0, 1}});
  ASSERT_TRUE(part_->end_replace());
  commit();
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 1}, {2, 1}}));
  expect_verified();
}

TEST_F(Store, ARowThatAnotherFileGaveLaterSurvivesTheReplacementOfTheFirst) {
  begin_run();
  take("january.csv", 1, {{"a", "in", 0, 1}, {"b", "in", 1, 2}});
  take("both.csv", 2, {{"b", "in", 1, 2}, {"c", "in", 2, 3}});
  reopen();
  begin_run();
  replace("january.csv", 3, {{"a", "in", 0, 1}});
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 1}, {1, 1}, {2, 1}}));
  expect_verified();
}

TEST_F(Store, ARowIsTakenOutByTheFileThatGaveItLast) {
  begin_run();
  take("january.csv", 1, {{"a", "in", 0, 1}, {"b", "in", 1, 2}});
  take("both.csv", 2, {{"b", "in", 1, 2}, {"c", "in", 2, 3}});
  replace("both.csv", 3, {{"c", "in", 2, 3}});
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 1}, {2, 1}}));
  expect_verified();
}

TEST_F(Store, ARowMayComeBackToTheFileThatBroughtIt) {
  begin_run();
  take("january.csv", 1, {{"a", "in", 0, 1}, {"b", "in", 1, 2}});
  take("both.csv", 2, {{"b", "in", 1, 2}, {"c", "in", 2, 3}});
  replace("january.csv", 3, {{"a", "in", 0, 1}, {"b", "in", 1, 2}});
  replace("both.csv", 4, {{"c", "in", 2, 3}});
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 1}, {1, 1}, {2, 1}}));
  replace("january.csv", 5, {{"a", "in", 0, 1}});
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 1}, {2, 1}}));
  expect_verified();
}

TEST_F(Store, ACorrectionOfARenamedFileTakesOutWhatItsOldNameBrought) {
  begin_run();
  take("old.csv", 1, {{"a", "in", 0, 1}, {"b", "in", 1, 2}});
  EXPECT_EQ(begin_input("new.csv", 1).decision, Decision::known);
  commit();
  replace("new.csv", 2, {{"a", "in", 0, 1}});
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 1}}));
}

TEST_F(Store, ACopyKeepsItsRowsWhenTheOriginalIsCorrected) {
  begin_run();
  take("a.csv", 1, {{"a", "in", 0, 1}, {"b", "in", 1, 2}});
  EXPECT_EQ(begin_input("copy.csv", 1).decision, Decision::known);
  commit();
  replace("a.csv", 2, {{"a", "in", 0, 1}});
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 1}, {1, 1}}));
}

TEST_F(Store, ACopyUnderANameThatHeldOtherRowsIsRead) {
  begin_run();
  take("a.csv", 1, {{"a", "in", 0, 1}});
  take("b.csv", 2, {{"b", "in", 1, 2}});
  EXPECT_EQ(begin_input("b.csv", 1).decision, Decision::take);
}

TEST_F(Store, ACopyDoesNotEndTheReadingOfWhatWasBegun) {
  begin_run();
  take("a.csv", 1, {{"a", "in", 0, 1}});
  begin_input("x.csv", 2);
  put({{"b", "in", 1, 2}});
  commit("middle");
  reopen();
  begin_run();
  EXPECT_EQ(begin_input("copy.csv", 1).decision, Decision::known);
  EXPECT_EQ(begin_input("x.csv", 2).decision, Decision::resume);
}

TEST_F(Store, OfTwoFilesInOnePartTheLaterHoldsTheirCommonRow) {
  begin_run();
  begin_input("january.csv", 1);
  put({{"a", "in", 0, 1}, {"b", "in", 1, 2}});
  ASSERT_TRUE(part_->end_input());
  begin_input("both.csv", 2);
  put({{"b", "in", 1, 2}});
  ASSERT_TRUE(part_->end_input());
  commit();
  replace("january.csv", 3, {{"a", "in", 0, 1}});
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 1}, {1, 1}}));
  expect_verified();
}

TEST_F(Store, FurtherRejectsOfAnInputAreCountedOnce) {
  const auto refuse_many = [&] {
    begin_run();
    begin_input("x.csv", 1);
    for (uint64_t place = 2; place < 10'100; ++place)
      ASSERT_TRUE(part_->reject({place, "passages", "ts", "bad_time", ""}));
    ASSERT_TRUE(part_->drop()); // as when too many rows are refused: it comes again
    part_.reset();
    ASSERT_TRUE(writer_->end_run(run_, "bad_data", "", clock_.now()));
  };
  refuse_many();
  refuse_many();
  Db db(file(), Db::Mode::read);
  auto row = db.query("SELECT count(*),sum(count) FROM rejects WHERE input='x.csv'");
  ASSERT_TRUE(row.step());
  EXPECT_EQ(row.integer(0), 10'001);
  EXPECT_EQ(row.integer(1), 10'098);
}

TEST_F(Store, TheLogStaysBoundedWithoutAnyCommit) {
  for (int i = 0; i < 4; ++i) {
    begin_run();
    for (int n = 0; n < 9'000; ++n)
      ASSERT_TRUE(part_->reject({0, "passages", "ts", "bad_time", std::string(4'000, 'x')}));
    ASSERT_TRUE(part_->drop()); // 36 MB
  }
  EXPECT_LT(fs::file_size(file().string() + "-wal"), 90u << 20);
}

TEST_F(Store, UncommittedPartIsGoneAfterAKillAndTheCursorStands) {
  begin_run();
  put({{"a", "in", 0, 1}});
  commit("first");
  put({{"b", "in", 0, 2}});
  ASSERT_TRUE(part_->retract("passages", columns({{"a", "in", 0, 1}}))); // staged on disk
  reopen();
  EXPECT_EQ(*writer_->cursor("gates"), "first");
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 1}}));
  expect_verified();
}

TEST_F(Store, StagedRowsOfADroppedPartAreTakenWhenTheyComeAgain) {
  begin_run();
  std::vector<Row> rows;
  for (int i = 0; i < 70'000; ++i)
    rows.push_back({"k" + std::to_string(i), "in", i % 7, i + 1}); // more than a step
  put(rows);
  reopen();
  begin_run();
  put(rows);
  commit();
  EXPECT_EQ(run(run_)->inserted, 70'000u);
  expect_verified();
}

TEST_F(Store, SourcesDoNotShareKeys) {
  begin_run("one");
  put({{"a", "in", 0, 1}});
  commit();
  begin_run("two");
  put({{"a", "in", 0, 1}});
  commit();
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 2}}));
}

TEST_F(Store, AReaderSeesTheSeriesAndDaysOfItsMoment) {
  const auto first = model::day_of(2025, 1, 1);
  begin_run("one");
  put({{"a", "in", 3, 1}});
  commit();
  auto reader = ReaderSource(file()).open().value();
  const auto series = [&] { return reader->series("visits").value().size(); };
  using Days = std::optional<std::pair<model::Day, model::Day>>;
  reader->begin().value();
  EXPECT_EQ(series(), 1u);
  EXPECT_EQ(reader->extent("visits").value(), Days({first + 3, first + 3}));
  begin_run("two");
  put({{"a", "in", 90, 1}});
  commit();
  EXPECT_EQ(series(), 1u);
  EXPECT_EQ(reader->extent("visits").value(), Days({first + 3, first + 3}));
  reader->end();
  reader->begin().value();
  EXPECT_EQ(series(), 2u);
  EXPECT_EQ(reader->extent("visits").value(), Days({first + 3, first + 90}));
  ASSERT_TRUE(part_->retract("passages", columns({{"a", "in", 90, 1}})));
  commit();
  reader->end();
  reader->begin().value();
  EXPECT_EQ(reader->extent("visits").value(), Days({first + 3, first + 3}));
  reader->end();
}

TEST_F(Store, TidyingAmidAPartTakesNothingFromIt) {
  begin_run();
  put({{"a", "in", 0, 1}, {"b", "in", 1, 2}});
  commit();
  put({{"a", "in", 5, 1}});
  writer_->tidy();
  put({{"b", "in", 6, 2}});
  ASSERT_TRUE(part_->retract("passages", columns({{"a", "in", 0, 1}})));
  writer_->tidy();
  commit();
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{6, 1}}));
  expect_verified();
}

TEST_F(Store, RenamedCopyIsKnownAndNewContentIsTaken) {
  begin_run();
  EXPECT_EQ(take("x.csv", 1, {{"a", "in", 0, 1}}), Decision::take);
  EXPECT_EQ(take("x.csv", 1, {}), Decision::known);
  EXPECT_EQ(take("copy.csv", 1, {}), Decision::known);
  EXPECT_EQ(take("x.csv", 2, {{"a", "in", 1, 1}}), Decision::take);
  EXPECT_EQ(take("x.csv", 1, {{"a", "in", 0, 1}}), Decision::take); // A, then B, then A again
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 1}}));
}

TEST_F(Store, InputBegunBeforeAKillIsResumedAndOnlyThen) {
  begin_run();
  EXPECT_EQ(begin_input("x.csv", 1).decision, Decision::take);
  put({{"a", "in", 0, 1}});
  commit("middle");
  reopen();
  begin_run();
  EXPECT_EQ(begin_input("x.csv", 1).decision, Decision::resume);
}

TEST_F(Store, TakenContentIsReadAgainAfterOtherContentOfItsNameWasBegun) {
  begin_run();
  EXPECT_EQ(take("x.csv", 1, {{"a", "in", 0, 1}}), Decision::take);
  begin_input("x.csv", 2);
  put({{"a", "in", 9, 1}});
  commit();
  reopen();
  begin_run();
  EXPECT_EQ(take("y.csv", 3, {{"b", "in", 0, 1}}), Decision::take);
  EXPECT_EQ(take("x.csv", 1, {{"a", "in", 0, 1}}), Decision::take);
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 2}}));
}

TEST_F(Store, AnotherPersonKeyIsRefused) {
  part_.reset();
  writer_.reset();
  open("one");
  writer_.reset();
  Options options;
  options.file = file();
  options.clock = &clock_;
  options.person_key_fingerprint = "two";
  const auto opened = Writer::open(options);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "other_person_key");
}

TEST_F(Store, AFileOfSomethingElseIsRefusedAndLeftAsItWas) {
  part_.reset();
  writer_.reset();
  const auto bytes = [&] {
    std::ifstream in(file(), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  auto content = bytes();
  content[18] = content[19] = 1; // no WAL
  content[71] = '?';             // another application_id
  std::ofstream(file(), std::ios::binary) << content;
  Options options;
  options.file = file();
  options.clock = &clock_;
  const auto opened = Writer::open(options);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "foreign_store");
  EXPECT_EQ(bytes(), content);
}

TEST_F(Store, AnEndThatFoundNoSpaceIsRecordedWithTheNext) {
  begin_run();
  part_.reset();
  const auto full = run_;
  std::signal(SIGXFSZ, SIG_IGN); // a write past the limit fails, as on a full disk
  rlimit usual{};
  ::getrlimit(RLIMIT_FSIZE, &usual);
  const rlimit none{0, usual.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &none);
  EXPECT_FALSE(writer_->end_run(full, "retry", "the disk is full", clock_.now()));
  ::setrlimit(RLIMIT_FSIZE, &usual);
  begin_run();
  ASSERT_TRUE(writer_->end_run(run_, "ok", "", clock_.now()));
  auto reader = ReaderSource(file()).open().value();
  reader->begin().value();
  const auto ended = reader->run(full).value();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, "retry");
  EXPECT_EQ(ended->text, "the disk is full");
  EXPECT_TRUE(ended->ended);
}

TEST_F(Store, ChangedDefinitionMakesFiguresAnew) {
  begin_run();
  put({{"a", "in", 0, 1}, {"b", "out", 0, 2}});
  commit();
  part_.reset();
  ASSERT_TRUE(writer_->load_catalog(catalog({"in", "out"}), zone_));
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 2}}));
  expect_verified();
}

TEST_F(Store, EqualCatalogMakesNoCommit) {
  const auto before = writer_->latest().load();
  ASSERT_TRUE(writer_->load_catalog(catalog(), zone_));
  EXPECT_EQ(writer_->latest().load(), before);
}

TEST_F(Store, OfRunsThatFoundNothingOnlyTheLastIsKept) {
  const auto took = run_to_end("ok", {{"a", "in", 0, 1}});
  const auto nothing = run_to_end("ok", {});
  const auto nothing_again = run_to_end("ok", {});
  const auto failed = run_to_end("retry", {});
  const auto after = run_to_end("ok", {});
  EXPECT_TRUE(run(took));
  EXPECT_FALSE(run(nothing));
  EXPECT_TRUE(run(nothing_again));
  EXPECT_TRUE(run(failed));
  EXPECT_TRUE(run(after));
}

// Any life of the store ends in the figures of what it was told, by a model that knows nothing of facts.
TEST_F(Store, RandomLivesEndInTheFiguresOfAPlainModel) {
  std::mt19937 random(20250305);
  const auto upto = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::map<std::string, Row> committed;
  auto open_part = committed;
  begin_run();
  for (int step = 0; step < 400; ++step) {
    switch (upto(8)) {
    case 0: // kill
      reopen();
      begin_run();
      open_part = committed;
      break;
    case 1: {
      const Row row{"k" + std::to_string(upto(60)), "in", 0, 0};
      ASSERT_TRUE(part_->retract("passages", columns({row})));
      open_part.erase(row.id);
      break;
    }
    case 2: {
      Scope scope;
      const int from = upto(20);
      scope.time_from = noon_2025 + from * day_micros;
      scope.time_until = noon_2025 + (from + 4) * day_micros;
      const Row row{"k" + std::to_string(upto(60)), "in", from, upto(30)};
      ASSERT_TRUE(part_->begin_replace("passages", scope));
      put({row});
      ASSERT_TRUE(part_->end_replace());
      std::erase_if(open_part, [&](const auto& one) { return one.second.day >= from && one.second.day < from + 4; });
      open_part[row.id] = row;
      break;
    }
    case 3:
      commit();
      committed = open_part;
      break;
    default: {
      std::vector<Row> rows;
      for (int i = upto(12); i >= 0; --i) {
        rows.push_back({"k" + std::to_string(upto(60)), upto(3) ? "in" : "out", upto(24), upto(30)});
        open_part[rows.back().id] = rows.back();
      }
      put(rows);
    }
    }
  }
  commit();
  std::map<int, uint64_t> expected;
  for (const auto& [id, row] : open_part) {
    if (row.way == "in") ++expected[row.day];
  }
  EXPECT_EQ(visits(), expected);
  expect_verified();
}

TEST_F(Store, FilesThatShareRowsEndAsAPlainModelOfWhoGaveThemLast) {
  std::mt19937 random(510104);
  const auto upto = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  struct Held {
    Row row;
    std::string by;
  };
  std::map<std::string, Held> model;
  std::vector<std::string> names{"first", "file1", "file2", "file3"};
  std::map<std::string, uint8_t> contents{{"first", 255}}; // by name, of those that are held
  std::map<std::string, uint8_t> since;                    // the step
  begin_run();
  take("first", 255, {});
  for (uint8_t content = 1; content < 250; ++content) {
    if (upto(6) == 0) { // a copy or a rename: not read, but from now on its rows are of the new name
      const auto held = std::next(contents.begin(), upto(static_cast<int>(contents.size())))->second;
      const std::string copy = "copy" + std::to_string(content);
      ASSERT_EQ(begin_input(copy, held).decision, Decision::known);
      commit();
      // Of all that hold this content, the one that came to it last.
      const auto holds = [&](const std::string& name) { return contents.contains(name) && contents.at(name) == held; };
      const auto holder = *std::ranges::max_element(
          names, {}, [&](const std::string& name) { return holds(name) ? int{since[name]} : -1; });
      for (auto& [id, one] : model) {
        if (one.by == holder) one.by = copy;
      }
      names.push_back(copy);
      contents[copy] = held;
      since[copy] = content;
      continue;
    }
    const std::string name = names[static_cast<size_t>(upto(static_cast<int>(names.size())))];
    contents[name] = since[name] = content;
    std::map<std::string, Row> rows;
    for (int i = upto(15); i >= 0; --i) {
      const int key = upto(20);
      const Row row{"k" + std::to_string(key), "in", key + upto(8) / 7, 1}; // mostly the same in each file
      rows[row.id] = row;
    }
    std::vector<Row> list;
    for (const auto& [id, row] : rows)
      list.push_back(row);
    if (upto(3)) {
      replace(name, content, list);
      std::erase_if(model, [&](const auto& one) { return one.second.by == name && !rows.contains(one.first); });
    } else {
      take(name, content, list);
    }
    for (const auto& row : list)
      model[row.id] = {row, name};
    if (upto(10) == 0) {
      reopen();
      begin_run();
    }
    std::map<int, uint64_t> expected;
    for (const auto& [id, held] : model)
      ++expected[held.row.day];
    ASSERT_EQ(visits(), expected) << "after content " << int{content};
  }
  expect_verified();
}

} // namespace
} // namespace kepu::store
