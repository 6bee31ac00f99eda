#include "support/sample_catalog.hpp"

#include <gtest/gtest.h>

namespace kepu::model {
namespace {

class AreasTest : public testing::Test {
protected:
  std::shared_ptr<const Catalog> catalog = test::sample_catalog();
  const Areas& areas = catalog->areas;
};

TEST_F(AreasTest, AreFoundByCodeNameAndAlias) {
  for (const char* word : {"510104017", "锦官驿街道", "锦官驿", "Jinguanyi"}) {
    const auto* area = areas.lookup(word);
    ASSERT_TRUE(area) << word;
    EXPECT_EQ(area->code, "510104017");
  }
  EXPECT_FALSE(areas.lookup("锦官"));
}

TEST_F(AreasTest, LieWithinThemselvesAndWhatIsAbove) {
  EXPECT_TRUE(areas.within("510104017001", "510104017001"));
  EXPECT_TRUE(areas.within("510104017001", "510104017"));
  EXPECT_TRUE(areas.within("510104017001", "510104"));
  EXPECT_FALSE(areas.within("510104", "510104017"));
  EXPECT_FALSE(areas.within("510104020001", "510104017"));
}

TEST_F(AreasTest, HaveAnAncestorAtEachLevelAboveTheirOwn) {
  EXPECT_EQ(areas.at_level("510104017001", 0), "510104");
  EXPECT_EQ(areas.at_level("510104017001", 1), "510104017");
  EXPECT_EQ(areas.at_level("510104017001", 2), "510104017001");
  EXPECT_EQ(areas.at_level("510104017", 2), std::nullopt);
  EXPECT_EQ(areas.level("510104020"), 1);
  EXPECT_EQ(areas.level("999"), -1);
}

TEST_F(AreasTest, ARegistersEntryIsFoundByCodeNameAndAlias) {
  const auto& venues = catalog->registers.at("venues");
  for (const char* word : {"V01", "锦江区科技馆", "科技馆"}) {
    const auto* venue = venues.lookup(word);
    ASSERT_TRUE(venue) << word;
    EXPECT_EQ(venue->code, "V01");
  }
  EXPECT_FALSE(venues.find("科技馆"));
}

} // namespace
} // namespace kepu::model
