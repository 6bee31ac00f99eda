#include <kepu/host/host.hpp>

#include <gtest/gtest.h>

namespace {

struct Case {
  const char* name;
  std::string in;
  std::string out;
};

const std::string stars11(11, '*'), stars15(15, '*'), stars18(18, '*');

TEST(Scrub, BlanksWhatIsShapedAsAPersonAndEscapesControls) {
  const Case table[] = {
      {"plain", "row 7 of file 2025-03.csv", "row 7 of file 2025-03.csv"},
      {"empty", "", ""},
      {"mobile", "call 13812345678 now", "call " + stars11 + " now"},
      {"mobile in words", "电话13812345678。", "电话" + stars11 + "。"},
      {"eleven digits that do not begin with 1", "23812345678", "23812345678"},
      {"twelve digits", "138123456789", "138123456789"},
      {"with +86", "+8613812345678", "+*************"},
      {"with 0086", "008613812345678", stars15},
      {"wide mobile", "１３８１２３４５６７８", stars11},
      {"mixed widths", "138１２３45678", stars11},
      {"mobile in groups", "138 1234 5678", "*************"},
      {"mobile with hyphens", "138-1234-5678.", "*************."},
      {"wide hyphens", "138－1234－5678", "*************"},
      {"18 digits", "110101199003070000", stars18},
      {"17 and X", "11010119900307000X!", stars18 + "!"},
      {"17 and x", "11010119900307000x", stars18},
      {"17 and wide X", "11010119900307000Ｘ", stars18},
      {"17 digits alone", "11010119900307000", "11010119900307000"},
      {"15 digits", "id=110101900307000;", "id=" + stars15 + ";"},
      {"card in groups", "110101 19900307 000X", "********************"},
      {"19 digits", "1101011990030700001", "1101011990030700001"},
      {"two in a row", "13812345678,13912345678", stars11 + "," + stars11},
      {"dates stay", "2025-03-05 09:30:00", "2025-03-05 09:30:00"},
      {"newline", "a\nb\tc\r", "a\\nb\\tc\\x0d"},
      {"escape", "\x1b[31mred\x7f", "\\x1b[31mred\\x7f"},
      {"nul", std::string("a\0b", 3), "a\\x00b"},
      {"broken UTF-8", "a\xff\xe5\xad", "a\\xff\\xe5\\xad"},
      {"C1", "a\xc2\x9b", "a\\u009b"},
      {"bidi", "a\xe2\x80\xae", "a\\u202e"},
      {"line separator", "a\xe2\x80\xa8", "a\\u2028"},
      {"Chinese and emoji stay", "科普🎈", "科普🎈"},
  };
  for (const auto& c : table)
    EXPECT_EQ(kepu::host::scrub(c.in), c.out) << c.name;
}

TEST(Scrub, IsDoneAlready) {
  const std::string once = kepu::host::scrub("x 13812345678 \n \xff");
  EXPECT_EQ(kepu::host::scrub(once), once);
}

TEST(Scrub, TakesHugeTextsWithoutKeepingThem) {
  EXPECT_LE(kepu::host::scrub(std::string(50u << 20, '1')).size(), size_t{4} * KEPU_MAX_TEXT_BYTES);
}

} // namespace
