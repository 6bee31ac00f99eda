#include <kepu/toolkit/encoding.hpp>
#include <kepu/toolkit/fold.hpp>
#include <kepu/toolkit/nearest.hpp>

#include <gtest/gtest.h>

#include <clocale>
#include <functional>
#include <string>

namespace kepu::toolkit {
namespace {

std::optional<EncodingChoice> choose(std::string_view text, size_t step = SIZE_MAX) {
  Utf8Check utf8;
  Gb18030Check gb18030;
  WordCheck words;
  for (size_t i = 0; i < text.size();) {
    const auto part = text.substr(i, step);
    utf8.feed(part.data(), part.size());
    gb18030.feed(part.data(), part.size());
    words.feed(part.data(), part.size());
    i += part.size();
  }
  return choose_encoding(text.substr(0, longest_mark), utf8.count(), gb18030.count(), words.count());
}

std::string times(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i)
    out += text;
  return out;
}

TEST(Encoding, TheLadderIsMarkThenUtf8ThenGb18030) {
  struct Case {
    const char* what;
    std::string text;
    std::optional<EncodingChoice> want;
  };
  const EncodingChoice utf8{Encoding::utf8, 0, true}, hurt_utf8{Encoding::utf8, 0, false},
      gb{Encoding::gb18030, 0, false};
  const std::string science = "\xbf\xc6\xbc\xbc\xb9\xdd"; // 科技馆
  const Case cases[] = {
      {"nothing", "", utf8},
      {"ASCII", "event_id,venue\n", utf8},
      {"UTF-8", "场馆,时间\n", utf8},
      {"UTF-8 with a mark", "\xef\xbb\xbf场馆", EncodingChoice{Encoding::utf8, 3, true}},
      {"a UTF-8 mark wins over GB18030", "\xef\xbb\xbf" + science, EncodingChoice{Encoding::utf8, 3, false}},
      {"UTF-16LE mark",
       std::string("\xff\xfe"
                   "a\0",
                   4),
       EncodingChoice{Encoding::utf16le, 2, false}},
      {"UTF-16BE mark", std::string("\xfe\xff\0a", 4), EncodingChoice{Encoding::utf16be, 2, false}},
      {"GB18030 mark", "\x84\x31\x95\x33" + science, EncodingChoice{Encoding::gb18030, 4, false}},
      {"GB18030", science + ",a\n", gb},
      {"GB18030 of four bytes", "\x82\x35\x87\x38\n", gb},
      {"UTF-8 cut in its last character", "场馆,时\xe9\x97", hurt_utf8},
      {"GB18030 cut in its last character", science + ",\xbf", gb},
      {"a lone half character", "a\xe9\x97", gb}, // 闗 or so: nothing speaks for UTF-8
      {"words of which one is well-formed UTF-8 by chance", "\xc1\xaa\xcd\xa8,\xc0\xe4\xb1\xb1", gb}, // 联通,冷北
      {"UTF-8 without Chinese and one row of GB18030", times("25\u00b0C,", 100) + "\n" + science, hurt_utf8},
      {"UTF-8 with one damaged row", times("科技馆,", 50) + "\n\xff\xff\n", hurt_utf8},
      {"GB18030 with one damaged row", times(science + ",", 40) + "\n\xff\n", gb},
      {"UTF-8 with one row of GB18030", times("科技馆,", 100) + "\n" + science, hurt_utf8},
      {"ASCII with damaged bytes", "a,\xff\xfd\xff,\x80", hurt_utf8},
      {"neither", "馆,\xbf\xc6\xff\x80", std::nullopt},
      {"more of UTF-8 than of GB18030", times("馆,", 5) + science + ",\xff\n", hurt_utf8},
      {"more of GB18030 than of UTF-8", times("馆,", 2) + science + ",\xff\n", gb},
      {"ASCII with one byte of Latin-1 before a letter", "name\ncaf\xe9s\n", hurt_utf8},
      {"a word of UTF-8 with one byte lost", "科技场馆人次\xe7\xbb计表,a\n", hurt_utf8},
  };
  for (const auto& c : cases) {
    for (const size_t step : {SIZE_MAX, size_t{1}, size_t{3}}) {
      const auto got = choose(c.text, step);
      ASSERT_EQ(got.has_value(), c.want.has_value()) << c.what;
      if (!got) continue;
      EXPECT_EQ(int(got->encoding), int(c.want->encoding)) << c.what;
      EXPECT_EQ(got->mark, c.want->mark) << c.what;
      EXPECT_EQ(got->clean, c.want->clean) << c.what;
    }
  }
}

// Rows as clerks have them: a code, a venue, a remark; `in_gb` says which are in GB18030.
std::string rows(int count, const std::function<bool(int)>& in_gb) {
  struct Words {
    const char* utf8;
    const char* gb;
  };
  static constexpr Words venues[] = {{"锦江区科技馆", "\xbd\xf5\xbd\xad\xc7\xf8\xbf\xc6\xbc\xbc\xb9\xdd"},
                                     {"中国联通", "\xd6\xd0\xb9\xfa\xc1\xaa\xcd\xa8"},
                                     {"路", "\xc2\xb7"},
                                     {"设备", "\xc9\xe8\xb1\xb8"},
                                     {"青羊区少年宫", "\xc7\xe0\xd1\xf2\xc7\xf8\xc9\xd9\xc4\xea\xb9\xac"}};
  static constexpr Words remarks[] = {{"入口", "\xc8\xeb\xbf\xda"},
                                      {"出口，夜场", "\xb3\xf6\xbf\xda\xa3\xac\xd2\xb9\xb3\xa1"}};
  std::string out = "event_id,venue,remark\n";
  for (int i = 0; i < count; ++i) {
    // Of two or three rows the odd one may not hold most of the text.
    const auto& venue = venues[count < 4 ? 0 : i % 5];
    const auto& remark = remarks[count < 4 ? 0 : i % 2];
    const bool gb = in_gb(i);
    out += "E" + std::to_string(i) + "," + (gb ? venue.gb : venue.utf8) + "," + (gb ? remark.gb : remark.utf8) + "\n";
  }
  return out;
}

TEST(Encoding, AFileThatMixesBothIsReadAsWhatDamagesFewerOfItsCharacters) {
  const auto encoding_of = [](const std::string& text) {
    const auto got = choose(text, 4096);
    return got ? int(got->encoding) : -1;
  };
  for (const int count : {2, 3, 4, 5, 7, 10, 20, 50, 100, 300, 1000}) {
    EXPECT_EQ(encoding_of(rows(count, [](int) { return false; })), int(Encoding::utf8)) << count;
    EXPECT_EQ(encoding_of(rows(count, [](int) { return true; })), int(Encoding::gb18030)) << count;
    for (const int odd : {0, count / 2, count - 1}) {
      EXPECT_EQ(encoding_of(rows(count, [&](int i) { return i == odd; })), int(Encoding::utf8)) << count << " " << odd;
      // Of two rows one is damaged either way; as UTF-8 it is a reject and not other characters.
      EXPECT_EQ(encoding_of(rows(count, [&](int i) { return i != odd; })),
                int(count == 2 ? Encoding::utf8 : Encoding::gb18030))
          << count << " " << odd;
    }
  }
}

TEST(Encoding, OneChineseWordIsEnough) {
  for (const char* word : {"\xd6\xd0\xb9\xfa", "\xbf\xc6\xbc\xbc\xb9\xdd", "\xc1\xaa\xcd\xa8", "\xb3\xa1\xb9\xdd",
                           "\xbf\xcd\xbb\xa7", "\xc0\xe4\xb1\xb1", "\xb5\xe7", "\xd6\xec\xe9\x46\xbb\xf9"})
    EXPECT_EQ(int(choose(std::string(word) + "\n").value().encoding), int(Encoding::gb18030)) << word;
  for (const char* word : {"中国", "科技馆", "联通", "馆", "路"})
    EXPECT_EQ(int(choose(std::string(word) + "\n").value().encoding), int(Encoding::utf8)) << word;
  // What is well-formed UTF-8 is UTF-8, though a clerk may have meant 路 (C2B7 of GB18030) and not a middle dot.
  EXPECT_TRUE(choose("\xc2\xb7\n").value().clean);
}

TEST(Encoding, Utf8IsStrictAndSaysWhere) {
  struct Case {
    std::string_view text;
    size_t bad;
  };
  constexpr size_t none = std::string_view::npos;
  const Case cases[] = {
      {"", none},
      {"a", none},
      {"馆", none},
      {"\xf4\x8f\xbf\xbf", none},
      {"\xee\x80\x80", none},
      {"\xed\x9f\xbf", none},
      {"a\x80", 1},
      {"\xc0\x80", 0},
      {"\xc1\xbf", 0},
      {"\xe0\x9f\xbf", 0},
      {"\xed\xa0\x80", 0},
      {"\xf0\x8f\xbf\xbf", 0},
      {"\xf4\x90\x80\x80", 0},
      {"\xf5\x80\x80\x80", 0},
      {"\xff", 0},
      {"馆\xe9\xa6", 3},
      {"馆\xe9\xa6,", 3},
      {"0123456789abcdef0123456789abcdef0123456789abcdef\xe9", 48},
  };
  for (const auto& c : cases)
    EXPECT_EQ(find_invalid_utf8(c.text), c.bad) << c.text;
  for (size_t at = 0; at < 100; ++at) { // wherever the fast steps end
    std::string text(100, 'x');
    text[at] = '\xff';
    EXPECT_EQ(find_invalid_utf8(text), at);
  }
}

TEST(Encoding, EveryCharacterOfTheBasicPlaneHasOneOrNoReadingAsUtf8) {
  size_t good = 0;
  for (unsigned a = 0xe0; a < 0xf0; ++a)
    for (unsigned b = 0; b < 256; ++b)
      for (unsigned c = 0x70; c < 0xd0; ++c) {
        const char text[3] = {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c)};
        good += find_invalid_utf8({text, 3}) == std::string_view::npos;
      }
  EXPECT_EQ(good, 0x10000u - 0x800u - 0x800u);
}

