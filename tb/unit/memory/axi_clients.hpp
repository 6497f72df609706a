// SPDX-License-Identifier: Apache-2.0
// Clients of tb_axi_path with a bit-exact reference: every read burst is compared with what its
// bytes hold, every write burst goes to the reference memory too. Each write client owns a region.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <map>
#include <random>
#include <vector>

#include "Vtb_axi_path.h"
#include "harness/axi_checker.hpp"
#include "harness/axi_memory.hpp"
#include "harness/clocked.hpp"

namespace tb {

inline constexpr std::uint32_t kL2 = 0x8000'0000;

struct Burst {
  std::uint32_t addr = 0;
  unsigned beats = 0;       // 0: none
  std::uint64_t asked = 0;  // cycle in which the address was first shown
  bool written = false;     // all data taken
};

struct ClientKnobs {
  std::array<unsigned, 4> read_percent{30, 30, 30, 30};  // chance of a new burst per cycle
  std::array<unsigned, 2> write_percent{30, 30};
  std::array<unsigned, 4> max_reads{8, 8, 8, 16};
  std::array<unsigned, 2> max_writes{8, 16};
  std::array<unsigned, 4> max_beats{1, 1, 2, 16};
  unsigned stall_percent = 0;  // r_ready, b_ready low; w_valid late
  unsigned refuse = 0;         // clients whose r_ready stays low
  bool expect_errors = false;  // SLVERR is allowed (and data not compared)
};

class AxiPath {
 public:
  explicit AxiPath(const AxiMemoryConfig& config, const ClientKnobs& knobs, const char* stream)
      : mem(config), knobs(knobs), random(rng(stream)), pins(bind_axi(dut.model())) {
    for (std::uint32_t word = 0; word < kRegion * 6 / 4; ++word) {
      mem.store<std::uint32_t>(kL2 + 4 * word, word * 0x9e3779b9U);
    }
    for (std::uint32_t i = 0; i < 2; ++i) {
      reference[i].resize(kRegion);
      for (std::uint32_t b = 0; b < kRegion; b += 4) {
        const std::uint32_t value = ((write_base(i) - kL2 + b) / 4) * 0x9e3779b9U;
        std::memcpy(&reference[i][b], &value, 4);
      }
    }
    dut->clear_i = 0;
    dut->timeout_i = 0;
    quiet();
    mem.drive(pins);
    dut.reset();
  }

  static constexpr std::uint32_t kRegion = 0x10000;
  static std::uint32_t write_base(unsigned i) { return kL2 + (4 + i) * kRegion; }

  void quiet() {
    dut->ar_valid_i = 0;
    dut->r_ready_i = 0xf;
    dut->aw_valid_i = 0;
    dut->w_valid_i = 0;
    dut->b_ready_i = 3;
    for (int i = 0; i < 4; ++i) dut->ar_addr_i[i] = 0;
    dut->ar_len_i = 0;
    dut->aw_addr_i = 0;
    dut->aw_len_i = 0;
    dut->w_last_i = 0;
    dut->w_strb0_i = dut->w_strb1_i = 0;
  }

  /// One clock cycle with everything checked.
  void cycle() {
    drive();
    if (dead) {
      *pins.awready = *pins.wready = *pins.arready = *pins.rvalid = *pins.bvalid = 0;
    } else {
      mem.drive(pins);
    }
    dut.eval();
    checker.check(pins);
    if (!dead) mem.sample(pins);
    if (dut->timed_out_o && *pins.wvalid && *pins.wready) tripped_strobes += *pins.wstrb != 0;
    sample();
    dut.tick();
  }

  [[nodiscard]] bool done() const {
    for (const auto& r : reads)
      if (!r.empty()) return false;
    for (const auto& w : writes)
      if (!w.empty()) return false;
    for (const auto& v : shown_r)
      if (v.beats) return false;
    for (const auto& v : shown_w)
      if (v.beats) return false;
    return true;
  }

  void drain(std::uint64_t limit, const char* name) {
    issue = false;
    for (std::uint64_t n = 0; n < limit; ++n) {
      if (done()) return;
      cycle();
    }
    if (!done()) throw std::runtime_error(std::string(name) + ": not drained");
  }

  /// The write regions equal the reference, but for bursts that failed.
  [[nodiscard]] std::size_t mismatches() {
    std::size_t bad = 0;
    for (unsigned i = 0; i < 2; ++i) {
      for (std::uint32_t b = 0; b < kRegion; ++b) {
        if (fuzzy.contains(write_base(i) + b / 64 * 64)) continue;
        if (mem.load<std::uint8_t>(write_base(i) + b) != reference[i][b]) ++bad;
      }
    }
    return bad;
  }

