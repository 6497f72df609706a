/* SPDX-License-Identifier: Apache-2.0 */
/* Never ends by itself: loads, stores, divisions, loops, waits for the event unit. For tests that stop the
   core at any moment. s2 counts rounds; L1 word 0 holds it. A check ends the program. */
#include "core_test.h"
#include "ml.h"
  .option norvc
test:
  li   s0, L1
  li   s1, EU
  li   s2, 0
  li   a0, 15
  sw   a0, EU_DELAY(tp)
  csrr a0, mstatus
  CHECK 1, a0, 0x1800
  csrr a0, 0xcc2
  CHECK 2, a0, 0
1:
  addi s2, s2, 1
  sw   s2, 0(s0)
  lw   a0, 0(s0)
  LP_SETUPI 0, 5, x3
  lw   a1, 0(s0)
  add  a2, a1, a1
  div  a3, a2, s2
  CHECK 3, a3, 2
  CHECK_REG 4, a0, s2
  lw   a4, 0x14(s1)
  CHECK 5, a4, 0x14
  amoadd.w a5, zero, (s0)
  CHECK_REG 6, a5, s2
  csrr a5, minstret
  la   a6, 1b
  jr   a6