TEST(Gb18030, AllPairsDecodeAndNoneIsReplaced) {
  ASSERT_TRUE(std::setlocale(LC_ALL, "C"));
  Gb18030Decoder decoder;
  size_t pairs = 0;
  for (unsigned a = 0x81; a <= 0xfe; ++a) {
    for (unsigned b = 0x40; b <= 0xfe; ++b) {
      if (b == 0x7f) continue;
      const char text[2] = {static_cast<char>(a), static_cast<char>(b)};
      char into[gb18030_growth(2)];
      size_t bad = 0;
      const auto size = decoder.decode({text, 2}, into, bad);
      ASSERT_TRUE(size) << std::hex << a << ' ' << b;
      const std::string_view got(into, *size);
      EXPECT_EQ(find_invalid_utf8(got), std::string_view::npos);
      EXPECT_NE(got, "\xef\xbf\xbd");
      ++pairs;
    }
  }
  EXPECT_EQ(pairs, 23940u);
}

TEST(Gb18030, KnownTextsComeOutRight) {
  Gb18030Decoder decoder;
  struct Case {
    std::string_view text;
    std::string_view want;
    size_t bad;
  };
  constexpr size_t none = SIZE_MAX;
  const Case cases[] = {
      {"", "", none},
      {"abc", "abc", none},
      {"\xbd\xf5\xbd\xad\xc7\xf8", "锦江区", none},
      {"\xa3\xa0", "\u3000", none},
      {"\xa1\xa1", "\u3000", none},
      {"\xa2\xe3\x80", "", 2},
      {"\xa2\xe3", "€", none},
      {"\x95\x32\x82\x36", "𠀀", none},
      {"a\xff", "", 1},
      {"a\xbd", "", 1},
      {"ab\xbd,", "", 2},
      {"\xe3\x32\x9a\x36", "", 0},
  };
  for (const auto& c : cases) {
    std::string into(gb18030_growth(c.text.size()), '\0');
    size_t bad = 0;
    const auto size = decoder.decode(c.text, into.data(), bad);
    if (c.bad == none) {
      ASSERT_TRUE(size) << c.want;
      EXPECT_EQ(into.substr(0, *size), c.want);
    } else {
      EXPECT_FALSE(size);
      EXPECT_EQ(bad, c.bad);
    }
  }
}

TEST(Fold, WidthAndSpaces) {
  bool changed = false;
  EXPECT_EQ(fold_width("馆 abc", changed), "馆 abc");
  EXPECT_FALSE(changed);
  EXPECT_EQ(fold_width("Ａ１：／　馆\xef\xbc", changed), "A1:/ 馆\xef\xbc");
  EXPECT_TRUE(changed);
  EXPECT_EQ(trim(" \t　a b　 "), "a b");
  EXPECT_EQ(trim("　 "), "");
  EXPECT_EQ(lower_ascii("ÄBC馆"), "Äbc馆");
}

TEST(Nearest, CountsCharactersNotBytes) {
  EXPECT_EQ(edit_distance("场馆", "场所"), 1u);
  EXPECT_EQ(edit_distance("venue", "vanue"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(by_nearness("venue", {"card", "menu", "vanue"}, 2), (std::vector<std::string>{"vanue", "menu"}));
}

} // namespace
} // namespace kepu::toolkit
