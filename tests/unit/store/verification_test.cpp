// What `kepuctl verify` finds, and that it changes nothing.
#include "fixture.hpp"

#include <gmock/gmock.h>

namespace kepu::store {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;

class Verification : public Store {
protected:
  void SetUp() override {
    Store::SetUp();
    begin_run();
    put({{"a", "in", 0, 1}, {"b", "in", 0, 2}, {"c", "in", 40, 2}, {"d", "out", 41, 3}});
    commit();
    end_run();
    begin_run("other");
    take("file", 1, {{"a", "in", 1, 7}, {"b", "in", 400, 7}});
    replace("file", 2, {{"a", "in", 2, 7}, {"b", "in", 400, 7}});
    end_run();
  }
  // With the store closed: as a disk does.
  void damage(const char* sql) {
    part_.reset();
    writer_.reset();
    Db(file(), Db::Mode::write).exec(sql);
    open();
  }
  Verified look() { return to_end(writer_->verify()).verified.value(); }
  std::vector<std::string> sentences() {
    std::vector<std::string> out;
    for (const auto& finding : look().findings)
      out.push_back(finding.sentence);
    return out;
  }
};

TEST_F(Verification, OfASoundStoreAgreesAndCountsWhatItRead) {
  const auto found = look();
  EXPECT_TRUE(found.agrees());
  EXPECT_TRUE(found.findings.empty());
  EXPECT_EQ(found.months, 14u); // its blocks reach into the next year
  // visits: five days of two sources, one of them empty by now; visitors: that of "out" as well, and as many sets.
  EXPECT_EQ(found.figures, 17u);
  EXPECT_GT(found.contents, 0u);
}

TEST_F(Verification, OfAnEmptyStoreAgrees) {
  part_.reset();
  writer_.reset();
  fs::remove_all(folder_);
  fs::create_directories(folder_);
  open();
  EXPECT_TRUE(look().agrees());
}

TEST_F(Verification, TellsWhatIsKeptAndWhatTheFactsGive) {
  struct Case {
    const char* sql;
    const char* sentence;
  };
  for (const auto& [sql, sentence] : {
           Case{"UPDATE chunk SET data=(SELECT data FROM chunk WHERE id=(SELECT id FROM first_chunk)) WHERE id=(SELECT "
                "id+1 FROM first_chunk)",
                "visits of gates, way=in, 2025-02-01: kept 2, facts give 0"},
           Case{"UPDATE chunk SET data=x'00' WHERE id=(SELECT id FROM first_chunk)",
                "visits of gates, way=in, 2025-01: what is kept is damaged"},
           Case{"DELETE FROM chunk WHERE id=(SELECT id FROM first_chunk)",
                "visits of gates, way=in, 2025-01-01: kept 0, facts give 2"},
           Case{"DELETE FROM setcell WHERE id=(SELECT id FROM first_set)",
                "visitors of gates, way=in, 2025-01-01: kept 0 distinct, facts give 2"},
           Case{"UPDATE setcell SET data=x'' WHERE id=(SELECT id FROM first_set)",
                "visitors of gates, way=in, 2025-01-01: what is kept is damaged"},
           Case{"UPDATE series SET dims=dims||x'00' WHERE indicator='visits' AND source=1",
                "the name of a series of visits is damaged"},
       }) {
    // Of gates: which numbers its series have depends on where the indicators lie in memory.
    damage(
        (std::string("CREATE TEMP VIEW first_chunk AS SELECT min(id) AS id FROM chunk JOIN series ON series=id>>17 "
                     "WHERE indicator='visits' AND source=1; CREATE TEMP VIEW first_set AS SELECT min(id) AS id FROM "
                     "setcell JOIN series ON series=id>>22 WHERE indicator='visitors' AND source=1 AND "
                     "dims=(SELECT dims FROM series WHERE indicator='visits' AND source=1);") +
         sql)
            .c_str());
    const auto before = writer_->latest().load();
    const auto found = look();
    ASSERT_FALSE(found.findings.empty()) << sql;
    EXPECT_EQ(found.findings[0].sentence, sentence);
    EXPECT_GT(found.differing + found.damaged, 0u) << sql;
    EXPECT_EQ(found.lost, 0u) << sql;
    EXPECT_EQ(look().differing, found.differing) << "it mended something: " << sql;
    EXPECT_EQ(writer_->latest().load(), before);
    to_end(writer_->rebuild());
    EXPECT_EQ(sentences(), std::vector<std::string>{}) << sql;
  }
}

TEST_F(Verification, NamesWhatOnlyABackupBringsBack) {
  struct Case {
    const char* sql;
    const char* sentence;
  };
  for (const auto& [sql, sentence] : {
           Case{"UPDATE blocks SET data=substr(data,1,40)", "facts 1 to 4 (passages@1 of gates) are damaged"},
           Case{"UPDATE blocks SET time_max=time_max+1", "facts 1 to 4 (passages@1 of gates) are damaged"},
           Case{"UPDATE blocks SET n=n+1 WHERE first_fact=1", "facts 1 to 4 (passages@1 of gates) are damaged"},
           Case{"DELETE FROM blocks WHERE first_fact=1", "facts 1 to 4 (passages@1 of gates) lack"},
           Case{"DELETE FROM extents WHERE first_fact=1", "the list of who gave which facts lacks some"},
           Case{"UPDATE extents SET n=n+1 WHERE first_fact=1", "the list of who gave which facts names some twice"},
           Case{"UPDATE keypage SET data=x'00'", "a part of the index of keys is damaged"},
           Case{"DELETE FROM keyseg; DELETE FROM keypage", "the index of keys lacks some of passages@1"},
           Case{"UPDATE personseg SET lows=x''", "a part of the index of persons is damaged"},
           Case{"UPDATE scopes SET body=x'00'", "a range that was replaced, of passages@1 is damaged"},
           Case{"UPDATE cursors SET cursor='d' WHERE source=1", "the bookmark of gates is damaged"},
           Case{"UPDATE schemas SET body=x'00'", "the schema of facts of passages@1 is damaged"},
       }) {
    writer_->tidy(); // which writes the index of keys
    part_.reset();
    writer_.reset();
    const auto sound = folder_ / "sound.db";
    fs::copy_file(file(), sound, fs::copy_options::overwrite_existing);
    damage(sql);
    const auto found = look();
    EXPECT_GT(found.lost, 0u) << sql;
    std::string all;
    for (const auto& finding : found.findings)
      all += finding.sentence + "\n";
    EXPECT_THAT(all, HasSubstr(std::string(sentence) + "; restore the store from a backup")) << sql;
    writer_.reset();
    for (const char* more : {"-wal", "-shm"})
      fs::remove(file().string() + more);
    fs::rename(sound, file());
    open();
  }
  EXPECT_TRUE(look().agrees());
}

TEST_F(Verification, PartsGoOnBetweenItsSteps) {
  auto work = writer_->verify().value();
  begin_run("third");
  for (int i = 0;; ++i) {
    put({{"k" + std::to_string(i), "in", 10 * i, 1}});
    commit();
    if (work->step().value()) break;
  }
  const auto outcome = work->outcome();
  EXPECT_TRUE(outcome.verified->agrees());
  EXPECT_EQ(outcome.commit.seq, 0u);
}

TEST_F(Verification, TellsTheFirstAndCountsAll) {
  begin_run("third");
  std::vector<Row> rows;
  for (int i = 0; i < 100; ++i)
    rows.push_back({"k" + std::to_string(i), "in", i, 1});
  put(rows);
  commit();
  end_run();
  damage("DELETE FROM chunk");
  const auto found = look();
  EXPECT_GT(found.differing, 100u);
  EXPECT_EQ(found.findings.size(), 20u);
}

} // namespace
} // namespace kepu::store
