// SPDX-License-Identifier: Apache-2.0
// All cores asleep for two million cycles (or argument 1), the controller until its timer rings.
// For the speed of the simulation (`octant sim --stats`). Fails if the counter of sleeping cores
// says otherwise.
#include <stdlib.h>

#include "oct.h"

#define CYCLES 2000000u
#define ASLEEP 14u  // COUNTER_LO: core cycles asleep

static uint32_t asleep(void) {
  *oct_reg(OCT_REG_SNAPSHOT) = 0;
  return *oct_reg(OCT_REG_COUNTER_LO(ASLEEP));
}

int main(int argc, char** argv) {
  const uint32_t cycles = argc > 1 ? (uint32_t)atoi(argv[1]) : CYCLES;
  volatile uint32_t* compare = oct_reg(OCT_REG_MTIMECMP_LO(OCT_CONTROLLER));
  uint32_t before = asleep();
  uint32_t now = *oct_reg(OCT_REG_MTIME_LO);
  compare[1] = 0;
  compare[0] = now + cycles;
  uint32_t got = oct_event_wait(OCT_EVT_TIMER);
  uint32_t slept = asleep() - before;
  compare[1] = ~0u;
  if (!(got & OCT_EVT_TIMER)) return 1;
  // Some hundred cycles go by on the way to bed and back.
  return slept < (cycles - 1000u) * OCT_NUM_CORES || slept > (cycles + 1000u) * OCT_NUM_CORES ? 2
                                                                                              : 0;
}
