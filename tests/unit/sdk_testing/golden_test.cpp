#include <kepu/testing/golden.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <unistd.h>

namespace {

using kepu::testing::compare_golden;
using kepu::testing::difference;
using testing::HasSubstr;
using Lines = std::vector<std::string>;

TEST(Golden, ADifferenceShowsWhereAndWhat) {
  EXPECT_EQ(difference({"a", "b"}, {"a", "b"}), "");
  EXPECT_EQ(difference({"1", "2", "3", "4", "old", "6", "7"}, {"1", "2", "3", "4", "new", "6", "7"}),
            "first difference in line 5:\n  2\n  3\n  4\n- old\n+ new\n  6\n  7\n");
  EXPECT_EQ(difference({"a"}, {"a", "a"}), "first difference in line 2:\n  a\n+ a\n");
  EXPECT_EQ(difference({"a"}, {}), "first difference in line 1:\n- a\n");
  EXPECT_THAT(difference({}, Lines(100, "x")), HasSubstr("+ ... 70 more lines"));
}

TEST(Golden, AFileIsComparedAndRewrittenOnlyWhenAsked) {
  const std::string path = testing::TempDir() + "/kepu_golden_" + std::to_string(::getpid()) + ".txt";
  ::unsetenv("KEPU_UPDATE_GOLDEN");
  std::ofstream(path) << "one\ntwo\n";
  EXPECT_EQ(compare_golden(path, {"one", "two"}), "");
  const auto found = compare_golden(path, {"one", "three"});
  EXPECT_THAT(found, HasSubstr(path + ": first difference in line 2:\n  one\n- two\n+ three\n"));
  EXPECT_THAT(found, HasSubstr("KEPU_UPDATE_GOLDEN=1"));
  EXPECT_EQ(compare_golden(path, {"one", "two"}), ""); // it was not rewritten

  ::setenv("KEPU_UPDATE_GOLDEN", "1", 1);
  EXPECT_EQ(compare_golden(path, {"one", "three"}), "");
  EXPECT_THAT(compare_golden("/no/such/folder/golden.txt", {}), HasSubstr("cannot be written"));
  ::unsetenv("KEPU_UPDATE_GOLDEN");
  EXPECT_EQ(compare_golden(path, {"one", "three"}), "");
  EXPECT_THAT(compare_golden(path + ".missing", {}), HasSubstr("run once with KEPU_UPDATE_GOLDEN=1"));
  ::unlink(path.c_str());
}

} // namespace
