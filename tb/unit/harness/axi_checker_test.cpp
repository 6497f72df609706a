// SPDX-License-Identifier: Apache-2.0
// Every rule of the checkers is broken once on purpose.
#include "harness/axi_checker.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "axi_wires.hpp"

namespace {

/// Wires with a checker; valid traffic by default.
struct Bus {
  tb::AxiWires w;
  tb::AxiPins pins = tb::bind_axi(w);
  tb::AxiChecker checker;

  void check() { checker.check(pins); }
  void ar(unsigned id, std::uint32_t addr, unsigned len, unsigned size = 6, bool ready = true) {
    w.m_axi_mem_arvalid = 1, w.m_axi_mem_arready = ready;
    w.m_axi_mem_arid = std::uint8_t(id), w.m_axi_mem_araddr = addr;
    w.m_axi_mem_arlen = std::uint8_t(len), w.m_axi_mem_arsize = std::uint8_t(size);
    check();
    w.m_axi_mem_arvalid = !ready;
  }
  void aw(unsigned id, std::uint32_t addr, unsigned len, unsigned size = 6, bool ready = true) {
    w.m_axi_mem_awvalid = 1, w.m_axi_mem_awready = ready;
    w.m_axi_mem_awid = std::uint8_t(id), w.m_axi_mem_awaddr = addr;
    w.m_axi_mem_awlen = std::uint8_t(len), w.m_axi_mem_awsize = std::uint8_t(size);
    check();
    w.m_axi_mem_awvalid = !ready;
  }
  void wbeat(bool last, std::uint64_t strb = ~0ULL, bool ready = true) {
    w.m_axi_mem_wvalid = 1, w.m_axi_mem_wready = ready;
    w.m_axi_mem_wlast = last, w.m_axi_mem_wstrb = strb;
    check();
    w.m_axi_mem_wvalid = !ready;
  }
  void r(unsigned id, bool last, bool ready = true) {
    w.m_axi_mem_rvalid = 1, w.m_axi_mem_rready = ready;
    w.m_axi_mem_rid = std::uint8_t(id), w.m_axi_mem_rlast = last;
    check();
    w.m_axi_mem_rvalid = !ready;
  }
  void b(unsigned id, bool ready = true) {
    w.m_axi_mem_bvalid = 1, w.m_axi_mem_bready = ready, w.m_axi_mem_bid = std::uint8_t(id);
    check();
    w.m_axi_mem_bvalid = !ready;
  }
};

TEST_CASE("AXI checker: legal traffic passes") {
  Bus bus;
  bus.ar(1, 0x8000'0fc0, 0);
  bus.ar(2, 0x8000'0e40, 6);
  bus.ar(1, 0x8000'0011, 3, 0, false);
  bus.ar(1, 0x8000'0011, 3, 0);
  bus.r(2, false);
  bus.r(1, true, false);
  bus.r(1, true);
  for (int i = 0; i < 3; ++i) bus.r(1, false);
  bus.r(1, true);
  for (int i = 0; i < 6; ++i) bus.r(2, i == 5);
  bus.wbeat(false);  // data before their address
  bus.aw(3, 0x8000'0f80, 1, 6, false);
  bus.aw(3, 0x8000'0f80, 1);
  bus.wbeat(true, 1, false);
  bus.wbeat(true, 1);
  bus.b(3, false);
  bus.b(3);
  bus.check();
  CHECK(bus.checker.reads() == 3);
  CHECK(bus.checker.writes() == 1);
  CHECK_NOTHROW(bus.checker.expect_idle());
}

TEST_CASE("AXI checker: each broken rule is named") {
  struct Case {
    const char* message;
    std::function<void(Bus&)> run;
  };
  const Case cases[] = {
      {"AR changed", [](Bus& b) { b.ar(0, 0, 0, 6, false), b.ar(0, 64, 0); }},
      {"ARVALID fell",
       [](Bus& b) { b.ar(0, 0, 0, 6, false), b.w.m_axi_mem_arvalid = 0, b.check(); }},
      {"AR 0x00000fc0 id 0 len 1 size 6: crosses a 4 KiB", [](Bus& b) { b.ar(0, 0xfc0, 1); }},
      {"transfers wider", [](Bus& b) { b.ar(0, 0, 0, 7); }},
      {"only INCR", [](Bus& b) { b.w.m_axi_mem_arburst = 2, b.ar(0, 0, 0); }},
      {"R with id 1 without", [](Bus& b) { b.ar(0, 0, 0), b.r(1, true); }},
      {"RLAST too early", [](Bus& b) { b.ar(0, 0, 1), b.r(0, true); }},
      {"RLAST missing", [](Bus& b) { b.ar(0, 0, 0), b.r(0, false); }},
      {"R changed",
       [](Bus& b) {
         b.ar(0, 0, 0), b.r(0, true, false);
         b.w.m_axi_mem_rdata[3] ^= 1, b.check();
       }},
      {"RVALID fell",
       [](Bus& b) { b.ar(0, 0, 0), b.r(0, true, false), b.w.m_axi_mem_rvalid = 0, b.check(); }},
      {"AW changed", [](Bus& b) { b.aw(0, 0, 0, 6, false), b.aw(1, 0, 0); }},
      {"AWVALID fell",
       [](Bus& b) { b.aw(0, 0, 0, 6, false), b.w.m_axi_mem_awvalid = 0, b.check(); }},
      {"AW 0x00000800 id 0 len 255 size 6: crosses", [](Bus& b) { b.aw(0, 0x800, 255); }},
      {"W changed",
       [](Bus& b) {
         b.wbeat(true, ~0ULL, false);
         b.w.m_axi_mem_wdata[9] ^= 1, b.check();
       }},
      {"WVALID fell", [](Bus& b) { b.wbeat(true, 1, false), b.w.m_axi_mem_wvalid = 0, b.check(); }},
      {"WLAST too early", [](Bus& b) { b.aw(0, 0, 1), b.wbeat(true); }},
      {"WLAST missing", [](Bus& b) { b.aw(0, 0, 1), b.wbeat(false), b.wbeat(false); }},
      {"strobes outside", [](Bus& b) { b.aw(0, 0x44, 0, 2), b.wbeat(true, 0x1f); }},
      {"B with id 0 without", [](Bus& b) { b.aw(0, 0, 1), b.wbeat(false), b.b(0); }},
      {"B with id 0 without", [](Bus& b) { b.aw(0, 0, 0), b.wbeat(true), b.b(0), b.b(0); }},
      {"B changed", [](Bus& b) { b.aw(0, 0, 0), b.wbeat(true), b.b(0, false), b.b(2); }},
      {"BVALID fell",
       [](Bus& b) {
         b.aw(0, 0, 0), b.wbeat(true), b.b(0, false);
         b.w.m_axi_mem_bvalid = 0, b.check();
       }},
      {"1 bursts under way", [](Bus& b) { b.ar(0, 0, 0), b.checker.expect_idle(); }},
  };
  for (const Case& c : cases) {
    Bus bus;
    INFO(c.message);
    CHECK_THROWS_WITH(c.run(bus),
                      Catch::Contains(c.message) && Catch::Contains("m_axi_mem, cycle"));
  }
}

}  // namespace
