// Persons who are erased: every answer stays, and nothing in the files leads to them.
#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "fixture.hpp"
#include "store/key_index.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>
#include <set>

namespace kepu::store {
namespace {

using namespace test;

constexpr const char* key_name = "the hub's key";

// Who was in which session: the person is part of the key.
std::shared_ptr<const model::Catalog> with_attendance() {
  auto out = std::make_shared<model::Catalog>(*catalog());
  model::Dataset attended;
  attended.contract.id = "attended";
  attended.contract.fields = {{"session", KEPU_TEXT, 0, KEPU_ROLE_KEY, "", "", true},
                              {"who", KEPU_TEXT, 0, KEPU_ROLE_KEY | KEPU_ROLE_PERSON, "account:test", "", true},
                              {"ts", KEPU_TIMESTAMP, 0, KEPU_ROLE_TIME, "", "", true}};
  out->datasets.push_back(attended);
  for (const char* id : {"attendances", "attendants"}) {
    model::Indicator indicator;
    indicator.id = id;
    indicator.dataset = "attended";
    out->indicators.push_back(indicator);
  }
  out->indicators.back().measure = model::Measure::distinct;
  out->indicators.back().field = "who";
  return out;
}

struct Attended {
  std::string session;
  int64_t who;
  int day;
  auto operator<=>(const Attended&) const = default;
};

std::string key_of(const Attended& row) {
  std::string out;
  ByteWriter writer(out);
  writer.varint(row.session.size());
  writer.bytes(row.session);
  writer.put(row.who);
  return out;
}

// By day: how many, and who by number.
using Told = std::map<int, std::pair<uint64_t, std::set<uint32_t>>>;
using Counts = std::map<int, std::pair<uint64_t, size_t>>;

Counts counts(const Told& told) {
  Counts out;
  for (const auto& [day, one] : told)
    out[day] = {one.first, one.second.size()};
  return out;
}

class Erasure : public Store {
protected:
  void SetUp() override {
    Store::SetUp();
    writer_.reset();
    open_again();
  }
  void open_again() {
    part_.reset();
    writer_.reset();
    Options options{file(), &clock_, key_name};
    writer_ = Writer::open(options).value();
    ASSERT_TRUE(writer_->load_catalog(with_attendance(), zone_));
  }
  model::FactColumns attendance(const std::vector<Attended>& rows) {
    model::FactColumns out;
    const auto catalog = with_attendance();
    for (const auto& field : catalog->dataset("attended")->contract.fields)
      out.fields.emplace_back().holding = model::holding_of(field);
    for (const auto& row : rows) {
      out.key_bytes += key_of(row);
      out.key_ends.push_back(static_cast<uint32_t>(out.key_bytes.size()));
      out.fields[1].numbers.push_back(row.who);
      out.fields[2].numbers.push_back(noon_2025 + row.day * day_micros);
      out.places.push_back(++out.rows + 1);
    }
    return out;
  }
  void attend(const std::vector<Attended>& rows) {
    auto facts = attendance(rows);
    ASSERT_TRUE(part_->put("attended", facts));
  }
  uint64_t run_attended(const std::vector<Attended>& rows) {
    begin_run();
    attend(rows);
    commit();
    end_run();
    clock_.advance(std::chrono::minutes(1));
    return run_;
  }
  Work::Outcome erase(int64_t who) { return to_end(writer_->erase_person(static_cast<uint64_t>(who), key_name)); }
  Told told(const std::string& count = "attendances", const std::string& distinct = "attendants",
            std::optional<Instant> moment = {}) {
    Told out;
    auto reader = ReaderSource(file()).open().value();
    (moment ? reader->begin_at(*moment) : reader->begin()).value();
    const auto first = model::day_of(2025, 1, 1);
    const auto ids = [&](const std::string& indicator) {
      std::vector<uint32_t> all;
      for (const auto& one : reader->series(indicator).value())
        all.push_back(one.id);
      return all;
    };
    EXPECT_TRUE(reader->cells(ids(count), first - 1000, first + 1000, [&](size_t, const DayCell& cell) {
      if (cell.n) out[cell.day - first].first += cell.n;
    }));
    EXPECT_TRUE(reader->sets(ids(distinct), first - 1000, first + 1000,
                             [&](size_t, model::Day day, std::span<const uint32_t> numbers) {
                               if (!numbers.empty()) out[day - first].second.insert(numbers.begin(), numbers.end());
                             }));
    return out;
  }
  // What a figure counts and what it was, in words.
  std::string explained() {
    std::string out;
    auto reader = ReaderSource(file()).open().value();
    reader->begin().value();
    FigureAsk ask;
    ask.indicator = "attendances";
    ask.first = model::day_of(2024, 1, 1);
    ask.last = model::day_of(2026, 1, 1);
    ask.choose = [](const auto&, const auto&, const auto& series) { return std::vector<bool>(series.size(), true); };
    EXPECT_TRUE(reader->counted_facts(ask, {}, [&](const CountedFact& fact) {
      out += std::to_string(fact.fact) + " " + fact.key + " since " + std::to_string(fact.since.seq) + "\n";
      return true;
    }));
    for (const auto& state : reader->history(ask, UINT64_MAX, 100).value().states)
      out += std::to_string(state.commit.seq) + ": " + std::to_string(state.n) + "\n";
    return out;
  }
  Told told_at(Instant moment) { return told("attendances", "attendants", moment); }
  void expect_agrees() {
    expect_verified();
    const auto found = *to_end(writer_->verify()).verified;
    EXPECT_TRUE(found.agrees()) << (found.findings.empty() ? "" : found.findings[0].sentence);
  }
  bool lies_in_files(std::string_view bytes) {
    for (const char* more : {"", "-wal"}) {
      std::ifstream in(file().string() + more, std::ios::binary);
      const std::string all((std::istreambuf_iterator<char>(in)), {});
      if (all.find(bytes) != std::string::npos) return true;
    }
    return false;
  }
  // Facts that the index on disk has under these hashes.
  size_t indexed(const std::vector<uint64_t>& keys) {
    Db db(file(), Db::Mode::read);
    size_t n = 0;
    KeyIndex(db, KeyIndex::Table::facts).find(keys, [&](size_t, uint64_t) { ++n; });
    return n;
  }
  static std::string bytes_of(auto number) { return {reinterpret_cast<const char*>(&number), sizeof number}; }
};

constexpr int64_t anna = 0x1122334455667788;
constexpr int64_t berta = 0x6aa1b2c3d4e5f607;

TEST_F(Erasure, FiguresAndWhatTheyWereStay) {
  run_attended({{"s1", anna, 0}, {"s1", berta, 0}, {"s2", anna, 1}});
  const auto then = clock_.now();
  clock_.advance(std::chrono::hours(1));
  run_attended({{"s2", anna, 4}, {"s3", anna, 5}});
  const auto before = told();
  const auto before_then = told_at(then);
  const auto explained_before = explained();
  clock_.advance(std::chrono::hours(1));
  const auto outcome = erase(anna);
  EXPECT_TRUE(outcome.erased->was_held);
  EXPECT_EQ(outcome.erased->facts, 4u);
  EXPECT_EQ(told(), before);
  EXPECT_EQ(told_at(then), before_then);
  EXPECT_EQ(explained(), explained_before);
  open_again();
  EXPECT_EQ(told(), before);
  EXPECT_EQ(told_at(then), before_then);
  expect_agrees();
}

TEST_F(Erasure, OneWhoOnlyLiesInAColumnIsForgottenToo) {
  run_to_end("ok", {{"a", "in", 0, anna}, {"b", "in", 0, berta}});
  const auto before = told("visits", "visitors");
  EXPECT_EQ(erase(anna).erased->facts, 0u);
  EXPECT_EQ(told("visits", "visitors"), before);
  expect_agrees();
  run_to_end("ok", {{"c", "in", 0, anna}, {"d", "in", 0, berta}});
  EXPECT_EQ(counts(told("visits", "visitors")), (Counts{{0, {4, 3}}})); // anna is new, berta is not
}

TEST_F(Erasure, ARowThatIsToldAgainIsOfANewPerson) {
  run_attended({{"s1", anna, 0}, {"s1", berta, 0}});
  erase(anna);
  run_attended({{"s1", anna, 0}, {"s1", berta, 0}});
  EXPECT_EQ(counts(told()), (Counts{{0, {3, 3}}}));
  expect_agrees();
}

TEST_F(Erasure, OfOneWhoIsNotHeldChangesNothing) {
  run_attended({{"s1", berta, 0}});
  const auto last = writer_->latest().load();
  const auto outcome = erase(anna);
  EXPECT_FALSE(outcome.erased->was_held);
  EXPECT_EQ(outcome.commit.seq, 0u);
  EXPECT_EQ(writer_->latest(), last);
}

TEST_F(Erasure, UnderAnotherKeyIsRefused) {
  run_attended({{"s1", anna, 0}});
  EXPECT_EQ(writer_->erase_person(static_cast<uint64_t>(anna), "another").error().code, "other_person_key");
}

TEST_F(Erasure, NothingInTheFilesTellsOfThePerson) {
  run_attended({{"s1", anna, 0}});
  run_to_end("ok", {{"a", "in", 0, anna}});
  run_attended({{"s1", anna, 3}}); // another version of the key
  begin_run("other");
  attend({{"s1", anna, 1}});
  commit();
  end_run();
  std::vector<uint64_t> keys;
  for (const int source : {1, 2})
    keys.push_back(hash64(key_of({"s1", anna, 0}), hash64("attended@1", static_cast<uint64_t>(source))));
  std::ranges::sort(keys);
  writer_->tidy(); // which writes the index of keys
  ASSERT_TRUE(lies_in_files(bytes_of(anna)));
  ASSERT_EQ(indexed(keys), 3u);
  erase(anna);
  EXPECT_FALSE(lies_in_files(bytes_of(anna)));
  EXPECT_EQ(indexed(keys), 0u);
  for (const auto& key : keys)
    EXPECT_FALSE(lies_in_files(bytes_of(key)));
}

TEST_F(Erasure, WhatWasDeletedBeforeItIsGoneFromTheFilesToo) {
  for (int i = 1; i < 100; ++i)
    run_attended({{"s" + std::to_string(i % 7), anna, i % 20}, {"s", berta + i, 0}});
  begin_run();
  auto keys = attendance({{"s1", anna, 0}, {"s2", anna, 0}});
  ASSERT_TRUE(part_->retract("attended", keys));
  commit();
  end_run();
  begin_run(); // staged, and dropped
  std::vector<Attended> many;
  for (int i = 0; i < 70'000; ++i)
    many.push_back({"d" + std::to_string(i), i % 10 ? berta + i : anna, 0});
  attend(many);
  part_.reset();
  end_run("bad_data");
  erase(anna);
  EXPECT_FALSE(lies_in_files(bytes_of(anna)));
  expect_agrees();
}

TEST_F(Erasure, TheIndexKeepsAllOthersAlsoWhereItIsSpread) {
  begin_run();
  std::vector<Attended> many;
  std::mt19937_64 random(5);
  for (int i = 0; i < 200'000; ++i)
    many.push_back({"s" + std::to_string(i % 50), static_cast<int64_t>(random()), i % 30});
  for (int i = 0; i < 100; ++i)
    many.push_back({"x" + std::to_string(i), anna, i % 30});
  attend(many);
  commit();
  end_run();
  const auto before = counts(told());
  EXPECT_EQ(erase(anna).erased->facts, 100u);
  EXPECT_EQ(counts(told()), before);
  expect_agrees();
  many.resize(200'000);
  run_attended(many);
  EXPECT_EQ(run(run_)->unchanged, 200'000u);
}

TEST_F(Erasure, RowsOfAnOpenPartAreErasedWithTheOthers) {
  run_attended({{"s1", anna, 0}});
  begin_run();
  std::vector<Attended> many;
  for (int i = 0; i < 70'000; ++i)
    many.push_back({"d" + std::to_string(i), i % 10 ? berta + i : anna, 1});
  attend(many); // staged
  EXPECT_EQ(erase(anna).erased->facts, 7'001u);
  commit();
  end_run();
  EXPECT_EQ(counts(told()), (Counts{{0, {1, 1}}, {1, {70'000, 63'001}}}));
  expect_agrees();
  EXPECT_FALSE(erase(anna).erased->was_held);
}

TEST_F(Erasure, BrokenOffAtAnyStepItIsAsBeforeOrDoneAndAskedAgainItEnds) {
  run_attended({{"s1", anna, 0}, {"s2", berta, 0}});
  run_attended({{"s1", anna, 3}});
  const auto before = told();
  fs::copy_file(file(), folder_ / "sound.db");
  fs::copy_file(file().string() + "-wal", folder_ / "sound.db-wal");
  const auto put_in_place = [&](const std::string& name) {
    part_.reset();
    writer_.reset();
    fs::remove(file().string() + "-shm");
    for (const char* more : {"", "-wal"}) {
      fs::remove(file().string() + more);
      if (fs::exists(folder_ / (name + more)))
        fs::copy_file(folder_ / (name + more), file().string() + more, fs::copy_options::overwrite_existing);
    }
    open_again();
  };
  bool done = false;
  int steps = 0;
  for (; !done; ++steps) {
    put_in_place("sound.db");
    auto work = writer_->erase_person(static_cast<uint64_t>(anna), key_name).value();
    for (int i = 0; i < steps && !done; ++i)
      done = work->step().value();
    for (const char* more : {"", "-wal"}) {
      fs::remove(folder_ / (std::string("killed.db") + more));
      if (fs::exists(file().string() + more))
        fs::copy_file(file().string() + more, folder_ / (std::string("killed.db") + more));
    }
    work.reset();
    put_in_place("killed.db");
    ASSERT_EQ(told(), before);
    expect_agrees();
    EXPECT_EQ(erase(anna).erased->was_held, steps <= 2) << steps;
    ASSERT_EQ(told(), before);
    expect_agrees();
    EXPECT_FALSE(lies_in_files(bytes_of(anna)));
  }
  EXPECT_GT(steps, 4);
}

TEST_F(Erasure, WaitsForAReaderThatStillSeesThePerson) {
  run_attended({{"s1", anna, 0}});
  auto reader = ReaderSource(file()).open().value();
  reader->begin().value();
  (void)reader->totals();
  auto work = writer_->erase_person(static_cast<uint64_t>(anna), key_name).value();
  for (int i = 0; i < 10; ++i)
    ASSERT_FALSE(work->step().value());
  reader->end();
  while (!work->step().value()) {
  }
  EXPECT_FALSE(lies_in_files(bytes_of(anna)));
}

// ---- random lives: an erasure is as if the person had always borne another name ----

struct Act {
  uint64_t run = 0;
  enum Kind : uint8_t { put, retract, replace_days } kind = put;
  std::vector<Attended> rows;
  int from = 0;
  int until = 0;
};
using World = std::map<std::pair<std::string, int64_t>, int>; // day by session and person

World retold(const std::vector<Act>& acts, const std::set<uint64_t>& without) {
  World world;
  for (const auto& act : acts) {
    if (without.contains(act.run)) continue;
    const auto is_given = [&](const auto& key) {
      return std::ranges::any_of(act.rows, [&](const Attended& row) { return std::pair(row.session, row.who) == key; });
    };
    std::erase_if(world, [&](const auto& one) {
      return (act.kind == Act::retract && is_given(one.first)) ||
             (act.kind == Act::replace_days && one.second >= act.from && one.second < act.until &&
              !is_given(one.first));
    });
    if (act.kind == Act::retract) continue;
    for (const auto& row : act.rows)
      world[{row.session, row.who}] = row.day;
  }
  return world;
}

Counts counted(const World& world) {
  std::map<int, std::pair<uint64_t, std::set<int64_t>>> days;
  for (const auto& [key, day] : world) {
    ++days[day].first;
    days[day].second.insert(key.second);
  }
  Counts out;
  for (const auto& [day, one] : days)
    out[day] = {one.first, one.second.size()};
  return out;
}

class RandomErasures : public Erasure, public testing::WithParamInterface<unsigned> {};

TEST_P(RandomErasures, WithdrawalsGoOnAsIfThePersonHadAnotherName) {
  std::mt19937 random(GetParam());
  const auto upto = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::vector<Act> acts;
  std::set<uint64_t> withdrawn;
  std::vector<uint64_t> runs;
  std::vector<std::pair<Instant, Told>> recorded;
  int64_t names = 0;
  const auto some_rows = [&] {
    std::map<std::pair<std::string, int64_t>, Attended> out;
    for (int i = upto(6); i >= 0; --i) {
      const Attended row{"s" + std::to_string(upto(4)), anna + upto(4), upto(10)};
      out[{row.session, row.who}] = row;
    }
    std::vector<Attended> list;
    for (const auto& [key, row] : out)
      list.push_back(row);
    return list;
  };
  const auto one_part = [&] {
    Act act{run_, static_cast<Act::Kind>(std::max(0, upto(6) - 3)), some_rows(), upto(10), 0};
    act.until = act.from + 1 + upto(4);
    if (act.kind == Act::retract) {
      const auto keys = attendance(act.rows);
      ASSERT_TRUE(part_->retract("attended", keys));
    } else {
      Scope scope;
      scope.time_from = noon_2025 + act.from * day_micros;
      scope.time_until = noon_2025 + act.until * day_micros;
      if (act.kind == Act::replace_days) {
        ASSERT_TRUE(part_->begin_replace("attended", scope));
      }
      attend(act.rows);
      if (act.kind == Act::replace_days) {
        ASSERT_TRUE(part_->end_replace());
      }
    }
    acts.push_back(std::move(act));
    commit();
  };
  const auto rename = [&](int64_t who) {
    ++names;
    for (auto& act : acts) {
      for (auto& row : act.rows)
        if (row.who == who) row.who = names;
    }
  };
  for (int round = 0; round < 50; ++round) {
    clock_.advance(std::chrono::minutes(1));
    const int what = upto(8);
    if (what == 0 && !runs.empty()) {
      const auto chosen = runs.begin() + upto(static_cast<int>(runs.size()));
      withdraw(*chosen);
      withdrawn.insert(*chosen);
      runs.erase(chosen);
    } else if (what == 1) {
      const auto who = anna + upto(4);
      auto work = writer_->erase_person(static_cast<uint64_t>(who), key_name).value();
      begin_run(); // parts go on between
      runs.push_back(run_);
      ASSERT_NO_FATAL_FAILURE(one_part());
      const bool breaks_off = upto(3) == 0;
      bool erased = false;
      for (bool last = false; !last && !(breaks_off && upto(3) == 0);) {
        const auto commits = writer_->latest().load();
        last = work->step().value();
        if (writer_->latest() != commits) {
          rename(who);
          erased = true;
        }
        if (!last && !erased && upto(2)) {
          ASSERT_NO_FATAL_FAILURE(one_part());
        }
      }
      end_run();
    } else {
      begin_run();
      runs.push_back(run_);
      for (int i = upto(2); i >= 0; --i)
        ASSERT_NO_FATAL_FAILURE(one_part());
      end_run();
    }
    if (upto(6) == 0) open_again();
    ASSERT_EQ(counts(told()), counted(retold(acts, withdrawn))) << "round " << round;
    recorded.emplace_back(clock_.now(), told());
    if (round % 10 == 9) expect_agrees();
  }
  for (const auto& [moment, expected] : recorded)
    ASSERT_EQ(told_at(moment), expected);
  for (const auto run : runs) {
    withdraw(run);
    withdrawn.insert(run);
    ASSERT_EQ(counts(told()), counted(retold(acts, withdrawn)));
  }
  EXPECT_EQ(told(), Told{});
  expect_agrees();
}

INSTANTIATE_TEST_SUITE_P(Lives, RandomErasures, testing::Range(1u, 6u));

} // namespace
} // namespace kepu::store
