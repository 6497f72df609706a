// SPDX-License-Identifier: Apache-2.0
// The rules of the integer dialect at their corners: which way each division rounds, signs, ends of
// the clips, empty sums. Whole networks: sw/compiler/dialect/tests.
#include "dialect.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace {

using namespace oct::golden::dialect;
using Values = std::vector<i64>;
constexpr Clip kByte{-128, 127}, kUnsigned{0, 255};

template <typename F>
Values of(std::size_t n, F f) {
  Values y(n);
  f(y);
  return y;
}

}  // namespace

TEST_CASE("dialect: divisions and roots") {
  CHECK(floor_div(7, 2) == 3);
  CHECK(floor_div(-7, 2) == -4);
  CHECK(floor_div(7, -2) == -4);
  CHECK(floor_div(-7, -2) == 3);
  CHECK(floor_div(-8, 2) == -4);
  CHECK(trunc_div(-7, 2) == -3);
  for (const i64 v :
       {0LL, 1LL, 2LL, 3LL, 4LL, 99LL, 100LL, (1LL << 32) - 1, 1LL << 32, (1LL << 62) - 1}) {
    const i64 root = floor_sqrt(v);
    CHECK(root * root <= v);
    CHECK((root + 1) * (root + 1) > v);
  }
  CHECK(mean(1, 2) == 1);  // a half goes up
  CHECK(mean(-1, 2) == 0);
  CHECK(mean(-3, 2) == -1);
  CHECK(mean(-2, 3) == -1);
  CHECK(mean(7, 3) == 2);
}

TEST_CASE("dialect: RequantShift rounds halves up and clips") {
  CHECK(requant_shift(1, 1, 0, 1, kByte) == 1);   // 0.5
  CHECK(requant_shift(-1, 1, 0, 1, kByte) == 0);  // -0.5
  CHECK(requant_shift(-3, 1, 0, 1, kByte) == -1);
  CHECK(requant_shift(-5, 1, 0, 2, kByte) == -1);  // -1.25
  CHECK(requant_shift(-6, 1, 0, 2, kByte) == -1);  // -1.5
  CHECK(requant_shift(-7, 1, 0, 2, kByte) == -2);
  CHECK(requant_shift(5, -1, 0, 0, kByte) == -5);  // div = 1 adds nothing
  CHECK(requant_shift(1000, 1, 0, 0, kByte) == 127);
  CHECK(requant_shift(-1000, 1, 0, 0, kByte) == -128);
  CHECK(requant_shift(-1000, 1, 0, 0, kUnsigned) == 0);
  CHECK(requant_shift(1000, 1, 0, 0, kUnsigned) == 255);
  // The addend stands in front of the division, with the half.
  CHECK(requant_shift(0, 1, 32767, 16, kByte) == 0);
  CHECK(requant_shift(0, 1, 32768, 16, kByte) == 1);
  CHECK(requant_shift(INT32_MIN, INT32_MIN, INT32_MAX, 31, Clip{}) == INT32_MAX);
}

TEST_CASE("dialect: activations") {
  CHECK(gelu(0, -26, 770) == 0);
  // |x| >= -b: L = sign(x) one
  CHECK(gelu(26, -26, 770) == 26 * 770);
  CHECK(gelu(-26, -26, 770) == 0);
  CHECK(gelu(127, -26, 770) == 127 * 770);
  // x = -1: L = -(770 - 625) = -145; floor((770 - 145) / 2) = 312
  CHECK(gelu(-1, -26, 770) == -312);
  CHECK(gelu(1, -26, 770) == 457);  // floor(915 / 2)
  CHECK(hardswish(-128, 33, 100, 1530) == 0);
  CHECK(hardswish(-10, 33, 765, 1530) == -10 * 755 * 33);
  CHECK(hardswish(127, 33, 765, 800) == 127 * 800 * 33);
  CHECK(nonorm(-1, 1, 0, 1, 65536, kByte) == -1);  // floor, no rounding
  CHECK(nonorm(1, 65535, 0, 1, 65536, kByte) == 0);
  CHECK(true_div_factor(16384, 200000, 1, 2) == 8191);
  CHECK(true_div_factor(-3, 1, 1, 1) == -2);
}

TEST_CASE("dialect: softmaxes") {
  const Values flat(4, 7);
  CHECK(of(4, [&](Values& y) { softmax({1, 345, 62395, 255, 256}, flat, y); }) == Values(4, 63));
  // One column: everything.
  CHECK(of(1, [&](Values& y) { softmax({1, 13, 86, 9, 256}, Values{-5}, y); }) == Values{255});
  CHECK(of(2, [&](Values& y) { softmax({1, 0, 0, 9, 256}, Values{1, 1}, y); }) == Values(2, 0));
  // x' = -10, log2 = 9: z = 1, p = -1 + 13; e = (144 + 86) >> 1 = 115; at the top 255
  CHECK(of(2, [&](Values& y) { softmax({1, 13, 86, 9, 256}, Values{-10, 0}, y); }) ==
        Values{115 * 255 / 370, 255 * 255 / 370});
  CHECK(of(3, [&](Values& y) { ita_max(256, Values{127, 127, -128}, y); }) ==
        Values{127, 127, 0});  // s = 8: 256 >> 8 = 1; 255 * 256 / 513 = 127
  CHECK(ita_shift(0, -15) == 0);
  CHECK(ita_shift(0, -16) == 1);
  // Groups of one: 0 first (sum 256), then 32 halves the sum: 128 + 256.
  CHECK(of(2, [&](Values& y) { ita_partial_max(256, 1, Values{0, 32}, y); }) ==
        Values{(127 * 256 / 384) >> 1, 127 * 256 / 384});
  // The same in one group: no shift of an earlier sum.
  CHECK(of(2, [&](Values& y) { ita_partial_max(256, 16, Values{32, 0}, y); }) ==
        Values{127 * 256 / 384, (127 * 256 / 384) >> 1});
  CHECK(of(1, [&](Values& y) { ita_partial_max(256, 16, Values{-128}, y); }) == Values{127});
}

TEST_CASE("dialect: norms cut towards zero, then down") {
  const std::vector<std::int32_t> w{16384, 16384, 16384}, none{0, 0, 0};
  // mean of -1, -1, 0 cuts to 0
  CHECK(of(3, [&](Values& y) {
          layernorm(Values{-1, -1, 0}, w.data(), none.data(), 16384, kByte, y);
        }) == Values{-1, -1, 0});
  // sigma = floor(sqrt(floor(2 / 3) + 1)) = 1; trunc(-3 * 3 / 2) = -4 with sigma 2; floor(-4 / 3) =
  // -2
  const std::vector<std::int32_t> three{3, 3, 3};
  CHECK(of(3, [&](Values& y) { rmsnorm(Values{-3, 1, 0}, three.data(), 3, kByte, y); }) ==
        Values{-2, 0, 0});
  const std::vector<std::int32_t> huge{1 << 30, 1 << 30, 1 << 30};
  CHECK(of(3, [&](Values& y) { rmsnorm(Values{100, -100, 0}, huge.data(), 1, kByte, y); }) ==
        Values{127, -128, 0});
}

TEST_CASE("dialect: what does not fit is said") {
  CHECK(int32(INT32_MIN) == INT32_MIN);
  CHECK_THROWS_AS(int32(i64{INT32_MAX} + 1), Overflow);
  CHECK_THROWS_AS(mul(INT64_MAX, 2), Overflow);
  CHECK_THROWS_AS(add(INT64_MAX, 1), Overflow);
}
