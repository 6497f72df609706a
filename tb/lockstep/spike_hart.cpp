// SPDX-License-Identifier: Apache-2.0
#include "tb/lockstep/spike_hart.hpp"

#include <cstdio>
#include <cstring>
#include <map>
#include <sstream>

#include "riscv/cfg.h"
#include "riscv/disasm.h"
#include "riscv/mmu.h"
#include "riscv/processor.h"
#include "riscv/simif.h"

namespace tb {

struct SpikeHart::Impl final : simif_t {
  Impl(const LockstepMap& m, std::uint32_t hart_id, std::uint32_t boot_address)
      : map(m), l1(m.l1_bytes), l2(m.l2_used), null_log(std::fopen("/dev/null", "w")) {
    cfg.isa = "rv32imac_zicsr_zifencei";
    cfg.priv = "m";
    cfg.hartids = {hart_id};
    cfg.pmpregions = 0;
    cfg.trigger_count = 0;
    hart = std::make_unique<processor_t>(cfg.isa, cfg.priv, &cfg, this, hart_id, false, null_log,
                                         sink);
    harts[hart_id] = hart.get();
    hart->enable_log_commits();
    hart->reset();
    hart->get_state()->pc = boot_address;
  }
  ~Impl() override {
    hart.reset();
    std::fclose(null_log);
  }

  static bool inside(std::uint64_t address, std::size_t length, std::uint32_t base,
                     std::uint32_t bytes) {
    return address >= base && address + length <= std::uint64_t{base} + bytes;
  }
  std::uint8_t* find(std::uint64_t address, std::size_t length) {
    if (inside(address, length, map.l1_base, map.l1_bytes)) return &l1[address - map.l1_base];
    if (inside(address, length, map.l2_base, map.l2_bytes))
      return &l2[(address - map.l2_base) % map.l2_used];
    return nullptr;
  }

  // L1 is reached by the call-backs below, so that fetching from it faults as in the machine.
  char* addr_to_mem(reg_t address) override {
    if (!inside(address, 1, map.l2_base, map.l2_bytes)) return nullptr;
    return reinterpret_cast<char*>(&l2[(address - map.l2_base) % map.l2_used]);
  }
  bool reservable(reg_t address) override { return inside(address, 4, map.l1_base, map.l1_bytes); }
  bool mmio_fetch(reg_t, std::size_t, std::uint8_t*) override { return false; }
  bool mmio_load(reg_t address, std::size_t length, std::uint8_t* bytes) override {
    const std::uint8_t* p = find(address, length);
    if (p != nullptr) std::memcpy(bytes, p, length);
    return p != nullptr || device(address, length);
  }
  bool device(std::uint64_t address, std::size_t length) const {
    return inside(address, length, map.reg_base, map.reg_bytes) ||
           inside(address, length, map.eu_base, map.eu_bytes);
  }
  bool mmio_store(reg_t address, std::size_t length, const std::uint8_t* bytes) override {
    std::uint8_t* p = find(address, length);
    if (p != nullptr) std::memcpy(p, bytes, length);
    return p != nullptr;
  }
  void proc_reset(unsigned) override {}
  const cfg_t& get_cfg() const override { return cfg; }
  const std::map<std::size_t, processor_t*>& get_harts() const override { return harts; }
  const char* get_symbol(std::uint64_t) override { return nullptr; }

  LockstepMap map;
  std::vector<std::uint8_t> l1, l2;
  std::FILE* null_log;
  std::ostringstream sink;
  cfg_t cfg;
  std::map<std::size_t, processor_t*> harts;
  std::unique_ptr<processor_t> hart;
};

SpikeHart::SpikeHart(const LockstepMap& map, std::uint32_t hart_id, std::uint32_t boot_address)
    : impl_(std::make_unique<Impl>(map, hart_id, boot_address)) {}
SpikeHart::~SpikeHart() = default;

bool SpikeHart::load(std::uint32_t address, std::span<const std::uint8_t> bytes) {
  std::uint8_t* p = impl_->find(address, bytes.size());
  if (p != nullptr) std::memcpy(p, bytes.data(), bytes.size());
  return p != nullptr;
}

std::uint32_t SpikeHart::word(std::uint32_t address) const {
  std::uint32_t value = 0;
  if (const std::uint8_t* p = impl_->find(address, 4)) std::memcpy(&value, p, 4);
  return value;
}
void SpikeHart::set_word(std::uint32_t address, std::uint32_t value) {
  if (std::uint8_t* p = impl_->find(address, 4)) std::memcpy(p, &value, 4);
}

Commit SpikeHart::step() {
  state_t& state = *impl_->hart->get_state();
  Commit commit;
  commit.pc_before = static_cast<std::uint32_t>(state.pc);
  impl_->hart->clear_waiting_for_interrupt();
  state.log_reg_write.clear();
  state.log_mem_write.clear();
  impl_->hart->step(1);
  commit.pc_after = static_cast<std::uint32_t>(state.pc);
  for (const auto& [key, value] : state.log_reg_write) {
    // Spike's key: register number * 16 + kind; kind 0 is an integer register.
    if ((key & 15) == 0 && (key >> 4) != 0) {
      commit.rd = static_cast<std::uint32_t>(key >> 4);
      commit.rd_value = static_cast<std::uint32_t>(value.v[0]);
    }
  }
  for (const auto& [address, value, size] : state.log_mem_write) {
    commit.store_address = static_cast<std::uint32_t>(address);
    commit.store_value = static_cast<std::uint32_t>(value);
    commit.store_bytes = size;
  }
  return commit;
}

void SpikeHart::set_pending(std::uint32_t mip) {
  impl_->hart->get_state()->mip->backdoor_write_with_mask(MIP_MSIP | MIP_MTIP, mip);
}
std::uint32_t SpikeHart::pc() const {
  return static_cast<std::uint32_t>(impl_->hart->get_state()->pc);
}
std::uint32_t SpikeHart::reg(unsigned index) const {
  return static_cast<std::uint32_t>(impl_->hart->get_state()->XPR[index]);
}
bool SpikeHart::is_device(std::uint32_t address) const { return impl_->device(address, 1); }
void SpikeHart::set_reg(unsigned index, std::uint32_t value) {
  // Spike keeps registers sign-extended to 64 bits.
  impl_->hart->get_state()->XPR.write(index, static_cast<sreg_t>(static_cast<std::int32_t>(value)));
}
std::uint32_t SpikeHart::csr(unsigned address) const {
  return static_cast<std::uint32_t>(impl_->hart->get_csr(static_cast<int>(address)));
}
std::array<char, 64> SpikeHart::disassemble(std::uint32_t instruction) const {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s",
                impl_->hart->get_disassembler()->disassemble(insn_t(instruction)).c_str());
  return text;
}

}  // namespace tb
