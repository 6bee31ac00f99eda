// Rejects, once more after something changed that may make rows of them.
#include "fixture.hpp"

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

} // namespace
} // namespace kepu::store
