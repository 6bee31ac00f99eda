// Random lives of a source with backfills and withdrawals, against a plain model.
#include "backfill_fixture.hpp"
#include "retold.hpp"

#include <random>

namespace kepu::store {
namespace {

using namespace test;

class RandomBackfills : public Backfill, public testing::WithParamInterface<unsigned> {
protected:
  int upto(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  std::vector<Row> some_rows() {
    std::map<std::string, Row> out;
    for (int i = upto(6); i >= 0; --i) {
      const auto key = "k" + std::to_string(upto(14));
      out[key] = Row{key, "in", upto(14), 1};
    }
    std::vector<Row> list;
    for (const auto& [id, one] : out)
      list.push_back(one);
    return list;
  }
  // One act of a run; what it gives within a replacement is given within it.
  Act one_act() {
    Act act{run_, static_cast<Act::Kind>(upto(4)), some_rows(), "", upto(12), 0};
    act.until = act.from + 1 + upto(5);
    if (act.kind == Act::replace_input || (act.kind == Act::put && upto(2))) act.input = "f" + std::to_string(upto(3));
    if (!act.input.empty()) begin_input(act.input, ++content_);
    if (act.kind == Act::retract) {
      retract(act.rows);
      return act;
    }
    Scope scope;
    scope.this_input = act.kind == Act::replace_input;
    if (act.kind == Act::replace_days) {
      scope.time_from = noon_2025 + act.from * day_micros;
      scope.time_until = noon_2025 + act.until * day_micros;
    }
    const bool replaces = act.kind != Act::put;
    if (replaces) {
      EXPECT_TRUE(part_->begin_replace("passages", scope));
    }
    put(act.rows);
    if (replaces) {
      EXPECT_TRUE(part_->end_replace());
    }
    if (!act.input.empty()) {
      EXPECT_TRUE(part_->end_input());
    }
    return act;
  }
  // What a backfill's acts come to, with what is held now.
  Act backfilled(const std::vector<Act>& acts, const World& world, int from, int until) {
    const auto is_inside = [&](const Row& row) { return row.day >= from && row.day < until; };
    World days; // of them, as they are while the run goes on
    for (const auto& [key, held] : world)
      if (is_inside(held.row)) days[key] = held;
    std::set<std::string> told;
    const auto take = [&](const std::string& key) {
      days.erase(key);
      told.erase(key);
    };
    for (const auto& act : acts) {
      std::set<std::string> given;
      if (act.kind == Act::retract) {
        for (const auto& row : act.rows)
          take(row.id);
        continue;
      }
      for (const auto& row : act.rows) {
        const auto held = world.find(row.id);
        if (!is_inside(row)) {
          if (told.contains(row.id)) take(row.id);
        } else if (held == world.end() || is_inside(held->second.row)) {
          days[row.id] = {row, act.input};
          told.insert(row.id);
          given.insert(row.id);
        }
      }
      const auto before = days;
      for (const auto& [key, held] : before) {
        const bool meant = act.kind == Act::replace_input  ? held.by == act.input
                           : act.kind == Act::replace_days ? held.row.day >= act.from && held.row.day < act.until
                                                           : false;
        if (meant && !given.contains(key)) take(key);
      }
    }
    Act out{run_, Act::swap, {}, "", from, until};
    for (const auto& key : told) {
      out.rows.push_back(days.at(key).row);
      out.by[key] = days.at(key).by;
    }
    return out;
  }
  // A part of another source, which comes between.
  void another_source() {
    auto mine = std::move(part_);
    const auto run = run_;
    begin_run("other");
    put({{"o" + std::to_string(others_++), "in", 40, 1}});
    commit();
    end_run();
    part_ = std::move(mine);
    run_ = run;
  }
  Visits visits_in(const World& world) const {
    Visits out;
    if (others_) out[40] = others_;
    for (const auto& [key, held] : world)
      ++out[held.row.day];
    return out;
  }

  std::mt19937 random_{GetParam()};
  uint8_t content_ = 0;
  uint64_t others_ = 0; // facts of the other source
};

TEST_P(RandomBackfills, HoldOfTheDaysWhatWasToldAndOfOthersWhatWasThere) {
  std::vector<Act> acts;
  std::set<uint64_t> withdrawn;
  std::vector<uint64_t> runs;
  std::vector<std::pair<Instant, Visits>> recorded;
  const auto forget = [&](std::vector<uint64_t>::iterator chosen) {
    withdrawn.insert(*chosen);
    runs.erase(chosen);
  };
  for (int round = 0; round < 60; ++round) {
    clock_.advance(std::chrono::minutes(1));
    const auto world = retold(acts, withdrawn);
    const auto what = upto(10);
    if (what < 3 && !runs.empty()) {
      const auto chosen = runs.begin() + upto(static_cast<int>(runs.size()));
      withdraw(*chosen);
      forget(chosen);
    } else if (what < 7) {
      begin_run();
      runs.push_back(run_);
      for (int i = upto(3); i >= 0; --i) {
        acts.push_back(one_act());
        commit();
      }
      end_run();
    } else {
      const int from = upto(10);
      const int until = from + 1 + upto(6);
      begin_backfill(from, until, true);
      std::vector<Act> mine;
      for (int i = upto(5); i >= 0; --i) {
        mine.push_back(one_act());
        if (upto(4) == 0) another_source();
      }
      if (upto(4) == 0) {
        upto(2) ? reopen() : end_run("cancelled");
      } else {
        runs.push_back(run_);
        acts.push_back(backfilled(mine, world, from, until));
        swap();
      }
    }
    if (upto(6) == 0) reopen();
    const auto now = retold(acts, withdrawn);
    ASSERT_EQ(visits(), visits_in(now)) << "round " << round;
    ASSERT_EQ(facts(), now.size() + others_) << "round " << round;
    recorded.emplace_back(clock_.now(), visits_in(now));
  }
  expect_verified();
  for (const auto& [moment, expected] : recorded)
    EXPECT_EQ(visits_at(moment), expected);
  while (!runs.empty()) {
    const auto chosen = runs.begin() + upto(static_cast<int>(runs.size()));
    withdraw(*chosen);
    forget(chosen);
    ASSERT_EQ(visits(), visits_in(retold(acts, withdrawn)));
  }
  EXPECT_EQ(facts(), others_);
  expect_verified();
  EXPECT_TRUE(to_end(writer_->verify()).verified->agrees());
}

INSTANTIATE_TEST_SUITE_P(Lives, RandomBackfills, testing::Range(1u, 9u));

} // namespace
} // namespace kepu::store
