// SPDX-License-Identifier: Apache-2.0
// The attention engine a second time, element by element from the words of the descriptor and the
// page alone: it shares nothing with engine.hpp, uses exact quotients instead of shifts, and knows
// no speed. Only for tests.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace reference {

using Wide = __int128;
using Words = std::vector<std::uint32_t>;  // w0..w31
using Bytes = std::vector<std::uint8_t>;

/// floor(a / 2^s).
inline Wide floor_div(Wide a, unsigned s) {
  const Wide d = Wide{1} << s;
  Wide q = a / d;
  if (q * d > a) --q;
  return q;
}
/// Nearest integer to a / 2^s, halves upwards: floor((2 a + 2^s) / 2^(s+1)).
inline Wide nearest(Wide a, unsigned s) { return floor_div(2 * a + (Wide{1} << s), s + 1); }
inline Wide limit(Wide v, Wide lo, Wide hi) { return v > hi ? hi : v < lo ? lo : v; }
inline Wide limit32(Wide v) { return limit(v, -Wide{2147483648LL}, Wide{2147483647LL}); }

inline std::int64_t mantissa(std::uint32_t word) {
  const std::int64_t m = word % 16777216;
  return m >= 8388608 ? m - 16777216 : m;
}
inline unsigned shift(std::uint32_t word) { return word / 16777216 % 64; }

/// Little-endian, signed.
inline std::int64_t get(const Bytes& l1, std::uint32_t addr, unsigned bytes) {
  std::int64_t v = 0;
  for (unsigned i = 0; i < bytes; ++i) v += std::int64_t{l1.at(addr + i)} << (8 * i);
  return v >= std::int64_t{1} << (8 * bytes - 1) ? v - (std::int64_t{1} << (8 * bytes)) : v;
}
inline void put(Bytes& l1, std::uint32_t addr, unsigned bytes, std::int64_t v) {
  for (unsigned i = 0; i < bytes; ++i) l1.at(addr + i) = static_cast<std::uint8_t>(v >> (8 * i));
}

/// One element of the epilogue.
inline Wide finish(const Bytes& l1, const Words& w, std::uint32_t batch, std::uint32_t i,
                   std::uint32_t n, Wide acc) {
  const std::uint32_t flags = w[4];
  const unsigned residual = flags / 16 % 4;
  const bool table = flags / 64 % 2 == 1, relu = flags / 128 % 2 == 1;
  const bool plane_b = residual != 0 || flags / 256 % 2 == 1;
  const std::uint32_t a = w[15] + batch * w[26] + 8 * n, b = w[16] + batch * w[26] + 8 * n;
  const auto half = static_cast<std::uint32_t>(static_cast<std::int32_t>(w[26]) / 2);
  Wide t = acc + get(l1, a, 4);
  if (table) {
    const auto scale = static_cast<std::uint32_t>(get(l1, w[17] + batch * half + 4 * n, 4));
    const Wide x = limit32(nearest(t * mantissa(scale), shift(scale)));
    const auto index = static_cast<std::int64_t>(limit(nearest(x, 14), -128, 127));
    t = get(l1, w[18] + static_cast<std::uint32_t>(index + 128), 1);
  }
  const auto scale1 = static_cast<std::uint32_t>(get(l1, a + 4, 4));
  Wide u = limit32(nearest(t * mantissa(scale1), shift(scale1)));
  if (relu && u < 0) u = 0;
  if (residual != 0) {
    const bool r16 = flags / 8 % 2 == 1;
    const std::uint32_t row = w[13] + batch * w[25] + i * w[14];
    const Wide r = get(l1, row + n * (r16 ? 2 : 1), r16 ? 2 : 1);
    const auto scale2 = static_cast<std::uint32_t>(get(l1, b, 4));
    if (residual == 1) u += limit32(nearest(r * mantissa(scale2), shift(scale2)));
    if (residual == 2) u = limit32(nearest(limit(u, -8388608, 8388607) * r, shift(scale2)));
  }
  if (plane_b) u += get(l1, b + 4, 4);
  const auto lo = static_cast<std::int16_t>(w[19] % 65536);
  const auto hi = static_cast<std::int16_t>(w[19] / 65536);
  return limit(nearest(u, 14), lo, hi);
}

/// C into a copy of l1; everything is read from l1 as it was.
inline Bytes gemm(const Bytes& l1, const Words& w) {
  Bytes out = l1;
  const bool kn = w[4] % 2 == 1, trans = w[4] / 2 % 2 == 1, y16 = w[4] / 4 % 2 == 1;
  const std::uint32_t rows = w[5] % 65536, cols = w[5] / 65536, inner = w[6] % 65536;
  const std::uint32_t segment = w[6] / 65536, batches = w[20] == 0 ? 1 : w[20];
  for (std::uint32_t p = 0; p < batches; ++p) {
    for (std::uint32_t i = 0; i < rows; ++i) {
      for (std::uint32_t n = 0; n < cols; ++n) {
        Wide acc = 0;
        for (std::uint32_t k = 0; k < inner; ++k) {
          std::uint32_t from = w[7] + p * w[22] + i * w[8];
          from += segment == 0 ? k : k / segment * w[21] + k % segment;
          const std::uint32_t b = w[9] + p * w[23] + (kn ? k * w[10] + n : n * w[10] + k);
          acc += get(l1, from, 1) * get(l1, b, 1);
        }
        const Wide y = finish(l1, w, p, i, n, acc);
        const std::uint32_t to =
            w[11] + p * w[24] + (trans ? n * w[12] + i : i * w[12] + n * (y16 ? 2 : 1));
        put(out, to, y16 ? 2 : 1, static_cast<std::int64_t>(y));
      }
    }
  }
  return out;
}

