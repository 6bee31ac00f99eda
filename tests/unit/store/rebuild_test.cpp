// Kept figures that are damaged or wrong, made anew.
#include "fixture.hpp"

namespace kepu::store {
namespace {

using namespace test;
using Visits = std::map<int, uint64_t>;

class Rebuild : public Store {
protected:
  void SetUp() override {
    Store::SetUp();
    begin_run();
    put({{"a", "in", 0, 1}, {"b", "in", 0, 2}, {"c", "in", 40, 2}, {"d", "out", 41, 3}});
    commit();
    end_run();
    begin_run("other");
    put({{"a", "in", 1, 7}, {"b", "in", 400, 7}});
    commit();
    end_run();
    expect_verified();
  }
  // With the store closed: as a disk does.
  void damage(const char* sql) {
    part_.reset();
    writer_.reset();
    Db(file(), Db::Mode::write).exec(sql);
    open();
  }
  Work::Outcome rebuild() { return to_end(writer_->rebuild()); }
  const Visits right_{{0, 2}, {1, 1}, {40, 1}, {400, 1}};
};

TEST_F(Rebuild, OfFiguresThatAgreeChangesNothing) {
  const auto before = writer_->latest().load();
  const auto outcome = rebuild();
  EXPECT_EQ(outcome.mended, 0u);
  EXPECT_EQ(writer_->latest(), before);
}

TEST_F(Rebuild, MakesDamagedMissingAndWrongFiguresAnew) {
  for (const char* sql : {
           "UPDATE chunk SET data=substr(data,1,length(data)-1)||x'00'",
           "UPDATE chunk SET data=x''",
           "DELETE FROM chunk",
           "UPDATE chunk SET data=(SELECT data FROM chunk ORDER BY id LIMIT 1)",
           "INSERT OR IGNORE INTO chunk(id,data) SELECT id+5,data FROM chunk",
           "UPDATE setcell SET data=x'0102'",
           "DELETE FROM setcell",
           "UPDATE setcell SET data=(SELECT data FROM setcell ORDER BY id LIMIT 1)",
           "INSERT OR IGNORE INTO setcell(id,first_seq,last_seq,data) SELECT id+1,1,1,data FROM setcell",
           "UPDATE series SET dims=x'ff'||dims",
           "DELETE FROM chunk; DELETE FROM setcell; DELETE FROM series",
       }) {
    damage(sql);
    EXPECT_GT(rebuild().mended, 0u) << sql;
    EXPECT_EQ(visits(), right_) << sql;
    expect_verified();
    EXPECT_EQ(rebuild().mended, 0u) << sql;
  }
}

TEST_F(Rebuild, LeavesFiguresOfEarlierMomentsAsTheyWere) {
  const Seq moment = writer_->latest();
  const auto then = [&] {
    return visits_of([&](Reader& reader) {
      reader.begin().value();
      return reader.stand_at(moment);
    });
  };
  begin_run();
  put({{"b", "in", 3, 2}});
  ASSERT_TRUE(part_->retract("passages", columns({{"c", "in", 40, 2}}))); // its cell is empty now
  commit();
  end_run();
  EXPECT_EQ(then(), right_);
  for (const char* sql : {
           "DELETE FROM chunk",
           "DELETE FROM setcell",
           "UPDATE chunk SET data=(SELECT data FROM chunk ORDER BY id LIMIT 1)",
           "UPDATE series SET dims=x'ff'||dims",
           "DELETE FROM chunk; DELETE FROM setcell; DELETE FROM series",
       }) {
    damage(sql);
    EXPECT_GT(rebuild().mended, 0u) << sql;
    EXPECT_EQ(then(), right_) << sql;
  }
}

TEST_F(Rebuild, IsAChangeOnlyOfWhatDiffered) {
  const auto changed = [&](const char* indicator) {
    auto reader = ReaderSource(file()).open().value();
    reader->begin().value();
    return reader->last_change(indicator).value().seq;
  };
  const auto visits_changed = changed("visits");
  const auto visitors_changed = changed("visitors");
  damage("DELETE FROM setcell");
  rebuild();
  EXPECT_EQ(changed("visits"), visits_changed);
  EXPECT_GT(changed("visitors"), visitors_changed);
}

TEST_F(Rebuild, PartsGoOnBetweenItsSteps) {
  damage("DELETE FROM chunk");
  auto work = writer_->rebuild().value();
  begin_run("third");
  auto expected = right_;
  for (int i = 0;; ++i) {
    put({{"k" + std::to_string(i), "in", 10 * i, 1}});
    ++expected[10 * i];
    commit();
    if (work->step().value()) break;
  }
  EXPECT_EQ(visits(), expected);
  expect_verified();
}

TEST_F(Rebuild, AfterAPartFoundThemWrongItTakesPartsAgain) {
  damage("UPDATE chunk SET data=(SELECT data FROM chunk WHERE id IN (SELECT max(id) FROM chunk))");
  begin_run();
  ASSERT_TRUE(part_->retract("passages", columns({{"a", "in", 0, 1}, {"b", "in", 0, 2}, {"c", "in", 40, 2}})));
  EXPECT_EQ(part_->commit("").error().code, "damaged");
  end_run("retry");
  rebuild();
  begin_run();
  ASSERT_TRUE(part_->retract("passages", columns({{"a", "in", 0, 1}, {"b", "in", 0, 2}, {"c", "in", 40, 2}})));
  commit();
  EXPECT_EQ(visits(), (Visits{{1, 1}, {400, 1}}));
  expect_verified();
}

} // namespace
} // namespace kepu::store
