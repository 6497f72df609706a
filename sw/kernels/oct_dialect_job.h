// SPDX-License-Identifier: Apache-2.0
// oct_dialect_job.h: elements of the dialect's operands.
#ifndef OCT_DIALECT_JOB_H
#define OCT_DIALECT_JOB_H
#include "oct_dialect.h"
#include "oct_network_job.h"
#include "oct_network_simd.h"

enum { D_I8 = 0, D_U8 = 1, D_I32 = 2 };
typedef int64_t d_wide_t;

/// Row `row` of operand i; inputs, then outputs.
NET_INLINE uint8_t* d_row(const uint32_t* w, unsigned i, unsigned row) {
  return (uint8_t*)oct_net_memory(w[1 + 2 * i] + w[2 + 2 * i] * row);
}
NET_INLINE unsigned d_type(uint32_t types, unsigned i) { return types >> (4 * i) & 15; }

NET_INLINE int32_t d_get(const void* at, unsigned i, unsigned type) {
  return type == D_I8   ? ((const int8_t*)at)[i]
         : type == D_U8 ? ((const uint8_t*)at)[i]
                        : ((const int32_t*)at)[i];
}
NET_INLINE void d_put(void* at, unsigned i, int32_t v, unsigned type) {
  if (type == D_I32) {
    ((int32_t*)at)[i] = v;
  } else {
    ((uint8_t*)at)[i] = (uint8_t)v;
  }
}
NET_INLINE int32_t d_clip(int32_t v, int32_t lo, int32_t hi) {
  return v < lo ? lo : v > hi ? hi : v;
}
NET_INLINE int32_t d_clip_wide(d_wide_t v, int32_t lo, int32_t hi) {
  return v < lo ? lo : v > hi ? hi : (int32_t)v;
}
/// Down to the next whole number, d > 0.
NET_INLINE int32_t d_floor_div(int32_t a, int32_t d) { return a / d - (a % d < 0); }
NET_INLINE d_wide_t d_floor_div_wide(d_wide_t a, d_wide_t d) { return a / d - (a % d < 0); }
/// 0 <= by
NET_INLINE int32_t d_shifted(int32_t v, int32_t by) { return v >> (by > 31 ? 31 : by); }

#endif
