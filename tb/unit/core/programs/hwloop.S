/* SPDX-License-Identifier: Apache-2.0 */
/* Hardware loops at their edges. A loop's end is the first instruction behind its body. */
#include "core_test.h"
#include "ml.h"
  .option norvc
  .balign 4
test:
  li   a0, 0
  LP_SETUPI 0, 10, x2          /* body of one instruction */
  addi a0, a0, 1
  CHECK 1, a0, 10
  li   a0, 0
  LP_SETUPI 0, 1, x2           /* one turn */
  addi a0, a0, 1
  CHECK 2, a0, 1
  li   a0, 0
  LP_SETUPI 0, 0, x2           /* count 0: no loop, the body runs once */
  addi a0, a0, 1
  CHECK 3, a0, 1
  csrr a1, 0xcc2
  CHECK 4, a1, 0
  li   a0, 0
  li   a1, 7
  LP_SETUP 1, a1, 3            /* outer loop alone, two instructions */
  addi a0, a0, 1
  addi a0, a0, 2
  CHECK 5, a0, 21
  csrr a1, 0xcc6
  CHECK 6, a1, 0
  li   a0, 0
  LP_SETUPI 0, 2, x4
  addi a0, a0, 1
  addi a0, a0, 1
  addi a0, a0, 1
  CHECK 7, a0, 6
  li   a0, 0
  LP_SETUPI 0, 3, x8           /* long enough not to refetch */
  addi a0, a0, 1
  addi a0, a0, 1
  addi a0, a0, 1
  addi a0, a0, 1
  addi a0, a0, 1
  addi a0, a0, 1
  addi a0, a0, 1
  CHECK 8, a0, 21
  /* Nested, inner set up by the outer body */
  li   a0, 0
  li   a2, 5
  LP_SETUP 1, a2, 5
  LP_SETUPI 0, 4, x2
  addi a0, a0, 1
  addi a0, a0, 100
  nop
  CHECK 10, a0, 520
  /* Nested with a common end: outer count 3, inner 4 turns in each, re-armed by the outer body */
  li   a0, 0
  li   a1, 0
  LP_SETUPI 1, 3, x5
  addi a1, a1, 1
  LP_SETUPI 0, 4, x3
  addi a0, a0, 1
  addi a0, a0, 1
  CHECK 11, a0, 24
  CHECK 12, a1, 3
  /* The inner one is not re-armed: it turns once a round */
  li   a0, 0
  li   a1, 0
  LP_SETUPI 0, 4, x7
  LP_SETUPI 1, 3, x6
  LP_STARTI 0, 3
  addi a1, a1, 1
  nop
  addi a0, a0, 1
  nop
  CHECK 13, a0, 6
  CHECK 14, a1, 3
  csrr a2, 0xcc2
  CHECK 15, a2, 0
  csrr a2, 0xcc6
  CHECK 16, a2, 0
  /* Piecewise set-up, registers read back */
  la   a3, 1f
  la   a4, 2f
  LP_START 0, a3
  LP_END 0, a4
  li   a5, 6
  LP_COUNT 0, a5
  csrr a2, 0xcc0
  CHECK_REG 20, a2, a3
  csrr a2, 0xcc1
  CHECK_REG 21, a2, a4
  csrr a2, 0xcc2
  CHECK 22, a2, 6
  li   a0, 0
1:
  addi a0, a0, 1
2:
  CHECK 23, a0, 6
  LP_STARTI 1, 4
  LP_ENDI 1, 5
  li   a0, 0
  LP_COUNTI 1, 3
  addi a0, a0, 1
  addi a0, a0, 16
  CHECK 24, a0, 51
  /* Branch out of the middle: the count stays; next set-up of the same loop works */
  li   a0, 0
  LP_SETUPI 0, 100, x5
  addi a0, a0, 1
  li   a1, 5
  beq  a0, a1, 3f
  nop
