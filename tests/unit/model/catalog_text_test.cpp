#include "support/sample_catalog.hpp"

#include "model/catalog_text.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace kepu::model {
namespace {

Catalog with_conditions() {
  Catalog catalog = *test::sample_catalog();
  catalog.indicators[0].where = {{"gate", {"A", "B"}},
                                 {"venue", {"V01"}, true, {}, {}},
                                 {"paid", {"7.25"}, true, "0.50", {}},
                                 {"paid", {}, false, {}, "20.00"}};
  return catalog;
}

Catalog with_plan() {
  Catalog catalog = with_conditions();
  catalog.departments = Departments({{"a", {"甲局", "A"}, {"甲"}, "510104"}, {"b", {"乙局", ""}, {}, ""}},
                                    {{"all", {"各单位", ""}, {"全部"}, {"a", "b"}, true, true}});
  Plan plan;
  plan.id = "p";
  plan.name = {"计划", "Plan"};
  plan.from = 18628;
  plan.to = 20453;
  plan.area = "510104";
  plan.groups = {{"g", {"群", "Group"}}};
  plan.sections = {{"s", SectionKind::project, {"节", "Section"}, "g"}};
  plan.clauses = {{"1", "s", {"条", "Clause"}, "做 3 个", {"a"}, {"all"}},
                  {"2", "s", {"条二", ""}, "没有数", {}, {"b"}}};
  plan.profiles = {{"even", {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2}}};
  plan.targets = {{"1.three",
                   "1",
                   "3 个",
                   {"三", ""},
                   {"x", "y"},
                   TargetKind::coverage,
                   true,
                   "3",
                   "4.5",
                   "items",
                   20000,
                   "even",
                   {"a"},
                   {"all"},
                   "g"}};
  catalog.plans = {plan};
  catalog.returns = {
      {"r", {"报", ""}, "passages", "a", "gates", *parse_period("2025-Q1"), *parse_period("2025-Q4"), 15},
      {"s", {"报二", ""}, "passages", "b", "", *parse_period("2025-01"), {}, 0}};
  return catalog;
}

TEST(CatalogText, APlanComesBackFromItsBytes) {
  const auto bytes = encode_catalog(with_plan());
  const auto back = decode_catalog(bytes);
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ(encode_catalog(**back), bytes);
  const auto& target = (*back)->plans.at(0).targets.at(0);
  EXPECT_EQ(target.stretch, "4.5");
  EXPECT_EQ(target.indicators, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ((*back)->departments.lookup("全部"), "all");
  EXPECT_EQ((*back)->returns.at(1).to, std::nullopt);
  EXPECT_EQ((*back)->returns.at(0).to->text(), "2025-Q4");
}

TEST(CatalogText, TheOrderOfAPlanCounts) {
  auto turned = with_plan();
  std::swap(turned.plans[0].clauses[0], turned.plans[0].clauses[1]);
  EXPECT_NE(encode_catalog(turned), encode_catalog(with_plan()));
}

TEST(CatalogText, ACatalogComesBackFromItsBytes) {
  const auto bytes = encode_catalog(with_conditions());
  const auto back = decode_catalog(bytes);
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ((*back)->indicator("venue.visits")->where, with_conditions().indicators[0].where);
  EXPECT_EQ(encode_catalog(**back), bytes);
}

TEST(CatalogText, ASurveysEpochsComeBack) {
  auto catalog = with_conditions();
  auto& rate = catalog.indicators[0];
  rate.measure = Measure::survey_rate;
  rate.epochs = {{INT32_MIN, 60, {}}, {day_of(2018, 1, 1), 69.5, {"七成", "70 %"}}};
  rate.population = "frame";
  const auto back = decode_catalog(encode_catalog(catalog));
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ((*back)->indicator("venue.visits")->epochs, rate.epochs);
  EXPECT_EQ((*back)->indicator("venue.visits")->population, "frame");
  EXPECT_EQ(rate.epoch_of(day_of(2017, 12, 31)), 0u);
  EXPECT_EQ(rate.epoch_of(day_of(2018, 1, 1)), 1u);
  rate.epochs.erase(rate.epochs.begin());
  EXPECT_EQ(rate.epoch_of(day_of(2017, 12, 31)), std::nullopt);
}

TEST(CatalogText, TheOrderInFilesDoesNotCount) {
  auto turned = with_conditions();
  std::swap(turned.indicators.front(), turned.indicators.back());
  std::swap(turned.units.front(), turned.units.back());
  EXPECT_EQ(encode_catalog(turned), encode_catalog(with_conditions()));
}

TEST(CatalogText, ACatalogOfFormatOneIsRead) {
  std::ifstream file(KEPU_FORMATS "/catalog-1.bin", std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  const auto back = decode_catalog(bytes);
  ASSERT_TRUE(back) << back.error().text;
  auto written = *test::sample_catalog();
  written.indicators[0].where = {{"gate", {"A", "B"}}};
  EXPECT_EQ(encode_catalog(**back), encode_catalog(written));
}

TEST(CatalogText, CutOrLongerBytesAreRefused) {
  const auto bytes = encode_catalog(with_plan());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_catalog(std::string_view(bytes).substr(0, size)));
  EXPECT_FALSE(decode_catalog(bytes + "x"));
}

TEST(CatalogText, ANewerFormatIsNamed) {
  auto bytes = encode_catalog(with_conditions());
  bytes[4] = 99;
  EXPECT_EQ(decode_catalog(bytes).error().code, "newer_catalog");
}

} // namespace
} // namespace kepu::model
