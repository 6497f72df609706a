// SPDX-License-Identifier: Apache-2.0
// Directed programs on the core in several surroundings. A program ends with code 0, or with the
// number of its first check that failed.
#include <fmt/core.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>

#include "core_bench.hpp"

namespace {

using tb::BenchTiming;
using tb::CoreBench;

constexpr BenchTiming kQuiet{};
constexpr BenchTiming kSlow{.fetch_latency = 12,
                            .refuse_percent = 30,
                            .max_latency = 15,
                            .random_fetch = true,
                            .stray_percent = 5};
constexpr BenchTiming kBusy{.fetch_latency = 4,
                            .refuse_percent = 70,
                            .max_latency = 3,
                            .random_fetch = true,
                            .stray_percent = 20};

std::uint32_t run(CoreBench& bench, const std::string& program) {
  bench.load(std::string(PROGRAMS) + program + ".elf");
  bench.release();
  return bench.run(400'000, program);
}

void run_everywhere(const std::string& program) {
  for (const auto& timing : {kQuiet, kSlow, kBusy}) {
    CoreBench bench(timing, program);
    CAPTURE(program, timing.fetch_latency, timing.refuse_percent, bench.where());
    CHECK(run(bench, program) == 0);
  }
}

}  // namespace

TEST_CASE("core: base instructions") { run_everywhere("basic"); }
TEST_CASE("core: synchronous traps") { run_everywhere("traps"); }
TEST_CASE("core: atomics") { run_everywhere("atomics"); }
TEST_CASE("core: control and status registers") { run_everywhere("csrs"); }
TEST_CASE("core: hardware loops") { run_everywhere("hwloop"); }
TEST_CASE("core: post-increment and multiplier hazards") { run_everywhere("postinc"); }
TEST_CASE("core: interrupts, WFI, sleep") { run_everywhere("irqs"); }
TEST_CASE("core: fence.i") { run_everywhere("fencei"); }

TEST_CASE("core: cycles of known loops") {
  // Number of the loop -> most cycles of 100 turns, set-up and reading the counter included.
  const std::map<std::uint32_t, std::uint32_t> most = {
      {1, 102}, {2, 303}, {3, 104}, {4, 404}, {5, 504},  {6, 304}, {7, 404},
      {8, 404}, {9, 202}, {10, 62}, {11, 52}, {12, 432}, {13, 105}};
  CoreBench bench(BenchTiming{.fetch_latency = 3}, "timing");
  CHECK(run(bench, "timing") == 0);
  REQUIRE(bench.marks.size() == most.size());
  for (const auto& mark : bench.marks) {
    CAPTURE(mark.value >> 16);
    if (std::getenv("OCT_PRINT"))
      fmt::print("loop {}: {} cycles\n", mark.value >> 16, mark.value & 0xffff);
    CHECK((mark.value & 0xffff) <= most.at(mark.value >> 16));
  }
}

TEST_CASE("core: held and released at random moments") {
  auto random = tb::rng("core hold");
  for (const auto& timing : {kQuiet, kSlow}) {
    CoreBench bench(timing, "hold");
    bench.load(std::string(PROGRAMS) + "endless.elf");
    for (int round = 0; round < 40; ++round) {
      bench.set_word(0x1000'0000, 0);
      bench.release();
      const auto before = bench.retired;
      const auto cycles = tb::uniform<std::uint64_t>(random, 1, 1500);
      for (std::uint64_t i = 0; i < cycles; ++i) bench.step();
      CAPTURE(round, cycles, bench.where());
      REQUIRE_FALSE(bench.exited);
      if (cycles > 800) CHECK(bench.word(0x1000'0000) > 0);
      if (cycles > 300) CHECK(bench.retired > before);
      bench.hold();
      bench.step();
      bench.run_until([&] { return bench.dut->idle_o != 0; }, 100, "idle after hold");
      const auto accesses = bench.accesses, fetches = bench.fetches;
      for (int i = 0; i < 50; ++i) bench.step();
      CHECK(bench.accesses == accesses);
      CHECK(bench.fetches == fetches);
      CHECK(bench.dut->idle_o != 0);
      CHECK(bench.dut->status_state_o == 0);
    }
  }
}

TEST_CASE("core: RVFI records are in order, of one program path, with true results") {
  for (const auto& timing : {kQuiet, kSlow}) {
    CoreBench bench(timing, "rvfi");
    std::uint64_t order = 0;
    std::uint32_t next = 0x8000'0000;
    std::array<std::uint32_t, 32> x{};
    std::uint32_t known = 1;
    unsigned wrong = 0, traps = 0, intrs = 0;
    bool after_trap = false;
    bench.on_retire = [&](const tb::Retired& r) {
      if (r.order != order++) ++wrong;
      if (!after_trap && !r.intr && r.pc != next) ++wrong;
      if (after_trap && !r.intr) ++wrong;
      next = r.npc;
      after_trap = r.trap;
      traps += r.trap;
      intrs += r.intr;
      if (r.trap && (r.rd != 0 || r.rd2 != 0)) ++wrong;
      // Stores and loads of L1 words against the register file seen so far.
      if (r.rd2 != 0) {
        x[r.rd2] = r.rd2_value;
        known |= 1U << r.rd2;
      }
      if (r.rd != 0) {
        x[r.rd] = r.rd_value;
        known |= 1U << r.rd;
      }
      const bool store = r.mem_wmask != 0 && !r.mem_amo && (r.insn & 0x7f) == 0x23;
      const unsigned rs2 = r.insn >> 20 & 31;
      if (store && r.mem_wmask == 0xf && (known >> rs2 & 1) && x[rs2] != r.mem_wdata) ++wrong;
    };
    CHECK(run(bench, "irqs") == 0);
    CHECK(wrong == 0);
    CHECK(traps == 1);
    CHECK(intrs == 30);
    CHECK(order > 500);
  }
}

TEST_CASE("core: asleep it makes no requests and says so") {
  CoreBench bench(kQuiet, "asleep");
  bench.load(std::string(PROGRAMS) + "basic.elf");
  bench.release();
  CHECK(bench.run(400'000, "basic") == 0);
  bench.run_until([&] { return bench.dut->status_state_o == 5; }, 100, "WFI at the program's end");
  for (int i = 0; i < 20; ++i) bench.step();
  const auto accesses = bench.accesses, fetches = bench.fetches, retired = bench.retired;
  for (int i = 0; i < 200; ++i) bench.step();
  CHECK(bench.accesses == accesses);
  CHECK(bench.fetches == fetches);
  CHECK(bench.retired == retired);
  CHECK(bench.dut->status_state_o == 5);
  bench.dut->msip_i = 1;  // not enabled in mie: sleeps on
  for (int i = 0; i < 50; ++i) bench.step();
  CHECK(bench.retired == retired);
}

TEST_CASE("core: several accesses in flight") {
  CoreBench bench(BenchTiming{.max_latency = 60}, "flight");
  CHECK(run(bench, "basic") == 0);
  CHECK(bench.max_in_flight >= 6);
  CHECK(bench.max_in_flight <= 8);
}
