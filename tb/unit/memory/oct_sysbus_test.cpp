// SPDX-License-Identifier: Apache-2.0
// oct_sysbus with oct_l2_bridge: every answer against a byte-exact reference, widths and lanes at
// the AXI pins, fairness, errors, clear with the host served on.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <deque>
#include <map>
#include <optional>

#include "Vtb_sysbus.h"
#include "harness/axi_checker.hpp"
#include "harness/axi_memory.hpp"
#include "harness/clocked.hpp"
#include "oct_config.hpp"

namespace {

namespace config = oct::config;
constexpr unsigned kMasters = config::kNumCores + 1;
constexpr unsigned kHost = config::kNumCores;

enum Kind { kReg, kLoad, kStore, kHole };

struct Access {
  Kind kind = kReg;
  std::uint32_t addr = 0, wdata = 0;
  unsigned we = 0, be = 15;
  std::uint32_t expect = 0;  // loads and register reads
  bool err = false;
};

struct Bench {
  explicit Bench(tb::AxiMemoryConfig config = {.read_latency = 10, .write_latency = 10})
      : mem(config), pins(tb::bind_axi(dut.model())) {
    for (std::uint32_t b = 0; b < kMasters * 256; ++b) {
      mem.store<std::uint8_t>(config::kL2Base + b, l2[b] = static_cast<std::uint8_t>(b * 37));
    }
    dut->clear_i = 0;
    dut->valid_i = 0;
    dut->we_i = 0;
    dut->be_i = 0;
    for (int i = 0; i < 16; ++i) dut->addr_i[i] = dut->wdata_i[i] = 0;
    dut->reg_ready_i = dut->reg_answer_i = dut->reg_err_i = 0;
    dut->reg_rdata_i = 0;
    mem.drive(pins);
    dut.reset();
  }

  bool offer(unsigned m, const Access& a) {
    if (shown[m]) return false;
    shown[m] = a;
    return true;
  }

  void cycle() {
    unsigned valid = 0, we = 0;
    std::uint64_t be = 0;
    for (unsigned m = 0; m < kMasters; ++m) {
      if (!shown[m]) continue;
      valid |= 1U << m;
      we |= shown[m]->we << m;
      be |= std::uint64_t{shown[m]->be} << 4 * m;
      dut->addr_i[m] = shown[m]->addr;
      dut->wdata_i[m] = shown[m]->wdata;
    }
    dut->valid_i = static_cast<SData>(valid);
    dut->we_i = static_cast<SData>(we);
    dut->be_i = be;
    // Register port: one access at a time, answered after reg_delay cycles.
    dut->reg_ready_i = reg_ready && !reg_busy;
    const bool answer = reg_busy && reg_left == 0;
    dut->reg_answer_i = answer;
    dut->reg_err_i = answer && reg_err;
    dut->reg_rdata_i = answer ? reg_data : 0xdeadbeef;
    mem.drive(pins);
    dut.eval();
    checker.check(pins);
    mem.sample(pins);
    if (answer) {
      reg_busy = false;
    } else if (reg_busy) {
      --reg_left;
    }
    if (dut->reg_valid_o && dut->reg_ready_i) {
      reg_busy = true;
      reg_left = reg_delay;
      reg_err = (dut->reg_addr_o & 0xffff) == 0xfff0;
      std::uint32_t& word = registers[dut->reg_addr_o];
      reg_data = word;
      for (unsigned i = 0; i < 4; ++i) {
        const std::uint32_t mask = 0xffU << 8 * i;
        if (dut->reg_we_o && (dut->reg_be_o >> i & 1)) {
          word = (word & ~mask) | (dut->reg_wdata_o & mask);
        }
      }
      ++reg_accesses;
    }
    for (unsigned m = 0; m < kMasters; ++m) {
      if (shown[m] && (dut->ready_o >> m & 1)) {
        due[m].push_back(*shown[m]);
        shown[m].reset();
      }
      if (!(dut->answer_o >> m & 1)) continue;
      if (due[m].empty())
        throw std::runtime_error("answer nobody waits for, master " + std::to_string(m));
      const Access& a = due[m].front();
      if (static_cast<bool>(dut->err_o >> m & 1) != a.err)
        throw std::runtime_error("error flag wrong");
      if (!a.err && !a.we) {
        for (unsigned i = 0; i < 4; ++i) {
          const std::uint32_t mask = 0xffU << 8 * i;
          if ((a.be >> i & 1) && ((dut->rdata_o[m] ^ a.expect) & mask)) {
            throw std::runtime_error("data wrong, master " + std::to_string(m));
          }
        }
      }
      ++answers[m];
      due[m].pop_front();
    }
    dut.tick();
  }

  void run(unsigned n) {
    for (unsigned i = 0; i < n; ++i) cycle();
  }
  bool quiet() const {
    for (unsigned m = 0; m < kMasters; ++m) {
      if (shown[m] || !due[m].empty()) return false;
    }
    return true;
  }
  void drain(unsigned limit = 2000) {
    for (unsigned i = 0; i < limit; ++i) {
      if (quiet()) return;
      cycle();
    }
    throw std::runtime_error("system bus: not drained within " + std::to_string(limit) + " cycles");
  }

