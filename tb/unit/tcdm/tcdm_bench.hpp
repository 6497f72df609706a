// SPDX-License-Identifier: Apache-2.0
// Tcdm: drives tb_tcdm and compares every cycle with a reference memory. `cycle()` offers what
// stands in `narrow`, `word` and `line`, performs in the reference what was taken, checks the
// answers of the next cycle to the bit, and throws at the first difference. What was taken falls by
// itself.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "Vtb_tcdm.h"
#include "harness/clocked.hpp"
#include "oct_config.hpp"

namespace tcdm {

namespace cfg = oct::config;

inline constexpr int kNarrow = static_cast<int>(cfg::kNumCores) + 1;
inline constexpr int kCores = static_cast<int>(cfg::kNumCores);
inline constexpr int kHost = kCores;
inline constexpr int kWord = static_cast<int>(cfg::kEnginePorts);
inline constexpr int kBanks = static_cast<int>(cfg::kNumBanks);
inline constexpr int kMasters = kNarrow + kWord + 2;
inline constexpr std::uint32_t kWords = cfg::kL1Bytes / 8;
inline constexpr std::uint32_t kLines = cfg::kL1Bytes / 64;
inline constexpr int kPatience = 8;                          // oct_tcdm_pkg::Patience
inline constexpr int kBound = 2 * kPatience + 5 * kMasters;  // docs/architecture/tcdm.md

enum Amo { None, Lr, Sc, Swap, Add, Xor, And, Or, Min, Max, Minu, Maxu };

struct Narrow {
  bool valid = false;
  bool we = false;
  std::uint32_t addr = 0;  // byte offset in L1
  unsigned be = 15;
  std::uint32_t wdata = 0;
  Amo amo = None;
};
struct Word {
  bool valid = false;
  bool we = false;
  std::uint32_t word = 0;
  unsigned be = 255;
  std::uint64_t wdata = 0;
};
struct Line {
  unsigned mask = 0;
  std::uint32_t line = 0;
  std::uint64_t be = ~0ULL;
  std::array<std::uint64_t, 8> data{};
};

/// Bank of a word: its number modulo the banks, the group digits XORed by all higher digits.
inline int bank_of(std::uint32_t word) {
  const unsigned bits = static_cast<unsigned>(std::countr_zero(cfg::kNumBanks / 8));
  std::uint32_t group = 0;
  for (std::uint32_t line = word >> 3; line != 0; line >>= bits) group ^= line;
  group &= (1U << bits) - 1;
  return static_cast<int>(group * 8 + (word & 7));
}

/// The definition of an AMO, from the ISA manual.
inline std::uint32_t amo(Amo op, std::uint32_t a, std::uint32_t b) {
  const auto sa = static_cast<std::int32_t>(a);
  const auto sb = static_cast<std::int32_t>(b);
  switch (op) {
    case Swap:
      return b;
    case Add:
      return a + b;
    case Xor:
      return a ^ b;
    case And:
      return a & b;
    case Or:
      return a | b;
    case Min:
      return static_cast<std::uint32_t>(std::min(sa, sb));
    case Max:
      return static_cast<std::uint32_t>(std::max(sa, sb));
    case Minu:
      return std::min(a, b);
    case Maxu:
      return std::max(a, b);
    default:
      throw std::logic_error("not an AMO");
  }
}

inline std::uint64_t merge(std::uint64_t old, std::uint64_t data, unsigned be) {
  for (int i = 0; i < 8; ++i) {
    if (be >> i & 1U) old = (old & ~(0xffULL << 8 * i)) | (data & 0xffULL << 8 * i);
  }
  return old;
}

class Tcdm {
 public:
  std::array<Narrow, kNarrow> narrow{};
  std::array<Word, kWord> word{};
  std::array<Line, 2> line{};
  bool clear = false;
  unsigned urgent = 0;            // line ports that go before words
  bool lines_may_vanish = false;  // the line ports of this test change their mind

  // Results of the last cycle().
  std::array<bool, kNarrow> n_taken{};
  std::array<bool, kWord> w_taken{};
  std::array<unsigned, 2> l_taken{};
  std::array<std::uint32_t, kNarrow> n_rdata{};
  std::array<std::uint64_t, kWord> w_rdata{};
  std::array<std::array<std::uint64_t, 8>, 2> l_rdata{};
  int max_wait = 0;  // longest wait so far of a request that stood
  std::uint64_t grants = 0;

