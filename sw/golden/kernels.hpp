// SPDX-License-Identifier: Apache-2.0
// Bit-exact meaning of sw/kernels: matrix product, residual add, LayerNorm. Rounding everywhere is
// to nearest, ties towards +infinity, unless said otherwise.
#pragma once

#include <cassert>
#include <cstdint>
#include <span>

#include "ml_ext.hpp"

namespace oct::golden {

/// sum + bias, times scale, in 8 bits: what oct.rq.b does with a parameter word.
constexpr std::int8_t requantize(std::uint32_t sum, std::uint32_t rq_param) {
  return static_cast<std::int8_t>(ml::rq<8>(sum, rq_param, 0, 0));
}

/// Row i of A times row j of B transposed, modulo 2^32.
constexpr std::int32_t dot(std::span<const std::int8_t> a, std::span<const std::int8_t> b) {
  std::uint32_t sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += static_cast<std::uint32_t>(a[k] * b[k]);
  return static_cast<std::int32_t>(sum);
}

/// One element of a residual add: clip_W((a * m1 + b * m2) / 2^s).
template <unsigned W>
constexpr std::int32_t add_requantize(std::int32_t a, std::int32_t b, std::uint32_t arq) {
  const std::int64_t v = a * ml::sext(arq, 13) + b * ml::sext(arq >> 13, 13);
  return static_cast<std::int32_t>(ml::clip<W>(ml::round_shift(v, arq >> 26 & 31)));
}

// ---- LayerNorm ---------------------------------------------------------------------------------
// x: INT16, or INT8 times 256; n <= 4095. With x' = x >> pre, S = sum x', Q = sum x'^2 (Q < 2^32),
// V = n Q - S^2 + eps, sigma = sqrt(V) / n * 2^pre, mean = sum x / n:
//   n_i = clip16(((x_i - mean) / sigma) * 2^frac), as (x_i m - o 2^j) / 2^shift with a 12-bit m, a
//         16-bit o and j such that the offset is good to 2^-16 of itself or exact;
//   y_i = clip8((n_i gamma_i + beta_i 2^8) / 2^15).

struct LayerNorm {
  unsigned n, pre, frac;
  std::uint64_t eps;
  std::span<const std::int16_t> gamma, beta;
};

struct Normalizer {
  std::int64_t m, offset;
  unsigned j, shift;
};

/// 2^31 / sqrt(v / 2^30), v in [2^30, 2^32): 1.10317 - v / 6, then y (3 - v y^2) / 2 three times,
/// every product cut (not rounded) to Q30 or Q31.
constexpr std::uint32_t rsqrt_q31(std::uint32_t v) {
  std::uint64_t y = 2369039536U - (std::uint64_t{v} * 1431655765U >> 32);
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t vy2 = v * (y * y >> 32) >> 30;
    y = y * (3 * (std::uint64_t{1} << 30) - vy2) >> 31;
  }
  return static_cast<std::uint32_t>(y);
}

/// `total` is the sum of x, the others are of x >> pre.
constexpr Normalizer normalizer(const LayerNorm& p, std::int64_t total, std::int64_t sum,
                                std::uint64_t squares, unsigned pre) {
  std::uint64_t var = p.n * squares - static_cast<std::uint64_t>(sum * sum) + p.eps;
  if (var == 0) var = 1;
  const int up = std::countl_zero(var) & ~1;
  const std::uint64_t scale =
      std::uint64_t{rsqrt_q31(static_cast<std::uint32_t>(var << up >> 32))} * p.n;
  const int drop = 52 - std::countl_zero(scale);
  std::int64_t m = static_cast<std::int64_t>(((scale >> (drop - 1)) + 1) >> 1);
  int shift = 62 - up / 2 - drop - static_cast<int>(p.frac) + static_cast<int>(pre);
  if (m == 4096) {
    m = 2048;
    --shift;
  }
  if (shift > 31) {
    m = 0;
    shift = 31;
  }  // sigma beyond all bounds: n = 0
  if (shift < 0) {
    m = 4095;
    shift = 0;
  }  // sigma below 2^-frac: as steep as can be
  // Mean in sixteenths, cut towards zero.
  const std::int64_t mean = total * 16 / static_cast<std::int64_t>(p.n);
  const std::int64_t t = mean * m;
  // The smallest j for which t / 2^(j + 4) fits 16 bits by its magnitude's leading zeros.
  unsigned j = 0;
  while (t >= (std::int64_t{1} << (19 + j)) || t < -(std::int64_t{1} << (19 + j))) ++j;
  std::int64_t o = ml::round_shift(t, j + 4);
  if (o > 32767) o = 32767;
  return {m, o, j, static_cast<unsigned>(shift)};
}

/// One row; x as INT16 values (INT8 inputs times 256, with pre = 8 and exact sums).
inline void layernorm_row(const LayerNorm& p, std::span<const std::int16_t> x, bool from_int8,
                          std::span<std::int8_t> y) {
  assert(x.size() == p.n && y.size() == p.n);
  const unsigned pre = from_int8 ? 8 : p.pre;
  std::int64_t total = 0, sum = 0;
  std::uint64_t squares = 0;
  for (const std::int16_t v : x) {
    const std::int64_t u = v >> pre;
    total += v;
    sum += u;
    squares += static_cast<std::uint64_t>(u * u);
  }
  assert(squares < std::uint64_t{1} << 32);
  const Normalizer k = normalizer(p, total, sum, squares, pre);
  for (unsigned i = 0; i < p.n; ++i) {
    const std::int64_t norm =
        ml::clip<16>(ml::round_shift(x[i] * k.m - (k.offset << k.j), k.shift));
    y[i] = static_cast<std::int8_t>(
        ml::clip<8>(ml::round_shift(norm * p.gamma[i] + p.beta[i] * 256, 15)));
  }
}

}  // namespace oct::golden
