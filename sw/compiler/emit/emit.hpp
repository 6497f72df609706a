// SPDX-License-Identifier: Apache-2.0
// A scheduled network as files: network.c (rings, calls, oct_network_run), network.bin (constants),
// network.json (ports, layers, pieces: what the host needs), network.elf.
#pragma once

#include <filesystem>

#include "compiler/integer/graph.hpp"
#include "compiler/schedule/schedule.hpp"

namespace oct::emit {

struct Options {
  std::string config = "octant";
};

/// Writes all files into `folder`. Throws CompileError (what could not be written, the compiler's
/// own words).
void write(const integer::Graph& graph, const schedule::Network& network,
           const std::filesystem::path& folder, const Options& options);

}  // namespace oct::emit
