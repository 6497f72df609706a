// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <optional>
#include <vector>

#include "Voct_tech_sram.h"
#include "harness/clocked.hpp"

namespace {

constexpr std::size_t kWords = 512;

void access(tb::Clocked<Voct_tech_sram>& dut, bool req, bool we, std::uint16_t addr,
            std::uint8_t be, std::uint64_t data) {
  dut->req_i = req;
  dut->we_i = we;
  dut->addr_i = addr;
  dut->be_i = be;
  dut->wdata_i = data;
  dut.tick();
}

std::uint64_t mask(std::uint8_t be) {
  std::uint64_t bits = 0;
  for (int i = 0; i < 8; ++i) {
    if (be >> i & 1) bits |= std::uint64_t{0xff} << (8 * i);
  }
  return bits;
}

}  // namespace

TEST_CASE("tech_sram: random accesses equal an array; read data is held") {
  tb::Clocked<Voct_tech_sram> dut;
  std::vector<std::uint64_t> words(kWords);
  auto random = tb::rng("sram accesses");
  for (std::size_t i = 0; i < kWords; ++i) {
    words[i] = random();
    access(dut, true, true, static_cast<std::uint16_t>(i), 0xff, words[i]);
  }
  std::optional<std::uint64_t> last_read;
  for (int cycle = 0; cycle < 20000; ++cycle) {
    const bool req = tb::chance(random, 80);
    const bool we = tb::chance(random, 50);
    const auto addr = static_cast<std::uint16_t>(random() % (cycle % 2 ? kWords : 4));
    const auto be = static_cast<std::uint8_t>(random());
    const std::uint64_t data = random();
    access(dut, req, we, addr, be, data);
    if (req && we) words[addr] = (words[addr] & ~mask(be)) | (data & mask(be));
    if (req && !we) last_read = words[addr];
    if (last_read) REQUIRE(dut->rdata_o == *last_read);
  }
}

TEST_CASE("tech_sram: contents start at random") {
  tb::Clocked<Voct_tech_sram> one(1);
  tb::Clocked<Voct_tech_sram> two(2);
  unsigned equal = 0;
  for (std::uint16_t addr = 0; addr < 16; ++addr) {
    access(one, true, false, addr, 0, 0);
    access(two, true, false, addr, 0, 0);
    equal += one->rdata_o == two->rdata_o;
  }
  CHECK(equal == 0);
}