  std::vector<std::uint64_t> memory = std::vector<std::uint64_t>(kWords);
  tb::Clocked<Vtb_tcdm> dut;

  Tcdm() {
    drive();
    dut.reset();
    for (std::uint32_t l = 0; l < kLines; ++l) {  // contents are random after power-up
      line[0] = {.mask = 255, .line = l};
      for (int i = 0; i < 8; ++i) line[0].data[i] = 0x0101010101010101ULL * (l & 0xff) + i;
      while (line[0].mask != 0) cycle();
    }
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(fmt::format("cycle {}: {}", dut.cycles(), what));
  }
  void expect(bool ok, const std::string& what) const {
    if (!ok) fail(what);
  }

  [[nodiscard]] bool reserved(int core) const { return reservation_[core].has_value(); }

  /// One cycle; see above.
  void cycle() {
    drive();
    dut.eval();
    n_taken = {};
    w_taken = {};
    l_taken = {};
    std::array<int, kBanks> owner{};  // 1 + master, 0: nobody
    expected_events_ = {};
    only_plain_ = true;
    auto serve = [&](std::uint32_t w, int master) {
      const int bank = bank_of(w);
      if (owner[bank] != 0)
        fail(fmt::format("bank {}: masters {} and {}", bank, owner[bank] - 1, master));
      owner[bank] = master + 1;
      ++grants;
    };
    answers_n_ = {};
    answers_w_ = {};
    line_lanes_ = 0;
    // What is taken reads and writes the memory as it was before this cycle: no two touch one bank.
    step_narrow(serve);
    for (int m = 0; m < kWord; ++m) {
      const bool ready = dut->w_ready_o >> m & 1U;
      expect(!ready || (word[m].valid && !clear),
             fmt::format("word port {} ready without request", m));
      wait(kNarrow + m, word[m].valid, ready);
      count(2, word[m].valid && !clear, ready);
      if (!ready) continue;
      w_taken[m] = true;
      serve(word[m].word, kNarrow + m);
      if (word[m].we) {
        write(word[m].word, word[m].wdata, word[m].be, -1);
      } else {
        answers_w_[m] = memory[word[m].word];
      }
      word[m].valid = false;
    }
    for (int p = 0; p < 2; ++p) step_line(p, serve);
    history_[1] = history_[0];
    history_[0] = owner;
    dut.tick();
    check_answers();
    if (clear) forget();
  }

  /// Runs until `narrow[m]` was answered; returns what it read.
  std::uint32_t access(int m, Narrow request, int limit = 2 * kBound) {
    request.valid = true;
    narrow[m] = request;
    for (int i = 0; i < limit; ++i) {
      cycle();
      if (n_taken[m]) return n_rdata[m];
    }
    fail(fmt::format("narrow port {}: no answer within {} cycles", m, limit));
  }
  std::uint32_t load(int m, std::uint32_t addr) { return access(m, {.addr = addr}); }
  void store(int m, std::uint32_t addr, std::uint32_t v) {
    access(m, {.we = true, .addr = addr, .wdata = v});
  }
  std::uint32_t atomic(int m, Amo op, std::uint32_t addr, std::uint32_t v = 0) {
    return access(m, {.we = op != Lr, .addr = addr, .wdata = v, .amo = op});
  }

 private:
  struct Reservation {
    std::uint32_t word;
  };
  std::array<std::optional<Reservation>, kNarrow> reservation_{};
  std::array<std::array<int, kBanks>, 2> history_{};  // owners of banks one and two cycles ago
  std::array<int, kMasters> waits_{};
  std::array<std::optional<std::uint32_t>, kNarrow> answers_n_{};
  std::array<bool, kNarrow> check_data_{};
  std::array<std::optional<std::uint64_t>, kWord> answers_w_{};
  std::array<std::uint64_t, 8> answers_l_{};
  unsigned line_lanes_ = 0;
  std::array<unsigned, 6> expected_events_{};
  bool only_plain_ = true;

