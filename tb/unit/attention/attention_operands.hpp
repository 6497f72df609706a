// SPDX-License-Identifier: Apache-2.0
// Jobs of given shapes with dense operands and noise in them, for the tests of the whole engine.
#pragma once

#include <bit>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>

#include "attention_bench.hpp"

namespace attention {
using golden::Descriptor;

/// A GEMM with dense operands: A [M][K], B [N][K] or [K][N], C [M][N].
struct Dense {
  u32 m, n, k;
  bool kn = false, trans = false, y16 = false;
  u32 residual = 0;
  bool table = false;
  u32 bytes = 0;

  Descriptor place(Bench& b, bool noise = true) {
    const auto up = [](u32 v) { return (v + 7) / 8 * 8; };
    u32 next = 0;
    const auto room = [&](u32 size) {
      const u32 at = next;
      next += up(size);
      return at;
    };
    Descriptor d;
    auto& w = d.w;
    w[0] = golden::kOpGemm | 1U << 8;
    w[4] = kn | trans << 1 | y16 << 2 | y16 << 3 | residual << 4 | table << 6;
    w[5] = m | n << 16;
    w[6] = k;
    w[8] = up(k), w[7] = room(m * w[8]);
    w[10] = up(kn ? n : k), w[9] = room((kn ? k : n) * w[10]);
    w[12] = up(trans ? m : n * (y16 ? 2 : 1)), w[11] = room((trans ? n : m) * w[12]);
    w[14] = up(n * (y16 ? 2 : 1));
    if (residual != 0) w[13] = room(m * w[14]);
    w[15] = room(8 * n), w[16] = room(8 * n), w[17] = room(4 * n), w[18] = room(256);
    w[19] = y16 ? 0x7fff8000 : 0x007fff80;
    bytes = next;
    REQUIRE(next <= kL1);
    if (noise) {
      for (auto& x : b.l1) x = static_cast<std::uint8_t>(b.random());
    }
    const u32 shift = 22 - 14 + 6 + static_cast<u32>(std::bit_width(k)) / 2;
    const auto put = [&](u32 at, u32 v) { std::memcpy(&b.l1[at], &v, 4); };
    for (u32 i = 0; i < n; ++i) {
      put(w[15] + 8 * i, static_cast<u32>(static_cast<std::int32_t>(b.random()) >> 16));
      put(w[15] + 8 * i + 4, (0x400000 + i) | shift << 24);
      put(w[16] + 8 * i, (0x400000 + 77 * i) | 8U << 24);
      put(w[16] + 8 * i + 4, static_cast<u32>(static_cast<std::int32_t>(b.random()) >> 12));
      put(w[17] + 4 * i, (0x400000 + 99 * i) | shift << 24);
    }
    return d;
  }
};
/// Attention with dense operands and noise in them.
struct DenseAttention {
  u32 sq, sk, d, dv, heads = 1, group = 1;
  bool causal = false, mask = false;
  u32 window = 0, offset = 0;

  [[nodiscard]] u32 row() const { return (d + 7) / 8 * 8; }
  [[nodiscard]] u32 out() const { return (dv + 7) / 8 * 8; }
  [[nodiscard]] u32 keys() const { return (sk + 7) / 8 * 8; }
  [[nodiscard]] u32 bytes() const {
    const u32 kv = (heads + group - 1) / group;
    return heads * sq * (row() + out()) + kv * (sk * row() + dv * keys()) + heads * 8 + sk / 8 + 16;
  }
  [[nodiscard]] double macs() const { return 1.0 * heads * sq * sk * (d + dv); }

  Descriptor place(Bench& b) const {
    for (auto& x : b.l1) x = static_cast<std::uint8_t>(b.random());
    const u32 kv = (heads + group - 1) / group;
    Descriptor job;
    auto& w = job.w;
    w[0] = golden::kOpAttn | 1U << 8;
    w[4] = causal | mask << 1 | 3U << 2;
    w[5] = sq | sk << 16;
    w[6] = d | dv << 8 | heads << 16 | group << 24;
    w[8] = w[10] = row(), w[12] = keys(), w[14] = out();
    w[20] = sq * row(), w[21] = sk * row(), w[22] = dv * keys(), w[23] = sq * out();
    w[7] = 0, w[9] = w[7] + heads * w[20], w[11] = w[9] + kv * w[21], w[13] = w[11] + kv * w[22];
    w[15] = w[13] + heads * w[23], w[16] = w[15] + 8 * heads;
    w[18] = offset, w[19] = window;
    REQUIRE(bytes() <= kL1);
    for (u32 h = 0; h < heads; ++h) {  // logits of some octaves; outputs in range
      const u32 shift =
          29 + static_cast<u32>(std::bit_width(d)) / 2 - static_cast<u32>(b.random() % 3);
      const u32 scales[] = {0x400000 | shift << 24, 0x500000 | 22U << 24};
      std::memcpy(&b.l1[w[15] + 8 * h], scales, 8);
    }
    return job;
  }
};
}  // namespace attention
