// SPDX-License-Identifier: Apache-2.0
// The host's AXI4-Lite driver and its checker against a subordinate in C++.
#include <array>
#include <catch2/catch.hpp>
#include <deque>
#include <numeric>
#include <vector>

#include "harness/axi_checker.hpp"
#include "harness/axil_driver.hpp"
#include "harness/seed.hpp"

namespace {

struct Wires {
  std::uint8_t s_axi_ctrl_awvalid = 0, s_axi_ctrl_wvalid = 0, s_axi_ctrl_bready = 0,
               s_axi_ctrl_arvalid = 0, s_axi_ctrl_rready = 0, s_axi_ctrl_awprot = 0,
               s_axi_ctrl_arprot = 0, s_axi_ctrl_wstrb = 0, s_axi_ctrl_awready = 0,
               s_axi_ctrl_wready = 0, s_axi_ctrl_bvalid = 0, s_axi_ctrl_bresp = 0,
               s_axi_ctrl_arready = 0, s_axi_ctrl_rvalid = 0, s_axi_ctrl_rresp = 0;
  std::uint32_t s_axi_ctrl_awaddr = 0, s_axi_ctrl_araddr = 0, s_axi_ctrl_wdata = 0,
                s_axi_ctrl_rdata = 0;
};

/// 1024 words; the last is not there (SLVERR). Ready and valid come at random.
struct Subordinate {
  Wires w;
  tb::AxilPins pins = tb::bind_axil(w);
  tb::AxilChecker checker;
  std::mt19937_64 random = tb::rng("axil subordinate");
  std::array<std::uint32_t, 1024> words{};
  std::deque<std::uint32_t> aw, data, ar;
  unsigned percent = 60;
  bool dead = false;
  std::uint64_t cycles = 0;

  void tick() {
    checker.check(pins);
    ++cycles;
    const bool awtaken = w.s_axi_ctrl_awvalid && w.s_axi_ctrl_awready;
    if (awtaken) aw.push_back(w.s_axi_ctrl_awaddr / 4);
    if (w.s_axi_ctrl_wvalid && w.s_axi_ctrl_wready) data.push_back(w.s_axi_ctrl_wdata);
    if (w.s_axi_ctrl_arvalid && w.s_axi_ctrl_arready) ar.push_back(w.s_axi_ctrl_araddr / 4);
    if (w.s_axi_ctrl_bvalid && w.s_axi_ctrl_bready) w.s_axi_ctrl_bvalid = 0;
    if (w.s_axi_ctrl_rvalid && w.s_axi_ctrl_rready) w.s_axi_ctrl_rvalid = 0;
    if (!w.s_axi_ctrl_bvalid && !aw.empty() && !data.empty() && tb::chance(random, percent)) {
      w.s_axi_ctrl_bresp = aw[0] == 1023 ? 2 : 0;
      if (aw[0] != 1023) words[aw[0]] = data[0];
      aw.pop_front(), data.pop_front();
      w.s_axi_ctrl_bvalid = 1;
    }
    if (!w.s_axi_ctrl_rvalid && !ar.empty() && tb::chance(random, percent)) {
      w.s_axi_ctrl_rresp = ar[0] == 1023 ? 2 : 0;
      w.s_axi_ctrl_rdata = words[ar[0]];
      ar.pop_front();
      w.s_axi_ctrl_rvalid = 1;
    }
    w.s_axi_ctrl_awready = !dead && tb::chance(random, percent);
    w.s_axi_ctrl_wready = !dead && tb::chance(random, percent);
    w.s_axi_ctrl_arready = !dead && tb::chance(random, percent);
  }
};

TEST_CASE("AXI4-Lite driver: words, blocks, errors, silence") {
  Subordinate sub;
  tb::AxilDriver host(sub.pins, [&] { sub.tick(); }, {}, 1000);
  host.write(0x10, 0xdead'beef);
  CHECK(host.read(0x10) == 0xdead'beef);
  std::vector<std::uint32_t> block(700), back(700);
  std::iota(block.begin(), block.end(), 0x1234'5000);
  host.write_words(0x100, block);
  host.read_words(0x100, back);
  CHECK(back == block);
  CHECK(host.read(0x100 + 4 * 699) == block[699]);
  CHECK_THROWS_WITH(host.read(0xffc), "s_axi_ctrl: read of 0x000ffc: SLVERR");
  CHECK_THROWS_WITH(host.write(0xffc, 1), "s_axi_ctrl: write of 0x000ffc: SLVERR");
  CHECK_THROWS_WITH(host.write_words(0xff0, std::span(block).first(4)),
                    "s_axi_ctrl: write of 0x000ffc: SLVERR");
  CHECK(host.read(0xff8) == block[2]);
  sub.dead = true;
  sub.tick();
  CHECK_THROWS_WITH(host.read(0x20), Catch::Contains("no answer within 1000 cycles"));
}

TEST_CASE("AXI4-Lite driver: blocks keep one word a cycle") {
  Subordinate sub;
  sub.percent = 100;
  tb::AxilDriver host(sub.pins, [&] { sub.tick(); });
  std::vector<std::uint32_t> block(512);
  host.write_words(0, block);
  CHECK(sub.cycles < 530);
}

TEST_CASE("AXI4-Lite checker: each broken rule is named") {
  const auto expect = [](const char* message, auto run) {
    Subordinate sub;
    INFO(message);
    CHECK_THROWS_WITH(run(sub.w, [&] { sub.checker.check(sub.pins); }), Catch::Contains(message));
  };
  expect("B without a complete write", [](Wires& w, auto check) {
    w.s_axi_ctrl_awvalid = w.s_axi_ctrl_awready = 1, check();
    w.s_axi_ctrl_awvalid = 0, w.s_axi_ctrl_bvalid = 1, check();
  });
  expect("R without a request", [](Wires& w, auto check) { w.s_axi_ctrl_rvalid = 1, check(); });
  expect("RVALID fell", [](Wires& w, auto check) {
    w.s_axi_ctrl_arvalid = w.s_axi_ctrl_arready = 1, check();
    w.s_axi_ctrl_arvalid = 0, w.s_axi_ctrl_rvalid = 1, check();
    w.s_axi_ctrl_rvalid = 0, check();
  });
  expect("R changed", [](Wires& w, auto check) {
    w.s_axi_ctrl_arvalid = w.s_axi_ctrl_arready = 1, check();
    w.s_axi_ctrl_arvalid = 0, w.s_axi_ctrl_rvalid = 1, check();
    w.s_axi_ctrl_rdata = 7, check();
  });
  expect("ARVALID fell", [](Wires& w, auto check) {
    w.s_axi_ctrl_arvalid = 1, check();
    w.s_axi_ctrl_arvalid = 0, check();
  });
  expect("W changed", [](Wires& w, auto check) {
    w.s_axi_ctrl_wvalid = 1, check();
    w.s_axi_ctrl_wdata = 1, check();
  });
  expect("EXOKAY", [](Wires& w, auto check) {
    w.s_axi_ctrl_arvalid = w.s_axi_ctrl_arready = 1, check();
    w.s_axi_ctrl_arvalid = 0, w.s_axi_ctrl_rvalid = 1, w.s_axi_ctrl_rresp = 1, check();
  });
}

}  // namespace
