# SPDX-License-Identifier: Apache-2.0
# Start of all harts. Each one finds its role by the event unit's CORE_ID: the controller prepares
# memory and runs main, workers go to the job loop. Registers start undefined.
#include "oct_config.h"
#include "oct_hw.h"

  .section .text.start, "ax"
  .globl _start
_start:
  csrw  mie, zero
  csrci mstatus, 8
  .option push
  .option norelax
  la    gp, __global_pointer$
  .option pop
  la    t0, oct_trap_entry
  csrw  mtvec, t0
  li    t0, OCT_EU_BASE
  lw    tp, OCT_EU_CORE_ID(t0)     # tp holds the core's index for good: no thread-local variables

  # A stack for traps of each core, in L2, so that a broken sp ends in a report too.
  la    t0, oct_trap_stacks
  addi  t1, tp, 1
  slli  t1, t1, OCT_TRAP_STACK_LOG2
  add   t0, t0, t1
  csrw  mscratch, t0
  li    t0, 1 << OCT_IRQ_BUS_ERROR # imprecise bus errors are traps like all others
  csrw  mie, t0
  csrsi mstatus, 8

  li    t0, OCT_NUM_WORKERS
  beq   tp, t0, controller

worker:
  la    sp, __worker_stack_top
  li    t0, OCT_WORKER_STACK_BYTES
  mul   t0, t0, tp
  sub   sp, sp, t0
  # Job loop: func(arg, rank, count); its result goes to JOB_DONE, 0 is success. s0 survives calls.
  li    s0, OCT_EU_BASE
  .globl oct_worker_loop
oct_worker_loop:
  lw    t0, OCT_EU_JOB_FUNC(s0)    # sleeps until there is one
  lw    a0, OCT_EU_JOB_ARG(s0)
  lw    a1, OCT_EU_JOB_RANK(s0)
  srli  a2, a1, 16
  slli  a1, a1, 16
  srli  a1, a1, 16
  jalr  t0
  # The store leaves after this core's earlier ones are performed, to any region.
  sw    a0, OCT_EU_JOB_DONE(s0)
  j     oct_worker_loop

controller:
  la    sp, __controller_stack_top
  # L2 is far away: eight stores under way at a time.
  la    t0, __bss_start
  la    t1, __bss_end
  beq   t0, t1, 2f
1:
  .irp i, 0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60
  sw    zero, \i(t0)
  .endr
  addi  t0, t0, 64
  bltu  t0, t1, 1b
2:
  call  oct_runtime_init
  la    a1, oct_arguments
  lw    a0, 0(a1)
  addi  a1, a1, 4
  call  main
  call  oct_exit

# ---- Traps -------------------------------------------------------------------------------------
# All registers go to a frame on the trap stack, then oct_trap(frame) decides. If it returns, the
# program goes on at frame->epc with the registers of the frame. mscratch = 0 marks a trap in here.
  .section .text.oct_trap_entry, "ax"
  .weak oct_trap_entry
  .balign 64
oct_trap_entry:
  csrrw sp, mscratch, sp
  beqz  sp, double_fault
  addi  sp, sp, -OCT_TRAP_FRAME_BYTES
  .irp r, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  sw    x\r, (4 * \r)(sp)
  .endr
  csrrw t0, mscratch, zero         # the interrupted sp
  sw    t0, 8(sp)
  csrr  t0, mepc
  sw    t0, 0(sp)
  csrr  t0, mcause
  sw    t0, 128(sp)
  csrr  t0, mtval
  sw    t0, 132(sp)
  csrr  t0, mstatus
  sw    t0, 136(sp)
  mv    a0, sp
  call  oct_trap
  lw    t0, 0(sp)
  csrw  mepc, t0
  lw    t0, 136(sp)
  csrw  mstatus, t0
  lw    t0, 8(sp)
  csrw  mscratch, t0
  .irp r, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  lw    x\r, (4 * \r)(sp)
  .endr
  addi  sp, sp, OCT_TRAP_FRAME_BYTES
  csrrw sp, mscratch, sp
  mret

double_fault:
  li    a0, OCT_EXIT_DOUBLE_FAULT
  tail  oct_exit_now

  .section .l2, "aw", @nobits
  .balign 64
oct_trap_stacks:
  .space OCT_NUM_CORES << OCT_TRAP_STACK_LOG2
