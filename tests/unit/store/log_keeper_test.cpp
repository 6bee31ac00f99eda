#include "store/log_keeper.hpp"

#include "support/folder.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace kepu::store {
namespace {

constexpr int64_t limit = 1 << 20;
constexpr size_t part = 100'000; // bytes of one transaction

class Log : public testing::Test {
protected:
  Log() : file_(folder_.path() / "kepu.db"), db_(file_, Db::Mode::write), log_(db_, file_, side_, limit) {
    db_.exec("PRAGMA journal_mode=WAL");
    db_.exec("CREATE TABLE t(k INTEGER PRIMARY KEY, v BLOB)");
  }
  void write(int64_t key) {
    Transaction transaction(db_);
    db_.query("INSERT INTO t VALUES(?,?)").bind(1, key).bind_blob(2, std::string(part, 'x')).run();
    transaction.commit();
    log_.committed();
  }
  int64_t length() const { return static_cast<int64_t>(std::filesystem::file_size(file_.string() + "-wal")); }
  static int64_t rows(Db& db) {
    auto row = db.query("SELECT count(*) FROM t");
    row.step();
    return row.integer(0);
  }

  test::Folder folder_;
  std::filesystem::path file_;
  Db db_;
  SideThread side_{"side"};
  LogKeeper log_;
};

TEST_F(Log, StaysShortHoweverMuchIsWritten) {
  for (int i = 0; i < 200; ++i) {
    write(i);
    ASSERT_LE(length(), 2 * limit + 2 * static_cast<int64_t>(part)) << i;
  }
  Db other(file_, Db::Mode::read);
  EXPECT_EQ(rows(other), 200);
}

TEST_F(Log, GrowsWhileAReaderSeesAnEarlyStateAndIsShortAgainAfterIt) {
  write(0);
  {
    Db early(file_, Db::Mode::read);
    early.exec("BEGIN");
    EXPECT_EQ(rows(early), 1);
    for (int i = 1; i < 60; ++i)
      write(i);
    EXPECT_GT(length(), 3 * limit);
    EXPECT_EQ(rows(early), 1);
  }
  for (int i = 60; i < 120; ++i)
    write(i);
  EXPECT_LE(db_.log_bytes(), 2 * limit + 2 * static_cast<int64_t>(part));
  Db other(file_, Db::Mode::read);
  EXPECT_EQ(rows(other), 120);
}

TEST_F(Log, CanBeEmptiedOnceItIsSettled) {
  for (int i = 0; i < 15; ++i)
    write(i);
  log_.settle();
  EXPECT_TRUE(db_.empty_log());
  EXPECT_EQ(length(), 0);
}

} // namespace
} // namespace kepu::store
