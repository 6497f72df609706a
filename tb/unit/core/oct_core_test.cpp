// SPDX-License-Identifier: Apache-2.0
// Directed programs on the core in several surroundings. A program ends with code 0, or with the
// number of its first check that failed.
#include <catch2/catch.hpp>

#include "core_bench.hpp"

namespace {

using tb::BenchTiming;
using tb::CoreBench;

constexpr BenchTiming kQuiet{};
constexpr BenchTiming kSlow{.fetch_latency = 12, .refuse_percent = 30, .max_latency = 15, .random_fetch = true,
                            .stray_percent = 5};
constexpr BenchTiming kBusy{.fetch_latency = 4, .refuse_percent = 70, .max_latency = 3, .random_fetch = true,
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
