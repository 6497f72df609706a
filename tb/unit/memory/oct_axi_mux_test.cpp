// SPDX-License-Identifier: Apache-2.0
// oct_axi_mux (with oct_axi_guard behind it, as in the cluster): data, order, priority, bounds,
// rate.
#include <catch2/catch.hpp>

#include "axi_clients.hpp"

using tb::AxiMemoryConfig;
using tb::AxiPath;
using tb::ClientKnobs;

namespace {

AxiMemoryConfig memory(unsigned latency) {
  return {.read_latency = latency, .write_latency = latency, .seed = tb::derived_seed("memory")};
}

ClientKnobs silent() {
  ClientKnobs k;
  k.read_percent = {0, 0, 0, 0};
  k.write_percent = {0, 0};
  return k;
}

}  // namespace

TEST_CASE("axi path: latency from a client to the pins and back") {
  AxiPath t(memory(1), silent(), "latency");
  t.dut->ar_addr_i[0] = tb::kL2;
  t.dut->ar_valid_i = 1;
  t.dut.eval();
  REQUIRE((t.dut->ar_ready_o & 1) == 1);
  unsigned to_pins = 0;
  while (!*t.pins.arvalid && to_pins < 10) {
    *t.pins.arready = 0;
    t.dut.tick();
    t.dut->ar_valid_i = 0;
    ++to_pins;
  }
  CHECK(to_pins == 2);  // one register in the mux, one in the guard
  *t.pins.arready = 1;
  t.dut.tick();
  *t.pins.rvalid = 1;
  *t.pins.rid = 0;
  *t.pins.rlast = 1;
  *t.pins.rresp = 0;
  t.dut.eval();
  CHECK(t.dut->r_valid_o == 0);
  t.dut.tick();
  *t.pins.rvalid = 0;
  t.dut.eval();
  CHECK(t.dut->r_valid_o == 1);
  t.dut.tick();
  CHECK(t.dut->r_valid_o == 0);
  CHECK(t.dut->idle_o == 1);
}

TEST_CASE("axi path: one beat per cycle in both directions at once") {
  ClientKnobs k = silent();
  k.read_percent[3] = 100;
  k.write_percent[1] = 100;
  AxiPath t(memory(60), k, "rate");
  for (int i = 0; i < 1000; ++i) t.cycle();
  const auto r = t.read_beats_done[3], w = t.write_beats_done[1];
  for (int i = 0; i < 10000; ++i) t.cycle();
  const double read_rate = static_cast<double>(t.read_beats_done[3] - r) / 10000;
  const double write_rate = static_cast<double>(t.write_beats_done[1] - w) / 10000;
  CAPTURE(read_rate, write_rate);
  // Bursts of 1 to 16 beats, 8.5 on average; 16 of them cover the latency whatever their lengths.
  CHECK(read_rate > 0.99);
  CHECK(write_rate > 0.99);
  t.drain(1000, "rate");
  CHECK(t.mismatches() == 0);
}

TEST_CASE("axi path: single-beat bursts do not fall behind either") {
  ClientKnobs k = silent();
  k.read_percent = {100, 100, 100, 100};
  k.write_percent = {100, 100};
  k.max_beats = {1, 1, 1, 1};
  AxiPath t(memory(10), k, "singles");
  for (int i = 0; i < 200; ++i) t.cycle();
  const auto total = [&] {
    return t.read_beats_done[0] + t.read_beats_done[1] + t.read_beats_done[2] +
           t.read_beats_done[3];
  };
  const auto r = total(), w = t.write_beats_done[0] + t.write_beats_done[1];
  for (int i = 0; i < 5000; ++i) t.cycle();
  CHECK(total() - r > 4900);
  CHECK(t.write_beats_done[0] + t.write_beats_done[1] - w > 4900);
}

