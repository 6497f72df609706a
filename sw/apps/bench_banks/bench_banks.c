// SPDX-License-Identifier: Apache-2.0
// Cores reading random banks: each worker issues one independent load a cycle to random words of
// its own 4 KiB window. Prints `bench: banks <loads> <cycles>`: loads and cycles of the slowest
// worker.
#include "oct.h"

#define ROUNDS 400u
#define LOADS 48u /* in a round; they fit the instruction buffer */

static OCT_L1 OCT_ALIGNED uint32_t window[OCT_NUM_WORKERS][1024];
static OCT_L1 uint32_t cycles[OCT_NUM_WORKERS];

// The offsets were drawn once; the windows differ in address, so the workers' banks do, too.
#define L(reg, off) "lw " #reg ", " #off "(%[p])\n"
static int work(void* arg, unsigned rank, unsigned count) {
  (void)arg;
  (void)count;
  char* p = (char*)window[rank] + 2048;
  uint32_t n = ROUNDS;
  oct_barrier(OCT_BARRIER_WORKERS);
  uint32_t start = oct_cycles();
  __asm__ volatile(
      ".p2align 6\n"
      "1: addi %[n], %[n], -1\n" L(t0, 1272) L(t1, -708) L(t2, 404) L(t3, -1964) L(t4, 1836)
          L(t5, -124) L(t0, -1540) L(t1, 996) L(t2, 1520) L(t3, -892) L(t4, 60) L(t5, -1248)
              L(t0, 728) L(t1, 1948) L(t2, -364) L(t3, -1700) L(t4, 1104) L(t5, 284) L(t0, -988)
                  L(t1, -2016) L(t2, 1648) L(t3, 512) L(t4, -640) L(t5, 852) L(t0, -200) L(t1, 1380)
                      L(t2, -1412) L(t3, 156) L(t4, -1860) L(t5, 1764) L(t0, 620) L(t1, -300)
                          L(t2, -1116) L(t3, 1216) L(t4, 348) L(t5, -1620) L(t0, 1996) L(t1, -48) L(
                              t2, 892) L(t3, -756) L(t4, 1444) L(t5, -1332) L(t0, 220) L(t1, -1772)
                              L(t2, 1056) L(t3, -468) L(t4, 1700) L(t5, -1036) "bnez %[n], 1b\n"
      : [n] "+r"(n)
      : [p] "r"(p)
      : "t0", "t1", "t2", "t3", "t4", "t5", "memory");
  cycles[rank] = oct_cycles() - start;
  return 0;
}

// The same on one core alone: what the loop costs without anybody in the way.
static uint32_t run(uint32_t workers) {
  oct_barrier_set(OCT_BARRIER_WORKERS, workers);
  if (oct_team_wait(0, oct_team_start(0, work, 0, workers)) != 0) oct_exit(1);
  uint32_t slowest = 0;
  for (unsigned i = 0; i < OCT_NUM_WORKERS; i++) {
    if ((workers >> i & 1) && cycles[i] > slowest) slowest = cycles[i];
  }
  return slowest;
}

int main(void) {
  run(1);
  uint32_t alone = run(1);
  run(OCT_ALL_WORKERS);
  uint32_t together = run(OCT_ALL_WORKERS);
  printf("bench: banks %u %u %u\n", (unsigned)(ROUNDS * LOADS), (unsigned)alone,
         (unsigned)together);
  return 0;
}
