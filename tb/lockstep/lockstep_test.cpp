// SPDX-License-Identifier: Apache-2.0
// Random programs on the core and on Spike, instruction by instruction.
#include "tb/lockstep/lockstep.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "harness/seed.hpp"
#include "oct_config.hpp"

namespace {

constexpr tb::LockstepMap kMap = {oct::config::kL1Base,
                                  oct::config::kL1Bytes,
                                  oct::config::kL2Base,
                                  oct::config::kL2Bytes,
                                  1U << 20,
                                  oct::config::kRegBase,
                                  0x1'0000,
                                  oct::config::kEuBase,
                                  0x1000};

tb::BenchTiming random_timing(std::mt19937_64& random) {
  tb::BenchTiming timing;
  timing.fetch_latency = tb::uniform<unsigned>(random, 1, tb::chance(random, 20) ? 40 : 4);
  timing.random_fetch = tb::chance(random, 50);
  timing.refuse_percent = tb::chance(random, 50) ? tb::uniform<unsigned>(random, 0, 60) : 0;
  timing.max_latency = tb::chance(random, 50) ? tb::uniform<unsigned>(random, 0, 12) : 0;
  timing.stray_percent = tb::chance(random, 50) ? 10 : 0;
  return timing;
}

/// Programs until `instructions` have been compared. OCT_LOCKSTEP multiplies the number.
void run_lockstep(const std::string& stream, std::uint64_t instructions) {
  if (const char* factor = std::getenv("OCT_LOCKSTEP"))
    instructions *= std::strtoull(factor, nullptr, 10);
  auto random = tb::rng(stream);
  tb::CoreBench bench({}, stream);
  tb::Lockstep lockstep(bench, kMap);
  tb::LockstepResult total;
  unsigned programs = 0;
  for (; total.instructions < instructions; ++programs) {
    bench.timing = random_timing(random);
    const tb::ProgramOptions options{
        .seed = random(), .chunks = 600, .chaos_percent = tb::uniform<unsigned>(random, 0, 3)};
    const unsigned gap = tb::chance(random, 70) ? tb::uniform<unsigned>(random, 20, 2000) : 5000;
    INFO("program " << programs << ", its seed " << options.seed);
    const auto result = lockstep.run(tb::generate_program(kMap, options), gap, random);
    total.instructions += result.instructions;
    total.interrupts += result.interrupts;
    total.traps += result.traps;
    total.cycles += result.cycles;
    REQUIRE(10 * result.traps >= 9 * options.chunks);  // a jump into the handler may replace one
  }
  REQUIRE(total.interrupts > 100);
  fmt::print(
      "{}: {} programs, {} instructions, {} traps, {} interrupts, {} cycles, 0 differences\n",
      stream, programs, total.instructions, total.traps, total.interrupts, total.cycles);
}

}  // namespace

TEST_CASE("lock-step with Spike on random programs") { run_lockstep("lockstep", 1'000'000); }
