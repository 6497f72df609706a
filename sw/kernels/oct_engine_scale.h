// SPDX-License-Identifier: Apache-2.0
// oct_engine_scale.h: the engine's scales (docs/architecture/engine_arithmetic.md) on a worker.
// rs(v * m, s) becomes the upper word of a product: v and m are shifted left so far that s turns
// into 32, or what is left above 32 is shifted out behind. floor((floor(x / 2^s) + 2^13) / 2^14)
// = floor((x + 2^(s + 13)) / 2^(s + 14)), so the engine's two roundings are one sum and one shift.
#ifndef OCT_ENGINE_SCALE_H
#define OCT_ENGINE_SCALE_H
#include "oct_network_job.h"

#define SCALE_INLINE static inline __attribute__((always_inline))
enum { OCT_FRAC = 14 };  // F: bits below one step of the output

/// (v * m + what is added before the shift) >> s. Lower words above `limit` carry.
typedef struct {
  int32_t m, half;
  uint32_t limit;
  uint8_t left, right;
  uint8_t wide;  // shift of both words of the product instead, see oct_scaled_wide
} oct_factor_t;

SCALE_INLINE int32_t oct_scaled(int32_t v, const oct_factor_t* f) {
  const int64_t p = (int64_t)(int32_t)((uint32_t)v << f->left) * f->m;
  return ((int32_t)(p >> 32) + ((uint32_t)p > f->limit) + f->half) >> f->right;
}

/// Shifts below 32 of products that may leave 32 bits, clipped to +-OCT_WIDE: with another term
/// below 2^29 and b2 below 2^28 behind it, that is as good as sat32, and the sum stays in 32 bits.
enum { OCT_WIDE = (1 << 30) + (1 << 28) };
SCALE_INLINE int32_t oct_scaled_wide(int32_t v, const oct_factor_t* f) {
  const int64_t p = (int64_t)v * f->m + f->half;
  const int32_t most = (1 << (f->wide - 1)) - 1;
  int32_t high = (int32_t)(p >> 32);
  high = (int32_t)oct_max(oct_min((uint32_t)high, (uint32_t)most), (uint32_t)~most);
  const int32_t u = (int32_t)((uint32_t)high << (32 - f->wide) | (uint32_t)p >> f->wide);
  return (int32_t)oct_max(oct_min((uint32_t)u, OCT_WIDE), (uint32_t)-OCT_WIDE);
}

SCALE_INLINE unsigned oct_bits(uint32_t magnitude) {
  return magnitude == 0 ? 0 : oct_fl1(magnitude) + 1;
}

/// rs(v * m, s) for |v| < 2^bits; with `twice` rounded again to steps of 2^14. 0: no such factor.
/// |result| <= 2^29, or 2^22 where s + F > 32.
static inline int oct_factor(oct_factor_t* f, int32_t m, unsigned s, int twice, unsigned bits) {
  const unsigned shift = s + (twice ? OCT_FRAC : 0);
  f->m = m, f->half = 0, f->limit = ~0U, f->left = f->right = f->wide = 0;
  if (m == 0 || shift >= 56) {  // |v m| < 2^54
    f->m = 0;
    return 1;
  }
  if (s == 0) return 0;
  uint32_t low = 0;  // what is added, bits 31:0
  if (shift >= 32) {
    f->right = (uint8_t)(shift - 32);
    if (shift == 32) {
      low = 0x80000000U;
    } else {
      f->half = 1 << (shift - 33);
    }
    if (twice && shift < 47) {
      low += 1U << (shift - 15);
    } else if (twice) {
      f->half += 1 << (shift - 47);
    }
  } else {
    const unsigned far = 32 - shift, room = 31 - oct_bits((uint32_t)(m < 0 ? -m : m));
    const unsigned up = far < room ? far : room;
    if (bits + (far - up) > 30) return 0;
    f->m = (int32_t)((uint32_t)m << up);
    f->left = (uint8_t)(far - up);
    low = twice ? 0x80020000U : 0x80000000U;
  }
  f->limit = ~low;  // no carry where nothing is added
  return bits <= 31;
}

/// A factor for oct_scaled_wide, if rs(v * m, s) allows it.
static inline int oct_factor_wide(oct_factor_t* f, int32_t m, unsigned s, unsigned bits) {
  if (bits > 31 || s < 3 || s > 30) return 0;
  f->m = m, f->half = 1 << (s - 1), f->wide = (uint8_t)s;
  return 1;
}

/// The same from a scale word.
static inline int oct_factor_of(oct_factor_t* f, uint32_t word, int twice, unsigned bits) {
  return oct_factor(f, (int32_t)(word << 8) >> 8, word >> 24 & 63, twice, bits);
}

// ---- Without the tricks, for what has no factor ---------------------------------------------
SCALE_INLINE int64_t oct_rs(int64_t v, unsigned s) {
  return s == 0 ? v : (v + ((int64_t)1 << (s - 1))) >> s;
}
SCALE_INLINE int64_t oct_clip64(int64_t v, int64_t lo, int64_t hi) {
  return v < lo ? lo : v > hi ? hi : v;
}
SCALE_INLINE int32_t oct_apply(int64_t v, int32_t m, unsigned s) {
  return (int32_t)oct_clip64(oct_rs(v * m, s), INT32_MIN, INT32_MAX);
}

#endif
