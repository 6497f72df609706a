// SPDX-License-Identifier: Apache-2.0
// The test bench tested: assertions that fail must fail the test, limits must hold, seeds repeat.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "Vtb_assert.h"
#include "harness/clocked.hpp"

namespace {

void idle(tb::Clocked<Vtb_assert>& dut) {
  dut->bad_now_i = 0;
  dut->bad_comb_i = 0;
  dut->valid_i = 0;
  dut->ready_i = 0;
  dut->data_i = 0;
  dut.reset();
}

}  // namespace

TEST_CASE("selftest: a broken OCT_ASSERT throws, but not in reset") {
  tb::Clocked<Vtb_assert> dut;
  idle(dut);
  dut->bad_now_i = 1;
  REQUIRE_NOTHROW(dut.reset());
  REQUIRE_THROWS_WITH(dut.tick(), Catch::Contains("tb_assert.sv:20"));
}

TEST_CASE("selftest: a broken OCT_ASSERT_COMB throws") {
  tb::Clocked<Vtb_assert> dut;
  idle(dut);
  dut->bad_comb_i = 1;
  REQUIRE_THROWS_WITH(dut.eval(), Catch::Contains("tb_assert.sv:21"));
}

TEST_CASE("selftest: OCT_ASSERT_STREAM wants the offer held") {
  tb::Clocked<Vtb_assert> dut;
  idle(dut);
  dut->valid_i = 1;
  dut->data_i = 5;
  dut.tick(3);
  SECTION("withdrawn") {
    dut->valid_i = 0;
    REQUIRE_THROWS_WITH(dut.tick(), Catch::Contains("tb_assert.sv:22"));
  }
  SECTION("changed") {
    dut->data_i = 6;
    REQUIRE_THROWS_WITH(dut.tick(), Catch::Contains("tb_assert.sv:22"));
  }
  SECTION("taken") {
    dut->ready_i = 1;
    dut.tick();
    dut->valid_i = 0;
    REQUIRE_NOTHROW(dut.tick());
  }
}

TEST_CASE("selftest: wait_until counts, and its limit has a name") {
  tb::Clocked<Vtb_assert> dut;
  idle(dut);
  CHECK(dut.wait_until([&] { return dut->count_o == 7; }, 7, "count of seven") == 7);
  CHECK_THROWS_WITH(dut.wait_until([] { return false; }, 10, "the moon"),
                    Catch::StartsWith("the moon: not reached within 10 cycles"));
  CHECK(dut.cycles() == 19);
}

TEST_CASE("selftest: seeds") {
  CHECK(tb::parse_seed("0x10") == 16);
  CHECK(tb::parse_seed("7") == 7);
  for (const char* bad : {"", "seven", "7 ", "-1", "0x"}) {
    CHECK_THROWS_WITH(tb::parse_seed(bad), Catch::Contains("is not a number"));
  }
  CHECK(tb::derived_seed("a") == tb::derived_seed("a"));
  CHECK(tb::derived_seed("a") != tb::derived_seed("b"));
}

TEST_CASE("selftest: registers without reset start at random, by the seed") {
  auto first_count = [](std::uint64_t seed) {
    tb::Clocked<Vtb_assert> dut(seed);
    return static_cast<int>(dut->count_o);
  };
  int different = 0;
  for (std::uint64_t seed = 1; seed < 9; ++seed) {
    CHECK(first_count(seed) == first_count(seed));
    different += first_count(seed) != first_count(seed + 100);
  }
  CHECK(different >= 6);
}
