// Facts that are given up, and figures that stay.
#include "fixture.hpp"

#include "store/block.hpp"
#include "support/life.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <iterator>
#include <set>

namespace kepu::store {
namespace {

using namespace test;
using testing::HasSubstr;
using Visits = std::map<int, uint64_t>;

model::Day day_2025(int day) { return model::day_of(2025, 1, 1) + day; }

class Retention : public Store {
protected:
  void SetUp() override {
    Store::SetUp();
    clock_.advance(std::chrono::hours(24 * 100));
    run_with({{"a", "in", 0, 1}, {"b", "in", 1, 2}, {"c", "in", 5, 2}});
    run_with({{"d", "in", 1, 3}, {"e", "in", 7, 3}});
  }
  uint64_t run_with(const std::vector<Row>& rows, const std::string& source = "gates") {
    begin_run(source);
    put(rows);
    commit();
    end_run();
    clock_.advance(std::chrono::minutes(1));
    return run_;
  }
  Work::Outcome give_up(int before) {
    const auto outcome = to_end(writer_->retention("gates", day_2025(before)));
    clock_.advance(std::chrono::minutes(1));
    return outcome;
  }
  Verified verified() { return to_end(writer_->verify()).verified.value(); }
  // What the store answers as of then; the error's code when it does not.
  std::string visits_text(Instant moment, int from, int to) {
    auto reader = ReaderSource(file()).open().value();
    reader->begin_at(moment).value();
    std::vector<uint32_t> ids;
    const auto series = reader->series("visits").value();
    for (const auto& one : series)
      ids.push_back(one.id);
    std::map<int, uint64_t> days;
    const auto read = reader->cells(ids, day_2025(from), day_2025(to),
                                    [&](size_t, const DayCell& cell) { days[cell.day - day_2025(0)] += cell.n; });
    if (!read) return read.error().code;
    std::string out;
    for (const auto& [day, n] : days)
      out += std::to_string(day) + ":" + std::to_string(n) + " ";
    return out;
  }
};

TEST_F(Retention, LeavesTheFiguresAndDeletesTheFacts) {
  run_with({{"z", "in", 9, 1}}); // the store's last block stays in any case
  const auto outcome = give_up(6);
  EXPECT_EQ(outcome.removed, 4u) << "one of them out of a block that holds a later day too";
  EXPECT_EQ(visits(), (Visits{{0, 1}, {1, 2}, {5, 1}, {7, 1}, {9, 1}}));
  EXPECT_EQ(facts(), 2u);
  EXPECT_TRUE(verified().agrees());
  reopen();
  EXPECT_EQ(visits(), (Visits{{0, 1}, {1, 2}, {5, 1}, {7, 1}, {9, 1}}));
  EXPECT_EQ(writer_->horizon("gates", "passages"), noon_2025 + 6 * day_micros - day_micros / 2);
  EXPECT_EQ(writer_->horizon("other", "passages"), std::nullopt);
}

TEST_F(Retention, LeavesNothingOfAKeyInTheFile) {
  const std::string name = "a-key-that-is-found-by-its-name";
  run_with({{name, "in", 1, 4}, {"y", "in", 9, 4}}); // the store's last block, which holds a later day too
  const auto in_file = [&] {
    writer_->tidy();
    Db db(file(), Db::Mode::read);
    auto row = db.query("SELECT data FROM blocks");
    while (row.step()) {
      const auto facts = decode_block(row.blob(0)).value();
      for (uint32_t at = 0; at < facts.rows; ++at) {
        if (facts.key(at) == name) return true;
      }
    }
    return false;
  };
  EXPECT_TRUE(in_file());
  give_up(6);
  EXPECT_FALSE(in_file());
}

TEST_F(Retention, TakesKeysOfDeletedFactsOutOfTheIndex) {
  run_with({{"z", "in", 9, 1}});
  const auto held = [&] {
    Db db(file(), Db::Mode::read);
    auto row = db.query("SELECT sum(n) FROM keyseg");
    row.step();
    return row.integer(0);
  };
  writer_->tidy(); // which writes the index
  EXPECT_EQ(held(), 6);
  give_up(6);
  EXPECT_EQ(held(), 2);
  EXPECT_TRUE(verified().agrees());
}

TEST_F(Retention, OutOfABlockThatSeveralSourcesShareOnlyItsOwnFactsGo) {
  run_with({{"a", "in", 2, 1}}, "other");
  run_with({{"z", "in", 9, 1}}); // the store's last block
  to_end(writer_->compact());
  run_with({{"y", "in", 9, 1}});
  EXPECT_EQ(give_up(10).removed, 7u);
  EXPECT_TRUE(verified().agrees());
  EXPECT_EQ(facts(), 1u);
  EXPECT_EQ(to_end(writer_->retention("other", day_2025(10))).removed, 1u);
  EXPECT_EQ(visits(), (Visits{{0, 1}, {1, 2}, {2, 1}, {5, 1}, {7, 1}, {9, 2}}));
  EXPECT_EQ(facts(), 0u);
  EXPECT_TRUE(verified().agrees());
}

TEST_F(Retention, TellsHowFarBackFactsGo) {
  const auto commit = give_up(6).commit;
  auto reader = ReaderSource(file()).open().value();
  reader->begin().value();
  const auto told = reader->given_up("gates").value();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].dataset, "passages");
  EXPECT_EQ(told[0].before, day_2025(6));
  EXPECT_EQ(told[0].since.seq, commit.seq);
  EXPECT_TRUE(reader->given_up("other").value().empty());
  const auto frozen = reader->frozen("visits").value();
  ASSERT_EQ(frozen.size(), 1u);
  EXPECT_EQ(frozen[0].before, day_2025(6));
  EXPECT_FALSE(frozen[0].is_lost);
  EXPECT_EQ(reader->last_change("visits")->seq, commit.seq) << "answers of before end with it";
}

