// SPDX-License-Identifier: Apache-2.0
// L1, corner cases written out. Random traffic and statistics: oct_tcdm_traffic_test.cpp.
#include <catch2/catch.hpp>
#include <set>

#include "tcdm_bench.hpp"

using namespace tcdm;

namespace {

void engine_write(Tcdm& t, int port, std::uint32_t w, std::uint64_t data, unsigned be = 255) {
  t.word[port] = {.valid = true, .we = true, .word = w, .be = be, .wdata = data};
  for (int i = 0; t.word[port].valid; ++i) {
    t.expect(i < kBound, "engine write");
    t.cycle();
  }
}

void dma_write(Tcdm& t, std::uint32_t line, std::uint64_t value, unsigned mask = 255) {
  t.line[0] = {.mask = mask, .line = line};
  t.line[0].data.fill(value);
  for (int i = 0; t.line[0].mask != 0; ++i) {
    t.expect(i < kBound, "DMA write");
    t.cycle();
  }
}

const std::vector<std::uint32_t> kCorners = {0,          1,          2,          0x7fffffff,
                                             0x80000000, 0x80000001, 0xffffffff, 0xfffffffe,
                                             0x55555555, 0xaaaaaaaa, 0x0000ffff};

}  // namespace

TEST_CASE("tcdm: every class writes what every class reads in the cycle after") {
  Tcdm t;
  const std::uint32_t w = 8 * 5 + 3;
  for (int writer = 0; writer < 4; ++writer) {
    for (int reader = 0; reader < 3; ++reader) {
      const std::uint64_t value = 0x1122334455667788ULL * (writer + 1) + reader;
      if (writer == 0)
        t.narrow[0] = {
            .valid = true, .we = true, .addr = 8 * w, .wdata = static_cast<std::uint32_t>(value)};
      if (writer == 1)
        t.narrow[kHost] = {
            .valid = true, .we = true, .addr = 8 * w, .wdata = static_cast<std::uint32_t>(value)};
      if (writer == 2) t.word[kWord - 1] = {.valid = true, .we = true, .word = w, .wdata = value};
      if (writer == 3) {
        t.line[0] = {.mask = 255, .line = w / 8};
        t.line[0].data.fill(value);
      }
      t.cycle();
      REQUIRE((t.n_taken[0] || t.n_taken[kHost] || t.w_taken[kWord - 1] || t.l_taken[0] == 255));
      if (reader == 0) t.narrow[kCores - 1] = {.valid = true, .addr = 8 * w};
      if (reader == 1) t.word[0] = {.valid = true, .word = w};
      if (reader == 2) t.line[1] = {.mask = 255, .line = w / 8};
      t.cycle();
      if (reader == 0) REQUIRE(t.n_rdata[kCores - 1] == static_cast<std::uint32_t>(value));
      if (reader == 1)
        REQUIRE(static_cast<std::uint32_t>(t.w_rdata[0]) == static_cast<std::uint32_t>(value));
      if (reader == 2)
        REQUIRE(static_cast<std::uint32_t>(t.l_rdata[1][3]) == static_cast<std::uint32_t>(value));
    }
  }
}

TEST_CASE("tcdm: each word of L1 is a place of its own, and a line lies in one group of banks") {
  Tcdm t;
  for (std::uint32_t line = 0; line < kLines; ++line) {
    std::set<int> banks;
    for (std::uint32_t i = 0; i < 8; ++i) banks.insert(bank_of(8 * line + i));
    REQUIRE(banks.size() == 8);
    REQUIRE(*banks.rbegin() / 8 == *banks.begin() / 8);
    t.line[0] = {.mask = 255, .line = line};
    for (std::uint32_t i = 0; i < 8; ++i)
      t.line[0].data[i] = 0x9e3779b97f4a7c15ULL * (8 * line + i + 1);
    t.cycle();
    REQUIRE(t.l_taken[0] == 255);  // alone, a line takes one cycle
  }
  std::uint32_t next = 0;
  int cycles = 0;
  while (next < kWords ||
         std::any_of(t.word.begin(), t.word.end(), [](auto& w) { return w.valid; })) {
    for (auto& w : t.word) {
      if (!w.valid && next < kWords) w = {.valid = true, .word = next++};
    }
    t.cycle();
    REQUIRE(++cycles < static_cast<int>(kWords));
  }
}

