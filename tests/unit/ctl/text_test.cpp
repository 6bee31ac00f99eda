#include "base/percent.hpp"
#include "ctl/progress.hpp"
#include "ctl/table.hpp"
#include "ctl/text.hpp"

#include <gtest/gtest.h>

namespace kepu::ctl {
namespace {

TEST(Width, CountsWhatATerminalTakes) {
  const std::pair<const char*, size_t> cases[] = {
      {"", 0},     {"abc", 3},      {"科普", 4},  {"a科b", 4}, {"ｶ", 1},           {"Ａ", 2}, {"한글", 4},
      {"、。", 4}, {"e\u0301", 1},  {"é", 1},     {"😀", 2},    {"…", 1},           {"𠀀", 2}, {"\u200b", 0},
      {"\xff", 1}, {"\xe7\xa7", 2}, {"a\xe7", 2}, {"—", 1},    {"\xed\xa0\x80", 3}};
  for (const auto& [text, columns] : cases)
    EXPECT_EQ(width(text), columns) << text;
}

TEST(Cut, LeavesWhatFitsAndAnEllipsis) {
  EXPECT_EQ(cut("abc", 3), "abc");
  EXPECT_EQ(cut("abcd", 3), "ab…");
  EXPECT_EQ(cut("abcd", 1), "…");
  EXPECT_EQ(cut("abcd", 0), "");
  EXPECT_EQ(cut("科普中心", 8), "科普中心");
  EXPECT_EQ(cut("科普中心", 5), "科普…");
}

TEST(Cut, NeverSplitsACharacterThatDoesNotFit) {
  EXPECT_EQ(cut("科普中心", 4), "科…");
  EXPECT_LE(width(cut("科普中心", 4)), 4u);
}

TEST(ShortTime, DropsFractionAndOffset) {
  EXPECT_EQ(short_time("2026-11-25T07:54:30.125+08:00"), "2026-11-25 07:54:30");
  EXPECT_EQ(short_time("2026-11-25T07:54:30Z"), "2026-11-25 07:54:30");
}

TEST(ShortTime, LeavesWhatIsNoTime) {
  for (const char* text : {"", "2026-11-25", "soon", "2026-11-25 07:54:30", "abcdefghijTlmnopqrstuv"})
    EXPECT_EQ(short_time(text), text);
}

TEST(UrlEncoded, EscapesAllThatCouldMeanSomething) {
  EXPECT_EQ(percent_encoded("area,venue"), "area,venue");
  EXPECT_EQ(percent_encoded("a b/c?d&e=f#g%"), "a%20b%2Fc%3Fd%26e%3Df%23g%25");
  EXPECT_EQ(percent_encoded("科"), "%E7%A7%91");
  EXPECT_EQ(percent_encoded("x\r\nHost: y"), "x%0D%0AHost:%20y");
}

TEST(Table, AlignsChineseAndNumbers) {
  Table table({{"NAME"}, {"VALUE", true}, {"NOTE"}});
  table.add({{"科普馆"}, {"7"}, {"x"}});
  table.add({{"hall"}, {"1200"}, {""}});
  EXPECT_EQ(table.text(0, false), "NAME    VALUE  NOTE\n"
                                  "科普馆      7  x\n"
                                  "hall     1200  -\n");
}

TEST(Table, ShowsControlCharactersInsteadOfSendingThem) {
  Table table({{"A"}, {"B"}});
  table.add({{"\x1b[2J"}, {"line\nbreak\xc2\x9b"}});
  const auto text = table.text(0, false);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
  EXPECT_NE(text.find("\\x1b[2J"), std::string::npos);
  EXPECT_NE(text.find("line\\nbreak"), std::string::npos);
}

TEST(Table, CutsOnlyTheLastColumnToTheRoom) {
  Table table({{"ID"}, {"TEXT"}});
  table.add({{"turnstile"}, {std::string(100, 'x')}});
  const auto text = table.text(40, false);
  EXPECT_EQ(text, "ID         TEXT\nturnstile  " + std::string(28, 'x') + "…\n");
  EXPECT_NE(table.text(0, false).find(std::string(100, 'x')), std::string::npos);
}

TEST(Table, LeavesTheLastColumnSomeRoomOnANarrowTerminal) {
  Table table({{"ID"}, {"TEXT"}});
  table.add({{std::string(30, 'i')}, {std::string(100, 'x')}});
  EXPECT_NE(table.text(10, false).find(std::string(19, 'x') + "…"), std::string::npos);
}

TEST(Table, ColoursDoNotChangeTheAlignment) {
  Table table({{"S"}, {"T"}});
  table.add({{"ok", Tint::good}, {"t"}});
  EXPECT_NE(table.text(0, true).find("\x1b[32mok\x1b[0m  t"), std::string::npos);
}

TEST(Progress, DrawsTheShareThatIsDone) {
  const auto line = progress_line("gates", {"running", 500, 1000, std::chrono::seconds(12)}, 60);
  EXPECT_EQ(line, "gates [##############--------------] 50 %  500 of 1000  12 s");
}

TEST(Progress, FitsEveryTerminal) {
  const Progress cases[] = {{"running", 5, 10, std::chrono::seconds(3)},
                            {"running", 5, 0, std::chrono::seconds(3)},
                            {"starting", 0, 0, {}},
                            {"running", UINT64_MAX, UINT64_MAX, std::chrono::hours(30)}};
  for (const auto& progress : cases)
    for (size_t columns = 0; columns < 120; ++columns)
      EXPECT_LE(width(progress_line("科普 gates", progress, columns)), columns);
}

TEST(Progress, WithoutATotalSaysWhatWasDone) {
  EXPECT_EQ(progress_line("gates", {"running", 7, 0, std::chrono::seconds(61)}, 80), "gates 7 done  1:01 min");
  EXPECT_EQ(progress_line("gates", {"starting", 0, 0, {}}, 80), "gates starting  0 s");
}

TEST(Progress, StopsAtTheEndWhenTheTotalWasGuessedTooLow) {
  const auto line = progress_line("g", {"running", 30, 10, {}}, 50);
  EXPECT_NE(line.find("100 %"), std::string::npos);
  EXPECT_EQ(line.find('-'), std::string::npos);
}

TEST(Progress, ShowsNoControlCharacters) {
  EXPECT_EQ(progress_line("g\x1b[2J", {"run\x07", 0, 0, {}}, 80).find_first_of("\x1b\x07"), std::string::npos);
}

} // namespace
} // namespace kepu::ctl
