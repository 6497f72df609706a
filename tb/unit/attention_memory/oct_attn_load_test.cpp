// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <iostream>

#include "load_bench.hpp"

using attn::kHalves;
using attn::kL1;
using attn::kUnits;
using attn::Loads;
using attn::WCmd;
using attn::XCmd;

namespace {

std::uint32_t place(std::mt19937_64& r, std::uint32_t size) {
  return 8 * tb::uniform(r, 0U, (kL1 - size) / 8);
}

/// A stride between `rows` rows of `bytes` bytes that fits L1, and the first address.
std::pair<std::uint32_t, std::uint32_t> matrix(std::mt19937_64& r, unsigned rows, unsigned bytes) {
  const unsigned least = (bytes + 7) / 8, most = (kL1 - 64) / 8 / std::max(rows, 1U);
  const std::uint32_t stride =
      8 * tb::uniform(r, std::min(least, most), std::min(most, least + 40));
  const std::uint32_t addr = place(r, rows * stride + 64);
  if (tb::chance(r, 20)) return {addr + (rows - 1) * stride, -stride};
  return {addr, stride};
}

XCmd random_x(std::mt19937_64& r) {
  XCmd c;
  c.rows = tb::chance(r, 30)   ? tb::uniform(r, 1U, 4U)
           : tb::chance(r, 10) ? 128
                               : tb::uniform(r, 1U, 64U);
  c.split = tb::chance(r, 30);
  c.odd = tb::chance(r, 50);
  c.bytes = tb::chance(r, 50) ? (c.split ? 32 : 64) : tb::uniform(r, 1U, c.split ? 32U : 64U);
  if (!c.split && tb::chance(r, 30)) {
    c.rows = (c.rows + 1) / 2 * 2;
    c.bytes = 64;
    c.more = tb::uniform(r, 1U, 64U);
  }
  std::tie(c.addr, c.stride) = matrix(r, 2 * c.rows, 64);
  c.pstride = c.stride;
  if (c.split) c.stride *= 2;
  c.par = tb::chance(r, 20);
  c.mask = tb::chance(r, 20);
  c.par_addr = place(r, 8);
  c.mask_addr = place(r, 8);
  return c;
}

WCmd random_w(std::mt19937_64& r) {
  WCmd c;
  c.bank = tb::chance(r, 50);
  c.claim = tb::chance(r, 10);
  c.kn = tb::chance(r, 40);
  c.split = !c.kn && tb::chance(r, 30);
  c.units = tb::chance(r, 50) ? kUnits : tb::uniform(r, 1U, kUnits);
  c.bytes = tb::chance(r, 50) ? 64 : tb::uniform(r, 1U, 64U);
  if (c.split) c.bytes = (c.bytes + 1) / 2;
  c.dual = !c.kn && !c.split && tb::chance(r, 50);
  if (c.dual && tb::chance(r, 60)) c.bytes = 64, c.more = tb::uniform(r, 1U, 64U);
  std::tie(c.addr, c.stride) = matrix(r, c.kn ? 64 : kUnits, c.kn ? 16 : 128);
  if (kUnits == 4 && c.kn && tb::chance(r, 50)) c.addr += 4;
  return c;
}

/// Gives back rows, masks and banks now and then.
void random_release(Loads& l, unsigned percent) {
  auto& r = l.b.random;
  while (l.free_rows < 2 && l.ring[(l.tail + l.free_rows) % attn::kXRows] &&
         tb::chance(r, percent)) {
    ++l.free_rows;
  }
  l.free_masks = std::min(l.masks, tb::chance(r, percent) ? tb::uniform(r, 0U, 2U) : 0U);
  if (!l.held.empty() && tb::chance(r, percent)) {
    l.free_banks = 1U << l.held.front();
    l.held.pop_front();
  }
}

}  // namespace

TEST_CASE("attn_load: shapes one by one") {
  Loads l("load corners");
  for (unsigned rows = 1; rows <= 5; ++rows) {
    for (const unsigned bytes : {1U, 7U, 8U, 9U, 31U, 32U, 33U, 63U, 64U}) {
      for (const bool split : {false, true}) {
        if (split && bytes > 32) continue;
        l.x.push_back({.rows = rows,
                       .bytes = bytes,
                       .split = split,
                       .odd = rows % 2 == 0,
                       .par = bytes == 8,
                       .mask = bytes < 9,
                       .addr = 800,
                       .stride = 208,
                       .pstride = 104,
                       .par_addr = 72,
                       .mask_addr = kL1 - 8});
      }
    }
  }
  for (const bool kn : {false, true}) {
    for (const unsigned bytes : {1U, 7U, 8U, 9U, 15U, 16U, 17U, 24U, 63U, 64U}) {
      for (const unsigned units : {1U, 2U, kUnits / 2, kUnits / 2 + 1, kUnits}) {
        l.w.push_back({.bank = units % 2 != 0,
                       .kn = kn,
                       .bytes = bytes,
                       .units = units,
                       .addr = 64,
                       .stride = 72});
        if (bytes <= 32 && !kn) {
          l.w.push_back({.bank = bytes % 2 != 0,
                         .split = true,
                         .bytes = bytes,
                         .units = units,
                         .addr = 64,
                         .stride = 72});
        }
      }
    }
    l.w.push_back({.claim = true, .bank = kn});
  }
  for (const unsigned more : {0U, 1U, 8U, 9U, 63U, 64U}) {
    for (const unsigned units : {2U, kUnits / 2, kUnits}) {
      l.w.push_back({.bank = units == 2,
                     .dual = true,
                     .more = more,
                     .units = units,
                     .addr = 64,
                     .stride = 136});
      if (more > 0) l.x.push_back({.rows = 2 * units, .more = more, .addr = 72, .stride = 144});
    }
  }
  for (int n = 0; !l.done(); ++n) {
    REQUIRE(n < 20000);
    random_release(l, 100);
    l.cycle();
  }
}

