// SPDX-License-Identifier: Apache-2.0
// Kernels of networks: tables, rotary embedding.
#include "oct_network_job.h"

int oct_net_table_i8_i8(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const int8_t* table = (const int8_t*)oct_net_memory(w[5]) + 128;
  for (net_part_t p = net_parts(w[0], w[6], rank, size); net_next(&p);) {
    const int8_t* x = (const int8_t*)NET_X(w, p.row) + p.from;
    int8_t* y = (int8_t*)NET_Y1(w, p.row) + p.from;
    for (unsigned i = 0; i < p.count; ++i) y[i] = table[x[i]];
  }
  return 0;
}

/// Two neighbours of the table with their weights, in 1/128.
static inline int32_t between(const int16_t* table, int32_t x) {
  const int16_t* t = table + (x >> 7);
  const int32_t f = x & 127;
  return t[0] * (128 - f) + t[1] * f;
}

int oct_net_table_i16_i16(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const int16_t* table = (const int16_t*)oct_net_memory(w[5]) + 256;
  for (net_part_t p = net_parts(w[0], w[6], rank, size); net_next(&p);) {
    const int16_t* x = (const int16_t*)NET_X(w, p.row) + p.from;
    int16_t* y = (int16_t*)NET_Y1(w, p.row) + p.from;
    for (unsigned i = 0; i < p.count; ++i) y[i] = (int16_t)((between(table, x[i]) + 64) >> 7);
  }
  return 0;
}

int oct_net_table_i16_i8(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const int16_t* table = (const int16_t*)oct_net_memory(w[5]) + 256;
  for (net_part_t p = net_parts(w[0], w[6], rank, size); net_next(&p);) {
    const int16_t* x = (const int16_t*)NET_X(w, p.row) + p.from;
    int8_t* y = (int8_t*)NET_Y1(w, p.row) + p.from;
    for (unsigned i = 0; i < p.count; ++i) {
      const int32_t v = (between(table, x[i]) + 16384) >> 15;
      y[i] = (int8_t)(v > 127 ? 127 : v);
    }
  }
  return 0;
}

// Heads of all rows are shared out.
#define ROTARY(name, X, Y, rq)                                                               \
  int oct_net_rotary_##name(void* job, unsigned rank, unsigned size) {                       \
    const uint32_t* w = (const uint32_t*)job;                                                \
    const unsigned d = w[8], half = w[9] / 2, heads = w[7] / d, total = w[0] * heads;        \
    const unsigned apart = w[10] != 0 ? 1 : half, step = w[10] != 0 ? 2 : 1;                 \
    const uint32_t k = net_rq(w[11]);                                                        \
    const unsigned end = net_share(total, rank + 1, size);                                   \
    for (unsigned u = net_share(total, rank, size); u < end; ++u) {                          \
      const unsigned row = u / heads, head = (u - row * heads) * d;                          \
      const X* x = (const X*)NET_X(w, row) + head;                                           \
      const int16_t* cs = (const int16_t*)NET_B(w, row);                                     \
      Y* y = (Y*)NET_Y2(w, row) + head;                                                      \
      for (unsigned i = 0; i < half; ++i) {                                                  \
        const int32_t a = x[step * i], b = x[step * i + apart], c = cs[i], s = cs[half + i]; \
        y[step * i] = (Y)rq(0, (uint32_t)(a * c - b * s), k);                                \
        y[step * i + apart] = (Y)rq(0, (uint32_t)(b * c + a * s), k);                        \
      }                                                                                      \
      for (unsigned i = 2 * half; i < d; ++i) y[i] = (Y)rq(0, (uint32_t)(x[i] * 16384), k);  \
    }                                                                                        \
    return 0;                                                                                \
  }
ROTARY(i8_i8, int8_t, int8_t, oct_rq_b0)
ROTARY(i8_i16, int8_t, int16_t, oct_rq_h0)
ROTARY(i16_i8, int16_t, int8_t, oct_rq_b0)
ROTARY(i16_i16, int16_t, int16_t, oct_rq_h0)
