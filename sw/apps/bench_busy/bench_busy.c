// SPDX-License-Identifier: Apache-2.0
// All nine cores busy for a while: integer work with loads, stores and branches in L1. For the
// speed of the simulation (`octant sim --stats`).
#include "oct.h"

#define ROUNDS 300u
#define WORDS 64u

static OCT_L1 uint32_t data[OCT_NUM_CORES][WORDS];

static int work(void* arg, unsigned rank, unsigned count) {
  (void)arg;
  (void)rank;
  (void)count;
  volatile uint32_t* p = data[oct_core_id()];
  uint32_t x = 1 + oct_core_id();
  for (uint32_t i = 0; i < WORDS; i++) p[i] = i;
  for (uint32_t r = 0; r < ROUNDS; r++) {
    for (uint32_t i = 0; i < WORDS; i++) {
      x = x * 1664525u + 1013904223u;
      p[i] = (p[i] ^ x) + (x >> 16);
      if (x & 64u) p[i] += r;
    }
  }
  return 0;
}

int main(void) {
  uint16_t ticket = oct_team_start(0, work, 0, OCT_ALL_WORKERS);
  work(0, 0, 1);
  return oct_team_wait(0, ticket);
}
