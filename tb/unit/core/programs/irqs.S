/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts: software, timer, bus error; vectors, priority, masks, WFI, sleep in the event unit. */
#include "core_test.h"
  .macro HANDLER bit
  csrr s8, mcause
  csrr s9, mepc
  csrr s10, mtval
  addi s11, s11, 1
  csrr a7, mstatus
  li   s5, \bit
  csrc mie, s5                 /* this one no more */
  mret
  .endm
test:
  la   t0, vectors + 1
  csrw mtvec, t0
  li   s0, L1
  /* Software interrupt: pending, masked, then enabled */
  li   a0, 1
  sw   a0, MSIP(tp)
  fence
  csrr a1, mip
  csrr a1, mip
  csrr a1, mip
  csrr a1, mip
  andi a1, a1, 8
  CHECK 1, a1, 8
  csrsi mie, 8
  nop
  CHECK 2, s11, 0              /* MIE is still off */
  csrsi mstatus, 8
1:
  li   a2, 1
  la   t0, 1b
  CHECK 3, s11, 1
  CHECK 4, s8, 0x80000003
  CHECK_REG 5, s9, t0
  CHECK 6, s10, 0
  CHECK 7, a7, 0x1880
  csrr a1, mstatus
  CHECK 8, a1, 0x1888
  sw   zero, MSIP(tp)
  fence
  /* Enabled by mie while MIE is on; switched off by the instruction just before: not taken */
  li   a0, 1
  sw   a0, MSIP(tp)
  fence
  nop
  nop
  nop
  csrsi mie, 8
  nop
  CHECK 10, s11, 2
  csrci mstatus, 8
  csrsi mie, 8
  nop
  nop
  csrci mie, 8
  csrsi mstatus, 8
  nop
  nop
  CHECK 11, s11, 2
  sw   zero, MSIP(tp)
  fence
  /* Timer in a busy loop */
  li   a0, 0x80
  csrs mie, a0
  li   a1, 50
  sw   a1, MTIP(tp)
2:
  addi a1, a1, 1
  li   a2, 2
  beq  s11, a2, 2b
  CHECK 20, s8, 0x80000007
  CHECK 21, s11, 3
  sw   zero, MTIP(tp)
  fence
  /* Timer while dividing, loading, storing */
  li   a4, 20
3:
  csrr a3, mcycle
  andi a3, a3, 31
  addi a3, a3, 5
  sw   a3, MTIP(tp)
  li   a0, 0x80
  csrs mie, a0
  addi a5, s11, 1
4:
  li   a1, 0x7fffffff
  div  a2, a1, a4
  mul  a6, a2, a4
  rem  t0, a1, a4
  sw   a2, 0(s0)
  lw   t1, 0(s0)
  add  t0, t0, a6
  bne  t1, a2, bad
  bne  t0, a1, bad
  bne  a5, s11, 4b
  sw   zero, MTIP(tp)
  fence
  addi a4, a4, -1
  bnez a4, 3b
  CHECK 30, s8, 0x80000007
  CHECK 31, s11, 23
  /* WFI with interrupts off: goes on, does not trap */
  csrci mstatus, 8
  li   a0, 0x80
  csrs mie, a0
  li   a1, 60
  sw   a1, MTIP(tp)
  wfi
  CHECK 40, s11, 23
  csrr a1, mip
  CHECK 41, a1, 0x80
  wfi                          /* still pending: no wait */
  /* WFI with interrupts on: mepc is behind it */
  sw   zero, MTIP(tp)
  fence
  nop
  nop
  csrsi mstatus, 8
  li   a1, 60
  sw   a1, MTIP(tp)
  wfi
