// SPDX-License-Identifier: Apache-2.0
// oct_axil: random reads and writes on all channels against a memory model, with every kind of
// answer.
#include <catch2/catch.hpp>
#include <deque>
#include <map>

#include "Vtb_axil.h"
#include "harness/clocked.hpp"
#include "oct_config.hpp"

namespace {

struct Write {
  std::uint32_t addr, data;
  unsigned strb;
};

/// The bus address of a pin address, 0: nobody's.
std::uint32_t map(std::uint32_t addr) {
  if (addr < 0x1'0000) return oct::config::kRegBase + (addr & ~3U);
  if (addr >= 0x10'0000 && addr < 0x10'0000 + oct::config::kL1Bytes)
    return oct::config::kL1Base + ((addr - 0x10'0000) & ~3U);
  return 0;
}

/// Every 61st word answers with an error.
bool broken(std::uint32_t bus) { return bus / 4 % 61 == 7; }

std::uint32_t draw_addr(std::mt19937_64& r) {
  switch (tb::uniform(r, 0, 5)) {
    case 0:
      return tb::uniform(r, 0U, 0x200U);
    case 1:
      return 0x10'0000 + oct::config::kL1Bytes - 64 + tb::uniform(r, 0U, 127U);
    case 2:
      return static_cast<std::uint32_t>(r()) & 0xff'ffff;
    case 3:
      return 0xfff0 + tb::uniform(r, 0U, 31U);
    default:
      return 0x10'0000 + tb::uniform(r, 0U, 255U);
  }
}

}  // namespace

TEST_CASE("axil: random traffic") {
  for (unsigned round = 0; round < 4; ++round) {
    const std::string name = "axil " + std::to_string(round);
    tb::Clocked<Vtb_axil> dut(tb::derived_seed(name));
    auto random = tb::rng(name);
    dut->s_axi_ctrl_awvalid = dut->s_axi_ctrl_wvalid = dut->s_axi_ctrl_arvalid = 0;
    dut->s_axi_ctrl_bready = dut->s_axi_ctrl_rready = dut->rsp_ready_i = dut->rsp_valid_i =
        dut->rsp_err_i = 0;
    dut.reset();
    std::map<std::uint32_t, std::uint32_t> memory, golden;
    std::deque<Write> aw, w;  // sent and not answered: address, data parts
    std::deque<std::uint32_t> ar;
    std::deque<unsigned> bus_wait;
    struct {
      bool we;
      std::uint32_t addr, data;
      unsigned be;
    } taken{};
    int answer = -1;
    unsigned writes = 0, reads = 0, errors = 0, both = 0;
    const unsigned busy = tb::uniform(random, 20U, 100U), ready = tb::uniform(random, 20U, 100U);
    bool aw_up = false, w_up = false, ar_up = false;
    for (unsigned cycle = 0; cycle < 20'000; ++cycle) {
      const bool more = cycle < 19'500;
      if (!aw_up && more && aw.size() < 3 && tb::chance(random, busy)) {
        dut->s_axi_ctrl_awaddr = draw_addr(random);
        aw_up = true;
      }
      if (!w_up && more && w.size() < 3 && tb::chance(random, busy)) {
        dut->s_axi_ctrl_wdata = static_cast<std::uint32_t>(random());
        dut->s_axi_ctrl_wstrb = tb::chance(random, 50) ? 15 : static_cast<CData>(random() & 15);
        w_up = true;
      }
      if (!ar_up && more && ar.size() < 3 && tb::chance(random, busy)) {
        dut->s_axi_ctrl_araddr = draw_addr(random);
        ar_up = true;
      }
      // Finish what was started: an address without data would wait for ever.
      if (!more && aw.size() + aw_up > w.size() + w_up && !w_up) w_up = true;
      if (!more && w.size() + w_up > aw.size() + aw_up && !aw_up) aw_up = true;
      dut->s_axi_ctrl_awvalid = aw_up;
      dut->s_axi_ctrl_wvalid = w_up;
      dut->s_axi_ctrl_arvalid = ar_up;
      dut->s_axi_ctrl_bready = tb::chance(random, ready);
      dut->s_axi_ctrl_rready = tb::chance(random, ready);
      dut->rsp_ready_i = tb::chance(random, ready);
      dut->rsp_valid_i = answer == 0;
      dut->rsp_err_i = 0;
      if (answer == 0) {
        dut->rsp_err_i = broken(taken.addr);
        dut->rsp_rdata_i = memory[taken.addr];
      }
      if (answer >= 0) --answer;
      dut.eval();
      if (dut->req_valid_o && dut->rsp_ready_i) {
        REQUIRE(dut->req_addr_o % 4 == 0);
        taken = {dut->req_we_o != 0, dut->req_addr_o, dut->req_wdata_o, dut->req_be_o};
        if (!taken.we) REQUIRE(taken.be == 15);
        if (taken.we && !broken(taken.addr)) {
          for (unsigned b = 0; b < 4; ++b) {
            if (taken.be >> b & 1)
              memory[taken.addr] =
                  (memory[taken.addr] & ~(0xffU << 8 * b)) | (taken.data & 0xffU << 8 * b);
          }
        }
        answer = tb::uniform(random, 0, 4);
      }
      if (aw_up && dut->s_axi_ctrl_awready) {
        aw.push_back({dut->s_axi_ctrl_awaddr, 0, 0});
        aw_up = false;
      }
      if (w_up && dut->s_axi_ctrl_wready) {
        w.push_back({0, dut->s_axi_ctrl_wdata, dut->s_axi_ctrl_wstrb});
        w_up = false;
      }
      if (ar_up && dut->s_axi_ctrl_arready) {
        ar.push_back(dut->s_axi_ctrl_araddr);
        ar_up = false;
      }
      both += !aw.empty() && !w.empty() && !ar.empty();
      if (dut->s_axi_ctrl_bvalid && dut->s_axi_ctrl_bready) {
        REQUIRE_FALSE(aw.empty());
        REQUIRE_FALSE(w.empty());
        const std::uint32_t bus = map(aw.front().addr);
        const unsigned want = bus == 0 ? 3 : broken(bus) && w.front().strb ? 2 : 0;
        REQUIRE(unsigned(dut->s_axi_ctrl_bresp) == want);
        if (want == 0) {
          for (unsigned b = 0; b < 4; ++b) {
            if (w.front().strb >> b & 1)
              golden[bus] = (golden[bus] & ~(0xffU << 8 * b)) | (w.front().data & 0xffU << 8 * b);
          }
          REQUIRE(golden[bus] == memory[bus]);
        }
        errors += want != 0;
        ++writes;
        aw.pop_front();
        w.pop_front();
      }
      if (dut->s_axi_ctrl_rvalid && dut->s_axi_ctrl_rready) {
        REQUIRE_FALSE(ar.empty());
        const std::uint32_t bus = map(ar.front());
        const unsigned want = bus == 0 ? 3 : broken(bus) ? 2 : 0;
        REQUIRE(unsigned(dut->s_axi_ctrl_rresp) == want);
        if (want == 0)
          REQUIRE(dut->s_axi_ctrl_rdata == golden[bus]);
        else
          REQUIRE(dut->s_axi_ctrl_rdata == 0);
        errors += want != 0;
        ++reads;
        ar.pop_front();
      }
      dut.tick();
    }
    CHECK(aw.empty());
    CHECK(w.empty());
    CHECK(ar.empty());
    for (const auto& [addr, word] : memory) {
      if (word != golden[addr]) FAIL("word at " << addr << " differs");
    }
    CHECK(writes > 300);
    CHECK(reads > 300);
    CHECK(errors > 50);
    CHECK(both > 10);
    // Turns: neither side starves the other.
    CHECK(writes < 4 * reads);
    CHECK(reads < 4 * writes);
  }
}
