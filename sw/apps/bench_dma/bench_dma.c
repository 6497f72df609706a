// SPDX-License-Identifier: Apache-2.0
// DMA throughput: a chain of queued 16 KiB transfers in each direction alone and in both at once.
// Prints `bench: <case> <bytes> <cycles>`: the bytes of MORE further transfers in a chain of FEW,
// and the cycles by which they lengthen it, so that start and end of the chain, which both have,
// cancel out.
#include "oct.h"

#define BYTES (OCT_L1_BYTES >= 131072 ? 16384u : 4096u)
#define FEW 16u
#define MORE 32u

static OCT_L2 OCT_ALIGNED uint8_t source[2][16384], target[2][16384];
static OCT_L1 OCT_ALIGNED uint8_t in_buffer[BYTES], out_buffer[BYTES];

static void append(oct_queue_t q, uint32_t n, uint32_t bytes) {
  for (uint32_t i = 0; i < n; i++) {
    oct_unit_t d = q == OCT_QUEUE_DMA_IN ? oct_desc_copy(i, in_buffer, source[i & 1], bytes)
                                         : oct_desc_copy(i, out_buffer, target[i & 1], bytes);
    if (i == n - 1) oct_desc_signal(&d, 0, q, 1);
    oct_queue_append(q, &d, 1);
  }
}

// Cycles until all `n` transfers of each direction asked for are done.
static uint32_t measure(unsigned in, unsigned out, uint32_t n, uint32_t bytes) {
  oct_sem_set(OCT_QUEUE_DMA_IN, 0);
  oct_sem_set(OCT_QUEUE_DMA_OUT, 0);
  if (in) append(OCT_QUEUE_DMA_IN, n, bytes);
  if (out) append(OCT_QUEUE_DMA_OUT, n, bytes);
  uint32_t start = oct_cycles();
  if (in) oct_queue_doorbell(OCT_QUEUE_DMA_IN);
  if (out) oct_queue_doorbell(OCT_QUEUE_DMA_OUT);
  if (in) oct_sem_wait(OCT_QUEUE_DMA_IN, 1);
  if (out) oct_sem_wait(OCT_QUEUE_DMA_OUT, 1);
  return oct_cycles() - start;
}

static void bench(const char* name, unsigned in, unsigned out) {
  uint32_t few = measure(in, out, FEW, BYTES);
  uint32_t cycles = measure(in, out, FEW + MORE, BYTES) - few;
  printf("bench: %s %u %u\n", name, (unsigned)(MORE * BYTES), (unsigned)cycles);
}

int main(void) {
  for (uint32_t i = 0; i < sizeof source / 4; i += 16) ((volatile uint32_t*)source)[i] = i;
  measure(1, 1, 2, BYTES); /* code and rings warm */
  bench("dma-read", 1, 0);
  bench("dma-write", 0, 1);
  bench("dma-read+write", 1, 1);
  return 0;
}
