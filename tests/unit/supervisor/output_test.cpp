#include "supervisor/output.hpp"

#include <kepu/connector.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace kepu;
using namespace kepu::supervisor;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

TEST(Output, MakesLinesHarmless) {
  struct {
    const char* name;
    std::string in;
    std::string out;
  } const table[] = {
      {"plain", "到馆 12 人", "到馆 12 人"},
      {"newline", "a\nb\r\tc", "a\\nb\\r\\tc"},
      {"escape", "\x1b[31m", "\\x1b[31m"},
      {"nul", std::string("a\0b", 3), "a\\x00b"},
      {"c1", "a\u0085b", "a\\u{85}b"},
      {"bidi", "a\u202eb\u2066c", "a\\u{202e}b\\u{2066}c"},
      {"line separator", "a\u2028b", "a\\u{2028}b"},
      {"bad byte", "a\xffz", "a\\xffz"},
      {"overlong", "\xc0\xaf", "\\xc0\\xaf"},
      {"surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80"},
      {"cut sequence", "\xe5\x88", "\\xe5\\x88"},
      {"mobile", "tel 13800138000.", "tel ***********."},
      {"mobile with country", "+8613800138000", "+*************"},
      {"id card", "510104199001011234 ok", "****************** ok"},
      {"id card with x", "51010419900101123x", "******************"},
      {"id card with full-width x", "51010419900101123Ｘ", "******************"},
      {"old id card", "510104900101123", "***************"},
      {"full-width", "１３８００１３８０００", "***********"},
      {"ten digits stay", "2025030512", "2025030512"},
      {"digits apart stay", "2025-03-05 09:30:00", "2025-03-05 09:30:00"},
  };
  for (const auto& row : table)
    EXPECT_EQ(clean(row.in), row.out) << row.name;
}

TEST(Output, CutsLongLinesAndNeverInsideANumberThatNamesAPerson) {
  const auto cut = clean(std::string(3 * KEPU_MAX_TEXT_BYTES, 'a'));
  EXPECT_EQ(cut.size(), KEPU_MAX_TEXT_BYTES + 3);
  EXPECT_TRUE(cut.ends_with("..."));
  const auto number = clean(std::string(KEPU_MAX_TEXT_BYTES - 5, 'a') + "13800138000");
  EXPECT_EQ(number.find("13800"), std::string::npos);
}

TEST(Output, CutsBytesIntoLines) {
  LineCutter cutter;
  std::vector<std::string> lines;
  const auto take = [&](std::string_view line) { lines.emplace_back(line); };
  cutter.feed("one\ntw", take);
  cutter.feed("o\n\nthr", take);
  EXPECT_THAT(lines, ElementsAre("one", "two", ""));
  cutter.finish(take);
  cutter.finish(take);
  EXPECT_THAT(lines, ElementsAre("one", "two", "", "thr"));
}

TEST(Output, ALineWithoutEndIsHeldInBoundedMemory) {
  LineCutter cutter;
  size_t longest = 0;
  const auto take = [&](std::string_view line) { longest = std::max(longest, line.size()); };
  for (int i = 0; i < 1000; ++i)
    cutter.feed(std::string(10000, 'x'), take);
  EXPECT_EQ(longest, 0u);
  cutter.feed("\n", take);
  EXPECT_EQ(longest, 2 * KEPU_MAX_TEXT_BYTES);
}

TEST(Output, CountsWhatIsTooMuchInASecondAndSaysSoLater) {
  FakeClock clock(from_micros(0));
  clock.advance(std::chrono::hours(1));
  std::vector<std::string> lines;
  const LogLine log = [&](settings::LogLevel, std::string_view source, std::string_view text) {
    EXPECT_EQ(source, "training");
    lines.emplace_back(text);
  };
  Output output(clock, "training", log);
  for (int i = 0; i < 150; ++i)
    output.line(settings::LogLevel::info, "line");
  EXPECT_EQ(lines.size(), 100u);
  EXPECT_FALSE(output.hold_until());
  clock.advance(std::chrono::seconds(1));
  output.line(settings::LogLevel::info, "next");
  ASSERT_EQ(lines.size(), 102u);
  EXPECT_THAT(lines[100], HasSubstr("50 more lines"));
  EXPECT_EQ(lines[101], "next");
}

TEST(Output, AFloodIsNotListenedToUntilTheNextSecond) {
  FakeClock clock(from_micros(0));
  clock.advance(std::chrono::hours(1));
  const LogLine log = [](settings::LogLevel, std::string_view, std::string_view) {};
  Output many(clock, "training", log);
  for (int i = 0; i < 2000; ++i)
    many.line(settings::LogLevel::info, "line");
  ASSERT_TRUE(many.hold_until());
  EXPECT_EQ(*many.hold_until() - clock.steady(), std::chrono::seconds(1));
  clock.advance(std::chrono::seconds(1));
  EXPECT_FALSE(many.hold_until());

  Output moving(clock, "training", log);
  for (int i = 0; i < 2000; ++i)
    moving.heard();
  EXPECT_TRUE(moving.hold_until());

  Output large(clock, "training", log);
  for (int i = 0; i < 80; ++i)
    large.line(settings::LogLevel::info, std::string(4096, 'x'));
  EXPECT_TRUE(large.hold_until());
}

} // namespace
