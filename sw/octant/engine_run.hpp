// SPDX-License-Identifier: Apache-2.0
// Runs one plan on a cluster without any program: the host fills the queues itself.
#pragma once

#include <cstdint>
#include <string>

#include "engine_plan.hpp"
#include "harness/cluster.hpp"

namespace octant {

/// Counters of the engine, in the order of its registers (docs/architecture/engine.md).
struct EngineCounters {
  std::uint32_t active = 0, computing = 0, wait_x = 0, wait_w = 0, wait_acc = 0, wait_p = 0,
                no_slot = 0, refused = 0, jobs = 0;
};

struct EngineResult {
  std::uint64_t cycles = 0;
  std::uint64_t simulated = 0;  // cycles from the first job's start to the last one's end ...
  double seconds = 0;           // ... and the processor time that simulating them took
  EngineCounters counters;
  std::uint64_t checked = 0, wrong = 0;  // bytes of output
  std::string first_wrong;
};

struct TrafficOptions {
  bool standard = false;  // DMA at 32 byte/cycle, cores in 10 % of cycles
  unsigned refuse = 0;    // percent of the engine's port requests held back at random
};

/// Fresh cluster in, verdict out. Throws std::runtime_error when the machine reports an error or
/// does not end within `limit` cycles.
EngineResult run_plan(tb::Cluster& cluster, const Plan& plan, const TrafficOptions& traffic,
                      std::uint64_t limit);

}  // namespace octant
