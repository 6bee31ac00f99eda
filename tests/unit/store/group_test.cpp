// Parts that share a transaction: there together, each with its commit, each failing alone, or none of them there.
#include "fixture.hpp"

#include <algorithm>
#include <random>
#include <set>

namespace kepu::store::test {
namespace {

class Group : public Store {
protected:
  struct Source {
    uint64_t run = 0;
    std::unique_ptr<Part> part;
  };

  void TearDown() override {
    sources_.clear();
    Store::TearDown();
  }
  Source& source(const std::string& id) {
    auto& one = sources_[id];
    if (!one.part) {
      one.run = writer_->begin_run({id, "c", "1", "", clock_.now()}).value();
      one.part = writer_->open_part(one.run);
    }
    return one;
  }
  // After one that failed.
  void end(const std::string& id) {
    auto& one = sources_.at(id);
    one.part.reset();
    ASSERT_TRUE(writer_->end_run(one.run, "retry", "", clock_.now()));
  }
  Result<CommitInfo> give(const std::string& id, const std::vector<Row>& rows, const std::string& cursor = "c") {
    auto facts = columns(rows);
    auto& part = *source(id).part;
    if (auto ok = part.put("passages", facts); !ok) return ok.error();
    return part.commit(cursor);
  }
  void do_to_file(const char* sql) { Db(file(), Db::Mode::write).exec(sql); }
  // A part with this cursor cannot be written.
  void refuse_cursor() {
    do_to_file("CREATE TRIGGER refused BEFORE INSERT ON cursors WHEN new.cursor=CAST('refused' AS BLOB) BEGIN SELECT "
               "RAISE(ABORT,'refused'); END");
  }
  // Nor can any figure, which is written at the end; as on a full disk.
  void refuse_figures() {
    do_to_file("CREATE TRIGGER full BEFORE INSERT ON chunk BEGIN SELECT RAISE(ABORT,'full'); END");
  }
  void take_figures() { do_to_file("DROP TRIGGER full"); }
  std::vector<CommitRow> commits() {
    auto reader = ReaderSource(file()).open().value();
    reader->begin().value();
    auto out = reader->commits({{}, 0, 1000}, false).value();
    std::ranges::reverse(out);
    return out;
  }
  std::string cursor(const std::string& id) { return writer_->cursor(id).value(); }

  std::map<std::string, Source> sources_;
};

TEST_F(Group, IsSeenWhenItHasEndedAndNotBefore) {
  source("gates");
  source("hand");
  writer_->begin_group();
  const auto first = give("gates", {{"a", "in", 0, 1}}).value();
  const auto second = give("hand", {{"a", "in", 0, 2}, {"b", "in", 1, 2}}).value();
  EXPECT_EQ(second.seq, first.seq + 1);
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{}));
  EXPECT_LT(writer_->latest(), first.seq);
  ASSERT_TRUE(writer_->end_group());
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 2}, {1, 1}}));
  EXPECT_EQ(writer_->latest(), second.seq);
  expect_verified();
}

TEST_F(Group, HasACommitAndAMomentOfItsOwnForEachPart) {
  source("gates");
  writer_->begin_group();
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(give("gates", {{std::to_string(i), "in", 0, 1}}));
  ASSERT_TRUE(writer_->end_group());
  const auto all = commits();
  ASSERT_EQ(all.size(), 4u); // after the catalog's
  for (size_t i = 1; i < all.size(); ++i) {
    EXPECT_EQ(visits_at(all[i].recorded_at), (std::map<int, uint64_t>{{0, i}}));
    if (i > 1) {
      EXPECT_GT(all[i].recorded_at, all[i - 1].recorded_at);
    }
  }
}

TEST_F(Group, IsRecordedAfterWhatWasAnsweredMeanwhile) {
  source("gates");
  writer_->begin_group();
  ASSERT_TRUE(give("gates", {{"a", "in", 0, 1}}));
  ASSERT_TRUE(give("gates", {{"b", "in", 0, 1}}));
  clock_.advance(std::chrono::seconds(1));
  const auto moment = clock_.now();
  ASSERT_TRUE(ReaderSource(file(), writer_->moments()).open().value()->begin_at(moment));
  ASSERT_TRUE(writer_->end_group());
  EXPECT_EQ(visits_at(moment), (std::map<int, uint64_t>{}));
  const auto all = commits();
  EXPECT_EQ(visits_at(all[1].recorded_at), (std::map<int, uint64_t>{{0, 1}}));
  EXPECT_EQ(visits_at(all[2].recorded_at), (std::map<int, uint64_t>{{0, 2}}));
}

