// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "Voct_tech_rst_sync.h"
#include "harness/clocked.hpp"

TEST_CASE("tech_rst_sync: begins without a clock, ends with the second edge") {
  tb::Clocked<Voct_tech_rst_sync> dut;
  dut->test_en_i = 0;
  dut->rst_ni = 1;
  dut.tick(3);
  CHECK(dut->rst_no == 1);
  dut->rst_ni = 0;
  dut.eval();
  CHECK(dut->rst_no == 0);
  dut.tick(3);
  CHECK(dut->rst_no == 0);
  dut->rst_ni = 1;
  dut.eval();
  CHECK(dut->rst_no == 0);
  dut.tick();
  CHECK(dut->rst_no == 0);
  dut.tick();
  CHECK(dut->rst_no == 1);
}

TEST_CASE("tech_rst_sync: in test mode the reset pin rules") {
  tb::Clocked<Voct_tech_rst_sync> dut;
  dut->test_en_i = 1;
  dut->rst_ni = 0;
  dut.eval();
  CHECK(dut->rst_no == 0);
  dut->rst_ni = 1;
  dut.eval();
  CHECK(dut->rst_no == 1);
}
