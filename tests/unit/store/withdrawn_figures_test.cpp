// Withdrawals that change figures of so many days that these are written beside those in force, and then put in their
// place.
#include "withdrawal_fixture.hpp"

#include <random>

namespace kepu::store {
namespace {

using namespace test;

std::vector<Row> row_a_day(const std::string& prefix, int first, int days, const std::string& way = "in") {
  std::vector<Row> out;
  for (int day = first; day < first + days; ++day)
    out.push_back({prefix + std::to_string(day), way, day, 1 + day % 7});
  return out;
}

TEST_F(Withdrawal, BrokenOffLeavesFiguresOfManyDaysAsTheyWere) {
  run_with(row_a_day("a", 0, 400));
  break_off_at_any_step(run_with(row_a_day("b", 100, 200)));
  Visits expected;
  for (int day = 0; day < 400; ++day)
    expected[day] = 1;
  EXPECT_EQ(visits(), expected);
  expect_verified();
}

class ManyDays : public Withdrawal {
protected:
  // Withdraws it, and between the steps whatever `meanwhile` does.
  Seq withdraw_while(uint64_t run, const std::function<void(int step)>& meanwhile) {
    auto work = writer_->withdraw_run(run).value();
    int steps = 0;
    for (bool last = false; !last; ++steps) {
      last = work->step().value();
      meanwhile(steps);
    }
    EXPECT_GT(steps, 5);
    return work->outcome().commit.seq;
  }
  int64_t rows_of_nobody() {
    Db db(file(), Db::Mode::read);
    auto row = db.query("SELECT (SELECT count(*) FROM chunk WHERE (id>>17) NOT IN (SELECT series FROM series))+"
                        "(SELECT count(*) FROM setcell WHERE (id>>22) NOT IN (SELECT series FROM series))+"
                        "(SELECT count(*) FROM series WHERE def_seq<0)");
    row.step();
    return row.integer(0);
  }
};

TEST_F(ManyDays, AreTakenBackAtOnce) {
  run_with(row_a_day("a", 0, 300));
  const auto before = visits();
  const auto wrong = run_with(row_a_day("b", 50, 300));
  const auto with = visits();
  bool is_out = false;
  withdraw_while(wrong, [&](int) {
    const auto now = visits();
    is_out = is_out || now == before;
    EXPECT_EQ(now, is_out ? before : with);
  });
  EXPECT_TRUE(is_out);
  EXPECT_EQ(rows_of_nobody(), 0);
  expect_verified();
}

TEST_F(ManyDays, AreThoseOfAnEarlierMoment) {
  run_with(row_a_day("a", 0, 300));
  const auto wrong = run_with(row_a_day("b", 50, 300));
  const auto before = clock_.now();
  const auto with = visits();
  clock_.advance(std::chrono::hours(1));
  withdraw(wrong);
  EXPECT_EQ(visits_at(before), with);
  reopen();
  EXPECT_EQ(visits_at(before), with);
}

TEST_F(ManyDays, GoOnToBeChanged) {
  const auto first = run_with(row_a_day("a", 0, 300));
  withdraw(run_with(row_a_day("b", 50, 300)));
  run_with(row_a_day("c", 200, 200));
  withdraw(first);
  Visits expected;
  for (int day = 200; day < 400; ++day)
    expected[day] = 1;
  EXPECT_EQ(visits(), expected);
  EXPECT_EQ(rows_of_nobody(), 0);
  expect_verified();
}

TEST_F(ManyDays, OfASeriesThatThereWasNotComeBack) {
  run_with(row_a_day("a", 0, 300, "in"));
  ASSERT_TRUE(writer_->load_catalog(catalog({"in", "out"}), zone_));
  const auto wrong = run_with(row_a_day("a", 0, 300, "out"));
  const auto reader = ReaderSource(file()).open().value();
  withdraw(wrong);
  Visits expected;
  for (int day = 0; day < 300; ++day)
    expected[day] = 1;
  EXPECT_EQ(visits(), expected);
  expect_verified();
}

// What is written beside bears numbers before that of the withdrawal, and parts of others come between. Once the days
// are frozen these numbers tell whether their figures are those of a moment.
TEST_F(ManyDays, ThatAreFrozenAreNotToldAsOfAMomentWhileTheyWereTakenBack) {
  run_with(row_a_day("a", 0, 300));
  const auto wrong = run_with(row_a_day("b", 50, 300));
  begin_run("other");
  std::vector<Instant> between;
  int others = 0;
  withdraw_while(wrong, [&](int) {
    clock_.advance(std::chrono::seconds(1));
    put({{"o" + std::to_string(others++), "in", 340, 1}});
    commit();
    between.push_back(clock_.now());
  });
  end_run();
  const auto withdrawn = run(wrong)->withdrawn->recorded_at;
  clock_.advance(std::chrono::days(500));
  const auto horizon = model::day_of(2025, 1, 1) + 200;
  to_end(writer_->retention("gates", horizon));
  const auto reader = ReaderSource(file()).open().value();
  const auto first = model::day_of(2025, 1, 1);
  for (const auto moment : between) {
    ASSERT_TRUE(reader->begin_at(moment));
    std::vector<uint32_t> ids;
    for (const auto& one : reader->series("visits").value())
      ids.push_back(one.id);
    uint64_t visits = 0;
    const auto told = reader->cells(ids, first, first + 199, [&](size_t, const DayCell& cell) { visits += cell.n; });
    if (moment < withdrawn) {
      EXPECT_EQ(told.has_value() ? "told" : told.error().code, "history_horizon");
    } else {
      EXPECT_EQ(visits, 200u);
    }
    reader->end();
  }
}

// Runs over the same days, withdrawn in any order while parts of others come, with kills between.
class ManyDaysLives : public ManyDays, public testing::WithParamInterface<unsigned> {};

TEST_P(ManyDaysLives, EndAsIfTheRunsHadNeverBeen) {
  std::mt19937 random(GetParam());
  const auto upto = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::map<uint64_t, std::vector<Row>> runs;
  uint64_t others = 0;
  std::vector<std::pair<Instant, Visits>> recorded;
  const auto expected = [&] {
    std::map<std::string, Row> held;
    for (const auto& [run, rows] : runs) {
      for (const auto& row : rows)
        held[row.id] = row;
    }
    Visits out;
    for (const auto& [key, row] : held)
      out[row.day] += row.way == "in";
    if (others != 0) out[500] = others;
    std::erase_if(out, [](const auto& day) { return day.second == 0; });
    return out;
  };
  for (int round = 0; round < 12; ++round) {
    clock_.advance(std::chrono::minutes(1));
    if (runs.size() > 2 || (!runs.empty() && upto(3) == 0)) {
      const auto wrong = std::next(runs.begin(), upto(static_cast<int>(runs.size())))->first;
      if (upto(2)) { // broken off first
        auto work = writer_->withdraw_run(wrong).value();
        for (int i = upto(4); i > 0; --i)
          ASSERT_FALSE(work->step().value());
        if (upto(2)) {
          work.reset();
          reopen();
        }
      }
      begin_run("other");
      auto work = writer_->withdraw_run(wrong).value();
      for (bool last = false; !last;) {
        put({{"o" + std::to_string(others++), "in", 500, 1}});
        commit();
        last = work->step().value();
      }
      end_run();
      runs.erase(wrong);
    } else {
      std::vector<Row> rows;
      for (int i = 300 + upto(300); i > 0; --i) {
        const int key = upto(600);
        rows.push_back({std::to_string(key), upto(4) ? "in" : "out", upto(3) ? key % 400 : upto(400), 1 + upto(20)});
      }
      runs[run_with(rows)] = rows;
    }
    ASSERT_EQ(visits(), expected()) << "round " << round;
    recorded.emplace_back(clock_.now(), expected());
    if (upto(4) == 0) reopen();
  }
  EXPECT_EQ(rows_of_nobody(), 0);
  expect_verified();
  for (const auto& [moment, then] : recorded)
    EXPECT_EQ(visits_at(moment), then);
}
INSTANTIATE_TEST_SUITE_P(Random, ManyDaysLives, testing::Range(0u, 6u));

} // namespace
} // namespace kepu::store
