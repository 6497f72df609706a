// SPDX-License-Identifier: Apache-2.0
#include "oct_add_rows.h"
#include "oct_kernels.h"

// Words of one worker: blocks of four to all, the rest to the last.
typedef struct {
  unsigned first, blocks, rest;
} share_t;

static share_t share_of(unsigned words, unsigned rank, unsigned size) {
  const unsigned blocks = words / 4, first = blocks * rank / size,
                 last = blocks * (rank + 1) / size;
  return (share_t){4 * first, last - first, rank + 1 == size ? words - 4 * blocks : 0};
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
