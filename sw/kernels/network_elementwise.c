// SPDX-License-Identifier: Apache-2.0
// Kernels of networks that treat elements alike: add, mul, requant, affine. `xw`, `aw`, `bw`, `yw`:
// bytes of an element; constants where they are used.
#include "oct_add_rows.h"
#include "oct_network_job.h"
#include "oct_network_simd.h"

// ---- Two operands ------------------------------------------------------------------------------

NET_INLINE uint32_t add2(uint32_t a, uint32_t b, uint32_t k, int yw) {
  return yw == 2 ? oct_arq_h(b, a, k) : oct_arq_hb(b, a, k);
}

NET_INLINE void add_piece(const uint8_t* a, const uint8_t* b, uint8_t* y, unsigned n, uint32_t k,
                          int aw, int bw, int yw) {
  unsigned i = 0;
  if (aw == bw && bw == yw) {  // four words a round
    const unsigned round = 16 / (unsigned)yw, rounds = n / round;
    const uint32_t *pa = (const uint32_t*)(const void*)a, *pb = (const uint32_t*)(const void*)b;
    if (rounds != 0 && yw == 1) add_b(pa, pb, (uint32_t*)(void*)y, rounds, k);
    if (rounds != 0 && yw == 2) add_h(pa, pb, (uint32_t*)(void*)y, rounds, k);
    i = rounds * round;
  } else {
    for (; i + 8 <= n; i += 8) {
      const net_eight_t u = net_load8(a + i * (unsigned)aw, aw);
      const net_eight_t w = net_load8(b + i * (unsigned)bw, bw);
      const net_eight_t v = {add2(u.a, w.a, k, yw), add2(u.b, w.b, k, yw), add2(u.c, w.c, k, yw),
                             add2(u.d, w.d, k, yw)};
      net_store8(y + i * (unsigned)yw, v, yw);
    }
  }
  for (; i < n; ++i) {
    const uint32_t u = (uint32_t)net_get(a, i, aw) & 0xffff;
    net_put(y, i, add2(u, (uint32_t)net_get(b, i, bw) & 0xffff, k, yw), yw);
  }
}

// Loads of single elements extend their sign at no cost.
NET_INLINE uint32_t mul1(const uint8_t* a, const uint8_t* b, unsigned i, int aw, int bw) {
  return (uint32_t)(net_get(a, i, aw) * net_get(b, i, bw));
}

NET_INLINE void mul_piece(const uint8_t* a, const uint8_t* b, uint8_t* y, unsigned n, uint32_t k,
                          int aw, int bw, int yw) {
  unsigned i = 0;
  for (; i + 8 <= n; i += 8) {
    const uint32_t u0 = mul1(a, b, i, aw, bw), u1 = mul1(a, b, i + 1, aw, bw),
                   u2 = mul1(a, b, i + 2, aw, bw), u3 = mul1(a, b, i + 3, aw, bw),
                   u4 = mul1(a, b, i + 4, aw, bw), u5 = mul1(a, b, i + 5, aw, bw),
                   u6 = mul1(a, b, i + 6, aw, bw), u7 = mul1(a, b, i + 7, aw, bw);
    const net_eight_t v = {net_rq2(u0, u1, k, yw), net_rq2(u2, u3, k, yw), net_rq2(u4, u5, k, yw),
                           net_rq2(u6, u7, k, yw)};
    net_store8(y + i * (unsigned)yw, v, yw);
  }
  for (; i < n; ++i) net_put(y, i, net_rq1(mul1(a, b, i, aw, bw), k, yw), yw);
}

NET_INLINE int two(const uint32_t* w, unsigned rank, unsigned size, int is_mul, int aw, int bw,
                   int yw) {
  const uint32_t k = is_mul ? net_rq(w[8]) : w[8];
  for (net_part_t p = net_parts(w[0], w[7], rank, size); net_next(&p);) {
    const uint8_t* a = (const uint8_t*)NET_X(w, p.row) + p.from * (unsigned)aw;
    const uint8_t* b = (const uint8_t*)NET_B(w, p.row) + p.from * (unsigned)bw;
    uint8_t* y = (uint8_t*)NET_Y2(w, p.row) + p.from * (unsigned)yw;
    if (is_mul) {
      mul_piece(a, b, y, p.count, k, aw, bw, yw);
    } else {
      add_piece(a, b, y, p.count, k, aw, bw, yw);
    }
  }
  return 0;
}

