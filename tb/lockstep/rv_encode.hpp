// SPDX-License-Identifier: Apache-2.0
// Encodings of RV32IMAC instructions (RISC-V Instruction Set Manual, Volume I, chapter 34 and the C
// extension's tables). Offsets are in bytes; fields wider than their place are cut.
#pragma once
#include <cstdint>

namespace rv {
using u32 = std::uint32_t;
using i32 = std::int32_t;

constexpr u32 field(u32 value, unsigned high, unsigned low, unsigned at) {
  return ((value >> low) & ((2u << (high - low)) - 1)) << at;
}
constexpr u32 i_type(u32 opcode, u32 f3, u32 rd, u32 rs1, i32 imm) {
  return opcode | rd << 7 | f3 << 12 | rs1 << 15 | u32(imm) << 20;
}
constexpr u32 r_type(u32 opcode, u32 f3, u32 f7, u32 rd, u32 rs1, u32 rs2) {
  return opcode | rd << 7 | f3 << 12 | rs1 << 15 | rs2 << 20 | f7 << 25;
}
constexpr u32 lui(u32 rd, u32 value) { return 0x37 | rd << 7 | (value & 0xfffff000u); }
constexpr u32 auipc(u32 rd, u32 value) { return 0x17 | rd << 7 | (value & 0xfffff000u); }
constexpr u32 addi(u32 rd, u32 rs1, i32 imm) { return i_type(0x13, 0, rd, rs1, imm); }
/// Any OP-IMM instruction; shifts get a legal upper part.
constexpr u32 op_imm(u32 f3, u32 rd, u32 rs1, u32 imm) {
  if (f3 == 1) imm &= 31;
  if (f3 == 5) imm &= 0x41f;
  return i_type(0x13, f3, rd, rs1, i32(imm & 0xfff));
}
/// Any OP instruction; `alternate` selects SUB and SRA where they exist.
constexpr u32 op(u32 f3, bool alternate, u32 rd, u32 rs1, u32 rs2) {
  return r_type(0x33, f3, (alternate && (f3 == 0 || f3 == 5)) ? 0x20 : 0, rd, rs1, rs2);
}
constexpr u32 add(u32 rd, u32 rs1, u32 rs2) { return op(0, false, rd, rs1, rs2); }
constexpr u32 slli(u32 rd, u32 rs1, u32 amount) { return op_imm(1, rd, rs1, amount); }
constexpr u32 mul_div(u32 f3, u32 rd, u32 rs1, u32 rs2) {
  return r_type(0x33, f3, 1, rd, rs1, rs2);
}
constexpr u32 load(u32 f3, u32 rd, u32 rs1, i32 offset) {
  return i_type(0x03, f3, rd, rs1, offset);
}
constexpr u32 store(u32 f3, u32 rs2, u32 rs1, i32 offset) {
  const u32 o = u32(offset);
  return 0x23 | field(o, 4, 0, 7) | f3 << 12 | rs1 << 15 | rs2 << 20 | field(o, 11, 5, 25);
}
constexpr u32 lw(u32 rd, u32 rs1, i32 offset) { return load(2, rd, rs1, offset); }
constexpr u32 sw(u32 rs2, u32 rs1, i32 offset) { return store(2, rs2, rs1, offset); }
constexpr u32 branch_offset(i32 distance) {
  const u32 d = u32(distance);
  return field(d, 11, 11, 7) | field(d, 4, 1, 8) | field(d, 10, 5, 25) | field(d, 12, 12, 31);
}
constexpr u32 branch(u32 f3, u32 rs1, u32 rs2, i32 distance) {
  return 0x63 | f3 << 12 | rs1 << 15 | rs2 << 20 | branch_offset(distance);
}
constexpr u32 blt(u32 rs1, u32 rs2, i32 distance) { return branch(4, rs1, rs2, distance); }
constexpr u32 bge(u32 rs1, u32 rs2, i32 distance) { return branch(5, rs1, rs2, distance); }
constexpr u32 jump_offset(i32 distance) {
  const u32 d = u32(distance);
  return field(d, 19, 12, 12) | field(d, 11, 11, 20) | field(d, 10, 1, 21) | field(d, 20, 20, 31);
}
constexpr u32 jal(u32 rd, i32 distance) { return 0x6f | rd << 7 | jump_offset(distance); }
constexpr u32 jalr(u32 rd, u32 rs1, i32 offset) { return i_type(0x67, 0, rd, rs1, offset); }
constexpr u32 csr(u32 f3, u32 rd, u32 address, u32 source) {
  return 0x73 | rd << 7 | f3 << 12 | source << 15 | address << 20;
}
constexpr u32 csrrw(u32 rd, u32 address, u32 rs1) { return csr(1, rd, address, rs1); }
constexpr u32 csrrs(u32 rd, u32 address, u32 rs1) { return csr(2, rd, address, rs1); }
constexpr u32 csrrwi(u32 rd, u32 address, u32 imm) { return csr(5, rd, address, imm); }
constexpr u32 csrrsi(u32 rd, u32 address, u32 imm) { return csr(6, rd, address, imm); }
constexpr u32 mret() { return 0x30200073; }
constexpr u32 wfi() { return 0x10500073; }
constexpr u32 fence() { return 0x0ff0000f; }
constexpr u32 fence_i() { return 0x0000100f; }
/// `f5`: 2 LR, 3 SC, 1 swap, 0 add, 4 xor, 12 and, 8 or, 16 min, 20 max, 24 minu, 28 maxu.
constexpr u32 atomic(u32 f5, u32 rd, u32 rs1, u32 rs2, u32 aqrl) {
  return r_type(0x2f, 2, f5 << 2 | aqrl, rd, rs1, rs2);
}

// Compressed; registers with a prime are x8..x15 by number.
constexpr u32 c_imm6(u32 imm) { return field(imm, 4, 0, 2) | field(imm, 5, 5, 12); }
constexpr u32 c_nop() { return 0x0001; }
constexpr u32 c_addi(u32 rd, u32 imm) { return 0x0001 | rd << 7 | c_imm6(imm); }
constexpr u32 c_li(u32 rd, u32 imm) { return 0x4001 | rd << 7 | c_imm6(imm); }
constexpr u32 c_lui(u32 rd, u32 imm) { return 0x6001 | rd << 7 | c_imm6(imm); }
constexpr u32 c_shift(u32 arithmetic, u32 rd, u32 amount) {
  return 0x8001 | arithmetic << 10 | (rd - 8) << 7 | field(amount, 4, 0, 2);
}
constexpr u32 c_andi(u32 rd, u32 imm) { return 0x8801 | (rd - 8) << 7 | c_imm6(imm); }
constexpr u32 c_arith(u32 kind, u32 rd, u32 rs2) {
  return 0x8c01 | (rd - 8) << 7 | kind << 5 | (rs2 - 8) << 2;
}
constexpr u32 c_slli(u32 rd, u32 amount) { return 0x0002 | rd << 7 | field(amount, 4, 0, 2); }
constexpr u32 c_mv(u32 rd, u32 rs2) { return 0x8002 | rd << 7 | rs2 << 2; }
constexpr u32 c_add(u32 rd, u32 rs2) { return 0x9002 | rd << 7 | rs2 << 2; }
constexpr u32 c_word(u32 offset) {
  return field(offset, 6, 6, 5) | field(offset, 2, 2, 6) | field(offset, 5, 3, 10);
}
constexpr u32 c_lw(u32 rd, u32 rs1, u32 offset) {
  return 0x4000 | (rd - 8) << 2 | (rs1 - 8) << 7 | c_word(offset);
}
constexpr u32 c_sw(u32 rs2, u32 rs1, u32 offset) {
  return 0xc000 | (rs2 - 8) << 2 | (rs1 - 8) << 7 | c_word(offset);
}
constexpr u32 c_lwsp(u32 rd, u32 offset) {
  return 0x4002 | rd << 7 | field(offset, 7, 6, 2) | field(offset, 4, 2, 4) |
         field(offset, 5, 5, 12);
}
constexpr u32 c_swsp(u32 rs2, u32 offset) {
  return 0xc002 | rs2 << 2 | field(offset, 7, 6, 7) | field(offset, 5, 2, 9);
}
constexpr u32 c_addi4spn(u32 rd, u32 offset) {
  return (rd - 8) << 2 | field(offset, 3, 3, 5) | field(offset, 2, 2, 6) | field(offset, 9, 6, 7) |
         field(offset, 5, 4, 11);
}
constexpr u32 c_branch_offset(i32 distance) {
  const u32 d = u32(distance);
  return field(d, 5, 5, 2) | field(d, 2, 1, 3) | field(d, 7, 6, 5) | field(d, 4, 3, 10) |
         field(d, 8, 8, 12);
}
constexpr u32 c_branch(u32 not_zero, u32 rs1) { return 0xc001 | not_zero << 13 | (rs1 - 8) << 7; }
constexpr u32 c_jump_offset(i32 distance) {
  const u32 d = u32(distance);
  return field(d, 5, 5, 2) | field(d, 3, 1, 3) | field(d, 7, 7, 6) | field(d, 6, 6, 7) |
         field(d, 10, 10, 8) | field(d, 9, 8, 9) | field(d, 4, 4, 11) | field(d, 11, 11, 12);
}
constexpr u32 c_jump(u32 plain) { return plain != 0 ? 0xa001 : 0x2001; }
/// A reserved or floating-point compressed encoding: illegal in RV32IMAC.
constexpr u32 c_reserved(u32 which) {
  constexpr u32 words[4] = {0x0000, 0x2000, 0x8000, 0xe000};
  return words[which & 3] | (which == 0 ? 0 : 0x84);
}
}  // namespace rv
