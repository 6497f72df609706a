// SPDX-License-Identifier: Apache-2.0
// The emitted C on this computer: network.c and the runtime's part of a network's run, compiled by
// the host's compiler, in front of a machine that takes the rings as they stand in memory: engine
// by the golden model, workers by the C kernels, DMA by copies. What stands between a schedule and
// RTL (addresses, rings, waits, ids, calls, kernels in C) is tried without simulating.
#pragma once

#include <filesystem>
#include <string>

#include "compiler/integer/run.hpp"
#include "compiler/schedule/schedule.hpp"

namespace oct::emit {

struct HostOptions {
  std::string config = "octant";
  std::uint64_t seed = 1;  ///< of the jobs' order and of what memories hold at the start
  std::int64_t slot = -1;  ///< of caches, -1: the last one
  unsigned runs = 1;       ///< inferences, one after the other
};

/// Writes `folder`/network.c, compiles and runs it; every tensor is compared with `golden` as the
/// jobs end. Returns the number of bytes compared. Throws GraphError naming the job where something
/// differs or nothing goes on, CompileError for an id out of range and for the compiler's words.
std::int64_t run_on_host(const integer::Graph& graph, const schedule::Network& network,
                         const integer::Memory& golden, const std::filesystem::path& folder,
                         const HostOptions& options = {});

/// The same for a network.c that stands there already.
std::int64_t run_source_on_host(const integer::Graph& graph, const schedule::Network& network,
                                const integer::Memory& golden, const std::filesystem::path& folder,
                                const HostOptions& options = {});

}  // namespace oct::emit
