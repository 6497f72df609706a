// SPDX-License-Identifier: Apache-2.0
// Random RV32IMAC programs for lock-step runs. A program is a row of equally long chunks; each ends
// in a trap, whatever happens inside, and the trap handler goes on with the next chunk, so wild
// jumps, faults and garbage cannot derail or prolong a run.
#pragma once
#include <cstdint>
#include <vector>

#include "tb/lockstep/spike_hart.hpp"

namespace tb {

struct ProgramOptions {
  std::uint64_t seed = 1;
  unsigned chunks = 400;
  unsigned chaos_percent = 1;  ///< instructions replaced by random words (illegal ones, mostly)
};

struct Program {
  std::uint32_t base;               ///< where the code starts; also the boot address
  std::uint32_t end_pc;             ///< reached once, after the last chunk
  std::vector<std::uint8_t> image;  ///< code, then data, to be loaded at `base`
};

[[nodiscard]] Program generate_program(const LockstepMap& map, const ProgramOptions& options);

}  // namespace tb
