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
  const auto bytes = encode_catalog(with_conditions());
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
