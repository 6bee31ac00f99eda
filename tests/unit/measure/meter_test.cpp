#include "measure/meter.hpp"

#include "support/sample_catalog.hpp"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <optional>

namespace kepu::measure {
namespace {

enum Field : size_t { event_id, venue, gate, ts, card, paid };

class Words final : public Codes {
public:
  std::string_view text(size_t, uint32_t code) const override { return words_.at(code - 1); }
  uint32_t code(std::string_view word) {
    if (word.empty()) return 0;
    for (size_t i = 0; i < words_.size(); ++i) {
      if (words_[i] == word) return static_cast<uint32_t>(i + 1);
    }
    words_.emplace_back(word);
    return static_cast<uint32_t>(words_.size());
  }

private:
  std::vector<std::string> words_;
};

struct Row {
  std::string venue = "V01";
  std::string at = "2025-03-05"; // noon of this day, or seconds since 1970
  uint32_t card = 1;
  std::optional<int64_t> paid = 0;
  std::string gate = "A";
  uint8_t flags = 0;
};

class MeterTest : public testing::Test {
protected:
  model::FactColumns facts(const std::vector<Row>& rows) {
    model::FactColumns out;
    out.rows = static_cast<uint32_t>(rows.size());
    for (const auto& field : dataset().contract.fields) {
      model::FactColumn column;
      column.holding = model::holding_of(field);
      out.fields.push_back(column);
    }
    auto& f = out.fields;
    f[ts].nulls.resize(rows.size());
    f[paid].nulls.resize(rows.size());
    f[paid].flags.resize(rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto& row = rows[i];
      const auto day = model::parse_day(row.at);
      f[venue].codes.push_back(words_.code(row.venue));
      f[gate].codes.push_back(words_.code(row.gate));
      f[card].codes.push_back(row.card);
      const int64_t second = day ? int64_t{*day} * 86'400 + 4 * 3'600 : row.at.empty() ? 0 : std::stoll(row.at);
      f[ts].numbers.push_back(second * 1'000'000);
      f[ts].nulls[i] = row.at.empty();
      f[paid].numbers.push_back(row.paid.value_or(0));
      f[paid].nulls[i] = !row.paid;
      f[paid].flags[i] = row.flags;
    }
    return out;
  }

  const model::Dataset& dataset() const { return catalog_->datasets[0]; }
  Meter meter(const model::Indicator& indicator) { return {*catalog_, indicator, dataset(), zone_, words_}; }
  Meter meter(const char* indicator) { return meter(*catalog_->indicator(indicator)); }

  static void apply(Meter& meter, const model::FactColumns& facts, int sign, Changes& out) {
    std::vector<uint32_t> rows(facts.rows);
    std::iota(rows.begin(), rows.end(), 0u);
    meter.apply(facts, rows, sign, out);
  }