  /// An access of master m in its own 256 bytes; the reference changes at once, as the master keeps
  /// the order by the demux's rule.
  Access make(unsigned m, Kind kind, std::uint32_t offset, unsigned be, std::uint32_t wdata) {
    Access a{.kind = kind, .wdata = wdata, .be = be};
    offset &= 0xfc;
    if (kind == kHole) {
      a.addr = 0x5000'0000 + offset;
      a.err = true;
      a.we = wdata & 1;
    } else if (kind == kReg) {
      a.addr = config::kRegBase + 256 * m + offset;
      a.we = wdata & 1;
      std::uint32_t& word = reg_model[a.addr];
      a.expect = word;
      for (unsigned i = 0; i < 4; ++i) {
        const std::uint32_t mask = 0xffU << 8 * i;
        if (a.we && (be >> i & 1)) word = (word & ~mask) | (wdata & mask);
      }
    } else {
      // The address points at the first byte accessed, as from a core.
      unsigned first = 0;
      while (first < 3 && !(be >> first & 1)) ++first;
      a.addr = config::kL2Base + 256 * m + offset + first;
      a.we = kind == kStore;
      std::memcpy(&a.expect, &l2[256 * m + offset], 4);
      for (unsigned i = 0; i < 4; ++i) {
        if (a.we && (be >> i & 1))
          l2[256 * m + offset + i] = static_cast<std::uint8_t>(wdata >> 8 * i);
      }
    }
    return a;
  }

  tb::Clocked<Vtb_sysbus> dut;
  tb::AxiMemory mem;
  tb::AxiPins pins;
  tb::AxiChecker checker;
  std::array<std::optional<Access>, kMasters> shown;
  std::array<std::deque<Access>, kMasters> due;
  std::array<unsigned, kMasters> answers{};
  std::array<std::uint8_t, kMasters * 256> l2{};
  std::map<std::uint32_t, std::uint32_t> registers, reg_model;
  bool reg_ready = true, reg_busy = false, reg_err = false;
  unsigned reg_left = 0, reg_delay = 0, reg_accesses = 0;
  std::uint32_t reg_data = 0;
};

constexpr std::array<unsigned, 7> kEnables{1, 2, 4, 8, 3, 12, 15};

}  // namespace

TEST_CASE("system bus: widths, addresses and lanes at the AXI pins") {
  Bench t;
  for (const unsigned be : kEnables) {
    for (std::uint32_t offset = 0; offset < 128; offset += 4) {
      CAPTURE(be, offset);
      const unsigned bytes = be == 15 ? 4 : be == 3 || be == 12 ? 2 : 1;
      t.offer(0, t.make(0, kStore, offset, be, 0x8899aabb + offset));
      unsigned seen = 0;
      for (int i = 0; i < 40 && !(t.quiet()); ++i) {
        t.cycle();
        if (t.dut->m_axi_mem_awvalid) {
          CHECK(1U << t.dut->m_axi_mem_awsize == bytes);
          CHECK(t.dut->m_axi_mem_awaddr % bytes == 0);
          CHECK(t.dut->m_axi_mem_awid == 1);
          ++seen;
        }
        if (t.dut->m_axi_mem_wvalid)
          CHECK(t.dut->m_axi_mem_wstrb == std::uint64_t{be} << (offset % 64));
      }
      CHECK(seen > 0);
      t.offer(0, t.make(0, kLoad, offset, be, 0));
      for (int i = 0; i < 40 && !(t.quiet()); ++i) {
        t.cycle();
        if (t.dut->m_axi_mem_arvalid) CHECK(1U << t.dut->m_axi_mem_arsize == bytes);
      }
      CHECK(t.quiet());
    }
  }
}

TEST_CASE("system bus: latency") {
  Bench t;
  t.mem.inject(0, 1, tb::AxiFault::kSlvErr);
  t.offer(3, t.make(3, kLoad, 0, 15, 0));
  t.cycle();
  CHECK(t.dut->m_axi_mem_arvalid == 0);
  t.cycle();
  CHECK(t.dut->m_axi_mem_arvalid == 1);
  t.drain();
  // A register access: taken 2 cycles after the request, answered 4 cycles after it.
  t.offer(3, t.make(3, kReg, 0, 15, 0));
  unsigned n = 0;
  while (t.answers[3] == 1 && n < 20) {
    t.cycle();
    ++n;
  }
  CHECK(n == 5);  // the answer is seen in the fifth cycle, the request in the first
}

TEST_CASE("system bus: registers are shared fairly") {
  Bench t;
  for (int i = 0; i < 3000; ++i) {
    for (unsigned m = 0; m < kMasters; ++m) t.offer(m, t.make(m, kReg, 4 * (i % 8), 15, 0));
    t.cycle();
  }
  const auto [least, most] = std::minmax_element(t.answers.begin(), t.answers.end());
  CHECK(*most - *least <= 1);
  CHECK(t.reg_accesses >= 3000 / 4);  // one access every four cycles at least
}

