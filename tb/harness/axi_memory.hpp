// SPDX-License-Identifier: Apache-2.0
// tb::AxiMemory: an AXI4 subordinate with memory behind it, for m_axi_mem of the cluster and for
// tests of single blocks. Page: docs/architecture/harness.md. Test: tb/unit/harness.
//
//   tb::AxiMemory mem({.read_latency = 100, .seed = tb::derived_seed("memory")});
//   const tb::AxiPins pins = tb::bind_axi(dut.model());   // or AxiStructPins
//   mem.store<std::uint32_t>(0x8000'0000, 42);            // back door
//   for (;;) { mem.drive(pins); dut.eval(); mem.sample(pins); dut.tick(); }
//
// drive() sets what the memory sends in this cycle, sample() takes what is handed over at the
// coming edge. A manager whose outputs do not depend on its inputs within a cycle needs no eval
// between them: step(pins) does both, and costs a few loads while nothing happens.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/axi_pins.hpp"
#include "harness/sparse_memory.hpp"

namespace tb {

enum class AxiFault : std::uint8_t { kSlvErr, kDecErr, kHang };

struct AxiMemoryConfig {
  std::uint64_t base = 0x8000'0000;
  std::uint64_t bytes = 64ULL << 20;
  unsigned read_latency = 100;    ///< cycles from the AR handshake to the first R beat; >= 1
  unsigned write_latency = 100;   ///< cycles from the last W beat to B; data are visible then
  unsigned bytes_per_cycle = 64;  ///< limit of each direction
  bool reorder = false;           ///< random delays, order and interleaving across identifiers
  unsigned stall_percent = 0;     ///< chance of each ready, and of a gap before each valid
  unsigned max_reads = 64;        ///< bursts accepted and not yet answered
  unsigned max_writes = 64;
  std::uint64_t seed = 1;
};

class AxiMemory : public SparseMemory {
 public:
  explicit AxiMemory(const AxiMemoryConfig& config);

  /// Accesses that touch [addr, addr + bytes) fail in this way. kHang: their bursts, and what
  /// follows them with the same identifier, are taken and never answered. Faults written to
  /// change nothing in memory. Accesses outside the memory are answered with DECERR.
  void inject(std::uint64_t addr, std::uint64_t bytes, AxiFault fault);
  /// Removes all faults; hung bursts are answered now, late.
  void clear_faults();
  /// Forgets all transactions, as a memory that is reset with its manager; content stays.
  void reset(const AxiPins& pins);

  void drive(const AxiPins& p);
  void sample(const AxiPins& p);
  /// Nothing is under way or offered: the coming cycle changes nothing here.
  [[nodiscard]] bool asleep(const AxiPins& p) const {
    return !awake_ && !(*p.arvalid | *p.awvalid | *p.wvalid);
  }
  void step(const AxiPins& p) {
    if (asleep(p)) {
      ++now_;
      return;
    }
    drive(p);
    sample(p);
  }

  /// True while a transaction is not finished (hung ones included).
  [[nodiscard]] bool busy() const {
    return !reads_.empty() || !writes_.empty() || !responses_.empty() || r_valid_ || b_valid_ ||
           w_head_ != w_tail_;
  }
  /// Bursts under way, for the watchdog's report; empty if there is none.
  [[nodiscard]] std::vector<std::string> describe() const;

  struct Stats {
    std::uint64_t read_bursts = 0, read_beats = 0, write_bursts = 0, write_beats = 0, errors = 0;
  };
  [[nodiscard]] const Stats& stats() const { return stats_; }

 private:
  struct Burst {
    std::uint64_t due = 0;       // first R or B not before this cycle
    std::uint32_t addr = 0;      // of the next beat
    std::uint16_t beats = 0;     // reads: still to send; writes: still to perform
    std::uint16_t received = 0;  // writes
    std::uint8_t id = 0, size = 0, resp = 0;
    bool hang = false;
  };
  struct Fault {
    std::uint64_t first, last;
    AxiFault kind;
  };
  struct WriteBeat {
    std::array<std::uint32_t, kAxiWords> data;
    std::uint64_t strb;
  };
  /// Bytes a direction may still move now.
  struct Credit {
    std::uint64_t since = 0;
    unsigned bytes = 0;
  };

  [[nodiscard]] bool affords(Credit& credit, unsigned bytes);
  [[nodiscard]] Burst accept(std::uint32_t addr, unsigned len, unsigned size, unsigned id);
  [[nodiscard]] bool faulty(std::uint64_t first, std::uint64_t last, AxiFault kind) const;
  [[nodiscard]] std::uint8_t response(const Burst& b) const;
  [[nodiscard]] int pick_read();
  void present_read(const AxiPins& p, std::size_t index);
  void receive_write_beats();
  void perform_writes();
  void perform_write_beat(Burst& b);
  void present_response(const AxiPins& p);
  static void advance(Burst& b);

  AxiMemoryConfig config_;
  FastRandom random_;
  std::uint64_t now_ = 0;
  bool awake_ = true;

  std::vector<Burst> reads_;  // in order of arrival; capacity reserved, never grows
  bool r_valid_ = false;
  Credit read_credit_, write_credit_;

  std::vector<Burst> writes_;      // in order of arrival, until performed
  std::size_t receiving_ = 0;      // index of the burst that W beats belong to
  std::vector<WriteBeat> w_ring_;  // beats received, not yet performed
  std::uint64_t w_head_ = 0;       // next beat to perform
  std::uint64_t w_assigned_ = 0;   // next beat to be given to a burst
  std::uint64_t w_tail_ = 0;
  std::vector<Burst> responses_;  // performed, B not yet sent
  bool b_valid_ = false;

  std::vector<Fault> faults_;
  std::uint32_t hung_reads_ = 0, hung_writes_ = 0;  // identifiers that never answer again
  Stats stats_;
};

}  // namespace tb
