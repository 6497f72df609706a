// SPDX-License-Identifier: Apache-2.0
// oct_network_simd.h: eight elements at a time as four words of half-words, whatever their width in
// memory. `width` is 1 or 2 bytes and a constant wherever these are called, so nothing is left of
// the conditions. Loads come before stores: rows may be worked on in place.
#ifndef OCT_NETWORK_SIMD_H
#define OCT_NETWORK_SIMD_H
#include "oct_ml.h"
#include "oct_ml_asm.h"

#define NET_INLINE static inline __attribute__((always_inline))
#define NET_EVEN 0x06040200U  // cv.shuffle2.b: bytes 0 and 2 of rd, then of rs1

// No array: GCC would keep it on the stack.
typedef struct {
  uint32_t a, b, c, d;
} net_eight_t;

/// Bytes become half-words times 256.
NET_INLINE net_eight_t net_load8_wide(const void* at, int width) {
  const uint32_t* w = (const uint32_t*)at;
  if (width == 2) return (net_eight_t){w[0], w[1], w[2], w[3]};
  const uint32_t w0 = w[0], w1 = w[1], odd = 0xff00ff00U;
  const uint32_t e0 = oct_sll_sci_h(w0, 8), o0 = w0 & odd;
  const uint32_t e1 = oct_sll_sci_h(w1, 8), o1 = w1 & odd;
  return (net_eight_t){oct_pack(o0, e0), oct_pack_h(o0, e0), oct_pack(o1, e1), oct_pack_h(o1, e1)};
}

NET_INLINE net_eight_t net_load8(const void* at, int width) {
  const net_eight_t v = net_load8_wide(at, width);
  if (width == 2) return v;
  return (net_eight_t){oct_sra_sci_h(v.a, 8), oct_sra_sci_h(v.b, 8), oct_sra_sci_h(v.c, 8),
                       oct_sra_sci_h(v.d, 8)};
}

/// Half-words that fit the width.
NET_INLINE void net_store8(void* at, net_eight_t v, int width) {
  uint32_t* w = (uint32_t*)at;
  if (width == 2) {
    w[0] = v.a, w[1] = v.b, w[2] = v.c, w[3] = v.d;
  } else {
    w[0] = oct_shuffle2_b(v.a, v.b, NET_EVEN);
    w[1] = oct_shuffle2_b(v.c, v.d, NET_EVEN);
  }
}

/// Single elements.
NET_INLINE int32_t net_get(const void* at, unsigned i, int width) {
  return width == 1 ? ((const int8_t*)at)[i] : ((const int16_t*)at)[i];
}
NET_INLINE void net_put(void* at, unsigned i, uint32_t v, int width) {
  if (width == 1) {
    ((int8_t*)at)[i] = (int8_t)v;
  } else {
    ((int16_t*)at)[i] = (int16_t)v;
  }
}

/// Two elements of INT32 to the half-words of a word, clipped to 8 or 16 bits; in 8 bits, bytes 1
/// and 3 are anything.
NET_INLINE uint32_t net_rq2(uint32_t v0, uint32_t v1, uint32_t k, int width) {
  if (width == 2) return oct_rq_h1(oct_rq_h0(v0, v0, k), v1, k);
  return oct_rq_b2(oct_rq_b0(v0, v0, k), v1, k);
}
/// One; what is above its 8 or 16 bits is anything.
NET_INLINE uint32_t net_rq1(uint32_t v, uint32_t k, int width) {
  return width == 2 ? oct_rq_h0(v, v, k) : oct_rq_b0(v, v, k);
}

#endif
