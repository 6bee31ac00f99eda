#include <kepu/connector.h>
#include <kepu/toolkit/number.hpp>

#include <gtest/gtest.h>

namespace kepu::toolkit {
namespace {

using P = NumberProblem;
constexpr int R = KEPU_REPAIRED, A = KEPU_APPROXIMATE;

struct Case {
  const char* text;
  int scale;
  P problem;
  int64_t value = 0;
  int flags = 0;
};

TEST(Numbers, AreReadRightOrRefused) {
  const Case cases[] = {
      {"123", 0, P::none, 123},
      {"-5", 0, P::none, -5},
      {"0", 0, P::none, 0},
      {"007", 0, P::none, 7},
      {"12.5", 1, P::none, 125},
      {"12.5", 2, P::none, 1250},
      {"12", 2, P::none, 1200},
      {"-0.05", 2, P::none, -5},
      {"12.50", 1, P::none, 125},
      {"9223372036854775807", 0, P::none, INT64_MAX},
      {"12.0", 0, P::none, 12, R},
      {"１２３", 0, P::none, 123, R},
      {"１，２３４", 0, P::none, 1234, R},
      {"1,234", 0, P::none, 1234, R},
      {"1,234,567.89", 2, P::none, 123456789, R},
      {" 500 ", 0, P::none, 500, R},
      {"1.2万", 0, P::none, 12000, R},
      {"1.2345万", 0, P::none, 12345, R},
      {"3千", 0, P::none, 3000, R},
      {"2.5亿", 0, P::none, 250000000, R},
      {"1.23456万", 1, P::none, 123456, R},
      {"120人次", 0, P::none, 120, R},
      {"5所", 0, P::none, 5, R},
      {"30场", 0, P::none, 30, R},
      {"1.2万人次", 0, P::none, 12000, R},
      {"约500", 0, P::none, 500, A},
      {"大约500", 0, P::none, 500, A},
      {"近500人", 0, P::none, 500, A | R},
      {"500左右", 0, P::none, 500, A},
      {"500人左右", 0, P::none, 500, A | R},
      {"80余人", 0, P::none, 80, A | R},
      {"80多人", 0, P::none, 80, A | R},
      {"80余", 0, P::none, 80, A},
      {"1.2万余人次", 0, P::none, 12000, A | R},
      {"约１.２万", 0, P::none, 12000, A | R},
      {"", 0, P::missing},
      {"  ", 0, P::missing},
      {"-", 0, P::missing},
      {"—", 0, P::missing},
      {"——", 0, P::missing},
      {"－", 0, P::missing},
      {"1.5", 0, P::not_whole},
      {"1.234", 0, P::not_whole},
      {"1.23456万", 0, P::not_whole},
      {"0.001", 2, P::not_whole},
      {"9223372036854775808", 0, P::too_large},
      {"92233720368547758.08", 3, P::too_large},
      {"99999999999亿", 0, P::too_large},
      {"1,23", 0, P::unreadable},
      {"12,34", 0, P::unreadable},
      {"1234,567", 0, P::unreadable},
      {"0,123", 0, P::unreadable},
      {"1,2345", 0, P::unreadable},
      {"1,,234", 0, P::unreadable},
      {"1 234", 0, P::unreadable},
      {"1.", 0, P::unreadable},
      {".5", 1, P::unreadable},
      {"1.2.3", 1, P::unreadable},
      {"+5", 0, P::unreadable},
      {"--5", 0, P::unreadable},
      {"50%", 0, P::unreadable},
      {"5-6", 0, P::unreadable},
      {"5~6", 0, P::unreadable},
      {"1.2E+05", 0, P::unreadable},
      {"0x10", 0, P::unreadable},
      {"三十", 0, P::unreadable},
      {"500以上", 0, P::unreadable},
      {"超500", 0, P::unreadable},
      {"80余万", 0, P::unreadable},
      {"1万2千", 0, P::unreadable},
      {"1万万", 0, P::unreadable},
      {"人", 0, P::unreadable},
      {"约", 0, P::unreadable},
      {"无", 0, P::unreadable},
      {"(5)", 0, P::unreadable},
      {"¥5", 0, P::unreadable},
      {"12人3", 0, P::unreadable},
      {"٣", 0, P::unreadable},
      {"nan", 0, P::unreadable},
  };
  for (const auto& c : cases) {
    const auto read = read_number(c.text, c.scale);
    EXPECT_EQ(int(read.problem), int(c.problem)) << c.text << " scale " << c.scale;
    if (c.problem != P::none) continue;
    EXPECT_EQ(read.value, c.value) << c.text;
    EXPECT_EQ(read.flags, c.flags) << c.text;
  }
}

} // namespace
} // namespace kepu::toolkit