/// Head h, query i, key j: dot product, and whether the key is seen.
inline std::int64_t dot(const Bytes& l1, const Words& w, std::uint32_t h, std::uint32_t i,
                        std::uint32_t j) {
  const std::uint32_t group = w[6] >> 24 == 0 ? 1 : w[6] >> 24;
  std::int64_t sum = 0;
  for (std::uint32_t c = 0; c < w[6] % 256; ++c) {
    sum += get(l1, w[7] + h * w[20] + i * w[8] + c, 1) *
           get(l1, w[9] + h / group * w[21] + j * w[10] + c, 1);
  }
  return sum;
}
inline bool seen(const Bytes& l1, const Words& w, std::uint32_t i, std::uint32_t j) {
  const std::int64_t last = std::int64_t{i} + static_cast<std::int32_t>(w[18]);
  const std::int64_t window = w[19] % 65536;
  bool yes = true;
  if (w[4] % 2 == 1 && j > last) yes = false;
  if (window != 0 && std::int64_t{j} + window <= last) yes = false;
  if (w[4] / 2 % 2 == 1 && l1.at(w[16] + j / 8) / (1U << (j % 8)) % 2 == 0) yes = false;
  return yes;
}

struct Row {
  std::int64_t max = -512;
  Wide sum = 0;
  std::vector<Wide> acc;
};

/// The keys of one job for one query, tile by tile.
inline void add_keys(Row& row, const Bytes& l1, const Words& w, std::uint32_t h, std::uint32_t i) {
  const std::uint32_t keys = w[5] / 65536, group = w[6] >> 24 == 0 ? 1 : w[6] >> 24;
  const auto scale = static_cast<std::uint32_t>(get(l1, w[15] + 8 * h, 4));
  for (std::uint32_t first = 0; first < keys; first += 64) {
    std::vector<std::int64_t> logits;
    std::int64_t max = row.max;
    for (std::uint32_t j = first; j < keys && j < first + 64; ++j) {
      std::int64_t l = -32768;
      if (seen(l1, w, i, j)) {
        const Wide x = nearest(Wide{dot(l1, w, h, i, j)} * mantissa(scale), shift(scale));
        l = static_cast<std::int64_t>(limit(x, -32767, 32767));
        max = std::max(max, static_cast<std::int64_t>(std::ceil(static_cast<double>(l) / 64)));
      }
      logits.push_back(l);
    }
    const unsigned grown = max - row.max > 31 ? 31 : static_cast<unsigned>(max - row.max);
    row.max = max;
    row.sum = floor_div(row.sum, grown);
    for (Wide& a : row.acc) a = floor_div(a, grown);
    for (std::size_t x = 0; x < logits.size(); ++x) {
      if (logits[x] == -32768) continue;
      const std::int64_t below = 64 * max - logits[x];
      const auto whole = static_cast<unsigned>(below / 64);
      const double root = std::floor(65536 * std::exp2(-static_cast<double>(below % 64) / 64) + .5);
      const Wide e =
          whole >= 20 ? 0 : floor_div(16 * static_cast<Wide>(std::min(65535.0, root)), whole);
      row.sum += e;
      const Wide p = limit(nearest(e, 12), 0, 255);
      for (std::uint32_t c = 0; c < row.acc.size(); ++c) {
        const std::uint32_t v = w[11] + h / group * w[22] + c * w[12];
        row.acc[c] += p * get(l1, v + first + static_cast<std::uint32_t>(x), 1);
      }
    }
  }
}

/// mo/so over the sum, the page's normalisation.
inline std::int64_t output(const Row& row, std::uint32_t c, std::uint32_t scale) {
  if (row.sum == 0) return 0;
  int e = 0;
  while (row.sum >> (e + 1) != 0) ++e;
  const Wide n = e > 23 ? row.sum >> (e - 23) : row.sum << (23 - e);
  const Wide r = Wide{mantissa(scale)} * 8388608 / n;
  const Wide s = limit(static_cast<int>(shift(scale)) + e - 26, 0, 63);
  const Wide u = limit32(nearest(row.acc[c] * r, static_cast<unsigned>(s)));
  return static_cast<std::int64_t>(limit(nearest(u, 14), -128, 127));
}

/// O of a chain of jobs that continue each other (or of one with both flags).
inline Bytes attention(const Bytes& l1, const std::vector<Words>& chain) {
  Bytes out = l1;
  const Words& w = chain.back();
  for (std::uint32_t h = 0; h < w[6] / 65536 % 256; ++h) {
    for (std::uint32_t i = 0; i < w[5] % 65536; ++i) {
      Row row;
      row.acc.resize(w[6] / 256 % 256);
      for (const Words& part : chain) add_keys(row, l1, part, h, i);
      for (std::uint32_t c = 0; c < row.acc.size(); ++c) {
        const auto scale = static_cast<std::uint32_t>(get(l1, w[15] + 8 * h + 4, 4));
        put(out, w[13] + h * w[23] + i * w[14] + c, 1, output(row, c, scale));
      }
    }
  }
  return out;
}

}  // namespace reference
