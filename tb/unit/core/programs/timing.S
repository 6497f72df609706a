/* SPDX-License-Identifier: Apache-2.0 */
/* Loops of known length: each runs twice, between marks of their numbers; the second run is warm. */
#include "core_test.h"
#include "ml.h"
  .option norvc
.macro BEGIN n
  li   s1, 2
  li   s2, \n
  .balign 64
80:
  li   s3, 100
  csrr s4, mcycle
.endm
/* Mark (number << 16 | cycles) after both rounds. */
.macro END
  csrr s5, mcycle
  sub  s5, s5, s4
  addi s1, s1, -1
  bnez s1, 80b
  slli s2, s2, 16
  or   s5, s5, s2
  sw   s5, MARK(tp)
.endm
test:
  li   s0, L1
  sw   s0, 0(s0)
  BEGIN 1                      /* straight code */
  .rept 100
  addi a0, a0, 1
  .endr
  END
  BEGIN 2                      /* backward branch taken */
1: addi s3, s3, -1
  bnez s3, 1b
  END
  BEGIN 3                      /* hardware loop of one instruction */
  LP_SETUP 0, s3, 2
  addi a0, a0, 1
  END
  BEGIN 4                      /* hardware loop: load, use */
  LP_SETUP 0, s3, 3
  lw   a0, 0(s0)
  add  a1, a0, a0
  END
  BEGIN 5                      /* load, store, three others: no stall */
  LP_SETUP 0, s3, 6
  lw   a0, 0(s0)
  sw   a1, 4(s0)
  addi a2, a2, 1
  add  a1, a0, a2
  addi a3, a3, 1
  END
  BEGIN 6                      /* multiply and use */
  LP_SETUP 0, s3, 3
  mul  a0, a1, a2
  add  a1, a0, a0
  END
  BEGIN 7                      /* independent MACs */
  LP_SETUP 0, s3, 5
  CV_MAC a0, a4, a5
  CV_MAC a1, a4, a5
  CV_MAC a2, a4, a5
  CV_MAC a3, a4, a5
  END
  BEGIN 8                      /* back-to-back loads and stores */
  LP_SETUP 0, s3, 5
  lw   a0, 0(s0)
  lw   a1, 4(s0)
  sw   a2, 8(s0)
  sw   a3, 12(s0)
  END
  BEGIN 9                      /* jump: two cycles */
  .rept 100
  j    1f
1:
  .endr
  END
  BEGIN 10                     /* forward branch taken: three cycles */
  .rept 20
  beqz zero, 1f
  nop
1:
  .endr
  END
  BEGIN 11                     /* call and return */
  .rept 10
  jal  ra, leaf
  .endr
  END
  BEGIN 12                     /* nested hardware loops: 10 x 10 */
  li   a0, 10
  LP_SETUP 1, a0, 7
  LP_SETUP 0, a0, 5
  addi a1, a1, 1
  addi a1, a1, 1
  addi a1, a1, 1
  addi a1, a1, 1
  nop
  END
  .option rvc
  BEGIN 13                     /* mixed lengths: everything unaligned */
  c.nop
  .rept 50
  c.addi a0, 1
  addi a1, a1, 0x123
  .endr
  c.nop
  END
  li   a0, 0
  j    finish
  .balign 4
leaf:
  ret
