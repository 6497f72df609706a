// SPDX-License-Identifier: Apache-2.0
#include "ml_bench.hpp"

TEST_CASE("ml_alu: every instruction equals the golden model") { cover_unit(kUnitAlu, 195); }

TEST_CASE("ml_alu: the result is 0 while the unit is not enabled") {
  MlBench bench;
  for (const ml::Insn& i : ml::table()) {
    if (unit_of(i) != kUnitAlu) continue;
    bench.dut->instr_i = ml::encode(i, {.rd = 1, .rs1 = 2, .rs2 = 3, .imm = 1});
    bench.dut->rs1_i = bench.dut->rs2_i = bench.dut->rs3_i = 0xffffffff;
    bench.dut->en_i = 0;
    bench.dut.eval();
    INFO(i.name);
    REQUIRE(bench.dut->alu_o == 0);
  }
}