  void drive() {
    auto& d = *dut.operator->();
    d.clear_i = clear;
    d.n_valid_i = d.n_we_i = d.w_valid_i = d.w_we_i = 0;
    for (int m = 0; m < kNarrow; ++m) {
      d.n_valid_i |= static_cast<unsigned>(narrow[m].valid) << m;
      d.n_we_i |= static_cast<unsigned>(narrow[m].we) << m;
      d.n_addr_i[m] = cfg::kL1Base + narrow[m].addr;
      d.n_be_i[m] = narrow[m].be;
      d.n_amo_i[m] = narrow[m].amo;
      d.n_wdata_i[m] = narrow[m].wdata;
    }
    for (int m = 0; m < kWord; ++m) {
      d.w_valid_i |= static_cast<unsigned>(word[m].valid) << m;
      d.w_we_i |= static_cast<unsigned>(word[m].we) << m;
      d.w_word_i[m] = word[m].word;
      d.w_be_i[m] = word[m].be;
      d.w_wdata_i[2 * m] = static_cast<std::uint32_t>(word[m].wdata);
      d.w_wdata_i[2 * m + 1] = static_cast<std::uint32_t>(word[m].wdata >> 32);
    }
    std::uint64_t masks = 0, lines = 0;
    for (int p = 0; p < 2; ++p) {
      masks |= static_cast<std::uint64_t>(line[p].mask) << 32 * p;
      lines |= static_cast<std::uint64_t>(line[p].line) << 32 * p;
      for (int i = 0; i < 8; ++i) {
        d.l_wdata_i[16 * p + 2 * i] = static_cast<std::uint32_t>(line[p].data[i]);
        d.l_wdata_i[16 * p + 2 * i + 1] = static_cast<std::uint32_t>(line[p].data[i] >> 32);
      }
      d.l_be_i[2 * p] = static_cast<std::uint32_t>(line[p].be);
      d.l_be_i[2 * p + 1] = static_cast<std::uint32_t>(line[p].be >> 32);
    }
    d.l_urgent_i = static_cast<std::uint8_t>(urgent);
    d.l_mask_i = masks;
    d.l_line_i = lines;
  }

  void wait(int master, bool asks, bool served) {
    waits_[master] = asks && !served && !clear ? waits_[master] + 1 : 0;
    max_wait = std::max(max_wait, waits_[master]);
    if (waits_[master] > kBound)
      fail(fmt::format("master {} refused {} times", master, waits_[master]));
  }
  void count(int kind, bool asks, bool served) {
    if (asks) ++expected_events_[kind + (served ? 0 : 1)];
  }

  void write(std::uint32_t w, std::uint64_t data, unsigned be, int core) {
    memory[w] = merge(memory[w], data, be);
    for (int r = 0; r < kCores; ++r) {
      if (r != core && reservation_[r] && reservation_[r]->word == w) kills_.push_back(r);
    }
  }
  std::vector<int> kills_;

  template <typename Serve>
  void step_narrow(Serve& serve) {
    for (int m = 0; m < kNarrow; ++m) {
      Narrow& r = narrow[m];
      const bool ready = r.valid && (dut->n_ready_o >> m & 1U);
      expect(!ready || !clear, fmt::format("narrow port {} ready in clear", m));
      wait(m, r.valid, ready);
      count(0, r.valid && !clear, ready);
      if (r.valid && r.amo != None) only_plain_ = false;
      if (!ready) continue;
      n_taken[m] = true;
      const std::uint32_t w = r.addr / 8;
      const bool hi = r.addr & 4U;
      const std::uint64_t data = static_cast<std::uint64_t>(r.wdata) << (hi ? 32 : 0);
      const unsigned be = r.be << (hi ? 4 : 0);
      const auto old = static_cast<std::uint32_t>(memory[w] >> (hi ? 32 : 0));
      answers_n_[m] = old;
      check_data_[m] = !r.we || (r.amo != None && m != kHost);
      if (m == kHost || r.amo == None) {
        serve(w, m);
        if (r.we) write(w, data, be, m);
      } else if (r.amo == Lr) {
        serve(w, m);
        new_reservations_.emplace_back(m, w);
      } else if (r.amo == Sc) {
        const bool success = reservation_[m] && reservation_[m]->word == w;
        answers_n_[m] = success ? 0 : 1;
        if (success) {
          serve(w, m);
          write(w, data, be, m);
        }
        kills_.push_back(m);
      } else {
        // Read two cycles ago with nobody in the bank since; the write passes its own lock.
        serve(w, m);
        const int bank = bank_of(w);
        for (const auto& owners : history_) {
          if (owners[bank] != 0) {
            fail(fmt::format("bank {}: master {} inside the AMO of {}", bank, owners[bank] - 1, m));
          }
        }
        const std::uint32_t value = amo(r.amo, old, r.wdata);
        write(w, static_cast<std::uint64_t>(value) << (hi ? 32 : 0), 15U << (hi ? 4 : 0), m);
      }
      r.valid = false;
    }
  }

