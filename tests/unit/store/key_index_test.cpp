// The index of keys against a plain list: whatever is added, taken out, saved, lost with the process and made again,
// every entry is found, and none that is not there.
#include "store/key_index.hpp"

#include "store/schema.hpp"
#include "support/folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>

namespace kepu::store {
namespace {

// As the ledger is: it knows every entry that was committed.
class Facts : public KeySource {
public:
  uint64_t next() override { return next_; }
  void entries_from(uint64_t number, std::vector<KeyEntry>& out) override {
    for (const auto& entry : entries) {
      if (entry.number >= number) out.push_back(entry);
    }
  }
  uint64_t give() { return next_++; }
  void give_again_from(uint64_t number) { next_ = number; }

  std::multiset<KeyEntry> entries;

private:
  uint64_t next_ = 1;
};

class Keys : public testing::Test {
protected:
  Keys() : db_(folder_.path() / "kepu.db", Db::Mode::write) {
    prepare_tables(db_, "kepu.db");
    open();
  }
  void open() { index_.emplace(db_, KeyIndex::Table::facts, &facts_); }

  template <class F> void in_transaction(F&& f) {
    Transaction transaction(db_);
    f();
    transaction.commit();
  }
  // Few different hashes, so that several numbers lie under one.
  uint64_t hash() { return pick(0, 9) ? random_() : uint64_t{0x9e3779b97f4a7c15} * pick(1, 40); }
  uint64_t pick(uint64_t low, uint64_t high) { return std::uniform_int_distribution<uint64_t>(low, high)(random_); }

  std::vector<KeyEntry> add(size_t n) {
    std::vector<KeyEntry> added;
    for (size_t i = 0; i < n; ++i)
      added.push_back({hash(), facts_.give()});
    std::ranges::sort(added);
    in_transaction([&] { index_->add(added); });
    facts_.entries.insert(added.begin(), added.end());
    return added;
  }
  void remove(size_t n) {
    std::vector<KeyEntry> out;
    for (const auto& entry : facts_.entries) {
      if (out.size() < n && pick(0, 2) == 0) out.push_back(entry);
    }
    in_transaction([&] { index_->remove(out); });
    for (const auto& entry : out)
      facts_.entries.erase(facts_.entries.find(entry));
  }

  std::multiset<KeyEntry> found(const std::set<uint64_t>& hashes) {
    const std::vector<uint64_t> asked(hashes.begin(), hashes.end());
    std::multiset<KeyEntry> out;
    index_->find(asked, [&](size_t i, uint64_t number) { out.insert({asked[i], number}); });
    return out;
  }
  std::multiset<KeyEntry> expected(const std::set<uint64_t>& hashes) const {
    std::multiset<KeyEntry> out;
    for (const auto& entry : facts_.entries) {
      if (hashes.contains(entry.hash)) out.insert(entry);
    }
    return out;
  }
  std::set<uint64_t> every_hash() const {
    std::set<uint64_t> out;
    for (const auto& entry : facts_.entries)
      out.insert(entry.hash);
    return out;
  }
  int64_t on_disk() {
    auto row = db_.query("SELECT coalesce(sum(n),0) FROM keyseg");
    row.step();
    return row.integer(0);
  }

  test::Folder folder_;
  Db db_;
  Facts facts_;
  std::optional<KeyIndex> index_;
  std::mt19937_64 random_{7};
};

TEST_F(Keys, AreFoundWhateverWasDoneBefore) {
  for (int step = 0; step < 120; ++step) {
    switch (pick(0, 11)) {
    case 0:
      in_transaction([&] { index_->save(); });
      break;
    case 1:
      open(); // the process was killed
      break;
    case 2:
      remove(pick(1, 20));
      break;
    case 3:
      in_transaction([&] { index_->join(static_cast<unsigned>(pick(0, KeyIndex::parts - 1))); });
      break;
    case 4:
      add(pick(1, 100'000));
      break;
    default:
      add(pick(1, 300));
      break;
    }
    std::set<uint64_t> asked{random_(), random_()};
    for (uint64_t i = 1; i <= 40; ++i)
      asked.insert(uint64_t{0x9e3779b97f4a7c15} * i);
    ASSERT_EQ(found(asked), expected(asked)) << step;
  }
  EXPECT_GT(on_disk(), 262'144); // they were spread
  EXPECT_EQ(found(every_hash()), facts_.entries);
}

TEST_F(Keys, ThatWereNotSavedAreMadeAgain) {
  add(1'000);
  EXPECT_EQ(on_disk(), 0);
  open();
  EXPECT_EQ(found(every_hash()), facts_.entries);
}

TEST_F(Keys, ThatWereSavedAreReadFromTheStore) {
  add(1'000);
  in_transaction([&] { index_->save(); });
  EXPECT_TRUE(index_->is_saved());
  EXPECT_EQ(on_disk(), 1'000);
  KeyIndex other(db_, KeyIndex::Table::facts); // which has nothing to make them from
  const auto hashes = every_hash();
  const std::vector<uint64_t> asked(hashes.begin(), hashes.end());
  size_t n = 0;
  other.find(asked, [&](size_t, uint64_t) { ++n; });
  EXPECT_EQ(n, 1'000u);
}

TEST_F(Keys, OfNumbersThatAreGivenAgainAreMadeAgainToo) {
  add(10);
  in_transaction([&] { index_->save(); });
  // The last five were dropped before their commit.
  std::erase_if(facts_.entries, [](const KeyEntry& entry) { return entry.number > 5; });
  facts_.give_again_from(6);
  in_transaction([&] { index_->given_again_from(6); });
  const auto again = add(5);
  open();
  std::set<uint64_t> asked;
  for (const auto& entry : again)
    asked.insert(entry.hash);
  EXPECT_EQ(found(asked), expected(asked));
}

TEST_F(Keys, SavedOftenLieInFewRuns) {
  for (int i = 0; i < 200; ++i) {
    add(1);
    in_transaction([&] { index_->save(); });
  }
  auto row = db_.query("SELECT count(*) FROM keyseg");
  row.step();
  EXPECT_LE(row.integer(0), 10);
}

} // namespace
} // namespace kepu::store