#define TWO(name, is_mul, types, aw, bw, yw)                           \
  int oct_net_##name##types(void* job, unsigned rank, unsigned size) { \
    return two((const uint32_t*)job, rank, size, is_mul, aw, bw, yw);  \
  }
#define TWO_ALL(name, is_mul)             \
  TWO(name, is_mul, _i8_i8_i8, 1, 1, 1)   \
  TWO(name, is_mul, _i8_i8_i16, 1, 1, 2)  \
  TWO(name, is_mul, _i8_i16_i8, 1, 2, 1)  \
  TWO(name, is_mul, _i8_i16_i16, 1, 2, 2) \
  TWO(name, is_mul, _i16_i8_i8, 2, 1, 1)  \
  TWO(name, is_mul, _i16_i8_i16, 2, 1, 2) \
  TWO(name, is_mul, _i16_i16_i8, 2, 2, 1) \
  TWO(name, is_mul, _i16_i16_i16, 2, 2, 2)
TWO_ALL(add, 0)
TWO_ALL(mul, 1)

// ---- requant: eight elements a round, one load and one oct.rq each -----------------------------

#ifdef __riscv
#define RQ_LOAD8(load, step)                                                              \
  load("%[x0]", "%[x]", step) load("%[x1]", "%[x]", step) load("%[x2]", "%[x]", step)     \
      load("%[x3]", "%[x]", step) load("%[x4]", "%[x]", step) load("%[x5]", "%[x]", step) \
          load("%[x6]", "%[x]", step) load("%[x7]", "%[x]", step)
#define RQ_BYTES                        \
  OCT_RQ_B(0, "%[y0]", "%[x0]", "%[k]") \
  OCT_RQ_B(0, "%[y1]", "%[x4]", "%[k]") \
  OCT_RQ_B(1, "%[y0]", "%[x1]", "%[k]") \
  OCT_RQ_B(1, "%[y1]", "%[x5]", "%[k]") \
  OCT_RQ_B(2, "%[y0]", "%[x2]", "%[k]") \
  OCT_RQ_B(2, "%[y1]", "%[x6]", "%[k]") \
  OCT_RQ_B(3, "%[y0]", "%[x3]", "%[k]") \
  OCT_RQ_B(3, "%[y1]", "%[x7]", "%[k]") \
  OCT_SW_P("%[y0]", "%[y]", "4") OCT_SW_P("%[y1]", "%[y]", "4")
#define RQ_HALVES                       \
  OCT_RQ_H(0, "%[y0]", "%[x0]", "%[k]") \
  OCT_RQ_H(0, "%[y1]", "%[x2]", "%[k]") \
  OCT_RQ_H(1, "%[y0]", "%[x1]", "%[k]") \
  OCT_RQ_H(1, "%[y1]", "%[x3]", "%[k]") \
  OCT_RQ_H(0, "%[x0]", "%[x4]", "%[k]") \
  OCT_RQ_H(0, "%[x2]", "%[x6]", "%[k]") \
  OCT_RQ_H(1, "%[x0]", "%[x5]", "%[k]") \
  OCT_RQ_H(1, "%[x2]", "%[x7]", "%[k]") \
  OCT_SW_P("%[y0]", "%[y]", "4")        \
  OCT_SW_P("%[y1]", "%[y]", "4") OCT_SW_P("%[x0]", "%[y]", "4") OCT_SW_P("%[x2]", "%[y]", "4")
