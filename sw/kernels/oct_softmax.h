// SPDX-License-Identifier: Apache-2.0
// oct_softmax.h: the engine's exponential and its one division a row, for kernels with a softmax.
#ifndef OCT_SOFTMAX_H
#define OCT_SOFTMAX_H
#include "oct_ml.h"

/// 2^-(below / 64) in 20 bits.
static inline __attribute__((always_inline)) uint32_t oct_exponential(uint32_t below,
                                                                      const uint16_t* table) {
  const uint32_t n = oct_minu(below >> 6, 31);  // 20 and more leave nothing
  return (uint32_t)table[below & 63] << 4 >> n;
}

typedef struct {
  int32_t r;
  unsigned shift, e;  // e: place of the sum's highest bit
} oct_reciprocal_t;

/// Scale word / sum: r * 2^-(shift - 26). The sum is not 0.
static inline oct_reciprocal_t oct_reciprocal(uint64_t sum, uint32_t out) {
  const uint32_t high = (uint32_t)(sum >> 32);
  const unsigned e = high != 0 ? 32 + oct_fl1(high) : oct_fl1((uint32_t)sum);
  const uint32_t norm = (uint32_t)(e >= 23 ? sum >> (e - 23) : sum << (23 - e));
  // out * 2^23 / norm < 2^23, bit by bit: the 64-bit division of the library is slower.
  uint32_t rest = out & 0x7fffffU, r = 0;
  for (int i = 0; i < 23; ++i) {
    rest <<= 1;
    r <<= 1;
    if (rest >= norm) rest -= norm, ++r;
  }
  return (oct_reciprocal_t){(int32_t)r, (out >> 24 & 63) + e, e};
}

#endif
