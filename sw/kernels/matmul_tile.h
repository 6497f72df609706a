// SPDX-License-Identifier: Apache-2.0
// matmul_tile.h: 4x4 block of an INT8 matrix product, the inner loop of both matmul kernels.
// 24 instructions for 64 products: 16 dot products and 8 loads, each of which is used at least four
// instructions later. One pointer walks the four rows of each operand: + k, + k, + k, + 4 - 3k.
#ifndef OCT_MATMUL_TILE_H
#define OCT_MATMUL_TILE_H
#include <stdint.h>

#include "oct_ml.h"
#include "oct_ml_asm.h"

#ifdef __riscv
// clang-format off: one row of the tile a line
#define ROW(dot, c0, c1, c2, c3, a) dot(c0, a, "%[b0]") dot(c1, a, "%[b1]") dot(c2, a, "%[b2]") dot(c3, a, "%[b3]")
#define LOAD_A(a) OCT_LW_PR(a, "%[pa]", "%[k]")
#define LOAD_A_BACK(a) OCT_LW_PR(a, "%[pa]", "%[back]")
#define LOAD_B(b) OCT_LW_PR(b, "%[pb]", "%[k]")
// Four columns of k, and the loads for the next four. cij: names of the accumulators.
#define STEP(dot, c00, c01, c02, c03, c10, c11, c12, c13, c20, c21, c22, c23, c30, c31, c32, c33)     \
  ROW(dot, c00, c01, c02, c03, "%[a0]") LOAD_A("%[a0]")                                               \
  ROW(dot, c10, c11, c12, c13, "%[a1]") LOAD_A_BACK("%[a1]")                                          \
  ROW(dot, c20, c21, c22, c23, "%[a0]") LOAD_A("%[a0]")                                               \
  dot(c30, "%[a1]", "%[b0]") LOAD_B("%[b0]") dot(c31, "%[a1]", "%[b1]") LOAD_B("%[b1]")               \
  dot(c32, "%[a1]", "%[b2]") LOAD_B("%[b2]") dot(c33, "%[a1]", "%[b3]")                               \
  OCT_LW_PR("%[b3]", "%[pb]", "%[back]") LOAD_A("%[a1]")
#define STEP_LAST(dot, c00, c01, c02, c03, c10, c11, c12, c13, c20, c21, c22, c23, c30, c31, c32, c33) \
  ROW(dot, c00, c01, c02, c03, "%[a0]") LOAD_A("%[a0]")                                               \
  ROW(dot, c10, c11, c12, c13, "%[a1]") LOAD_A_BACK("%[a1]")                                          \
  ROW(dot, c20, c21, c22, c23, "%[a0]") ROW(dot, c30, c31, c32, c33, "%[a1]")
#define NAMED(step, dot)                                                                              \
  step(dot, "%[c00]", "%[c01]", "%[c02]", "%[c03]", "%[c10]", "%[c11]", "%[c12]", "%[c13]", "%[c20]", \
       "%[c21]", "%[c22]", "%[c23]", "%[c30]", "%[c31]", "%[c32]", "%[c33]")