TEST_CASE("tcdm: byte enables of each class") {
  Tcdm t;
  for (unsigned be = 0; be < 16; ++be) {
    for (std::uint32_t half = 0; half < 2; ++half) {
      t.access(1,
               {.we = true, .addr = 8 * 77 + 4 * half, .be = be, .wdata = 0xdeadbeef ^ (be << 8)});
      t.load(2, 8 * 77);
      t.load(2, 8 * 77 + 4);
    }
  }
  for (unsigned be = 0; be < 256; be += 5) {
    engine_write(t, 0, 77, 0x0123456789abcdefULL * (be + 1), be);
    t.load(2, 8 * 77);
    t.load(2, 8 * 77 + 4);
    t.line[0] = {.mask = be, .line = 9, .be = 0x8040201008040201ULL * (be + 1)};
    t.line[0].data.fill(0xfedcba9876543210ULL * (be + 3));
    t.cycle();
    REQUIRE(t.line[0].mask == 0);
    t.line[1] = {.mask = 255, .line = 9};
    t.cycle();
    REQUIRE(t.line[1].mask == 0);
  }
}

TEST_CASE("tcdm: every AMO on corner values, on every core") {
  Tcdm t;
  int core = 0;
  for (int op = Swap; op <= Maxu; ++op) {
    for (std::uint32_t a : kCorners) {
      for (std::uint32_t b : kCorners) {
        const std::uint32_t addr = 8 * 100 + 4 * (core & 1);
        t.store(core, addr, a);
        const auto start = t.dut.cycles();
        REQUIRE(t.atomic(core, static_cast<Amo>(op), addr, b) == a);
        REQUIRE(t.dut.cycles() - start == 3);  // read, old value, write and answer
        REQUIRE(t.load(kHost, addr) == amo(static_cast<Amo>(op), a, b));
        core = (core + 1) % kCores;
      }
    }
  }
}

TEST_CASE("tcdm: a port takes one access a cycle, and an AMO keeps only its bank, for two cycles") {
  Tcdm t;
  for (std::uint32_t i = 0; i < 32; ++i) {
    t.narrow[0] = {.valid = true, .we = (i & 1) != 0, .addr = 4 * i, .wdata = i};
    t.cycle();
    REQUIRE(t.n_taken[0]);
  }
  const std::uint32_t other = bank_of(0) == bank_of(9) ? 10 : 9;
  t.narrow[0] = {.valid = true, .we = true, .addr = 0, .wdata = 1, .amo = Add};
  t.cycle();
  for (int i = 0; i < 2; ++i) {
    t.word[0] = {.valid = true, .word = 0};
    t.word[1] = {.valid = true, .word = other};
    t.cycle();
    REQUIRE(!t.w_taken[0]);
    REQUIRE(t.w_taken[1]);
  }
  REQUIRE(t.n_taken[0]);
  t.cycle();
  REQUIRE(t.w_taken[0]);
}

