// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <optional>

#include "Vtb_axil.h"
#include "harness/axi_checker.hpp"
#include "harness/axil_driver.hpp"
#include "harness/clocked.hpp"
#include "oct_config.hpp"

namespace {

constexpr std::uint32_t kRegs = oct::config::kRegBase, kL1 = oct::config::kL1Base;
constexpr unsigned kSlvErr = 2, kDecErr = 3;

/// The data bus behind the port: words, answered after a random time; one register that fails.
struct Bench {
  tb::Clocked<Vtb_axil> dut;
  tb::AxilPins pins = tb::bind_axil(dut.model());
  tb::AxilChecker checker;
  tb::AxilDriver host{pins, [this] { tick(); }};
  std::mt19937_64 random = tb::rng("axil bus");
  std::map<std::uint32_t, std::uint32_t> words;
  unsigned accesses = 0;
  int wait = -1;  // cycles until the answer; -1: none due
  std::uint32_t rdata = 0;
  bool err = false;

  Bench() {
    host.idle();
    dut->rsp_ready_i = 0;
    dut->rsp_valid_i = 0;
    dut->rsp_err_i = 0;
    dut->rsp_rdata_i = 0;
    dut.reset();
  }

  void tick() {
    dut->rsp_ready_i = tb::chance(random, 60);
    dut->rsp_valid_i = wait == 0;
    dut->rsp_err_i = err;
    dut->rsp_rdata_i = wait == 0 ? rdata : static_cast<std::uint32_t>(random());
    if (wait >= 0) --wait;
    dut.eval();
    checker.check(pins);
    if (dut->req_valid_o && dut->rsp_ready_i) perform();
    dut.tick();
  }

  void perform() {
    REQUIRE(wait < 0);  // one at a time
    ++accesses;
    std::uint32_t& word = words[dut->req_addr_o];
    err = dut->req_addr_o == kRegs + 0xfffc;
    rdata = word;
    if (dut->req_we_o && !err) {
      for (unsigned i = 0; i < 4; ++i) {
        const std::uint32_t lane = 0xffU << (8 * i);
        if ((dut->req_be_o >> i) & 1) word = (word & ~lane) | (dut->req_wdata_o & lane);
      }
    } else if (!dut->req_we_o) {
      REQUIRE(dut->req_be_o == 0xf);
    }
    wait = tb::uniform<int>(random, 0, 6);
  }
};

}  // namespace

TEST_CASE("axil: both windows, strobes, errors") {
  Bench b;
  b.host.write(0x00'0010, 0x1234'5678);
  REQUIRE(b.words.at(kRegs + 0x10) == 0x1234'5678);
  b.host.write(0x10'0000, 0xcafe'f00d);
  REQUIRE(b.words.at(kL1) == 0xcafe'f00d);
  b.host.write(0x10'0000, 0xffff'ff11, 0x1);
  REQUIRE(b.host.read(0x10'0000) == 0xcafe'f011);
  b.host.write(0x10'0000 + oct::config::kL1Bytes - 4, 7);
  REQUIRE(b.words.at(kL1 + oct::config::kL1Bytes - 4) == 7);

  const unsigned before = b.accesses;
  b.host.write(0x00'0010, 99, 0x0);  // no strobe: nothing happens
  std::uint32_t data = 0;
  CHECK(b.host.try_read(0x10'0000 + oct::config::kL1Bytes, data) == kDecErr);
  CHECK(b.host.try_read(0x01'0000, data) == kDecErr);
  CHECK(b.host.try_read(0xff'fffc, data) == kDecErr);
  CHECK(b.host.try_write(0x20'0000, 1) == kDecErr);
  REQUIRE(b.accesses == before);
  CHECK(b.host.try_read(0x00'fffc, data) == kSlvErr);
  CHECK(b.host.try_write(0x00'fffc, 1) == kSlvErr);
  REQUIRE(b.host.read(0x00'0010) == 0x1234'5678);  // and goes on
}

TEST_CASE("axil: random accesses against a map") {
  Bench b;
  auto random = tb::rng("axil host");
  std::map<std::uint32_t, std::uint32_t> model;
  int reads = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::uint32_t addr =
        (tb::chance(random, 50) ? 0x10'0000U : 0U) + 4 * tb::uniform<std::uint32_t>(random, 0, 31);
    const unsigned strb = tb::uniform<unsigned>(random, 0, 15);
    const auto data = static_cast<std::uint32_t>(random());
    if (tb::chance(random, 50)) {
      b.host.write(addr, data, strb);
      for (unsigned k = 0; k < 4; ++k) {
        if ((strb >> k) & 1)
          model[addr] = (model[addr] & ~(0xffU << 8 * k)) | (data & (0xffU << 8 * k));
      }
    } else {
      REQUIRE(b.host.read(addr) == model[addr]);
      ++reads;
    }
  }
  REQUIRE(reads > 1000);
}

TEST_CASE("axil: many words with several under way") {
  Bench b;
  auto random = tb::rng("axil block");
  std::array<std::uint32_t, 200> out{}, in{};
  for (auto& w : out) w = static_cast<std::uint32_t>(random());
  b.host.write_words(0x10'0100, out);
  b.host.read_words(0x10'0100, in);
  REQUIRE(in == out);
}
