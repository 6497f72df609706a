// SPDX-License-Identifier: Apache-2.0
// Lockstep: the RTL core and Spike run one program; after every instruction pc, register, store and
// trap must agree, at the end the memories too.
#pragma once
#include <array>
#include <cstdint>
#include <string>

#include "core_bench.hpp"
#include "tb/lockstep/program_gen.hpp"
#include "tb/lockstep/spike_hart.hpp"

namespace tb {

struct LockstepResult {
  std::uint64_t instructions = 0;
  std::uint64_t interrupts = 0;
  std::uint64_t traps = 0;
  std::uint64_t cycles = 0;
};

class Lockstep {
 public:
  Lockstep(CoreBench& bench, const LockstepMap& map) : bench_(bench), map_(map) {}

  /// Runs `program` to its end, raising an interrupt every `interrupt_gap` cycles on average (0:
  /// never). Throws std::runtime_error with the last instructions at the first difference.
  LockstepResult run(const Program& program, unsigned interrupt_gap, std::mt19937_64& random);

 private:
  void check(const Retired& r);
  void take_interrupt(const Retired& r);
  void check_memories(const Program& program);
  [[noreturn]] void fail(const std::string& what, const Retired& r);

  CoreBench& bench_;
  LockstepMap map_;
  std::unique_ptr<SpikeHart> spike_;
  LockstepResult result_;
  std::uint32_t end_pc_ = 0;
  bool ended_ = false;
  bool after_trap_ = false;
  unsigned overdue_ = 0;
  std::uint32_t fell_ = 0;  // the interrupt line that fell last, and when
  std::uint64_t fell_at_ = 0;
  std::uint64_t quiet_until_ = 0;  // cycle of the program before which no line rises
  std::array<Retired, 16> last_{};
};

}  // namespace tb
