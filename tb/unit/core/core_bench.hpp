// SPDX-License-Identifier: Apache-2.0
// CoreBench: oct_core_tb with memories, an event unit that may keep a core waiting, and a few
// devices, all with latencies and refusals as told. Programs talk to it through words at the end of
// the register region (Device).
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "Voct_core_tb.h"
#include "harness/clocked.hpp"

namespace tb {

/// Words of the register region that mean something to the bench.
enum Device : std::uint32_t {
  kDevExit = 0x2000'ff00,   ///< W: the program ends with this code
  kDevMsip = 0x2000'ff04,   ///< W: software interrupt pending
  kDevMtip = 0x2000'ff08,   ///< W: 0 clears the timer interrupt, n raises it in n cycles
  kDevChar = 0x2000'ff0c,   ///< W: a character for `output`
  kDevError = 0x2000'ff10,  ///< answers with an error; so does kDevError2
  kDevError2 = 0x2000'ff20,
  kDevEuDelay = 0x2000'ff14,    ///< W: cycles until the event unit answers the next blocking read
  kDevMark = 0x2000'ff18,       ///< W: value and cycle are kept in `marks`
  kDevFetchError = 0x2000'ff1c  ///< W: address of a line whose fetch answers with an error
};
inline constexpr std::uint32_t kEuWait = 0x3000'0014;

/// How the surroundings behave. Latencies are beyond the fastest possible.
struct BenchTiming {
  unsigned fetch_latency = 2;   ///< cycles from a request to its answer, at least 1
  unsigned refuse_percent = 0;  ///< of data requests, each cycle
  unsigned max_latency = 0;     ///< data answers: 0 .. this, drawn anew each time
  bool random_fetch = false;    ///< fetch latency drawn from 1 .. fetch_latency
  unsigned stray_percent = 0;   ///< cycles with a fetch answer for somebody else
};

struct Retired {
  std::uint64_t cycle = 0, order = 0;
  std::uint32_t insn = 0, pc = 0, npc = 0;
  bool trap = false, intr = false;
  std::uint32_t rd = 0, rd_value = 0, rd2 = 0, rd2_value = 0;
  std::uint32_t mem_addr = 0, mem_rmask = 0, mem_wmask = 0, mem_rdata = 0, mem_wdata = 0;
  bool mem_amo = false;
};

class CoreBench {
 public:
  explicit CoreBench(const BenchTiming& timing = {}, const std::string& stream = "core");

  /// Copies a program in and leaves the core held at its entry.
  void load(const std::filesystem::path& elf);
  void load(std::uint32_t address, std::span<const std::uint8_t> bytes);
  /// Reset, then held by clear_i with this boot address; `release` lets it go.
  void reset(std::uint32_t boot_address, std::uint32_t hart_id = 0);
  void hold();
  void release();

  /// One clock cycle.
  void step();
  /// Until the program writes kDevExit; returns the code. Throws if it does not within `limit`.
  std::uint32_t run(std::uint64_t limit, const std::string& name);
  template <typename Condition>
  void run_until(Condition condition, std::uint64_t limit, const std::string& name) {
    for (std::uint64_t n = 0; !condition(); ++n) {
      if (n == limit) throw std::runtime_error(name + ": not reached; " + where());
      step();
    }
  }
  /// What the core is doing, for messages.
  [[nodiscard]] std::string where() const;

  /// Backdoor, aligned words.
  [[nodiscard]] std::uint32_t word(std::uint32_t address) const;
  void set_word(std::uint32_t address, std::uint32_t value);

  Clocked<Voct_core_tb> dut;
  BenchTiming timing;
  std::function<void(const Retired&)> on_retire;  ///< called for every RVFI record
  bool exited = false;
  std::uint32_t exit_code = 0;
  std::string output;
  struct Mark {
    std::uint32_t value;
    std::uint64_t cycle;
  };
  std::vector<Mark> marks;
  std::uint64_t fetches = 0, flushes = 0, accesses = 0, retired = 0;
  unsigned max_in_flight = 0;
  std::uint64_t passed = 0;  ///< reads of L1 that passed a store to L2

 private:
  struct Answer {
    std::uint64_t due;
    bool err;
    std::uint32_t rdata;
  };
  struct Access {
    std::uint32_t addr, wdata, be, amo;
    bool we;
  };

  [[nodiscard]] const std::uint8_t* byte(std::uint32_t address) const;
  void drive_fetch();
  void drive_data();
  void sample();
  Answer perform(const Access& access);
  void device(std::uint32_t address, std::uint32_t value);
  std::uint32_t atomic(const Access& access, std::uint32_t old);

  std::mt19937_64 random_;
  std::vector<std::uint8_t> l1_, l2_, reg_;
  std::deque<Answer> answers_, acks_;  ///< acks_: of stores to L2
  std::uint64_t cycle_ = 0, timer_at_ = 0;
  bool fetching_ = false;
  std::uint32_t fetch_addr_ = 0, fetch_error_ = 1, boot_ = 0;
  std::uint64_t fetch_due_ = 0;
  std::uint64_t eu_delay_ = 20, eu_due_ = 0;
  bool reserved_ = false;
  std::uint32_t reservation_ = 0;
};

}  // namespace tb
