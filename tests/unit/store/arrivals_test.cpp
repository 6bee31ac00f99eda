// When what is of some days first came.
#include "fixture.hpp"

#include <gmock/gmock.h>

namespace kepu::store::test {
namespace {

using testing::ElementsAre;

class Arrivals : public Store {
protected:
  // Commit numbers by month of 2025, 0: nothing is there.
  std::vector<Seq> by_month(const std::optional<std::string>& source = {}, Instant as_of = {}) {
    auto reader = ReaderSource(file()).open().value();
    as_of == Instant{} ? reader->begin().value() : reader->begin_at(as_of).value();
    std::vector<DaySpan> months;
    for (unsigned month = 1; month <= 3; ++month)
      months.push_back({model::day_of(2025, month, 1), model::day_of(2025, month + 1, 1) - 1});
    std::vector<Seq> out;
    const auto found = reader->arrivals("passages", source, zone_, months);
    EXPECT_TRUE(found) << found.error().text;
    for (const auto& one : *found)
      out.push_back(one ? one->seq : 0);
    return out;
  }
  // A part of a run of its own; its commit.
  Seq run_with(const std::vector<Row>& rows) {
    run_to_end("ok", rows);
    return now();
  }
  Seq retract(const std::string& key) {
    begin_run();
    EXPECT_TRUE(part_->retract("passages", columns({{key, "in", 0, 0}})));
    commit();
    end_run();
    return now();
  }
  Seq run_replacing(uint8_t content, const std::vector<Row>& rows) {
    begin_run();
    replace("returns.csv", content, rows);
    end_run();
    return now();
  }
  Seq now() {
    auto reader = ReaderSource(file()).open().value();
    return reader->begin().value().seq;
  }
};

TEST_F(Arrivals, ASpanArrivesWithItsFirstFact) {
  begin_run();
  put({{"a", "in", 3, 0}});
  commit();
  const auto first = now();
  put({{"b", "in", 4, 0}, {"c", "in", 40, 0}}); // January again, and February
  commit();
  const auto second = now();
  EXPECT_THAT(by_month(), ElementsAre(first, second, 0));
}

TEST_F(Arrivals, OnePartMayHoldManySpans) {
  begin_run();
  put({{"a", "in", 3, 0}, {"b", "in", 40, 0}, {"c", "in", 70, 0}});
  commit();
  EXPECT_THAT(by_month(), ElementsAre(now(), now(), now()));
}

TEST_F(Arrivals, ACorrectedFactCameWithTheOneWhosePlaceItTook) {
  begin_run();
  put({{"a", "in", 3, 0}});
  commit();
  const auto first = now();
  put({{"a", "out", 3, 0}});
  commit();
  EXPECT_THAT(by_month(), ElementsAre(first, 0, 0));
}

TEST_F(Arrivals, AFactThatMovedToAnotherSpanIsNoLongerInItsFirst) {
  begin_run();
  put({{"a", "in", 3, 0}});
  commit();
  put({{"a", "in", 40, 0}});
  commit();
  EXPECT_THAT(by_month(), ElementsAre(0, now(), 0));
}

TEST_F(Arrivals, WhatWasWithdrawnNeverCame) {
  run_to_end("ok", {{"a", "in", 3, 0}});
  const auto wrong = run_;
  const auto before = clock_.now();
  clock_.advance(std::chrono::seconds(1));
  withdraw(wrong);
  EXPECT_THAT(by_month(), ElementsAre(0, 0, 0));
  EXPECT_NE(by_month({}, before)[0], 0u) << "as of before it had come";
}

TEST_F(Arrivals, WhatACorrectionOfAWithdrawnSourceReplacedNeverCameEither) {
  run_with({{"a", "in", 3, 0}, {"b", "in", 40, 0}});
  run_with({{"a", "in", 9, 0}});
  to_end(writer_->withdraw_source("gates"));
  begin_run("hand");
  put({{"a", "in", 5, 0}});
  commit();
  EXPECT_THAT(by_month(), ElementsAre(now(), 0, 0));
}

TEST_F(Arrivals, AFileThatIsCorrectedWithOtherKeysCameWhenItFirstDid) {
  const auto first = run_replacing(1, {{"a", "in", 3, 0}, {"b", "in", 40, 0}});
  const auto second = run_replacing(2, {{"c", "in", 4, 0}, {"d", "in", 70, 0}});
  EXPECT_THAT(by_month(), ElementsAre(first, 0, second));
}

TEST_F(Arrivals, DaysThatAreReadAgainCameWhenTheyFirstDid) {
  const auto first = run_with({{"a", "in", 3, 0}});
  begin_run();
  part_ = writer_->open_backfill(run_, {model::day_of(2025, 1, 1), model::day_of(2025, 3, 1), true});
  put({{"b", "in", 4, 0}, {"c", "in", 40, 0}});
  ASSERT_TRUE(part_->swap({"passages"}));
  end_run();
  EXPECT_THAT(by_month(), ElementsAre(first, now(), 0));
}

TEST_F(Arrivals, WhatWasTakenAwayAndGivenAnewCameAnew) {
  run_with({{"a", "in", 3, 0}});
  retract("a");
  EXPECT_THAT(by_month(), ElementsAre(0, 0, 0));
  const auto anew = run_with({{"b", "in", 4, 0}});
  EXPECT_THAT(by_month(), ElementsAre(anew, 0, 0));
}

TEST_F(Arrivals, WhileOneFactIsThereOthersMayGo) {
  const auto first = run_with({{"a", "in", 3, 0}});
  run_with({{"b", "in", 4, 0}});
  retract("a");
  run_with({{"c", "in", 5, 0}});
  retract("b");
  EXPECT_THAT(by_month(), ElementsAre(first, 0, 0));
}

TEST_F(Arrivals, WhatAWithdrawalBringsBackCameWhenItFirstDid) {
  const auto first = run_with({{"a", "in", 3, 0}, {"b", "in", 40, 0}});
  run_with({{"a", "in", 70, 0}});
  const auto moved = run_;
  retract("b");
  const auto retracted = run_;
  EXPECT_THAT(by_month(), ElementsAre(0, 0, now() - 1));
  withdraw(moved);
  EXPECT_THAT(by_month(), ElementsAre(first, 0, 0));
  withdraw(retracted);
  EXPECT_THAT(by_month(), ElementsAre(first, first, 0));
}

TEST_F(Arrivals, ItDoesNotMatterWhichOfTwoRunsIsWithdrawnFirst) {
  const auto first = run_with({{"a", "in", 3, 0}});
  run_with({{"a", "in", 40, 0}});
  const auto once = run_;
  run_with({{"a", "in", 70, 0}});
  const auto twice = run_;
  withdraw(once);
  withdraw(twice);
  EXPECT_THAT(by_month(), ElementsAre(first, 0, 0));
}

TEST_F(Arrivals, WhatAnotherRunGaveAgainCameWithThatOneWhenTheFirstIsWithdrawn) {
  const auto first = run_with({{"a", "in", 3, 0}, {"b", "in", 4, 0}});
  const auto brought = run_;
  const auto again = run_with({{"b", "in", 4, 0}});
  run_with({{"b", "in", 4, 0}});
  EXPECT_THAT(by_month(), ElementsAre(first, 0, 0));
  withdraw(brought);
  EXPECT_THAT(by_month(), ElementsAre(again, 0, 0));
}

TEST_F(Arrivals, EachSourceBringsItsOwn) {
  run_to_end("ok", {{"a", "in", 3, 0}});
  const auto first = now();
  begin_run("hand");
  put({{"a", "in", 40, 0}});
  commit();
  EXPECT_THAT(by_month("gates"), ElementsAre(first, 0, 0));
  EXPECT_THAT(by_month("hand"), ElementsAre(0, now(), 0));
  EXPECT_THAT(by_month("nobody"), ElementsAre(0, 0, 0));
}

} // namespace
} // namespace kepu::store::test
