// SPDX-License-Identifier: Apache-2.0
// Random jobs for the attention engine with their data, for tests of the model and of the RTL.
// Operands never overlap, scales put results in range most of the time.
#pragma once

#include <cassert>
#include <random>
#include <span>
#include <vector>

#include "engine_desc.hpp"

namespace oct::golden::engine {

/// Bounds of what is drawn. Products of the sizes stay below `work` multiplications.
struct RandomLimits {
  std::uint32_t m = 70, n = 70, k = 200, batch = 3;
  std::uint32_t sq = 40, sk = 200, d = 128, heads = 3;
  std::uint64_t work = 200000;
};

/// Draws jobs into one image of L1; what it places stays until reset().
class RandomJobs {
 public:
  RandomJobs(std::mt19937_64& random, std::span<std::uint8_t> l1, RandomLimits limits = {})
      : random_(random), l1_(l1), limits_(limits) {}

  /// Forgets all operands and fills L1 with noise, so that every byte written shows.
  void reset() {
    next_ = 0;
    for (std::uint8_t& b : l1_) b = static_cast<std::uint8_t>(random_());
  }

  Descriptor gemm() {
    for (;;) {
      const std::uint32_t before = next_;
      Descriptor d;
      if (try_gemm(d)) return d;
      next_ = before;
      shrink();
    }
  }
  Descriptor attention() { return attention_chain(1).front(); }

  /// `parts` jobs along the keys that continue each other; the same for all but their keys.
  std::vector<Descriptor> attention_chain(std::uint32_t parts) {
    for (;;) {
      const std::uint32_t before = next_;
      std::vector<Descriptor> chain(parts);
      if (try_attention(chain)) return chain;
      next_ = before;
      shrink();
    }
  }

  std::uint32_t uniform(std::uint32_t lo, std::uint32_t hi) {
    return std::uniform_int_distribution<std::uint32_t>(lo, hi)(random_);
  }
  bool chance(unsigned percent) { return random_() % 100 < percent; }
  /// Small, a multiple of 16 or 64 and its neighbours, or anything: where machines have seams.
  std::uint32_t size(std::uint32_t most) {
    const std::uint32_t step = chance(50) ? 16 : 64;
    std::uint32_t v = uniform(1, most);
    if (chance(30)) v = uniform(1, std::min(most, 8U));
    if (chance(40)) v = (v + step - 1) / step * step + uniform(0, 2) - 1;
    return std::clamp(v, 1U, most);
  }

 private:
  /// Room for `bytes`; {} counts as full.
  bool place(std::uint64_t bytes, std::uint32_t& addr, std::uint32_t align = 8) {
    if (chance(30)) next_ += 8 * uniform(0, 8);
    next_ = (next_ + align - 1) / align * align;
    if (next_ + bytes > l1_.size()) return false;
    addr = next_;
    next_ += static_cast<std::uint32_t>((bytes + 7) / 8 * 8);
    return true;
  }
  /// Rows of `bytes`, `count` of them, gaps now and then, sometimes from the last to the first.
  bool place_rows(std::uint32_t bytes, std::uint32_t count, std::uint32_t& addr,
                  std::uint32_t& stride) {
    stride = (bytes + 7) / 8 * 8;
    if (chance(40)) stride += 8 * uniform(0, 5);
    if (!place(std::uint64_t{stride} * count, addr)) return false;
    if (chance(15)) {
      addr += (count - 1) * stride;
      stride = 0 - stride;
    }
    return true;
  }
  /// `planes` such matrices, `batch` apart.
  bool place_planes(std::uint32_t bytes, std::uint32_t count, std::uint32_t planes,
                    std::uint32_t& addr, std::uint32_t& stride, std::uint32_t& batch) {
    batch = 8 * uniform(0, 3);
    if (planes == 1) return place_rows(bytes, count, addr, stride);
    stride = (bytes + 7) / 8 * 8;
    const bool interleaved = chance(30);  // row by row instead of plane by plane
    batch = interleaved ? stride : stride * count;
    if (interleaved) stride *= planes;
    return place(std::uint64_t{stride} * count * (interleaved ? 1 : planes), addr);
  }
  void put32(std::uint32_t addr, std::uint32_t v) {
    for (unsigned i = 0; i < 4; ++i) l1_[addr + i] = static_cast<std::uint8_t>(v >> (8 * i));
  }
  /// A scale of about 2^e, sometimes absurd.
  std::uint32_t scale(int e, bool sign) {
    if (chance(4)) return static_cast<std::uint32_t>(random_()) & 0x3fffffff;
    Scale x{static_cast<std::int32_t>(uniform(1U << 22, (1U << 23) - 1)),
            static_cast<unsigned>(std::clamp(23 - e, 0, 63))};
    if (sign && chance(20)) x.m = -x.m;
    return pack_scale(x);
  }
  void shrink() {
    limits_.m = std::max(1U, limits_.m * 7 / 8);
    limits_.n = std::max(1U, limits_.n * 7 / 8);
    limits_.sq = std::max(1U, limits_.sq * 7 / 8);
    limits_.sk = std::max(1U, limits_.sk * 7 / 8);
    limits_.k = std::max(8U, limits_.k * 7 / 8);
  }
  bool try_gemm(Descriptor& desc);
  bool try_attention(std::vector<Descriptor>& chain);

