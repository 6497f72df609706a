// SPDX-License-Identifier: Apache-2.0
// oct_axi_guard: what happens when the subordinate does not answer, and the way back.
#include <catch2/catch.hpp>

#include "axi_clients.hpp"
#include "oct_config.hpp"

using tb::AxiFault;
using tb::AxiMemoryConfig;
using tb::AxiPath;
using tb::ClientKnobs;

namespace {

constexpr unsigned kTimeout = 200;

AxiMemoryConfig memory(unsigned latency = 20) {
  return {.read_latency = latency, .write_latency = latency, .seed = tb::derived_seed("memory")};
}

void run(AxiPath& t, unsigned cycles) {
  for (unsigned i = 0; i < cycles; ++i) t.cycle();
}

/// Cycles until the guard trips.
unsigned until_trip(AxiPath& t, unsigned limit) {
  for (unsigned i = 0; i < limit; ++i) {
    if (t.dut->timed_out_o) return i;
    t.cycle();
  }
  throw std::runtime_error("time-out: not reached within " + std::to_string(limit) + " cycles");
}

/// From tripped to normal: late answers come, the host clears.
void recover(AxiPath& t) {
  t.drain(2000, "answers made by the guard");
  t.mem.clear_faults();
  t.dead = false;
  run(t, 20);
  CHECK(t.dut->timed_out_o == 1);  // not before a clear
  CHECK(t.tripped_strobes <= 2);   // no more than stood at the pins already
  t.tripped_strobes = 0;
  t.dut->clear_i = 1;
  run(t, 3);
  t.dut->clear_i = 0;
  for (int i = 0; i < 3000 && t.dut->timed_out_o; ++i) t.cycle();
  CHECK(t.dut->timed_out_o == 0);
}

/// Normal operation, to the last byte.
void works(AxiPath& t, std::uint64_t seen) {
  const auto errors = t.read_errors;
  const auto write_errors = t.write_errors;
  t.issue = true;
  run(t, 1500);
  t.drain(3000, "traffic after recovery");
  CHECK(t.read_errors == errors);
  CHECK(t.write_errors == write_errors);
  CHECK(t.reported.size() == seen);
  CHECK(t.mismatches() == 0);
  run(t, 3);
  CHECK(t.dut->idle_o == 1);
  t.checker.expect_idle();
}

}  // namespace

TEST_CASE("guard: a read that is never answered") {
  for (unsigned client = 0; client < 4; ++client) {
    ClientKnobs k;
    k.expect_errors = true;
    AxiPath t(memory(), k, "hung read");
    CAPTURE(client);
    t.dut->timeout_i = kTimeout;
    run(t, 500);
    CHECK(t.reported.empty());
    t.mem.inject(tb::kL2 + client * AxiPath::kRegion, AxiPath::kRegion, AxiFault::kHang);
    const unsigned waited = until_trip(t, 3000);
    CHECK(waited >= kTimeout);
    CHECK(waited <= 2 * kTimeout + 200);
    run(t, 4);
    REQUIRE(t.reported.size() == 1);
    CHECK(t.reported[0] / AxiPath::kRegion == (tb::kL2 / AxiPath::kRegion) + client);
    CHECK(t.dut->timeout_write_o == 0);
    run(t, 300);  // later transactions fail at once
    CHECK(t.read_errors[client] > 0);
    recover(t);
    CHECK(t.flagged > 0);
    works(t, 1);
  }
}

