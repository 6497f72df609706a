/* SPDX-License-Identifier: Apache-2.0 */
/* Post-increment and register-offset accesses: address, both results, hazards, traps. */
#include "core_test.h"
#include "ml.h"
test:
  li   s0, L1 + 0x200
  li   a0, 0x11111111
  li   a1, 0x22222222
  li   a2, 0x33333333
  mv   s1, s0
  CV_SW_I a0, s1, 4
  CV_SW_I a1, s1, 4
  CV_SW_I a2, s1, -8
  CHECK 1, s1, L1 + 0x200
  CV_LW_I a3, s1, 4
  CV_LW_I a4, s1, 4
  CV_LW_I a5, s1, 4
  CHECK 2, a3, 0x11111111
  CHECK 3, a4, 0x22222222
  CHECK 4, a5, 0x33333333
  CHECK 5, s1, L1 + 0x20c
  /* The base is used at once, as base and as operand */
  mv   s1, s0
  CV_LW_I a3, s1, 8
  lw   a4, 0(s1)
  CHECK 6, a4, 0x33333333
  CV_LW_I a3, s1, -4
  addi a6, s1, 0
  CHECK 7, a6, L1 + 0x204
  /* Register step */
  li   t0, 8
  mv   s1, s0
  CV_LW_R a3, s1, t0
  CHECK 8, a3, 0x11111111
  CHECK 9, s1, L1 + 0x208
  li   t0, -4
  CV_LW_R a3, s1, t0
  CHECK 10, a3, 0x33333333
  CHECK 11, s1, L1 + 0x204
  CV_LW_RR a3, s1, t0
  CHECK 12, a3, 0x11111111
  CHECK 13, s1, L1 + 0x204
  li   a3, 0x44444444
  CV_SW_R a3, s1, t0
  CHECK 14, s1, L1 + 0x200
  lw   a4, 4(s1)
  CHECK 15, a4, 0x44444444
  neg  t0, t0
  CV_SW_RR a0, s1, t0
  lw   a4, 4(s1)
  CHECK 16, a4, 0x11111111
  CHECK 17, s1, L1 + 0x200
  /* Bytes and halves, any step */
  li   a3, 0xa5
  CV_SB_I a3, s1, 3
  CV_SB_I a3, s1, 1
  lw   a4, 0(s0)
  CHECK 18, a4, 0xa51111a5
  CHECK 19, s1, L1 + 0x204
  mv   s1, s0
  CV_LB_I a4, s1, 2
  CV_LHU_I a5, s1, 1
  CHECK 20, a4, 0xffffffa5
  CHECK 21, a5, 0xa511
  CHECK 22, s1, L1 + 0x203
  /* Base and destination are one register: the datum wins */
  mv   s1, s0
  CV_LW_I s1, s1, 4
  CHECK 23, s1, 0xa51111a5
  /* Store of the base itself: the old value */
  mv   s1, s0
  CV_SW_I s1, s1, 4
  lw   a4, 0(s0)
  CHECK 24, a4, L1 + 0x200
  CHECK 25, s1, L1 + 0x204
  /* A trap leaves both registers alone */
  li   a3, 77
  addi s1, s0, 1
  la   s7, 1f
  CV_LW_I a3, s1, 4
1: CHECK 30, s8, 4
  CHECK 31, s10, L1 + 0x201
  CHECK 32, a3, 77
  CHECK 33, s1, L1 + 0x201
  li   s1, 0x50000000
  la   s7, 1f
  CV_SW_I a3, s1, 4
1: CHECK 34, s8, 7
  CHECK 35, s1, 0x50000000
  /* The last word of L1, step out of it */
  li   s1, L1 + 0x1fffc
  CV_SW_I a3, s1, 4
  CHECK 36, s1, L1 + 0x20000
  lw   a4, -4(s1)
  CHECK 37, a4, 77
  /* x0 as base is no write, as destination neither */
  mv   s1, s0
  CV_LW_I zero, s1, 4
  CHECK_REG 38, zero, x0
  CHECK 39, s1, L1 + 0x204
  /* Multiplier: result at once, chain, behind a load, write after write */
  li   a0, 3
  li   a1, 5
  li   a2, 0
  CV_MAC a2, a0, a1
  CV_MAC a2, a0, a1
  CV_MAC a2, a2, a1
  CHECK 40, a2, 180
  mul  a3, a0, a1
  li   a3, 9
  CHECK 41, a3, 9
  mul  a3, a0, a1
  sw   a3, 0(s0)
  lw   a3, 0(s0)
  CV_MAX a4, a3, a0
  mul  a4, a4, a4
  add  a4, a4, a4
  CHECK 42, a4, 450
  lw   a4, 0(s0)
  CV_MAC a4, a4, a0
  CHECK 43, a4, 60
  li   a0, 0
  j    finish