  Clocked<Vtb_axi_path> dut;
  AxiMemory mem;
  ClientKnobs knobs;
  std::mt19937_64 random;
  AxiPins pins;
  AxiChecker checker;
  bool issue = true;

  // Bursts taken, not answered; what is shown and not taken has beats != 0.
  std::array<std::deque<Burst>, 4> reads;
  std::array<std::deque<Burst>, 2> writes;
  std::array<Burst, 4> shown_r{};
  std::array<Burst, 2> shown_w{};
  std::array<unsigned, 4> read_beat{};
  std::array<std::uint64_t, 4> read_beats_done{}, longest_wait{}, longest_ar{}, read_errors{};
  std::array<std::uint64_t, 2> write_beats_done{}, write_errors{}, longest_aw{};
  std::array<unsigned, 4> lost_r{}, most_lost_r{};  // grants to others while a client asks
  std::array<unsigned, 2> lost_w{}, most_lost_w{};
  unsigned tripped_strobes = 0;  // beats with strobes on, handed over while tripped
  bool dead = false;             // the subordinate takes nothing and sends nothing
  std::array<std::vector<std::uint8_t>, 2> reference;
  std::map<std::uint32_t, bool> fuzzy;  // lines whose content a failed burst left open
  std::uint64_t flagged = 0;            // answers with timed_out_o high
  std::vector<std::uint32_t> reported;  // addresses of time-outs

 private:
  struct Beat {
    std::array<std::uint32_t, 16> data{};
    std::uint64_t strb = 0;
    bool last = false, valid = false;
  };

  Burst new_burst(unsigned max_beats, std::uint32_t base) {
    Burst b;
    b.beats = uniform(random, 1U, max_beats);
    const std::uint32_t page = uniform(random, 0U, kRegion / 4096 - 1) * 4096;
    b.addr = base + page + 64 * uniform(random, 0U, 64 - b.beats);
    b.asked = dut.cycles();
    return b;
  }

  void drive() {
    std::uint32_t lens = 0;
    std::uint64_t aw_addr = 0;
    unsigned aw_lens = 0, valid = 0;
    for (unsigned i = 0; i < 4; ++i) {
      if (!shown_r[i].beats && issue && reads[i].size() < knobs.max_reads[i] &&
          chance(random, knobs.read_percent[i])) {
        shown_r[i] = new_burst(knobs.max_beats[i], kL2 + i * kRegion);
      }
      if (shown_r[i].beats) {
        valid |= 1U << i;
        dut->ar_addr_i[i] = shown_r[i].addr;
        lens |= (shown_r[i].beats - 1) << 8 * i;
      }
    }
    dut->ar_valid_i = static_cast<CData>(valid);
    dut->ar_len_i = lens;
    valid = 0;
    for (unsigned i = 0; i < 2; ++i) {
      if (!shown_w[i].beats && issue && writes[i].size() < knobs.max_writes[i] &&
          chance(random, knobs.write_percent[i])) {
        shown_w[i] = new_burst(i == 0 ? 1 : knobs.max_beats[3], write_base(i));
      }
      if (shown_w[i].beats) {
        valid |= 1U << i;
        aw_addr |= std::uint64_t{shown_w[i].addr} << 32 * i;
        aw_lens |= (shown_w[i].beats - 1) << 8 * i;
      }
    }
    dut->aw_valid_i = static_cast<CData>(valid);
    dut->aw_addr_i = aw_addr;
    dut->aw_len_i = static_cast<SData>(aw_lens);
    valid = 0;
    unsigned last = 0;
    for (unsigned i = 0; i < 2; ++i) {
      if (!beat[i].valid && !chance(random, knobs.stall_percent)) make_beat(i);
      if (!beat[i].valid) continue;
      valid |= 1U << i;
      last |= (beat[i].last ? 1U : 0U) << i;
      std::memcpy(i ? &dut->w_data1_i[0] : &dut->w_data0_i[0], beat[i].data.data(), 64);
      (i ? dut->w_strb1_i : dut->w_strb0_i) = beat[i].strb;
    }
    dut->w_valid_i = static_cast<CData>(valid);
    dut->w_last_i = static_cast<CData>(last);
    dut->r_ready_i = knobs.stall_percent ? static_cast<CData>(random() & random() & 15) ^ 15 : 15;
    dut->r_ready_i = static_cast<CData>(dut->r_ready_i & ~knobs.refuse);
    dut->b_ready_i = knobs.stall_percent ? static_cast<CData>(random() & random() & 3) ^ 3 : 3;
  }

