// SPDX-License-Identifier: Apache-2.0
// One instruction of the ML extension: encoding, operands, meaning (ml_ext.hpp). CORE-V
// encodings as in the CV32E40P user manual v1.x; tb/unit/core/oct_ml_encoding_test.cpp compares
// every one that clang 22 knows with what it assembles. Octant's own instructions use custom-1 with
// funct3 101 and 110, which no CORE-V extension touches.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ml_ext.hpp"

namespace oct::golden::ml {

enum class Ext { kM, kMem, kHwlp, kAlu, kBitmanip, kMac, kSimd, kOct };

/// Where operands sit. rd is read as c in the forms with a D.
enum class Form {
  kR,
  kRd,     // rd, rs1, rs2
  kUnary,  // rd, rs1; rs2 field 0
  kImm5,   // rd, rs1, uimm5 in the rs2 field
  kShift,
  kShiftD,  // rd, rs1, rs2, uimm5 in bits 29:25
  kField,
  kFieldD,  // rd, rs1, is3 in 29:25, is2 in 24:20; imm = is3 << 5 | is2
  kS6,
  kS6d,  // rd, rs1, simm6: bit 0 in 25, bits 5:1 in 24:20
  kU6,
  kU6d,
  kU4,
  kU3,
  kRq,  // kRd; lane in the low bits of funct7
  kLoadImm,
  kLoadReg,
  kLoadRr,  // post-increment by imm, by rs2; rs1 + rs2
  kStoreImm,
  kStoreReg,
  kStoreRr,  // the same; register offset in bits 11:7
  kHwlp      // bits 31:20 in imm, 19:15 in rs1
};

struct Insn {
  std::string name;  // as an assembler spells it; loads and stores differ by form only
  Ext ext;
  Form form;
  u32 match;
  u32 (*eval)(u32 a, u32 b, u32 c, u32 imm);  // null for memory and loops
  unsigned width = 32;                        // lane width, for scalar replication
  bool sc = false;
};

constexpr u32 kCustom0 = 0x0b, kCustom1 = 0x2b, kCustom2 = 0x5b, kCustom3 = 0x7b, kOp = 0x33;
constexpr u32 word(u32 opcode, u32 funct3, u32 funct7) {
  return opcode | funct3 << 12 | funct7 << 25;
}

constexpr bool has(Form f, std::initializer_list<Form> list) {
  for (const Form x : list)
    if (x == f) return true;
  return false;
}
/// Bits that tell the instruction from all others; operand fields are left out.
constexpr u32 fixed_bits(const Insn& i) {
  switch (i.form) {
    case Form::kUnary:
      return 0xfff0707f;
    case Form::kShift:
    case Form::kShiftD:
    case Form::kField:
    case Form::kFieldD:
      return 0xc000707f;
    case Form::kS6:
    case Form::kS6d:
    case Form::kU6:
    case Form::kU6d:
    case Form::kU4:
    case Form::kU3:
      return 0xfc00707f;
    case Form::kLoadImm:
    case Form::kStoreImm:
      return 0x0000707f;
    case Form::kHwlp:
      return 0x00007f7f;
    default:
      return 0xfe00707f;
  }
}
constexpr bool reads_rs2(const Insn& i) {
  return has(i.form, {Form::kR, Form::kRd, Form::kShift, Form::kShiftD, Form::kRq, Form::kLoadReg,
                      Form::kLoadRr, Form::kStoreImm, Form::kStoreReg, Form::kStoreRr});
}
constexpr bool reads_rd(const Insn& i) {
  return has(i.form, {Form::kRd, Form::kShiftD, Form::kFieldD, Form::kS6d, Form::kU6d, Form::kRq});
}

struct Operands {
  u32 rd = 0, rs1 = 0, rs2 = 0, imm = 0;
};  // rd: offset register of kStoreReg/Rr

constexpr u32 encode(const Insn& i, Operands o) {
  const u32 regs = i.match | o.rd << 7 | o.rs1 << 15;
  switch (i.form) {
    case Form::kUnary:
      return regs;
    case Form::kImm5:
      return regs | (o.imm & 31) << 20;
    case Form::kShift:
    case Form::kShiftD:
      return regs | o.rs2 << 20 | (o.imm & 31) << 25;
    case Form::kField:
    case Form::kFieldD:
      return regs | (o.imm & 1023) << 20;
    case Form::kS6:
    case Form::kS6d:
    case Form::kU6:
    case Form::kU6d:
    case Form::kU4:
    case Form::kU3:
      return regs | (o.imm & 1) << 25 | (o.imm >> 1 & 31) << 20;
    case Form::kLoadImm:
      return regs | o.imm << 20;
    case Form::kStoreImm:
      return i.match | o.rs1 << 15 | o.rs2 << 20 | (o.imm & 31) << 7 | (o.imm >> 5 & 127) << 25;
    case Form::kHwlp:
      return i.match | (o.rd & 1) << 7 | o.rs1 << 15 | o.imm << 20;
    default:
      return regs | o.rs2 << 20;
  }
}

/// Values that the instruction accepts as imm.
struct ImmRange {
  i32 lo = 0, hi = 0;
};
constexpr ImmRange imm_range(const Insn& i) {
  switch (i.form) {
    case Form::kImm5:
    case Form::kShift:
    case Form::kShiftD:
      return {0, 31};
    case Form::kField:
    case Form::kFieldD:
      return {0, 1023};
    case Form::kS6:
    case Form::kS6d:
      return {-32, 31};
    case Form::kU6:
    case Form::kU6d:
      return {0, 63};
    case Form::kU4:
      return {0, 15};
    case Form::kU3:
      return {0, 7};
    case Form::kLoadImm:
    case Form::kStoreImm:
      return {-2048, 2047};
    case Form::kHwlp:
      return {0, 4095};
    default:
      return {};
  }
}

/// Result from register values: forms the second operand as the form says and calls eval.
constexpr u32 evaluate(const Insn& i, u32 rs1, u32 rs2, u32 rd, u32 imm) {
  const bool from_imm =
      has(i.form, {Form::kS6, Form::kS6d, Form::kU6, Form::kU6d, Form::kU4, Form::kU3});
  u32 b = from_imm ? imm : rs2;
  if (i.sc) b = i.width == 8 ? replicate<8>(b) : replicate<16>(b);
  return i.eval(rs1, b, rd, imm);
}

}  // namespace oct::golden::ml
