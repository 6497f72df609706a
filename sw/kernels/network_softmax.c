// SPDX-License-Identifier: Apache-2.0
// Kernels of networks: softmax over rows. Logits grow with x, so the largest x gives the maximum.
#include "oct_network_job.h"

static inline int32_t logit(int32_t x, uint32_t in) {
  return (int16_t)oct_rq_h0(0, (uint32_t)x, in);
}

static inline uint32_t exponential(int32_t below, const uint16_t* table) {
  const int32_t n = below >> 6;
  return n < 20 ? (uint32_t)table[below & 63] << 4 >> n : 0;
}

typedef struct {
  int32_t r;
  unsigned shift;
} reciprocal_t;

static reciprocal_t reciprocal(uint64_t sum, uint32_t out) {
  const uint32_t high = (uint32_t)(sum >> 32);
  const unsigned e = high != 0 ? 32 + oct_fl1(high) : oct_fl1((uint32_t)sum);
  const uint32_t norm = (uint32_t)(e >= 23 ? sum >> (e - 23) : sum << (23 - e));
  const uint64_t m = (uint64_t)(out & 0x7fffffU) << 23;
  return (reciprocal_t){(int32_t)(m / norm), (out >> 24 & 63) + e};
}

#define SOFTMAX(name, X)                                                                 \
  int oct_net_softmax_##name(void* job, unsigned rank, unsigned size) {                  \
    const uint32_t* w = (const uint32_t*)job;                                            \
    const uint16_t* table = (const uint16_t*)oct_net_memory(w[5]);                       \
    const unsigned n = w[6];                                                             \
    const uint32_t in = net_rq(w[7]);                                                    \
    for (unsigned row = rank; row < w[0]; row += size) {                                 \
      const X* x = (const X*)NET_X(w, row);                                              \
      int8_t* y = (int8_t*)NET_Y1(w, row);                                               \
      int32_t top = x[0];                                                                \
      for (unsigned i = 1; i < n; ++i) top = x[i] > top ? x[i] : top;                    \
      const int32_t max = (logit(top, in) + 63) & ~63;                                   \
      uint64_t sum = 0;                                                                  \
      for (unsigned i = 0; i < n; ++i) sum += exponential(max - logit(x[i], in), table); \
      const reciprocal_t k = reciprocal(sum, w[8]);                                      \
      for (unsigned i = 0; i < n; ++i) {                                                 \
        const int64_t v = (int64_t)exponential(max - logit(x[i], in), table) * k.r;      \
        const int64_t q = (v + ((int64_t)1 << (k.shift - 1))) >> k.shift;                \
        y[i] = (int8_t)(q > 127 ? 127 : q);                                              \
      }                                                                                  \
    }                                                                                    \
    return 0;                                                                            \
  }
SOFTMAX(i8_i8, int8_t)
SOFTMAX(i16_i8, int16_t)
