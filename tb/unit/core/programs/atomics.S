/* SPDX-License-Identifier: Apache-2.0 */
/* LR/SC and every AMO, results used at once, ordering with plain accesses. */
#include "core_test.h"
.macro AMO id, op, start, operand, want
  li   a0, \start
  sw   a0, 0(s0)
  li   a1, \operand
  \op  a2, a1, (s0)
  lw   a3, 0(s0)
  CHECK \id, a2, \start
  CHECK \id, a3, \want
.endm
test:
  li   s0, L1 + 0x40
  AMO 1, amoswap.w, 7, 9, 9
  AMO 2, amoadd.w, 0xffffffff, 2, 1
  AMO 3, amoxor.w, 0xff00, 0x0ff0, 0xf0f0
  AMO 4, amoand.w, 0xff00, 0x0ff0, 0x0f00
  AMO 5, amoor.w, 0xff00, 0x0ff0, 0xfff0
  AMO 6, amomin.w, -5, 3, -5
  AMO 7, amomax.w, -5, 3, 3
  AMO 8, amominu.w, -5, 3, 3
  AMO 9, amomaxu.w, -5, 3, -5
  AMO 10, amoadd.w.aqrl, 1, 1, 2
  /* lr/sc */
  li   a0, 100
  sw   a0, 0(s0)
1:
  lr.w.aq a1, (s0)
  addi a1, a1, 1
  sc.w.rl a2, a1, (s0)
  bnez a2, 1b
  lw   a3, 0(s0)
  CHECK 20, a3, 101
  sc.w a2, zero, (s0)          /* no reservation left */
  CHECK 21, a2, 1
  lr.w a1, (s0)
  sw   a1, 0(s0)
  sc.w a2, zero, (s0)
  CHECK 22, a2, 1
  lw   a3, 0(s0)
  CHECK 23, a3, 101
  /* rd = x0 still writes memory; rd = operand */
  li   a1, 5
  amoadd.w zero, a1, (s0)
  amoadd.w a1, a1, (s0)
  CHECK 24, a1, 106
  lw   a3, 0(s0)
  CHECK 25, a3, 111
  /* Back to back */
  li   a1, 1
  .rept 12
  amoadd.w a2, a1, (s0)
  .endr
  CHECK 26, a2, 122
  fence rw, rw
  fence.tso
  lw   a3, 0(s0)
  CHECK 27, a3, 123
  li   a0, 0
  j    finish
