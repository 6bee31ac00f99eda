// Facts that lie in many small blocks are joined, and every answer stays.
#include "fixture.hpp"

#include <random>
#include <set>

namespace kepu::store {
namespace {

using namespace test;

class Compaction : public Store {
protected:
  Compacted compact() { return *to_end(writer_->compact()).compacted; }
  // One part of these rows.
  uint64_t run_with(const std::vector<Row>& rows, const std::string& source = "gates") {
    begin_run(source);
    put(rows);
    commit();
    end_run();
    clock_.advance(std::chrono::minutes(1));
    return run_;
  }
  // Rows n days apart, of one person each.
  std::vector<Row> rows(int n, const std::string& prefix) {
    std::vector<Row> out;
    for (int i = 0; i < n; ++i)
      out.push_back({prefix + std::to_string(i), i % 3 ? "in" : "out", i % 60, 1 + i});
    return out;
  }
  uint64_t blocks() {
    Db db(file(), Db::Mode::read);
    auto row = db.query("SELECT count(*) FROM blocks");
    row.step();
    return static_cast<uint64_t>(row.integer(0));
  }
  void expect_agrees() {
    expect_verified();
    const auto found = *to_end(writer_->verify()).verified;
    EXPECT_TRUE(found.agrees()) << (found.findings.empty() ? "" : found.findings[0].sentence);
  }
  // What may be asked of one moment, in words.
  std::string answers(Reader& reader) {
    std::string out;
    const auto first = model::day_of(2024, 11, 1);
    const auto last = model::day_of(2025, 12, 31);
    for (const char* indicator : {"visits", "visitors"}) {
      const auto series = reader.series(indicator).value();
      std::vector<uint32_t> ids;
      for (const auto& one : series)
        ids.push_back(one.id);
      const auto name = [&](size_t i) { return series[i].source + " " + series[i].dims[0] + " "; };
      std::set<std::string> told; // series come in the order of their numbers
      EXPECT_TRUE(reader.cells(ids, first, last, [&](size_t i, const DayCell& cell) {
        if (cell.n) told.insert(name(i) + std::to_string(cell.day) + ": " + std::to_string(cell.n));
      }));
      EXPECT_TRUE(reader.sets(ids, first, last, [&](size_t i, model::Day day, std::span<const uint32_t> numbers) {
        for (const auto number : numbers)
          told.insert(name(i) + std::to_string(day) + " has " + std::to_string(number));
      }));
      for (const auto& one : told)
        out += one + "\n";
      if (const auto extent = reader.extent(indicator).value())
        out += "from " + std::to_string(extent->first) + " to " + std::to_string(extent->second) + "\n";
      FigureAsk ask;
      ask.indicator = indicator;
      ask.first = first;
      ask.last = last;
      ask.choose = [](const auto&, const auto&, const auto& all) { return std::vector<bool>(all.size(), true); };
      const auto states = reader.history(ask, 0, 1000).value().states;
      for (const auto& state : states) {
        out += "commit " + std::to_string(state.commit.seq) + ": " + std::to_string(static_cast<int64_t>(state.value)) +
               " of " + std::to_string(state.n) + ", " + std::to_string(state.inserted) + " " +
               std::to_string(state.replaced) + " " + std::to_string(state.deleted) + " " +
               std::to_string(state.out_of_scope) + " " + std::to_string(state.withdrawn) + "\n";
      }
      FactsAsk page;
      page.limit = 7;
      for (bool more = true; more;) {
        const auto found = reader.counted_facts(ask, page, [&](const CountedFact& fact) {
          out += std::to_string(fact.fact) + " " + fact.key + " of " + fact.source + " run " +
                 std::to_string(fact.run->run) + " since " + std::to_string(fact.since.seq) + " instead of " +
                 std::to_string(fact.replaces) + "\n";
          return true;
        });
        more = found.value().more;
        page.after = found->last;
      }
    }
    return out;
  }
  std::string answers(std::optional<Instant> moment = {}) {
    auto reader = ReaderSource(file()).open().value();
    (moment ? reader->begin_at(*moment) : reader->begin()).value();
    return answers(*reader);
  }
};

TEST_F(Compaction, ManySmallBlocksBecomeOneAndAnswersStay) {
  for (int i = 0; i < 150; ++i)
    run_with({{"k" + std::to_string(i % 20), "in", i % 50, i}, {"m" + std::to_string(i), "out", i % 50, 1}},
             i % 2 ? "gates" : "hand");
  const auto before = answers();
  const auto compacted = compact();
  EXPECT_EQ(compacted.before.blocks, 150u);
  EXPECT_EQ(compacted.after.blocks, 1u);
  EXPECT_LT(compacted.after.bytes, compacted.before.bytes);
  EXPECT_EQ(blocks(), 1u);
  EXPECT_EQ(answers(), before);
  reopen();
  EXPECT_EQ(answers(), before);
  expect_agrees();
}

TEST_F(Compaction, NoBlockGrowsBeyondItsMostAndFullOnesStay) {
  run_with(rows(20'000, "a")); // a full block and 3,616
  for (int i = 0; i < 20; ++i)
    run_with(rows(1'000, "b" + std::to_string(i) + "/"));
  run_with(rows(16'384, "c"));
  run_with(rows(1, "d"));
  EXPECT_EQ(blocks(), 24u);
  EXPECT_EQ(compact().after.blocks, 5u); // 16384, 3616+12*1000, 8*1000, 16384, 1
  expect_agrees();
  EXPECT_EQ(compact().after.blocks, 5u);
  run_with(rows(20'000, "a"));
  EXPECT_EQ(run(run_)->unchanged, 20'000u);
}

TEST_F(Compaction, WhatIsStagedAndNotCommittedIsLeftAlone) {
  run_with({{"a", "in", 0, 1}});
  run_with({{"b", "in", 1, 1}});
  begin_run("hand");
  put(rows(70'000, "s"));
  const auto before = answers();
  EXPECT_EQ(compact().after.blocks, 6u);
  EXPECT_EQ(answers(), before);
  part_.reset();
  EXPECT_EQ(blocks(), 1u);
  end_run("bad_data");
  expect_agrees();
}

TEST_F(Compaction, BrokenOffAtAnyStepItLeavesARightStore) {
  for (const char* source : {"gates", "hand"}) {
    begin_run(source);
    for (int i = 0; i < 300; ++i) {
      put({{"k" + std::to_string(i), "in", i % 50, i % 9}});
      commit();
    }
    end_run();
  }
  const auto before = answers();
  for (const int steps : {0, 1, 2, 3, 4, 66, 100}) {
    auto work = writer_->compact().value();
    for (int i = 0; i < steps; ++i)
      ASSERT_FALSE(work->step().value());
    work.reset();
    reopen();
    ASSERT_EQ(answers(), before) << steps;
    expect_agrees();
  }
  EXPECT_EQ(compact().after.blocks, 1u);
}

// ---- random lives: told twice, with and without compactions ----

class RandomCompactions : public Compaction, public testing::WithParamInterface<unsigned> {
protected:
  void begin_anew() {
    part_.reset();
    writer_.reset();
    for (const char* more : {"", "-wal", "-shm"})
      fs::remove(file().string() + more);
    clock_.advance(from_micros(noon_2025) - clock_.now());
    open();
  }
  // What was answered after each round.
  std::vector<std::string> live(bool compacts) {
    std::mt19937 random(GetParam());
    std::mt19937 moments(GetParam() + 100);
    const auto upto = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    std::vector<std::string> out;
    std::vector<uint64_t> runs;
    std::vector<Instant> earlier;
    uint8_t content = 0;
    const auto some_rows = [&] {
      std::vector<Row> list;
      for (int i = upto(4); i >= 0; --i)
        list.push_back({"k" + std::to_string(upto(20)), upto(3) ? "in" : "out", upto(14), upto(6)});
      return list;
    };
    const auto one_part = [&] {
      const auto given = some_rows();
      switch (upto(6)) {
      case 0:
        EXPECT_TRUE(part_->retract("passages", columns(given)));
        break;
      case 1: {
        Scope scope;
        scope.time_from = noon_2025 + upto(12) * day_micros;
        scope.time_until = scope.time_from + (1 + upto(4)) * day_micros;
        EXPECT_TRUE(part_->begin_replace("passages", scope));
        put(given);
        EXPECT_TRUE(part_->end_replace());
        break;
      }
      case 2:
        replace("f" + std::to_string(upto(3)), ++content, given);
        return;
      default:
        put(given);
      }
      commit();
    };
    // Its own dice, so that both lives are the same.
    const auto perhaps_compact = [&] {
      if (moments() % 3 != 0) return;
      const auto steps = moments() % 3 == 0 ? static_cast<int>(moments() % 200) : 1000;
      if (!compacts) return;
      auto work = writer_->compact().value();
      bool last = false;
      for (int i = 0; i < steps && !last; ++i)
        last = work->step().value();
    };
    for (int round = 0; round < 30; ++round) {
      clock_.advance(std::chrono::minutes(1));
      if (!runs.empty() && upto(4) == 0) {
        const auto chosen = runs.begin() + upto(static_cast<int>(runs.size()));
        withdraw(*chosen);
        runs.erase(chosen);
      } else {
        begin_run(upto(2) ? "gates" : "hand");
        runs.push_back(run_);
        for (int i = upto(4); i >= 0; --i) {
          one_part();
          if (i == 1) perhaps_compact(); // while a run is open
        }
        end_run();
      }
      perhaps_compact();
      if (upto(8) == 0) reopen();
      if (upto(8) == 0) {
        EXPECT_TRUE(writer_->load_catalog(
            catalog(upto(2) ? std::vector<std::string>{"in"} : std::vector<std::string>{"in", "out"}), zone_));
      }
      out.push_back(answers());
      earlier.push_back(clock_.now());
      out.push_back(answers(earlier[static_cast<size_t>(upto(static_cast<int>(earlier.size())))]));
      if (compacts && round % 10 == 9) expect_agrees();
    }
    return out;
  }
};

TEST_P(RandomCompactions, AnswerAsWithoutThem) {
  const auto without = live(false);
  const auto left = blocks();
  begin_anew();
  const auto with = live(true);
  ASSERT_EQ(with.size(), without.size());
  for (size_t i = 0; i < with.size(); ++i)
    ASSERT_EQ(with[i], without[i]) << "answer " << i;
  EXPECT_LT(blocks(), left);
}

INSTANTIATE_TEST_SUITE_P(Lives, RandomCompactions, testing::Range(1u, 6u));

} // namespace
} // namespace kepu::store
