/* SPDX-License-Identifier: Apache-2.0 */
/* Every synchronous trap: cause, mepc, mtval, nothing done by the instruction, others undisturbed. */
#include "core_test.h"
test:
  li   s0, L1
  li   a1, 0x5555
  TRAPS 1, 11, 0, ecall
  la   s7, 1f
0: ebreak
1: CHECK 2, s8, 3
  la   t6, 0b
  CHECK_REG 3, s9, t6
  CHECK_REG 4, s10, t6
  la   s7, 1f
0: c.ebreak
1: CHECK 5, s8, 3
  la   t6, 0b
  CHECK_REG 6, s9, t6
  /* Illegal: 32-bit, compressed, unknown csr, write to a read-only one, reserved fields */
  TRAPS 10, 2, 0xffffffff, ".word 0xffffffff"
  TRAPS 11, 2, 0x0000, ".half 0"
  TRAPS 12, 2, 0x6001, ".half 0x6001"
  TRAPS 13, 2, 0x9c41, ".half 0x9c41"
  TRAPS 14, 2, 0xc0002573, ".word 0xc0002573"
  TRAPS 15, 2, 0xf1459073, "csrw mhartid, a1"
  TRAPS 16, 2, 0x10200073, "sret"
  TRAPS 17, 2, 0x4002, ".half 0x4002"
  TRAPS 18, 2, 0x40a5c5b3, ".word 0x40a5c5b3"
  TRAPS 19, 2, 0x12b5a52f, ".word 0x12b5a52f"
  TRAPS 20, 2, 0x1005352f, ".word 0x1005352f"
  TRAPS 21, 2, 0x40151513, ".word 0x40151513"
  TRAPS 22, 2, 0x00002063, ".word 0x00002063"
  TRAPS 23, 2, 0x00003003, ".word 0x00003003"
  TRAPS 24, 2, 0x00003023, ".word 0x00003023"
  TRAPS 25, 2, 0x00001067, ".word 0x00001067"
  TRAPS 26, 2, 0x7b002573, ".word 0x7b002573"
  csrr a2, mhartid
  csrs mhartid, zero           /* no write: no trap */
  CHECK 27, a2, 0
  /* Misaligned */
  TRAPS 30, 4, L1 + 1, "lw a1, 1(s0)"
  TRAPS 31, 4, L1 + 2, "lw a1, 2(s0)"
  TRAPS 32, 4, L1 + 3, "lh a1, 3(s0)"
  TRAPS 33, 4, L1 + 1, "lhu a1, 1(s0)"
  TRAPS 34, 6, L1 + 1, "sh a1, 1(s0)"
  TRAPS 35, 6, L1 + 2, "sw a1, 2(s0)"
  addi s1, s0, 2
  TRAPS 36, 4, L1 + 2, "lr.w a1, (s1)"
  TRAPS 37, 6, L1 + 2, "sc.w a1, a1, (s1)"
  TRAPS 38, 6, L1 + 2, "amoadd.w a1, a1, (s1)"
  CHECK 39, a1, 0x5555
  /* Access faults: unmapped, atomics elsewhere than in L1 */
  li   s1, 0x40000000
  TRAPS 40, 5, 0x40000000, "lw a1, 0(s1)"
  TRAPS 41, 7, 0x40000004, "sw a1, 4(s1)"
  TRAPS 42, 5, 0, "lb a1, 0(zero)"
  TRAPS 43, 7, 0xffffffff, "sb a1, -1(zero)"
  TRAPS 44, 5, 0x40000000, "lr.w a1, (s1)"
  TRAPS 45, 7, 0x40000000, "amoor.w a1, a1, (s1)"
  li   s1, L2_TOP - 64
  TRAPS 46, 5, L2_TOP - 64, "lr.w a1, (s1)"
  TRAPS 47, 7, L2_TOP - 64, "sc.w a1, a1, (s1)"
  TRAPS 48, 7, L2_TOP - 64, "amoswap.w a1, a1, (s1)"
  li   s1, L1 + 0x20000
  TRAPS 49, 5, L1 + 0x20000, "lw a1, 0(s1)"
  lw   a2, -4(s1)
  li   s1, 0x20010000
  TRAPS 50, 5, 0x20010000, "lw a2, 0(s1)"
  CHECK 51, a1, 0x5555
  lw   a3, word
  CHECK 52, a3, 0x76
  /* Instruction access fault: no access outside L2, none behind its end */
  li   s1, L1
  la   s7, 1f
  jalr ra, s1
  li   a0, 60
  j    finish
1: CHECK 61, s8, 1
  CHECK 62, s9, L1
  CHECK 63, s10, L1
  li   s1, L2_TOP - 4
  li   a0, 0x00010001          /* two c.nop */
  sw   a0, 0(s1)
  fence.i
  la   s7, 1f
  jr   s1
1: CHECK 64, s8, 1
  CHECK 65, s9, L2_TOP
  CHECK 66, s10, L2_TOP
  li   a0, 0x08130001          /* c.nop, lower half of an addi */
  sw   a0, 0(s1)
  fence.i
  la   s7, 1f
  jr   s1
1: CHECK 67, s8, 1
  CHECK 68, s9, L2_TOP - 2
  CHECK 69, s10, L2_TOP
  /* A fetch that the outside answers with an error */
  la   a0, island
  sw   a0, FETCH_ERROR(tp)
  fence.i
  la   s7, 1f
  jr   a0
1: CHECK 70, s8, 1
  la   t6, island
  CHECK_REG 71, s9, t6
  CHECK_REG 72, s10, t6
  li   a1, 1
  sw   a1, FETCH_ERROR(tp)
  fence.i                      /* gone with the buffer */
  jalr ra, a0
  CHECK 73, a1, 77
  /* Traps with loads in flight and behind branches; instructions behind a trap do nothing */
  li   a1, 0x111
  sw   a1, 0(s0)
  li   a2, 0
  la   s7, 1f
  lw   a3, 0(s0)
  lw   a4, 0(s0)
  lw   a5, 1(s0)
  li   a2, 1
  sw   zero, 0(s0)
1: add  a3, a3, a4
  CHECK 80, a3, 0x222
  CHECK 81, a2, 0
  lw   a3, 0(s0)
  CHECK 82, a3, 0x111
  la   s7, 1f
  beqz zero, 1f
  ecall
1: CHECK 83, s11, 45
  csrr a0, mstatus
  CHECK 84, a0, 0x1880
  li   a0, 0
  j    finish
  .balign 64
island:
  li   a1, 77
  ret
  .balign 4
word:
  .word 0x76
