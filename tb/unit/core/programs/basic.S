/* SPDX-License-Identifier: Apache-2.0 */
/* Base ISA in short: every instruction class, forwarding, memory sizes, code at all alignments. */
#include "core_test.h"
test:
  /* Arithmetic with every forwarding distance */
  li   a0, 5
  addi a1, a0, 7
  CHECK 1, a1, 12
  add  a2, a1, a0
  sub  a3, a2, a1
  CHECK 2, a3, 5
  li   a4, -8
  srai a5, a4, 1
  CHECK 3, a5, -4
  srli a5, a4, 28
  CHECK 4, a5, 15
  slli a5, a4, 4
  CHECK 5, a5, -128
  slti a5, a4, -7
  CHECK 6, a5, 1
  sltiu a5, a4, 3
  CHECK 7, a5, 0
  sltu a5, zero, a4
  CHECK 8, a5, 1
  xori a5, a4, -1
  CHECK 9, a5, 7
  lui  a5, 0xfffff
  CHECK 10, a5, 0xfffff000
0:
  auipc a5, 1
  la   a6, 0b
  sub  a5, a5, a6
  CHECK 11, a5, 0x1000
  addi zero, a0, 100
  CHECK_REG 12, zero, x0
  /* Memory: sizes, lanes, signs */
  li   s0, L1 + 0x100
  li   a0, 0x8081f2f3
  sw   a0, 0(s0)
  lb   a1, 0(s0)
  lbu  a2, 1(s0)
  lh   a3, 2(s0)
  lhu  a4, 2(s0)
  CHECK 20, a1, 0xfffffff3
  CHECK 21, a2, 0xf2
  CHECK 22, a3, 0xffff8081
  CHECK 23, a4, 0x8081
  lb   a1, 3(s0)
  CHECK 24, a1, 0xffffff80
  li   a0, 0x1234
  sb   a0, 2(s0)
  lw   a1, 0(s0)
  CHECK 25, a1, 0x8034f2f3
  sh   a0, 0(s0)
  lw   a1, 0(s0)
  CHECK 26, a1, 0x80341234
  sb   a1, 3(s0)
  lw   a1, 0(s0)
  CHECK 27, a1, 0x34341234
  /* L2 and stack-like traffic, load used at once as address and as datum */
  la   s1, word
  lw   a0, 0(s1)
  lw   a1, 0(a0)
  addi a1, a1, 1
  sw   a1, 0(a0)
  lw   a2, 0(a0)
  CHECK 28, a2, 0x77
  /* Many loads in flight, results used in another order, write after write */
  li   a0, 1
  sw   a0, 0(s0)
  li   a0, 2
  sw   a0, 4(s0)
  li   a0, 3
  sw   a0, 8(s0)
  lw   a1, 0(s0)
  lw   a2, 4(s0)
  lw   a3, 8(s0)
  lw   a4, 0(s0)
  lw   a5, 4(s0)
  lw   a6, 8(s0)
  lw   a7, 0(s0)
  lw   t0, 4(s0)
  lw   t1, 8(s0)
  lw   t2, 0(s0)
  add  t2, t2, t1
  add  t2, t2, a1
  add  t2, t2, a6
  CHECK 30, t2, 8
  lw   a1, 8(s0)
  li   a1, 42          /* write after write: must win */
  CHECK 31, a1, 42
  lw   a1, 8(s0)
  lw   a1, 4(s0)
  CHECK 32, a1, 2
  lw   a1, 0(s0)
  mv   a2, s0          /* write after read */
  lw   a2, 8(a2)
  CHECK 33, a2, 3
  lw   zero, 0(s0)
  CHECK_REG 34, zero, x0
  sw   a2, 12(s0)
  li   a2, 9           /* the store keeps the old value */
  lw   a3, 12(s0)
  CHECK 35, a3, 3
  /* Branches: both ways, both directions, jumps with link */
  li   a0, 10
  li   a1, 0
1:
  add  a1, a1, a0
  addi a0, a0, -1
  bnez a0, 1b
  CHECK 40, a1, 55
  li   a0, -1
  li   a1, 1
  blt  a0, a1, 2f
  j    bad
2:
  bltu a0, a1, bad
  bge  a0, a1, bad
  bgeu a1, a0, bad
  beq  a0, a1, bad
  bgeu a0, a1, 3f
  j    bad
3:
  la   a2, sub1
  jalr ra, 1(a2)       /* bit 0 of the target is cleared */
4:
  la   a3, 4b
  CHECK_REG 41, ra, a3
  CHECK 42, a4, 99
  call sub1
  jal  t0, 5f
5:
  la   a3, 5b
  CHECK_REG 43, t0, a3
  /* Multiply, divide */
  li   a0, -7
  li   a1, 2
  mul  a2, a0, a1
  CHECK 50, a2, -14
  mulh a2, a0, a1
  CHECK 51, a2, -1
  mulhu a2, a0, a1
  CHECK 52, a2, 1
  mulhsu a2, a0, a1
  add  a2, a2, a2      /* used at once */
  CHECK 53, a2, -2
  div  a2, a0, a1
  CHECK 54, a2, -3
  rem  a2, a0, a1
  CHECK 55, a2, -1
  divu a2, a0, a1
  CHECK 56, a2, 0x7ffffffc
  remu a2, a0, a1
  CHECK 57, a2, 1
  div  a2, a0, zero
  CHECK 58, a2, -1
  rem  a2, a0, zero
  CHECK 59, a2, -7
  divu a2, zero, zero
  CHECK 60, a2, -1
  li   a0, 0x80000000
  li   a1, -1
  div  a2, a0, a1
  CHECK 61, a2, 0x80000000
  rem  a2, a0, a1
  CHECK 62, a2, 0
  li   a0, 5
  divu a2, a0, a1
  CHECK 63, a2, 0
  remu a2, a0, a1
  CHECK 64, a2, 5
  li   a1, 7
  div  a2, a1, a1
  CHECK 65, a2, 1
  li   a0, 0x1000000
  div  a2, a0, a1
  CHECK 66, a2, 0x249249
  divu a2, a1, zero
  CHECK 67, a2, -1
  /* 32-bit instructions at odd half-words over many lines */
  li   a0, 0
  j    6f
  .balign 64
6:
  c.nop
  .rept 40
  addi a0, a0, 3
  addi a0, a0, 0x400
  addi a0, a0, -0x400
  .endr
  CHECK 70, a0, 120
  li   a0, 0
  .rept 40
  c.addi a0, 1
  addi a0, a0, 0x400
  c.addi a0, -1
  addi a0, a0, -0x3ff
  .endr
  CHECK 71, a0, 40
  /* A taken branch to the last half-word of a line, 32-bit instruction there */
  li   a0, 0
  j    7f
  .balign 64
  .space 62
7:
  .option push
  .option norvc
  addi a0, a0, 0x123
  .option pop
  CHECK 72, a0, 0x123
  li   a0, 0
  j    finish
bad:
  li   a0, 200
  j    finish
sub1:
  li   a4, 99
  ret
  .balign 4
word:
  .word word2
word2:
  .word 0x76
