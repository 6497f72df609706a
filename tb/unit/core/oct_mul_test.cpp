// SPDX-License-Identifier: Apache-2.0
#include "ml_bench.hpp"

TEST_CASE("mul: every instruction equals the golden model") { cover_unit(kUnitMul, 85); }

TEST_CASE("mul: one operation a cycle; a result in the next cycle, else 0") {
  MlBench bench;
  auto& dut = bench.dut;
  auto random = tb::rng("mul stream");
  std::vector<const ml::Insn*> all;
  for (const ml::Insn& i : ml::table()) {
    if (unit_of(i) == kUnitMul) all.push_back(&i);
  }
  std::uint32_t want = 0;
  dut.tick();  // with en_i low
  for (int n = 0; n < 50000; ++n) {
    const ml::Insn& i = *all[random() % all.size()];
    const auto [lo, hi] = ml::imm_range(i);
    const auto imm = static_cast<std::uint32_t>(tb::uniform(random, lo, hi));
    const auto a = static_cast<std::uint32_t>(random());
    const auto b = static_cast<std::uint32_t>(random());
    const auto c = static_cast<std::uint32_t>(random());
    dut->instr_i = ml::encode(i, {.rd = 9, .rs1 = 8, .rs2 = 7, .imm = imm});
    dut->rs1_i = a;
    dut->rs2_i = b;
    dut->rs3_i = c;
    dut->en_i = tb::chance(random, 70);
    dut.eval();
    REQUIRE(dut->mul_o == want);
    dut.tick();
    want = dut->en_i ? ml::evaluate(i, a, b, c, imm) : 0;
  }
}
