// SPDX-License-Identifier: Apache-2.0
// Arithmetic of the attention engine, one function a step. The words: docs/architecture/
// engine_arithmetic.md; the RTL twins: rtl/attention/oct_attn_lane.sv, oct_attn_softmax.sv.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace oct::golden::engine {

inline constexpr int kFracBits = 14;      // F: bits below one step of the output
inline constexpr int kTileKeys = 64;      // keys that share one rescaling
inline constexpr int kLogitMax = 32767;   // Q9.6
inline constexpr int kHidden = -32768;    // logit of a key that is not visible
inline constexpr int kInitialMax = -512;  // running maximum before the first key
inline constexpr int kLargestShift = 31;  // of accumulator and sum, when the maximum grows

/// v / 2^s to nearest, ties towards +infinity; exact for |v| < 2^62.
constexpr std::int64_t rs(std::int64_t v, unsigned s) {
  return s == 0 ? v : (v + (std::int64_t{1} << (s - 1))) >> s;
}
constexpr std::int64_t clip(std::int64_t v, std::int64_t lo, std::int64_t hi) {
  return v < lo ? lo : v > hi ? hi : v;
}
/// Saturates to Bits bits, signed.
template <unsigned Bits>
constexpr std::int64_t sat(std::int64_t v) {
  return clip(v, -(std::int64_t{1} << (Bits - 1)), (std::int64_t{1} << (Bits - 1)) - 1);
}

/// m * 2^-s; as a word: m[23:0] signed, s[29:24].
struct Scale {
  std::int32_t m = 0;
  unsigned s = 0;
  friend constexpr bool operator==(const Scale&, const Scale&) = default;
};
constexpr Scale unpack_scale(std::uint32_t word) {
  return {static_cast<std::int32_t>(word << 8) >> 8, word >> 24 & 63};
}
constexpr std::uint32_t pack_scale(Scale scale) {
  return (static_cast<std::uint32_t>(scale.m) & 0xffffffU) | (scale.s & 63U) << 24;
}
/// rs(v * m, s) in 32 bits. |v| <= 2^32.
constexpr std::int32_t apply(std::int64_t v, Scale scale) {
  return static_cast<std::int32_t>(sat<32>(rs(v * scale.m, scale.s)));
}

// ---- Epilogue ----------------------------------------------------------------------------------
enum class Residual : unsigned { kNone, kAdded, kMultiplied };

/// What one channel brings along; b2 is 0 unless plane B is in use.
struct Channel {
  std::int32_t bias = 0, b2 = 0;
  Scale m0{}, m1{}, m2{};
};

/// What is the same for all channels.
struct Epilogue {
  Residual residual = Residual::kNone;
  bool table = false, relu = false;
  std::int16_t lo = -128, hi = 127;
};

/// Index into the table: the pre-activation in 8 bits.
constexpr int table_index(std::int64_t t, Scale m0) {
  return static_cast<int>(clip(rs(apply(t, m0), kFracBits), -128, 127));
}

/// One element: accumulator and residual to the output. `table` has 256 entries, or none is used.
constexpr std::int32_t epilogue(std::int32_t acc, std::int32_t r, const Channel& c,
                                const Epilogue& e, const std::int8_t* table) {
  std::int64_t t = std::int64_t{acc} + c.bias;
  if (e.table) t = table[table_index(t, c.m0) + 128];
  std::int64_t u = apply(t, c.m1);
  if (e.relu) u = std::max<std::int64_t>(u, 0);
  std::int64_t v = 0;
  if (e.residual == Residual::kAdded) {
    v = apply(r, c.m2);
  } else if (e.residual == Residual::kMultiplied) {
    v = sat<32>(rs(sat<24>(u) * r, c.m2.s));
    u = 0;
  }
  return static_cast<std::int32_t>(clip(rs(u + v + c.b2, kFracBits), e.lo, e.hi));
}

// ---- Attention ---------------------------------------------------------------------------------
/// 65536 * 2^(-f/64), rounded, at most 65535.
inline constexpr std::array<std::uint16_t, 64> kExp2Table = {
    65535, 64830, 64132, 63441, 62757, 62081, 61413, 60751, 60097, 59449, 58809, 58176, 57549,
    56929, 56316, 55709, 55109, 54515, 53928, 53347, 52773, 52204, 51642, 51085, 50535, 49991,
    49452, 48920, 48393, 47871, 47356, 46846, 46341, 45842, 45348, 44859, 44376, 43898, 43425,
    42958, 42495, 42037, 41584, 41136, 40693, 40255, 39821, 39392, 38968, 38548, 38133, 37722,
    37316, 36914, 36516, 36123, 35734, 35349, 34968, 34591, 34219, 33850, 33486, 33125};

/// The logit in units of log2, Q9.6.
constexpr int logit(std::int32_t dot, Scale q) {
  return static_cast<int>(clip(rs(std::int64_t{dot} * q.m, q.s), -kLogitMax, kLogitMax));
}
/// Smallest integer maximum that is not below a logit.
constexpr int ceiling(int l) { return (l + 63) >> 6; }

/// 2^(l/64 - max) in 20 bits; l not above 64 max.
constexpr std::uint32_t exponential(int max, int l) {
  const int x = 64 * max - l;
  const int n = x >> 6;
  return n < 20 ? std::uint32_t{kExp2Table[static_cast<unsigned>(x & 63)]} << 4 >> n : 0;
}
/// The 8-bit weight of an exponential.
constexpr unsigned weight(std::uint32_t e) { return std::min(255U, (e + 2048) >> 12); }

/// By how much accumulator and sum shift when the maximum grows from `before` to `after`.
constexpr int rescale_shift(int before, int after) {
  return std::min(after - before, kLargestShift);
}

/// 1/sum as a scale for apply(): R and its shift.
constexpr Scale normaliser(std::uint64_t sum, Scale o) {
  if (sum == 0) return {0, 0};
  const int e = std::bit_width(sum) - 1;
  const std::uint64_t n = e >= 23 ? sum >> (e - 23) : sum << (23 - e);
  // Bit 23 of the mantissa is not looked at: it is no sign here.
  const std::uint64_t r = (static_cast<std::uint64_t>(o.m & 0x7fffff) << 23) / n;
  return {static_cast<std::int32_t>(r),
          static_cast<unsigned>(clip(static_cast<int>(o.s) + e - 26, 0, 63))};
}
/// One output channel of a query.
constexpr std::int32_t normalise(std::int32_t acc, Scale r) {
  return static_cast<std::int32_t>(clip(rs(apply(acc, r), kFracBits), -128, 127));
}

}  // namespace oct::golden::engine
