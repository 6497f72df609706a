// SPDX-License-Identifier: Apache-2.0
// Test bench of the attention engine's memory side: tb_attn_mem with an L1 of hashed banks behind
// its ports. Of the ports that ask for a bank one gets it, by chance; besides, any port may be
// refused.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "Vtb_attn_mem.h"
#include "harness/clocked.hpp"
#include "oct_config.hpp"

namespace attn {

inline constexpr std::uint32_t kL1 = oct::config::kL1Bytes;
inline constexpr unsigned kUnits = oct::config::kEngineMacs / 64;
inline constexpr unsigned kPorts = oct::config::kEnginePorts;
inline constexpr unsigned kHalves = kPorts / 8;
inline constexpr unsigned kXRows = 64, kMaskSlots = 4;
enum Dest : unsigned { kDestX, kDestW, kDestRes, kDestPar, kDestMask };

/// Bank of a word: its group digits XORed by all higher ones, so that lines lie in one group.
inline unsigned bank_of(std::uint32_t word) {
  constexpr unsigned groups = oct::config::kNumBanks / 8;
  unsigned group = 0;
  for (std::uint32_t line = word / 8; line != 0; line /= groups) group ^= line % groups;
  return group * 8 + word % 8;
}

struct Delivery {
  unsigned mask = 0, dest = 0, index = 0, bytes = 0, tag = 0;
  bool bank = false, kn = false, split = false, half_sel = false, last = false;
  std::array<std::uint64_t, 8> data{};
};

struct Error {
  unsigned ctx = 0;
  std::uint32_t addr = 0;
  bool operator==(const Error&) const = default;
};

class Bench {
 public:
  explicit Bench(const std::string& name) : random(tb::rng(name)), l1(kL1) {
    for (auto& byte : l1) byte = static_cast<std::uint8_t>(random());
    quiet();
    dut->clear_i = 0;
    dut->direct_i = 0;
    dut->l1_ready_i = 0;
    dut->l1_rvalid_i = 0;
    for (unsigned i = 0; i < 16; ++i) dut->l1_rdata_i[i] = random();
    dut.reset();
  }

  /// No stimulus of any kind.
  void quiet() {
    dut->b_valid_i = 0;
    dut->y_valid_i = 0;
    dut->xc_valid_i = 0;
    dut->wc_valid_i = 0;
    dut->v_valid_i = 0;
    dut->x_free_i = 0;
    dut->w_free_i = 0;
    dut->mask_free_i = 0;
  }

  /// Lets L1 answer the requests that stand; ready signals are settled afterwards.
  void settle() {
    dut.eval();
    std::vector<unsigned> order(kPorts);
    for (unsigned i = 0; i < kPorts; ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), random);
    std::uint64_t taken = 0;
    ready_ = 0;
    for (const unsigned port : order) {
      if (tb::chance(random, refuse)) continue;
      const std::uint64_t bank = std::uint64_t{1} << bank_of(dut->l1_word_o[port]);
      const bool valid = (dut->l1_valid_o >> port) & 1;
      if (valid && (taken & bank) != 0) continue;
      ready_ |= 1U << port;  // ready without valid means nothing
      if (valid) taken |= bank;
    }
    dut->l1_ready_i = static_cast<std::uint16_t>(ready_);
    dut.eval();
  }

  /// One clock edge with the answers of `settle`; errors and deliveries are valid afterwards.
  void tick() {
    std::uint16_t valid = 0;
    std::array<std::uint64_t, 16> data{};
    for (auto& word : data) word = random();  // nobody may use it
    for (unsigned port = 0; port < kPorts; ++port) {
      if (((dut->l1_valid_o & ready_) >> port & 1) == 0) continue;
      const std::uint32_t at = dut->l1_word_o[port] * 8;
      if (at >= kL1) throw std::runtime_error("request outside L1");
      if ((dut->l1_we_o >> port) & 1) {
        ++written;
        for (unsigned b = 0; b < 8; ++b) {
          if ((dut->l1_be_o[port] >> b) & 1) {
            l1[at + b] = static_cast<std::uint8_t>(dut->l1_wdata_o[port] >> (8 * b));
          }
        }
      } else {
        ++read;
        valid = static_cast<std::uint16_t>(valid | 1U << port);
        std::memcpy(&data[port], &l1[at], 8);
      }
    }
    dut.tick();
    dut->l1_rvalid_i = valid;
    for (unsigned port = 0; port < 16; ++port) dut->l1_rdata_i[port] = data[port];
    dut.eval();
  }

  [[nodiscard]] bool delivered(unsigned half) { return (dut->data_valid_o >> half) & 1; }

  [[nodiscard]] Delivery delivery(unsigned half) {
    Delivery d;
    d.mask = dut->data_mask_o[half];
    d.dest = dut->data_dest_o[half];
    d.index = dut->data_index_o[half];
    d.bytes = dut->data_bytes_o[half];
    d.tag = dut->data_tag_o[half];
    const unsigned flags = dut->data_flags_o[half];
    d.bank = flags & 1;
    d.kn = flags & 2;
    d.split = flags & 4;
    d.half_sel = flags & 8;
    d.last = flags & 16;
    for (unsigned i = 0; i < 8; ++i) d.data[i] = dut->data_o[8 * half + i];
    return d;
  }

  [[nodiscard]] bool failed(unsigned half) { return (dut->err_valid_o >> half) & 1; }
  [[nodiscard]] Error error(unsigned half) { return {dut->err_ctx_o[half], dut->err_addr_o[half]}; }

  /// The word at a byte offset; zero outside L1.
  [[nodiscard]] std::uint64_t word(std::uint32_t addr) const {
    std::uint64_t w = 0;
    addr &= ~7U;
    if (addr < kL1) std::memcpy(&w, &l1[addr], 8);
    return w;
  }

  std::mt19937_64 random;
  std::vector<std::uint8_t> l1;
  unsigned refuse = 0;  // percent of the ports' cycles
  std::uint64_t read = 0, written = 0;
  tb::Clocked<Vtb_attn_mem> dut;

 private:
  unsigned ready_ = 0;
};

}  // namespace attn
