// SPDX-License-Identifier: Apache-2.0
// Every kernel of networks on all workers, operands in L1: bytes are compared with the golden
// model's, the second of two runs (caches warm) is timed from the first worker's start to the last
// one's end and stands beside what the cost function says. Machines with fewer than
// eight workers leave the timed jobs out. Exit code: jobs that were wrong.
#include "oct.h"
#include "oct_network.h"

typedef struct {
  const char* name;
  int (*fn)(void*, unsigned, unsigned);
  uint32_t rows, n, timed;
  uint32_t addresses;  // bit i: word i is an offset in the image
  uint32_t image_at, image_bytes, want_at, want_bytes, out_at;
  uint32_t cost[3];  // on 2, 4, 8 workers
  uint32_t words[24];
} case_t;

#include "network_data.h"

extern const uint8_t network_data[];
__asm__(
    ".section .rodata\n.balign 64\n.globl network_data\nnetwork_data:\n"
    ".incbin \"network_data.bin\"\n.balign 64\n.previous\n");

#define ARENA (OCT_L1_BYTES >= 131072 ? 81920 : OCT_L1_BYTES >= 65536 ? 40960 : 16384)
static OCT_L1 OCT_ALIGNED uint8_t arena[ARENA];
static OCT_L1 OCT_ALIGNED uint32_t words[12 + 6 * (OCT_NUM_WORKERS < 4 ? 4 : OCT_NUM_WORKERS)];
static OCT_L1 uint32_t started[OCT_NUM_WORKERS], ended[2][OCT_NUM_WORKERS];
static OCT_L1 int (*volatile kernel)(void*, unsigned, unsigned);

static int job(void* arg, unsigned rank, unsigned count) {
  int error = 0;
  for (unsigned turn = 0; turn < 2; turn++) {
    oct_barrier(OCT_BARRIER_WORKERS);
    const uint32_t start = oct_cycles();
    error |= kernel(arg, rank, count);
    __asm__ volatile("fence" ::: "memory");
    ended[turn][rank] = oct_cycles() - start;
    started[rank] = start;
  }
  return error;
}

static void fetch(void* l1_address, const void* l2, uint32_t bytes) {
  if (oct_dma_in_wait(oct_dma_in(l1_address, l2, bytes)) != 0) oct_exit(100);
}

/// 1 if a byte of the output rows, or between them, is wrong.
static int run(const case_t* c) {
  fetch(arena, network_data + c->image_at, c->image_bytes);
  for (unsigned i = 0; i < 24; i++) {
    words[i] = c->words[i] + ((c->addresses >> i & 1) != 0 ? (uint32_t)(uintptr_t)arena : 0);
  }
  kernel = c->fn;
  if (oct_parallel(job, words) != 0) oct_exit(101);
  uint32_t cold = 0, warm = 0, wrong = 0;
  for (unsigned i = 0; i < OCT_NUM_WORKERS; i++) {
    if (ended[0][i] > cold) cold = ended[0][i];
    if (ended[1][i] > warm) warm = ended[1][i];
  }
  uint8_t* want = arena + ARENA - (c->want_bytes + 63) / 64 * 64;
  fetch(want, network_data + c->want_at, c->want_bytes);
  for (uint32_t i = 0; i < c->want_bytes; i++) wrong += arena[c->out_at + i] != want[i];
  if (c->timed != 0) {
    printf("kernel: %s %ux%u: %u cycles, %u cold, estimated %u\n", c->name, (unsigned)c->rows,
           (unsigned)c->n, (unsigned)warm, (unsigned)cold,
           (unsigned)c->cost[OCT_NUM_WORKERS >= 8   ? 2
                             : OCT_NUM_WORKERS >= 4 ? 1
                                                    : 0]);
  }
  if (wrong != 0) {
    printf("%s %ux%u: %u bytes differ from the golden model\n", c->name, (unsigned)c->rows,
           (unsigned)c->n, (unsigned)wrong);
  }
  return wrong != 0;
}

int main(void) {
  int bad = 0, jobs = 0;
  for (unsigned i = 0; i < sizeof kCases / sizeof kCases[0]; i++) {
    const case_t* c = &kCases[i];
    if (c->image_bytes + c->want_bytes + 64 > ARENA) continue;
    if (c->timed != 0 && OCT_NUM_WORKERS < 8) continue;
    bad += run(c);
    jobs++;
  }
  printf("%d jobs, %d wrong\n", jobs, bad);
  return jobs < 160 ? 99 : bad;
}