TEST_CASE("guard: the oldest transaction is the one reported") {
  ClientKnobs k;
  k.read_percent = {0, 0, 0, 0};
  k.write_percent = {0, 0};
  k.expect_errors = true;
  AxiPath t(memory(), k, "oldest");
  t.dut->timeout_i = kTimeout;
  t.mem.inject(tb::kL2, 4 * AxiPath::kRegion, AxiFault::kHang);
  t.shown_r[1] = {.addr = tb::kL2 + 0x1'0040, .beats = 1};
  t.cycle();
  t.cycle();
  const std::uint64_t start = t.dut.cycles();
  run(t, 5);
  t.shown_r[1] = {.addr = tb::kL2 + 0x1'0080, .beats = 1};
  until_trip(t, 1000);
  CHECK(t.dut.cycles() - start >= kTimeout);
  CHECK(t.dut.cycles() - start <= 2 * kTimeout + 4);
  run(t, 4);
  CHECK(t.reported == std::vector<std::uint32_t>{tb::kL2 + 0x1'0040});
  recover(t);
}

TEST_CASE("guard: a write that is never answered") {
  for (unsigned client = 0; client < 2; ++client) {
    ClientKnobs k;
    k.expect_errors = true;
    AxiPath t(memory(), k, "hung write");
    CAPTURE(client);
    t.dut->timeout_i = kTimeout;
    run(t, 500);
    t.mem.inject(AxiPath::write_base(client), AxiPath::kRegion, AxiFault::kHang);
    until_trip(t, 3000);
    run(t, 4);
    REQUIRE(t.reported.size() == 1);
    CHECK(t.reported[0] / AxiPath::kRegion == AxiPath::write_base(client) / AxiPath::kRegion);
    CHECK(t.dut->timeout_write_o == 1);
    run(t, 300);
    CHECK(t.write_errors[client] > 0);
    recover(t);
    works(t, 1);
  }
}

TEST_CASE("guard: a subordinate that takes nothing") {
  for (int direction = 0; direction < 3; ++direction) {
    ClientKnobs k;
    k.expect_errors = true;
    if (direction == 1) k.write_percent = {0, 0};
    if (direction == 2) k.read_percent = {0, 0, 0, 0};
    CAPTURE(direction);
    AxiPath t(memory(), k, "dead");
    t.dut->timeout_i = kTimeout;
    t.dead = true;
    until_trip(t, 1000);
    run(t, 500);
    t.drain(500, "dead subordinate");
    run(t, 3);
    // Nobody waits, but the subordinate still has something to take: idle, and still tripped.
    CHECK(t.dut->idle_o == 1);
    t.dut->clear_i = 1;
    run(t, 10);
    CHECK(t.dut->idle_o == 1);
    CHECK(t.dut->timed_out_o == 1);
    t.dut->clear_i = 0;
    t.issue = true;
    run(t, 100);
    const auto before = t.read_beats_done[1] + t.write_beats_done[1];
    run(t, 100);
    CHECK(t.read_beats_done[1] + t.write_beats_done[1] > before);
    // The clear was seen: normal as soon as the subordinate has caught up.
    t.drain(500, "dead subordinate again");
    t.dead = false;
    for (int i = 0; i < 500 && t.dut->timed_out_o; ++i) t.cycle();
    CHECK(t.dut->timed_out_o == 0);
    works(t, 1);
  }
}

TEST_CASE("guard: one client's hundreds of short bursts do not keep the others out") {
  AxiMemoryConfig m = memory(150);
  m.max_reads = 512;
  ClientKnobs k;
  k.read_percent = {5, 5, 5, 100};
  k.write_percent = {0, 0};
  k.max_reads = {8, 8, 8, oct::config::kDmaOutstanding * oct::config::kDmaBurstBeats};
  k.max_beats = {1, 1, 1, 1};
  AxiPath t(m, k, "short bursts");
  run(t, 500);
  const auto dma = t.read_beats_done[3], cores = t.read_beats_done[1];
  run(t, 2000);
  CHECK(t.read_beats_done[3] - dma > 1600);  // one in nearly every cycle, 150 on their way
  CHECK(t.read_beats_done[1] - cores > 50);  // 8 per 150 cycles is what they may
  t.drain(3000, "short bursts");
  CHECK(t.mismatches() == 0);
}

TEST_CASE("guard: slow is not late") {
  ClientKnobs k;
  k.read_percent = {3, 3, 3, 3};
  k.write_percent = {3, 3};
  AxiPath t(memory(kTimeout - 20), k, "slow");
  t.dut->timeout_i = kTimeout;
  run(t, 20000);
  t.drain(3000, "slow");
  CHECK(t.reported.empty());
  CHECK(t.mismatches() == 0);
}

TEST_CASE("guard: clients that take or give nothing are not the subordinate's fault") {
  ClientKnobs k;
  k.max_beats = {1, 1, 1, 4};
  k.max_reads = {1, 1, 1, 2};
  AxiPath t(memory(4), k, "slow clients");
  t.dut->timeout_i = 100;
  t.knobs.stall_percent = 97;  // W comes rarely
  run(t, 20000);
  t.knobs.stall_percent = 0;
  t.drain(3000, "slow clients");
  CHECK(t.reported.empty());
  CHECK(t.mismatches() == 0);
}

TEST_CASE("guard: a client that refuses its data makes nobody late") {
  ClientKnobs k;
  k.read_percent = {0, 0, 0, 0};
  k.write_percent = {0, 0};
  AxiPath t(memory(4), k, "refused");
  t.dut->timeout_i = 50;
  t.knobs.refuse = 1U << 3;
  t.shown_r[3] = {.addr = tb::kL2 + 3 * AxiPath::kRegion, .beats = 8};
  run(t, 3);
  t.shown_r[1] = {.addr = tb::kL2 + AxiPath::kRegion, .beats = 1};
  run(t, 500);
  CHECK(t.dut->timed_out_o == 0);
  t.knobs.refuse = 0;
  t.drain(100, "refused data");
  CHECK(t.reported.empty());
}

TEST_CASE("guard: time-out 0 waits for ever") {
  ClientKnobs k;
  AxiPath t(memory(), k, "off");
  t.dead = true;
  run(t, 5000);
  CHECK(t.reported.empty());
  CHECK(t.dut->timed_out_o == 0);
  CHECK(t.dut->idle_o == 0);
  t.dead = false;
  t.drain(3000, "off");
  works(t, 0);
}

TEST_CASE("guard: time-outs at random moments of random traffic") {
  for (int round = 0; round < 25; ++round) {
    auto random = tb::rng("random guard " + std::to_string(round));
    CAPTURE(round);
    AxiMemoryConfig m = memory(tb::uniform(random, 1U, 40U));
    m.reorder = tb::chance(random, 50);
    m.stall_percent = tb::chance(random, 50) ? 30 : 0;
    ClientKnobs k;
    k.expect_errors = true;
    k.stall_percent = tb::chance(random, 50) ? 30 : 0;
    AxiPath t(m, k, "random guard");
    t.dut->timeout_i = 400;
    for (std::uint64_t trips = 1; trips <= 3; ++trips) {
      t.issue = true;
      run(t, tb::uniform(random, 1U, 300U));
      if (tb::chance(random, 30) && !*t.pins.rvalid && !*t.pins.bvalid) {
        t.dead = true;
      } else {
        const unsigned region = tb::uniform(random, 0U, 5U);
        t.mem.inject(tb::kL2 + region * AxiPath::kRegion, AxiPath::kRegion, AxiFault::kHang);
      }
      until_trip(t, 30000);
      run(t, tb::uniform(random, 0U, 200U));
      recover(t);
      works(t, trips);
    }
  }
}
