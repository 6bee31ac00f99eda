// What a figure was and why, against figures that were asked for while the store lived.
#include "query/figure.hpp"

#include "query/rule.hpp"
#include "support/life.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>

namespace {

using namespace kepu;
using query::ObservationQuery;

struct Seen {
  store::Seq seq = 0;
  bool exists = false;
  int64_t value = 0;
  uint64_t n = 0;
  std::array<uint64_t, 3> flags{};
  std::string unit;
  bool same(const Seen& other) const {
    if (!exists && !other.exists) return true;
    return exists == other.exists && value == other.value && n == other.n && flags == other.flags && unit == other.unit;
  }
};

std::vector<ObservationQuery> figures(test::Life& life) {
  std::vector<ObservationQuery> out;
  for (const char* indicator : {"venue.visits", "venue.visitors", "venue.income"}) {
    for (int i = 0; i < 6; ++i) {
      ObservationQuery query;
      query.indicator = indicator;
      query.freq = std::array{model::Freq::day, model::Freq::week, model::Freq::month, model::Freq::year}[life.pick(4)];
      query.from = query.to =
          model::period_of(test::Life::first_day + static_cast<model::Day>(life.pick(40)), query.freq);
      if (i % 3 == 1) query.area = life.pick(2) ? "510104017" : "510104020";
      if (i % 3 == 2) query.filters = {{"venue", life.pick(2) ? "V01" : "科技馆"}};
      if (i == 4) query.source = "gates";
      out.push_back(query);
    }
  }
  return out;
}

Seen look(store::Reader& reader, store::Seq seq, const ObservationQuery& query) {
  Seen out;
  out.seq = seq;
  const auto found = query::observe_within(reader, {}, query);
  if (!found || found->rows.empty()) return out; // refused: the indicator or its dimension is not there now
  const auto& row = found->rows.front();
  return {seq,
          true,
          static_cast<int64_t>(row.value),
          row.n,
          {row.approximate, row.repaired, row.provisional},
          found->indicator->unit};
}

// Every page of it, newest first.
std::vector<store::FigureState> all_states(store::Reader& reader, ObservationQuery query, uint32_t limit) {
  std::vector<store::FigureState> out;
  query.limit = limit;
  do {
    auto page = query::history_within(reader, {}, query);
    if (!page) throw std::runtime_error(page.error().text);
    out.insert(out.end(), page->states.begin(), page->states.end());
    query.after = page->next;
  } while (!query.after.empty());
  return out;
}

class Figure : public testing::TestWithParam<uint32_t> {};
INSTANTIATE_TEST_SUITE_P(Lives, Figure, testing::Values(1, 2));

TEST_P(Figure, HistoryTellsEveryValueThatWasAnsweredAndNoOther) {
  test::Life life(GetParam());
  const auto asked = figures(life);
  std::vector<std::vector<Seen>> seen(asked.size()); // changes only
  std::vector<Instant> recorded{{}};
  size_t changes = 0;
  for (int round = 0; round < 80; ++round) {
    if (round) life.step();
    auto reader = life.readers->open().value();
    const auto moment = reader->begin().value();
    recorded.resize(moment.seq + 1);
    recorded[moment.seq] = moment.recorded_at;
    for (size_t i = 0; i < asked.size(); ++i) {
      const auto now = look(*reader, moment.seq, asked[i]);
      if (now.same(seen[i].empty() ? Seen{} : seen[i].back())) continue;
      seen[i].push_back(now);
      ++changes;
    }
    reader->end();
  }
  EXPECT_GT(changes, 100u);
  auto reader = life.readers->open().value();
  const auto moment = reader->begin().value();
  for (size_t i = 0; i < asked.size(); ++i) {
    if (!query::history_within(*reader, {}, asked[i])) {
      EXPECT_FALSE(query::observe_within(*reader, {}, asked[i])) << "refused, but has a value";
      continue;
    }
    const auto states = all_states(*reader, asked[i], 1 + static_cast<uint32_t>(life.pick(7)));
    ASSERT_EQ(states.size(), seen[i].size()) << asked[i].indicator << " " << asked[i].from->text();
    for (size_t k = 0; k < states.size(); ++k) {
      const auto& state = states[states.size() - 1 - k];
      const auto& then = seen[i][k];
      const std::string what = asked[i].indicator + " " + asked[i].from->text() + " " + std::to_string(then.seq);
      EXPECT_EQ(state.commit.seq, then.seq) << what;
      EXPECT_EQ(state.commit.recorded_at, recorded[then.seq]) << what;
      EXPECT_EQ(state.n, then.n) << what;
      EXPECT_TRUE(state.n == 0 || state.value == then.value) << what;
      EXPECT_EQ(state.n == 0 ? "" : state.unit, then.unit) << what;
      EXPECT_EQ((std::array{state.approximate, state.repaired, state.provisional}), then.flags) << what;
      const bool newest = k + 1 == states.size();
      EXPECT_EQ(state.until ? state.until->seq : 0, newest ? 0 : seen[i][k + 1].seq) << what;
      if (state.commit.kind == "part" || state.commit.kind == "withdraw") {
        const auto before = k == 0 ? 0 : seen[i][k - 1].n;
        EXPECT_EQ(before + state.inserted - state.replaced - state.deleted - state.out_of_scope - state.withdrawn,
                  then.n)
            << what;
        EXPECT_EQ(state.connector, "test") << what;
        EXPECT_FALSE(state.commit.source.empty()) << what;
      } else {
        EXPECT_EQ(state.commit.kind, "catalog") << what;
        EXPECT_EQ(state.inserted + state.replaced + state.deleted + state.out_of_scope, 0u) << what;
      }
    }
  }
  EXPECT_GT(moment.seq, 70u);
}

TEST_P(Figure, HistoryOfAnEarlierMomentIsItsOwn) {
  test::Life life(GetParam() + 100);
  const auto asked = figures(life);
  struct Recorded {
    Instant at;
    size_t figure;
    std::vector<store::FigureState> states;
  };
  std::vector<Recorded> all;
  for (int round = 0; round < 60; ++round) {
    life.step();
    if (life.pick(3)) continue;
    auto reader = life.readers->open().value();
    const auto moment = reader->begin().value();
    for (size_t i = 0; i < asked.size(); ++i) {
      if (life.pick(3) == 0 && query::history_within(*reader, {}, asked[i]))
        all.push_back({moment.recorded_at, i, all_states(*reader, asked[i], 100)});
    }
    reader->end();
    life.clock.advance(std::chrono::seconds(1)); // another commit at the same moment would belong to it too
  }
  auto reader = life.readers->open().value();
  for (const auto& one : all) {
    ASSERT_TRUE(reader->begin_at(one.at));
    const auto again = all_states(*reader, asked[one.figure], 100);
    ASSERT_EQ(again.size(), one.states.size());
    for (size_t i = 0; i < again.size(); ++i) {
      EXPECT_EQ(again[i].commit.seq, one.states[i].commit.seq);
      EXPECT_EQ(again[i].commit.labels, one.states[i].commit.labels);
      EXPECT_EQ(again[i].n, one.states[i].n);
      EXPECT_TRUE(again[i].value == one.states[i].value);
      EXPECT_EQ(again[i].definition, one.states[i].definition);
      EXPECT_EQ(again[i].until.has_value(), one.states[i].until.has_value());
    }
    reader->end();
  }
  EXPECT_GT(all.size(), 50u);
}

TEST_P(Figure, TheFactsThatExplainItAreThoseThatItCounts) {
  test::Life life(GetParam() + 200);
  const auto asked = figures(life);
  size_t facts = 0;
  size_t replaced = 0;
  for (int round = 0; round < 40; ++round) {
    life.step();
    if (round % 4) continue;
    auto reader = life.readers->open().value();
    ASSERT_TRUE(reader->begin());
    const auto catalog = reader->catalog();
    const auto at = [&](const char* field) { return *catalog->dataset("passages")->field(field); };
    for (auto query : asked) {
      query.limit = static_cast<uint32_t>(1 + life.pick(20));
      const auto observed = query::observe_within(*reader, {}, query);
      std::map<uint64_t, int64_t> paid; // by fact
      std::map<std::tuple<std::string, uint64_t, std::string>, uint64_t> groups;
      std::string after;
      std::optional<query::Explained> page;
      do {
        query.after = after;
        const size_t room = life.pick(4) ? 1000 : 1; // a page may also end because its text is long
        size_t taken = 0;
        const auto found = query::explain_within(*reader, query, [&](const store::CountedFact& fact) {
          if (taken == room) return false;
          ++taken;
          EXPECT_TRUE(paid.empty() || fact.fact > paid.rbegin()->first);
          paid[fact.fact] = fact.cells[at("paid")].number;
          EXPECT_EQ(fact.cells[0].text, fact.key);
          EXPECT_EQ(fact.cells[at("card")].text, "") << "a person";
          ++groups[{fact.source, fact.run->run, fact.input}];
          if (fact.cells[at("venue")].text == "科技馆") {
            EXPECT_EQ(fact.dims[0], "V01");
          } else {
            EXPECT_EQ(fact.dims[0], fact.cells[at("venue")].text);
          }
          EXPECT_GE(fact.place, 2u);
          EXPECT_LT(fact.replaces, fact.fact);
          replaced += fact.replaces != 0;
          return true;
        });
        ASSERT_EQ(found.has_value(), observed.has_value());
        if (!found) break;
        page = *found;
        after = found->next;
      } while (!after.empty());
      if (!page) continue;
      facts += paid.size();
      ASSERT_EQ(page->facts.facts, paid.size());
      ASSERT_EQ(page->figure ? page->figure->n : 0, paid.size());
      if (query.indicator == "venue.income" && page->figure) {
        int64_t sum = 0;
        for (const auto& [fact, amount] : paid)
          sum += amount;
        EXPECT_TRUE(page->figure->value == sum);
      }
      EXPECT_EQ(page->facts.groups.size(), groups.size());
      for (const auto& group : page->facts.groups)
        EXPECT_EQ(group.facts, (groups[{group.source, group.run.run, group.input}]));
      EXPECT_LE(page->facts.definition.seq, life.writer->latest().load());
    }
    reader->end();
  }
  EXPECT_GT(facts, 300u);
  EXPECT_GT(replaced, 10u);
}

TEST(FigureDeadline, EndsTheQuestionWhereverItFallsAndNotTheNext) {
  test::Life life(8);
  for (int i = 0; i < 30; ++i)
    life.step();
  auto reader = life.readers->open().value();
  ASSERT_TRUE(reader->begin());
  ObservationQuery query;
  query.indicator = "plain.count";
  query.freq = model::Freq::year;
  query.from = query.to = model::period_of(test::Life::first_day, query.freq);
  size_t visited = 0;
  const auto late = [&](const store::CountedFact&) {
    ++visited;
    reader->interrupt(); // between two statements
    return true;
  };
  EXPECT_EQ(query::explain_within(*reader, query, late).error().code, "deadline");
  EXPECT_EQ(visited, 1u);
  EXPECT_TRUE(query::history_within(*reader, {}, query));
  auto ask = store::FigureAsk{"plain.count", query.from->first_day(), query.from->last_day(), {}};
  ask.choose = [&](const auto&, const auto&, const auto& series) {
    reader->interrupt();
    return std::vector<bool>(series.size(), true);
  };
  EXPECT_EQ(reader->history(ask, 0, 10).error().code, "deadline");
  EXPECT_TRUE(query::history_within(*reader, {}, query));
}

TEST(FigureCursor, OfAnotherKindOfPageIsRefused) {
  test::Life life(7);
  for (int i = 0; i < 20; ++i)
    life.step();
  auto reader = life.readers->open().value();
  ASSERT_TRUE(reader->begin());
  ObservationQuery query;
  query.indicator = "plain.count";
  query.freq = model::Freq::year;
  query.from = query.to = model::period_of(test::Life::first_day, query.freq);
  query.limit = 1;
  const auto history = query::history_within(*reader, {}, query).value();
  ASSERT_FALSE(history.next.empty());
  query.after = history.next;
  EXPECT_TRUE(query::history_within(*reader, {}, query));
  const auto none = [](const store::CountedFact&) { return true; };
  EXPECT_EQ(query::explain_within(*reader, query, none).error().code, "bad_cursor");
  for (const char* broken : {"h", "h\x80", "x\x01", "hh\x01"}) {
    query.after = broken;
    EXPECT_EQ(query::history_within(*reader, {}, query).error().code, "bad_cursor");
  }
}

TEST(Rule, IsSaidInWordsOfBothLanguages) {
  auto catalog = *test::sample_catalog();
  auto& indicator = catalog.indicators[0];
  indicator.where = {{"gate", {"G1", "G2"}, true}, {"venue", {"V01"}}, {"paid", {}, false, "0.50", "9.00"}};
  const auto rule = query::in_words(catalog, indicator);
  EXPECT_EQ(rule.en,
            "the number of rows of Passages (passages, version 1) where gate is none of G1, G2 and venue is V01 "
            "(Science hall) and paid is at least 0.50 and paid is at most 9.00");
  EXPECT_EQ(
      rule.zh,
      "闸机通行（passages，第 1 版）中 gate 不为 G1、G2 中任何一个，且 venue 为 V01 (锦江区科技馆)，且 paid 不小于 "
      "0.50，且 paid 不大于 9.00 的记录里，记录的条数");
  indicator.where.clear();
  indicator.measure = model::Measure::distinct;
  indicator.field = "card";
  EXPECT_EQ(query::in_words(catalog, indicator).en,
            "the number of different values of card, each counted once, in the rows of Passages (passages, version 1)");
}

} // namespace
