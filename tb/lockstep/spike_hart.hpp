// SPDX-License-Identifier: Apache-2.0
// One hart of the Spike instruction-set simulator behind a plain interface, stepped instruction by
// instruction beside the RTL core. Spike (riscv-isa-sim) is the reference for everything that the
// RISC-V manuals define; the memory map and its faults are ours (docs/architecture/core.md).
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace tb {

/// What one step changed, in the terms of RVFI.
struct Commit {
  std::uint32_t pc_before = 0;
  std::uint32_t pc_after = 0;
  std::uint32_t rd = 0;  ///< 0: no register written
  std::uint32_t rd_value = 0;
  std::optional<std::uint32_t> store_address;
  std::uint32_t store_value = 0;
  std::uint32_t store_bytes = 0;
};

/// Regions that the reference shares with the machine; accesses elsewhere fault.
struct LockstepMap {
  std::uint32_t l1_base, l1_bytes;    ///< data only
  std::uint32_t l2_base, l2_bytes;    ///< data and code
  std::uint32_t l2_used;              ///< what of L2 there really is; it repeats
  std::uint32_t reg_base, reg_bytes;  ///< devices: loads do not fault, what they give is not known
  std::uint32_t eu_base, eu_bytes;
};

/// No type of this interface may contain std::string: the Spike library is built with the older
/// library ABI (_GLIBCXX_USE_CXX11_ABI=0), and so is spike_hart.cpp.
class SpikeHart {
 public:
  SpikeHart(const LockstepMap& map, std::uint32_t hart_id, std::uint32_t boot_address);
  ~SpikeHart();
  SpikeHart(const SpikeHart&) = delete;
  SpikeHart& operator=(const SpikeHart&) = delete;

  /// Copies `bytes` to `address`; false if that lies outside both regions.
  [[nodiscard]] bool load(std::uint32_t address, std::span<const std::uint8_t> bytes);

  /// An aligned word of memory; 0 outside.
  [[nodiscard]] std::uint32_t word(std::uint32_t address) const;
  void set_word(std::uint32_t address, std::uint32_t value);

  /// Executes one instruction, or takes a trap.
  Commit step();

  /// Sets the pending bits of software (3) and timer (7) interrupt.
  void set_pending(std::uint32_t mip);

  [[nodiscard]] std::uint32_t pc() const;
  [[nodiscard]] std::uint32_t reg(unsigned index) const;
  /// Whether `address` is one of the devices.
  [[nodiscard]] bool is_device(std::uint32_t address) const;
  void set_reg(unsigned index, std::uint32_t value);
  [[nodiscard]] std::uint32_t csr(unsigned address) const;
  [[nodiscard]] std::array<char, 64> disassemble(std::uint32_t instruction) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tb
