// SPDX-License-Identifier: Apache-2.0
// Bit-exact meaning of the kernels of networks (sw/kernels/oct_network.h), row by row. Rounding is
// to nearest, ties towards +infinity. X, Y, A, B: std::int8_t, std::int16_t, std::int32_t.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "engine_math.hpp"
#include "kernels.hpp"

namespace oct::golden::net {

using engine::Scale;

/// What a scale word of a kernel may hold: m * 2^-s with 13 <= s <= 47.
inline constexpr unsigned kMinShift = 13, kMaxShift = 47;

template <typename Y>
constexpr Y clip_to(std::int64_t v) {
  return static_cast<Y>(
      std::clamp<std::int64_t>(v, std::numeric_limits<Y>::min(), std::numeric_limits<Y>::max()));
}

/// v * m * 2^-s; |v| <= 2^31.
template <typename Y>
constexpr Y scaled(std::int64_t v, Scale k) {
  assert(k.s >= kMinShift && k.s <= kMaxShift);
  return clip_to<Y>(engine::rs(v * k.m, k.s));
}

/// The word for a factor: mantissa in [2^22, 2^23), less for factors below 2^-25. Factors beyond
/// +-2^10 do not fit.
inline std::uint32_t scale_word(double factor) {
  int exponent = 0;
  (void)std::frexp(factor, &exponent);
  int s = std::min(23 - exponent, static_cast<int>(kMaxShift));
  auto m = std::llround(std::ldexp(factor, s));
  if (std::abs(m) == 1 << 23) {
    m /= 2;
    --s;
  }
  if (m == 0) s = kMaxShift;
  assert(s >= static_cast<int>(kMinShift));
  return engine::pack_scale({static_cast<std::int32_t>(m), static_cast<unsigned>(s)});
}

// ---- Element by element ------------------------------------------------------------------------

/// (a * m1 + b * m2) * 2^-s, arq = oct_arq_param(m1, m2, s).
template <typename Y>
constexpr Y add(std::int32_t a, std::int32_t b, std::uint32_t arq) {
  return static_cast<Y>(add_requantize<8 * sizeof(Y)>(a, b, arq));
}
template <typename Y>
constexpr Y mul(std::int32_t a, std::int32_t b, Scale k) {
  return scaled<Y>(std::int64_t{a} * b, k);
}
/// (x * gamma + beta * 2^k) * 2^-shift, k = 8 for INT8, 15 for INT16; 2 <= shift <= 30.
template <typename Y>
constexpr Y affine(std::int32_t x, std::int16_t gamma, std::int16_t beta, unsigned shift) {
  constexpr int kBeta = sizeof(Y) == 1 ? 8 : 15;
  return clip_to<Y>(engine::rs(std::int64_t{x} * gamma + beta * (std::int64_t{1} << kBeta), shift));
}
/// Linear between 513 entries at x = -32768, -32640, ..., 32768; kDrop more fraction bits go.
template <typename Y>
constexpr Y table_i16(std::int16_t x, const std::int16_t* table) {
  constexpr unsigned kDrop = sizeof(Y) == 1 ? 8 : 0;
  const int i = (x >> 7) + 256, f = x & 127;
  return clip_to<Y>(engine::rs(table[i] * (128 - f) + table[i + 1] * f, 7 + kDrop));
}

/// The arq word for a * fa + b * fb with |fa|, |fb| < 4095: multipliers as large as 13 bits allow.
inline std::uint32_t add_word(double fa, double fb) {
  const double most = std::max(std::abs(fa), std::abs(fb));
  int shift = 31;
  while (shift > 0 && std::ldexp(most, shift) > 4095) --shift;
  const auto m = [&](double f) {
    return static_cast<std::uint32_t>(std::lround(std::ldexp(f, shift))) & 0x1fffU;
  };
  return static_cast<std::uint32_t>(shift) << 26 | m(fb) << 13 | m(fa);
}

// ---- Norms -------------------------------------------------------------------------------------
// LayerNorm as kernels.hpp has it; INT16 results are clip16((n_i gamma_i + beta_i 2^15) / 2^13).
// RMSNorm: V = n Q + eps with Q = sum over pairs of ((x_2i^2 + x_2i+1^2) >> 2 pre), no mean, no
// beta.

struct Norm {
  unsigned n = 0, pre = 0, frac = 0;  // pre is 0 for INT8
  std::uint64_t eps = 0;
};

/// The least `pre` of rows of n INT16 values: the sum of squares stays below 2^32 even where every
/// value is -32768.
constexpr unsigned norm_pre(std::uint64_t n) {
  unsigned pre = 0;
  while (n >> 2 >> 2 * pre != 0) ++pre;
  return pre;
}

template <typename X, typename Y>
void apply_norm(const Norm& p, const Normalizer& k, const X* x, const std::int16_t* gamma,
                const std::int16_t* beta, Y* y) {
  constexpr unsigned kShift = sizeof(Y) == 1 ? 15 : 13;
  constexpr int kWide = sizeof(X) == 1 ? 256 : 1;
  for (unsigned i = 0; i < p.n; ++i) {
    const auto norm =
        clip_to<std::int16_t>(ml::round_shift(x[i] * kWide * k.m - (k.offset << k.j), k.shift));
    y[i] = affine<Y>(norm, gamma[i], beta == nullptr ? std::int16_t{0} : beta[i], kShift);
  }
}

template <typename X, typename Y>
void layernorm(const Norm& p, const X* x, const std::int16_t* gamma, const std::int16_t* beta,
               Y* y) {
  constexpr bool kByte = sizeof(X) == 1;
  std::int64_t total = 0, sum = 0;
  std::uint64_t squares = 0;
  for (unsigned i = 0; i < p.n; ++i) {
    const std::int64_t u = kByte ? x[i] : x[i] >> p.pre;
    total += kByte ? x[i] * 256 : x[i];
    sum += u;
    squares += static_cast<std::uint64_t>(u * u);
  }
  assert(squares < std::uint64_t{1} << 32);
  const LayerNorm q{p.n, p.pre, p.frac, p.eps, {}, {}};
  const Normalizer k = normalizer(q, total, sum, squares, kByte ? 8 : p.pre);
  apply_norm(p, k, x, gamma, beta, y);
}

template <typename X, typename Y>
void rmsnorm(const Norm& p, const X* x, const std::int16_t* gamma, Y* y) {
  constexpr bool kByte = sizeof(X) == 1;
  std::uint64_t squares = 0;
  for (unsigned i = 0; i < p.n; i += 2) {
    const std::uint64_t a = static_cast<std::uint64_t>(std::int64_t{x[i]} * x[i]);
    const std::uint64_t b =
        i + 1 < p.n ? static_cast<std::uint64_t>(std::int64_t{x[i + 1]} * x[i + 1]) : 0;
    squares += (a + b) >> (kByte ? 0 : 2 * p.pre);
  }
  assert(squares < std::uint64_t{1} << 32);
  const LayerNorm q{p.n, p.pre, p.frac, p.eps, {}, {}};
  apply_norm(p, normalizer(q, 0, 0, squares, kByte ? 8 : p.pre), x, gamma, nullptr, y);
}

// ---- Softmax over a row, with the engine's exponential -----------------------------------------

/// engine::kExp2Table, as the constant operand of the kernel.
inline std::array<std::int16_t, 64> softmax_table() {
  std::array<std::int16_t, 64> t{};
  std::transform(engine::kExp2Table.begin(), engine::kExp2Table.end(), t.begin(),
                 [](std::uint16_t v) { return static_cast<std::int16_t>(v); });
  return t;
}

/// l = clip16(x * scale in): logits in units of log2, Q9.6; y = clip8(2^l / sum * scale out).
/// Both scales: m >= 0.
template <typename X>
void softmax(unsigned n, Scale in, Scale out, const X* x, std::int8_t* y) {
  assert(in.m >= 0 && out.m >= 0);
  const auto logit = [&](X v) { return int{scaled<std::int16_t>(v, in)}; };
  int max = -512;
  for (unsigned i = 0; i < n; ++i) max = std::max(max, engine::ceiling(logit(x[i])));
  std::uint64_t sum = 0;
  for (unsigned i = 0; i < n; ++i) sum += engine::exponential(max, logit(x[i]));
  const int e = std::bit_width(sum) - 1;  // 19 or more
  const std::uint64_t norm = e >= 23 ? sum >> (e - 23) : sum << (23 - e);
  const auto r = static_cast<std::int64_t>((static_cast<std::uint64_t>(out.m) << 23) / norm);
  for (unsigned i = 0; i < n; ++i) {
    y[i] = clip_to<std::int8_t>(
        engine::rs(engine::exponential(max, logit(x[i])) * r, out.s + static_cast<unsigned>(e)));
  }
}

// ---- Rotary embedding --------------------------------------------------------------------------

/// n elements are heads of d, of each of which the first r are turned: by pairs (2i, 2i + 1) if
/// interleaved, else (i, i + r/2). cs: r/2 cosines, r/2 sines, Q14; k contains the 2^-14.
template <typename X, typename Y>
void rotary(unsigned n, unsigned d, unsigned r, bool interleaved, Scale k, const X* x,
            const std::int16_t* cs, Y* y) {
  for (unsigned head = 0; head < n; head += d) {
    for (unsigned i = 0; i < r / 2; ++i) {
      const unsigned i0 = head + (interleaved ? 2 * i : i);
      const unsigned i1 = i0 + (interleaved ? 1 : r / 2);
      const std::int64_t a = x[i0], b = x[i1], c = cs[i], s = cs[r / 2 + i];
      y[i0] = scaled<Y>(a * c - b * s, k);
      y[i1] = scaled<Y>(b * c + a * s, k);
    }
    for (unsigned i = head + r; i < head + d; ++i) y[i] = scaled<Y>(std::int64_t{x[i]} << 14, k);
  }
}

/// The same with `pad` zeros behind each head.
template <typename X, typename Y>
void turn(unsigned n, unsigned d, unsigned r, bool interleaved, Scale k, unsigned pad, const X* x,
          const std::int16_t* cs, Y* y) {
  for (unsigned head = 0; head < n / d; ++head, x += d, y += d + pad) {
    rotary(d, d, r, interleaved, k, x, cs, y);
    std::fill_n(y + d, pad, Y{0});
  }
}

// ---- Kernels that see all rows -----------------------------------------------------------------

/// Rows of T that start `stride` bytes apart.
template <typename T>
struct Plane {
  T* base;
  std::int64_t stride;
  T* row(std::int64_t i) const {
    using Byte = std::conditional_t<std::is_const_v<T>, const std::uint8_t, std::uint8_t>;
    return reinterpret_cast<T*>(reinterpret_cast<Byte*>(base) + i * stride);
  }
};

/// Bit j is set if the low word of mask[j] is not 0; ceil(n / 64) * 8 bytes are written.
inline void key_mask(unsigned n, const std::int64_t* mask, std::uint8_t* bits) {
  std::fill_n(bits, (n + 63) / 64 * 8, std::uint8_t{0});
  for (unsigned j = 0; j < n; ++j) {
    if (static_cast<std::uint32_t>(mask[j]) != 0) bits[j / 8] |= std::uint8_t{1} << j % 8;
  }
}

template <typename T>
void transpose(unsigned rows, unsigned n, Plane<const T> x, Plane<T> y) {
  for (unsigned i = 0; i < rows; ++i)
    for (unsigned j = 0; j < n; ++j) y.row(j)[i] = x.row(i)[j];
}

/// Over the rows; k contains 1 / rows. rows <= 65535.
template <typename X, typename Y>
void mean(unsigned rows, unsigned n, Scale k, Plane<const X> x, Y* y) {
  for (unsigned j = 0; j < n; ++j) {
    std::int64_t sum = 0;
    for (unsigned i = 0; i < rows; ++i) sum += x.row(i)[j];
    y[j] = scaled<Y>(sum, k);
  }
}

/// Two-dimensional pooling; a pixel is a row of n channels. Its args, in this order.
struct Pool {
  std::int32_t n, h, w, kh, kw, sh, sw, top, left, oh, ow;
};

/// f(output pixel, n-th input pixel of the window) for what is inside the image, then g(output
/// pixel, number of those).
template <typename F, typename G>
void for_windows(const Pool& p, F f, G g) {
  for (std::int32_t oy = 0; oy < p.oh; ++oy) {
    for (std::int32_t ox = 0; ox < p.ow; ++ox) {
      const std::int32_t y0 = oy * p.sh - p.top, x0 = ox * p.sw - p.left;
      const std::int32_t ya = std::max(y0, 0), yb = std::min(y0 + p.kh, p.h);
      const std::int32_t xa = std::max(x0, 0), xb = std::min(x0 + p.kw, p.w);
      for (std::int32_t iy = ya; iy < yb; ++iy)
        for (std::int32_t ix = xa; ix < xb; ++ix) f(iy * p.w + ix);
      g(oy * p.ow + ox, std::max(yb - ya, 0) * std::max(xb - xa, 0));
    }
  }
}

/// A window without any pixel gives the smallest value.
template <typename T>
void maxpool(const Pool& p, Plane<const T> x, Plane<T> y) {
  for (std::int32_t c = 0; c < p.n; ++c) {
    T best = std::numeric_limits<T>::min();
    for_windows(
        p, [&](std::int32_t pixel) { best = std::max(best, x.row(pixel)[c]); },
        [&](std::int32_t pixel, std::int32_t) {
          y.row(pixel)[c] = best;
          best = std::numeric_limits<T>::min();
        });
  }
}

/// k contains 1 / (kh kw); m >= 0. Without `padding`, what lies outside is left out of the count:
/// m grows by kh kw / count, rounded, and is halved, rounded, until it is below 2^23 (so s is to be
/// 21 or more). kh kw <= 255; a window without any pixel gives 0.
template <typename X, typename Y>
void avgpool(const Pool& p, bool padding, Scale k, Plane<const X> x, Plane<Y> y) {
  const std::int32_t full = p.kh * p.kw;
  assert(k.m >= 0 && full <= 255);
  for (std::int32_t c = 0; c < p.n; ++c) {
    std::int64_t sum = 0;
    for_windows(
        p, [&](std::int32_t pixel) { sum += x.row(pixel)[c]; },
        [&](std::int32_t pixel, std::int32_t count) {
          Scale part = k;
          if (!padding && count != 0 && count != full) {
            part.m = static_cast<std::int32_t>((std::int64_t{k.m} * full + count / 2) / count);
            for (; part.m >= 1 << 23; --part.s) part.m = (part.m + 1) >> 1;
          }
          y.row(pixel)[c] = scaled<Y>(sum, part);
          sum = 0;
        });
  }
}

}  // namespace oct::golden::net