TEST_F(Retention, OfWhatWasGivenUpAlreadyIsNoCommit) {
  const auto first = give_up(6);
  EXPECT_NE(first.commit.seq, 0u);
  EXPECT_EQ(give_up(6).commit.seq, 0u);
  EXPECT_EQ(give_up(2).commit.seq, 0u);
  EXPECT_GT(give_up(8).commit.seq, first.commit.seq);
}

TEST_F(Retention, OfDaysToComeOrOfNobodyIsRefused) {
  EXPECT_EQ(writer_->retention("gates", day_2025(200)).error().code, "bad_range");
  EXPECT_EQ(writer_->retention("nobody", day_2025(2)).error().code, "unknown_source");
  begin_run();
  EXPECT_EQ(writer_->retention("gates", day_2025(2)).error().code, "source_running");
}

TEST_F(Retention, ARowWhoseFactIsGoneIsANewOne) {
  give_up(6);
  run_with({{"a", "in", 8, 1}, {"d", "in", 8, 1}}); // one deleted, one that still lies in a block
  EXPECT_EQ(visits(), (Visits{{0, 1}, {1, 2}, {5, 1}, {7, 1}, {8, 2}}));
  EXPECT_TRUE(verified().agrees());
}

TEST_F(Retention, WithdrawingARunLeavesFrozenFiguresAndTakesBackTheOthers) {
  give_up(6);
  withdraw(run_);
  EXPECT_EQ(visits(), (Visits{{0, 1}, {1, 2}, {5, 1}}));
  EXPECT_TRUE(verified().agrees());
}

TEST_F(Retention, WithdrawingTheSourceTakesBackFrozenFiguresToo) {
  run_with({{"a", "in", 3, 1}}, "other");
  give_up(6);
  const auto before = clock_.now();
  clock_.advance(std::chrono::minutes(1));
  to_end(writer_->withdraw_source("gates"));
  EXPECT_EQ(visits(), (Visits{{3, 1}}));
  EXPECT_TRUE(verified().agrees());
  EXPECT_EQ(visits_text(before, 0, 9), "history_horizon");
  EXPECT_EQ(visits_text(before, 6, 9), "7:1 ");
}

TEST_F(Retention, AnEarlierMomentIsAnsweredWhereNothingChangedSince) {
  const auto early = clock_.now();
  clock_.advance(std::chrono::minutes(1));
  run_with({{"f", "in", 1, 9}, {"g", "in", 8, 9}});
  give_up(6);
  EXPECT_EQ(visits_text(early, 0, 0), "0:1 ");
  EXPECT_EQ(visits_text(early, 5, 9), "5:1 7:1 ");
  EXPECT_EQ(visits_text(early, 0, 9), "history_horizon") << "the second day has changed since";
}

TEST_F(Retention, HistoryAndFactsOfFrozenDaysAreRefusedAndOfLaterOnesTold) {
  give_up(6);
  auto reader = ReaderSource(file()).open().value();
  reader->begin().value();
  FigureAsk ask{"visits", day_2025(0), day_2025(9), {}};
  ask.choose = [](const auto&, const auto&, const auto& series) { return std::vector<bool>(series.size(), true); };
  const auto refused = reader->history(ask, 0, 10);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "history_horizon");
  EXPECT_THAT(refused.error().text, HasSubstr("gates from before 2025-01-07"));
  const auto none = [](const CountedFact&) { return true; };
  EXPECT_EQ(reader->counted_facts(ask, {}, none).error().code, "history_horizon");
  ask.first = day_2025(6);
  EXPECT_EQ(reader->history(ask, 0, 10)->states.size(), 1u);
  EXPECT_EQ(reader->counted_facts(ask, {}, none)->facts, 1u);
}

