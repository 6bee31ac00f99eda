#include "base/printable.hpp"

#include <gtest/gtest.h>

namespace kepu {
namespace {

TEST(Printable, WritesWhatMovesTextAsEscapes) {
  EXPECT_EQ(printable("a\n\r\t\x1b\u0085\u202e\xff中"), "a\\n\\r\\t\\x1b\\u{85}\\u{202e}\\xff中");
}

TEST(Printable, BlanksNumbersThatAreLongEnoughToNameAPerson) {
  const struct {
    const char* in;
    const char* out;
  } table[] = {
      {"13800138000", "***********"},
      {"１３８００１３８０００", "***********"},
      {"51010419900101123X ok", "****************** ok"},
      {"2025030512", "2025030512"},
      {"馆1号", "馆1号"},
      {"1380013800\xff", "1380013800\xff"},
  };
  for (const auto& row : table)
    EXPECT_EQ(without_long_numbers(row.in), row.out) << row.in;
}

TEST(Printable, QuotesAreCutBetweenCharacters) { EXPECT_EQ(in_quotes("科普场馆", 2), "\"科普…\""); }

} // namespace
} // namespace kepu
