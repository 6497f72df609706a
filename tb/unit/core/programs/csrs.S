/* SPDX-License-Identifier: Apache-2.0 */
/* Control and status registers: start values, legal values, counters and their events. */
#include "core_test.h"
.macro LEGAL id, csr, ones, zeros
  csrr a0, \csr
  li   a1, -1
  csrw \csr, a1
  csrr a2, \csr
  CHECK \id, a2, \ones
  csrrc a3, \csr, a1
  CHECK \id, a3, \ones
  csrr a3, \csr
  CHECK \id, a3, \zeros
  csrrs a3, \csr, a1
  csrrw a3, \csr, a0
  CHECK \id, a3, \ones
.endm
test:
  csrr a0, mstatus
  CHECK 1, a0, 0x1800
  csrr a0, mcause
  CHECK 2, a0, 0
  csrr a0, mie
  CHECK 3, a0, 0
  csrr a0, mip
  CHECK 4, a0, 0
  csrr a0, misa
  CHECK 5, a0, 0x40001105
  csrr a0, mvendorid
  CHECK 6, a0, 0
  csrr a0, mimpid
  CHECK 7, a0, 0
  csrr a0, 0xf15
  CHECK 8, a0, 0
  csrr a0, mhartid
  CHECK 9, a0, 0
  csrr a0, 0x310
  CHECK 10, a0, 0
  LEGAL 20, mscratch, -1, 0
  LEGAL 21, mepc, -2, 0
  LEGAL 22, mcause, -1, 0
  LEGAL 23, mtval, -1, 0
  LEGAL 24, mtvec, -3, 0
  LEGAL 25, mie, 0x01000888, 0
  LEGAL 26, misa, 0x40001105, 0x40001105
  LEGAL 27, mip, 0, 0
  csrwi mie, 0
  LEGAL 28, mstatus, 0x1888, 0x1800
  LEGAL 29, mcountinhibit, 0x7d, 0
  LEGAL 30, mhpmevent3, 15, 0
  LEGAL 31, mhpmcounter6, -1, 0
  LEGAL 32, mhpmcounter7, 0, 0
  LEGAL 33, mhpmcounter31, 0, 0
  LEGAL 34, mhpmevent31, 0, 0
  LEGAL 35, mhpmcounter3h, 0, 0
  /* Immediate forms */
  csrwi mscratch, 21
  csrrsi a0, mscratch, 10
  CHECK 40, a0, 21
  csrrci a0, mscratch, 3
  CHECK 41, a0, 31
  csrr a0, mscratch
  CHECK 42, a0, 28
  csrrw zero, mscratch, a0
  csrrwi a0, mscratch, 0
  CHECK 43, a0, 28
  /* Counters: instructions exactly, cycles upwards, writes win, carry, inhibit */
  csrr a0, minstret
  nop
  nop
  nop
  csrr a1, minstret
  sub  a1, a1, a0
  CHECK 50, a1, 4
  li   a0, -2
  csrw minstret, a0
  csrr a1, minstret
  csrr a2, minstret
  csrr a3, minstret
  CHECK 51, a1, -2
  CHECK 52, a2, -1
  CHECK_REG 53, a3, zero
  csrr a1, minstreth
  CHECK 54, a1, 1
  csrwi minstreth, 9
  csrr a1, minstreth
  CHECK 55, a1, 9
  li   a0, -100
  csrw mcycle, a0
  csrwi mcycleh, 3
  .rept 120
  nop
  .endr
  csrr a1, mcycleh
  CHECK 56, a1, 4
  csrwi mcountinhibit, 5
  csrr a0, mcycle
  csrr a1, minstret
  nop
  csrr a2, mcycle
  csrr a3, minstret
  csrwi mcountinhibit, 0
  CHECK_REG 57, a0, a2
  CHECK_REG 58, a1, a3
  /* Events: taken branches, loads, stores, mispredictions */
  csrwi mhpmevent3, 4
  csrwi mhpmevent4, 7
  csrwi mhpmevent5, 8
  csrwi mhpmevent6, 9
  csrwi mhpmcounter3, 0
  csrwi mhpmcounter4, 0
  csrwi mhpmcounter5, 0
  csrwi mhpmcounter6, 0
  li   s0, L1
  li   a0, 10
1:
  lw   a1, 0(s0)
  sw   a1, 4(s0)
  sw   a1, 8(s0)
  addi a0, a0, -1
  bnez a0, 1b
  csrwi mhpmevent3, 0
  csrwi mhpmevent4, 0
  csrwi mhpmevent5, 0
  csrwi mhpmevent6, 0
  csrr a0, mhpmcounter3
  CHECK 60, a0, 9
  csrr a0, mhpmcounter4
  CHECK 61, a0, 10
  csrr a0, mhpmcounter5
  CHECK 62, a0, 20
  csrr a0, mhpmcounter6
  CHECK 63, a0, 1
  li   a0, 0
  j    finish
