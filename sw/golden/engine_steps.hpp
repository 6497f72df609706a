// SPDX-License-Identifier: Apache-2.0
// How much of the array a job uses: the steps that it takes (register COMPUTING counts them) and
// the products in them that count. The planner's walk in closed form
// (rtl/attention/oct_attn_plan_*.sv). Test: tests/engine_test.cpp, and every network that octant
// run simulates.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine_desc.hpp"

namespace oct::golden::engine {

inline constexpr std::int64_t kTile = 64;  // keys of a tile, products of a unit

/// Pairs of a query and a key that it sees.
inline std::uint64_t visible_pairs(std::int64_t sq, std::int64_t sk, bool causal,
                                   std::int64_t offset, std::int64_t window) {
  if (!causal && window == 0) return static_cast<std::uint64_t>(sq * sk);
  std::int64_t pairs = 0;
  for (std::int64_t q = 0; q < sq; ++q) {
    const std::int64_t top = causal ? std::min(sk - 1, q + offset) : sk - 1;
    const std::int64_t low = window == 0 ? 0 : std::max<std::int64_t>(0, q + offset - window + 1);
    pairs += std::max<std::int64_t>(0, top - low + 1);
  }
  return static_cast<std::uint64_t>(pairs);
}

/// Products without padding and without pairs that causality or the window rule out.
inline std::uint64_t products(const Descriptor& d) {
  if (d.op() == kOpGemm) {
    const GemmJob g = decode_gemm(d);
    return std::uint64_t{g.batch} * g.m * g.n * g.k;
  }
  const AttnJob a = decode_attn(d);
  return std::uint64_t{a.heads} * (a.d + a.dv) *
         visible_pairs(a.sq, a.sk, a.causal, a.offset, a.window);
}

/// Slices along k: rows of 64, of two segments of 32, of single shorter segments.
inline std::uint64_t slices(std::uint32_t k, std::uint32_t segment) {
  if (segment % kTile == 0) return (k + kTile - 1) / kTile;
  if (segment == 32) return k / kTile + (k % kTile + 31) / 32;
  return (k + segment - 1) / segment;
}

inline std::uint64_t attention_steps(const AttnJob& a, std::int64_t units) {
  const std::int64_t sk = a.sk, d = a.d, dv = a.dv;
  const bool both = d > kTile, wide = both || dv > kTile, whole = a.first && a.last;
  const std::int64_t most = wide ? units / 2 : units;
  std::int64_t steps = 0;
  for (std::int64_t q0 = 0; q0 < a.sq; q0 += most) {
    const std::int64_t left = a.sq - q0, queries = std::min(left, most);
    const bool dual = wide || (whole && left <= units / 2);
    std::int64_t high = a.causal ? q0 + queries - 1 + a.offset : sk - 1;
    high = std::max<std::int64_t>(0, std::min(high, sk - 1));
    std::int64_t low = a.window == 0 ? 0 : q0 + a.offset - std::int64_t{a.window} + 1;
    low = std::min(std::max<std::int64_t>(0, low), high);
    std::int64_t first = low / kTile, last = high / kTile;
    // A last key alone in its tile comes with the tile before.
    const bool tail =
        sk % kTile == 1 && last == sk / kTile && last != first && !a.key_mask && !dual;
    last -= tail ? 1 : 0;
    for (std::int64_t t = first; t <= last; ++t) {
      std::int64_t keys = std::min(kTile, sk - t * kTile);
      if (tail && t == last) keys = kTile + 1;
      const bool split = dual ? !both : d <= 32;  // two keys a step
      steps += (split ? (keys + 1) / 2 : keys) + (dual ? (dv + 1) / 2 : dv);
    }
    if (!a.first) steps += wide ? (dv + 1) / 2 + 1 : dv + (units > 8 ? 2 : 1);
  }
  return static_cast<std::uint64_t>(steps) * a.heads;
}

/// Steps of an array of `units` times 64 multipliers.
inline std::uint64_t steps(const Descriptor& d, std::int64_t units) {
  if (d.op() != kOpGemm) return attention_steps(decode_attn(d), units);
  const GemmJob g = decode_gemm(d);
  const auto u = static_cast<std::uint64_t>(units);
  return std::uint64_t{g.batch} * g.m * ((g.n + u - 1) / u) * slices(g.k, g.segment);
}

}  // namespace oct::golden::engine
