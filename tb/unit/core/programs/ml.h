/* SPDX-License-Identifier: Apache-2.0 */
/* The XCV instructions that the core itself executes, as this assembler can write them. */
/* Post-increment: cv.lw rd, imm(rs1!) and cv.lw rd, rs2(rs1!); the same for stores. */
.macro CV_LW_I rd, rs1, imm
  .insn i 0x0b, 2, \rd, \rs1, \imm
.endm
.macro CV_LB_I rd, rs1, imm
  .insn i 0x0b, 0, \rd, \rs1, \imm
.endm
.macro CV_LHU_I rd, rs1, imm
  .insn i 0x0b, 5, \rd, \rs1, \imm
.endm
.macro CV_LW_R rd, rs1, rs2
  .insn r 0x2b, 3, 2, \rd, \rs1, \rs2
.endm
.macro CV_LW_RR rd, rs1, rs2
  .insn r 0x2b, 3, 6, \rd, \rs1, \rs2
.endm
.macro CV_SW_I rs2, rs1, imm
  .insn s 0x2b, 2, \rs2, \imm(\rs1)
.endm
.macro CV_SB_I rs2, rs1, imm
  .insn s 0x2b, 0, \rs2, \imm(\rs1)
.endm
.macro CV_SW_R rs2, rs1, rs3
  .insn r 0x2b, 3, 0x12, \rs3, \rs1, \rs2
.endm
.macro CV_SW_RR rs2, rs1, rs3
  .insn r 0x2b, 3, 0x16, \rs3, \rs1, \rs2
.endm
.macro CV_MAC rd, rs1, rs2
  .insn r 0x2b, 3, 0x48, \rd, \rs1, \rs2
.endm
.macro CV_MAX rd, rs1, rs2
  .insn r 0x2b, 3, 0x2d, \rd, \rs1, \rs2
.endm
/* Hardware loops. words: distance from this instruction to the end, in units of four bytes. */
.macro LP_STARTI l, words
  .if \l
  .insn i 0x2b, 4, x1, x0, \words
  .else
  .insn i 0x2b, 4, x0, x0, \words
  .endif
.endm
.macro LP_START l, rs1
  .if \l
  .insn i 0x2b, 4, x3, \rs1, 0
  .else
  .insn i 0x2b, 4, x2, \rs1, 0
  .endif
.endm
.macro LP_ENDI l, words
  .if \l
  .insn i 0x2b, 4, x5, x0, \words
  .else
  .insn i 0x2b, 4, x4, x0, \words
  .endif
.endm
.macro LP_END l, rs1
  .if \l
  .insn i 0x2b, 4, x7, \rs1, 0
  .else
  .insn i 0x2b, 4, x6, \rs1, 0
  .endif
.endm
.macro LP_COUNTI l, n
  .if \l
  .insn i 0x2b, 4, x9, x0, \n
  .else
  .insn i 0x2b, 4, x8, x0, \n
  .endif
.endm
.macro LP_COUNT l, rs1
  .if \l
  .insn i 0x2b, 4, x11, \rs1, 0
  .else
  .insn i 0x2b, 4, x10, \rs1, 0
  .endif
.endm
/* words is written as a register: x5 is five words. */
.macro LP_SETUPI l, n, words
  .if \l
  .insn i 0x2b, 4, x13, \words, \n
  .else
  .insn i 0x2b, 4, x12, \words, \n
  .endif
.endm
.macro LP_SETUP l, rs1, words
  .if \l
  .insn i 0x2b, 4, x15, \rs1, \words
  .else
  .insn i 0x2b, 4, x14, \rs1, \words
  .endif
.endm
