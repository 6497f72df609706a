// SPDX-License-Identifier: Apache-2.0
// 64x64x64 INT8 matrix product on all workers: operands come by DMA, rows are spread over the
// workers, the INT32 result is compared with the golden model's. Exit code 0 only if all is equal.
#include "matmul_data.h"
#include "oct.h"

#define SIZE 64u

static OCT_L1 OCT_ALIGNED int8_t a[SIZE * SIZE], bt[SIZE * SIZE];
static OCT_L1 OCT_ALIGNED int32_t c[SIZE * SIZE];
static OCT_L1 volatile uint32_t mismatches;

// Plain C. Two rows of B at a time, words loaded whole, so that loads are not the limit.
static void rows(uint32_t first, uint32_t step) {
  for (uint32_t i = first; i < SIZE; i += step) {
    const int8_t* row = &a[i * SIZE];
    for (uint32_t j = 0; j < SIZE; j += 2) {
      const int8_t *b0 = &bt[j * SIZE], *b1 = b0 + SIZE;
      int32_t s0 = 0, s1 = 0;
      for (uint32_t k = 0; k < SIZE; k += 4) {
        uint32_t x = *(const uint32_t*)(row + k);
        uint32_t y0 = *(const uint32_t*)(b0 + k), y1 = *(const uint32_t*)(b1 + k);
        for (uint32_t byte = 0; byte < 4; byte++) {
          int32_t v = (int8_t)(x >> (8 * byte));
          s0 += v * (int8_t)(y0 >> (8 * byte));
          s1 += v * (int8_t)(y1 >> (8 * byte));
        }
      }
      c[i * SIZE + j] = s0;
      c[i * SIZE + j + 1] = s1;
    }
  }
}

static int multiply(void* arg, unsigned rank, unsigned count) {
  (void)arg;
  rows(rank, count);
  return 0;
}

struct part {
  const int32_t* want;
  const int32_t* got;
  uint32_t words;
};

static int compare(void* arg, unsigned rank, unsigned count) {
  const struct part* p = arg;
  uint32_t wrong = 0;
  for (uint32_t i = rank; i < p->words; i += count) wrong += p->want[i] != p->got[i];
  __asm__ volatile("amoadd.w zero, %0, (%1)" ::"r"(wrong), "r"(&mismatches) : "memory");
  return 0;
}

// The golden result passes through A's place in parts: the smallest L1 holds no second C.
static int check(void) {
  static OCT_L1 struct part p;
  mismatches = 0;
  p.want = (const int32_t*)a;
  p.words = sizeof a / 4;
  for (uint32_t done = 0; done < SIZE * SIZE; done += p.words) {
    p.got = c + done;
    if (oct_dma_in_wait(oct_dma_in(a, far_c + done, sizeof a)) != 0) return -1;
    if (oct_parallel(compare, &p) != 0) return -1;
  }
  return (int)mismatches;
}

int main(void) {
  uint32_t start = oct_cycles();
  uint16_t first = oct_dma_in(a, far_a, sizeof a), second = oct_dma_in(bt, far_bt, sizeof bt);
  if (oct_dma_in_wait(first) != 0 || oct_dma_in_wait(second) != 0) return 1;
  uint32_t loaded = oct_cycles();
  if (oct_parallel(multiply, 0) != 0) return 2;
  uint32_t cycles = oct_cycles() - loaded;
  uint32_t tenths = 10 * SIZE * SIZE * SIZE / cycles;
  printf("matmul 64x64x64, INT8 -> INT32, %d workers\n", OCT_NUM_WORKERS);
  printf("operands   8192 bytes by DMA in %u cycles\n", (unsigned)(loaded - start));
  printf("product    %u cycles, %u.%u MAC/cycle\n", (unsigned)cycles, (unsigned)(tenths / 10),
         (unsigned)(tenths % 10));
  int wrong = check();
  if (wrong < 0) return 3;
  printf("result     %u elements, %d differ from the golden model\n", SIZE * SIZE, wrong);
  return wrong != 0 ? 4 : 0;
}
