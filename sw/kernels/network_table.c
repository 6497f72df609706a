// SPDX-License-Identifier: Apache-2.0
// Kernels of networks: tables.
#include "oct_network_job.h"
#include "oct_network_simd.h"

/// `table` is that of 0.
static void table_bytes(const int8_t* x, int8_t* y, const int8_t* table, unsigned n) {
#ifdef __riscv
  const unsigned rounds = n / 8;
  if (rounds != 0) {
    uint32_t x0, x1, x2, x3, x4, x5, x6, x7;
    __asm__ volatile(
        OCT_LOOP(0, "%[n]") OCT_LB_P("%[x0]", "%[x]", "1") OCT_LB_P("%[x1]", "%[x]", "1") OCT_LB_P(
            "%[x2]", "%[x]", "1") OCT_LB_P("%[x3]", "%[x]", "1") OCT_LB_P("%[x4]", "%[x]", "1")
            OCT_LB_P("%[x5]", "%[x]", "1") OCT_LB_P("%[x6]", "%[x]", "1")
                OCT_LB_P("%[x7]", "%[x]", "1") OCT_LB_R("%[x0]", "%[t]", "%[x0]") OCT_LB_R(
                    "%[x1]", "%[t]", "%[x1]") OCT_LB_R("%[x2]", "%[t]", "%[x2]")
                    OCT_LB_R("%[x3]", "%[t]", "%[x3]") OCT_LB_R("%[x4]", "%[t]", "%[x4]") OCT_LB_R(
                        "%[x5]", "%[t]", "%[x5]") OCT_LB_R("%[x6]", "%[t]", "%[x6]")
                        OCT_LB_R("%[x7]", "%[t]", "%[x7]") OCT_PACKLO_B("%[x0]", "%[x1]", "%[x0]")
                            OCT_PACKHI_B("%[x0]", "%[x3]", "%[x2]") OCT_PACKLO_B(
                                "%[x4]", "%[x5]", "%[x4]") OCT_SW_P("%[x0]", "%[y]", "4")
                                OCT_PACKHI_B("%[x4]", "%[x7]", "%[x6]")
                                    OCT_SW_P("%[x4]", "%[y]", "4") OCT_LOOP_END(0)
        : [x0] "=&r"(x0), [x1] "=&r"(x1), [x2] "=&r"(x2), [x3] "=&r"(x3), [x4] "=&r"(x4),
          [x5] "=&r"(x5), [x6] "=&r"(x6), [x7] "=&r"(x7), [x] "+r"(x), [y] "+r"(y)
        : [t] "r"(table), [n] "r"(rounds)
        : "memory");
  }
  n %= 8;
#endif
  for (unsigned i = 0; i < n; ++i) y[i] = table[x[i]];
}

int oct_net_table_i8_i8(void* job, unsigned rank, unsigned size) {
  const uint32_t* w = (const uint32_t*)job;
  const int8_t* table = (const int8_t*)oct_net_memory(w[5]) + 128;
  for (net_part_t p = net_parts(w[0], w[6], rank, size); net_next(&p);) {
    table_bytes((const int8_t*)NET_X(w, p.row) + p.from, (int8_t*)NET_Y1(w, p.row) + p.from, table,
                p.count);
  }
  return 0;
}

/// Two neighbours of the table (that of 0) with their weights in 1/128, to the width of y.
NET_INLINE uint32_t between(const int16_t* table, int32_t x, int yw) {
  const int16_t* t = table + (x >> 7);
  const int32_t f = x & 127, v = t[0] * (128 - f) + t[1] * f;
  return yw == 2 ? (uint32_t)((v + 64) >> 7) : oct_clip((uint32_t)((v + 16384) >> 15), 8);
}

NET_INLINE int table_halves(const uint32_t* w, unsigned rank, unsigned size, int yw) {
  const int16_t* table = (const int16_t*)oct_net_memory(w[5]) + 256;
  for (net_part_t p = net_parts(w[0], w[6], rank, size); net_next(&p);) {
    const int16_t* x = (const int16_t*)NET_X(w, p.row) + p.from;
    uint8_t* y = (uint8_t*)NET_Y1(w, p.row) + p.from * (unsigned)yw;
    unsigned i = 0;
    for (; i + 4 <= p.count; i += 4) {
      const uint32_t v0 = between(table, x[i], yw), v1 = between(table, x[i + 1], yw),
                     v2 = between(table, x[i + 2], yw), v3 = between(table, x[i + 3], yw);
      net_put(y, i, v0, yw);
      net_put(y, i + 1, v1, yw);
      net_put(y, i + 2, v2, yw);
      net_put(y, i + 3, v3, yw);
    }
    for (; i < p.count; ++i) net_put(y, i, between(table, x[i], yw), yw);
  }
  return 0;
}

int oct_net_table_i16_i16(void* job, unsigned rank, unsigned size) {
  return table_halves((const uint32_t*)job, rank, size, 2);
}
int oct_net_table_i16_i8(void* job, unsigned rank, unsigned size) {
  return table_halves((const uint32_t*)job, rank, size, 1);
}