TEST_F(Group, LosesAPartThatFailsAlone) {
  refuse_cursor();
  source("gates");
  source("hand");
  writer_->begin_group();
  const auto first = give("gates", {{"a", "in", 0, 1}}).value();
  EXPECT_FALSE(give("hand", {{"b", "new", 0, 2}, {"c", "in", 0, 1}}, "refused"));
  EXPECT_EQ(give("gates", {{"d", "out", 1, 3}, {"e", "in", 1, 1}}, "last").value().seq, first.seq + 1);
  ASSERT_TRUE(writer_->end_group());
  end("hand");
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 1}, {1, 1}}));
  EXPECT_EQ(cursor("gates"), "last");
  EXPECT_EQ(cursor("hand"), "");
  ASSERT_TRUE(give("hand", {{"b", "new", 0, 2}, {"c", "in", 0, 1}}));
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 2}, {1, 1}}));
  expect_verified();
}

TEST_F(Group, IsNotThereAtAllWhenItCannotBeWritten) {
  source("gates");
  source("hand");
  refuse_figures();
  writer_->begin_group();
  ASSERT_TRUE(give("gates", {{"a", "in", 0, 1}}));
  ASSERT_TRUE(give("hand", {{"b", "new", 0, 2}}));
  EXPECT_FALSE(writer_->end_group());
  end("gates");
  end("hand");
  EXPECT_EQ(commits().size(), 1u);
  EXPECT_EQ(cursor("gates"), "");
  take_figures();
  ASSERT_TRUE(give("gates", {{"a", "in", 0, 1}, {"c", "new", 0, 3}}));
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 1}}));
  expect_verified();
}

TEST_F(Group, IsLostWithTheHub) {
  ASSERT_TRUE(give("gates", {{"a", "in", 0, 1}}, "before"));
  writer_->begin_group();
  ASSERT_TRUE(give("gates", {{"b", "in", 0, 2}}, "after"));
  sources_.clear();
  reopen();
  EXPECT_EQ(cursor("gates"), "before");
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 1}}));
  expect_verified();
}

TEST_F(Group, IsOverWhenSomethingElseIsWritten) {
  source("gates");
  source("hand");
  writer_->begin_group();
  ASSERT_TRUE(give("gates", {{"a", "in", 0, 1}}));
  ASSERT_TRUE(writer_->label(std::nullopt, "signed", false));
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 1}}));
  ASSERT_TRUE(give("hand", {{"b", "in", 0, 2}}));
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 2}}));
  EXPECT_TRUE(writer_->end_group());
}

TEST_F(Group, TellsAtItsEndThatItWasLostBefore) {
  source("gates");
  refuse_figures();
  writer_->begin_group();
  ASSERT_TRUE(give("gates", {{"a", "in", 0, 1}}));
  EXPECT_EQ(cursor("gates"), ""); // whoever asks is answered with what is on disk
  EXPECT_FALSE(give("gates", {{"b", "in", 0, 1}}));
  EXPECT_FALSE(writer_->end_group());
  end("gates");
}

TEST_F(Group, GoesOnWithWhatWasStagedBefore) {
  auto& part = *source("gates").part;
  Scope all;
  ASSERT_TRUE(give("gates", {{"a", "in", 0, 1}, {"b", "in", 0, 1}}));
  ASSERT_TRUE(part.begin_replace("passages", all));
  auto facts = columns({{"b", "in", 0, 1}, {"c", "in", 1, 1}});
  ASSERT_TRUE(part.put("passages", facts));
  ASSERT_TRUE(part.end_replace());
  refuse_figures();
  writer_->begin_group();
  ASSERT_TRUE(part.commit("c"));
  EXPECT_FALSE(writer_->end_group());
  end("gates");
  take_figures();
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 2}}));
  ASSERT_TRUE(give("gates", {{"d", "in", 0, 1}}));
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 3}}));
  expect_verified();
}

