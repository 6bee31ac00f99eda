// Whatever bytes lie where a stored form should, also under a right checksum: they are read, or refused as damaged, and
// nothing beyond them is touched or much memory taken for them.
#include "base/hash.hpp"
#include "measure/cells.hpp"
#include "model/catalog_text.hpp"
#include "store/block.hpp"
#include "store/claims.hpp"
#include "store/figures.hpp"
#include "store/removals.hpp"
#include "store/schema.hpp"
#include "store/sums.hpp"
#include "support/folder.hpp"
#include "support/sample_catalog.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>
#include <random>

namespace kepu::store {
namespace {

class Mutations {
public:
  // `sealed`: the form ends in its checksum, which is made right again.
  Mutations(std::string form, bool sealed) : form_(std::move(form)), sealed_(sealed) {
    if (sealed_) form_.resize(form_.size() - sizeof(uint64_t));
  }
  std::string next() {
    auto out = form_;
    for (int i = pick(4); i >= 0 && !out.empty(); --i) {
      const auto at = static_cast<size_t>(pick(static_cast<int>(out.size())));
      switch (pick(5)) {
      case 0:
        out[at] = static_cast<char>(pick(256));
        break;
      case 1:
        out[at] = static_cast<char>(out[at] ^ 1 << pick(8));
        break;
      case 2:
        out.resize(at);
        break;
      case 3:
        out.insert(at, std::string(static_cast<size_t>(1 + pick(9)), static_cast<char>(pick(2) ? 0xff : 0)));
        break;
      default:
        out.erase(at, static_cast<size_t>(1 + pick(9)));
        break;
      }
    }
    if (sealed_) seal(out);
    return out;
  }

private:
  int pick(int n) { return std::uniform_int_distribution<int>(0, n - 1)(random_); }
  std::string form_;
  bool sealed_;
  std::mt19937 random_{7};
};

constexpr int rounds = 20'000;

model::FactColumns some_facts() {
  std::mt19937 random(3);
  model::FactColumns out;
  out.fields.resize(4);
  out.fields[0].holding = model::Holding::none;
  out.fields[1].holding = model::Holding::code;
  out.fields[2].holding = model::Holding::number;
  out.fields[3].holding = model::Holding::person;
  for (uint32_t row = 0; row < 200; ++row) {
    out.key_bytes += "key-" + std::to_string(random() % 1000);
    out.key_ends.push_back(static_cast<uint32_t>(out.key_bytes.size()));
    out.places.push_back(row + 2);
    out.fields[1].codes.push_back(static_cast<uint32_t>(random() % 5));
    out.fields[2].numbers.push_back(static_cast<int64_t>(random()) << 20);
    out.fields[2].nulls.push_back(random() % 7 == 0);
    out.fields[2].flags.push_back(random() % 9 == 0);
    out.fields[3].codes.push_back(static_cast<uint32_t>(random() % 100));
  }
  out.rows = 200;
  return out;
}

TEST(Formats, BlocksOfFacts) {
  const auto facts = some_facts();
  std::vector<uint32_t> rows(facts.rows);
  std::iota(rows.begin(), rows.end(), 0);
  const auto block = encode_block(facts, rows);
  ASSERT_TRUE(decode_block(block));
  Mutations mutations(block, true);
  int refused = 0;
  for (int i = 0; i < rounds; ++i) {
    const auto bytes = mutations.next();
    const auto found = decode_block(bytes);
    if (!found) {
      ++refused;
      EXPECT_EQ(found.error().code, "damaged");
      continue;
    }
    ASSERT_LE(found->rows, block_facts);
    ASSERT_EQ(found->key_ends.size(), found->rows);
    for (uint32_t row = 0; row < found->rows; ++row)
      ASSERT_LE(found->key(row).size(), found->key_bytes.size());
    for (const auto& field : found->fields)
      ASSERT_EQ(field.holding == model::Holding::number ? field.numbers.size()
                : field.holding == model::Holding::none ? size_t{found->rows}
                                                        : field.codes.size(),
                found->rows);
  }
  EXPECT_GT(refused, rounds / 4);
}

TEST(Formats, ChunksOfFigures) {
  std::vector<measure::ChunkDay> days;
  const auto first = model::day_of(2025, 3, 1);
  for (int i = 0; i < 31; i += 2) {
    measure::ChunkDay day;
    day.day = first + i;
    day.n = i * 1000;
    day.sum = static_cast<__int128>(i) << 70;
    day.repaired = i % 3;
    day.first_seq = 5;
    day.last_seq = 9 + static_cast<uint64_t>(i);
    days.push_back(day);
  }
  Mutations mutations(measure::encode_chunk(days, first), true);
  std::vector<measure::ChunkDay> read;
  for (int i = 0; i < rounds; ++i) {
    const auto bytes = mutations.next();
    const auto done = measure::decode_chunk(bytes, first, read);
    if (!done) {
      EXPECT_EQ(done.error().code, "damaged");
      continue;
    }
    for (const auto& day : read) {
      ASSERT_GE(day.day, first);
      ASSERT_LE(day.day, first + 30);
    }
  }
}

TEST(Formats, CountedSets) {
  std::vector<measure::Counted> values;
  for (uint32_t i = 0; i < 300; ++i)
    values.push_back({i * i * 40'000, 1 + i % 3});
  values.resize(100);
  Mutations mutations(measure::encode_set(values), true);
  std::vector<uint32_t> numbers;
  for (int i = 0; i < rounds; ++i) {
    const auto bytes = mutations.next();
    const auto found = measure::decode_set(bytes);
    const auto only_numbers = measure::decode_numbers(bytes, numbers);
    ASSERT_EQ(found.has_value(), only_numbers.has_value());
    if (!found) {
      EXPECT_EQ(found.error().code, "damaged");
      continue;
    }
    for (size_t at = 1; at < found->size(); ++at)
      ASSERT_LT((*found)[at - 1].number, (*found)[at].number);
  }
}

TEST(Formats, DimensionsOfSeries) {
  Mutations mutations(encode_dims({"V01", "510104017001", ""}, model::Freq::quarter), false);
  for (int i = 0; i < rounds; ++i) {
    const auto bytes = mutations.next();
    const auto found = decode_dims(bytes, sum_of(bytes));
    if (!found) {
      EXPECT_EQ(found.error().code, "damaged");
    }
  }
}

TEST(Formats, Catalogs) {
  Mutations mutations(model::encode_catalog(*test::sample_catalog()), false);
  for (int i = 0; i < rounds; ++i) {
    const auto bytes = mutations.next();
    const auto found = model::decode_catalog(bytes);
    if (found) continue;
    EXPECT_TRUE(found.error().code == "damaged_catalog" || found.error().code == "newer_catalog") << found.error().code;
  }
}

TEST(Formats, SetsOfFacts) {
  measure::FactSet facts;
  facts.add_range(5, 3'000);
  for (uint64_t i = 0; i < 200; ++i)
    facts.add(1'000'000 + i * i * 37);
  auto form = facts.bytes();
  Mutations mutations(form, false);
  for (int i = 0; i < rounds; ++i) {
    const auto found = measure::FactSet::parse(mutations.next());
    if (!found) continue;
    uint64_t last = 0;
    for (const auto fact : found->from(0, 100)) {
      ASSERT_TRUE(last == 0 || fact > last);
      ASSERT_TRUE(found->contains(fact));
      last = fact;
    }
  }
}

// Tables of a new store in one transaction that is never ended, so that a change of a row costs no disk.
class StoredRows : public testing::Test {
protected:
  StoredRows() : db_(folder_.path() / "kepu.db", Db::Mode::write) {
    prepare_tables(db_, "kepu.db");
    transaction_.emplace(db_);
  }
  // `read` with what each mutation of a blob makes of it. Returns how often it refused.
  int mutate(const char* select, const char* update, const std::function<void()>& read) {
    std::string form;
    {
      auto row = db_.query(select);
      EXPECT_TRUE(row.step());
      form = row.blob(0);
    }
    Mutations mutations(form, true);
    int refused = 0;
    for (int i = 0; i < few_rounds; ++i) {
      const auto bytes = mutations.next();
      db_.query(update).bind_blob(1, bytes).run();
      refused += is_refused(read);
    }
    db_.query(update).bind_blob(1, form).run();
    EXPECT_FALSE(is_refused(read));
    return refused;
  }
  static bool is_refused(const std::function<void()>& read) {
    try {
      read();
    } catch (const SqlError& error) {
      EXPECT_EQ(error.error().code, "damaged");
      return true;
    }
    return false;
  }
  static constexpr int few_rounds = 3'000;

  test::Folder folder_;
  Db db_;
  std::optional<Transaction> transaction_;
};

std::vector<KeyEntry> some_entries(size_t n) {
  std::mt19937_64 random(11);
  std::vector<KeyEntry> out(n);
  for (size_t i = 0; i < n; ++i)
    out[i] = {random(), i + 1};
  std::ranges::sort(out);
  return out;
}

void put(Db& db, KeyIndex::Table table, const std::vector<KeyEntry>& entries) {
  KeyIndex index(db, table);
  index.add(entries);
  index.save();
}

// Looks some keys up and reads every run.
void use(Db& db, KeyIndex::Table table, const std::vector<KeyEntry>& entries) {
  KeyIndex index(db, table);
  std::vector<uint64_t> hashes;
  for (size_t i = 0; i < entries.size(); i += 1 + entries.size() / 50)
    hashes.push_back(entries[i].hash);
  index.find(hashes, [](size_t, uint64_t) {});
  int64_t after = 0;
  while (const auto checked = index.check_run_after(after))
    after = checked->run;
}

TEST_F(StoredRows, PagesOfTheIndexes) {
  const auto entries = some_entries(2'000);
  for (const auto table : {KeyIndex::Table::facts, KeyIndex::Table::persons}) {
    put(db_, table, entries);
    const bool keys = table == KeyIndex::Table::facts;
    EXPECT_GT(mutate(keys ? "SELECT data FROM keypage WHERE page=2" : "SELECT data FROM personpage WHERE page=2",
                     keys ? "UPDATE keypage SET data=? WHERE page=2" : "UPDATE personpage SET data=? WHERE page=2",
                     [&] { use(db_, table, entries); }),
              few_rounds / 10);
  }
}

TEST_F(StoredRows, RunsOfTheIndexWithTheirFilters) {
  const auto entries = some_entries(270'000); // spread over all partitions
  put(db_, KeyIndex::Table::facts, entries);
  struct Run {
    int64_t id, n, first_page;
    std::string lows, filter;
  } run;
  {
    auto row = db_.query("SELECT id,n,first_page,lows,filter FROM keyseg ORDER BY id LIMIT 1");
    ASSERT_TRUE(row.step());
    run = {row.integer(0), row.integer(1), row.integer(2), std::string(row.blob(3)), std::string(row.blob(4))};
  }
  const auto put_run = [&](const Run& as) {
    db_.query("UPDATE keyseg SET n=?,first_page=?,lows=?,filter=?,sum=? WHERE id=?")
        .bind(1, as.n)
        .bind(2, as.first_page)
        .bind_blob(3, as.lows)
        .bind_blob(4, as.filter)
        .bind(5, KeyIndex::sum_of_run(as.id, as.n, as.first_page, as.lows, as.filter))
        .bind(6, as.id)
        .run();
  };
  Mutations lows(run.lows, false);
  Mutations filters(run.filter, false);
  constexpr int64_t numbers[] = {0, -1, 1, INT64_MAX, INT64_MIN, int64_t{1} << 40};
  for (int i = 0; i < 300; ++i) {
    auto changed = run;
    if (i % 3 == 0) changed.lows = lows.next();
    if (i % 3 == 1) changed.filter = filters.next();
    if (i % 3 == 2) (i % 2 ? changed.n : changed.first_page) = numbers[i / 3 % std::size(numbers)];
    put_run(changed);
    is_refused([&] { use(db_, KeyIndex::Table::facts, entries); });
    is_refused([&] { KeyIndex(db_, KeyIndex::Table::facts).join(0); });
  }
  put_run(run);
  EXPECT_FALSE(is_refused([&] { use(db_, KeyIndex::Table::facts, entries); }));
}

TEST_F(StoredRows, ClaimsAndWhatRunsRemoved) {
  Dictionary dictionary(db_);
  const auto catalog = test::sample_catalog();
  const auto& dataset = catalog->datasets.front();
  StoredDataset stored(stored_name(dataset), dataset, 1, dictionary);
  measure::FactSet facts;
  facts.add_range(1, 500);
  facts.add(90'000);
  OpenRun run;
  run.run = 3;
  run.source = 1;
  Claims claims(db_, run);
  claims.add(stored.name, 0, facts);
  claims.write(7);
  hold_back(db_, 1, stored.name, 3, 7, facts);
  Removals removals(db_, run);
  Scope scope;
  scope.time_from = 5;
  for (size_t i = 0; i < dataset.contract.fields.size(); ++i)
    scope.conditions.push_back({i, "word", 42});
  removals.replaced(stored, scope, 0);
  removals.write(7);
  EXPECT_GT(
      mutate("SELECT facts FROM claims", "UPDATE claims SET facts=?", [&] { Claims::of_run(db_, 1, stored.name, 3); }),
      0);
  EXPECT_GT(
      mutate("SELECT facts FROM kept_out", "UPDATE kept_out SET facts=?", [&] { kept_out_by(db_, 1, stored.name, 3); }),
      0);
  EXPECT_GT(mutate("SELECT body FROM scopes", "UPDATE scopes SET body=?",
                   [&] {
                     for (const auto& one : replaced_by_others(db_, 1, stored, {})) {
                       for (const auto& condition : one.scope.conditions)
                         ASSERT_LT(condition.field, dataset.contract.fields.size());
                     }
                   }),
            few_rounds / 10);
}

} // namespace
} // namespace kepu::store
