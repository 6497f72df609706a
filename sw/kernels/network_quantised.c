// SPDX-License-Identifier: Apache-2.0
// Kernels for networks that come quantised, with zero points. Bit-exact twin:
// sw/golden/quantised.hpp.
#include "oct_network_job.h"
#include "oct_network_simd.h"
#include "oct_quantised.h"

static inline int64_t rounded(int64_t v, unsigned s) { return (v + ((int64_t)1 << (s - 1))) >> s; }
static inline int32_t clip8(int64_t v) { return v < -128 ? -128 : v > 127 ? 127 : (int32_t)v; }
static inline int32_t clip16(int64_t v) {
  return v < -32768 ? -32768 : v > 32767 ? 32767 : (int32_t)v;
}
static inline int32_t get(const uint8_t* x, unsigned i, int bits) {
  return bits == 8 ? ((const int8_t*)x)[i] : ((const int16_t*)(const void*)x)[i];
}
static inline void put(uint8_t* y, unsigned i, int64_t v, int bits) {
  if (bits == 8) {
    ((int8_t*)y)[i] = (int8_t)clip8(v);
  } else {
    ((int16_t*)(void*)y)[i] = (int16_t)clip16(v);
  }
}

// ---- Two operands ------------------------------------------------------------------------------

/// Sums of bytes: 32 bits hold them. `s` >= 1.
NET_INLINE uint32_t sum1(const int8_t* a, const int8_t* b, unsigned i, uint32_t u, uint32_t v,
                         uint32_t c, uint32_t s) {
  return oct_clip(oct_addrnr(oct_mac(c, (uint32_t)a[i], u), (uint32_t)b[i] * v, s), 8);
}
NET_INLINE void sum_bytes(const int8_t* a, const int8_t* b, int8_t* y, unsigned n, uint32_t u,
                          uint32_t v, uint32_t c, uint32_t s) {
  unsigned i = 0;
  for (; i + 4 <= n; i += 4) {
    const uint32_t y0 = sum1(a, b, i, u, v, c, s), y1 = sum1(a, b, i + 1, u, v, c, s),
                   y2 = sum1(a, b, i + 2, u, v, c, s), y3 = sum1(a, b, i + 3, u, v, c, s);
    *(uint32_t*)(void*)(y + i) = oct_packhi_b(oct_packlo_b(0, y1, y0), y3, y2);
  }
  for (; i < n; ++i) y[i] = (int8_t)sum1(a, b, i, u, v, c, s);
}

__attribute__((always_inline)) static inline int two(const uint32_t* w, unsigned rank,
                                                     unsigned size, int is_mul, int ab, int bb,
                                                     int yb) {
  const int32_t* arg = (const int32_t*)(const void*)(w + 8);
  const int32_t u = arg[0], v = arg[1];
  const int64_t c = (int64_t)((uint64_t)w[11] << 32 | w[10]);
  const unsigned s = w[12];
  for (net_part_t p = net_parts(w[0], w[7], rank, size); net_next(&p);) {
    const uint8_t* a = (const uint8_t*)NET_X(w, p.row) + p.from * (unsigned)(ab / 8);
    const uint8_t* b = (const uint8_t*)NET_B(w, p.row) + p.from * (unsigned)(bb / 8);
    uint8_t* y = (uint8_t*)NET_Y2(w, p.row) + p.from * (unsigned)(yb / 8);
    if (!is_mul && ab + bb + yb == 24) {
      sum_bytes((const int8_t*)a, (const int8_t*)b, (int8_t*)y, p.count, (uint32_t)u, (uint32_t)v,
                w[10], s);
      continue;
    }
    for (unsigned i = 0; i < p.count; ++i) {
      const int32_t ai = get(a, i, ab), bi = get(b, i, bb);
      if (is_mul) {
        put(y, i, rounded((int64_t)(ai - u) * (bi - v) * arg[3], s) + arg[2], yb);
      } else {
        put(y, i, rounded((int64_t)ai * u + (int64_t)bi * v + c, s), yb);
      }
    }
  }
  return 0;
}

#define ADD(name, a, b, y)                                      \
  int oct_net_##name(void* job, unsigned rank, unsigned size) { \
    return two((const uint32_t*)job, rank, size, 0, a, b, y);   \
  }
#define MUL(name, a, b, y)                                      \
  int oct_net_##name(void* job, unsigned rank, unsigned size) { \
    return two((const uint32_t*)job, rank, size, 1, a, b, y);   \
  }
OCT_NET_Q_TWO(ADD, qadd)
OCT_NET_Q_TWO(MUL, qmul)

