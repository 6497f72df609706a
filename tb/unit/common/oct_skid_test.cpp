// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <deque>

#include "Voct_skid.h"
#include "harness/clocked.hpp"

namespace {

void idle(tb::Clocked<Voct_skid>& dut) {
  dut->clear_i = 0;
  dut->in_valid_i = 0;
  dut->in_i = 0;
  dut->out_ready_i = 0;
  dut.reset();
}

}  // namespace

TEST_CASE("skid: full rate, one cycle late") {
  tb::Clocked<Voct_skid> dut;
  idle(dut);
  dut->out_ready_i = 1;
  dut->in_valid_i = 1;
  for (std::uint32_t i = 0; i < 50; ++i) {
    dut->in_i = i;
    dut.eval();
    REQUIRE(dut->in_ready_o == 1);
    if (i > 0) REQUIRE(dut->out_o == i - 1);
    dut.tick();
  }
}

TEST_CASE("skid: ready and valid do not depend on the other side in the same cycle") {
  tb::Clocked<Voct_skid> dut;
  idle(dut);
  dut->in_valid_i = 1;
  dut.eval();
  CHECK(dut->out_valid_o == 0);
  dut.tick(2);  // both places taken
  CHECK(dut->in_ready_o == 0);
  dut->out_ready_i = 1;
  dut.eval();
  CHECK(dut->in_ready_o == 0);
  dut.tick();
  CHECK(dut->in_ready_o == 1);
}

TEST_CASE("skid: random traffic loses, doubles and reorders nothing") {
  tb::Clocked<Voct_skid> dut;
  idle(dut);
  auto random = tb::rng("skid traffic");
  std::deque<std::uint32_t> expected;
  std::uint32_t next = 1;
  unsigned taken = 0;
  for (int cycle = 0; cycle < 10000; ++cycle) {
    if (!dut->in_valid_i) {
      dut->in_valid_i = tb::chance(random, 60);
      dut->in_i = next;
    }
    dut->out_ready_i = tb::chance(random, 60);
    dut->clear_i = cycle % 997 == 996;
    dut.eval();
    REQUIRE(dut->out_valid_o == !expected.empty());
    REQUIRE(dut->in_ready_o == (expected.size() < 2));
    if (!expected.empty()) REQUIRE(dut->out_o == expected.front());
    const bool push = dut->in_valid_i && dut->in_ready_o;
    const bool pop = dut->out_valid_o && dut->out_ready_i;
    const bool clear = dut->clear_i;
    dut.tick();
    if (pop) expected.pop_front();
    if (push) {
      expected.push_back(next++);
      dut->in_valid_i = 0;
    }
    if (clear) expected.clear();
    taken += pop;
  }
  CHECK(taken > 4000);
}
