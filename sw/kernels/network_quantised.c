// SPDX-License-Identifier: Apache-2.0
// Kernels for networks that come quantised, with zero points. Bit-exact twin:
// sw/golden/quantised.hpp.
#include "oct_network_job.h"
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

int oct_net_qsoftmax(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const uint32_t* table = (const uint32_t*)oct_net_memory(w[5]);
  const unsigned n = w[6];
  const int32_t zero = (int32_t)w[8];
  for (unsigned row = rank; row < w[0]; row += size) {
    const int8_t* x = (const int8_t*)NET_X(w, row);
    int8_t* y = (int8_t*)NET_Y1(w, row);
    int32_t most = -128;
    for (unsigned i = 0; i < n; ++i) most = x[i] > most ? x[i] : most;
    uint64_t total = 0;
    for (unsigned i = 0; i < n; ++i) total += table[most - x[i]];
    const uint64_t r = ((uint64_t)w[7] << 32) / total;
    for (unsigned i = 0; i < n; ++i) {
      y[i] = (int8_t)clip8(rounded((int64_t)(table[most - x[i]] * r), 40) + zero);
    }
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

int oct_net_qlayernorm(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const int32_t* gamma = (const int32_t*)oct_net_memory(w[5]);
  const int32_t* beta = (const int32_t*)oct_net_memory(w[6]);
  const unsigned n = w[7], s = w[10];
  const uint64_t eps = (uint64_t)w[9] << 32 | w[8];
  for (unsigned row = rank; row < w[0]; row += size) {
    const int8_t* x = (const int8_t*)NET_X(w, row);
    int8_t* y = (int8_t*)NET_Y1(w, row);
    int32_t sum = 0, squares = 0;
    for (unsigned i = 0; i < n; ++i) {
      sum += x[i];
      squares += x[i] * x[i];
    }
    const uint64_t v = (uint64_t)((int64_t)n * squares - (int64_t)sum * sum) + eps;
    int64_t inverse = 0;
    unsigned shift = 1;
    if (v != 0) {
      const unsigned up = (unsigned)__builtin_clzll(v) & ~1U;
      inverse = (int64_t)(((uint64_t)1 << 62) / root(v << up));
      shift = 62 - up / 2 - 20;
    }
    for (unsigned i = 0; i < n; ++i) {
      const int64_t norm = rounded(((int64_t)((int32_t)n * x[i] - sum)) * inverse, shift);
      y[i] = (int8_t)clip8(rounded(norm * gamma[i] + beta[i] * ((int64_t)1 << 20), s));
    }
  }
  return 0;
}

int oct_net_spread(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const unsigned n = w[5], pattern = w[7];
  const int32_t zero = (int32_t)w[6];
  for (unsigned row = rank; row < w[0]; row += size) {
    const int8_t* x = (const int8_t*)NET_X(w, row);
    int8_t* y = (int8_t*)NET_Y1(w, row);
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
