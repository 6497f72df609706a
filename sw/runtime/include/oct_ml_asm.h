// SPDX-License-Identifier: Apache-2.0
// oct_ml_asm.h: CORE-V instructions as text, for loops written whole in one asm statement, and
// post-increment loads and stores as functions.
//
// A hardware loop and its body belong into one asm statement: GCC may move, compress or duplicate
// what stands between two statements, and knows nothing of the jump back. Rules of the manual
// (section "CORE-V Hardware Loop feature"): start and end on 4-byte boundaries, no compressed
// instruction, branch or jump inside, at least three instructions, count >= 1; loop 0 is the inner
// one, and loop 1 ends at least two instructions behind it. OCT_LOOP_* sees to boundaries, encoding
// width and addresses:
//   __asm__ volatile(OCT_LOOP(0, "%[n]") OCT_LW_P("%[x]", "%[p]", "4") ... OCT_LOOP_END(0) : ...);
#ifndef OCT_ML_ASM_H
#define OCT_ML_ASM_H
#include <stdint.h>

#ifdef __riscv

// cv.setup L, count, end: body up to OCT_LOOP_END(L). Clobbers nothing but the loop's registers.
#define OCT_LOOP_RD_0 "x14"  // the rd field: funct4 and the loop's number
#define OCT_LOOP_RD_1 "x15"
#define OCT_LOOP_START_RD_0 "x0"
#define OCT_LOOP_START_RD_1 "x1"
#define OCT_LOOP_END_RD_0 "x4"
#define OCT_LOOP_END_RD_1 "x5"
#define OCT_LOOP_COUNT_RD_0 "x10"
#define OCT_LOOP_COUNT_RD_1 "x11"
#define OCT_LOOP(l, count)                                    \
  ".balign 4\n.option push\n.option norvc\n.option norelax\n" \
  "7" #l "0: .insn i 0x2b, 4, " OCT_LOOP_RD_##l ", " count ", %%lo((7" #l "1f-7" #l "0b)/4)\n"
// The same in two parts: the count early, start and end just before the body.
#define OCT_LOOP_COUNT(l, count) ".insn i 0x2b, 4, " OCT_LOOP_COUNT_RD_##l ", " count ", 0\n"
#define OCT_LOOP_RANGE(l)                                     \
  ".balign 4\n.option push\n.option norvc\n.option norelax\n" \
  "7" #l "2: .insn i 0x2b, 4, " OCT_LOOP_START_RD_##l         \
      ", x0, 2\n"                                             \
      "7" #l "0: .insn i 0x2b, 4, " OCT_LOOP_END_RD_##l ", x0, %%lo((7" #l "1f-7" #l "0b)/4)\n"
#define OCT_LOOP_END(l) "7" #l "1:\n.option pop\n"

#define OCT_LW_P(rd, ptr, imm) \
  ".insn i 0x0b, 2, " rd ", " ptr ", " imm "\n"  // cv.lw rd, (ptr), imm
#define OCT_LH_P(rd, ptr, imm) ".insn i 0x0b, 1, " rd ", " ptr ", " imm "\n"
#define OCT_LB_P(rd, ptr, imm) ".insn i 0x0b, 0, " rd ", " ptr ", " imm "\n"
#define OCT_LW_R(rd, base, off) \
  ".insn r 0x2b, 3, 6, " rd ", " base ", " off "\n"  // cv.lw rd, off(base)
#define OCT_LB_R(rd, base, off) ".insn r 0x2b, 3, 4, " rd ", " base ", " off "\n"
#define OCT_LW_PR(rd, ptr, inc) \
  ".insn r 0x2b, 3, 2, " rd ", " ptr ", " inc "\n"  // cv.lw rd, (ptr), inc
#define OCT_SW_P(rs, ptr, imm) \
  ".insn s 0x2b, 2, " rs ", " imm "(" ptr ")\n"  // cv.sw rs, (ptr), imm
#define OCT_SH_P(rs, ptr, imm) ".insn s 0x2b, 1, " rs ", " imm "(" ptr ")\n"
#define OCT_SW_PR(rs, ptr, inc) \
  ".insn r 0x2b, 3, 0x12, " inc ", " ptr ", " rs "\n"  // cv.sw rs, (ptr), inc
#define OCT_DOTSP_B(rd, a, b) ".insn r 0x7b, 1, 0x48, " rd ", " a ", " b "\n"
#define OCT_SDOTSP_B(rd, a, b) ".insn r 0x7b, 1, 0x54, " rd ", " a ", " b "\n"
#define OCT_DOTUSP_B(rd, a, b) ".insn r 0x7b, 1, 0x44, " rd ", " a ", " b "\n"
#define OCT_SDOTUSP_B(rd, a, b) ".insn r 0x7b, 1, 0x50, " rd ", " a ", " b "\n"
#define OCT_SDOTSP_H(rd, a, b) ".insn r 0x7b, 0, 0x54, " rd ", " a ", " b "\n"
#define OCT_SRA_H(rd, a, b) ".insn r 0x7b, 0, 0x24, " rd ", " a ", " b "\n"
#define OCT_SLL8_H(rd, a) ".insn r 0x7b, 6, 0x28, " rd ", " a ", x4\n"  // cv.sll.sci.h rd, a, 8
#define OCT_PACK(rd, a, b) ".insn r 0x7b, 0, 0x78, " rd ", " a ", " b "\n"
#define OCT_PACK_H(rd, a, b) ".insn r 0x7b, 0, 0x79, " rd ", " a ", " b "\n"
#define OCT_SHUFFLE2_B(rd, a, b) ".insn r 0x7b, 1, 0x70, " rd ", " a ", " b "\n"
#define OCT_PACKLO_B(rd, a, b) ".insn r 0x7b, 1, 0x7c, " rd ", " a ", " b "\n"
#define OCT_PACKHI_B(rd, a, b) ".insn r 0x7b, 1, 0x7d, " rd ", " a ", " b "\n"
#define OCT_DOTSP_H(rd, a, b) ".insn r 0x7b, 0, 0x48, " rd ", " a ", " b "\n"
#define OCT_RQ_B(lane, rd, a, p) ".insn r 0x2b, 5, " #lane ", " rd ", " a ", " p "\n"
#define OCT_RQ_H(lane, rd, a, p) ".insn r 0x2b, 5, 4+" #lane ", " rd ", " a ", " p "\n"
#define OCT_ARQ_B(rd, a, p) ".insn r 0x2b, 5, 8, " rd ", " a ", " p "\n"
#define OCT_ARQ_H(rd, a, p) ".insn r 0x2b, 5, 9, " rd ", " a ", " p "\n"
#define OCT_ARQ_HB(rd, a, p) ".insn r 0x2b, 5, 10, " rd ", " a ", " p "\n"
#define OCT_MRQ_HB(rd, a, b, s) ".insn r 0x2b, 6, 0x20+" s ", " rd ", " a ", " b "\n"

#endif
#endif