TEST_CASE("attn_load: random commands, refusals, slow consumers") {
  for (int run = 0; run < 10; ++run) {
    Loads l("load random " + std::to_string(run));
    auto& r = l.b.random;
    l.b.refuse = tb::chance(r, 40) ? 0 : tb::uniform(r, 1U, 70U);
    const unsigned percent = tb::chance(r, 40) ? 100 : tb::uniform(r, 5U, 90U);
    for (int n = 0; n < 40; ++n) {
      if (run != 1) l.x.push_back(random_x(r));
      if (run != 2) l.w.push_back(random_w(r));
    }
    for (int n = 0; !l.done(); ++n) {
      REQUIRE(n < 60000);
      random_release(l, percent);
      l.cycle();
    }
    if (run == 3) {  // nothing moves while there is no place
      for (int n = 0; n < 3; ++n) l.x.push_back({.rows = 64, .addr = 64});
      for (int n = 0; n < 300; ++n) l.cycle();
      REQUIRE(std::count(l.ring.begin(), l.ring.end(), true) == attn::kXRows);
    }
  }
}

TEST_CASE("attn_load: clear in the middle, then as after reset") {
  Loads l("load clear");
  auto& r = l.b.random;
  for (int run = 0; run < 60; ++run) {
    l.b.refuse = tb::uniform(r, 0U, 60U);
    for (int n = 0; n < 6; ++n) {
      l.x.push_back(random_x(r));
      l.w.push_back(random_w(r));
    }
    const int length = tb::uniform(r, 1, 200);
    for (int n = 0; n < length; ++n) {
      random_release(l, 80);
      l.cycle();
    }
    l.b.quiet();
    l.b.dut->clear_i = 1;
    l.b.settle();
    l.b.tick();
    l.b.dut->clear_i = 0;
    l.b.settle();
    REQUIRE(l.b.dut->idle_o == 15);
    l.forget();
  }
}

TEST_CASE("attn_load: a matrix of weights for one row, slice by slice") {
  for (const unsigned refuse : {0U, 10U}) {
    Loads l("load gemv");
    l.b.refuse = refuse;
    constexpr unsigned kCommands = 200;
    for (unsigned n = 0; n < kCommands; ++n) {
      l.w.push_back({.bank = n % 2 != 0,
                     .addr = (n / 8 * kUnits * 512 + n % 8 * 64) % (kL1 / 2),
                     .stride = 512});
    }
    std::deque<unsigned> later;  // banks on their way through array and sequencer
    for (int n = 0; !l.done(); ++n) {
      REQUIRE(n < 20000);
      // Written in the cycle after the last bytes came, used in the next, free in the one behind.
      l.free_banks = later.empty() ? 0 : later.front();
      if (!later.empty()) later.pop_front();
      l.cycle();
      later.push_back(l.loaded);
      while (later.size() < 3) later.push_front(0);
    }
    const double rate = 8.0 * kCommands * kUnits / static_cast<double>(l.cycles);
    std::cout << "attn_load " << oct::config::kName << ", GEMV, " << refuse
              << " % refused: " << rate << " words/cycle\n";
    if (kUnits == 16) REQUIRE(rate > (refuse == 0 ? 15.5 : 11.0));
    REQUIRE(rate > (refuse == 0 ? 0.6 : 0.4) * 8 * kHalves);
  }
}

TEST_CASE("attn_load: slots of a matrix product, 32 rows, two column groups") {
  for (const unsigned refuse : {0U, 10U}) {
    Loads l("load gemm");
    l.b.refuse = refuse;
    constexpr unsigned kRows = 32, kSlots = 80;
    for (unsigned n = 0; n < kSlots; ++n) {
      if (n % 2 == 0) l.x.push_back({.rows = kRows, .addr = n / 2 % 8 * 64, .stride = 512});
      l.w.push_back({.bank = n % 2 != 0,
                     .addr = kL1 / 2 + n / 2 % 8 * 64 + (n % 2) * kUnits * 512,
                     .stride = 512});
    }
    unsigned slot = 0, step = 0, banks = 0;
    std::uint64_t begin = 0;
    for (int n = 0; slot < kSlots; ++n) {
      REQUIRE(n < 20000);
      // One step a cycle when bank and row are there; the second group frees the rows.
      const unsigned row = (l.tail + (slot % 2 == 0 ? step : 0)) % attn::kXRows;
      if (((banks >> (slot % 2)) & 1) != 0 && l.ring[row]) {
        if (slot == 2 && step == 0) begin = l.cycles;
        if (slot % 2 == 1) l.free_rows = 1;
        if (++step == kRows) {
          step = 0;
          l.free_banks = 1U << slot % 2;
          banks &= ~l.free_banks;
          ++slot;
        }
      }
      l.cycle();
      banks |= l.loaded;
    }
    const double use = 100.0 * kRows * (kSlots - 2) / static_cast<double>(l.cycles - begin);
    std::cout << "attn_load " << oct::config::kName << ", GEMM, " << refuse << " % refused: " << use
              << " % of all cycles compute\n";
    REQUIRE(use > (refuse == 0 ? 99.0 : 97.0));
  }
}
