// Runs of one source, and what is withdrawn of them.
#pragma once

#include "fixture.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace kepu::store::test {

using Visits = std::map<int, uint64_t>;

class Withdrawal : public Store {
protected:
  // One run of "gates" with one part.
  uint64_t run_of(const std::function<void()>& fill) {
    begin_run();
    fill();
    commit();
    end_run();
    clock_.advance(std::chrono::minutes(1));
    return run_;
  }
  uint64_t run_with(const std::vector<Row>& rows) {
    return run_of([&] { put(rows); });
  }
  uint64_t run_without(const std::string& key) {
    return run_of([&] { ASSERT_TRUE(part_->retract("passages", columns({{key, "in", 0, 1}}))); });
  }
  uint64_t run_taking(const std::string& name, uint8_t content, const std::vector<Row>& rows) {
    begin_run();
    take(name, content, rows);
    end_run();
    clock_.advance(std::chrono::minutes(1));
    return run_;
  }
  uint64_t run_replacing(const std::string& name, uint8_t content, const std::vector<Row>& rows) {
    begin_run();
    replace(name, content, rows);
    end_run();
    clock_.advance(std::chrono::minutes(1));
    return run_;
  }
  uint64_t run_replacing_days(int from, int until, const std::vector<Row>& rows) {
    return run_of([&] {
      Scope scope;
      scope.time_from = noon_2025 + from * day_micros;
      scope.time_until = noon_2025 + until * day_micros;
      ASSERT_TRUE(part_->begin_replace("passages", scope));
      put(rows);
      ASSERT_TRUE(part_->end_replace());
    });
  }
  Decision asked_again(const std::string& name, uint8_t content) {
    begin_run();
    const auto decision = begin_input(name, content).decision;
    end_run();
    return decision;
  }
  int64_t staged() {
    Db db(file(), Db::Mode::read);
    auto row = db.query("SELECT (SELECT count(*) FROM extents WHERE seq IS NULL)+(SELECT count(*) FROM staged_closed)+"
                        "(SELECT count(*) FROM series WHERE def_seq<0)");
    row.step();
    return row.integer(0);
  }
  // Until it is not broken off before it is seen.
  void break_off_at_any_step(uint64_t wrong) {
    const auto before = visits();
    const auto held = facts();
    int steps = 0;
    for (bool done = false; !done; ++steps) {
      for (const bool killed : {true, false}) {
        auto work = writer_->withdraw_run(wrong).value();
        for (int i = 0; i < steps && !done; ++i) {
          work->step().value();
          done = run(wrong)->withdrawn.has_value();
        }
        if (killed) kill_process(std::move(work));
        work.reset();
        ASSERT_EQ(staged(), 0);
        if (done) break;
        ASSERT_EQ(visits(), before);
        ASSERT_EQ(facts(), held);
        ASSERT_FALSE(run(wrong)->withdrawn);
        expect_verified();
      }
    }
    EXPECT_GT(steps, 2);
  }
};

} // namespace kepu::store::test
