// SPDX-License-Identifier: Apache-2.0
#include "core_bench.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "harness/elf_loader.hpp"
#include "oct_config.hpp"

namespace tb {
namespace {

constexpr std::uint32_t kL1 = oct::config::kL1Base, kReg = oct::config::kRegBase;
constexpr std::uint32_t kEu = oct::config::kEuBase, kL2 = oct::config::kL2Base;
constexpr std::uint32_t kL2Used = 1U << 20;  // what the bench keeps of L2; it repeats
constexpr std::uint32_t kRegBytes = 0x1'0000, kEuBytes = 0x1000;
enum Amo : std::uint32_t {
  kNone,
  kLr,
  kSc,
  kSwap,
  kAdd,
  kXor,
  kAnd,
  kOr,
  kMin,
  kMax,
  kMinu,
  kMaxu
};

bool inside(std::uint32_t address, std::uint32_t base, std::uint32_t bytes) {
  return address - base < bytes;
}

/// A store that is acknowledged apart from the other answers.
bool posted(bool we, std::uint32_t address) {
  return we && inside(address, kL2, oct::config::kL2Bytes);
}

}  // namespace

CoreBench::CoreBench(const BenchTiming& how, const std::string& stream)
    : dut(derived_seed(stream + " model")),
      timing(how),
      random_(rng(stream)),
      l1_(oct::config::kL1Bytes),
      l2_(kL2Used),
      reg_(kRegBytes) {
  for (auto* memory : {&l1_, &l2_}) {
    for (auto& b : *memory) b = static_cast<std::uint8_t>(random_());
  }
  dut->clear_i = 1;
  dut->hart_id_i = 0;
  dut->boot_addr_i = 0;
  dut->msip_i = 0;
  dut->mtip_i = 0;
  dut->fetch_rsp_valid_i = 0;
  dut->data_ready_i = 0;
  dut->data_rsp_valid_i = 0;
  dut->data_rsp_err_i = 0;
  dut->data_rsp_rdata_i = 0;
  dut->data_ack_valid_i = 0;
  dut->data_ack_err_i = 0;
}

void CoreBench::load(const std::filesystem::path& elf) {
  const auto program = ElfProgram::load(elf);
  for (const auto& segment : program.segments()) load(segment.addr, segment.data);
  reset(program.entry());
}

void CoreBench::load(std::uint32_t address, std::span<const std::uint8_t> bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    *const_cast<std::uint8_t*>(byte(address + static_cast<std::uint32_t>(i))) = bytes[i];
  }
}

void CoreBench::reset(std::uint32_t boot_address, std::uint32_t hart_id) {
  boot_ = boot_address;
  answers_.clear();
  acks_.clear();
  eu_due_ = 0;
  fetching_ = false;
  exited = false;
  dut->clear_i = 1;
  dut->boot_addr_i = boot_address;
  dut->hart_id_i = hart_id;
  dut->data_rsp_valid_i = 0;
  dut->fetch_rsp_valid_i = 0;
  dut.reset();
  step();
  step();
}

void CoreBench::hold() {
  dut->clear_i = 1;
  exited = false;
}

void CoreBench::release() { dut->clear_i = 0; }

const std::uint8_t* CoreBench::byte(std::uint32_t address) const {
  if (inside(address, kL1, oct::config::kL1Bytes)) return &l1_[address - kL1];
  if (inside(address, kReg, kRegBytes)) return &reg_[address - kReg];
  if (inside(address, kL2, oct::config::kL2Bytes)) return &l2_[(address - kL2) % kL2Used];
  throw std::runtime_error("bench: no memory at address " + std::to_string(address));
}

std::uint32_t CoreBench::word(std::uint32_t address) const {
  std::uint32_t value = 0;
  std::memcpy(&value, byte(address & ~3U), 4);
  return value;
}

void CoreBench::set_word(std::uint32_t address, std::uint32_t value) {
  std::memcpy(const_cast<std::uint8_t*>(byte(address & ~3U)), &value, 4);
}

std::string CoreBench::where() const {
  static constexpr std::array<const char*, 8> kState = {
      "held", "running", "waits for code", "waits for data", "asleep", "wfi", "fence", "not reset"};
  char text[120];
  std::snprintf(text, sizeof text, "cycle %llu: %s at pc %08x, oldest access %08x",
                static_cast<unsigned long long>(cycle_), kState.at(dut->status_state_o),
                dut->status_pc_o, dut->status_addr_o);
  return text;
}