TEST_CASE("system bus: many accesses on their way, shared fairly") {
  Bench t({.read_latency = 50, .write_latency = 50});
  for (int i = 0; i < 3000; ++i) {
    for (unsigned m = 0; m + 1 < kMasters; ++m) {
      if (t.due[m].size() < 8) t.offer(m, t.make(m, m % 2 ? kLoad : kStore, 4 * (i % 60), 15, 77));
    }
    t.cycle();
  }
  unsigned total = 0;
  for (unsigned m = 0; m + 1 < kMasters; ++m) total += t.answers[m];
  CHECK(total > 3000 * 10 / 60);  // more than ten on their way at any time
  for (unsigned m = 3; m + 1 < kMasters; m += 2) CHECK(t.answers[m] + 8 >= t.answers[1]);
}

TEST_CASE("system bus: errors come back to the one who asked, and what is unmapped is refused") {
  Bench t;
  t.mem.inject(config::kL2Base + 256 * 2, 16, tb::AxiFault::kSlvErr);
  t.mem.inject(config::kL2Base + 256 * 2 + 16, 16, tb::AxiFault::kDecErr);
  for (const unsigned core : {1U, 2U}) {
    for (const std::uint32_t offset : {0U, 16U}) {
      for (const Kind kind : {kLoad, kStore}) {
        Access a = t.make(core, kind, offset, 15, 0x1234);
        a.err = core == 2;
        t.offer(core, a);
        t.drain();
      }
    }
  }
  const unsigned before = t.reg_accesses;
  t.offer(0, t.make(0, kHole, 0, 15, 0));
  t.offer(kHost, t.make(kHost, kHole, 4, 15, 1));
  t.drain();
  CHECK(t.reg_accesses == before);
  Access a{.addr = config::kRegBase + 0xfff0, .err = true};
  t.offer(0, a);
  t.drain();
  CHECK(t.reg_accesses == before + 1);
}

TEST_CASE("system bus: random traffic, clear at random moments") {
  for (int round = 0; round < 15; ++round) {
    auto random = tb::rng("sysbus " + std::to_string(round));
    Bench t({.read_latency = tb::uniform(random, 1U, 40U),
             .write_latency = tb::uniform(random, 1U, 40U),
             .reorder = tb::chance(random, 50),
             .stall_percent = tb::chance(random, 50) ? 40U : 0U,
             .seed = random()});
    const bool with_clear = round % 3 == 0;
    const unsigned busy = tb::uniform(random, 5U, 100U);
    CAPTURE(round, busy);
    for (int n = 0; n < 4000; ++n) {
      t.reg_delay = tb::uniform(random, 0U, 4U);
      t.reg_ready = tb::chance(random, 60);
      for (unsigned m = 0; m < kMasters; ++m) {
        if (t.shown[m] || t.due[m].size() >= 8 || !tb::chance(random, busy)) continue;
        // The demux's rule: another kind only when nothing is due.
        Kind kind = static_cast<Kind>(random() % (m == kHost ? 1 : 3));
        if (tb::chance(random, 3)) kind = kHole;
        if (!t.due[m].empty()) {
          const Kind now = t.due[m].front().kind == kHole ? kReg : t.due[m].front().kind;
          if ((kind == kHole ? kReg : kind) != now) continue;
        }
        t.offer(m, t.make(m, kind, static_cast<std::uint32_t>(random()), kEnables[random() % 7],
                          static_cast<std::uint32_t>(random())));
      }
      if (with_clear && tb::chance(random, 1)) {
        // What was taken is ended and answered, nothing more is taken; the host is served on.
        const unsigned host_before = t.answers[kHost];
        t.dut->clear_i = 1;
        std::array<bool, kMasters> held{};
        for (unsigned m = 0; m < kMasters; ++m) held[m] = t.shown[m].has_value();
        t.offer(kHost, t.make(kHost, kReg, 8, 15, 0));
        t.reg_ready = true;
        unsigned waited = 0;
        const auto owed = [&] {
          for (const auto& d : t.due) {
            if (!d.empty()) return true;
          }
          return t.shown[kHost].has_value();
        };
        t.cycle();
        while ((!t.dut->idle_o || owed()) && waited < 2000) {
          t.cycle();
          ++waited;
        }
        CHECK(waited < 2000);
        CHECK(t.answers[kHost] > host_before);
        for (unsigned m = 0; m < kHost; ++m) CHECK(t.shown[m].has_value() == held[m]);
        t.dut->clear_i = 0;
      }
      t.cycle();
    }
    t.reg_ready = true;
    t.drain(5000);
    t.run(3);
    CHECK(t.dut->idle_o == 1);
    for (unsigned b = 0; b < t.l2.size(); ++b) {
      if (t.mem.load<std::uint8_t>(config::kL2Base + b) != t.l2[b]) FAIL("L2 differs at " << b);
    }
    for (const auto& [addr, value] : t.reg_model) {
      if (t.registers[addr] != value) FAIL("register differs at " << addr);
    }
    for (unsigned m = 0; m < kMasters; ++m) CHECK(t.answers[m] > 5);
  }
}
