// SPDX-License-Identifier: Apache-2.0
// oct_tiles.h: products of INT8 rows that start anywhere (any strides, multiples of 4), of any
// length: 4x4 tiles and single rows against four. Bytes up to the next multiple of 4 behind a row
// are read and count for nothing.
#ifndef OCT_TILES_H
#define OCT_TILES_H
#include <stdint.h>

#include "oct_ml.h"
#include "oct_ml_asm.h"

#define TILE_INLINE static inline __attribute__((always_inline))

#ifdef __riscv
// clang-format off: one row of the tile a line. The order is matmul_tile.h's; a has strides of its own.
#define TILE_A(a) OCT_LW_PR(a, "%[pa]", "%[lda]")
#define TILE_B(b) OCT_LW_PR(b, "%[pb]", "%[ldb]")
#define TILE_ROW(dot, c0, c1, c2, c3, a) dot(c0, a, "%[b0]") dot(c1, a, "%[b1]") dot(c2, a, "%[b2]") dot(c3, a, "%[b3]")
#define TILE_THREE(dot)                                                           \
  TILE_ROW(dot, "t0", "t1", "t2", "t3", "%[a0]") TILE_A("%[a0]")                  \
  TILE_ROW(dot, "t4", "t5", "t6", "s2", "%[a1]") OCT_LW_PR("%[a1]", "%[pa]", "%[backa]") \
  TILE_ROW(dot, "s3", "s4", "s5", "s6", "%[a0]")
#define TILE_STEP(dot)                                                            \
  TILE_THREE(dot) TILE_A("%[a0]")                                                 \
  dot("s7", "%[a1]", "%[b0]") TILE_B("%[b0]") dot("s8", "%[a1]", "%[b1]") TILE_B("%[b1]") \
  dot("s9", "%[a1]", "%[b2]") TILE_B("%[b2]") dot("s10", "%[a1]", "%[b3]")        \
  OCT_LW_PR("%[b3]", "%[pb]", "%[backb]") TILE_A("%[a1]")
#define TILE_LAST(dot) TILE_THREE(dot) TILE_ROW(dot, "s7", "s8", "s9", "s10", "%[a1]")
#define TILE_TEXT(dot, sdot)                                                      \
  "lw %[a1], %[steps]\n"                                                          \
  TILE_B("%[b0]") TILE_B("%[b1]") TILE_A("%[a0]") TILE_B("%[b2]")                 \
  OCT_LW_PR("%[b3]", "%[pb]", "%[backb]") OCT_LOOP_COUNT(0, "%[a1]") TILE_A("%[a1]") \
  TILE_STEP(dot) OCT_LOOP_RANGE(0) TILE_STEP(sdot) OCT_LOOP_END(0) TILE_LAST(sdot) \
  "lw %[a0], %[to]\n"                                                             \
  "sw t0, 0(%[a0])\nsw t1, 4(%[a0])\nsw t2, 8(%[a0])\nsw t3, 12(%[a0])\n"         \
  "sw t4, 16(%[a0])\nsw t5, 20(%[a0])\nsw t6, 24(%[a0])\nsw s2, 28(%[a0])\n"      \
  "sw s3, 32(%[a0])\nsw s4, 36(%[a0])\nsw s5, 40(%[a0])\nsw s6, 44(%[a0])\n"      \
  "sw s7, 48(%[a0])\nsw s8, 52(%[a0])\nsw s9, 56(%[a0])\nsw s10, 60(%[a0])\n"
#define TILE_ASM(text)                                                            \
  __asm__ volatile(text                                                           \
    : [a0] "=&r"(a0), [a1] "=&r"(a1), [b0] "=&r"(b0), [b1] "=&r"(b1), [b2] "=&r"(b2), \
      [b3] "=&r"(b3), [pa] "+r"(a), [pb] "+r"(b)                                  \
    : [lda] "r"(lda), [ldb] "r"(ldb), [backa] "r"(4 - 3 * lda), [backb] "r"(4 - 3 * ldb), \
      [steps] "m"(steps), [to] "m"(to)                                            \
    : "memory", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "s2", "s3", "s4", "s5", \
      "s6", "s7", "s8", "s9", "s10")
// clang-format on
#endif

/// Bytes 0 .. k % 4 - 1 of a word.
TILE_INLINE uint32_t oct_tail_mask(unsigned k) { return (1U << (8 * (k & 3))) - 1; }
TILE_INLINE uint32_t oct_word(const uint8_t* at) { return *(const uint32_t*)(const void*)at; }
TILE_INLINE uint32_t oct_dot(uint32_t c, uint32_t a, uint32_t b, int unsigned_a) {
  return unsigned_a ? oct_sdotusp_b(c, a, b) : oct_sdotsp_b(c, a, b);
}

