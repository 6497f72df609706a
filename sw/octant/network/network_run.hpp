// SPDX-License-Identifier: Apache-2.0
// Runs a compiled network on the verilated cluster and compares every tensor with the golden
// executor's, job by job.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/integer/run.hpp"
#include "compiler/schedule/schedule.hpp"
#include "harness/cluster.hpp"
#include "network/lost.hpp"
#include "network/piece_checker.hpp"

namespace octant {

struct NetworkOptions {
  std::string config = "octant";
  bool checks = false;  ///< the model with assertions, protocol checks
  std::uint64_t seed = 1, max_cycles = 0, watchdog = 1'000'000;
  unsigned repeat = 1;  ///< inferences, one after the other, from the same inputs
  unsigned latency = 100;
  /// Given the model before the run, for tracing.
  std::function<std::optional<tb::TraceWindow>(tb::ClusterModel&)> trace;
  /// Told now and then how much of the first run is done, from 0 to 1.
  std::function<void(double)> progress;
  /// For tests: called once L2 is filled.
  std::function<void(tb::AxiMemory&)> tamper;
};

struct LayerTime {
  std::uint64_t first = 0, last = 0;  ///< since the network's first instruction
  std::uint64_t cycles = 0;           ///< that belong to it (compiler/schedule/attribution.hpp)
  std::uint64_t bytes = 0;            ///< by DMA
  Causes causes{};                    ///< of these cycles: they add up to them
};

struct NetworkResult {
  std::uint64_t cycles = 0;  ///< from the controller's first instruction to the last job's end
  std::uint64_t controller_cycles = 0;  ///< the same until the controller has woken up
  std::uint64_t last_cycles = 0;        ///< of the last of several runs, likewise
  std::uint64_t zero = 0;  ///< cycle of that first instruction since power-on, as waves count
  PieceChecker::Coverage coverage;
  std::uint64_t mismatches = 0;    ///< elements
  std::vector<std::string> wrong;  ///< the first few, and what else is not as it should be
  std::vector<JobTime> jobs;       ///< since the network's first instruction
  std::vector<LayerTime> layers;
  Causes causes{};  ///< where all cycles went
  std::vector<std::pair<std::string, std::uint64_t>> counters;
  std::vector<std::pair<std::string, std::uint64_t>> engine;
  oct::integer::Memory memory;  ///< inputs, outputs and states as L2 holds them at the end
  std::uint64_t simulated = 0;  ///< cycles, all included
  double seconds = 0;

  [[nodiscard]] bool exact() const { return mismatches == 0 && wrong.empty(); }
};

/// A network on its cluster. All but `options` must outlive it. `folder`: what emit::write left.
class NetworkSession {
 public:
  NetworkSession(const oct::integer::Graph& graph, const oct::schedule::Network& network,
                 const std::filesystem::path& folder, const NetworkOptions& options);
  ~NetworkSession();

  /// `initial`: inputs before the run, and states unless they are to stay as the last run left
  /// them; `golden`: all tensors after it. Throws tb::WatchdogError (with layer and job),
  /// CompileError for what an input holds, std::runtime_error for an error that the machine
  /// reports.
  [[nodiscard]] NetworkResult run(const oct::integer::Memory& initial,
                                  const oct::integer::Memory& golden, std::int64_t slot = -1,
                                  bool keep_states = false);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// One session, one run.
[[nodiscard]] NetworkResult run_network(const oct::integer::Graph& graph,
                                        const oct::schedule::Network& network,
                                        const oct::integer::Memory& initial,
                                        const oct::integer::Memory& golden,
                                        const std::filesystem::path& folder,
                                        const NetworkOptions& options);

}  // namespace octant
