// SPDX-License-Identifier: Apache-2.0
// 64x64x64 INT8 matrix product on all workers: operands come by DMA, rows are spread over the
// workers, the INT32 result is compared with the golden model's. Exit code 0 only if all is equal.
#include "matmul_data.h"
#include "oct.h"
#include "oct_kernels.h"

#define SIZE 64u

static OCT_L1 OCT_ALIGNED int8_t a[SIZE * SIZE], bt[SIZE * SIZE];
static OCT_L1 OCT_ALIGNED int32_t c[SIZE * SIZE];
static OCT_L1 volatile uint32_t mismatches;

static int multiply(void* arg, unsigned rank, unsigned count) {
  (void)arg;
  oct_matmul_i8_i32(a, bt, c, SIZE, SIZE, SIZE, rank, count);
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
  // The second run finds the instruction caches warm.
  uint32_t cold = 0, cycles = 0;
  for (unsigned i = 0; i < 2; i++) {
    cold = cycles;
    uint32_t begin = oct_cycles();
    if (oct_parallel(multiply, 0) != 0) return 2;
    cycles = oct_cycles() - begin;
  }
  uint32_t tenths = 10 * SIZE * SIZE * SIZE / cycles;
  printf("matmul 64x64x64, INT8 -> INT32, %d workers\n", OCT_NUM_WORKERS);
  printf("operands   8192 bytes by DMA in %u cycles\n", (unsigned)(loaded - start));
  printf("product    %u cycles cold, %u warm: %u.%u MAC/cycle, dispatch included\n", (unsigned)cold,
         (unsigned)cycles, (unsigned)(tenths / 10), (unsigned)(tenths % 10));
  int wrong = check();
  if (wrong < 0) return 3;
  printf("result     %u elements, %d differ from the golden model\n", SIZE * SIZE, wrong);
  return wrong != 0 ? 4 : 0;
}
