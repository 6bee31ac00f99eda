#include <kepu/connector.h>

#include <gtest/gtest.h>

#include <vector>

#include "sizes.inc"

extern "C" void c_sizes(size_t* out);
void cpp_sizes(size_t* out);
extern "C" const kepu_entry plain_c_entry;

namespace {

TEST(Abi, StructsLieAlikeInCAndInCpp) {
  std::vector<size_t> c(kepu_size_count, 1), cpp(kepu_size_count, 2), here(kepu_size_count, 3);
  c_sizes(c.data());
  cpp_sizes(cpp.data());
  kepu_fill_sizes(here.data());
  EXPECT_EQ(c, cpp);
  EXPECT_EQ(c, here);
}

// Version 1.0 as it was frozen: a struct may grow at its end, and then its old part must stay.
TEST(Abi, VersionOneKeepsItsLayout) {
  EXPECT_EQ(KEPU_ABI_MAJOR, 1);
  EXPECT_GE(sizeof(kepu_entry), 24u);
  EXPECT_EQ(offsetof(kepu_entry, descriptor), 8u);
  EXPECT_EQ(offsetof(kepu_entry, create), 16u);
  EXPECT_EQ(offsetof(kepu_descriptor, dataset_count), 80u);
  EXPECT_EQ(offsetof(kepu_dataset, field_count), 24u);
  EXPECT_EQ(offsetof(kepu_field, required), 40u);
  EXPECT_EQ(offsetof(kepu_setting_spec, choices), 48u);
  EXPECT_EQ(offsetof(kepu_scope, field_count), 40u);
  EXPECT_EQ(offsetof(kepu_host, ctx), 8u);
  EXPECT_EQ(offsetof(kepu_host, log), 16u);
  EXPECT_EQ(offsetof(kepu_host, cursor), 16u + 17 * sizeof(void*));
  EXPECT_EQ(offsetof(kepu_connector, destroy), 32u);
}

TEST(Abi, AConnectorCanBeWrittenInPlainC) {
  EXPECT_EQ(plain_c_entry.struct_size, sizeof(kepu_entry));
  EXPECT_STREQ(plain_c_entry.descriptor->id, "plain_c");
}

} // namespace
