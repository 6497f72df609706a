// SPDX-License-Identifier: Apache-2.0
// Kernels of networks that treat elements alike: add, mul, requant, affine.
#include "oct_network_job.h"

// ---- Two operands ------------------------------------------------------------------------------
#define ADD_1(A, B, Y)                                                                        \
  y[i] = (Y)(sizeof(Y) == 1 ? oct_arq_hb((uint32_t)b[i] & 0xffff, (uint32_t)a[i] & 0xffff, k) \
                            : oct_arq_h((uint32_t)b[i] & 0xffff, (uint32_t)a[i] & 0xffff, k))
#define MUL_1(A, B, Y)                                                 \
  y[i] = (Y)(sizeof(Y) == 1 ? oct_rq_b0(0, (uint32_t)(a[i] * b[i]), k) \
                            : oct_rq_h0(0, (uint32_t)(a[i] * b[i]), k))
#define TWO(name, A, B, Y, word, one)                                       \
  int oct_net_##name(void* job, unsigned rank, unsigned size) {             \
    const uint32_t* w = (const uint32_t*)job;                               \
    const uint32_t k = word(w[8]);                                          \
    for (net_part_t p = net_parts(w[0], w[7], rank, size); net_next(&p);) { \
      const A* a = (const A*)NET_X(w, p.row) + p.from;                      \
      const B* b = (const B*)NET_B(w, p.row) + p.from;                      \
      Y* y = (Y*)NET_Y2(w, p.row) + p.from;                                 \
      for (unsigned i = 0; i < p.count; ++i) one(A, B, Y);                  \
    }                                                                       \
    return 0;                                                               \
  }
#define TWO_ALL(name, word, one)                              \
  TWO(name##_i8_i8_i8, int8_t, int8_t, int8_t, word, one)     \
  TWO(name##_i8_i8_i16, int8_t, int8_t, int16_t, word, one)   \
  TWO(name##_i8_i16_i8, int8_t, int16_t, int8_t, word, one)   \
  TWO(name##_i8_i16_i16, int8_t, int16_t, int16_t, word, one) \
  TWO(name##_i16_i8_i8, int16_t, int8_t, int8_t, word, one)   \
  TWO(name##_i16_i8_i16, int16_t, int8_t, int16_t, word, one) \
  TWO(name##_i16_i16_i8, int16_t, int16_t, int8_t, word, one) \
  TWO(name##_i16_i16_i16, int16_t, int16_t, int16_t, word, one)
#define AS_IS(word) (word)
TWO_ALL(add, AS_IS, ADD_1)
TWO_ALL(mul, net_rq, MUL_1)

// ---- One operand -------------------------------------------------------------------------------
#define REQUANT(name, X, Y)                                                 \
  int oct_net_requant_##name(void* job, unsigned rank, unsigned size) {     \
    const uint32_t* w = (const uint32_t*)job;                               \
    const uint32_t k = net_rq(w[6]);                                        \
    for (net_part_t p = net_parts(w[0], w[5], rank, size); net_next(&p);) { \
      const X* x = (const X*)NET_X(w, p.row) + p.from;                      \
      Y* y = (Y*)NET_Y1(w, p.row) + p.from;                                 \
      for (unsigned i = 0; i < p.count; ++i) {                              \
        y[i] = (Y)(sizeof(Y) == 1 ? oct_rq_b0(0, (uint32_t)x[i], k)         \
                                  : oct_rq_h0(0, (uint32_t)x[i], k));       \
      }                                                                     \
    }                                                                       \
    return 0;                                                               \
  }
REQUANT(i8_i8, int8_t, int8_t)
REQUANT(i8_i16, int8_t, int16_t)
REQUANT(i16_i8, int16_t, int8_t)
REQUANT(i16_i16, int16_t, int16_t)
REQUANT(i32_i8, int32_t, int8_t)
REQUANT(i32_i16, int32_t, int16_t)

#define AFFINE(name, X, Y)                                                                 \
  int oct_net_affine_##name(void* job, unsigned rank, unsigned size) {                     \
    const uint32_t* w = (const uint32_t*)job;                                              \
    const int16_t* gamma = (const int16_t*)oct_net_memory(w[5]);                           \
    const int16_t* beta = (const int16_t*)oct_net_memory(w[6]);                            \
    const int64_t half = (int64_t)1 << (w[8] - 1);                                         \
    const int32_t low = sizeof(Y) == 1 ? -128 : -32768;                                    \
    for (net_part_t p = net_parts(w[0], w[7], rank, size); net_next(&p);) {                \
      const X* x = (const X*)NET_X(w, p.row) + p.from;                                     \
      Y* y = (Y*)NET_Y1(w, p.row) + p.from;                                                \
      const int16_t *g = gamma + p.from, *b = beta + p.from;                               \
      for (unsigned i = 0; i < p.count; ++i) {                                             \
        const int64_t v =                                                                  \
            ((int64_t)x[i] * g[i] + b[i] * (sizeof(Y) == 1 ? 256 : 32768) + half) >> w[8]; \
        y[i] = (Y)(v < low ? low : v > ~low ? ~low : v);                                   \
      }                                                                                    \
    }                                                                                      \
    return 0;                                                                              \
  }
AFFINE(i8_i8, int8_t, int8_t)
AFFINE(i8_i16, int8_t, int16_t)
AFFINE(i16_i8, int16_t, int8_t)
AFFINE(i16_i16, int16_t, int16_t)