// Whatever is given in groups, refused alone or lost, corrected and taken out: what is there is what was acknowledged,
// at each moment.
class GroupLives : public Group, public testing::WithParamInterface<unsigned> {
protected:
  using Held = std::map<std::string, std::map<std::string, Row>>; // by source and key
  static std::map<int, uint64_t> visits_in(const Held& held) {
    std::map<int, uint64_t> out;
    for (const auto& [id, rows] : held) {
      for (const auto& [key, row] : rows)
        out[row.day] += row.way == "in";
    }
    std::erase_if(out, [](const auto& day) { return day.second == 0; });
    return out;
  }
  static std::map<int, std::set<int64_t>> cards_in(const Held& held) {
    std::map<int, std::set<int64_t>> out;
    for (const auto& [id, rows] : held) {
      for (const auto& [key, row] : rows) {
        if (row.card != 0) out[row.day].insert(row.card);
      }
    }
    return out;
  }
  // How many different ones of each day.
  static std::map<int, size_t> sizes(const auto& sets) {
    std::map<int, size_t> out;
    for (const auto& [day, set] : sets)
      out[day] = set.size();
    return out;
  }
  std::map<int, size_t> visitors() {
    auto reader = ReaderSource(file()).open().value();
    reader->begin().value();
    std::vector<uint32_t> ids;
    for (const auto& one : reader->series("visitors").value())
      ids.push_back(one.id);
    const auto first = model::day_of(2025, 1, 1);
    std::map<int, std::set<uint32_t>> out;
    EXPECT_TRUE(reader->sets(ids, first, first + 100, [&](size_t, model::Day day, std::span<const uint32_t> numbers) {
      out[day - first].insert(numbers.begin(), numbers.end());
    }));
    return sizes(out);
  }
  int upto(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  std::mt19937 random_{GetParam()};
};

TEST_P(GroupLives, AreToldAsIfEachPartHadComeAlone) {
  constexpr const char* ids[] = {"gates", "hand", "other"};
  refuse_cursor();
  Held held;
  std::map<Seq, Held> states;
  for (int round = 0; round < 60; ++round) {
    for (const auto* id : ids)
      source(id);
    const bool is_lost = upto(6) == 0;
    if (is_lost) refuse_figures();
    Held now = held;
    std::map<Seq, Held> made;
    std::set<std::string> spoilt;
    const bool alone = upto(4) == 0 && !is_lost;
    if (!alone) writer_->begin_group();
    for (int n = upto(7); n >= 0; --n) {
      const std::string id = ids[upto(3)];
      if (spoilt.contains(id)) continue;
      const bool refused = upto(8) == 0;
      auto next = now;
      std::vector<Row> rows;
      for (int i = upto(5); i >= 0; --i) {
        const Row row{std::to_string(upto(40)), upto(3) ? "in" : "way" + std::to_string(upto(50)), upto(5),
                      upto(4) ? 1 + upto(1'000) : 0};
        rows.push_back(row);
        next[id][row.id] = row;
      }
      if (upto(4) == 0) { // and one of them taken out again
        const auto gone = columns({{std::to_string(upto(40)), "in", 0, 0}});
        auto facts = columns(rows);
        ASSERT_TRUE(source(id).part->put("passages", facts));
        ASSERT_TRUE(source(id).part->retract("passages", gone));
        next[id].erase(std::string(gone.key(0)));
        rows.clear();
      }
      const auto done = give(id, rows, refused ? "refused" : "c");
      ASSERT_EQ(done.has_value(), !refused);
      if (refused) {
        spoilt.insert(id);
        sources_.at(id).part.reset();
      } else {
        now = next;
        made[done->seq] = now;
      }
    }
    const auto ended = alone ? Result<void>() : writer_->end_group();
    EXPECT_EQ(ended.has_value(), !is_lost || made.empty());
    if (ended) {
      held = now;
      states.merge(made);
    }
    if (is_lost) take_figures();
    for (const auto* id : ids) {
      if (!ended || spoilt.contains(id)) end(id);
    }
    if (upto(3)) clock_.advance(std::chrono::seconds(upto(3)));
    ASSERT_EQ(visits(), visits_in(held)) << "round " << round;
    ASSERT_EQ(visitors(), sizes(cards_in(held))) << "round " << round;
  }
  expect_verified();
  auto reader = ReaderSource(file()).open().value();
  for (const auto& [seq, state] : states) {
    const auto told = visits_of([&, at = seq](Reader& one) { return one.stand_at(at); });
    ASSERT_EQ(told, visits_in(state)) << "commit " << seq;
  }
  EXPECT_GT(states.size(), 60u);
}
INSTANTIATE_TEST_SUITE_P(Random, GroupLives, testing::Range(0u, 6u));

} // namespace
} // namespace kepu::store::test
