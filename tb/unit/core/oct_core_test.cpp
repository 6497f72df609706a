// SPDX-License-Identifier: Apache-2.0
// Directed programs on the core in several surroundings. A program ends with code 0, or with the
// number of its first check that failed.
#include <catch2/catch.hpp>
#include <fmt/core.h>

#include <cstdlib>
#include <map>

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

TEST_CASE("core: cycles of known loops") {
  // Number of the loop -> most cycles of 100 turns, set-up and reading the counter included.
  const std::map<std::uint32_t, std::uint32_t> most = {
      {1, 102},  {2, 303}, {3, 104}, {4, 404}, {5, 504},  {6, 304}, {7, 404},
      {8, 404}, {9, 202}, {10, 62}, {11, 52}, {12, 432}, {13, 105}};
  CoreBench bench(BenchTiming{.fetch_latency = 3}, "timing");
  CHECK(run(bench, "timing") == 0);
  REQUIRE(bench.marks.size() == most.size());
  for (const auto& mark : bench.marks) {
    CAPTURE(mark.value >> 16);
    if (std::getenv("OCT_PRINT")) fmt::print("loop {}: {} cycles\n", mark.value >> 16, mark.value & 0xffff);
    CHECK((mark.value & 0xffff) <= most.at(mark.value >> 16));
  }
}
