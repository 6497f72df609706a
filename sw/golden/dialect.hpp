// SPDX-License-Identifier: Apache-2.0
// The integer dialect: what its operators compute, one by one, in whole numbers. Every division
// says which way it rounds. Values are 64 bits wide here; what leaves an operator must fit 32, else
// Overflow. Page: docs/architecture/dialect.md. Kernels: sw/kernels/network_dialect*.c.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace oct::golden::dialect {

using i64 = std::int64_t;

struct Overflow : std::range_error {
  using std::range_error::range_error;
};

inline i64 add(i64 a, i64 b) {
  i64 r = 0;
  if (__builtin_add_overflow(a, b, &r)) throw Overflow("a sum beyond 64 bits");
  return r;
}
inline i64 mul(i64 a, i64 b) {
  i64 r = 0;
  if (__builtin_mul_overflow(a, b, &r)) throw Overflow("a product beyond 64 bits");
  return r;
}
/// A result as it is stored.
inline std::int32_t int32(i64 v) {
  if (v != static_cast<std::int32_t>(v)) {
    throw Overflow("the result " + std::to_string(v) + " does not fit 32 bits");
  }
  return static_cast<std::int32_t>(v);
}

/// Down to the next whole number; b is not 0.
inline i64 floor_div(i64 a, i64 b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
/// Towards 0.
inline i64 trunc_div(i64 a, i64 b) { return a / b; }
/// The largest whole number whose square is not above v >= 0.
inline i64 floor_sqrt(i64 v) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = std::uint64_t{1} << 31; bit != 0; bit >>= 1) {
    const std::uint64_t next = root | bit;
    if (next * next <= static_cast<std::uint64_t>(v)) root = next;
  }
  return static_cast<i64>(root);
}

struct Clip {
  i64 lo = INT32_MIN, hi = INT32_MAX;
  [[nodiscard]] i64 operator()(i64 v) const { return std::clamp(v, lo, hi); }
};

/// floor((x mul + add + div / 2) / div), div = 2^shift.
inline i64 requant_shift(i64 x, i64 m, i64 a, unsigned shift, Clip clip) {
  const i64 half = shift == 0 ? 0 : i64{1} << (shift - 1);
  return clip(dialect::add(dialect::add(mul(x, m), a), half) >> shift);
}

/// x floor((one + L) / 2), L = sign(x) (one - (min(|x|, -b) + b)^2).
inline i64 gelu(i64 x, i64 b, i64 one) {
  const i64 q = std::min(std::abs(x), -b) + b;
  const i64 sign = (x > 0) - (x < 0);
  return mul(x, floor_div(one + sign * (one - mul(q, q)), 2));
}

/// x clip(x + three, 0, six) one_over_six
inline i64 hardswish(i64 x, i64 one_over_six, i64 three, i64 six) {
  return mul(x, mul(std::clamp<i64>(x + three, 0, six), one_over_six));
}

/// floor(((x w + bias) m) / d)
inline i64 nonorm(i64 x, i64 w, i64 bias, i64 m, i64 d, Clip clip) {
  return clip(floor_div(mul(dialect::add(mul(x, w), bias), m), d));
}

/// The factor that TrueIntegerDiv multiplies by.
inline i64 true_div_factor(i64 delta, i64 eta, i64 eps, i64 y) {
  return floor_div(mul(delta, eta), dialect::add(mul(y, eta), eps));
}

/// floor(sum / n + 1 / 2)
inline i64 mean(i64 sum, i64 n) { return floor_div(dialect::add(mul(2, sum), n), 2 * n); }

// ---- Rows --------------------------------------------------------------------------------------

inline i64 largest(std::span<const i64> x) { return *std::max_element(x.begin(), x.end()); }
inline i64 shifted(i64 v, i64 by) { return v >> std::min<i64>(by, 63); }

struct Softmax {
  i64 a = 1, b = 0, c = 0, log2 = 1, levels = 256;
};
/// x' = x - max; z = floor(-x' / log2); p = x' + z log2; e = (a (p + b)^2 + c) >> z;
/// y = floor(e (levels - 1) / sum(e)), 0 where nothing is left of the sum.
inline void softmax(const Softmax& k, std::span<const i64> x, std::span<i64> y) {
  const i64 top = largest(x);
  i64 sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const i64 d = x[i] - top, z = floor_div(-d, k.log2), p = d + z * k.log2 + k.b;
    y[i] = shifted(dialect::add(mul(k.a, mul(p, p)), k.c), z);
    sum = dialect::add(sum, y[i]);
  }
  for (i64& e : y) e = sum <= 0 ? 0 : floor_div(mul(e, k.levels - 1), sum);
}

/// Steps of 32 below the largest one are halves: s = floor((max - x + 16) / 32).
inline i64 ita_shift(i64 max, i64 x) { return (max - x + 16) >> 5; }

inline void ita_max(i64 levels, std::span<const i64> x, std::span<i64> y) {
  const i64 top = largest(x);
  i64 sum = 0;
  for (const i64 v : x) sum += shifted(256, ita_shift(top, v));
  const i64 inverse = sum == 0 ? 0 : floor_div(mul(levels - 1, 256), sum);
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = shifted(inverse, ita_shift(top, x[i]));
}

/// Maximum and sum grow by groups of columns; a maximum that rises shifts the sum so far.
inline void ita_partial_max(i64 levels, std::size_t group, std::span<const i64> x,
                            std::span<i64> y) {
  i64 top = -128, sum = 0;
  for (std::size_t from = 0; from < x.size(); from += group) {
    const auto part = x.subspan(from, std::min(group, x.size() - from));
    const i64 now = largest(part);
    if (now > top) {
      sum = shifted(sum, ita_shift(now, top));
      top = now;
    }
    for (const i64 v : part) sum += shifted(256, ita_shift(top, v));
  }
  const i64 inverse = sum == 0 ? 0 : floor_div(mul(floor_div(levels, 2) - 1, 256), sum);
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = shifted(inverse, ita_shift(top, x[i]));
}

/// mu = trunc(sum x / n); v = floor(sum (x - mu)^2 / n) + 1; sigma = floor(sqrt(v));
/// y = floor((trunc((x - mu) w / sigma) + bias) / d)
inline void layernorm(std::span<const i64> x, const std::int32_t* w, const std::int32_t* bias,
                      i64 d, Clip clip, std::span<i64> y) {
  const auto n = static_cast<i64>(x.size());
  i64 sum = 0, squares = 0;
  for (const i64 v : x) sum = dialect::add(sum, v);
  const i64 mu = trunc_div(sum, n);
  for (const i64 v : x) squares = dialect::add(squares, mul(v - mu, v - mu));
  const i64 sigma = floor_sqrt(squares / n + 1);
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = clip(floor_div(dialect::add(trunc_div(mul(x[i] - mu, w[i]), sigma), bias[i]), d));
  }
}

/// sigma = floor(sqrt(floor(sum x^2 / n) + 1)); y = floor(trunc(x w / sigma) / d)
inline void rmsnorm(std::span<const i64> x, const std::int32_t* w, i64 d, Clip clip,
                    std::span<i64> y) {
  i64 squares = 0;
  for (const i64 v : x) squares = dialect::add(squares, mul(v, v));
  const i64 sigma = floor_sqrt(squares / static_cast<i64>(x.size()) + 1);
  for (std::size_t i = 0; i < x.size(); ++i) {
    y[i] = clip(floor_div(trunc_div(mul(x[i], w[i]), sigma), d));
  }
}

}  // namespace oct::golden::dialect