// ---- Rows --------------------------------------------------------------------------------------

/// Four bytes as a word.
NET_INLINE uint32_t pack4(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return oct_packhi_b(oct_packlo_b(0, b, a), d, c);
}
NET_INLINE const uint32_t* words(const int8_t* x) { return (const uint32_t*)(const void*)x; }

static int32_t most_of(const int8_t* x, unsigned n) {
  uint32_t four = 0x80808080U;
  for (unsigned i = 0; i < n / 4; ++i) four = oct_max_b(four, words(x)[i]);
  four = oct_max_b(four, four >> 16 | four << 16);
  int32_t most = (int8_t)oct_max_b(four, four >> 8);
  for (unsigned i = n & ~3U; i < n; ++i) most = x[i] > most ? x[i] : most;
  return most;
}

/// Of less than 257 entries of 2^23 each. `at` is the entry of 0; entries go down as x goes up.
static uint32_t total_of(const int8_t* x, unsigned n, const uint32_t* at) {
  uint32_t total = 0;
  unsigned i = 0;
  for (; i + 4 <= n; i += 4) {
    const uint32_t v = *words(x + i);
    total += at[-(int32_t)oct_extract_b(v, 0)] + at[-(int32_t)oct_extract_b(v, 1)];
    total += at[-(int32_t)oct_extract_b(v, 2)] + at[-(int32_t)oct_extract_b(v, 3)];
  }
  for (; i < n; ++i) total += at[-x[i]];
  return total;
}

NET_INLINE uint32_t share(uint32_t e, uint32_t r, uint32_t zero) {
  return oct_clip(((uint32_t)((uint64_t)(e << 8) * r >> 32) + 0x4000) / 0x8000 + zero, 8);
}

int oct_net_qsoftmax(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const uint32_t* table = (const uint32_t*)oct_net_memory(w[5]);
  const unsigned n = w[6];
  const uint32_t zero = w[8];
  for (unsigned row = rank; row < w[0]; row += size) {
    const int8_t* x = (const int8_t*)NET_X(w, row);
    int8_t* y = (int8_t*)NET_Y1(w, row);
    const uint32_t* at = table + most_of(x, n);
    uint64_t total = 0;
    for (unsigned i = 0; i < n; i += 256) total += total_of(x + i, n - i > 256 ? 256 : n - i, at);
    const uint32_t r = (uint32_t)(((uint64_t)w[7] << 31) / total);
    unsigned i = 0;
    for (; i + 4 <= n; i += 4) {
      const uint32_t v = *words(x + i);
      const uint32_t y0 = share(at[-(int32_t)oct_extract_b(v, 0)], r, zero),
                     y1 = share(at[-(int32_t)oct_extract_b(v, 1)], r, zero),
                     y2 = share(at[-(int32_t)oct_extract_b(v, 2)], r, zero),
                     y3 = share(at[-(int32_t)oct_extract_b(v, 3)], r, zero);
      *(uint32_t*)(void*)(y + i) = pack4(y0, y1, y2, y3);
    }
    for (; i < n; ++i) y[i] = (int8_t)share(at[-x[i]], r, zero);
  }
  return 0;
}

static uint32_t root(uint64_t v) {
  uint64_t r = 0;
  for (uint64_t bit = (uint64_t)1 << 31; bit != 0; bit >>= 1) {
    if ((r + bit) * (r + bit) <= v) r += bit;
  }
  return (uint32_t)r;
}

NET_INLINE int32_t upper(int32_t a, int32_t b) { return (int32_t)((int64_t)a * b >> 32); }

typedef struct {
  uint32_t each, all;
  int32_t inverse;
  uint32_t right, left, s;
} norm_t;
NET_INLINE uint32_t norm1(const norm_t* k, int32_t x, int32_t gamma, int32_t beta) {
  const int32_t wide = upper((int32_t)((uint32_t)x * k->each - k->all), k->inverse);
  const int32_t norm = (int32_t)((uint32_t)(wide >> k->right) << k->left);
  return oct_clip(oct_addrnr((uint32_t)upper(norm, gamma), (uint32_t)beta, k->s), 8);
}

