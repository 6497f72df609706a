// SPDX-License-Identifier: Apache-2.0
// What takes the loaders' words: ring of X rows, mask queue, two W banks, each checked byte by
// byte.
#pragma once

#include <bit>
#include <catch2/catch.hpp>
#include <deque>
#include <map>

#include "mem_bench.hpp"

namespace attn {

struct XCmd {
  unsigned rows = 1, bytes = 64, more = 0;
  bool split = false, odd = false, par = false, mask = false;
  std::uint32_t addr = 0, stride = 64, pstride = 0, par_addr = 0, mask_addr = 0;
};

struct WCmd {
  bool claim = false, bank = false, kn = false, split = false, dual = false;
  unsigned bytes = 64, more = 0, units = kUnits;
  std::uint32_t addr = 0, stride = 64;

  [[nodiscard]] bool second(unsigned unit) const { return dual && more > 0 && unit % 2 == 1; }
  [[nodiscard]] std::uint32_t source(unsigned unit, unsigned lane) const {
    if (dual) return addr + unit / 2 * stride + lane + (second(unit) ? 64 : 0);
    return kn ? addr + lane * stride + unit : addr + unit * stride + (split ? lane % 32 : lane);
  }
  [[nodiscard]] bool wanted(unsigned unit, unsigned lane) const {
    return !claim && unit < units && (split ? lane % 32 : lane) < (second(unit) ? more : bytes);
  }
  [[nodiscard]] unsigned words() const {
    if (claim) return 0;
    if (dual && more > 0) return (units + 1) / 2 * ((bytes + 7) / 8) + units / 2 * ((more + 7) / 8);
    return kn ? bytes * ((units + 7) / 8) : units * ((bytes + 7) / 8) * (split ? 2 : 1);
  }
};

/// Loaders, ports and whoever takes what they fetch: ring, mask queue, two banks.
class Loads {
 public:
  explicit Loads(const std::string& name) : b(name) {}

  /// One cycle: offers the commands at the heads of x and w, gives back what `free_*` say.
  void cycle() {
    auto& d = b.dut.model();
    b.quiet();
    d.xc_valid_i = !x.empty();
    if (!x.empty()) drive(x.front());
    d.wc_valid_i = !w.empty();
    if (!w.empty()) drive(w.front());
    d.x_free_i = static_cast<CData>(free_rows);
    d.mask_free_i = static_cast<CData>(free_masks);
    d.w_free_i = static_cast<CData>(free_banks);
    for (unsigned i = 0; i < free_rows; ++i) {
      REQUIRE(ring[tail]);
      ring[tail] = false;
      tail = (tail + 1) % attn::kXRows;
    }
    masks -= free_masks;
    for (unsigned k = 0; k < 2; ++k) {
      if ((free_banks >> k) & 1) ++freed[k];
    }
    free_rows = free_masks = free_banks = 0;
    b.settle();
    if (d.xc_valid_i && d.xc_ready_o) {
      expect(x.front());
      x.pop_front();
    }
    if (d.wc_valid_i && d.wc_ready_o) {
      for (unsigned h = 0; h < kHalves; ++h) open[h].push_back(taken);
      given[taken] = w.front();
      ++taken;
      w.pop_front();
    }
    loaded = 0;
    b.tick();
    ++cycles;
    for (unsigned h = 0; h < kHalves; ++h) {
      if (b.delivered(h)) check(h, b.delivery(h));
    }
    REQUIRE((d.err_valid_o & 3) == 0);
  }

  [[nodiscard]] bool done() {
    return x.empty() && w.empty() && (b.dut->idle_o & 7) == 7 && row_order[0].empty() &&
           row_order[1].empty() && open[0].empty() && open[1].empty();
  }

  Bench b;
  std::deque<XCmd> x;
  std::deque<WCmd> w;
  unsigned free_rows = 0, free_masks = 0, free_banks = 0;  // for the next cycle
  std::array<bool, attn::kXRows> ring{};                   // rows that are there
  unsigned tail = 0, masks = 0;                            // oldest row; words in the mask queue
  unsigned loaded = 0;                      // banks complete with what arrived in this cycle
  std::array<unsigned, 2> freed{}, used{};  // per bank
  std::deque<bool> held;                    // banks of commands that are complete, oldest first
  std::uint64_t cycles = 0;

 private:
  struct Row {
    unsigned dest, index, mask, bytes;
    bool split;
    std::array<std::uint64_t, 8> data;
  };

  void drive(const XCmd& c) {
    auto& d = b.dut.model();
    const std::array<std::uint32_t, 5> a{c.addr, c.stride, c.pstride, c.par_addr, c.mask_addr};
    for (unsigned i = 0; i < 5; ++i) d.xc_addr_i[i] = a[i];
    d.xc_rows_i = c.rows & 127;
    d.xc_bytes_i = c.bytes & 127;
    d.xc_more_i = c.more & 127;
    d.xc_flags_i = static_cast<CData>(c.split << 1 | c.odd << 2 | c.par << 3 | c.mask << 4);
  }

