// Rejects, once more after something changed that may make rows of them.
#include "retold.hpp"

#include <random>

namespace kepu::store {
namespace {

using namespace test;

class Retry : public Store {
protected:
  void begin_run_of(const std::string& library) {
    run_ = writer_->begin_run({"gates", "c", "1", library, clock_.now()}).value();
    part_ = writer_->open_part(run_);
  }
  // Row 3 of the file is refused unless `well`.
  Decision read(const std::string& name, uint8_t content, bool well) {
    const Decision decision = begin_input(name, content).decision;
    if (decision == Decision::known) return decision;
    std::vector<Row> rows{{name, "in", 0, 1}};
    if (well) rows.push_back({name + "2", "in", 1, 1});
    put(rows);
    if (!well) {
      EXPECT_TRUE(part_->reject({3, "passages", "venue", "unknown_entity", "no such venue"}));
    }
    EXPECT_TRUE(part_->end_input());
    commit("behind " + name);
    return decision;
  }
  uint64_t rejects() {
    auto reader = ReaderSource(file()).open().value();
    reader->begin().value();
    return reader->reject_count({}).value();
  }
  void load_with_another_area() {
    auto changed = std::make_shared<model::Catalog>(*writer_->catalog());
    changed->areas = model::Areas({{"510104", "", {"锦江区", ""}, {}}});
    ASSERT_TRUE(writer_->load_catalog(changed, zone_));
  }
};

TEST_F(Retry, FilesWithRejectsAreReadAgainAfterTheCatalogChanged) {
  begin_run();
  read("bad.csv", 1, false);
  read("good.csv", 2, true);
  end_run();
  EXPECT_EQ(rejects(), 1u);
  load_with_another_area();
  EXPECT_EQ(writer_->cursor("gates").value(), "");
  begin_run();
  EXPECT_EQ(read("bad.csv", 1, true), Decision::take);
  EXPECT_EQ(read("good.csv", 2, true), Decision::known);
  end_run();
  EXPECT_EQ(rejects(), 0u);
  EXPECT_EQ(visits(), (std::map<int, uint64_t>{{0, 2}, {1, 2}}));
  expect_verified();
}

TEST_F(Retry, RowsThatAreRefusedAgainStayOnTheList) {
  begin_run();
  read("bad.csv", 1, false);
  end_run();
  load_with_another_area();
  begin_run();
  EXPECT_EQ(read("bad.csv", 1, false), Decision::take);
  end_run();
  EXPECT_EQ(rejects(), 1u);
  begin_run();
  EXPECT_EQ(read("bad.csv", 1, false), Decision::known); // once is enough
  end_run();
}

TEST_F(Retry, AnotherIndicatorIsNoReasonToReadAgain) {
  begin_run();
  read("bad.csv", 1, false);
  end_run();
  auto changed = std::make_shared<model::Catalog>(*writer_->catalog());
  changed->indicators.pop_back();
  ASSERT_TRUE(writer_->load_catalog(changed, zone_));
  EXPECT_EQ(writer_->cursor("gates").value(), "behind bad.csv");
  begin_run();
  EXPECT_EQ(read("bad.csv", 1, false), Decision::known);
}

TEST_F(Retry, FilesWithRejectsAreReadAgainByAnotherLibrary) {
  begin_run_of("old");
  read("bad.csv", 1, false);
  end_run();
  begin_run_of("old");
  EXPECT_EQ(read("bad.csv", 1, false), Decision::known);
  end_run();
  begin_run_of("new"); // it began with the old cursor; what it leaves out is read by the next
  end_run();
  EXPECT_EQ(writer_->cursor("gates").value(), "");
  begin_run_of("new");
  EXPECT_EQ(read("bad.csv", 1, true), Decision::take);
  end_run();
  EXPECT_EQ(rejects(), 0u);
}

TEST_F(Retry, OneInputIsReadAgainWhenItIsAskedForAndThenItsRejectsAreGone) {
  begin_run();
  read("bad.csv", 1, false);
  read("worse.csv", 2, false);
  end_run();
  ASSERT_TRUE(writer_->retry("gates", "bad.csv"));
  EXPECT_EQ(writer_->cursor("gates").value(), "");
  begin_run();
  EXPECT_EQ(read("bad.csv", 1, true), Decision::take);
  EXPECT_EQ(read("worse.csv", 2, true), Decision::known);
  end_run();
  EXPECT_EQ(rejects(), 1u);
  EXPECT_EQ(run(run_)->text, "");
  expect_verified();
}

TEST_F(Retry, AllInputsWithRejectsAreReadAgainWhenThatIsAsked) {
  begin_run();
  read("bad.csv", 1, false);
  read("worse.csv", 2, false);
  read("good.csv", 3, true);
  end_run();
  ASSERT_TRUE(writer_->retry("gates", std::nullopt));
  begin_run();
  EXPECT_EQ(read("bad.csv", 1, true), Decision::take);
  EXPECT_EQ(read("worse.csv", 2, true), Decision::take);
  EXPECT_EQ(read("good.csv", 3, true), Decision::known);
  end_run();
  EXPECT_EQ(rejects(), 0u);
}

TEST_F(Retry, AnInputThatDoesNotComeIsToldByTheRunThatShouldHaveReadIt) {
  begin_run();
  read("bad.csv", 1, false);
  read("worse.csv", 2, false);
  end_run();
  ASSERT_TRUE(writer_->retry("gates", std::nullopt));
  begin_run();
  end_run("crashed"); // it may not have come to it
  EXPECT_EQ(run(run_)->text, "");
  begin_run();
  end_run();
  const auto told = run_;
  const std::string text = "; \"bad.csv\" and 1 more should be read again and did not come: the source has it no "
                           "longer, so its rejects stay";
  EXPECT_EQ(run(told)->text, text);
  begin_run();
  end_run();
  EXPECT_EQ(run(run_)->text, "") << "it is told once";
  EXPECT_EQ(run(told)->text, text) << "and the run that told it stays on record";
  EXPECT_EQ(rejects(), 2u);
}

TEST_F(Retry, RowsWithoutAnInputAreLeftToTheirSource) {
  begin_run();
  EXPECT_TRUE(part_->reject({0, "passages", "venue", "unknown_entity", "no such venue"}));
  commit("behind");
  end_run();
  EXPECT_EQ(writer_->retry("gates", std::nullopt).error().code, "no_input");
  EXPECT_EQ(writer_->retry("gates", "bad.csv").error().code, "no_input");
  EXPECT_EQ(writer_->cursor("gates").value(), "behind");
}

// What is read again speaks with its first voice.
class FirstVoice : public Retry {
protected:
  // An act of its own part. Of its rows those that were refused come only if `mended`.
  struct Said {
    Act act;
    std::set<std::string> refused;
    uint8_t content = 0;
  };
  void say(const Said& said, bool mended) {
    const auto& act = said.act;
    std::vector<Row> rows;
    std::vector<uint32_t> places;
    if (!act.input.empty()) {
      ASSERT_EQ(begin_input(act.input, said.content).decision, Decision::take) << act.input;
    }
    Scope scope;
    scope.this_input = act.kind == Act::replace_input;
    if (act.kind == Act::replace_days) {
      scope.time_from = noon_2025 + act.from * day_micros;
      scope.time_until = noon_2025 + act.until * day_micros;
    }
    const bool replaces = act.kind == Act::replace_input || act.kind == Act::replace_days;
    if (replaces) {
      ASSERT_TRUE(part_->begin_replace("passages", scope));
    }
    uint32_t place = 1;
    for (const auto& row : act.rows) {
      ++place;
      if (!mended && said.refused.contains(row.id)) {
        ASSERT_TRUE(part_->reject({place, "passages", "venue", "unknown_entity", "no such venue"}));
      } else {
        rows.push_back(row);
        places.push_back(place);
      }
    }
    if (act.kind == Act::retract) {
      ASSERT_TRUE(part_->retract("passages", columns(rows)));
    } else if (!rows.empty()) {
      auto facts = columns(rows);
      facts.places = places;
      ASSERT_TRUE(part_->put("passages", facts));
    }
    if (replaces) {
      ASSERT_TRUE(part_->end_replace());
    }
    if (!act.input.empty()) {
      ASSERT_TRUE(part_->end_input());
    }
  }
  void say_in_a_run(const Said& said, bool mended = false) {
    clock_.advance(std::chrono::minutes(1));
    begin_run();
    say(said, mended);
    commit();
    end_run();
  }
  static Said file(const std::string& name, uint8_t content, std::vector<Row> rows,
                   std::set<std::string> refused = {}) {
    return {{0, Act::put, std::move(rows), name}, std::move(refused), content};
  }
  void expect_days(const std::map<int, uint64_t>& days) {
    EXPECT_EQ(visits(), days);
    expect_verified();
  }
  std::map<int, uint64_t> days_of(const World& world) {
    std::map<int, uint64_t> out;
    for (const auto& [key, held] : world) {
      if (held.row.way == "in") ++out[held.row.day];
    }
    return out;
  }
};

TEST_F(FirstVoice, ACorrectionThatAnotherFileBroughtStaysWhenTheFirstIsReadAgain) {
  const auto first = file("a.csv", 1, {{"x", "in", 1, 1}, {"y", "in", 2, 1}}, {"y"});
  say_in_a_run(first);
  say_in_a_run(file("b.csv", 2, {{"x", "in", 30, 1}}));
  for (const bool mended : {false, false, true}) {
    ASSERT_TRUE(writer_->retry("gates", std::nullopt));
    say_in_a_run(first, mended);
    expect_days(mended ? std::map<int, uint64_t>{{2, 1}, {30, 1}} : std::map<int, uint64_t>{{30, 1}});
  }
  EXPECT_EQ(rejects(), 0u);
}

TEST_F(FirstVoice, WhatASecondFileConfirmedIsItsOwn) {
  const auto first = file("a.csv", 1, {{"x", "in", 1, 1}, {"y", "in", 2, 1}}, {"x"});
  say_in_a_run(file("z.csv", 3, {{"x", "in", 30, 1}}));
  say_in_a_run(first);
  say_in_a_run(file("b.csv", 2, {{"x", "in", 30, 1}})); // changes nothing, and says it after a.csv
  ASSERT_TRUE(writer_->retry("gates", std::nullopt));
  say_in_a_run(first, true);
  expect_days({{2, 1}, {30, 1}});
}

TEST_F(FirstVoice, ARowThatIsGoodNowTakesThePlaceOfWhatCameBeforeIt) {
  const auto first = file("a.csv", 1, {{"x", "in", 1, 1}}, {"x"});
  say_in_a_run(file("z.csv", 3, {{"x", "in", 30, 1}}));
  say_in_a_run(first);
  ASSERT_TRUE(writer_->retry("gates", std::nullopt));
  say_in_a_run(first, true);
  expect_days({{1, 1}});
}

TEST_F(FirstVoice, OfTwoFilesThatAreReadAgainTheLaterWinsInWhateverOrderTheyCome) {
  for (const bool reversed : {false, true}) {
    const std::string run = reversed ? "r" : "";
    const auto a = file(run + "a.csv", reversed ? 3 : 1, {{run + "x", "in", 1, 1}}, {run + "x"});
    const auto b = file(run + "b.csv", reversed ? 4 : 2, {{run + "x", "in", 30, 1}}, {run + "x"});
    say_in_a_run(a);
    say_in_a_run(b);
    ASSERT_TRUE(writer_->retry("gates", std::nullopt));
    begin_run();
    say(reversed ? b : a, true);
    say(reversed ? a : b, true);
    commit();
    end_run();
    expect_days({{30, reversed ? 2u : 1u}});
  }
}

TEST_F(FirstVoice, WhatWasTakenAwaySinceDoesNotComeBack) {
  const auto first =
      file("a.csv", 1, {{"x", "in", 1, 1}, {"y", "in", 2, 1}, {"z", "in", 3, 1}, {"w", "in", 4, 1}}, {"z", "w"});
  say_in_a_run(first);
  say_in_a_run({{0, Act::retract, {{"x", "in", 1, 1}}, ""}, {}, 0});
  say_in_a_run({{0, Act::replace_days, {}, "", 2, 4}, {}, 0}); // takes y, and would have taken z
  ASSERT_TRUE(writer_->retry("gates", std::nullopt));
  say_in_a_run(first, true);
  expect_days({{4, 1}});
}

TEST_F(FirstVoice, AnInputThatReplacesItselfTakesBackWhatItLeftOutForARefusal) {
  Said before = file("a.csv", 1, {{"x", "in", 1, 1}, {"y", "in", 2, 1}});
  Said after = file("a.csv", 2, {{"x", "in", 11, 1}, {"y", "in", 12, 1}}, {"x"});
  before.act.kind = after.act.kind = Act::replace_input;
  say_in_a_run(before);
  say_in_a_run(file("b.csv", 3, {{"y", "in", 30, 1}}));
  say_in_a_run(after);
  expect_days({{12, 1}});
  ASSERT_TRUE(writer_->retry("gates", std::nullopt));
  say_in_a_run(after, true);
  expect_days({{11, 1}, {12, 1}});
}

TEST_F(FirstVoice, OtherContentAndWhatIsReadAfterAWithdrawalIsSaidAnew) {
  const auto first = file("a.csv", 1, {{"x", "in", 1, 1}, {"y", "in", 2, 1}}, {"y"});
  say_in_a_run(first);
  const auto run = run_;
  say_in_a_run(file("b.csv", 2, {{"x", "in", 30, 1}}));
  withdraw(run);
  ASSERT_TRUE(writer_->read_again("gates"));
  say_in_a_run(first);
  expect_days({{1, 1}});
  say_in_a_run(file("b.csv", 3, {{"x", "in", 31, 1}}));
  say_in_a_run(file("a.csv", 4, {{"x", "in", 5, 1}}));
  expect_days({{5, 1}});
}

TEST_F(FirstVoice, GoesOnAfterAPartAndAfterAKill) {
  const auto first = file("a.csv", 1, {{"x", "in", 1, 1}, {"y", "in", 2, 1}}, {"y"});
  say_in_a_run(first);
  say_in_a_run(file("b.csv", 2, {{"x", "in", 30, 1}}));
  ASSERT_TRUE(writer_->retry("gates", std::nullopt));
  begin_run();
  ASSERT_EQ(begin_input("a.csv", 1).decision, Decision::take);
  put({{"y", "in", 2, 1}});
  commit("within");
  put({{"x", "in", 1, 1}});
  commit("within");
  expect_days({{2, 1}, {30, 1}});
  reopen();
  begin_run();
  ASSERT_EQ(begin_input("a.csv", 1).decision, Decision::resume);
  put({{"x", "in", 1, 1}});
  ASSERT_TRUE(part_->end_input());
  commit();
  end_run();
  expect_days({{2, 1}, {30, 1}});
}

// Whatever files, replacements and retractions come, and whenever which of the files are read again: the end is as if
// rows that became good had been good from the first.
class FirstVoices : public FirstVoice, public testing::WithParamInterface<unsigned> {
protected:
  int upto(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  Said any() {
    Said said;
    std::map<std::string, Row> rows;
    for (int i = upto(5); i >= 0; --i) {
      const auto key = "k" + std::to_string(upto(8));
      rows[key] = {key, upto(4) ? "in" : "out", upto(6), 1};
    }
    for (const auto& [key, row] : rows)
      said.act.rows.push_back(row);
    said.act.kind = static_cast<Act::Kind>(upto(4));
    said.act.from = upto(6);
    said.act.until = said.act.from + 1 + upto(3);
    if (said.act.kind == Act::replace_input || (said.act.kind == Act::put && upto(4))) {
      said.act.input = "f" + std::to_string(upto(4));
      said.content = ++content_;
      for (const auto& row : said.act.rows) {
        if (upto(3) == 0) said.refused.insert(row.id);
      }
    }
    return said;
  }
  // The last of each name that has refused rows.
  std::vector<size_t> to_retry() {
    std::map<std::string, size_t> last;
    for (size_t i = 0; i < life_.size(); ++i) {
      if (!life_[i].act.input.empty()) last[life_[i].act.input] = i;
    }
    std::vector<size_t> out;
    for (const auto& [name, i] : last) {
      if (!life_[i].refused.empty()) out.push_back(i);
    }
    return out;
  }
  World expected() {
    std::vector<Act> acts;
    for (const auto& said : life_) {
      acts.push_back(said.act);
      std::erase_if(acts.back().rows, [&](const Row& row) { return said.refused.contains(row.id); });
    }
    return retold(acts, {});
  }

  std::mt19937 random_{GetParam()};
  std::vector<Said> life_;
  uint8_t content_ = 0;
};

TEST_P(FirstVoices, EndAsIfWhatBecameGoodHadBeenGoodFromTheFirst) {
  Said all; // a retraction of a key that never held anything leaves no trace
  for (int i = 0; i < 8; ++i)
    all.act.rows.push_back({"k" + std::to_string(i), "in", 9, 1});
  life_.push_back(all);
  say_in_a_run(all);
  for (int round = 0; round < 40; ++round) {
    if (upto(3)) {
      life_.push_back(any());
      say_in_a_run(life_.back());
    } else {
      auto again = to_retry();
      if (again.empty()) continue;
      ASSERT_TRUE(writer_->retry("gates", std::nullopt));
      std::ranges::shuffle(again, random_);
      clock_.advance(std::chrono::minutes(1));
      begin_run();
      for (const auto i : again) {
        // A row is good for ever once it is.
        auto& said = life_[i];
        if (upto(2)) {
          say(said, false);
          continue;
        }
        said.refused.erase(said.refused.begin());
        say(said, false);
      }
      commit();
      end_run();
    }
    ASSERT_EQ(visits(), days_of(expected())) << "round " << round;
  }
  expect_verified();
}
INSTANTIATE_TEST_SUITE_P(Lives, FirstVoices, testing::Range(1u, 13u));

} // namespace
} // namespace kepu::store
