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
      {"dashes", "138–1234—5678", "*************"},
      {"fixed spaces", "138\u00a01234\u00a05678", "*************"},
      {"hyphens in spaces", "138 - 1234 - 5678", "*****************"},
      {"underlines", "in_138_1234_5678.csv", "in_*************.csv"},
      {"points", "138.1234.5678", "*************"},
      {"with +86 and hyphens", "+86 138-1234-5678", "+86 *************"},
      {"with +86 up to the first group", "+86138-1234-5678, 0086138 1234 5678", "+***************, *****************"},
      {"with 86 and hyphens throughout", "86-138-1234-5678", "86-*************"},
      {"three and eight", "138-12345678 and 138 12345678", "************ and ************"},
      {"four, three, four", "1381-234-5678", "*************"},
      {"four, four, three", "1381-2345-678", "*************"},
      {"seven and four", "1381234-5678", "************"},
      {"pairs", "138 12 34 56 78", "***************"},
      {"an amount after a mobile in groups", "138-12345678. 12", "************. 12"},
      {"18 digits", "110101199003070000", stars18},
      {"17 and X", "11010119900307000X!", stars18 + "!"},
      {"17 and x", "11010119900307000x", stars18},
      {"17 and wide X", "11010119900307000Ｘ", stars18},
      {"17 digits alone", "11010119900307000", "11010119900307000"},
      {"15 digits", "id=110101900307000;", "id=" + stars15 + ";"},
      {"card in groups", "110101 19900307 000X", "********************"},
      {"card with hyphens", "110101-19900307-000X", "********************"},
      {"card with its date in parts", "110101-1990-03-07-7395", "**********************"},
      {"card in fours", "1101 0119 9003 0773 95", "**********************"},
      {"card in two", "110101 199003077395", "*******************"},
      {"card with its check digit apart", "11010119900307739-5", "*******************"},
      {"card in fours that ends in X", "1101 0119 9003 0700 2X", "**********************"},
      {"card in fours with another check digit", "1101 0119 9003 0773 96", "1101 0119 9003 0773 96"},
      {"a mobile's place in a card does not hide the rest", "130 1021 9900 3077 39 5", "***********************"},
      {"19 digits", "1101011990030700001", "1101011990030700001"},
      {"two in a row", "13812345678,13912345678", stars11 + "," + stars11},
      {"dates stay", "2025-03-05 09:30:00", "2025-03-05 09:30:00"},
      {"dates of births stay", "1990-03-07 138", "1990-03-07 138"},
      {"compact dates stay", "20250305 091011, 1990-0307-123", "20250305 091011, 1990-0307-123"},
      {"a code and a date stay", "138-20250305, 510104-2025-03-05-0001", "138-20250305, 510104-2025-03-05-0001"},
      {"codes of places stay", "510104 510105 510106", "510104 510105 510106"},
      {"amounts stay", "13812345.678 138.12345678 13 812 345 678 1500 200 3000",
       "13812345.678 138.12345678 13 812 345 678 1500 200 3000"},
      {"amounts in a row stay", "1381234 5678", "1381234 5678"},
      {"ids of events stay", "E20250305-000123, 20250305091011, 2025-03-05-00012345",
       "E20250305-000123, 20250305091011, 2025-03-05-00012345"},
      {"addresses stay", "192.168.1.138:8080", "192.168.1.138:8080"},
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

TEST(Scrub, TagsPersonsInNamesAndLeavesTheRest) {
  std::vector<std::string> tagged;
  const auto tag = [&](std::string_view person) {
    tagged.emplace_back(person);
    return "tag" + std::to_string(tagged.size());
  };
  EXPECT_EQ(kepu::host::scrub_name("门禁 13812345678\t138-1234-5678－2025-03-05.csv", tag),
            "门禁 *tag1\t*tag2－2025-03-05.csv");
  EXPECT_EQ(tagged, (std::vector<std::string>{"13812345678", "138-1234-5678"}));
  EXPECT_EQ(kepu::host::scrub_name("2025-03-05.csv", tag), "2025-03-05.csv");
  EXPECT_EQ(tagged.size(), 2u);
}

TEST(Scrub, IsDoneAlready) {
  const std::string once = kepu::host::scrub("x 13812345678 \n \xff");
  EXPECT_EQ(kepu::host::scrub(once), once);
}

TEST(Scrub, TakesHugeTextsWithoutKeepingThem) {
  EXPECT_LE(kepu::host::scrub(std::string(50u << 20, '1')).size(), size_t{4} * KEPU_MAX_TEXT_BYTES);
}

} // namespace
