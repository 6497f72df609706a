// SPDX-License-Identifier: Apache-2.0
#include "ml_bench.hpp"

namespace {

enum Off { kOffImm, kOffRs2, kOffRs3 };  // oct_ml_pkg::ml_off_e

const ml::Insn* find(std::uint32_t word) {
  for (const ml::Insn& i : ml::table()) {
    if ((word & ml::fixed_bits(i)) == i.match) return &i;
  }
  return nullptr;
}

std::uint32_t random_word(const ml::Insn& i, std::mt19937_64& random, ml::Operands& o) {
  const auto [lo, hi] = ml::imm_range(i);
  o = {.rd = static_cast<std::uint32_t>(random() % 32),
       .rs1 = static_cast<std::uint32_t>(random() % 32),
       .rs2 = static_cast<std::uint32_t>(random() % 32),
       .imm = static_cast<std::uint32_t>(tb::uniform(random, lo, hi))};
  return ml::encode(i, o);
}

}  // namespace

TEST_CASE("ml_decode: no two instructions of the table share an encoding") {
  for (const ml::Insn& a : ml::table()) {
    for (const ml::Insn& b : ml::table()) {
      if (&a == &b) continue;
      INFO(a.name << " and " << b.name);
      REQUIRE(((a.match ^ b.match) & ml::fixed_bits(a) & ml::fixed_bits(b)) != 0);
    }
  }
}

TEST_CASE("ml_decode: unit, sources and destinations of every instruction") {
  MlBench bench;
  auto& dut = bench.dut;
  auto random = tb::rng("ml_decode fields");
  unsigned count[4] = {};
  for (const ml::Insn& i : ml::table()) {
    INFO(i.name);
    const bool mem = i.ext == ml::Ext::kMem, loop = i.ext == ml::Ext::kHwlp;
    const bool store =
        mem && ml::has(i.form, {ml::Form::kStoreImm, ml::Form::kStoreReg, ml::Form::kStoreRr});
    const bool post = mem && !ml::has(i.form, {ml::Form::kLoadRr, ml::Form::kStoreRr});
    const bool store_reg = ml::has(i.form, {ml::Form::kStoreReg, ml::Form::kStoreRr});
    ++count[unit_of(i)];
    for (int n = 0; n < 50; ++n) {
      ml::Operands o;
      const std::uint32_t word = random_word(i, random, o);
      dut->instr_i = word;
      dut.eval();
      REQUIRE(find(word) == &i);
      REQUIRE(dut->valid_o == 1);
      REQUIRE(dut->unit_o == unit_of(i));
      REQUIRE(dut->write_rd_o == !(store || loop));
      REQUIRE(dut->write_rs1_o == post);
      if (loop) continue;
      const bool rs3 = store_reg || ml::reads_rd(i);
      REQUIRE(dut->use_o == (rs3 << 2 | ml::reads_rs2(i) << 1 | 1));
      if (!mem) continue;
      REQUIRE(dut->store_o == store);
      REQUIRE(dut->post_o == post);
      REQUIRE(dut->size_o == std::string("bhw").find(i.name[4]));
      REQUIRE(dut->uns_o == (i.name.size() == 6));
      const bool imm = ml::has(i.form, {ml::Form::kLoadImm, ml::Form::kStoreImm});
      REQUIRE(dut->off_o == (imm ? kOffImm : store ? kOffRs3 : kOffRs2));
      if (imm) REQUIRE(dut->imm_o == o.imm);
    }
  }
  CHECK(count[kUnitAlu] == 195);
  CHECK(count[kUnitMul] == 85);
  CHECK(count[kUnitMem] == 24);
  CHECK(count[kUnitHwlp] == 8);
}

TEST_CASE("ml_decode: loop registers as the golden model sets them") {
  MlBench bench;
  auto& dut = bench.dut;
  auto random = tb::rng("ml_decode loops");
  for (const ml::Insn& i : ml::table()) {
    if (i.ext != ml::Ext::kHwlp) continue;
    INFO(i.name);
    for (int n = 0; n < 1000; ++n) {
      ml::Operands o;
      dut->instr_i = random_word(i, random, o);
      dut.eval();
      const auto pc = static_cast<std::uint32_t>(random()) & ~3U;
      const auto rs1 = static_cast<std::uint32_t>(random());
      const ml::HwLoop old{4, 8, 12};
      const auto bit = [&](int k) { return (dut->hwlp_o >> k & 1) != 0; };
      const bool next = bit(2), addr_reg = bit(1), count_reg = bit(0);
      ml::HwLoop got = old;
      const std::uint32_t addr = addr_reg ? rs1 & ~3U : pc + dut->hwlp_offset_o;
      if (bit(5)) got.start = next ? pc + 4 : addr;
      if (bit(4)) got.end = addr;
      if (bit(3)) got.count = count_reg ? rs1 : dut->hwlp_count_o;
      REQUIRE(dut->loop_o == (o.rd & 1));
      REQUIRE(got == ml::hwlp(static_cast<ml::Hwlp>(i.match >> 8 & 7), old, pc, rs1, o.imm, o.rs1));
      const bool reads = (i.match >> 8 & 1) != 0;
      REQUIRE((dut->use_o & 1) == reads);
    }
  }
}

TEST_CASE("ml_decode: valid exactly for the words of the table") {
  MlBench bench;
  auto& dut = bench.dut;
  auto random = tb::rng("ml_decode words");
  const std::uint32_t opcodes[] = {0x0b, 0x2b, 0x5b, 0x7b, 0x33};
  for (const std::uint32_t opcode : opcodes) {
    // Every funct7 and funct3, with a zero and with random rs2 and rd fields.
    for (std::uint32_t f = 0; f < 1024; ++f) {
      for (int n = 0; n < 8; ++n) {
        std::uint32_t word = opcode | (f & 7) << 12 | f >> 3 << 25 | (random() & 0x000f8f80);
        if (n != 0) word |= random() & 0x01f0f80;
        dut->instr_i = word;
        dut.eval();
        const ml::Insn* i = find(word);
        INFO(std::hex << word << (i != nullptr ? i->name : " reserved"));
        REQUIRE(dut->valid_o == (i != nullptr));
      }
    }
  }
  for (int n = 0; n < 200000; ++n) {  // anything else is not ours
    const auto word = static_cast<std::uint32_t>(random());
    dut->instr_i = word;
    dut.eval();
    INFO(std::hex << word);
    REQUIRE(dut->valid_o == (find(word) != nullptr));
  }
}
