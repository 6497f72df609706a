// SPDX-License-Identifier: Apache-2.0
// How fast L1 alone simulates, all masters asking and none: bench.tcdm [cycles].
#include <fmt/format.h>

#include <cstdlib>
#include <ctime>

#include "Vtb_tcdm_bench.h"
#include "harness/clocked.hpp"

int main(int argc, char** argv) {
  const std::uint64_t cycles = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 500000;
  tb::Clocked<Vtb_tcdm_bench> dut(1);
  dut->busy_i = 0;
  dut.reset();
  for (int busy = 1; busy >= 0; --busy) {
    dut->busy_i = static_cast<CData>(busy);
    dut.tick(100);
    const std::clock_t start =
        std::clock();  // processor time: other work on the machine does not count
    dut.tick(cycles);
    const double time = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    fmt::print("tcdm, {}: {:.0f} kHz (sum {:x})\n", busy ? "all masters asking" : "idle",
               cycles / time / 1000, dut->sum_o);
  }
}
