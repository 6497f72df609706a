// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <vector>

#include "Voct_tech_sram_1r1w.h"
#include "harness/clocked.hpp"

TEST_CASE("tech_sram_1r1w: random accesses equal an array; read data is held") {
  tb::Clocked<Voct_tech_sram_1r1w> dut;
  std::vector<std::uint64_t> words(64);
  auto random = tb::rng("sram 1r1w accesses");
  dut->rd_req_i = 0;
  dut->wr_req_i = 1;
  dut->wr_be_i = 0xff;
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] = random();
    dut->wr_addr_i = static_cast<CData>(i);
    dut->wr_data_i = words[i];
    dut.tick();
  }
  bool known = false;
  std::uint64_t last_read = 0;
  for (int cycle = 0; cycle < 20000; ++cycle) {
    const std::uint64_t data = random();
    const auto be = static_cast<std::uint8_t>(random());
    dut->rd_req_i = tb::chance(random, 70);
    dut->wr_req_i = tb::chance(random, 70);
    dut->rd_addr_i = static_cast<CData>(random() % words.size());
    dut->wr_addr_i = static_cast<CData>(random() % words.size());
    if (dut->rd_addr_i == dut->wr_addr_i) dut->wr_req_i = 0;  // undefined in silicon
    dut->wr_be_i = be;
    dut->wr_data_i = data;
    dut.tick();
    if (dut->rd_req_i) {
      last_read = words[dut->rd_addr_i];
      known = true;
    }
    if (dut->wr_req_i) {
      for (int i = 0; i < 8; ++i) {
        const std::uint64_t byte = std::uint64_t{0xff} << (8 * i);
        std::uint64_t& word = words[dut->wr_addr_i];
        if (be >> i & 1) word = (word & ~byte) | (data & byte);
      }
    }
    if (known) REQUIRE(dut->rd_data_o == last_read);
  }
}
