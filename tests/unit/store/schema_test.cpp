// Stores written by earlier versions.
#include "fixture.hpp"
#include "store/schema.hpp"

#include <fstream>
#include <sstream>

namespace kepu::store {
namespace {

using namespace test;

class Earlier : public Store {
protected:
  // The store of this script in place of the one that is open; the hub that wrote it was killed.
  void put_in_place(const std::string& script) {
    part_.reset();
    writer_.reset();
    for (const char* more : {"", "-wal", "-shm"})
      fs::remove(file().string() + more);
    std::ifstream in(script);
    std::ostringstream statements;
    statements << in.rdbuf();
    Db(file(), Db::Mode::write).exec(statements.str().c_str());
    clock_.advance(std::chrono::hours(24));
  }
};

TEST_F(Earlier, AStoreFromBeforeTheFirstReleaseIsRefused) {
  part_.reset();
  writer_.reset();
  Db(file(), Db::Mode::write).exec("PRAGMA user_version = 1");
  Options options;
  options.file = file();
  options.clock = &clock_;
  const auto opened = Writer::open(options);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "older_store");
}

// It was written by a hub of version 3: run 1 read a, b and c from january.csv; run 2 read both.csv, which moved a,
// gave b again and brought d, and retracted c; run 3 is another source's; run 4 was cut off within cut.csv.
TEST_F(Earlier, AStoreOfVersion3IsCarriedOver) {
  put_in_place(KEPU_FORMATS "/store-3.sql");
  open();
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{1, 1}, {3, 1}, {4, 1}, {7, 1}}));
  EXPECT_EQ(run(4)->status, "interrupted");
  expect_verified();
  begin_run();
  EXPECT_EQ(begin_input("january.csv", 1).decision, Decision::known);
  EXPECT_EQ(begin_input("cut.csv", 3).decision, Decision::resume);
  put({{"f", "in", 3, 1}});
  ASSERT_TRUE(part_->end_input());
  commit();
  end_run();
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{1, 1}, {3, 2}, {4, 1}, {7, 1}}));
  expect_verified();
  reopen();
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{1, 1}, {3, 2}, {4, 1}, {7, 1}}));
}

TEST_F(Earlier, RunsOfVersion3CanBeWithdrawn) {
  put_in_place(KEPU_FORMATS "/store-3.sql");
  open();
  EXPECT_EQ(withdraw(1).restored, 1u); // b, which run 2 gave again
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{1, 1}, {3, 1}, {4, 1}, {7, 1}}));
  withdraw(2);
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{3, 1}, {7, 1}}));
  expect_verified();
  put_in_place(KEPU_FORMATS "/store-3.sql");
  open();
  withdraw(2);
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 1}, {1, 2}, {3, 1}, {7, 1}}));
  expect_verified();
}

TEST_F(Earlier, AStoreThatCannotBeCarriedOverStaysAsItWas) {
  put_in_place(KEPU_FORMATS "/store-3.sql");
  Db(file(), Db::Mode::write).exec("CREATE TABLE scopes(x)"); // stands in the way of the last statements
  Options options;
  options.file = file();
  options.clock = &clock_;
  ASSERT_FALSE(Writer::open(options));
  Db db(file(), Db::Mode::write);
  auto version = db.query("PRAGMA user_version");
  ASSERT_TRUE(version.step());
  EXPECT_EQ(version.integer(0), 3);
  auto added = db.query("SELECT count(*) FROM pragma_table_info('claims') WHERE name='decides'");
  ASSERT_TRUE(added.step());
  EXPECT_EQ(added.integer(0), 0);
}

} // namespace
} // namespace kepu::store