TEST_F(Retention, AChangedDefinitionKeepsFrozenFiguresAsTheyWere) {
  run_with({{"h", "out", 0, 1}, {"i", "out", 8, 1}});
  give_up(6);
  ASSERT_TRUE(writer_->load_catalog(catalog({"in", "out"}), zone_));
  EXPECT_EQ(visits(), (Visits{{0, 1}, {1, 2}, {5, 1}, {7, 1}, {8, 1}}));
  EXPECT_TRUE(verified().agrees());
}

TEST_F(Retention, ADefinitionThatCountsSomethingElseDoesNotKnowEarlierDays) {
  give_up(6);
  auto next = std::make_shared<model::Catalog>(*catalog());
  next->indicators[0].by = {};
  ASSERT_TRUE(writer_->load_catalog(next, zone_));
  auto reader = ReaderSource(file()).open().value();
  reader->begin().value();
  EXPECT_EQ(visits(), (Visits{{7, 1}}));
  EXPECT_TRUE(reader->frozen("visits").value().at(0).is_lost);
  EXPECT_FALSE(reader->frozen("visitors").value().at(0).is_lost);
  EXPECT_TRUE(verified().agrees());
}

TEST_F(Retention, ThatIsBrokenOffIsGoneOnWithByTheNext) {
  run_with({{"z", "in", 9, 1}});
  const auto before = visits();
  {
    auto work = writer_->retention("gates", day_2025(8)).value();
    ASSERT_FALSE(work->step().value());
  }
  reopen();
  EXPECT_EQ(facts(), 6u);
  EXPECT_EQ(visits(), before);
  run_with({{"a", "in", 9, 1}}); // as if its fact were deleted
  EXPECT_EQ(visits().at(9), 2u);
  EXPECT_TRUE(verified().agrees());
  const auto rest = give_up(8);
  EXPECT_EQ(rest.commit.seq, 0u);
  EXPECT_EQ(rest.removed, 5u);
  EXPECT_EQ(facts(), 2u);
  EXPECT_TRUE(verified().agrees());
}

TEST_F(Retention, DeletesWhatAWithdrawnRunGaveAndCountsItNoMore) {
  withdraw(run_);
  run_with({{"z", "in", 9, 1}});
  EXPECT_EQ(facts(), 4u);
  give_up(8);
  EXPECT_EQ(facts(), 1u);
  EXPECT_TRUE(verified().agrees());
}

TEST_F(Retention, OfADatasetThatStandingFiguresAreMadeOfGivesUpNothing) {
  auto next = std::make_shared<model::Catalog>(*catalog());
  model::Indicator here = next->indicators[1];
  here.id = "here";
  here.measure = model::Measure::standing;
  next->indicators.push_back(here);
  ASSERT_TRUE(writer_->load_catalog(next, zone_));
  const auto outcome = give_up(6);
  EXPECT_EQ(outcome.commit.seq, 0u);
  EXPECT_EQ(outcome.removed, 0u);
  EXPECT_EQ(facts(), 5u);
}

// ---- lives ----

using Cells = std::map<std::string, std::string>; // what is told of each figure
struct Seen {
  std::map<std::string, Cells> cells; // by indicator, days from some on
  std::map<std::string, std::string> errors;
};

Seen seen(kepu::test::Life& life, Seq at, model::Day from) {
  Seen out;
  auto reader = life.readers->open().value();
  reader->begin().value();
  reader->stand_at(at).value();
  for (const auto& indicator : reader->catalog()->indicators) {
    const auto series = reader->series(indicator.id).value();
    std::vector<uint32_t> ids;
    for (const auto& one : series)
      ids.push_back(one.id);
    const auto name = [&](size_t i, model::Day day) {
      std::string text = model::day_text(day) + " " + series[i].source;
      for (const auto& dim : series[i].dims)
        text += " " + dim;
      return text;
    };
    auto& cells = out.cells[indicator.id];
    auto read = reader->cells(ids, from, kepu::test::Life::first_day + 400, [&](size_t i, const DayCell& cell) {
      cells[name(i, cell.day)] += std::to_string(cell.n) + " " + std::to_string(static_cast<int64_t>(cell.sum)) + " " +
                                  std::to_string(cell.approximate + cell.repaired * 100 + cell.provisional * 10'000);
    });
    if (read && indicator.measure == model::Measure::distinct) {
      read = reader->sets(ids, from, kepu::test::Life::first_day + 400,
                          [&](size_t i, model::Day day, std::span<const uint32_t> numbers) {
                            for (const auto number : numbers)
                              cells[name(i, day)] += " #" + std::to_string(number);
                          });
    }
    if (!read) out.errors[indicator.id] = read.error().code;
  }
  return out;
}

class Lives : public testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Retention, Lives, testing::Range(0u, 4u));