  void drive(const WCmd& c) {
    auto& d = b.dut.model();
    d.wc_addr_i[0] = c.addr;
    d.wc_addr_i[1] = c.stride;
    d.wc_bytes_i = c.bytes & 127;
    d.wc_more_i = c.more & 127;
    d.wc_units_i = c.units & 127;
    d.wc_flags_i =
        static_cast<CData>(c.claim << 1 | c.bank << 2 | c.kn << 3 | c.split << 4 | c.dual << 5);
  }

  void expect(const XCmd& c) {
    for (const auto& [on, at] : {std::pair{c.par, c.par_addr}, std::pair{c.mask, c.mask_addr}}) {
      if (on) row_order[0].push_back({attn::kDestMask, 0, 1, 0, false, {b.word(at)}});
    }
    for (unsigned r = 0; r < c.rows; ++r) {
      const bool second = c.more > 0 && r % 2 == 1;
      const std::uint32_t from =
          c.more > 0 ? c.addr + r / 2 * c.stride + (second ? 64 : 0) : c.addr + r * c.stride;
      Row row{attn::kDestX, head, 0, second ? c.more : c.bytes, c.split, {}};
      const unsigned pieces = c.split ? 2 : 1, words = 8 / pieces;
      for (unsigned i = 0; i < 8; ++i) {
        if (i % words * 8 >= row.bytes) continue;
        if (c.split && c.odd && r + 1 == c.rows && i >= 4) continue;
        row.mask |= 1U << i;
        row.data[i] = b.word(from + i / words * c.pstride + i % words * 8);
      }
      row_order[head % kHalves].push_back(row);
      head = (head + 1) % attn::kXRows;
    }
  }

  void check(unsigned h, const Delivery& d) {
    if (d.dest == attn::kDestW) return check_w(h, d);
    REQUIRE_FALSE(row_order[h].empty());
    const Row e = row_order[h].front();
    row_order[h].pop_front();
    REQUIRE(d.dest == e.dest);
    REQUIRE(d.mask == e.mask);
    REQUIRE(d.data == e.data);
    if (d.dest == attn::kDestMask) {
      REQUIRE(++masks <= attn::kMaskSlots);
      return;
    }
    REQUIRE(d.index == e.index);
    REQUIRE(d.bytes == e.bytes);
    REQUIRE(d.split == e.split);
    REQUIRE_FALSE(ring[d.index]);
    ring[d.index] = true;
  }

  /// Puts the words where oct_attn_pkg says; at the end of a command all that was wanted is there.
  void check_w(unsigned h, const Delivery& d) {
    REQUIRE_FALSE(open[h].empty());
    const unsigned id = open[h].front();
    const WCmd& c = given.at(id);
    REQUIRE(d.bank == c.bank);
    if (words.count(id) == 0) {  // its first beat: the bank was given back by those before it
      unsigned before = 0;
      for (const auto& [other, cmd] : given) before += other < id && cmd.bank == c.bank;
      REQUIRE(freed[c.bank] == retired[c.bank] + before);
    }
    words[id] += static_cast<unsigned>(std::popcount(d.mask));
    if (d.mask != 0) {
      REQUIRE(d.kn == c.kn);
      REQUIRE(d.split == c.split);
    }
    for (unsigned i = 0; i < 8; ++i) {
      if (((d.mask >> i) & 1) == 0) continue;
      for (unsigned k = 0; k < 8; ++k) {
        const auto byte = static_cast<std::uint8_t>(d.data[i] >> (8 * k));
        if (!d.kn) bank[d.bank].at(d.index).at(8 * i + k) = byte;
        const unsigned unit = kUnits == 16 ? 8 * h + k : kUnits == 8 ? k : k % 4;
        if (d.kn && (kUnits != 4 || d.half_sel == (k >= 4))) {
          bank[d.bank].at(unit).at(d.index + i) = byte;
        }
      }
    }
    if (!d.last) return;
    open[h].pop_front();
    if (++ended[id] != kHalves) return;
    REQUIRE(words[id] == c.words());
    unsigned wrong = 0;
    for (unsigned u = 0; u < kUnits; ++u) {
      for (unsigned lane = 0; lane < 64; ++lane) {
        if (c.wanted(u, lane)) wrong += bank[c.bank][u][lane] != b.l1[c.source(u, lane)];
      }
    }
    REQUIRE(wrong == 0);
    loaded |= c.claim ? 0 : 1U << c.bank;
    held.push_back(c.bank);
    ++retired[c.bank];
    given.erase(id);
    words.erase(id);
    ended.erase(id);
  }

  std::array<std::deque<Row>, 2> row_order;
  std::array<std::deque<unsigned>, 2> open;  // W commands, per half
  std::map<unsigned, WCmd> given;
  std::map<unsigned, unsigned> words, ended;
  std::array<unsigned, 2> retired{};  // commands of the bank that are complete
  unsigned taken = 0, head = 0;
  std::array<std::array<std::array<std::uint8_t, 64>, kUnits>, 2> bank{};

 public:
  void forget() {
    for (unsigned h = 0; h < 2; ++h) {
      row_order[h].clear();
      open[h].clear();
      freed[h] = retired[h] = 0;
    }
    given.clear();
    words.clear();
    ended.clear();
    held.clear();
    x.clear();
    w.clear();
    ring = {};
    head = tail = masks = 0;
    free_rows = free_masks = free_banks = 0;
  }
};

}  // namespace attn
