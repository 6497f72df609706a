// SPDX-License-Identifier: Apache-2.0
// An AXI4 manager in C++ with the memory model and the checker at its wires.
#pragma once

#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <deque>
#include <vector>

#include "axi_wires.hpp"
#include "harness/axi_checker.hpp"
#include "harness/axi_memory.hpp"
#include "harness/seed.hpp"

namespace tb {

/// One beat as the manager saw it.
struct Beat {
  std::uint64_t cycle;
  unsigned id, resp, last;
  std::array<std::uint8_t, 64> data;
};

/// A manager that sends what is in its queues as fast as it can.
struct Manager {
  explicit Manager(const AxiMemoryConfig& config) : mem(config), pins(bind_axi(w)) {}

  struct Ax {
    unsigned id;
    std::uint32_t addr;
    unsigned len, size;
  };
  struct W {
    std::array<std::uint8_t, 64> data;
    std::uint64_t strb;
    bool last;
  };

  AxiWires w;
  AxiMemory mem;
  AxiPins pins;
  AxiChecker checker;
  std::deque<Ax> ar, aw;
  std::deque<W> wq;
  std::vector<Beat> r, b;
  std::vector<std::uint64_t> ar_taken, w_taken;
  unsigned ready_percent = 100;
  std::mt19937_64 random = rng("axi manager");
  std::uint64_t cycle = 0;

  void tick() {
    w.m_axi_mem_arvalid = !ar.empty();
    if (!ar.empty()) {
      w.m_axi_mem_arid = static_cast<std::uint8_t>(ar[0].id), w.m_axi_mem_araddr = ar[0].addr;
      w.m_axi_mem_arlen = static_cast<std::uint8_t>(ar[0].len);
      w.m_axi_mem_arsize = static_cast<std::uint8_t>(ar[0].size);
    }
    w.m_axi_mem_awvalid = !aw.empty();
    if (!aw.empty()) {
      w.m_axi_mem_awid = static_cast<std::uint8_t>(aw[0].id), w.m_axi_mem_awaddr = aw[0].addr;
      w.m_axi_mem_awlen = static_cast<std::uint8_t>(aw[0].len);
      w.m_axi_mem_awsize = static_cast<std::uint8_t>(aw[0].size);
    }
    w.m_axi_mem_wvalid = !wq.empty();
    if (!wq.empty()) {
      std::memcpy(w.m_axi_mem_wdata.data(), wq[0].data.data(), 64);
      w.m_axi_mem_wstrb = wq[0].strb, w.m_axi_mem_wlast = wq[0].last;
    }
    w.m_axi_mem_rready = chance(random, ready_percent);
    w.m_axi_mem_bready = chance(random, ready_percent);
    mem.step(pins);
    checker.check(pins);
    if (w.m_axi_mem_arvalid && w.m_axi_mem_arready) ar.pop_front(), ar_taken.push_back(cycle);
    if (w.m_axi_mem_awvalid && w.m_axi_mem_awready) aw.pop_front();
    if (w.m_axi_mem_wvalid && w.m_axi_mem_wready) wq.pop_front(), w_taken.push_back(cycle);
    if (w.m_axi_mem_rvalid && w.m_axi_mem_rready) {
      Beat beat{cycle, w.m_axi_mem_rid, w.m_axi_mem_rresp, w.m_axi_mem_rlast, {}};
      std::memcpy(beat.data.data(), w.m_axi_mem_rdata.data(), 64);
      r.push_back(beat);
    }
    if (w.m_axi_mem_bvalid && w.m_axi_mem_bready) {
      b.push_back({cycle, w.m_axi_mem_bid, w.m_axi_mem_bresp, 1, {}});
    }
    ++cycle;
  }
  void run(unsigned cycles) {
    for (unsigned i = 0; i < cycles; ++i) tick();
  }
  void wait(std::size_t reads, std::size_t writes, unsigned limit = 200'000) {
    for (unsigned i = 0; i < limit; ++i) {
      if (r.size() >= reads && b.size() >= writes) return;
      tick();
    }
    FAIL("axi manager: " << r.size() << "/" << reads << " beats, " << b.size() << "/" << writes
                         << " responses within " << limit << " cycles");
  }
};

}  // namespace tb
