// SPDX-License-Identifier: Apache-2.0
#include "harness/program_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <utility>

#include "harness/control_regs.hpp"
#include "harness/report.hpp"

namespace tb {
namespace {

constexpr std::uint32_t kConsoleMagic = 0x4f43'5443;  // oct_internal.h
constexpr std::uint32_t kMaxArguments = 16, kArgumentBytes = 1024;
// After an AXI time-out every access to L2 fails until an abort: what runs on is in the caches.
constexpr std::uint64_t kCutOffCycles = 20'000;

}  // namespace

ProgramRun::ProgramRun(Cluster& cluster, const ElfProgram& program, RunOptions options)
    : cluster_(cluster), program_(program), options_(std::move(options)) {}

RunResult ProgramRun::run() {
  const auto start = std::chrono::steady_clock::now();
  load();
  const std::uint64_t released = cluster_.cycle();
  release();
  const std::uint64_t limit = options_.max_cycles != 0 ? released + options_.max_cycles : ~0ULL;
  std::uint64_t look = options_.watchdog != 0 ? cluster_.cycle() + options_.watchdog : ~0ULL;
  std::vector<std::uint32_t> before;
  for (;;) {
    const std::uint64_t until = std::min({limit, look, give_up_});
    if (cluster_.irq() || cluster_.run(until - std::min(until, cluster_.cycle()))) {
      if (handle_interrupts()) break;
      if (cluster_.cycle() < until) continue;
    }
    drain_console();
    if (cluster_.cycle() >= limit) {
      throw WatchdogError(fmt::format("{}: not finished after {} cycles (--max-cycles)\n{}",
                                      program_.name(), options_.max_cycles, report()));
    }
    if (cluster_.cycle() >= give_up_) {
      throw WatchdogError(fmt::format(
          "{}: memory did not answer at 0x{:08x} within AXI_TIMEOUT ({} cycles), and an abort is "
          "needed before it is used again\n{}",
          program_.name(), cluster_.host().read(regs::kErrorAddr),
          cluster_.host().read(regs::kAxiTimeout), report()));
    }
    std::vector<std::uint32_t> now = progress();
    if (now == before) {
      throw WatchdogError(fmt::format("{}: no progress in the last {} cycles (--watchdog)\n{}",
                                      program_.name(), options_.watchdog, report()));
    }
    before = std::move(now);
    look = cluster_.cycle() + options_.watchdog;
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  return {exit_code_, cluster_.cycle() - released, seconds.count()};
}

// ---- Loading
// -------------------------------------------------------------------------------------

void ProgramRun::load() {
  const ClusterInfo& info = cluster_.info();
  const std::array<MemoryRange, 2> memories{
      {{"L2", info.l2_base, info.l2_bytes}, {"L1", info.l1_base, info.l1_bytes}}};
  program_.check_fits(memories);
  check_machine();
  if (options_.warm) {
    abort();
  } else {
    cluster_.reset();
  }
  for (const ElfSegment& s : program_.segments()) {
    if (s.data.empty()) continue;
    if (s.addr - info.l1_base < info.l1_bytes) {
      load_l1(s.addr, s.data);
    } else if (options_.fast_load) {
      cluster_.memory().write(s.addr, s.data);
    } else {
      load_over_axi(s.addr, s.data);
    }
  }
  if (const auto ring = program_.symbol("oct_console")) console_ = *ring;
  place_arguments();
}

void ProgramRun::check_machine() const {
  // The linker script of each machine leaves its sizes as symbols; a program of another machine
  // would run, and do the wrong thing.
  const ClusterInfo& info = cluster_.info();
  const auto l1_end = program_.symbol("__l1_end"), top = program_.symbol("__worker_stack_top");
  const auto bottom = program_.symbol("__worker_stack_bottom");
  const auto stride = program_.symbol("__worker_stack_stride");
  if (!l1_end || !top || !bottom || !stride || *stride == 0) return;  // not by our linker script
  const std::uint32_t workers = (*top - *bottom) / *stride, l1_bytes = *l1_end - info.l1_base;
  if (workers == info.workers && l1_bytes == info.l1_bytes) return;
  throw ElfError(fmt::format(
      "{}: linked for {} workers and {} KiB of L1, but {} has {} and {} KiB; build it for {} or "
      "choose its machine with --config",
      program_.name(), workers, l1_bytes / 1024, info.config, info.workers, info.l1_bytes / 1024,
      info.config));
}

void ProgramRun::abort() {
  // The longest way out is a memory that never answers: the time-out, then draining.
  AxilDriver& host = cluster_.host();
  host.write(regs::kAbort, 1);
  const std::uint64_t limit = cluster_.cycle() + 1'000'000;
  while ((host.read(regs::kStatus) & regs::kStatusAborted) == 0) {
    if (cluster_.cycle() > limit) {
      throw WatchdogError(
          fmt::format("abort: not finished after 1000000 cycles, busy blocks {:#x}\n{}",
                      host.read(regs::kAbortBusy), report()));
    }
  }
}

void ProgramRun::load_over_axi(std::uint32_t addr, std::span<const std::uint8_t> data) {
  // The host's own port into L2, while the cluster, held, is silent.
  struct {
    std::uint8_t awvalid = 0, awid = 0, awlen = 0, awsize = 6, awready = 0, wvalid = 0, wlast = 0,
                 wready = 0, bvalid = 0, bid = 0, bresp = 0, bready = 1;
    std::uint32_t awaddr = 0;
    std::uint64_t wstrb = 0;
    std::array<std::uint32_t, kAxiWords> wdata{};
  } w;
  AxiPins pins;
  pins.awvalid = &w.awvalid, pins.awid = &w.awid, pins.awaddr = &w.awaddr, pins.awlen = &w.awlen;
  pins.awsize = &w.awsize, pins.awready = &w.awready, pins.wvalid = &w.wvalid;
  pins.wdata = w.wdata.data(), pins.wstrb = &w.wstrb, pins.wlast = &w.wlast;
  pins.wready = &w.wready, pins.bvalid = &w.bvalid, pins.bid = &w.bid, pins.bresp = &w.bresp;
  pins.bready = &w.bready;

  const std::uint64_t first = addr & ~std::uint64_t{63}, end = std::uint64_t{addr} + data.size();
  const std::uint64_t beats = (end - first + 63) / 64;
  std::uint64_t addressed = 0, sent = 0, responses = 0, bursts = 0, due = 0;
  for (std::uint64_t left = beats, at = first; left != 0; ++due) {
    const std::uint64_t n = std::min<std::uint64_t>({left, 16, (4096 - at % 4096) / 64});
    left -= n, at += n * 64;
  }
  // Bursts of up to 16 beats, none across 4 KiB; `open` beats of addressed bursts are still to
  // send.
  std::uint64_t open = 0;
  for (std::uint64_t quiet = 0; responses < due; ++quiet) {
    const std::uint64_t at = first + addressed * 64;
    const std::uint64_t n =
        std::min<std::uint64_t>({beats - addressed, 16, (4096 - at % 4096) / 64});
    w.awvalid = bursts < due && open == 0;
    w.awaddr = static_cast<std::uint32_t>(at);
    w.awlen = static_cast<std::uint8_t>(n - 1);
    w.wvalid = open != 0;
    if (open != 0) {
      w.wstrb = 0;
      auto* bytes = reinterpret_cast<std::uint8_t*>(w.wdata.data());
      for (unsigned i = 0; i < 64; ++i) {
        const std::uint64_t place = first + sent * 64 + i;
        if (place < addr || place >= end) continue;
        bytes[i] = data[place - addr];
        w.wstrb |= std::uint64_t{1} << i;
      }
      w.wlast = open == 1;
    }
    cluster_.memory().step(pins);
    if (w.awvalid && w.awready)
      addressed += n, open = n, ++bursts, quiet = 0;
    else if (w.wvalid && w.wready)
      ++sent, --open, quiet = 0;
    if (w.bvalid) {
      ++responses, quiet = 0;
      if (w.bresp != 0) throw ProtocolError("loading: the memory refused a write");
    }
    if (quiet > 100'000) throw ProtocolError("loading: the memory does not answer");
  }
}

void ProgramRun::load_l1(std::uint32_t addr, std::span<const std::uint8_t> data) {
  const std::uint32_t first = addr & ~3U;
  const std::size_t lead = addr - first;
  std::vector<std::uint32_t> words((lead + data.size() + 3) / 4);
  const std::uint32_t window = regs::kL1Window + first - cluster_.info().l1_base;
  if (lead != 0) words.front() = cluster_.host().read(window);
  if ((lead + data.size()) % 4 != 0 && words.size() > (lead != 0 ? 1U : 0U)) {
    words.back() = cluster_.host().read(window + 4 * static_cast<std::uint32_t>(words.size() - 1));
  }
  std::memcpy(reinterpret_cast<std::uint8_t*>(words.data()) + lead, data.data(), data.size());
  cluster_.host().write_words(window, words);
}

void ProgramRun::place_arguments() {
  const auto place = program_.symbol("oct_arguments");
  if (!place) {
    if (!options_.args.empty()) {
      throw ElfError(program_.name() + ": takes no arguments (no oct_arguments in it)");
    }
    return;
  }
  // struct { argc, argv[16], text } as in oct_internal.h; argv[0] is the program.
  std::vector<std::string> all{program_.name()};
  all.insert(all.end(), options_.args.begin(), options_.args.end());
  std::uint32_t text = 4 + 4 * (kMaxArguments + 1);
  AxiMemory& memory = cluster_.memory();
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    const std::uint32_t bytes = static_cast<std::uint32_t>(all[i].size()) + 1;
    if (i >= kMaxArguments || text + bytes > kArgumentBytes) {
      throw ElfError(fmt::format("{}: at most {} arguments with {} bytes in all fit",
                                 program_.name(), kMaxArguments - 1,
                                 kArgumentBytes - 4 * (kMaxArguments + 2)));
    }
    memory.store(*place + 4 + 4 * i, *place + text);
    memory.write(*place + text, {reinterpret_cast<const std::uint8_t*>(all[i].c_str()), bytes});
    text += bytes;
  }
  memory.store(*place + 4 + 4 * static_cast<std::uint32_t>(all.size()), std::uint32_t{0});
  memory.store(*place, static_cast<std::uint32_t>(all.size()));
}

// ---- Running
// -------------------------------------------------------------------------------------

void ProgramRun::release() {
  AxilDriver& host = cluster_.host();
  // The ring is random until the program has set it up; an unset magic keeps the host away.
  if (console_ != 0) cluster_.memory().store(console_, std::uint32_t{0});
  for (unsigned tries = 0; (host.read(regs::kStatus) & regs::kStatusAborting) != 0; ++tries) {
    if (tries == 10'000) throw WatchdogError("start after reset: blocks do not become idle\n");
  }
  host.write(regs::kExit, 0);
  host.write(regs::kIrqPending, ~0U);
  host.write(regs::kIrqEnable, regs::kIrqExit | regs::kIrqConsole | regs::kIrqError);
  host.write(regs::kBootAddr, program_.entry());
  host.write(regs::kIcacheFlush, 1);
  host.write(regs::kRun, (1U << cluster_.info().cores) - 1);
}

void ProgramRun::drain_console() {
  AxiMemory& memory = cluster_.memory();
  if (console_ == 0 || memory.load<std::uint32_t>(console_) != kConsoleMagic) return;
  const auto bytes = memory.load<std::uint32_t>(console_ + 4);
  const auto head = memory.load<std::uint32_t>(console_ + 8);
  const auto tail = memory.load<std::uint32_t>(console_ + 12);
  if (head == tail || bytes == 0 || tail - head > bytes) return;
  std::string text;
  for (std::uint32_t i = head; i != tail; ++i) {
    text += static_cast<char>(memory.load<std::uint8_t>(console_ + 64 + i % bytes));
  }
  memory.store(console_ + 8, tail);
  if (options_.console) options_.console(text);
}

bool ProgramRun::handle_interrupts() {
  AxilDriver& host = cluster_.host();
  const std::uint32_t pending = host.read(regs::kIrqPending);
  host.write(regs::kIrqPending, pending);
  drain_console();
  if ((pending & regs::kIrqError) != 0) {
    if (options_.warn) options_.warn(describe_error(host));
    if (is_timeout(host)) give_up_ = cluster_.cycle() + kCutOffCycles;
  }
  if ((pending & regs::kIrqExit) == 0) return false;
  exit_code_ = static_cast<int>(host.read(regs::kExit) & regs::kExitCode);
  return true;
}

std::vector<std::uint32_t> ProgramRun::progress() {
  // What changes while anything happens: places of the cores, heads of the queues, memory traffic.
  AxilDriver& host = cluster_.host();
  std::vector<std::uint32_t> all;
  for (const CoreView& core : read_cores(host, cluster_.info())) {
    all.insert(all.end(), {core.state, core.pc, core.address});
  }
  for (std::uint32_t q = 0; q < kQueueNames.size(); ++q) {
    all.push_back(host.read(regs::kQueues + regs::kQueueStride * q + regs::kQueueHead));
  }
  const AxiMemory::Stats& stats = cluster_.memory().stats();
  all.push_back(static_cast<std::uint32_t>(stats.read_beats));
  all.push_back(static_cast<std::uint32_t>(stats.write_beats));
  return all;
}

std::string ProgramRun::report() { return machine_report(cluster_, program_); }

}  // namespace tb
