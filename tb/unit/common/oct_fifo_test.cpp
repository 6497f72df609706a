// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <deque>

#include "Voct_fifo.h"
#include "Vtb_fifo_depth1.h"
#include "Vtb_fifo_depth5.h"
#include "harness/clocked.hpp"

namespace {

template <typename Model>
void idle(tb::Clocked<Model>& dut) {
  dut->clear_i = 0;
  dut->in_valid_i = 0;
  dut->in_i = 0;
  dut->out_ready_i = 0;
  dut.reset();
}

/// Random traffic against a deque; `fill` and `drain` are the percentages of offers and takes.
template <typename Model>
void compare_with_deque(std::size_t depth, unsigned fill, unsigned drain) {
  tb::Clocked<Model> dut;
  idle(dut);
  auto random = tb::rng("fifo traffic");
  std::deque<std::uint32_t> expected;
  std::uint32_t next = 1;
  for (int cycle = 0; cycle < 5000; ++cycle) {
    if (!dut->in_valid_i) {
      dut->in_valid_i = tb::chance(random, fill);
      dut->in_i = next;
    }
    dut->out_ready_i = tb::chance(random, drain);
    dut->clear_i = tb::chance(random, 1);
    dut.eval();
    REQUIRE(dut->count_o == expected.size());
    REQUIRE(dut->in_ready_o == (expected.size() < depth));
    REQUIRE(dut->out_valid_o == !expected.empty());
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
  }
}

}  // namespace

TEST_CASE("fifo: one item passes in one cycle, and not in none") {
  tb::Clocked<Voct_fifo> dut;
  idle(dut);
  dut->in_valid_i = 1;
  dut->in_i = 0x1234;
  dut->out_ready_i = 1;
  dut.eval();
  CHECK(dut->out_valid_o == 0);
  dut.tick();
  dut->in_valid_i = 0;
  dut.eval();
  CHECK(dut->out_valid_o == 1);
  CHECK(dut->out_o == 0x1234U);
  dut.tick();
  CHECK(dut->out_valid_o == 0);
}

TEST_CASE("fifo: two items deep it sustains one item per cycle") {
  tb::Clocked<Voct_fifo> dut;
  idle(dut);
  dut->in_valid_i = 1;
  dut->out_ready_i = 1;
  dut.tick();
  for (std::uint32_t i = 0; i < 100; ++i) {
    dut->in_i = i;
    dut.eval();
    REQUIRE(dut->in_ready_o == 1);
    REQUIRE(dut->out_valid_o == 1);
    dut.tick();
  }
}

TEST_CASE("fifo: a full queue does not look at out_ready_i") {
  tb::Clocked<Voct_fifo> dut;
  idle(dut);
  dut->in_valid_i = 1;
  dut.tick(2);
  dut->out_ready_i = 1;
  dut.eval();
  CHECK(dut->in_ready_o == 0);
  dut.tick();
  CHECK(dut->in_ready_o == 1);
}

TEMPLATE_TEST_CASE_SIG("fifo: random traffic keeps the order", "",
                       ((typename Model, int Depth), Model, Depth), (Voct_fifo, 2),
                       (Vtb_fifo_depth1, 1), (Vtb_fifo_depth5, 5)) {
  compare_with_deque<Model>(Depth, 50, 50);
  compare_with_deque<Model>(Depth, 90, 20);
  compare_with_deque<Model>(Depth, 20, 90);
}
