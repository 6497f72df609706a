// SPDX-License-Identifier: Apache-2.0
// oct_add_rows.h: the loops of the residual add, four words a round.
#ifndef OCT_ADD_ROWS_H
#define OCT_ADD_ROWS_H
#include "oct_ml.h"
#include "oct_ml_asm.h"

#ifdef __riscv
// Four words a round: eight loads first, so that no load is waited for. 16 instructions.
#define ADD_LOOP(op)                                                                              \
  uint32_t a0, a1, a2, a3, b0, b1, b2, b3;                                                        \
  __asm__ volatile(                                                                               \
      OCT_LOOP(0, "%[n]") OCT_LW_P("%[a0]", "%[a]", "4") OCT_LW_P("%[b0]", "%[b]", "4") OCT_LW_P( \
          "%[a1]", "%[a]", "4") OCT_LW_P("%[b1]", "%[b]", "4") OCT_LW_P("%[a2]", "%[a]", "4")     \
          OCT_LW_P("%[b2]", "%[b]", "4") OCT_LW_P("%[a3]", "%[a]", "4")                           \
              OCT_LW_P("%[b3]", "%[b]", "4") op("%[b0]", "%[a0]", "%[p]")                         \
                  op("%[b1]", "%[a1]", "%[p]") op("%[b2]", "%[a2]", "%[p]")                       \
                      op("%[b3]", "%[a3]", "%[p]") OCT_SW_P("%[b0]", "%[y]", "4")                 \
                          OCT_SW_P("%[b1]", "%[y]", "4") OCT_SW_P("%[b2]", "%[y]", "4")           \
                              OCT_SW_P("%[b3]", "%[y]", "4") OCT_LOOP_END(0)                      \
      : [a0] "=&r"(a0), [a1] "=&r"(a1), [a2] "=&r"(a2), [a3] "=&r"(a3), [b0] "=&r"(b0),           \
        [b1] "=&r"(b1), [b2] "=&r"(b2), [b3] "=&r"(b3), [a] "+r"(a), [b] "+r"(b), [y] "+r"(y)     \
      : [p] "r"(arq), [n] "r"(blocks)                                                             \
      : "memory")
#endif

static inline void add_b(const uint32_t* a, const uint32_t* b, uint32_t* y, unsigned blocks,
                         uint32_t arq) {
#ifdef __riscv
  ADD_LOOP(OCT_ARQ_B);
#else
  for (unsigned i = 0; i < 4 * blocks; ++i) y[i] = oct_arq_b(b[i], a[i], arq);
#endif
}

static inline void add_h(const uint32_t* a, const uint32_t* b, uint32_t* y, unsigned blocks,
                         uint32_t arq) {
#ifdef __riscv
  ADD_LOOP(OCT_ARQ_H);
#else
  for (unsigned i = 0; i < 4 * blocks; ++i) y[i] = oct_arq_h(b[i], a[i], arq);
#endif
}

#endif
