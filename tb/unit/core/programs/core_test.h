/* SPDX-License-Identifier: Apache-2.0 */
/* Macros of the directed core tests. Reserved: s7..s11 (traps), t6 (checks), tp (device words). */
#define L1 0x10000000
#define DEV 0x2000ff00
#define EU 0x30000000
#define L2_TOP 0x84000000
#define EXIT 0
#define MSIP 4
#define MTIP 8
#define CHAR 12
#define ERROR 16
#define ERROR2 32
#define EU_DELAY 20
#define MARK 24
#define FETCH_ERROR 28

/* \reg holds \value, else the program ends with code \id. */
.macro CHECK id, reg, value
  li   t6, \value
  beq  \reg, t6, 90f
  li   a0, \id
  j    finish
90:
.endm

.macro CHECK_REG id, reg, other
  beq  \reg, \other, 90f
  li   a0, \id
  j    finish
90:
.endm

/* \insn traps with this cause and value, mepc at the instruction; mcause, mepc, mtval in s8..s10. */
.macro TRAPS id, cause, tval, insn
  la   s7, 92f
  li   s8, -1
  .balign 4
91:
  \insn
92:
  CHECK \id, s8, \cause
  la   t6, 91b
  CHECK_REG \id, s9, t6
  CHECK \id, s10, \tval
.endm

  .section .text.start, "ax"
  .globl _start
_start:
  li   tp, DEV
  la   t0, trap_entry
  csrw mtvec, t0
  li   s11, 0
  j    test
finish:
  sw   a0, EXIT(tp)
99:
  wfi
  j    99b
  /* Keeps what happened and goes on at s7; counts in s11. */
  .balign 4
trap_entry:
  csrr s8, mcause
  csrr s9, mepc
  csrr s10, mtval
  addi s11, s11, 1
  csrw mepc, s7
  mret
  .text
