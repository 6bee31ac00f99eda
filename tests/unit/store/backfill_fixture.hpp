// Runs that read days again.
#pragma once

#include "fixture.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace kepu::store::test {

using Visits = std::map<int, uint64_t>;

class Backfill : public Store {
protected:
  void begin_backfill(int from, int until, bool allow_empty = false) {
    run_ = writer_->begin_run({"gates", "c", "1", "", clock_.now()}).value();
    const auto first = model::day_of(2025, 1, 1);
    part_ = writer_->open_backfill(run_, {first + from, first + until, allow_empty});
  }
  CommitInfo swap() {
    auto done = part_->swap({"passages"});
    EXPECT_TRUE(done) << done.error().text;
    end_run();
    clock_.advance(std::chrono::minutes(1));
    return done ? *done : CommitInfo();
  }
  Error refused_swap() {
    auto done = part_->swap({"passages"});
    EXPECT_FALSE(done);
    end_run("bad_data");
    return done ? Error() : done.error();
  }
  uint64_t live(const std::vector<Row>& rows) {
    begin_run();
    put(rows);
    commit("there");
    end_run();
    clock_.advance(std::chrono::minutes(1));
    return run_;
  }
  uint64_t live_file(const std::string& name, uint8_t content, const std::vector<Row>& rows) {
    begin_run();
    take(name, content, rows);
    end_run();
    clock_.advance(std::chrono::minutes(1));
    return run_;
  }
  void read_file(const std::string& name, uint8_t content, const std::vector<Row>& rows) {
    EXPECT_EQ(begin_input(name, content).decision, Decision::take);
    put(rows);
    ASSERT_TRUE(part_->end_input());
  }
  void retract(const std::vector<Row>& rows) { ASSERT_TRUE(part_->retract("passages", columns(rows))); }
  Decision asked(const std::string& name, uint8_t content) {
    begin_run();
    const auto decision = begin_input(name, content).decision;
    end_run();
    return decision;
  }
  int64_t staged() {
    Db db(file(), Db::Mode::read);
    auto row = db.query("SELECT (SELECT count(*) FROM extents WHERE seq IS NULL)+(SELECT count(*) FROM staged_closed)");
    row.step();
    return row.integer(0);
  }
};

} // namespace kepu::store::test
