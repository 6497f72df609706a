// SPDX-License-Identifier: Apache-2.0
// What oct_dma tells its performance counters, and how much it asks L2 for at a time.
#include <catch2/catch.hpp>

#include "dma_bench.hpp"

using dma::Bench;
using dma::Job;

namespace {
Job flat(std::uint32_t l2, std::uint32_t l1, std::uint32_t bytes) {
  return {.l2 = l2, .l1 = l1, .row = bytes};
}
}  // namespace

TEST_CASE("dma: as many beats are owed as the latency needs, and no more than are allowed") {
  const Job lines{
      .l2 = dma::kL2Base, .row = 64, .count1 = 512, .l2_stride1 = 128, .l1_stride1 = 64};
  for (const Job& job : {flat(dma::kL2Base, 0, 32768), lines}) {
    Bench b({.read_latency = 700, .max_reads = 1000, .seed = tb::derived_seed("owed")});
    b.push(0, job);
    b.run();
    CHECK(b.most_owed > Bench::kMostOwed - oct::config::kDmaBurstBeats);
  }
}

TEST_CASE("dma: what the counters count") {
  constexpr unsigned kLines = 64, kBytes = 64 * kLines, kLatency = 100;
  struct Case {
    const char* name;
    int dir;
    Job job;
    unsigned stall, refuse;
  };
  const std::vector<Case> cases = {
      {"in", 0, flat(dma::kL2Base, 0, kBytes), 0, 0},
      {"in, rotated", 0, flat(dma::kL2Base + 3, 7, kBytes), 0, 0},
      {"in, L1 busy", 0, flat(dma::kL2Base, 0, kBytes), 0, 50},
      {"fill", 0, {.op = dma::kFill, .l2 = 5, .l1 = 0, .row = kBytes}, 0, 0},
      {"out", 1, flat(dma::kL2Base, 0, kBytes), 0, 0},
      {"out, L2 slow", 1, flat(dma::kL2Base, 0, kBytes), 60, 0},
      {"out, L1 busy", 1, flat(dma::kL2Base, 0, kBytes), 0, 50}};
  for (const Case& c : cases) {
    INFO(c.name);
    Bench b({.read_latency = kLatency,
             .write_latency = kLatency,
             .stall_percent = c.stall,
             .seed = tb::derived_seed(c.name)},
            {.refuse_percent = c.refuse});
    const auto idle = [&] {
      const std::vector<std::uint64_t> before(std::begin(b.events), std::end(b.events));
      for (unsigned n = 0; n < 50; ++n) b.cycle();
      CHECK(before == std::vector<std::uint64_t>(std::begin(b.events), std::end(b.events)));
    };
    idle();
    const std::uint64_t start = b.dut.cycles();
    b.push(c.dir, c.job);
    b.run();
    const std::uint64_t took = b.dut.cycles() - start;
    idle();
    const std::uint64_t* e = b.events + (c.dir == 0 ? 6 : 0);
    const std::uint64_t* other = b.events + (c.dir == 0 ? 0 : 6);
    const bool fill = c.job.op == dma::kFill;
    const unsigned lines = kLines + (c.job.l1 % 64 != 0);
    for (int i = 0; i < 6; ++i) CHECK(other[i] == 0);
    CHECK(e[Bench::kLine] == lines);
    CHECK(e[Bench::kBeat] == (fill ? 0 : lines));
    CHECK(e[Bench::kBusy] <= took);
    CHECK(e[Bench::kBusy] + 10 >= took);
    CHECK((e[Bench::kRefused] > 30) == (c.refuse != 0));
    CHECK((e[Bench::kRefused] == 0) == (c.refuse == 0));
    CHECK((e[Bench::kWaitL1] > 30) == (c.refuse != 0));
    if (c.refuse == 0) CHECK(e[Bench::kWaitL1] <= 5);
    if (c.dir == 0 && !fill) {
      CHECK(e[Bench::kWaitL2] >= kLatency);
      CHECK(e[Bench::kWaitL2] <= kLatency + 5);
    } else {
      CHECK((e[Bench::kWaitL2] > 30) == (c.stall != 0));
      if (c.stall == 0) CHECK(e[Bench::kWaitL2] == 0);
    }
  }
}
