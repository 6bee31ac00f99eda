// Another version of a dataset.
#include "fixture.hpp"

namespace kepu::store::test {
namespace {

using Visits = std::map<int, uint64_t>;

class Version : public Store {
protected:
  void load(uint32_t version) {
    auto changed = std::make_shared<model::Catalog>(*writer_->catalog());
    changed->datasets[0].contract.version = version;
    clock_.advance(std::chrono::hours(1));
    ASSERT_TRUE(writer_->load_catalog(changed, zone_));
  }
  Decision read(const std::string& name, uint8_t content, const std::vector<Row>& rows) {
    begin_run();
    const auto decision = take(name, content, rows);
    end_run();
    return decision;
  }
};

TEST_F(Version, FactsOfAnotherDoNotCount) {
  read("a.csv", 1, {{"a", "in", 1, 1}});
  const auto before = clock_.now();
  load(2);
  EXPECT_EQ(visits(), Visits());
  expect_verified();
  EXPECT_EQ(visits_at(before), (Visits{{1, 1}})) << "what was answered then stays";
}

TEST_F(Version, WhatBroughtThemIsReadAgain) {
  read("a.csv", 1, {{"a", "in", 1, 1}});
  load(2);
  EXPECT_EQ(writer_->cursor("gates").value(), "");
  EXPECT_EQ(read("a.csv", 1, {{"a", "in", 1, 1}}), Decision::take);
  EXPECT_EQ(visits(), (Visits{{1, 1}}));
  EXPECT_EQ(read("a.csv", 1, {}), Decision::known) << "once is enough";
  expect_verified();
}

TEST_F(Version, AFileThatIsHalfReadIsReadFromItsBegin) {
  begin_run();
  begin_input("a.csv", 1);
  put({{"a", "in", 1, 1}});
  commit();
  end_run();
  load(2);
  begin_run();
  EXPECT_EQ(begin_input("a.csv", 1).decision, Decision::take);
}

TEST_F(Version, OtherSourcesAreNotReadAgain) {
  read("a.csv", 1, {{"a", "in", 1, 1}});
  begin_run("hand");
  begin_input("b.csv", 2);
  ASSERT_TRUE(part_->end_input());
  commit("behind b.csv");
  end_run();
  load(2);
  EXPECT_EQ(writer_->cursor("hand").value(), "behind b.csv");
}

TEST_F(Version, TheFirstCountsAgainWhenItComesBack) {
  read("a.csv", 1, {{"a", "in", 1, 1}});
  load(2);
  read("a.csv", 1, {{"a", "in", 2, 1}});
  EXPECT_EQ(visits(), (Visits{{2, 1}}));
  load(1);
  EXPECT_EQ(visits(), (Visits{{1, 1}}));
  expect_verified();
}

} // namespace
} // namespace kepu::store::test
