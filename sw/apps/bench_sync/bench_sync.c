// SPDX-License-Identifier: Apache-2.0
// Barrier of all cores and hand-over between queues. Prints `bench: barrier <cycles>`: from the
// last arrival's load to the next instruction of the slowest core, best of many with the last
// arrival drawn from all cores in turn (all cores' mcycle start together, so they can be compared).
#include "oct.h"

#define ROUNDS 36u

static OCT_L1 volatile uint32_t before[OCT_NUM_CORES], after[OCT_NUM_CORES];

static void arrive(unsigned id, uint32_t delay) {
  uint32_t b, a;
  for (volatile uint32_t i = 0; i < delay; i++) {
  }
  __asm__ volatile(
      "csrr %0, mcycle\n"
      "lw %1, 0(%2)\n"
      "mv %1, %1\n" /* the next instruction: waits for the answer */
      "csrr %1, mcycle\n"
      : "=&r"(b), "=&r"(a)
      : "r"(oct_eu(OCT_EU_BARRIER_WAIT + 8 * OCT_BARRIER_ALL))
      : "memory");
  before[id] = b;
  after[id] = a;
}

static int work(void* arg, unsigned rank, unsigned count) {
  (void)arg;
  (void)rank;
  (void)count;
  for (unsigned r = 0; r < ROUNDS; r++) {
    arrive(oct_core_id(), r % OCT_NUM_CORES == oct_core_id() ? 60 : 5);
    oct_barrier(OCT_BARRIER_ALL);
    oct_barrier(OCT_BARRIER_ALL);
  }
  return 0;
}

int main(void) {
  uint16_t ticket = oct_team_start(0, work, 0, OCT_ALL_WORKERS);
  uint32_t best = ~0u, worst = 0;
  for (unsigned r = 0; r < ROUNDS; r++) {
    arrive(OCT_CONTROLLER, r % OCT_NUM_CORES == OCT_CONTROLLER ? 60 : 5);
    oct_barrier(OCT_BARRIER_ALL);
    uint32_t last = 0, slowest = 0;
    for (unsigned i = 0; i < OCT_NUM_CORES; i++) {
      if (before[i] + 1 > last) last = before[i] + 1; /* the load issues behind the first csrr */
      if (after[i] - 1 > slowest) slowest = after[i] - 1; /* the mv retired before the csrr */
    }
    oct_barrier(OCT_BARRIER_ALL);
    if (r < OCT_NUM_CORES) continue; /* instruction caches warm up */
    if (slowest - last < best) best = slowest - last;
    if (slowest - last > worst) worst = slowest - last;
  }
  if (oct_team_wait(0, ticket) != 0) return 1;
  printf("bench: barrier %u %u\n", (unsigned)best, (unsigned)worst);
  return 0;
}
