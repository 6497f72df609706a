// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "Voct_attention.h"
#include "harness/clocked.hpp"

namespace {
constexpr unsigned kBadOp = 1;  // oct_job_pkg::CauseBadOp

struct Done {
  bool valid;
  unsigned cause;
};
Done done_of(std::uint64_t bits) {
  return {((bits >> 40) & 1) != 0, static_cast<unsigned>((bits >> 32) & 0xff)};
}
template <std::size_t N>
void clear(VlWide<N>& port) {
  for (std::size_t i = 0; i < N; ++i) port[i] = 0;
}
}  // namespace

TEST_CASE("attention slot: every job ends, refused, once") {
  tb::Clocked<Voct_attention> dut;
  dut->clear_i = 0;
  dut->job_valid_i = 0;
  clear(dut->job_i);
  clear(dut->l1_rsp_i);
  clear(dut->reg_req_i);
  dut.reset();
  REQUIRE(dut->idle_o == 1);
  auto random = tb::rng("attention slot");
  int given = 0;
  int ended = 0;
  for (int cycle = 0; cycle < 1000; ++cycle) {
    dut->job_valid_i = tb::chance(random, 40);
    dut->clear_i = tb::chance(random, 5);
    dut.eval();
    given += dut->job_valid_i && dut->job_ready_o;
    REQUIRE_FALSE((dut->clear_i && dut->job_ready_o));
    dut.tick();
    const Done done = done_of(dut->done_o);
    if (done.valid) {
      ++ended;
      REQUIRE(done.cause == kBadOp);
    }
  }
  REQUIRE(given > 100);
  REQUIRE(given == ended);
}