TEST_CASE("axi path: refills go first, nobody starves") {
  ClientKnobs k;
  k.read_percent = {100, 100, 100, 100};
  k.write_percent = {100, 100};
  k.max_beats = {1, 1, 1, 16};
  // More outstanding than the guard's lists allow would block the others: clients keep their
  // limits.
  AxiPath t(memory(5), k, "starve");
  for (int i = 0; i < 20000; ++i) t.cycle();
  // 7 lost grants make a client urgent; then at most the urgent ones above it go first.
  CHECK(t.most_lost_r[0] <= 3);
  for (unsigned i = 1; i < 4; ++i) CHECK(t.most_lost_r[i] <= 7 + 3);
  CHECK(t.most_lost_w[0] <= 1);
  CHECK(t.most_lost_w[1] <= 8);
  CHECK(t.read_beats_done[3] > 0);
  // The mark of the priority: with everybody asking, DMA gets the least.
  CHECK(t.most_lost_r[0] < t.most_lost_r[3]);
}

TEST_CASE("axi path: a refill's address does not queue behind DMA") {
  ClientKnobs k = silent();
  k.read_percent = {2, 0, 0, 100};
  AxiPath t(memory(100), k, "refill");
  for (int i = 0; i < 20000; ++i) t.cycle();
  CHECK(t.read_beats_done[0] > 100);
  CHECK(t.longest_ar[0] <= 2);
}

TEST_CASE("axi path: a core's store waits for three DMA bursts at most") {
  ClientKnobs k = silent();
  k.write_percent = {3, 100};
  k.max_beats[3] = 16;
  AxiPath t(memory(20), k, "store");
  for (int i = 0; i < 20000; ++i) t.cycle();
  CHECK(t.write_beats_done[0] > 100);
  CHECK(t.longest_aw[0] <= 3 * 16 + 4);
}

TEST_CASE("axi path: random traffic, reordering memory, back-pressure everywhere") {
  for (int round = 0; round < 12; ++round) {
    auto random = tb::rng("random path " + std::to_string(round));
    AxiMemoryConfig m = memory(tb::uniform(random, 1U, 60U));
    m.write_latency = tb::uniform(random, 1U, 60U);
    m.reorder = tb::chance(random, 60);
    m.stall_percent = tb::chance(random, 60) ? tb::uniform(random, 1U, 60U) : 0;
    m.bytes_per_cycle = tb::chance(random, 50) ? 64 : 20;
    ClientKnobs k;
    for (auto& p : k.read_percent) p = tb::uniform(random, 0U, 100U);
    for (auto& p : k.write_percent) p = tb::uniform(random, 0U, 100U);
    k.stall_percent = tb::chance(random, 50) ? 40 : 0;
    CAPTURE(round);
    AxiPath t(m, k, "random path");
    for (int i = 0; i < 4000; ++i) t.cycle();
    t.drain(20000, "random traffic");
    CHECK(t.mismatches() == 0);
    for (int i = 0; i < 4; ++i) t.cycle();
    CHECK(t.dut->idle_o == 1);
    t.checker.expect_idle();
  }
}

TEST_CASE("axi path: errors of the subordinate reach the client that asked") {
  ClientKnobs k;
  k.expect_errors = true;
  AxiPath t(memory(20), k, "errors");
  t.mem.inject(tb::kL2 + 2 * AxiPath::kRegion, 0x4000, tb::AxiFault::kSlvErr);  // queue reads
  t.mem.inject(AxiPath::write_base(1), 0x4000, tb::AxiFault::kDecErr);          // DMA writes
  for (int i = 0; i < 8000; ++i) t.cycle();
  t.drain(5000, "errors");
  CHECK(t.read_errors[0] + t.read_errors[1] + t.read_errors[3] == 0);
  CHECK(t.read_errors[2] > 10);
  CHECK(t.write_errors[0] == 0);
  CHECK(t.write_errors[1] > 10);
  CHECK(t.flagged == 0);
  CHECK(t.mismatches() == 0);
}