/// c[j] = x times row j of y, four rows.
TILE_INLINE void oct_row4(const uint8_t* x, const uint8_t* y, int32_t ldy, unsigned k, int32_t* c,
                          int unsigned_x) {
  uint32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  unsigned words = k / 4;
#ifdef __riscv
#define ROW4(dot)                                                                                  \
  __asm__ volatile("beqz %[n], 1f\n" OCT_LOOP(0, "%[n]") OCT_LW_P("%[x]", "%[px]", "4") OCT_LW_PR( \
                       "%[y0]", "%[py]", "%[ld]") OCT_LW_PR("%[y1]", "%[py]", "%[ld]")             \
                       OCT_LW_PR("%[y2]", "%[py]", "%[ld]") OCT_LW_PR("%[y3]", "%[py]", "%[back]") \
                           dot("%[s0]", "%[x]", "%[y0]") dot("%[s1]", "%[x]", "%[y1]")             \
                               dot("%[s2]", "%[x]", "%[y2]") dot("%[s3]", "%[x]", "%[y3]")         \
                                   OCT_LOOP_END(0) "1:\n"                                          \
                   : [x] "=&r"(xw), [y0] "=&r"(y0), [y1] "=&r"(y1), [y2] "=&r"(y2),                \
                     [y3] "=&r"(y3), [s0] "+&r"(s0), [s1] "+&r"(s1), [s2] "+&r"(s2),               \
                     [s3] "+&r"(s3), [px] "+&r"(x), [py] "+&r"(y)                                  \
                   : [ld] "r"(ldy), [back] "r"(4 - 3 * ldy), [n] "r"(words)                        \
                   : "memory")
  uint32_t xw, y0, y1, y2, y3;
  if (unsigned_x) {
    ROW4(OCT_SDOTUSP_B);
  } else {
    ROW4(OCT_SDOTSP_B);
  }
#undef ROW4
#else
  for (; words != 0; --words, x += 4, y += 4) {
    const uint32_t xw = oct_word(x);
    s0 = oct_dot(s0, xw, oct_word(y), unsigned_x);
    s1 = oct_dot(s1, xw, oct_word(y + ldy), unsigned_x);
    s2 = oct_dot(s2, xw, oct_word(y + 2 * ldy), unsigned_x);
    s3 = oct_dot(s3, xw, oct_word(y + 3 * ldy), unsigned_x);
  }
#endif
  if ((k & 3) != 0) {
    const uint32_t last = oct_word(x) & oct_tail_mask(k);
    s0 = oct_dot(s0, last, oct_word(y), unsigned_x);
    s1 = oct_dot(s1, last, oct_word(y + ldy), unsigned_x);
    s2 = oct_dot(s2, last, oct_word(y + 2 * ldy), unsigned_x);
    s3 = oct_dot(s3, last, oct_word(y + 3 * ldy), unsigned_x);
  }
  c[0] = (int32_t)s0, c[1] = (int32_t)s1, c[2] = (int32_t)s2, c[3] = (int32_t)s3;
}

/// c[4 * i + j] = row i of a times row j of b.
TILE_INLINE void oct_tile(const uint8_t* a, int32_t lda, const uint8_t* b, int32_t ldb, unsigned k,
                          int32_t* c, int unsigned_a) {
#ifdef __riscv
  if (k >= 8) {
    const uint8_t *ta = a + (k & ~3U), *tb = b + (k & ~3U);
    uint32_t a0, a1, b0, b1, b2, b3;
    const unsigned steps = k / 4 - 2;
    int32_t* const to = c;
    if (steps == 0) {  // the loop below has a turn at least
      for (int i = 0; i < 4; ++i) oct_row4(a + i * lda, b, ldb, 8, c + 4 * i, unsigned_a);
    } else if (unsigned_a) {
      TILE_ASM(TILE_TEXT(OCT_DOTUSP_B, OCT_SDOTUSP_B));
    } else {
      TILE_ASM(TILE_TEXT(OCT_DOTSP_B, OCT_SDOTSP_B));
    }
    if ((k & 3) == 0) return;
    for (int i = 0; i < 4; ++i, ta += lda) {
      const uint32_t last = oct_word(ta) & oct_tail_mask(k);
      for (int j = 0; j < 4; ++j) {
        c[4 * i + j] =
            (int32_t)oct_dot((uint32_t)c[4 * i + j], last, oct_word(tb + j * ldb), unsigned_a);
      }
    }
    return;
  }
#endif
  for (int i = 0; i < 4; ++i) oct_row4(a + i * lda, b, ldb, k, c + 4 * i, unsigned_a);
}

#endif
