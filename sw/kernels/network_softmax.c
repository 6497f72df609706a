// SPDX-License-Identifier: Apache-2.0
// Kernels of networks: softmax over rows. Logits grow with x, so the largest x gives the maximum.
#include "oct_network_job.h"
#include "oct_network_simd.h"
#include "oct_softmax.h"

typedef struct {
  uint32_t e0, e1;
} pair_t;

/// Two elements; `max` in both half-words, modulo 2^16: the difference is what counts.
NET_INLINE pair_t exponential2(int32_t x0, int32_t x1, uint32_t max, uint32_t in,
                               const uint16_t* table) {
  const uint32_t l = net_rq2((uint32_t)x0, (uint32_t)x1, in, 2);
  const uint32_t below = oct_sub_h(max, l);
  return (pair_t){oct_exponential(below & 0xffff, table), oct_exponential(below >> 16, table)};
}

NET_INLINE int32_t largest(const uint8_t* x, unsigned n, int xw) {
  const uint32_t* w = (const uint32_t*)(const void*)x;
  const unsigned each = 4 / (unsigned)xw, words = n / each;
  uint32_t m = xw == 1 ? 0x80808080U : 0x80008000U;
  for (unsigned i = 0; i < words; ++i) m = xw == 1 ? oct_max_b(m, w[i]) : oct_max_h(m, w[i]);
  uint32_t top = xw == 1 ? oct_max(oct_max(oct_extract_b(m, 0), oct_extract_b(m, 1)),
                                   oct_max(oct_extract_b(m, 2), oct_extract_b(m, 3)))
                         : oct_max(oct_extract_h(m, 0), oct_extract_h(m, 1));
  for (unsigned i = words * each; i < n; ++i) top = oct_max(top, (uint32_t)net_get(x, i, xw));
  return (int32_t)top;
}

NET_INLINE uint64_t exponentials(const uint8_t* x, unsigned n, uint32_t max, uint32_t in,
                                 const uint16_t* table, int xw) {
  uint64_t sum = 0;
  unsigned i = 0;
  while (i + 4 <= n) {
    const unsigned end = n - i < 2048 ? n & ~3U : i + 2048;  // 2^31 at most
    uint32_t part = 0;
    for (; i < end; i += 4) {
      const pair_t u = exponential2(net_get(x, i, xw), net_get(x, i + 1, xw), max, in, table),
                   v = exponential2(net_get(x, i + 2, xw), net_get(x, i + 3, xw), max, in, table);
      part += u.e0 + u.e1 + (v.e0 + v.e1);
    }
    sum += part;
  }
  for (; i < n; ++i) sum += exponential2(net_get(x, i, xw), 0, max, in, table).e0;
  return sum;
}

/// e * r / 2^shift in 8 bits, shifts of 48 and more.
static uint32_t far(uint32_t e, oct_reciprocal_t k) {
  const uint64_t v = (uint64_t)e * (uint32_t)k.r;
  return (uint32_t)((v + ((uint64_t)1 << (k.shift - 1))) >> k.shift);  // below 2^-4
}

NET_INLINE int softmax(const uint32_t* w, unsigned rank, unsigned size, int xw) {
  const uint16_t* table = (const uint16_t*)oct_net_memory(w[5]);
  const unsigned n = w[6];
  const uint32_t in = net_rq(w[7]);
  for (unsigned row = rank; row < w[0]; row += size) {
    const uint8_t* x = (const uint8_t*)NET_X(w, row);
    int8_t* y = (int8_t*)NET_Y1(w, row);
    const int32_t top = (int16_t)oct_rq_h0(0, (uint32_t)largest(x, n, xw), in);
    const uint32_t max = oct_pack((uint32_t)(top + 63) & ~63U, (uint32_t)(top + 63) & ~63U);
    const oct_reciprocal_t k = oct_reciprocal(exponentials(x, n, max, in, table, xw), w[8]);
    unsigned i = 0;
    if (k.shift <= 47) {
      const uint32_t rq = oct_rq_param(k.r, k.shift);
      for (; i + 4 <= n; i += 4) {
        const pair_t u = exponential2(net_get(x, i, xw), net_get(x, i + 1, xw), max, in, table),
                     v = exponential2(net_get(x, i + 2, xw), net_get(x, i + 3, xw), max, in, table);
        *(uint32_t*)(void*)(y + i) = oct_rq_b3(
            oct_rq_b2(oct_rq_b1(oct_rq_b0(u.e0, u.e0, rq), u.e1, rq), v.e0, rq), v.e1, rq);
      }
    }
    for (; i < n; ++i) {
      const uint32_t e = exponential2(net_get(x, i, xw), 0, max, in, table).e0;
      y[i] = (int8_t)(k.shift <= 47 ? oct_rq_b0(0, e, oct_rq_param(k.r, k.shift)) : far(e, k));
    }
  }
  return 0;
}

int oct_net_softmax_i8_i8(void* job, unsigned rank, unsigned size) {
  return softmax((const uint32_t*)job, rank, size, 1);
}
int oct_net_softmax_i16_i8(void* job, unsigned rank, unsigned size) {
  return softmax((const uint32_t*)job, rank, size, 2);
}
