// SPDX-License-Identifier: Apache-2.0
// All nine cores asleep for two million cycles, the controller until its timer rings. For the speed
// of the simulation (`octant sim --stats`).
#include "oct.h"

#define CYCLES 2000000u

int main(void) {
  volatile uint32_t* compare = oct_reg(OCT_REG_MTIMECMP_LO(OCT_CONTROLLER));
  uint32_t now = *oct_reg(OCT_REG_MTIME_LO);
  compare[1] = 0;
  compare[0] = now + CYCLES;
  uint32_t got = oct_event_wait(OCT_EVT_TIMER);
  compare[1] = ~0u;
  return got & OCT_EVT_TIMER ? 0 : 1;
}