#define RQ_LOOP(load, step, body)                                                    \
  __asm__ volatile(OCT_LOOP(0, "%[n]") RQ_LOAD8(load, step) body OCT_LOOP_END(0)     \
                   : [x0] "=&r"(x0), [x1] "=&r"(x1), [x2] "=&r"(x2), [x3] "=&r"(x3), \
                     [x4] "=&r"(x4), [x5] "=&r"(x5), [x6] "=&r"(x6), [x7] "=&r"(x7), \
                     [y0] "=&r"(y0), [y1] "=&r"(y1), [x] "+r"(x), [y] "+r"(y)        \
                   : [k] "r"(k), [n] "r"(rounds)                                     \
                   : "memory")
#endif

NET_INLINE int32_t get32(const uint8_t* x, unsigned i, int xw) {
  return xw == 4 ? ((const int32_t*)(const void*)x)[i] : net_get(x, i, xw);
}

NET_INLINE void requant_piece(const uint8_t* x, uint8_t* y, unsigned n, uint32_t k, int xw,
                              int yw) {
  const unsigned rounds = n / 8;
#ifdef __riscv
  if (rounds != 0) {
    uint32_t x0, x1, x2, x3, x4, x5, x6, x7, y0, y1;
    if (xw == 1 && yw == 1) RQ_LOOP(OCT_LB_P, "1", RQ_BYTES);
    if (xw == 2 && yw == 1) RQ_LOOP(OCT_LH_P, "2", RQ_BYTES);
    if (xw == 4 && yw == 1) RQ_LOOP(OCT_LW_P, "4", RQ_BYTES);
    if (xw == 1 && yw == 2) RQ_LOOP(OCT_LB_P, "1", RQ_HALVES);
    if (xw == 2 && yw == 2) RQ_LOOP(OCT_LH_P, "2", RQ_HALVES);
    if (xw == 4 && yw == 2) RQ_LOOP(OCT_LW_P, "4", RQ_HALVES);
  }
  n %= 8;
#endif
  (void)rounds;
  for (unsigned i = 0; i < n; ++i) net_put(y, i, net_rq1((uint32_t)get32(x, i, xw), k, yw), yw);
}

// ---- affine ------------------------------------------------------------------------------------

/// (x g + b 2^k) / 2^shift, 2 <= shift <= 30: without the lowest bit, which then decides nothing,
/// 32 bits hold the sum.
NET_INLINE uint32_t affine1(int32_t x, int32_t g, int32_t b, unsigned shift, int yw) {
  if (yw == 1) return oct_clip(oct_addrnr((uint32_t)(x * g), (uint32_t)(b * 256), shift), 8);
  return oct_clip(oct_addrnr((uint32_t)(x * g >> 1), (uint32_t)(b * 16384), shift - 1), 16);
}

/// Eight elements a round with a shift that is known here; how many elements that were.
NET_INLINE unsigned affine_rounds(const uint8_t* x, uint8_t* y, const int16_t* gamma,
                                  const int16_t* beta, unsigned n, const unsigned shift, int xw) {
  const uint32_t *g = (const uint32_t*)(const void*)gamma, *b = (const uint32_t*)(const void*)beta;
  unsigned i = 0;
  for (; i + 8 <= n; i += 8, g += 4, b += 4) {
    const net_eight_t u = net_load8(x + i * (unsigned)xw, xw);
    const net_eight_t v = {oct_mrq_hb(u.a, g[0], b[0], shift), oct_mrq_hb(u.b, g[1], b[1], shift),
                           oct_mrq_hb(u.c, g[2], b[2], shift), oct_mrq_hb(u.d, g[3], b[3], shift)};
    net_store8(y + i, v, 1);
  }
  return i;
}

#define AFFINE_CASE(s) \
  case s:              \
    return affine_rounds(x, y, g, b, n, s, xw);
