// SPDX-License-Identifier: Apache-2.0
#include "tb/lockstep/lockstep.hpp"

#include <fmt/format.h>

#include <bit>
#include <stdexcept>

#include "harness/seed.hpp"

namespace tb {
namespace {
constexpr std::uint32_t kMsip = 1U << 3, kMtip = 1U << 7;
constexpr unsigned kMcause = 0x342, kMie = 0x304, kMstatus = 0x300;
constexpr std::uint64_t kLimit = 3'000'000;  // cycles of one program
constexpr unsigned kOverdue = 100;           // instructions that an enabled interrupt may wait
// RVFI reports an instruction when the loads before it have ended, so the line that interrupted
// falls later than the core began to handle it, and a short handler may be entered twice for it.
constexpr std::uint64_t kReportDelay = 64;

// mie has a bit that Spike has not: the bus-error interrupt.
constexpr std::uint32_t kMieOwn = 1U << 24;

// Counters count what Spike does not know; pending bits change at a moment of the core's choice.
bool reads_unpredictable_csr(std::uint32_t insn) {
  if ((insn & 0x7f) != 0x73 || ((insn >> 12) & 3) == 0) return false;
  const std::uint32_t csr = insn >> 20;
  return csr == 0x344 || (csr & 0xf60) == 0xb00 || (csr & 0xf60) == 0xc00;
}
}  // namespace

void Lockstep::fail(const std::string& what, const Retired& r) {
  std::string text = fmt::format("lock-step: {}\n", what);
  for (std::uint64_t n = result_.instructions > 14 ? result_.instructions - 14 : 0;
       n <= result_.instructions; ++n) {
    const Retired& x = n == result_.instructions ? r : last_[n % last_.size()];
    text += fmt::format(
        "  #{} cycle {} pc {:08x} insn {:08x} {:32} x{}={:08x} next {:08x} mem {:08x} "
        "{:x}/{:x}{}{}\n",
        n, x.cycle, x.pc, x.insn, spike_->disassemble(x.insn).data(), x.rd, x.rd_value, x.npc,
        x.mem_addr, x.mem_rmask, x.mem_wmask, x.trap ? " trap" : "", x.intr ? " intr" : "");
  }
  throw std::runtime_error(text);
}

void Lockstep::take_interrupt(const Retired& r) {
  std::uint32_t lines = (bench_.dut->msip_i ? kMsip : 0) | (bench_.dut->mtip_i ? kMtip : 0);
  if ((lines & spike_->csr(kMie)) == 0 && r.cycle - fell_at_ <= kReportDelay) lines = fell_;
  spike_->set_pending(lines);
  const Commit taken = spike_->step();
  spike_->set_pending(0);
  if (taken.pc_after != r.pc) {
    fail(fmt::format("interrupt: handler at {:08x}, Spike goes to {:08x}", r.pc, taken.pc_after),
         r);
  }
  const std::uint32_t cause = spike_->csr(kMcause);
  fell_ = cause == 0x80000003 ? kMsip : kMtip;
  fell_at_ = r.cycle;
  quiet_until_ = result_.cycles + kReportDelay;
  if (fell_ == kMsip) bench_.dut->msip_i = 0;
  if (fell_ == kMtip) bench_.dut->mtip_i = 0;
  if ((cause >> 31) == 0) fail("interrupt taken where Spike takes none", r);
  ++result_.interrupts;
  overdue_ = 0;
}

void Lockstep::check(const Retired& r) {
  if (ended_) return;
  // rvfi_intr marks the first instruction of any handler; behind a trap it is that trap's.
  if (r.intr && !after_trap_) take_interrupt(r);
  after_trap_ = r.trap;
  if (spike_->pc() != r.pc) fail(fmt::format("pc {:08x}, Spike {:08x}", r.pc, spike_->pc()), r);
  if (r.pc == end_pc_) {
    ended_ = true;
    return;
  }
  const Commit c = spike_->step();
  if (!r.trap && c.pc_after != r.npc)
    fail(fmt::format("next pc {:08x}, Spike {:08x}", r.npc, c.pc_after), r);
  if (r.rd != c.rd) fail(fmt::format("writes x{}, Spike x{}", r.rd, c.rd), r);
  if (r.rd != 0 && r.rd_value != c.rd_value) {
    const bool own_bit = (r.insn & 0x7f) == 0x73 && (r.insn >> 20) == kMie &&
                         ((r.rd_value ^ c.rd_value) & ~kMieOwn) == 0;
    const bool device = r.mem_rmask != 0 && spike_->is_device(r.mem_addr);
    if (!own_bit && !device && !reads_unpredictable_csr(r.insn)) {
      fail(fmt::format("x{} = {:08x}, Spike {:08x}", r.rd, r.rd_value, c.rd_value), r);
    }
    spike_->set_reg(r.rd, r.rd_value);
  }
  if (r.mem_wmask != 0 && !r.mem_amo) {
    const unsigned lane = static_cast<unsigned>(std::countr_zero(r.mem_wmask));
    const unsigned bytes = static_cast<unsigned>(std::popcount(r.mem_wmask));
    const std::uint32_t address = r.mem_addr + lane;
    const std::uint32_t mask = bytes == 4 ? ~0U : (1U << (8 * bytes)) - 1;
    const std::uint32_t value = (r.mem_wdata >> (8 * lane)) & mask;
    if (!c.store_address || *c.store_address != address || c.store_bytes != bytes ||
        (c.store_value & mask) != value) {
      fail(
          fmt::format("stores {:x} in {} bytes at {:08x}, Spike {:x} in {} at {:08x}", value, bytes,
                      address, c.store_value & mask, c.store_bytes, c.store_address.value_or(0)),
          r);
    }
  } else if (c.store_address && !r.mem_amo) {
    fail(fmt::format("stores nothing, Spike at {:08x}", *c.store_address), r);
  }
  const std::uint32_t pending = (bench_.dut->msip_i ? kMsip : 0) | (bench_.dut->mtip_i ? kMtip : 0);
  const bool due = (spike_->csr(kMstatus) & 8) != 0 && (spike_->csr(kMie) & pending) != 0;
  overdue_ = due ? overdue_ + 1 : 0;
  if (overdue_ > kOverdue) fail("an enabled interrupt is not taken", r);
  last_[result_.instructions % last_.size()] = r;
  ++result_.instructions;
  result_.traps += r.trap;
}

void Lockstep::check_memories(const Program& program) {
  for (std::uint32_t a = 0; a < map_.l1_bytes; a += 4) {
    const std::uint32_t address = map_.l1_base + a;
    if (bench_.word(address) != spike_->word(address)) {
      throw std::runtime_error(fmt::format("lock-step: L1 at {:08x}: {:08x}, Spike {:08x}", address,
                                           bench_.word(address), spike_->word(address)));
    }
  }
  for (std::uint32_t a = 0; a < program.image.size(); a += 4) {
    const std::uint32_t address = program.base + a;
    if (bench_.word(address) != spike_->word(address)) {
      throw std::runtime_error(fmt::format("lock-step: L2 at {:08x}: {:08x}, Spike {:08x}", address,
                                           bench_.word(address), spike_->word(address)));
    }
  }
}

LockstepResult Lockstep::run(const Program& program, unsigned interrupt_gap,
                             std::mt19937_64& random) {
  result_ = {};
  ended_ = false;
  overdue_ = 0;
  after_trap_ = false;
  fell_ = 0;
  quiet_until_ = 0;
  end_pc_ = program.end_pc;
  bench_.load(program.base, program.image);
  spike_ = std::make_unique<SpikeHart>(map_, 5, program.base);
  for (std::uint32_t a = 0; a < map_.l1_bytes; a += 4) {
    spike_->set_word(map_.l1_base + a, bench_.word(map_.l1_base + a));
  }
  for (std::uint32_t a = 0; a < map_.l2_used; a += 4) {
    spike_->set_word(map_.l2_base + a, bench_.word(map_.l2_base + a));
  }
  bench_.on_retire = [this](const Retired& r) { check(r); };
  bench_.dut->msip_i = 0;
  bench_.dut->mtip_i = 0;
  bench_.reset(program.base, 5);
  bench_.release();
  for (; !ended_; ++result_.cycles) {
    if (result_.cycles == kLimit) {
      throw std::runtime_error(
          fmt::format("lock-step: end not reached within {} cycles and {} instructions; {}", kLimit,
                      result_.instructions, bench_.where()));
    }
    // No line rises while a second entry for the one that fell may still be reported.
    const bool calm = !bench_.dut->msip_i && !bench_.dut->mtip_i && result_.cycles >= quiet_until_;
    if (calm && interrupt_gap != 0 && uniform<unsigned>(random, 0, interrupt_gap) == 0) {
      // Both at once only where reports come in time to tell which of them was meant.
      const bool prompt = bench_.timing.max_latency == 0 && bench_.timing.refuse_percent == 0;
      const unsigned which = uniform<unsigned>(random, 1, prompt ? 3 : 2);
      bench_.dut->msip_i = which & 1;
      bench_.dut->mtip_i = which >> 1;
    }
    bench_.step();
  }
  bench_.hold();
  for (int i = 0; i < 50; ++i) bench_.step();  // stores before the last instruction are performed
  check_memories(program);
  return result_;
}

}  // namespace tb