std::uint32_t CoreBench::run(std::uint64_t limit, const std::string& name) {
  run_until([&] { return exited; }, limit, name);
  return exit_code;
}

// ---- One cycle: answers are driven, combinational outputs settle, what is taken is performed.
// ----

void CoreBench::drive_fetch() {
  dut->fetch_rsp_valid_i = 0;
  std::uint32_t line = 0;
  bool answer = false;
  if (fetching_ && cycle_ >= fetch_due_) {
    line = fetch_addr_;  // perhaps wanted no more: answers go to everybody
    answer = true;
    fetching_ = false;
  } else if (chance(random_, timing.stray_percent)) {
    line = kL2 + 64 * uniform<std::uint32_t>(random_, 0, kL2Used / 64 - 1);
    answer = true;
  }
  if (answer) {
    dut->fetch_rsp_valid_i = 1;
    dut->fetch_rsp_addr_i = line;
    dut->fetch_rsp_err_i = line == fetch_error_;
    std::memcpy(&dut->fetch_rsp_data_i[0], byte(line), 64);
  }
}

void CoreBench::drive_data() {
  // The event unit takes nothing else while a blocking read waits. Order as in oct_core_demux: only
  // reads of L1 pass stores to L2.
  const bool l1_read = dut->data_we_o == 0 && inside(dut->data_addr_o, kL1, oct::config::kL1Bytes);
  const bool order =
      posted(dut->data_we_o, dut->data_addr_o) ? answers_.empty() : acks_.empty() || l1_read;
  dut->data_ready_i = order && cycle_ >= eu_due_ && !chance(random_, timing.refuse_percent);
  dut->data_rsp_valid_i = 0;
  dut->data_ack_valid_i = 0;
  if (dut->clear_i) {  // as oct_core_demux: a held core gets no answers
    eu_due_ = 0;
    answers_.clear();
    acks_.clear();
  }
  dut->data_rsp_err_i = 0;
  dut->data_rsp_rdata_i = static_cast<std::uint32_t>(random_());
  if (!answers_.empty() && cycle_ >= answers_.front().due) {
    dut->data_rsp_valid_i = 1;
    dut->data_rsp_err_i = answers_.front().err;
    dut->data_rsp_rdata_i = answers_.front().rdata;
    answers_.pop_front();
  }
  if (!acks_.empty() && cycle_ >= acks_.front().due) {
    dut->data_ack_valid_i = 1;
    dut->data_ack_err_i = acks_.front().err;
    acks_.pop_front();
  }
}

void CoreBench::sample() {
  if (dut->data_valid_o && dut->data_ready_i) {
    const Access access{dut->data_addr_o, dut->data_wdata_o, dut->data_be_o, dut->data_amo_o,
                        dut->data_we_o != 0};
    auto answer = perform(access);
    auto& due = posted(access.we, access.addr) ? acks_ : answers_;
    if (&due == &acks_) answer.due += timing.max_latency;
    if (!due.empty()) answer.due = std::max(answer.due, due.back().due + 1);
    if (&due == &answers_ && !acks_.empty()) ++passed;
    due.push_back(answer);
    ++accesses;
    max_in_flight = std::max(max_in_flight, static_cast<unsigned>(answers_.size()));
  }
  if (dut->fetch_valid_o && (!fetching_ || fetch_addr_ != dut->fetch_addr_o)) {
    fetching_ = true;
    fetch_addr_ = dut->fetch_addr_o;
    if (!inside(fetch_addr_, kL2, oct::config::kL2Bytes))
      throw std::runtime_error("fetch outside L2");
    const unsigned latency = timing.random_fetch
                                 ? uniform<unsigned>(random_, 1, timing.fetch_latency)
                                 : timing.fetch_latency;
    fetch_due_ = cycle_ + latency;
    ++fetches;
  } else if (!dut->fetch_valid_o) {
    fetching_ = false;
  }
  if (dut->icache_flush_o) ++flushes;
  if (dut->rvfi_valid) {
    ++retired;
    if (on_retire) {
      on_retire({cycle_, dut->rvfi_order, dut->rvfi_insn, dut->rvfi_pc_rdata, dut->rvfi_pc_wdata,
                 dut->rvfi_trap != 0, dut->rvfi_intr != 0, dut->rvfi_rd_addr, dut->rvfi_rd_wdata,
                 dut->rvfi_rd2_addr, dut->rvfi_rd2_wdata, dut->rvfi_mem_addr, dut->rvfi_mem_rmask,
                 dut->rvfi_mem_wmask, dut->rvfi_mem_rdata, dut->rvfi_mem_wdata,
                 dut->rvfi_mem_amo != 0});
    }
  }
}