/// INT8 results with the shifts that models have.
static unsigned affine_halves(const uint8_t* x, uint8_t* y, const int16_t* g, const int16_t* b,
                              unsigned n, unsigned shift) {
  const int xw = 2;
  switch (shift) {
    AFFINE_CASE(18)
    AFFINE_CASE(19)
    AFFINE_CASE(20)
    AFFINE_CASE(21)
    AFFINE_CASE(22)
    AFFINE_CASE(23)
    default:
      return 0;
  }
}
static unsigned affine_bytes(const uint8_t* x, uint8_t* y, const int16_t* g, const int16_t* b,
                             unsigned n, unsigned shift) {
  const int xw = 1;
  switch (shift) {
    AFFINE_CASE(12)
    AFFINE_CASE(13)
    AFFINE_CASE(14)
    AFFINE_CASE(15)
    default:
      return 0;
  }
}

NET_INLINE void affine_piece(const uint8_t* x, uint8_t* y, const int16_t* g, const int16_t* b,
                             unsigned n, unsigned shift, int xw, int yw) {
  unsigned i = 0;
  if (yw == 1) i = (xw == 2 ? affine_halves : affine_bytes)(x, y, g, b, n, shift);
  for (; i + 4 <= n; i += 4) {
    const uint32_t v0 = affine1(net_get(x, i, xw), g[i], b[i], shift, yw),
                   v1 = affine1(net_get(x, i + 1, xw), g[i + 1], b[i + 1], shift, yw),
                   v2 = affine1(net_get(x, i + 2, xw), g[i + 2], b[i + 2], shift, yw),
                   v3 = affine1(net_get(x, i + 3, xw), g[i + 3], b[i + 3], shift, yw);
    net_put(y, i, v0, yw);
    net_put(y, i + 1, v1, yw);
    net_put(y, i + 2, v2, yw);
    net_put(y, i + 3, v3, yw);
  }
  for (; i < n; ++i) net_put(y, i, affine1(net_get(x, i, xw), g[i], b[i], shift, yw), yw);
}

// ---- One operand -------------------------------------------------------------------------------

NET_INLINE int one(const uint32_t* w, unsigned rank, unsigned size, int is_affine, int xw, int yw) {
  const uint32_t k = is_affine ? 0 : net_rq(w[6]);
  const int16_t* g = is_affine ? (const int16_t*)oct_net_memory(w[5]) : 0;
  const int16_t* b = is_affine ? (const int16_t*)oct_net_memory(w[6]) : 0;
  for (net_part_t p = net_parts(w[0], is_affine ? w[7] : w[5], rank, size); net_next(&p);) {
    const uint8_t* x = (const uint8_t*)NET_X(w, p.row) + p.from * (unsigned)xw;
    uint8_t* y = (uint8_t*)NET_Y1(w, p.row) + p.from * (unsigned)yw;
    if (is_affine) {
      affine_piece(x, y, g + p.from, b + p.from, p.count, w[8], xw, yw);
    } else {
      requant_piece(x, y, p.count, k, xw, yw);
    }
  }
  return 0;
}

#define ONE(name, is_affine, xw, yw)                                 \
  int oct_net_##name(void* job, unsigned rank, unsigned size) {      \
    return one((const uint32_t*)job, rank, size, is_affine, xw, yw); \
  }

// Short rows, a token's heads: one each, in a straight line.
static __attribute__((noinline)) int requant_rows(const uint32_t* w, unsigned rank, unsigned size) {
  return one(w, rank, size, 0, 1, 1);
}
int oct_net_requant_i8_i8(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  if (w[5] != 8 || w[0] > size) return requant_rows(w, rank, size);
  if (rank >= w[0]) return 0;
  requant_piece((const uint8_t*)NET_X(w, rank), (uint8_t*)NET_Y1(w, rank), 8, net_rq(w[6]), 1, 1);
  return 0;
}
ONE(requant_i8_i16, 0, 1, 2)
ONE(requant_i16_i8, 0, 2, 1)
ONE(requant_i16_i16, 0, 2, 2)
ONE(requant_i32_i8, 0, 4, 1)
ONE(requant_i32_i16, 0, 4, 2)
ONE(affine_i8_i8, 1, 1, 1)
ONE(affine_i8_i16, 1, 1, 2)
ONE(affine_i16_i8, 1, 2, 1)
ONE(affine_i16_i16, 1, 2, 2)