int oct_net_qlayernorm(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const int32_t* gamma = (const int32_t*)oct_net_memory(w[5]);
  const int32_t* beta = (const int32_t*)oct_net_memory(w[6]);
  const unsigned n = w[7], s = w[10];
  const uint64_t eps = (uint64_t)w[9] << 32 | w[8];
  const unsigned up = (unsigned)__builtin_clz(255 * n) - 1;
  for (unsigned row = rank; row < w[0]; row += size) {
    const int8_t* x = (const int8_t*)NET_X(w, row);
    int8_t* y = (int8_t*)NET_Y1(w, row);
    uint32_t sum = 0, squares = 0;
    unsigned i = 0;
    for (; i + 4 <= n; i += 4) {
      const uint32_t four = *words(x + i);
      sum = oct_sdotsp_b(sum, four, 0x01010101U);
      squares = oct_sdotsp_b(squares, four, four);
    }
    for (; i < n; ++i) {
      sum += (uint32_t)x[i];
      squares += (uint32_t)(x[i] * x[i]);
    }
    const uint64_t v =
        (uint64_t)((int64_t)n * squares - (int64_t)(int32_t)sum * (int32_t)sum) + eps;
    int32_t inverse = 0;
    unsigned half = 0;
    if (v != 0) {
      half = (unsigned)__builtin_clzll(v) / 2;
      const uint64_t r = ((uint64_t)1 << 62) / root(v << (2 * half));
      inverse = (int32_t)(r > 0x7fffffff ? 0x7fffffff : r);
    }
    const int down = 6 + (int)up - (int)half;
    const uint32_t right = down > 0 ? (uint32_t)down : 0, left = down < 0 ? (uint32_t)-down : 0;
    const uint32_t each = n << up, all = sum << up;
    const norm_t k = {each, all, inverse, right, left, s};
    for (i = 0; i + 4 <= n; i += 4) {
      const uint32_t y0 = norm1(&k, x[i], gamma[i], beta[i]),
                     y1 = norm1(&k, x[i + 1], gamma[i + 1], beta[i + 1]),
                     y2 = norm1(&k, x[i + 2], gamma[i + 2], beta[i + 2]),
                     y3 = norm1(&k, x[i + 3], gamma[i + 3], beta[i + 3]);
      *(uint32_t*)(void*)(y + i) = pack4(y0, y1, y2, y3);
    }
    for (; i < n; ++i) y[i] = (int8_t)norm1(&k, x[i], gamma[i], beta[i]);
  }
  return 0;
}

/// Four elements at a time: what is clipped away first is all that the rest has.
NET_INLINE void spread4(const uint32_t* x, uint32_t* y, unsigned n, int32_t zero,
                        unsigned pattern) {
  const int minus = zero < 0;
  const uint32_t bound = (uint32_t)(minus ? zero + 128 : zero - 128), z = (uint32_t)zero;
  const uint32_t zeros = (z & 255) * 0x01010101U;
  for (unsigned i = 0; i < n; ++i) {
    const uint32_t v = x[i];
    const uint32_t m = minus ? oct_min_sc_b(v, bound) : oct_max_sc_b(v, bound);
    const uint32_t high = minus ? oct_sub_b(zeros, m) : oct_sub_b(m, zeros);
    const uint32_t low = minus ? oct_sub_b(m, v) : oct_sub_b(v, m);
    y[i] = high;
    y[n + i] = pattern == 0 || pattern == 3 ? high : low;
    if (pattern > 1) continue;
    y[2 * n + i] = pattern == 0 ? low : high;
    y[3 * n + i] = low;
  }
}

int oct_net_spread(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const unsigned n = w[5], pattern = w[7];
  const int32_t zero = (int32_t)w[6];
  for (unsigned row = rank; row < w[0]; row += size) {
    const int8_t* x = (const int8_t*)NET_X(w, row);
    int8_t* y = (int8_t*)NET_Y1(w, row);
    if (n % 4 == 0) {
      spread4((const uint32_t*)(const void*)x, (uint32_t*)(void*)y, n / 4, zero, pattern);
      continue;
    }
    for (unsigned i = 0; i < n; ++i) {
      const int32_t v = zero < 0 ? zero - x[i] : x[i] - zero, high = clip8(v), low = v - high;
      y[i] = (int8_t)high;
      y[n + i] = (int8_t)(pattern == 0 || pattern == 3 ? high : low);
      if (pattern > 1) continue;
      y[2 * n + i] = (int8_t)(pattern == 0 ? low : high);
      y[3 * n + i] = (int8_t)low;
    }
  }
  return 0;
}

int oct_net_mask_bytes(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const unsigned n = w[5];
  for (unsigned row = rank; row < w[0]; row += size) {
    const uint32_t* x = (const uint32_t*)NET_X(w, row);
    int8_t* y = (int8_t*)NET_Y1(w, row);
    for (unsigned i = 0; i < n; ++i) y[i] = (int8_t)w[x[2 * i] == 0 ? 6 : 7];
  }
  return 0;
}