3:
  CHECK 30, a0, 5
  li   a0, 0
  LP_SETUPI 0, 100, x5
  addi a0, a0, 1
  li   a1, 5
  beq  a0, a1, 4f
  nop
  nop
4:
  csrr a2, 0xcc2
  CHECK 31, a2, 96
  CHECK 32, a0, 5
  LP_COUNTI 0, 0
  /* A branch as last instruction of the body: taken leaves without ending the turn */
  li   a0, 0
  li   a1, 5
  LP_SETUPI 0, 100, x3
  addi a0, a0, 1
  beq  a0, a1, 5f
  nop
5:
  csrr a2, 0xcc2
  CHECK 33, a2, 96
  LP_COUNTI 0, 0
  /* Taken backwards by the last instruction, predicted so */
  li   a0, 0
  li   a1, 5
  LP_SETUPI 0, 4, x3
6:
  addi a0, a0, 1
  blt  a0, a1, 6b
  CHECK 34, a0, 8
  csrr a2, 0xcc2
  CHECK 35, a2, 0
  /* A loop inside a called function, called from a loop */
  li   a0, 0
  LP_SETUPI 1, 3, x3
  jal  ra, func
  nop
  CHECK 36, a0, 30
  /* Traps in the body: in the middle, at the last instruction, every turn */
  li   a0, 0
  li   s11, 0
  la   s7, 7f
  LP_SETUPI 0, 5, x4
  addi a0, a0, 1
  ecall
7:
  addi a0, a0, 1
  CHECK 40, a0, 10
  CHECK 41, s11, 5
  /* The last instruction traps; the handler skips it, so that the loop is left */
  li   a0, 0
  la   s7, 8f
  LP_SETUPI 0, 5, x3
  addi a0, a0, 1
  ecall
8:
  CHECK 42, a0, 1
  csrr a2, 0xcc2
  CHECK 43, a2, 5
  LP_COUNTI 0, 0
  /* Trap handler that repeats the last instruction: a load from a place made good */
  li   s0, L1
  li   a1, L1 + 4
  la   s7, 9f
  li   a0, 0
  li   a5, 0
  LP_SETUPI 0, 5, x3
9:
  addi a0, a0, 1
  lw   a2, 0(s0)
  CHECK 44, a0, 5
  /* Multiply-accumulate and loads in the body, results one turn later */
  li   s0, L1
  li   a0, 1
  li   a1, 0
  LP_SETUPI 0, 8, x4
  sw   a0, 0(s0)
  addi s0, s0, 4
  addi a0, a0, 1
  li   s0, L1
  li   a0, 0
  LP_SETUPI 0, 8, x3
  CV_LW_I a1, s0, 4
  CV_MAC a0, a1, a1
  CHECK 45, a0, 204
  CHECK 46, s0, L1 + 32
  li   a0, 0
  LP_SETUPI 0, 9, x3
  CV_MAC a0, a1, a1
  CV_MAC a0, a1, a1
  CHECK 47, a0, 18 * 64
  /* Compressed body, end in the middle of a line and at its end */
  .option rvc
  .balign 64
  .rept 24
  c.nop
  .endr
  li   a0, 0
  nop
  LP_SETUPI 0, 30, x2
  c.addi a0, 1
  c.addi a0, 1
  c.nop
  c.nop
  CHECK 50, a0, 60
  .option norvc
  .balign 64
  .rept 14
  nop
  .endr
  LP_SETUPI 0, 30, x2
  addi a0, a0, 1
  CHECK 51, a0, 90
  .balign 64
  .rept 14
  nop
  .endr
  LP_SETUPI 0, 30, x4
  addi a0, a0, 1
  addi a0, a0, 1
  addi a0, a0, 1
  CHECK 52, a0, 180
  li   a0, 0
  j    finish
func:
  LP_SETUPI 0, 10, x2
  addi a0, a0, 1
  ret
