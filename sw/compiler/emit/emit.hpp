// SPDX-License-Identifier: Apache-2.0
// A scheduled network as files: network.c (rings, calls, oct_network_run), network.bin (constants),
// network.json (ports, layers, pieces: what the host needs), network.elf.
#pragma once

#include <filesystem>
#include <string>

#include "compiler/integer/graph.hpp"
#include "compiler/schedule/schedule.hpp"

namespace oct::emit {

struct Options {
  std::string config = "octant";
};

/// What networks may use of a machine: L1 without the runtime's data and the stacks, L2 without the
/// program. Throws CompileError for a machine that does not exist.
[[nodiscard]] schedule::Machine machine(const std::string& config);

/// Writes all files into `folder`. Throws CompileError (what could not be written, the compiler's
/// own words).
void write(const integer::Graph& graph, const schedule::Network& network,
           const std::filesystem::path& folder, const Options& options);

}  // namespace oct::emit