  std::shared_ptr<const model::Catalog> catalog_ = test::sample_catalog();
  model::Zone zone_ = model::Zone::find("Asia/Shanghai").value();
  Words words_;
};

TEST_F(MeterTest, CountsRowsByTheirDimensionsAndLocalDay) {
  auto visits = meter("venue.visits");
  Changes changes;
  apply(visits, facts({{}, {}, {.at = "2025-03-06"}, {.venue = "V02"}, {.gate = "B"}}), 1, changes);
  std::map<std::pair<std::vector<std::string>, std::string>, int64_t> counts;
  for (const auto& delta : changes.deltas)
    counts[{visits.tuple(delta.tuple), model::day_text(delta.day)}] = delta.n;
  const decltype(counts) expected{{{{"V01", "510104017001", "A"}, "2025-03-05"}, 2},
                                  {{{"V01", "510104017001", "A"}, "2025-03-06"}, 1},
                                  {{{"V02", "510104017002", "A"}, "2025-03-05"}, 1},
                                  {{{"V01", "510104017001", "B"}, "2025-03-05"}, 1}};
  EXPECT_EQ(counts, expected);
}

TEST_F(MeterTest, AnAliasCountsForItsEntity) {
  auto visits = meter("venue.visits");
  Changes changes;
  apply(visits, facts({{.venue = "V01"}, {.venue = "科技馆"}}), 1, changes);
  ASSERT_EQ(changes.deltas.size(), 1u);
  EXPECT_EQ(changes.deltas[0].n, 2);
}

TEST_F(MeterTest, ConditionsChooseRows) {
  const std::vector<Row> rows{{.venue = "V01", .paid = 50, .gate = "A"},    // hundredths
                              {.venue = "科技馆", .paid = 51, .gate = "B"}, // an alias of V01
                              {.venue = "V02", .paid = 725, .gate = "C"},
                              {.venue = "V03", .paid = std::nullopt, .gate = ""}};
  struct Case {
    model::Condition condition;
    int64_t met;
  };
  const Case cases[] = {
      {{"venue", {"V01"}}, 2},
      {{"venue", {"V01"}, true, {}, {}}, 2},
      {{"venue", {"V01", "V02"}, true, {}, {}}, 1},
      {{"gate", {"A", "C"}}, 2},
      {{"gate", {"A"}, true, {}, {}}, 2}, // a cell without a value meets no condition
      {{"paid", {"0.50"}}, 1},
      {{"paid", {"0.50"}, true, {}, {}}, 2},
      {{"paid", {}, false, "0.51", {}}, 2},
      {{"paid", {}, false, {}, "0.51"}, 2},
      {{"paid", {}, false, "0.51", "7.24"}, 1},
      {{"paid", {"0.51"}, true, "0.50", "8.00"}, 2},
      {{"paid", {}, false, "-1.00", "0.00"}, 0},
  };
  for (const auto& one : cases) {
    auto indicator = *catalog_->indicator("plain.count");
    indicator.where = {one.condition};
    auto counted = meter(indicator);
    Changes changes;
    apply(counted, facts(rows), 1, changes);
    EXPECT_EQ(changes.empty() ? 0 : changes.deltas[0].n, one.met)
        << one.condition.field << " " << testing::PrintToString(one.condition.any_of) << one.condition.negated
        << one.condition.at_least.value_or("-") << one.condition.at_most.value_or("-");
  }
}

TEST_F(MeterTest, CutsDaysAtTheZonesMidnight) {
  auto all = meter("plain.count");
  Changes changes;
  const int64_t midnight = int64_t{model::day_of(2025, 3, 5)} * 86'400 - 8 * 3'600;
  apply(all, facts({{.at = std::to_string(midnight - 1)}, {.at = std::to_string(midnight)}}), 1, changes);
  ASSERT_EQ(changes.deltas.size(), 2u);
  EXPECT_EQ(model::day_text(changes.deltas[0].day), "2025-03-04");
  EXPECT_EQ(model::day_text(changes.deltas[1].day), "2025-03-05");
}

TEST_F(MeterTest, SumsExactlyBeyondSixtyFourBits) {
  auto income = meter("venue.income");
  Changes changes;
  apply(income, facts({{.paid = INT64_MAX}, {.paid = INT64_MAX}, {.paid = 3}}), 1, changes);
  ASSERT_EQ(changes.deltas.size(), 1u);
  EXPECT_TRUE(changes.deltas[0].sum == static_cast<__int128>(INT64_MAX) * 2 + 3);
}

TEST_F(MeterTest, ANullMeasureIsNotCountedAsZero) {
  auto income = meter("venue.income");
  Changes changes;
  apply(income, facts({{.paid = std::nullopt}}), 1, changes);
  EXPECT_TRUE(changes.empty());
}

TEST_F(MeterTest, ARowWithoutTimeCountsNowhere) {
  auto visits = meter("venue.visits");
  Changes changes;
  apply(visits, facts({{.at = ""}}), 1, changes);
  EXPECT_TRUE(changes.empty());
}

TEST_F(MeterTest, TakingOutWhatWasPutInLeavesNothing) {
  const std::vector<Row> rows{{}, {.card = 2, .flags = KEPU_APPROXIMATE}, {.venue = "V02", .card = 3, .paid = 250}};
  for (const char* id : {"venue.visits", "venue.visitors", "venue.income", "plain.count"}) {
    auto one = meter(id);
    Changes changes;
    apply(one, facts(rows), 1, changes);
    apply(one, facts(rows), -1, changes);
    changes.settle();
    EXPECT_TRUE(changes.sets.empty()) << id;
    for (const auto& delta : changes.deltas) {
      EXPECT_EQ(delta.n, 0) << id;
      EXPECT_TRUE(delta.sum == 0) << id;
      EXPECT_EQ(delta.approximate, 0) << id;
    }
  }
}

TEST_F(MeterTest, CountsRowsWithEachFlag) {
  auto visits = meter("venue.visits");
  Changes changes;
  apply(visits, facts({{.flags = KEPU_APPROXIMATE}, {.flags = KEPU_REPAIRED | KEPU_PROVISIONAL}, {}}), 1, changes);
  ASSERT_EQ(changes.deltas.size(), 1u);
  EXPECT_EQ(changes.deltas[0].approximate, 1);
  EXPECT_EQ(changes.deltas[0].repaired, 1);
  EXPECT_EQ(changes.deltas[0].provisional, 1);
}

TEST_F(MeterTest, SettledSetChangesAreOneForEachValueOfACell) {
  auto visitors = meter("venue.visitors");
  Changes changes;
  apply(visitors, facts({{.card = 9}, {.venue = "V02", .card = 9}, {.card = 2}, {.card = 9}, {.card = 5}}), 1, changes);
  apply(visitors, facts({{.card = 5}}), -1, changes);
  changes.settle();
  std::vector<std::vector<int64_t>> settled;
  for (const auto& change : changes.sets)
    settled.push_back({change.cell, change.number, change.times});
  const decltype(settled) expected{{0, 2, 1}, {0, 9, 2}, {1, 9, 1}};
  EXPECT_EQ(settled, expected);
}

TEST_F(MeterTest, ConditionsAllHold) {
  auto indicator = *catalog_->indicator("plain.count");
  indicator.where = {{"gate", {"A", "B"}}, {"venue", {"V01"}}};
  auto some = meter(indicator);
  Changes changes;
  apply(some, facts({{}, {.gate = "B"}, {.gate = "C"}, {.venue = "V02"}, {.gate = ""}}), 1, changes);
  ASSERT_EQ(changes.deltas.size(), 1u);
  EXPECT_EQ(changes.deltas[0].n, 2);
}

TEST_F(MeterTest, AnEntityThatTheRegisterLostKeepsItsOwnCode) {
  auto visits = meter("venue.visits");
  Changes changes;
  apply(visits, facts({{.venue = "V77"}}), 1, changes);
  ASSERT_EQ(changes.deltas.size(), 1u);
  EXPECT_EQ(visits.tuple(changes.deltas[0].tuple), (std::vector<std::string>{"V77", "", "A"}));
}

TEST_F(MeterTest, WhatCannotBeMeasuredIsSaid) {
  auto sum_of_text = *catalog_->indicator("venue.income");
  sum_of_text.field = "gate";
  auto sum_of_nothing = *catalog_->indicator("venue.income");
  sum_of_nothing.field = "price";
  auto distinct_amounts = *catalog_->indicator("venue.visitors");
  distinct_amounts.field = "paid";
  EXPECT_EQ(measurable(sum_of_text, dataset()).error().code, "bad_measure");
  EXPECT_EQ(measurable(sum_of_nothing, dataset()).error().code, "unknown_field");
  EXPECT_EQ(measurable(distinct_amounts, dataset()).error().code, "bad_measure");
  auto timeless = dataset();
  timeless.contract.fields.erase(timeless.contract.fields.begin() + ts);
  EXPECT_EQ(measurable(*catalog_->indicator("plain.count"), timeless).error().code, "no_time");
  for (const auto& indicator : catalog_->indicators)
    EXPECT_TRUE(measurable(indicator, dataset())) << indicator.id;
}

TEST_F(MeterTest, OnlyWhatMovesFiguresMovesTheFingerprint) {
  const auto& visits = *catalog_->indicator("venue.visits");
  const auto before = fingerprint(*catalog_, visits, zone_);
  model::Catalog other = *catalog_;
  other.units[0].name.zh = "别名";
  EXPECT_EQ(fingerprint(other, visits, zone_), before);
  auto entries = other.registers.at("venues").all();
  entries[0].area = "510104020";
  other.registers.at("venues") = model::Register("venues", {}, entries);
  EXPECT_NE(fingerprint(other, visits, zone_), before);
  auto narrower = visits;
  narrower.where = {{"gate", {"A"}}};
  EXPECT_NE(fingerprint(*catalog_, narrower, zone_), before);
  EXPECT_NE(fingerprint(*catalog_, visits, model::Zone::find("UTC").value()), before);
}

} // namespace
} // namespace kepu::measure
