#include "query/quotient.hpp"

#include <boost/multiprecision/cpp_int.hpp>
#include <gtest/gtest.h>

#include <random>

namespace kepu::query {
namespace {

using Big = boost::multiprecision::cpp_int;

constexpr __int128 most = static_cast<__int128>(~static_cast<unsigned __int128>(0) >> 1);

Big big(__int128 number) {
  const bool negative = number < 0;
  const auto bits = negative ? -static_cast<unsigned __int128>(number) : static_cast<unsigned __int128>(number);
  Big out = (Big(static_cast<uint64_t>(bits >> 64)) << 64) + Big(static_cast<uint64_t>(bits));
  return negative ? -out : out;
}

// Rounded half away from zero.
Big expected(__int128 a, __int128 b, int exponent) {
  Big above = abs(big(a));
  Big below = abs(big(b));
  (exponent < 0 ? below : above) *= pow(Big(10), static_cast<unsigned>(std::abs(exponent)));
  const Big value = (above * 2 + below) / (below * 2);
  return (a < 0) != (b < 0) ? -value : value;
}

// Near 0, near a power of two, or anything between: where carries and limits are.
__int128 any(std::mt19937_64& random) {
  const auto bits = static_cast<unsigned>(random() % 127);
  const auto near = static_cast<__int128>(random() % 5) - 2;
  auto out = (static_cast<__int128>(1) << bits) + near;
  if (random() % 2)
    out = static_cast<__int128>((static_cast<unsigned __int128>(random()) << 64 | random()) >> (127 - bits)) >> 1;
  return random() % 2 ? out : -out;
}

TEST(Quotient, IsExactOrNone) {
  std::mt19937_64 random(7);
  size_t told = 0;
  size_t none = 0;
  for (int i = 0; i < 200'000; ++i) {
    const auto a = any(random);
    const auto b = any(random);
    if (b == 0) continue;
    const int exponent = static_cast<int>(random() % 36) - 18;
    const auto should = expected(a, b, exponent);
    const auto is = quotient(a, b, exponent);
    if (abs(should) > big(most)) {
      ++none;
      EXPECT_FALSE(is) << big(a) << " / " << big(b) << " e" << exponent;
    } else {
      ++told;
      ASSERT_TRUE(is) << big(a) << " / " << big(b) << " e" << exponent;
      EXPECT_EQ(big(*is), should) << big(a) << " / " << big(b) << " e" << exponent;
    }
  }
  EXPECT_GT(told, 50'000u);
  EXPECT_GT(none, 1'000u);
}

TEST(Quotient, OfTheLargestSumsIsTold) {
  // 2^40 facts of the largest number, as percent, with nine decimals in the denominator.
  const auto sum = static_cast<__int128>(INT64_MAX) << 40;
  EXPECT_EQ(quotient(sum, sum, 6 + 2), 100'000'000);
  EXPECT_EQ(quotient(sum, 2 * sum, 6 + 2 + 9), 50'000'000'000'000'000);
}

TEST(Quotient, IsRoundedHalfAwayFromZero) {
  EXPECT_EQ(quotient(1, 2, 0), 1);
  EXPECT_EQ(quotient(-1, 2, 0), -1);
  EXPECT_EQ(quotient(49, 1, -2), 0);
  EXPECT_EQ(quotient(50, 1, -2), 1);
  EXPECT_EQ(quotient(0, -3, 6), 0);
}

} // namespace
} // namespace kepu::query
