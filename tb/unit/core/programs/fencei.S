/* SPDX-License-Identifier: Apache-2.0 */
/* Code that writes code: fence.i makes it visible, wherever the old instructions were buffered. */
#include "core_test.h"
test:
  li   s0, 0
  li   s1, 20
1:
  la   a1, patch
  lw   a2, 0(a1)               /* addi a0, a0, n: n grows by one */
  li   a3, 0x00100000
  add  a2, a2, a3
  sw   a2, 0(a1)
  fence.i
  li   a0, 0
  call func
  addi s0, s0, 1
  CHECK_REG 1, a0, s0
  bne  s0, s1, 1b
  /* The instruction right behind fence.i */
  la   a1, 2f
  lw   a2, 3f
  sw   a2, 0(a1)
  li   a0, 1
  .balign 4
  .option push
  .option norvc
  fence.i
2:
  addi a0, a0, 5
  .option pop
  CHECK 2, a0, 100
  li   a0, 0
  j    finish
  .balign 4
3:
  .option push
  .option norvc
  addi a0, a0, 99
  .balign 64
func:
  nop
patch:
  addi a0, a0, 0
  ret
  .option pop