#define FIXED(step, dot)                                                                              \
  step(dot, "t0", "t1", "t2", "t3", "t4", "t5", "t6", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10")
#define STORE_ROW(c0, c1, c2, c3)                                                                     \
  OCT_SW_P(c0, "%[c]", "4") OCT_SW_P(c1, "%[c]", "4") OCT_SW_P(c2, "%[c]", "4") OCT_SW_PR(c3, "%[c]", "%[a0]")
#define ACC(i) [c##i##0] "=&r"(c[4 * i]), [c##i##1] "=&r"(c[4 * i + 1]), [c##i##2] "=&r"(c[4 * i + 2]), \
               [c##i##3] "=&r"(c[4 * i + 3])
// clang-format on
#endif

/// c[4 * i + j] = row i of a times row j of bt; k % 4 == 0, k >= 8, rows k bytes apart.
static inline __attribute__((always_inline)) void oct_tile_i8(const int8_t* a, const int8_t* bt,
                                                              unsigned k, int32_t c[16]) {
#ifdef __riscv
  uint32_t a0, a1, b0, b1, b2, b3;
  __asm__ volatile(LOAD_B("%[b0]") LOAD_B("%[b1]") LOAD_A("%[a0]") LOAD_B("%[b2]")
                       OCT_LW_PR("%[b3]", "%[pb]", "%[back]") LOAD_A("%[a1]")
                           NAMED(STEP, OCT_DOTSP_B) "beqz %[n], 1f\n" OCT_LOOP(0, "%[n]")
                               NAMED(STEP, OCT_SDOTSP_B)
                                   OCT_LOOP_END(0) "1:\n" NAMED(STEP_LAST, OCT_SDOTSP_B)
                   : ACC(0), ACC(1), ACC(2), ACC(3), [a0] "=&r"(a0), [a1] "=&r"(a1), [b0] "=&r"(b0),
                     [b1] "=&r"(b1), [b2] "=&r"(b2), [b3] "=&r"(b3), [pa] "+r"(a), [pb] "+r"(bt)
                   : [k] "r"(k), [back] "r"(4 - 3 * k), [n] "r"(k / 4 - 2)
                   : "memory");
#else
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 4; ++j) {
      const uint32_t* pa = (const uint32_t*)(const void*)(a + (unsigned)i * k);
      const uint32_t* pb = (const uint32_t*)(const void*)(bt + (unsigned)j * k);
      uint32_t sum = 0;
      for (unsigned q = 0; q < k / 4; ++q) sum = oct_sdotsp_b(sum, pa[q], pb[q]);
      c[4 * i + j] = (int32_t)sum;
    }
  }
#endif
}

/// The same, k >= 12, straight to memory: rows of c start ldc elements apart. The accumulators have
/// fixed registers, because GCC allows an asm statement no more than 30 operands.
static inline __attribute__((always_inline)) void oct_tile_i8_store(const int8_t* a,
                                                                    const int8_t* bt, unsigned k,
                                                                    int32_t* c, unsigned ldc) {
#ifdef __riscv
  uint32_t a0, a1, b0, b1, b2, b3;
  const unsigned next_row = 4 * ldc - 12;
  __asm__ volatile(
      "srli %[a1], %[k], 2\n"
      "addi %[a1], %[a1], -2\n" OCT_LOOP_COUNT(0, "%[a1]") LOAD_B("%[b0]") LOAD_B("%[b1]")
          LOAD_A("%[a0]") LOAD_B("%[b2]") OCT_LW_PR("%[b3]", "%[pb]", "%[back]") LOAD_A("%[a1]")
              FIXED(STEP, OCT_DOTSP_B) OCT_LOOP_RANGE(0) FIXED(STEP, OCT_SDOTSP_B) OCT_LOOP_END(0)
                  FIXED(STEP_LAST, OCT_SDOTSP_B) "lw %[a0], %[next]\n" STORE_ROW(
                      "t0", "t1", "t2", "t3") STORE_ROW("t4", "t5", "t6", "s2")
                      STORE_ROW("s3", "s4", "s5", "s6") STORE_ROW("s7", "s8", "s9", "s10")
      : [a0] "=&r"(a0), [a1] "=&r"(a1), [b0] "=&r"(b0), [b1] "=&r"(b1), [b2] "=&r"(b2),
        [b3] "=&r"(b3), [pa] "+r"(a), [pb] "+r"(bt), [c] "+r"(c)
      : [k] "r"(k), [back] "r"(4 - 3 * k), [next] "m"(next_row)
      : "memory", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "s2", "s3", "s4", "s5", "s6", "s7",
        "s8", "s9", "s10");
#else
  int32_t t[16];
  oct_tile_i8(a, bt, k, t);
  for (unsigned i = 0; i < 16; ++i) c[i / 4 * ldc + i % 4] = t[i];
#endif
}

/// One element, any k.
static inline int32_t oct_dot_i8(const int8_t* a, const int8_t* b, unsigned k) {
  uint32_t sum = 0;
  for (unsigned q = 0; q < k; ++q) sum += (uint32_t)(a[q] * b[q]);
  return (int32_t)sum;
}

#endif
