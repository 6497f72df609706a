// SPDX-License-Identifier: Apache-2.0
// LayerNorm of dense rows; the network's kernels (network_norm.c) take strides and any n.
#include "oct_norm_rows.h"

void oct_layernorm_i16_i8(const int16_t* x, int8_t* y, unsigned rows, const oct_layernorm_t* p,
                          unsigned rank, unsigned size) {
  for (unsigned row = rank; row < rows; row += size) {
    const uint32_t* in = (const uint32_t*)(const void*)(x + row * p->n);
    const sums_t s = sums_h(in, p->n / 2, p->pre * ONES_H);
    apply_h(in, (uint32_t*)(void*)(y + row * p->n), p->n / 4, norm_of(s, p, p->pre),
            (const uint32_t*)(const void*)p->gamma, (const uint32_t*)(const void*)p->beta);
  }
}

void oct_layernorm_i8_i8(const int8_t* x, int8_t* y, unsigned rows, const oct_layernorm_t* p,
                         unsigned rank, unsigned size) {
  for (unsigned row = rank; row < rows; row += size) {
    const uint32_t* in = (const uint32_t*)(const void*)(x + row * p->n);
    apply_b(in, (uint32_t*)(void*)(y + row * p->n), p->n / 4, norm_of(sums_b(in, p->n / 4), p, 8),
            (const uint32_t*)(const void*)p->gamma, (const uint32_t*)(const void*)p->beta);
  }
}
