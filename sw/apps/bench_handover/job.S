# SPDX-License-Identifier: Apache-2.0
# int handover_job(uint32_t (*stamps)[2], unsigned rank, unsigned count): when its first instruction and
# its last store, to JOB_DONE, are executed. It stands in for the end of the job loop, so that nothing
# lies between the second time stamp and that store.
#include "oct_hw.h"
#include "oct_config.h"

  .text
  .globl handover_job
  .balign 64
handover_job:
  csrr  t1, mcycle
  slli  a1, a1, 3
  add   a0, a0, a1
  sw    t1, 0(a0)
  li    s0, OCT_EU_BASE
  nop
  nop
  nop
  csrr  t2, mcycle
  sw    zero, OCT_EU_JOB_DONE(s0)
  addi  t2, t2, 1                  # the store follows the read by one cycle
  sw    t2, 4(a0)
  j     oct_worker_loop
