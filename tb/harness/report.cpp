// SPDX-License-Identifier: Apache-2.0
#include "harness/report.hpp"

#include <fmt/format.h>

#include "harness/control_regs.hpp"

namespace tb {
namespace {

// core_state_e of oct_cluster_pkg.
constexpr std::array<const char*, 7> kStates{"held",
                                             "running",
                                             "waits for an instruction",
                                             "waits for data",
                                             "asleep, waits for an event",
                                             "asleep in wfi",
                                             "waits for its stores (fence)"};
constexpr std::uint32_t kStateLoad = 3, kStateEvent = 4;
constexpr std::uint32_t kEuBase = 0x3000'0000;  // of every machine description so far

// cause_e of oct_job_pkg.
constexpr std::uint32_t kCauseTimeout = 6;
std::string cause_text(std::uint32_t cause, std::uint32_t addr) {
  switch (cause) {
    case 1:
      return "op unknown to this queue";
    case 2:
      return (addr >> 31) != 0 ? fmt::format("bad ring register at offset 0x{:02x}", addr & 0xff)
                               : fmt::format("malformed descriptor, word {}", addr);
    case 3:
      return fmt::format("access outside L1 at offset 0x{:08x}", addr);
    case 4:
      return fmt::format("SLVERR from memory at 0x{:08x}", addr);
    case 5:
      return fmt::format("DECERR from memory at 0x{:08x}", addr);
    case kCauseTimeout:
      return fmt::format("memory did not answer, address 0x{:08x}", addr);
    case 7:
      return fmt::format("descriptor at 0x{:08x} could not be read", addr);
    case 8:
      return "skipped, waited on a poisoned semaphore";
    case 9:
      return fmt::format("a worker reported failure {}", addr);
    case 10:
      return "aborted";
    default:
      return fmt::format("cause {} at 0x{:08x}", cause, addr);
  }
}

std::string address_name(std::uint32_t addr, const ClusterInfo& info) {
  if (addr - info.l1_base < info.l1_bytes) return "L1";
  if (addr - info.l2_base < info.l2_bytes) return "L2";
  if (addr - info.reg_base < 0x1'0000) {
    const std::uint32_t offset = addr - info.reg_base;
    if (offset >= regs::kSem && offset < regs::kSem + 0x200) {
      return fmt::format("semaphore {}", offset / 4 % 64);
    }
    if (offset >= regs::kQueues && offset < regs::kSem) {
      return fmt::format("queue {} register 0x{:02x}", (offset >> 6) & 7, offset & 0x3f);
    }
    return fmt::format("register 0x{:04x}", offset);
  }
  switch (addr & 0xfff) {
    case 0x014:
      return "EVT_WAIT: no event";
    case 0x020:
      return "JOB_FUNC: no job";
    default:
      break;
  }
  if ((addr & 0xf00) == 0x100) return fmt::format("barrier {}", (addr & 0xff) / 8);
  return "event unit";
}

std::string core_line(std::uint32_t index, const CoreView& c, const ClusterInfo& info,
                      const ElfProgram& program) {
  const std::string name = index == info.workers ? "controller" : fmt::format("worker {}", index);
  // A blocking read of the event unit is sleep, whichever way the core calls its wait.
  const bool asleep = c.state == kStateLoad && c.address - kEuBase < 0x1000;
  const std::uint32_t known = asleep ? kStateEvent : c.state;
  const char* state = known < kStates.size() ? kStates[known] : "unknown state";
  const std::string symbol = program.locate(c.pc);
  std::string line = fmt::format("  {:<11} pc 0x{:08x}{} {}", name, c.pc,
                                 symbol.empty() ? "" : " <" + symbol + ">", state);
  if (c.state == kStateLoad || c.state == kStateEvent) {
    line += fmt::format(", address 0x{:08x} ({})", c.address, address_name(c.address, info));
  }
  return line + "\n";
}

std::string queue_line(AxilDriver& host, std::uint32_t q) {
  const std::uint32_t base = regs::kQueues + regs::kQueueStride * q;
  const std::uint32_t status = host.read(base + regs::kQueueStatus);
  const std::uint32_t head = host.read(base + regs::kQueueHead);
  const std::uint32_t tail = host.read(base + regs::kQueueTail);
  std::string line =
      fmt::format("  {:<11} consumed {} of {}, {} in flight", kQueueNames[q], head, tail,
                  (status & OCT_QUEUE_STATUS_IN_FLIGHT) >> OCT_QUEUE_STATUS_IN_FLIGHT_SHIFT);
  const bool valid = (status & OCT_QUEUE_STATUS_HEAD) != 0;
  const bool waiting = (status & OCT_QUEUE_STATUS_WAITING) != 0;
  const bool offered = (status & OCT_QUEUE_STATUS_OFFERED) != 0;
  if (valid) {
    const std::uint32_t tag = host.read(base + regs::kQueueTag);
    line +=
        fmt::format(", head: op 0x{:02x} tag {}",
                    (tag & OCT_QUEUE_TAG_OP) >> OCT_QUEUE_TAG_OP_SHIFT, tag & OCT_QUEUE_TAG_TAG);
  }
  if (waiting) {
    const std::uint32_t want = host.read(base + regs::kQueueWant);
    line += fmt::format(", waits for semaphore {}: wanted {}, found {}",
                        (status & OCT_QUEUE_STATUS_SEM) >> OCT_QUEUE_STATUS_SEM_SHIFT,
                        want & 0xffff, want >> 16);
  }
  if (offered) line += ", its unit does not take it";
  if ((status & OCT_QUEUE_STATUS_DEAD) != 0) line += ", stopped by an error";
  if ((status & OCT_QUEUE_STATUS_POISONED) != 0) line += ", poisoned";
  return line + "\n";
}

}  // namespace

std::vector<CoreView> read_cores(AxilDriver& host, const ClusterInfo& info) {
  std::vector<CoreView> cores(info.cores);
  for (std::uint32_t i = 0; i < info.cores; ++i) {
    const std::uint32_t base = regs::kCoreStatus + regs::kCoreStride * i;
    cores[i] = {host.read(base), host.read(base + 4), host.read(base + 8)};
  }
  return cores;
}

std::vector<std::pair<std::string, std::uint64_t>> read_counters(AxilDriver& host) {
  constexpr std::array<const char*, 15> kNames{"cycles since reset",
                                               "core requests refused by L1",
                                               "L1 grants to cores",
                                               "engine requests refused by L1",
                                               "L1 grants to the engine",
                                               "L1 lanes granted to the DMA",
                                               "instruction cache misses",
                                               "instruction cache stalls",
                                               "AXI read beats",
                                               "AXI write beats",
                                               "engine busy",
                                               "DMA-in busy",
                                               "DMA-out busy",
                                               "engine queue waits for a semaphore",
                                               "cores asleep (core cycles)"};
  host.write(regs::kSnapshot, 0);
  std::vector<std::pair<std::string, std::uint64_t>> all;
  for (std::uint32_t i = 0; i < kNames.size(); ++i) {
    const std::uint64_t low = host.read(regs::kCounters + 8 * i);
    const std::uint64_t high = host.read(regs::kCounters + 8 * i + 4);
    all.emplace_back(kNames[i], high << 32 | low);
  }
  return all;
}

std::string counter_report(AxilDriver& host) {
  std::string text;
  for (const auto& [name, value] : read_counters(host)) {
    text += fmt::format("{:<36}{:>14}\n", name, value);
  }
  return text;
}

std::string describe_error(AxilDriver& host) {
  const std::uint32_t info = host.read(regs::kError);
  const std::uint32_t addr = host.read(regs::kErrorAddr);
  const std::uint32_t queue = (info & OCT_ERROR_QID) >> OCT_ERROR_QID_SHIFT;
  const std::string who = queue < kQueueNames.size()
                              ? fmt::format("{}, tag {}", kQueueNames[queue], info & OCT_ERROR_TAG)
                              : std::string("memory port");
  return who + ": " + cause_text((info & OCT_ERROR_CAUSE) >> OCT_ERROR_CAUSE_SHIFT, addr);
}

bool is_timeout(AxilDriver& host) {
  const std::uint32_t info = host.read(regs::kError);
  return (info & OCT_ERROR_VALID) != 0 &&
         (info & OCT_ERROR_CAUSE) >> OCT_ERROR_CAUSE_SHIFT == kCauseTimeout;
}

std::string machine_report(Cluster& cluster, const ElfProgram& program) {
  const ClusterInfo& info = cluster.info();
  AxilDriver& host = cluster.host();
  std::string text = fmt::format("at cycle {}\ncores\n", cluster.cycle());
  const std::vector<CoreView> cores = read_cores(host, info);
  for (std::uint32_t i = 0; i < info.cores; ++i) text += core_line(i, cores[i], info, program);
  text += "queues\n";
  for (std::uint32_t q = 0; q < kQueueNames.size(); ++q) text += queue_line(host, q);
  text += "memory\n";
  const std::vector<std::string> open = cluster.memory().describe();
  for (const std::string& line : open) text += "  " + line + "\n";
  if (open.empty()) text += "  nothing under way\n";
  return text;
}

}  // namespace tb
