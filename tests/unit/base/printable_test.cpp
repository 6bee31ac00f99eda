#include "base/printable.hpp"

#include <gtest/gtest.h>

namespace kepu {
namespace {

TEST(Printable, WritesWhatMovesTextAsEscapes) {
  EXPECT_EQ(printable("a\n\r\t\x1b\u0085\u202e\xff中"), "a\\n\\r\\t\\x1b\\u{85}\\u{202e}\\xff中");
}

TEST(Printable, QuotesAreCutBetweenCharacters) { EXPECT_EQ(in_quotes("科普场馆", 2), "\"科普…\""); }

} // namespace
} // namespace kepu
