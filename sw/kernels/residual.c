// SPDX-License-Identifier: Apache-2.0
#include "oct_kernels.h"
#include "oct_ml.h"
#include "oct_ml_asm.h"

// Words of one worker: blocks of four to all, the rest to the last.
typedef struct {
  unsigned first, blocks, rest;
} share_t;

static share_t share_of(unsigned words, unsigned rank, unsigned size) {
  const unsigned blocks = words / 4, first = blocks * rank / size,
                 last = blocks * (rank + 1) / size;
  return (share_t){4 * first, last - first, rank + 1 == size ? words - 4 * blocks : 0};
}

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

static void add_b(const uint32_t* a, const uint32_t* b, uint32_t* y, unsigned blocks,
                  uint32_t arq) {
#ifdef __riscv
  ADD_LOOP(OCT_ARQ_B);
#else
  for (unsigned i = 0; i < 4 * blocks; ++i) y[i] = oct_arq_b(b[i], a[i], arq);
#endif
}

static void add_h(const uint32_t* a, const uint32_t* b, uint32_t* y, unsigned blocks,
                  uint32_t arq) {
#ifdef __riscv
  ADD_LOOP(OCT_ARQ_H);
#else
  for (unsigned i = 0; i < 4 * blocks; ++i) y[i] = oct_arq_h(b[i], a[i], arq);
#endif
}

void oct_add_i8(const int8_t* a, const int8_t* b, int8_t* y, unsigned n, uint32_t arq,
                unsigned rank, unsigned size) {
  const share_t s = share_of(n / 4, rank, size);
  const uint32_t* pa = (const uint32_t*)(const void*)a + s.first;
  const uint32_t* pb = (const uint32_t*)(const void*)b + s.first;
  uint32_t* py = (uint32_t*)(void*)y + s.first;
  if (s.blocks != 0) add_b(pa, pb, py, s.blocks, arq);
  for (unsigned i = 4 * s.blocks; i < 4 * s.blocks + s.rest; ++i)
    py[i] = oct_arq_b(pb[i], pa[i], arq);
  for (unsigned i = n & ~3U; rank + 1 == size && i < n; ++i) {
    y[i] = (int8_t)oct_arq_b((uint8_t)b[i], (uint8_t)a[i], arq);
  }
}

void oct_add_i16(const int16_t* a, const int16_t* b, int16_t* y, unsigned n, uint32_t arq,
                 unsigned rank, unsigned size) {
  const share_t s = share_of(n / 2, rank, size);
  const uint32_t* pa = (const uint32_t*)(const void*)a + s.first;
  const uint32_t* pb = (const uint32_t*)(const void*)b + s.first;
  uint32_t* py = (uint32_t*)(void*)y + s.first;
  if (s.blocks != 0) add_h(pa, pb, py, s.blocks, arq);
  for (unsigned i = 4 * s.blocks; i < 4 * s.blocks + s.rest; ++i)
    py[i] = oct_arq_h(pb[i], pa[i], arq);
  if (rank + 1 == size && n % 2 != 0)
    y[n - 1] = (int16_t)oct_arq_h((uint16_t)b[n - 1], (uint16_t)a[n - 1], arq);
}

void oct_add_i16_i8(const int16_t* a, const int16_t* b, int8_t* y, unsigned n, uint32_t arq,
                    unsigned rank, unsigned size) {
  const share_t s = share_of(n / 4, rank, size);  // words of y
  const uint32_t* pa = (const uint32_t*)(const void*)a + 2 * s.first;
  const uint32_t* pb = (const uint32_t*)(const void*)b + 2 * s.first;
  uint32_t* py = (uint32_t*)(void*)y + s.first;
  const uint32_t even = 0x06040200;  // bytes 0 and 2 of both halves
  for (const uint32_t* end = py + 4 * s.blocks + s.rest; py < end; ++py, pa += 2, pb += 2) {
    const uint32_t a0 = pa[0], b0 = pb[0], a1 = pa[1], b1 = pb[1];
    *py = oct_shuffle2_b(oct_arq_hb(b0, a0, arq), oct_arq_hb(b1, a1, arq), even);
  }
  for (unsigned i = n & ~3U; rank + 1 == size && i < n; ++i) {
    y[i] = (int8_t)oct_arq_hb((uint16_t)b[i], (uint16_t)a[i], arq);
  }
}