void CoreBench::step() {
  drive_fetch();
  drive_data();
  if (timer_at_ != 0 && cycle_ >= timer_at_) {
    dut->mtip_i = 1;
    timer_at_ = 0;
  }
  dut.eval();
  sample();
  dut.tick();
  ++cycle_;
}

// ---- Devices and memories
// ---------------------------------------------------------------------------

CoreBench::Answer CoreBench::perform(const Access& a) {
  Answer answer{cycle_ + 1, false, static_cast<std::uint32_t>(random_())};
  if (timing.max_latency > 0) answer.due += uniform<unsigned>(random_, 0, timing.max_latency);
  const std::uint32_t address = a.addr & ~3U;
  if (inside(a.addr, kEu, kEuBytes)) {
    answer.rdata = address - kEu;
    if (!a.we && address == kEuWait) {
      answer.due += eu_delay_;
      eu_due_ = answer.due;
    }
    return answer;
  }
  if (address == kDevError || address == kDevError2) {
    answer.err = true;
    return answer;
  }
  const std::uint32_t old = word(address);
  std::uint32_t lanes = 0;
  for (unsigned i = 0; i < 4; ++i) lanes |= ((a.be >> i) & 1U) * (0xffU << (8 * i));
  if (a.amo != kNone) {
    answer.rdata = atomic(a, old);
  } else if (a.we) {
    set_word(address, (old & ~lanes) | (a.wdata & lanes));
    if (reserved_ && reservation_ == address) reserved_ = false;
    if (inside(address, kReg, kRegBytes)) device(address, a.wdata);
  } else {
    answer.rdata = (old & lanes) | (answer.rdata & ~lanes);
  }
  return answer;
}

std::uint32_t CoreBench::atomic(const Access& a, std::uint32_t old) {
  const auto s = [](std::uint32_t v) { return static_cast<std::int32_t>(v); };
  const std::uint32_t v = a.wdata;
  if (!inside(a.addr, kL1, oct::config::kL1Bytes)) throw std::runtime_error("atomic outside L1");
  if (a.be != 0xf || (a.amo == kLr) == a.we) throw std::runtime_error("atomic: byte enables or we");
  switch (a.amo) {
    case kLr:
      reserved_ = true;
      reservation_ = a.addr;
      return old;
    case kSc: {
      const bool good = reserved_ && reservation_ == a.addr;
      if (good) set_word(a.addr, v);
      reserved_ = false;
      return good ? 0 : 1;
    }
    case kSwap:
      set_word(a.addr, v);
      break;
    case kAdd:
      set_word(a.addr, old + v);
      break;
    case kXor:
      set_word(a.addr, old ^ v);
      break;
    case kAnd:
      set_word(a.addr, old & v);
      break;
    case kOr:
      set_word(a.addr, old | v);
      break;
    case kMin:
      set_word(a.addr, s(old) < s(v) ? old : v);
      break;
    case kMax:
      set_word(a.addr, s(old) > s(v) ? old : v);
      break;
    case kMinu:
      set_word(a.addr, std::min(old, v));
      break;
    case kMaxu:
      set_word(a.addr, std::max(old, v));
      break;
    default:
      throw std::runtime_error("atomic: unknown operation");
  }
  return old;
}

void CoreBench::device(std::uint32_t address, std::uint32_t value) {
  switch (address) {
    case kDevExit:
      exited = true;
      exit_code = value;
      break;
    case kDevMsip:
      dut->msip_i = value & 1;
      break;
    case kDevMtip:
      dut->mtip_i = 0;
      timer_at_ = value == 0 ? 0 : cycle_ + value;
      break;
    case kDevChar:
      output += static_cast<char>(value);
      break;
    case kDevEuDelay:
      eu_delay_ = value;
      break;
    case kDevMark:
      marks.push_back({value, cycle_});
      break;
    case kDevFetchError:
      fetch_error_ = value;
      break;
    default:
      break;
  }
}

}  // namespace tb
