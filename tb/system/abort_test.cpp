// SPDX-License-Identifier: Apache-2.0
// The host's abort at random moments, whatever runs and however the memory behaves: it ends within
// bounds, breaks no AXI rule, and the next program runs.
#include <catch2/catch.hpp>
#include <string>

#include "programs.hpp"

namespace {

/// Runs `name` for `cycles` cycles at most; true if it ended by itself.
bool run_for(tb::Cluster& cluster, const std::string& name, std::uint64_t cycles) {
  const tb::ElfProgram elf = tb::program(name);
  tb::RunOptions options;
  options.max_cycles = cycles;
  options.warm = options.fast_load = true;
  try {
    // Outside CHECK, which would take the exception for a failure.
    const int exit_code = tb::ProgramRun(cluster, elf, options).run().exit_code;
    CHECK(exit_code == 0);
    return true;
  } catch (const tb::WatchdogError&) {
    return false;
  }
}

void abort_often(const tb::AxiMemoryConfig& memory, unsigned rounds) {
  tb::Cluster cluster = tb::make_cluster(memory);
  auto random = tb::rng("abort moments");
  cluster.reset();
  const char* const programs[] = {"queue_graph", "hello", "dma_copy", "barrier", "queue_errors"};
  for (unsigned i = 0; i < rounds; ++i) {
    const std::string name = programs[random() % std::size(programs)];
    const std::uint64_t cycles = 1 + random() % (random() % 2 ? 2'000U : 40'000U);
    INFO("round " << i << ": " << name << " for " << cycles << " cycles");
    run_for(cluster, name, cycles);
  }
  CHECK(run_for(cluster, "hello", 5'000'000));
  CHECK(run_for(cluster, "queue_graph", 5'000'000));
}

TEST_CASE("abort at random moments, quiet memory") { abort_often({}, 40); }

TEST_CASE("abort at random moments, slow and reordering memory") {
  abort_often({.read_latency = 300, .write_latency = 200, .reorder = true, .stall_percent = 30},
              20);
}

}  // namespace