  template <typename Serve>
  void step_line(int p, Serve& serve) {
    Line& r = line[p];
    const unsigned ready = static_cast<unsigned>(dut->l_ready_o >> 32 * p) & 0xff;
    expect((ready & ~(clear ? 0 : r.mask)) == 0,
           fmt::format("line port {}: lane not asked for", p));
    if (!lines_may_vanish) wait(kNarrow + kWord + p, r.mask != 0, ready == r.mask);
    for (int i = 0; i < 8; ++i) {
      count(4, !clear && (r.mask >> i & 1U), ready >> i & 1U);
      if (!(ready >> i & 1U)) continue;
      const std::uint32_t w = r.line * 8 + i;
      serve(w, kNarrow + kWord + p);
      if (p == 0) {
        write(w, r.data[i], static_cast<unsigned>(r.be >> 8 * i) & 0xff, -1);
      } else {
        answers_l_[i] = memory[w];
        line_lanes_ |= 1U << i;
      }
    }
    l_taken[p] = ready;
    r.mask &= ~ready;
  }
  std::vector<std::pair<int, std::uint32_t>> new_reservations_;

  void check_answers() {
    for (int r : kills_) reservation_[r].reset();
    kills_.clear();
    for (auto [core, w] : new_reservations_) reservation_[core] = Reservation{w};
    new_reservations_.clear();
    for (int m = 0; m < kNarrow; ++m) {
      const bool valid = dut->n_valid_o >> m & 1U;
      expect(valid == answers_n_[m].has_value(),
             fmt::format("narrow port {}: answer {}", m, valid));
      n_rdata[m] = dut->n_rdata_o[m];
      if (valid && check_data_[m] && n_rdata[m] != *answers_n_[m]) {
        fail(fmt::format("narrow port {}: read {:08x}, expected {:08x}", m, n_rdata[m],
                         *answers_n_[m]));
      }
    }
    expect(dut->n_err_o == 0, "bus error");
    for (int m = 0; m < kWord; ++m) {
      const bool valid = dut->w_valid_o >> m & 1U;
      expect(valid == answers_w_[m].has_value(), fmt::format("word port {}: answer {}", m, valid));
      w_rdata[m] = dut->w_rdata_o[2 * m] | static_cast<std::uint64_t>(dut->w_rdata_o[2 * m + 1])
                                               << 32;
      if (valid && w_rdata[m] != *answers_w_[m]) {
        fail(fmt::format("word port {}: read {:016x}, expected {:016x}", m, w_rdata[m],
                         *answers_w_[m]));
      }
    }
    expect(dut->l_valid_o == static_cast<std::uint64_t>(line_lanes_) << 32, "line lanes answered");
    for (int i = 0; i < 8; ++i) {
      l_rdata[1][i] = dut->l_rdata_o[16 + 2 * i] |
                      static_cast<std::uint64_t>(dut->l_rdata_o[16 + 2 * i + 1]) << 32;
      expect(!(line_lanes_ >> i & 1U) || l_rdata[1][i] == answers_l_[i],
             fmt::format("line lane {}", i));
    }
    for (int k = only_plain_ ? 0 : 2; k < 6; ++k) {  // half an AMO is a grant, too
      expect(dut->events_o[k] == expected_events_[k], fmt::format("event counter {}", k));
    }
    expect(!(dut->n_valid_o || dut->w_valid_o || dut->l_valid_o) || !dut->idle_o,
           "idle with answers");
  }

  void forget() {
    for (auto& r : reservation_) r.reset();
  }
};

}  // namespace tcdm
