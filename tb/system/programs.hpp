// SPDX-License-Identifier: Apache-2.0
// What the C++ tests of whole programs share: the machine under test ($OCT_CONFIG) and its
// programs.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

#include "harness/cluster.hpp"
#include "harness/elf_loader.hpp"
#include "harness/model_library.hpp"
#include "harness/program_run.hpp"
#include "harness/seed.hpp"

namespace tb {

inline std::string machine() {
  const char* name = std::getenv("OCT_CONFIG");
  return name != nullptr ? name : "octant";
}

inline ElfProgram program(const std::string& name) {
  return ElfProgram::load(std::string(OCT_PROGRAMS) + "/" + machine() + "/" + name + ".elf");
}

inline Cluster make_cluster(const AxiMemoryConfig& memory) {
  ClusterOptions options;
  options.memory = memory;
  options.memory.seed = derived_seed("memory");
  return Cluster(load_model(machine(), ModelKind::kChecked, derived_seed("model")), options);
}

/// How a run ended, with everything that was said on the way.
struct Outcome {
  int code = -1;         ///< exit code; -1: no end, see `stuck`
  std::string console;   ///< what the program printed
  std::string warnings;  ///< machine errors that the host was told, one per line
  std::string stuck;     ///< the watchdog's words
};

/// Runs `elf` in a cluster that has run something before: the host's abort, load, release.
inline Outcome run_next(Cluster& cluster, const ElfProgram& elf, std::vector<std::string> args = {},
                        std::uint64_t max_cycles = 5'000'000) {
  Outcome out;
  RunOptions options;
  options.max_cycles = max_cycles;
  options.warm = options.fast_load = true;
  options.args = std::move(args);
  options.console = [&](std::string_view text) { out.console += text; };
  options.warn = [&](const std::string& text) { out.warnings += text + "\n"; };
  try {
    out.code = ProgramRun(cluster, elf, options).run().exit_code;
  } catch (const WatchdogError& error) {
    out.stuck = error.what();
  }
  return out;
}

}  // namespace tb