TEST_CASE("tcdm: LR/SC") {
  Tcdm t;
  const std::uint32_t a = 8 * 200;
  t.store(0, a, 7);
  SECTION("succeeds once") {
    REQUIRE(t.atomic(0, Lr, a) == 7);
    REQUIRE(t.atomic(0, Sc, a, 8) == 0);
    REQUIRE(t.load(1, a) == 8);
    REQUIRE(t.atomic(0, Sc, a, 9) == 1);
    REQUIRE(t.load(1, a) == 8);
  }
  SECTION("fails without a reservation") { REQUIRE(t.atomic(0, Sc, a, 8) == 1); }
  SECTION("a failed SC ends the reservation") {
    t.atomic(0, Lr, a);
    REQUIRE(t.atomic(0, Sc, a + 8, 8) == 1);
    REQUIRE(t.atomic(0, Sc, a, 8) == 1);
  }
  SECTION("a new LR moves the reservation") {
    t.atomic(0, Lr, a);
    t.atomic(0, Lr, a + 64);
    REQUIRE(t.atomic(0, Sc, a, 8) == 1);
    t.atomic(0, Lr, a);
    t.atomic(0, Lr, a + 64);
    REQUIRE(t.atomic(0, Sc, a + 64, 8) == 0);
  }
  SECTION("what other masters write into the word ends it") {
    const int by = GENERATE(range(0, 9));
    for (std::uint32_t half = 0; half < 8; half += 4) {
      t.atomic(0, Lr, a);
      t.atomic(1, Lr, a);
      switch (by) {
        case 0:
          t.store(1, a + half, 1);
          break;
        case 1:
          t.store(kCores - 1, a + half, 1);
          break;
        case 2:
          t.store(kHost, a + half, 1);
          break;
        case 3:
          t.atomic(1, Add, a + half, 1);
          break;
        case 4:
          t.atomic(1, Lr, a);
          REQUIRE(t.atomic(1, Sc, a, 1) == 0);
          break;
        case 5:
          engine_write(t, 0, a / 8, 1);
          break;
        case 6:
          engine_write(t, kWord - 1, a / 8, 1, 0x80);
          break;
        case 7:
          dma_write(t, a / 64, 1);
          break;
        case 8:
          dma_write(t, a / 64, 1, 1U << (a / 8 % 8));
          break;
      }
      REQUIRE(!t.reserved(0));
      REQUIRE(t.atomic(0, Sc, a, 8) == 1);
    }
  }
  SECTION("nothing else does") {
    const int by = GENERATE(range(0, 9));
    t.atomic(0, Lr, a);
    switch (by) {
      case 0:
        t.store(0, a, 1);
        break;  // its own store
      case 1:
        t.store(1, a + 8, 1);
        break;
      case 2:
        t.load(1, a);
        break;
      case 3:
        t.atomic(1, Lr, a);
        break;
      case 4:
        REQUIRE(t.atomic(1, Sc, a, 1) == 1);
        break;
      case 5:
        engine_write(t, 0, a / 8 + 8, 1);
        break;
      case 6:
        dma_write(t, a / 64, 1, 0xff & ~(1U << (a / 8 % 8)));
        break;
      case 7:
        dma_write(t, a / 64 + 1, 1);
        break;
      case 8:
        t.store(1, a ^ (cfg::kL1Bytes / 2), 1);
        break;
    }
    REQUIRE(t.atomic(0, Sc, a, 8) == 0);
    REQUIRE(t.load(3 % kCores, a) == 8);
  }
  SECTION("a write between the SC's first look and its grant ends it") {
    t.atomic(0, Lr, a);
    t.narrow[0] = {.valid = true, .we = true, .addr = a, .wdata = 5, .amo = Sc};
    t.cycle();
    REQUIRE(!t.n_taken[0]);
    t.line[0] = {.mask = 255, .line = a / 64};  // lines go first
    t.line[0].data.fill(77);
    t.cycle();
    REQUIRE(!t.n_taken[0]);
    t.cycle();
    REQUIRE(t.n_taken[0]);
    REQUIRE(t.n_rdata[0] == 1);
    REQUIRE(t.load(0, a) == 77);
  }
}

TEST_CASE("tcdm: the host has no atomics") {
  Tcdm t;
  t.store(kHost, 64, 3);
  t.access(kHost, {.we = true, .addr = 64, .wdata = 4, .amo = Add});
  REQUIRE(t.load(kHost, 64) == 4);  // a plain store
}

