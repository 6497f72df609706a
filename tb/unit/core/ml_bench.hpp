// SPDX-License-Identifier: Apache-2.0
// Drives tb_ml with instructions of the golden table and compares with the golden model.
#pragma once

#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <set>
#include <string>

#include "Vtb_ml.h"
#include "harness/clocked.hpp"
#include "ml_encoding.hpp"

namespace ml = oct::golden::ml;

enum Unit { kUnitAlu, kUnitMul, kUnitMem, kUnitHwlp };  // oct_ml_pkg::ml_unit_e

/// Which unit has to execute an instruction, by name and extension alone.
inline Unit unit_of(const ml::Insn& i) {
  const auto starts = [&](const char* s) { return i.name.rfind(s, 0) == 0; };
  switch (i.ext) {
    case ml::Ext::kM:
    case ml::Ext::kMac:
    case ml::Ext::kOct:
      return kUnitMul;
    case ml::Ext::kMem:
      return kUnitMem;
    case ml::Ext::kHwlp:
      return kUnitHwlp;
    case ml::Ext::kAlu:
      return starts("cv.add") || starts("cv.sub") ? kUnitMul : kUnitAlu;
    case ml::Ext::kSimd:
      return starts("cv.dot") || starts("cv.sdot") ? kUnitMul : kUnitAlu;
    default:
      return kUnitAlu;
  }
}

constexpr std::array<std::uint32_t, 22> kCorners = {
    0,          1,          0xffffffff, 0x7f,       0x80,       0xff,       0x7fff,     0x8000,
    0xffff,     0x7fffffff, 0x80000000, 0x7f7f7f7f, 0x80808080, 0x7fff7fff, 0x80008000, 0x01010101,
    0x00010001, 0xffff0000, 0x12345678, 0xa5a5a5a5, 0x7f80017f, 0x80000001};

/// Immediates worth trying: both ends, the middle, and a few between.
inline std::vector<std::uint32_t> corner_imms(const ml::Insn& i) {
  const auto [lo, hi] = ml::imm_range(i);
  std::set<std::int32_t> s;
  for (const std::int32_t v :
       {lo, lo + 1, -1, 0, 1, 2, 3, 7, 8, 15, 16, (lo + hi) / 2, hi - 1, hi}) {
    if (v >= lo && v <= hi) s.insert(v);
  }
  return {s.begin(), s.end()};
}

class MlBench {
 public:
  MlBench() {
    dut->instr_i = 0x13;
    dut->en_i = 0;
    dut->rs1_i = dut->rs2_i = dut->rs3_i = 0;
    dut.reset();
  }

  /// One instruction through decoder and unit; true if the result is the golden model's.
  bool run(const ml::Insn& i, std::uint32_t a, std::uint32_t b, std::uint32_t c,
           std::uint32_t imm) {
    dut->instr_i = ml::encode(i, {.rd = 5, .rs1 = 6, .rs2 = 7, .imm = imm});
    dut->rs1_i = a;
    dut->rs2_i = b;
    dut->rs3_i = c;
    dut->en_i = 1;
    std::uint32_t got = 0;
    if (unit_of(i) == kUnitMul) {
      dut.tick();
      dut->en_i = 0;
      dut->rs1_i = ~a;  // the result must not hang on the inputs any more
      dut->rs2_i = ~b;
      dut->rs3_i = ~c;
      dut.eval();
      got = dut->mul_o;
    } else {
      dut.eval();
      got = dut->alu_o;
    }
    const std::uint32_t want = ml::evaluate(i, a, b, c, imm);
    if (dut->valid_o && dut->unit_o == unit_of(i) && got == want) return true;
    UNSCOPED_INFO(i.name << " rs1=" << std::hex << a << " rs2=" << b << " rd=" << c
                         << " imm=" << imm << ": got " << got << ", expected " << want << ", valid "
                         << int{dut->valid_o} << ", unit " << int{dut->unit_o});
    return false;
  }

  /// All corner values, then `n` random operands; random ones lean towards corners. Returns how
  /// many operand sets were tried, or 0 after the first wrong one.
  std::uint64_t cover(const ml::Insn& i, unsigned n) {
    std::uint64_t tried = 0;
    const auto imms = corner_imms(i);
    for (const std::uint32_t a : kCorners) {
      for (const std::uint32_t b : kCorners) {
        if (!ml::reads_rs2(i) && b != kCorners[0]) break;
        for (const std::uint32_t c : kCorners) {
          if (!ml::reads_rd(i) && c != kCorners[0]) break;
          for (const std::uint32_t imm : imms) {
            if (!run(i, a, b, c, imm)) return 0;
            ++tried;
          }
        }
      }
    }
    auto random = tb::rng("ml " + i.name + std::to_string(i.match));
    const auto [lo, hi] = ml::imm_range(i);
    const auto value = [&] {
      const auto v = static_cast<std::uint32_t>(random());
      switch (tb::uniform(random, 0, 5)) {
        case 0:
          return kCorners[v % kCorners.size()];
        case 1:
          return static_cast<std::uint32_t>(static_cast<std::int32_t>(v) >> (random() % 32));
        case 2:
          return v & 0x1fffffff;  // small shifts in parameter words
        default:
          return v;
      }
    };
    for (unsigned k = 0; k < n; ++k) {
      const auto imm = static_cast<std::uint32_t>(tb::uniform(random, lo, hi));
      if (!run(i, value(), value(), value(), imm)) return 0;
      ++tried;
    }
    return tried;
  }

  tb::Clocked<Vtb_ml> dut;
};

/// Every instruction of the table that `unit` executes, each with >= 10 000 random operand sets.
inline void cover_unit(Unit unit, std::size_t expected) {
  MlBench bench;
  std::set<std::string> done;
  for (const ml::Insn& i : ml::table()) {
    if (unit_of(i) != unit) continue;
    INFO(i.name);
    REQUIRE(bench.cover(i, 10000) >= 10000);
    done.insert(i.name);
  }
  CHECK(done.size() == expected);  // names are unique among register instructions
}
