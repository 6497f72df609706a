// SPDX-License-Identifier: Apache-2.0
// Everything around oct_queues in its unit test: the memory with the rings, the five units, the
// register port, and the golden runner, which follows every descriptor from its ring to its
// signals.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "Vtb_queues.h"
#include "harness/clocked.hpp"
#include "oct_queue.h"

namespace queues {

inline constexpr unsigned kQueues = 5;

struct Wait {
  bool enable = false;
  unsigned sem = 0;
  std::uint16_t value = 0;
};
struct Signal {
  bool enable = false;
  unsigned sem = 0;
  unsigned add = 0;
};

/// A descriptor and what must become of it.
struct Desc {
  std::vector<std::uint32_t> words;    // as in the ring
  std::vector<std::uint32_t> payload;  // from w4 on, modifiers applied
  unsigned op = 0, tag = 0;
  std::array<Wait, 2> waits;
  std::array<Signal, 2> signals;
  bool bad = false;             // malformed
  std::uint8_t fail_cause = 0;  // how the unit ends it
  std::uint32_t fail_addr = 0;
  // What was seen:
  bool started = false, skipped = false;
};

struct BenchConfig {
  unsigned latency_min = 10, latency_max = 30;
  unsigned stall_percent = 0;    // AR not ready, R not valid
  unsigned ready_percent = 100;  // of the units
  unsigned job_max = 20;         // cycles a job takes
  unsigned depth = 2;            // jobs a unit holds
};

class Bench {
 public:
  Bench(const std::string& name, const BenchConfig& config);

  tb::Clocked<Vtb_queues> dut;
  BenchConfig config;
  std::mt19937_64 random;

  // ---- Registers -----------------------------------------------------------------------------
  bool write(unsigned addr, std::uint32_t data);  // true: error answer
  std::uint32_t read(unsigned addr, bool* error = nullptr);
  void set_ring(unsigned queue, std::uint32_t base, std::uint32_t size);
  void set_sem(unsigned sem, std::uint16_t value);
  void add_sem(unsigned sem, std::uint16_t value);

  // ---- Running -------------------------------------------------------------------------------
  void tick();
  /// Puts the lists into the rings, ringing doorbells as room appears, until all is done.
  void run(unsigned limit);
  /// Writes what fits and rings once; true if something was appended.
  bool append(unsigned queue, unsigned max_units);
  void wait_idle(unsigned limit);
  [[nodiscard]] bool settled() const;  // every list consumed, every job signalled
  void resume();                       // drops finished lists; rings and semaphores stay
  /// As run, while queue `victim` may lose descriptors because a read fails.
  void run_lossy(unsigned victim, unsigned limit);
  void forget();  // drops lists and follows a flush of the queues
  [[nodiscard]] std::uint16_t sem(unsigned i) const { return sems_[i]; }
  [[nodiscard]] bool poisoned(unsigned i) const { return poisoned_at_[i] != kNever; }
  void check_final();  // semaphores and poison as the golden runner has them

  std::array<std::vector<Desc>, kQueues> lists;
  std::array<std::size_t, kQueues> pushed{};  // descriptors that left the head
  std::set<std::uint32_t> bad_reads;          // addresses answered with an error
  bool hold_done = false;                     // units end nothing
  std::uint32_t l2_offset = 0;
  std::array<unsigned, kQueues> empty_events{};
  unsigned error_events = 0;
  bool poison_all = false;                                // a read failed or a doorbell was refused
  std::vector<std::pair<unsigned, std::uint64_t>> rises;  // queue, cycle of job_valid
  std::uint64_t last_done = 0;                            // cycle of the last done

 private:
  static constexpr std::uint64_t kNever = ~0ULL;
  struct Read {
    std::uint32_t addr;
    std::uint64_t due;
  };
  struct Job {
    Desc* desc;
    bool is_auto, fail, ended;
  };
  struct Running {
    Desc* desc;
    std::uint64_t due;
  };

  void drive();
  void sample();
  void settle_queue(unsigned q);
  void check_job(unsigned q);
  void check_waits(unsigned q, const Desc& desc);
  [[noreturn]] void fail(unsigned q, const Desc* desc, const std::string& what) const;

  std::unordered_map<std::uint32_t, std::uint32_t> memory_;
  std::deque<Read> reads_;
  bool r_offered_ = false;
  std::array<std::deque<Running>, kQueues> units_;
  std::array<std::deque<Job>, kQueues> jobs_;
  std::array<bool, kQueues> seen_valid_{};
  std::array<std::uint32_t, kQueues> base_{}, size_{}, tail_{};
  std::array<std::size_t, kQueues> appended_{};
  std::array<std::uint16_t, 64> sems_{};
  std::array<std::uint64_t, 64> poisoned_at_{};
};

/// Builds the ring words of a descriptor from its fields; modifiers are added by the caller.
Desc make(unsigned queue, unsigned op, unsigned tag, std::mt19937_64& random, unsigned workers);
void set_wait(Desc& desc, unsigned which, unsigned sem, std::uint16_t value);
void set_signal(Desc& desc, unsigned which, unsigned sem, unsigned add);

}  // namespace queues