// Two stores live alike; in one the facts are only marked as given up, in the other they are deleted.
TEST_P(Lives, WithRetentionKeepFrozenFiguresAndAgreeWithTheFactsThatAreLeft) {
  kepu::test::Life marked(GetParam());
  kepu::test::Life deleted(GetParam());
  std::map<std::string, model::Day> before; // by source
  std::map<std::string, std::string> zones; // in which that day was cut
  std::map<Seq, Seen> answered;
  Seen last;
  std::mt19937 random(GetParam());
  for (int step = 0; step < 60; ++step) {
    const auto catalog = marked.writer->catalog();
    const auto zone = marked.zone.name();
    marked.step();
    deleted.step();
    const Seq at = marked.writer->latest();
    auto now = seen(marked, at, 0);
    ASSERT_EQ(now.cells, seen(deleted, deleted.writer->latest(), 0).cells) << "step " << step;
    auto reader = marked.readers->open().value();
    reader->begin().value();
    for (const auto& [indicator, cells] : last.cells) {
      if (!now.cells.contains(indicator)) continue;
      std::set<std::string> unknown;
      for (const auto& one : reader->frozen(indicator).value()) {
        if (one.is_lost) unknown.insert(one.source);
      }
      for (const auto& [name, told] : cells) {
        const auto source = name.substr(11, name.find(' ', 11) - 11);
        const auto bound = before.find(source);
        if (bound == before.end() || unknown.contains(source)) continue;
        // In another zone an hour of the first day that stays may be of the day before.
        const auto until = bound->second - (zones[source] == marked.zone.name() && zone == marked.zone.name() ? 0 : 1);
        if (name.substr(0, 10) >= model::day_text(until)) continue;
        const auto found = now.cells[indicator].find(name);
        ASSERT_TRUE(found != now.cells[indicator].end() && found->second == told)
            << "step " << step << ", " << indicator << " " << name;
      }
    }
    if (random() % 8 == 0) {
      const std::string source = random() % 2 ? "gates" : "other";
      const auto day = kepu::test::Life::first_day + static_cast<model::Day>(random() % 30);
      if (auto work = marked.writer->retention(source, day)) {
        ASSERT_TRUE((*work)->step());
        kepu::test::Life::to_end(kepu::test::Life::must(deleted.writer->retention(source, day)));
        if (const auto [it, is_new] = before.try_emplace(source, day); is_new || day > it->second) {
          it->second = day;
          zones[source] = marked.zone.name();
        }
      }
    }
    if (random() % 10 == 0) kepu::test::Life::to_end(kepu::test::Life::must(deleted.writer->compact()));
    last = seen(marked, marked.writer->latest(), 0);
    answered[marked.writer->latest()] = last;
    if (step % 6 == 0) {
      ASSERT_TRUE(kepu::test::Life::to_end(kepu::test::Life::must(marked.writer->verify())).verified->agrees())
          << "step " << step;
      ASSERT_TRUE(kepu::test::Life::to_end(kepu::test::Life::must(deleted.writer->verify())).verified->agrees())
          << "step " << step;
      ASSERT_EQ(kepu::test::Life::to_end(kepu::test::Life::must(deleted.writer->rebuild())).mended, 0u)
          << "step " << step;
      ASSERT_EQ(kepu::test::Life::to_end(kepu::test::Life::must(marked.writer->rebuild())).mended, 0u)
          << "step " << step;
    }
  }
  for (const auto& [seq, then] : answered) {
    for (auto* life : {&marked, &deleted}) {
      const auto again = seen(*life, seq, 0);
      for (const auto& [indicator, cells] : then.cells) {
        if (again.errors.contains(indicator)) {
          EXPECT_EQ(again.errors.at(indicator), "history_horizon");
        } else {
          std::vector<std::pair<std::string, std::string>> others;
          std::ranges::set_symmetric_difference(again.cells.at(indicator), cells, std::back_inserter(others));
          EXPECT_TRUE(others.empty()) << "commit " << seq << ", " << indicator << " " << others.front().first;
        }
      }
    }
  }
}

} // namespace
} // namespace kepu::store
