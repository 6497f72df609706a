// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <vector>

#include "Vtb_rr_arb1.h"
#include "Vtb_rr_arb26.h"
#include "Vtb_rr_arb5.h"
#include "harness/clocked.hpp"

namespace {

/// The definition: search upward from the one after the last served.
int choose(std::uint32_t requests, int last, int n) {
  for (int step = 1; step <= n; ++step) {
    const int i = (last + step) % n;
    if (requests >> i & 1U) return i;
  }
  return -1;
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("rr_arb: random requests are served in turn", "",
                       ((typename Model, int N), Model, N), (Vtb_rr_arb1, 1), (Vtb_rr_arb5, 5),
                       (Vtb_rr_arb26, 26)) {
  tb::Clocked<Model> dut;
  dut->req_i = 0;
  dut->take_i = 0;
  dut.reset();
  auto random = tb::rng("rr_arb requests");
  int last = N - 1;
  std::vector<int> waited(N, 0);
  for (int cycle = 0; cycle < 20000; ++cycle) {
    // Requests stand until they are served.
    std::uint32_t requests = random() & random() & ((1U << N) - 1);
    for (int i = 0; i < N; ++i) {
      if (waited[i] > 0) requests |= 1U << i;
    }
    dut->req_i = requests;
    dut->take_i = tb::chance(random, 70);
    dut.eval();
    const int expected = choose(requests, last, N);
    REQUIRE(dut->gnt_o == (expected < 0 ? 0U : 1U << expected));
    REQUIRE(dut->idx_o == (expected < 0 ? 0 : expected));
    const bool taken = dut->take_i && expected >= 0;
    dut.tick();
    for (int i = 0; i < N; ++i) {
      if (taken && i == expected) {
        waited[i] = 0;
      } else if (requests >> i & 1U) {
        // 1 = asking; then one more for every other that is served before it.
        waited[i] = waited[i] == 0 ? 1 + taken : waited[i] + taken;
        REQUIRE(waited[i] <= N);
      }
    }
    if (taken) last = expected;
  }
}