5:
  CHECK 42, s11, 24
  la   t0, 5b
  CHECK_REG 43, s9, t0
  sw   zero, MTIP(tp)
  fence
  /* Two at once: software first, then timer, one after the other */
  csrci mstatus, 8
  li   a1, 1
  sw   a1, MTIP(tp)
  sw   a1, MSIP(tp)
  fence
  nop
  nop
  nop
  li   a0, 0x88
  csrs mie, a0
  li   s6, 0
  csrsi mstatus, 8
  nop
  CHECK 50, s11, 26
  CHECK 51, s8, 0x80000007
  CHECK 52, s6, 0x80000003
  sw   zero, MTIP(tp)
  sw   zero, MSIP(tp)
  fence
  /* Bus error: imprecise interrupt with the address; first of two is kept; a write clears */
  li   a0, 0x01000000
  csrs mie, a0
  lw   a1, ERROR(tp)
  addi a2, zero, 1
  fence
  nop
  nop
  CHECK 60, s11, 27
  CHECK 61, s8, 0x80000018
  csrr a1, 0x7c1
  CHECK 62, a1, DEV + ERROR
  csrr a1, mip
  CHECK 63, a1, 0x01000000
  sw   a1, ERROR2(tp)
  fence
  csrr a1, 0x7c1
  CHECK 67, a1, DEV + ERROR
  csrw 0x7c1, zero
  csrr a1, mip
  CHECK_REG 64, a1, zero
  csrs mie, a0
  nop
  CHECK 65, s11, 27
  sw   a1, ERROR(tp)
  fence
  nop
  nop
  CHECK 66, s11, 28
  csrw 0x7c1, zero
  /* Blocking read of the event unit: the datum arrives late; other work goes on meanwhile */
  li   s1, EU
  li   a0, 200
  sw   a0, EU_DELAY(tp)
  lw   a1, 0x14(s1)
  csrr a2, mcycle
  addi a3, a1, 1
  csrr a4, mcycle
  CHECK 70, a1, 0x14
  sub  a4, a4, a2
  sltiu a5, a4, 150
  CHECK 71, a5, 0
  /* Reads queued behind the blocking one do not keep the core awake. */
  li   a2, 5
  csrw mhpmevent3, a2
  csrw mhpmcounter3, zero
  lw   a1, 0x14(s1)
  lw   a2, 0x10(s1)
  lw   a3, 0x18(s1)
  add  a5, a1, a3
  csrr a0, mhpmcounter3
  CHECK 76, a5, 0x2c
  CHECK 77, a2, 0x10
  CHECK 78, a3, 0x18
  sltiu a5, a0, 150
  CHECK 79, a5, 0
  /* Nor does one more that finds no room, nor a fence. */
  csrw mhpmcounter3, zero
  lw   a1, 0x14(s1)
  lw   a2, 0x10(s1)
  lw   a3, 0x18(s1)
  lw   a4, 0x1c(s1)
  add  a5, a1, a4
  csrr a0, mhpmcounter3
  CHECK 80, a5, 0x30
  sltiu a5, a0, 150
  CHECK 81, a5, 0
  csrw mhpmcounter3, zero
  lw   a1, 0x14(s1)
  fence
  csrr a0, mhpmcounter3
  CHECK 82, a1, 0x14
  sltiu a5, a0, 150
  CHECK 83, a5, 0
  /* An interrupt wakes the core out of it, and the datum still arrives */
  li   a0, 0x80
  csrs mie, a0
  li   a1, 60
  sw   a1, MTIP(tp)
  fence
  lw   a1, 0x14(s1)
6:
  addi a3, a1, 1
  CHECK 72, a3, 0x15
  CHECK 73, s11, 29
  CHECK 74, s8, 0x80000007
  la   t0, 6b
  CHECK_REG 75, s9, t0
  sw   zero, MTIP(tp)
  /* Exceptions go to the base of a vectored table */
  la   s7, 7f
  ecall
7:
  CHECK 90, s8, 11
  li   a0, 0
  j    finish
bad:
  li   a0, 200
  j    finish

  .option norvc
  .balign 64
vectors:
  j    trap_entry
  j    wrong
  j    wrong
  j    software
  j    wrong
  j    wrong
  j    wrong
  j    timer
  .rept 16
  j    wrong
  .endr
  j    bus_error
wrong:
  li   a0, 250
  j    finish
software:
  csrr s6, mcause
  HANDLER 8
timer:
  HANDLER 0x80
bus_error:
  HANDLER 0x01000000
