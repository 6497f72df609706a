// SPDX-License-Identifier: Apache-2.0
// Barriers over all cores and over subsets: nobody passes before the last one has arrived.
#include "oct.h"

#define ROUNDS 50u

static OCT_L1 volatile uint32_t arrived[OCT_NUM_CORES];
static OCT_L1 volatile uint32_t errors;

static void fail(void) {
  __asm__ volatile("amoadd.w zero, %0, (%1)" ::"r"(1), "r"(&errors) : "memory");
}

// Two barriers per round: after the first, everybody has counted to the same number.
static void rounds(unsigned barrier, unsigned first, unsigned last) {
  unsigned me = oct_core_id();
  for (uint32_t round = 1; round <= ROUNDS; round++) {
    for (uint32_t delay = (me * 7 + round * 13) % 31; delay > 0; delay--) __asm__ volatile("nop");
    arrived[me] = round;
    oct_barrier(barrier);
    for (unsigned i = first; i <= last; i++) {
      if (arrived[i] != round) fail();
    }
    oct_barrier(barrier);
  }
}

static int all(void* arg, unsigned rank, unsigned count) {
  (void)arg, (void)rank, (void)count;
  rounds(OCT_BARRIER_ALL, 0, OCT_NUM_CORES - 1);
  return 0;
}

// Even and odd workers at the same time, each with their own barrier.
static int halves(void* arg, unsigned rank, unsigned count) {
  (void)arg, (void)rank, (void)count;
  unsigned me = oct_core_id(), parity = me & 1u;
  for (uint32_t round = 1; round <= ROUNDS; round++) {
    arrived[me] = round;
    oct_barrier(2 + parity);
    for (unsigned i = parity; i < OCT_NUM_WORKERS; i += 2) {
      if (arrived[i] != round) fail();
    }
    oct_barrier(2 + parity);
  }
  return 0;
}

int main(void) {
  errors = 0;
  uint16_t job = oct_team_start(0, all, 0, OCT_ALL_WORKERS);
  rounds(OCT_BARRIER_ALL, 0, OCT_NUM_CORES - 1);
  if (oct_team_wait(0, job) != 0) return 1;
  oct_barrier_set(2, OCT_ALL_WORKERS & 0x5555u);
  oct_barrier_set(3, OCT_ALL_WORKERS & 0xaaaau);
  if (oct_parallel(halves, 0) != 0) return 2;
  printf("barrier: %u rounds of %d cores, %u errors\n", ROUNDS, OCT_NUM_CORES, (unsigned)errors);
  return errors != 0 ? 3 : 0;
}