  std::mt19937_64& random_;
  std::span<std::uint8_t> l1_;
  RandomLimits limits_;
  std::uint32_t next_ = 0;
};

inline bool RandomJobs::try_gemm(Descriptor& desc) {
  auto& w = desc.w;
  w[0] = kOpGemm | 1U << 8;
  const std::uint32_t m = size(limits_.m), n = size(limits_.n), k = size(limits_.k);
  const std::uint32_t batch = chance(20) ? uniform(1, limits_.batch) : 1;
  if (std::uint64_t{m} * n * k * batch > limits_.work) return false;
  const bool kn = chance(50), y16 = chance(30), r16 = chance(50), table = chance(25);
  const bool trans = !y16 && chance(25);
  const std::uint32_t residual = chance(50) ? 0 : uniform(1, 2);
  w[4] = kn | trans << 1 | y16 << 2 | r16 << 3 | residual << 4 | table << 6 |
         std::uint32_t{chance(25)} << 7 | std::uint32_t{chance(25)} << 8;
  w[5] = m | n << 16;
  w[6] = k;
  if (chance(15)) {  // every row in pieces
    const std::uint32_t sizes[] = {8, 16, 32, 64, 128, 192};
    const std::uint32_t segment = sizes[uniform(0, 5)], pieces = (k + segment - 1) / segment;
    w[6] |= segment << 16;
    w[8] = segment;
    w[21] = segment * m;
    w[22] = w[21] * pieces;
    if (!place(std::uint64_t{w[22]} * batch, w[7])) return false;
  } else if (!place_planes(k, m, batch, w[7], w[8], w[22])) {
    return false;
  }
  if (!place_planes(kn ? n : k, kn ? k : n, batch, w[9], w[10], w[23])) return false;
  const std::uint32_t y_bytes = trans ? m : n * (y16 ? 2 : 1);
  if (!place_planes(y_bytes, trans ? n : m, batch, w[11], w[12], w[24])) return false;
  if (residual != 0 && !place_planes(n * (r16 ? 2 : 1), m, batch, w[13], w[14], w[25]))
    return false;
  w[26] = (n * 8 + 15) / 16 * 16;
  if (!place(std::uint64_t{w[26]} * batch, w[15], 16)) return false;
  if (!place(std::uint64_t{w[26]} * batch, w[16], 16)) return false;
  if (!place(std::uint64_t{w[26]} * batch / 2, w[17])) return false;
  if (!place(256, w[18])) return false;
  // Accumulators have a deviation of about 5400 sqrt(k); u stands 14 bits below a step.
  const int range = y16 ? 12 : 5, dot = 13 + std::bit_width(k) / 2;
  const int first = table ? 7 : dot;
  for (std::uint32_t i = 0; i < w[26] / 8 * batch; ++i) {
    const std::uint32_t a = w[15] + 8 * i, b = w[16] + 8 * i;
    const int third = residual == 2 ? range - (r16 ? 14 : 6) : 0;
    put32(a, static_cast<std::uint32_t>(static_cast<std::int32_t>(random_()) >> (31 - dot)));
    put32(a + 4, scale((residual == 2 ? 22 : range + 14) - first, true));
    put32(b, scale(residual == 2 ? third - 8 + 14 : range + 14 - (r16 ? 15 : 7), true));
    if (chance(96)) {
      put32(b + 4,
            static_cast<std::uint32_t>(static_cast<std::int32_t>(random_()) >> (31 - range - 14)));
    }
    put32(w[17] + 4 * i, scale(6 + 14 - dot, true));
  }
  const std::uint32_t most = y16 ? 32767 : 127;
  std::int32_t lo = -static_cast<std::int32_t>(most) - 1, hi = static_cast<std::int32_t>(most);
  if (chance(20)) {
    lo += static_cast<std::int32_t>(uniform(0, 2 * most));
    hi = lo + static_cast<std::int32_t>(uniform(0, static_cast<std::uint32_t>(hi - lo)));
  }
  w[19] = (static_cast<std::uint32_t>(lo) & 0xffff) | static_cast<std::uint32_t>(hi) << 16;
  w[20] = batch == 1 ? uniform(0, 1) : batch;
  return true;
}

inline bool RandomJobs::try_attention(std::vector<Descriptor>& chain) {
  const auto parts = static_cast<std::uint32_t>(chain.size());
  auto& w = chain.front().w;
  w[0] = kOpAttn | 1U << 8;
  const std::uint32_t sq = size(limits_.sq), d = size(limits_.d),
                      dv = chance(70) ? d : size(limits_.d);
  const std::uint32_t heads = chance(40) ? uniform(1, limits_.heads) : 1;
  const std::uint32_t group = chance(70) ? uniform(0, 1) : uniform(1, heads);
  const std::uint32_t kv_heads = (heads + std::max(group, 1U) - 1) / std::max(group, 1U);
  const bool causal = chance(40), mask = chance(30);
  w[6] = d | dv << 8 | heads << 16 | group << 24;
  if (!place_planes(d, sq, heads, w[7], w[8], w[20])) return false;
  if (!place_planes(dv, sq, heads, w[13], w[14], w[23])) return false;
  if (!place(std::uint64_t{heads} * 8, w[15])) return false;
  const std::uint32_t state = ((sq + 15) / 16 * 16 * ((dv + 1) / 2 * 8 + 8) + 63) / 64 * 64;
  if (!place(parts > 1 ? std::uint64_t{state} * heads : 0, w[17], chance(50) ? 64 : 8))
    return false;
  w[19] = chance(25) ? uniform(1, 2 * limits_.sk) : 0;
  // Dot products have a deviation of about 5400 sqrt(d); logits of 64 steps an octave.
  const int octaves = static_cast<int>(uniform(0, 10)) - 4;
  for (std::uint32_t h = 0; h < heads; ++h) {
    put32(w[15] + 8 * h, scale(6 + octaves - 13 - std::bit_width(d) / 2, false) & ~(1U << 23));
    put32(w[15] + 8 * h + 4, scale(static_cast<int>(uniform(0, 3)), false) & ~(1U << 23));
  }
  std::uint32_t key0 = 0;
  for (std::uint32_t p = 0; p < parts; ++p) {
    auto& x = chain[p].w;
    if (p > 0) x = w;
    const std::uint32_t sk = size(std::max(1U, limits_.sk / parts));
    if (std::uint64_t{sq} * sk * (d + dv) * heads > limits_.work) return false;
    x[4] = causal | mask << 1 | (p == 0) << 2 | (p + 1 == parts) << 3;
    x[5] = sq | sk << 16;
    if (!place_planes(d, sk, kv_heads, x[9], x[10], x[21])) return false;
    if (!place_planes(sk, dv, kv_heads, x[11], x[12], x[22])) return false;
    if (mask && !place((sk + 63) / 64 * 8, x[16])) return false;
    if (mask && chance(20)) {
      for (std::uint32_t i = 0; i < (sk + 63) / 64 * 8; ++i) l1_[x[16] + i] = 0;
    }
    if (p == 0) w[18] = uniform(0, sk + 2) - (chance(50) ? sk / 2 : 0) + (chance(50) ? 0 : 1U - sq);
    x[18] = w[18] - (p == 0 ? 0 : key0);
    key0 += sk;
  }
  return true;
}

}  // namespace oct::golden::engine
