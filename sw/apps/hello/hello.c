// SPDX-License-Identifier: Apache-2.0
// Every core says who it is; the exit code tells whether all did.
#include "oct.h"

static OCT_L1 volatile uint32_t seen;

static int greet(void* arg, unsigned rank, unsigned count) {
  printf("%s from worker %u (hart %u), rank %u of %u\n", (const char*)arg, oct_core_id(),
         oct_hart_id(), rank, count);
  __asm__ volatile("amoor.w zero, %0, (%1)" ::"r"(1u << oct_core_id()), "r"(&seen) : "memory");
  return 0;
}

int main(void) {
  seen = 1u << oct_core_id();
  printf("hello from the controller: %s, %d workers, %u KiB of L1, %llu cycles since reset\n",
         OCT_CONFIG_NAME, OCT_NUM_WORKERS, OCT_L1_BYTES / 1024u, oct_cycles64());
  if (oct_parallel(greet, "hello") != 0) return 1;
  return seen == OCT_ALL_CORES ? 0 : 2;
}