TEST_CASE("tcdm: clear refuses everything, lets answers out, drops atomics and reservations") {
  Tcdm t;
  t.store(0, 800, 5);
  t.atomic(1, Lr, 808);
  t.narrow[0] = {.valid = true, .we = true, .addr = 800, .wdata = 1, .amo = Add};
  t.narrow[1] = {.valid = true, .addr = 1600};
  t.word[0] = {.valid = true, .word = 300};
  t.line[1] = {.mask = 255, .line = 3};
  t.cycle();
  REQUIRE(t.n_taken[1]);
  REQUIRE(!t.dut->idle_o);
  t.clear = true;
  for (int i = 0; i < 3; ++i) {
    t.narrow[2] = {.valid = true, .we = true, .addr = 808, .wdata = 1};
    t.word[1] = {.valid = true, .we = true, .word = 301};
    t.line[0] = {.mask = 255, .line = 4};
    t.cycle();
    REQUIRE((!t.n_taken[0] && !t.n_taken[2] && !t.w_taken[1] && t.l_taken[0] == 0));
    REQUIRE(t.dut->idle_o);
  }
  for (auto& r : t.narrow) r.valid = false;
  for (auto& r : t.word) r.valid = false;
  t.line[0].mask = t.line[1].mask = 0;
  t.cycle();
  t.clear = false;
  t.cycle();
  REQUIRE(t.load(0, 800) == 5);           // the AMO did not happen
  REQUIRE(t.atomic(1, Sc, 808, 1) == 1);  // the reservation is gone
  REQUIRE(t.load(0, 808) == t.load(1, 808));
  t.narrow[0] = {.valid = true, .we = true, .addr = 800, .wdata = 1, .amo = Add};
  t.cycle();
  t.clear = true;  // in the middle of an AMO whose core waits on
  t.cycle();
  t.cycle();
  t.clear = false;
  for (int i = 0; i < 3; ++i) t.cycle();
  REQUIRE(t.n_taken[0]);
  REQUIRE(t.load(0, 800) == 6);
}

TEST_CASE("tcdm: a core that is held in the middle of an atomic leaves nothing behind") {
  Tcdm t;
  const std::uint32_t a = 8 * 40;
  for (const Amo op : {Add, Sc}) {
    for (int cycles = 1; cycles <= 3; ++cycles) {
      t.store(0, a, 5);
      if (op == Sc) t.atomic(0, Lr, a);
      t.narrow[0] = {.valid = true, .we = true, .addr = a, .wdata = 1, .amo = op};
      for (int i = 0; i < cycles; ++i) {
        // A line keeps the store-conditional from its bank, so that it is still waiting at the end.
        if (op == Sc && i > 0) t.line[1] = {.mask = 255, .line = a / 64};
        t.cycle();
      }
      if (t.n_taken[0]) continue;
      t.narrow[0] = {};
      t.cycle();
      // Its own port first: a plain access must not be taken for what was withdrawn. Its line lies
      // in another group of banks on every machine, away from the line that stands.
      t.narrow[0] = {.valid = true, .addr = a - 64};
      t.cycle();
      REQUIRE(t.n_taken[0]);
      t.cycle();
      REQUIRE(t.dut->idle_o);
      t.narrow[1] = {.valid = true, .we = true, .addr = a, .wdata = 9};
      t.cycle();
      REQUIRE(t.n_taken[1]);
      REQUIRE(t.load(2 % kCores, a) == 9);
      REQUIRE(t.atomic(0, Add, a, 1) == 9);
    }
  }
  auto random = tb::rng("withdrawn atomics");
  const auto below = [&](int n) { return static_cast<int>(random() % n); };
  for (int n = 0; n < 2000; ++n) {
    const int core = below(kCores);
    const auto addr = a + 4 * below(4);
    t.narrow[core] = {};  // what it began as a rival
    t.cycle();
    t.narrow[core] = {.valid = true,
                      .we = true,
                      .addr = addr,
                      .wdata = static_cast<std::uint32_t>(random()),
                      .amo = static_cast<Amo>(Sc + below(Maxu - Sc + 1))};
    const int rival = (core + 1) % kCores;
    if (!t.narrow[rival].valid)
      t.narrow[rival] = {.valid = true, .we = true, .addr = addr, .wdata = 3, .amo = Add};
    for (int i = below(5); i > 0 && t.narrow[core].valid; --i) t.cycle();
    t.narrow[core] = {};
    t.cycle();
    t.load(core, addr);
  }
}
