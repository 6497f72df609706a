// SPDX-License-Identifier: Apache-2.0
// Bit-exact meaning of the kernels for networks that come quantised (sw/kernels/oct_quantised.h).
// An integer q stands for (q - zero) * scale; one rounding, to nearest, ties towards +infinity.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace oct::golden::quantised {

template <typename Y>
constexpr Y clip_to(std::int64_t v) {
  return static_cast<Y>(
      std::clamp<std::int64_t>(v, std::numeric_limits<Y>::min(), std::numeric_limits<Y>::max()));
}
/// v * 2^-s, 1 <= s <= 62.
constexpr std::int64_t rounded(std::int64_t v, unsigned s) {
  return (v + (std::int64_t{1} << (s - 1))) >> s;
}

/// (a ma + b mb + c) * 2^-s: sums, differences, a change of scale. |ma|, |mb| < 2^30; of bytes
/// alone < 2^21 and |c| <= 2^29, so that 32 bits hold everything.
struct Sum {
  std::int32_t ma = 0, mb = 0;
  std::int64_t c = 0;
  unsigned s = 1;
};
template <typename Y>
constexpr Y add(const Sum& k, std::int32_t a, std::int32_t b) {
  return clip_to<Y>(rounded(std::int64_t{a} * k.ma + std::int64_t{b} * k.mb + k.c, k.s));
}
/// a fa + b fb + c with as many bits as fit.
inline Sum sum(double fa, double fb, double c, bool bytes) {
  const int bits = bytes ? 21 : 30;
  const double whole = std::abs(c) * (bytes ? 0x1p-8 : 0x1p-30);
  const double most = std::max({std::abs(fa), std::abs(fb), 0x1p-20, whole});
  Sum k;
  k.s = static_cast<unsigned>(std::clamp(bits - 1 - std::ilogb(most), 1, bytes ? 30 : 40));
  const double limit = std::ldexp(1, bits) - 1;
  const auto m = [&](double f) {
    return static_cast<std::int32_t>(
        std::clamp(std::round(std::ldexp(f, static_cast<int>(k.s))), -limit, limit));
  };
  k.ma = m(fa);
  k.mb = m(fb);
  const double most_c = bytes ? 0x1p29 : 0x1p60;
  k.c = std::llround(std::clamp(std::ldexp(c, static_cast<int>(k.s)), -most_c, most_c));
  return k;
}

/// (a - za)(b - zb) m 2^-s + zy, |m| < 2^24.
struct Product {
  std::int32_t za = 0, zb = 0, zy = 0, m = 0;
  unsigned s = 1;
};
template <typename Y>
constexpr Y mul(const Product& k, std::int32_t a, std::int32_t b) {
  return clip_to<Y>(rounded(std::int64_t{a - k.za} * (b - k.zb) * k.m, k.s) + k.zy);
}
inline Product product(double f, int za, int zb, int zy) {
  Product k{za, zb, zy, 0, 1};
  if (f == 0) return k;
  k.s = static_cast<unsigned>(std::clamp(22 - std::ilogb(f), 1, 60));
  k.m = static_cast<std::int32_t>(
      std::clamp(std::round(std::ldexp(f, static_cast<int>(k.s))), -0x1.fffffep23, 0x1.fffffep23));
  return k;
}

/// table[d]: exp(-d scale) * 2^23; y = round(e / sum * k / 2^8) + zero, k = 2^8 / scale of y; 15
/// bits behind the point are left of 32.
inline void softmax(unsigned n, std::uint32_t k, std::int32_t zero, const std::int8_t* x,
                    const std::uint32_t* table, std::int8_t* y) {
  int most = -128;
  for (unsigned i = 0; i < n; ++i) most = std::max<int>(most, x[i]);
  std::uint64_t total = 0;
  for (unsigned i = 0; i < n; ++i) total += table[most - x[i]];
  const std::uint64_t r = (std::uint64_t{k} << 31) / total;  // k < 2^24, total >= 2^23
  for (unsigned i = 0; i < n; ++i) {
    const std::uint64_t share = (std::uint64_t{table[most - x[i]]} << 8) * r >> 32;
    y[i] = clip_to<std::int8_t>(rounded(static_cast<std::int64_t>(share), 15) + zero);
  }
}

/// Largest r with r^2 <= v.
constexpr std::uint32_t root(std::uint64_t v) {
  std::uint64_t r = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 31; bit != 0; bit >>= 1) {
    if ((r + bit) * (r + bit) <= v) r += bit;
  }
  return static_cast<std::uint32_t>(r);
}
/// LayerNorm of INT8; the zero point of x does not matter. n <= 2^14. With V = n sum(x^2) - (sum
/// x)^2 + eps, every normalised value is (n x - sum x) / sqrt(V), below 2^7, here with 24 bits
/// behind the point; y = (norm gamma / 2^8 + beta) * 2^-s. Upper halves of products of 32 bits, so
/// |gamma| < 2^31 and what is rounded stays below 2^30.
inline void layernorm(unsigned n, std::uint64_t eps, unsigned s, const std::int8_t* x,
                      const std::int32_t* gamma, const std::int32_t* beta, std::int8_t* y) {
  std::int64_t sum = 0, squares = 0;
  for (unsigned i = 0; i < n; ++i) {
    sum += x[i];
    squares += x[i] * x[i];
  }
  const std::uint64_t v = static_cast<std::uint64_t>(n * squares - sum * sum) + eps;
  const unsigned up = static_cast<unsigned>(std::countl_zero(255 * n)) - 1;
  std::int64_t inverse = 0;  // 2^(62 - half) / sqrt(v)
  unsigned half = 0;
  if (v != 0) {
    half = static_cast<unsigned>(std::countl_zero(v)) / 2;
    const std::uint64_t r = (std::uint64_t{1} << 62) / root(v << (2 * half));
    inverse = static_cast<std::int64_t>(std::min<std::uint64_t>(r, 0x7fffffff));
  }
  const int down = 6 + static_cast<int>(up) - static_cast<int>(half);
  for (unsigned i = 0; i < n; ++i) {
    const std::int64_t apart = (std::int64_t{n} * x[i] - sum) * (std::int64_t{1} << up);
    const std::int64_t wide = apart * inverse >> 32;
    const std::int64_t norm = down >= 0 ? wide >> down : wide * (std::int64_t{1} << -down);
    y[i] = clip_to<std::int8_t>(rounded((norm * gamma[i] >> 32) + beta[i], s));
  }
}

/// x - zero, or zero - x if zero < 0, in two bytes (255 would not fit, -255 does), so that products
/// need no zero point: pattern 0 writes n of the larger
/// parts, again, then the rest and again; 1 parts, rest, parts, rest; 2 parts, rest; 3 x twice.
inline void spread(unsigned n, std::int32_t zero, unsigned pattern, const std::int8_t* x,
                   std::int8_t* y) {
  for (unsigned i = 0; i < n; ++i) {
    const int v = zero < 0 ? zero - x[i] : x[i] - zero;
    const auto high = clip_to<std::int8_t>(v);
    const auto low = static_cast<std::int8_t>(v - high);
    y[i] = high;
    y[n + i] = pattern == 0 || pattern == 3 ? high : low;
    if (pattern > 1) continue;
    y[2 * n + i] = pattern == 0 ? low : high;
    y[3 * n + i] = low;
  }
}

}  // namespace oct::golden::quantised