  /// The next beat of the oldest burst whose data are not complete.
  void make_beat(unsigned i) {
    for (const Burst& b : writes[i]) {
      if (b.written) continue;
      beat[i].valid = true;
      for (auto& word : beat[i].data) word = static_cast<std::uint32_t>(random());
      beat[i].strb = chance(random, 50) ? ~0ULL : random();
      beat[i].last = write_beat[i] + 1 == b.beats;
      return;
    }
  }

  void sample() {
    if (dut->timeout_o) reported.push_back(dut->timeout_addr_o);
    count_losses(dut->ar_ready_o, shown_r, lost_r, most_lost_r);
    count_losses(dut->aw_ready_o, shown_w, lost_w, most_lost_w);
    for (unsigned i = 0; i < 4; ++i) sample_read(i);
    for (unsigned i = 0; i < 2; ++i) sample_write(i);
  }

  template <std::size_t N>
  static void count_losses(unsigned ready, const std::array<Burst, N>& shown,
                           std::array<unsigned, N>& lost, std::array<unsigned, N>& most) {
    unsigned asked = 0;
    for (unsigned i = 0; i < N; ++i) asked |= (shown[i].beats ? 1U : 0U) << i;
    if ((asked & ready) == 0) return;
    for (unsigned i = 0; i < N; ++i) {
      lost[i] = (asked & ~ready) >> i & 1 ? lost[i] + 1 : 0;
      most[i] = std::max(most[i], lost[i]);
    }
  }

  void sample_read(unsigned i) {
    if (shown_r[i].beats && (dut->ar_ready_o >> i & 1)) {
      longest_ar[i] = std::max(longest_ar[i], dut.cycles() - shown_r[i].asked);
      reads[i].push_back(shown_r[i]);
      shown_r[i] = {};
    }
    if (!(dut->r_valid_o >> i & dut->r_ready_i >> i & 1)) return;
    if (reads[i].empty()) throw std::runtime_error("R beat without a burst");
    Burst& b = reads[i].front();
    const std::uint32_t addr = b.addr + 64 * read_beat[i];
    if (dut->timed_out_o) ++flagged;
    if (dut->r_resp_o != 0) {
      ++read_errors[i];
      if (!knobs.expect_errors) throw std::runtime_error("R with an unexpected error");
    } else {
      for (unsigned w = 0; w < 16; ++w) {
        if (dut->r_data_o[w] != ((addr - kL2) / 4 + w) * 0x9e3779b9U) {
          throw std::runtime_error("R data wrong, client " + std::to_string(i));
        }
      }
    }
    ++read_beats_done[i];
    ++read_beat[i];
    if ((read_beat[i] == b.beats) != static_cast<bool>(dut->r_last_o)) {
      throw std::runtime_error("R last wrong, client " + std::to_string(i));
    }
    if (read_beat[i] == b.beats) {
      longest_wait[i] = std::max(longest_wait[i], dut.cycles() - b.asked);
      reads[i].pop_front();
      read_beat[i] = 0;
    }
  }

  void sample_write(unsigned i) {
    if (beat[i].valid && (dut->w_ready_o >> i & 1)) {
      for (Burst& b : writes[i]) {
        if (b.written) continue;
        const std::uint32_t offset = b.addr - write_base(i) + 64 * write_beat[i];
        for (unsigned k = 0; k < 64; ++k) {
          if (beat[i].strb >> k & 1) {
            reference[i][offset + k] =
                static_cast<std::uint8_t>(beat[i].data[k / 4] >> (8 * (k % 4)));
          }
        }
        ++write_beat[i];
        ++write_beats_done[i];
        if (write_beat[i] == b.beats) {
          b.written = true;
          write_beat[i] = 0;
        }
        break;
      }
      beat[i].valid = false;
    }
    if (shown_w[i].beats && (dut->aw_ready_o >> i & 1)) {
      longest_aw[i] = std::max(longest_aw[i], dut.cycles() - shown_w[i].asked);
      writes[i].push_back(shown_w[i]);
      shown_w[i] = {};
    }
    if (!(dut->b_valid_o >> i & dut->b_ready_i >> i & 1)) return;
    if (writes[i].empty() || !writes[i].front().written) {
      throw std::runtime_error("B without a complete burst");
    }
    if (dut->timed_out_o) ++flagged;
    if (dut->b_resp_o != 0) {
      ++write_errors[i];
      if (!knobs.expect_errors) throw std::runtime_error("B with an unexpected error");
      const Burst& b = writes[i].front();
      for (unsigned k = 0; k < b.beats; ++k) fuzzy[b.addr + 64 * k] = true;
    }
    writes[i].pop_front();
  }

  std::array<Beat, 2> beat{};
  std::array<unsigned, 2> write_beat{};
};

}  // namespace tb
