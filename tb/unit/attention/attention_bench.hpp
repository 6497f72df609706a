// SPDX-License-Identifier: Apache-2.0
// The engine with a model of L1 at its ports: queues jobs, refuses port requests at random, counts.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <vector>

#include "Vtb_attention.h"
#include "engine.hpp"
#include "harness/clocked.hpp"
#include "oct_config.hpp"

namespace attention {
using u8 = std::uint8_t;
using u32 = std::uint32_t;
namespace golden = oct::golden::engine;
inline constexpr u32 kL1 = oct::config::kL1Bytes;
inline constexpr int kPorts = oct::config::kEnginePorts;

struct Bench {
  tb::Clocked<Vtb_attention> dut;
  std::vector<u8> l1 = std::vector<u8>(kL1);
  std::mt19937_64 random;
  unsigned refuse_percent = 0;   // of port requests
  unsigned offer_percent = 100;  // of cycles in which a waiting job is offered
  bool banked = false;           // ports that meet in a bank of L1 wait for each other
  std::deque<golden::Descriptor> waiting;
  std::deque<golden::JobResult> ended;
  std::uint64_t cycle_count = 0, reads = 0, writes = 0;

  explicit Bench(const char* name) : random(tb::rng(name)) {
    dut->clear_i = 0;
    dut->job_valid_i = 0;
    dut->op_i = 0;
    dut->l1_ready_i = 0;
    dut->l1_rvalid_i = 0;
    dut->reg_valid_i = 0;
    dut->reg_we_i = 0;
    dut->reg_addr_i = 0;
    dut.reset();
  }

  void cycle() {
    if (!waiting.empty() && !dut->job_valid_i && tb::chance(random, offer_percent)) {
      dut->op_i = waiting.front().op();
      for (int i = 0; i < 28; ++i)
        dut->words_i[i] = waiting.front().w[static_cast<std::size_t>(i + 4)];
      dut->job_valid_i = 1;
    }
    u32 ready = 0;
    for (int p = 0; p < kPorts; ++p) ready |= u32{!tb::chance(random, refuse_percent)} << p;
    if (banked) {
      dut.eval();
      ready &= one_per_bank();
    }
    dut->l1_ready_i = static_cast<std::uint16_t>(ready);
    dut.eval();
    const bool taken = dut->job_valid_i && dut->job_ready_o;
    const u32 fire = dut->l1_valid_o & ready, we = dut->l1_we_o;
    std::array<u32, 2 * kPorts> answer{};
    for (int p = 0; p < kPorts; ++p) {
      if (!(fire >> p & 1)) continue;
      const u32 at = 8 * dut->l1_word_o[p];
      REQUIRE(at + 8 <= kL1);
      if (we >> p & 1) {
        ++writes;
        const u32 be = dut->l1_be_o[p];
        for (u32 b = 0; b < 8; ++b) {
          if (be >> b & 1)
            l1[at + b] = static_cast<u8>(dut->l1_wdata_o[2 * p + b / 4] >> (8 * (b % 4)));
        }
      } else {
        ++reads;
        std::memcpy(&answer[2 * p], &l1[at], 8);
      }
    }
    dut.tick();
    ++cycle_count;
    dut->l1_rvalid_i = static_cast<std::uint16_t>(fire & ~we);
    for (int p = 0; p < 2 * kPorts; ++p)
      dut->l1_rdata_i[p] = (fire & ~we) >> (p / 2) & 1 ? answer[p] : static_cast<u32>(random());
    if (taken) {
      waiting.pop_front();
      dut->job_valid_i = 0;
    }
    if (dut->done_o) {
      ended.push_back({static_cast<golden::Cause>(dut->cause_o), dut->addr_o});
    }
  }

  /// Of the ports that ask for the same bank one is served, as oct_tcdm_xbar chooses: one order of
  /// the ports for all banks, another one each cycle.
  u32 one_per_bank() {
    constexpr u32 kGroups = oct::config::kNumBanks / 8;
    std::array<u32, oct::config::kNumBanks> taken{};
    const u32 order = static_cast<u32>(random()) % kPorts;
    u32 ready = 0;
    for (u32 i = 0; i < kPorts; ++i) {
      const u32 p = i ^ order;
      if (!(dut->l1_valid_o >> p & 1)) continue;
      const u32 word = dut->l1_word_o[p];
      u32 group = 0;
      for (u32 line = word / 8; line != 0; line /= kGroups) group ^= line % kGroups;
      if (taken[8 * group + word % 8]++ == 0) ready |= 1U << p;
    }
    return ready;
  }

  /// Runs until `count` jobs have ended since the last call.
  void finish(std::size_t count, std::uint64_t limit) {
    for (std::uint64_t i = 0; ended.size() < count; ++i) {
      if (i >= limit) {
        FAIL("engine: " << ended.size() << " of " << count << " jobs ended within " << limit
                        << " cycles");
      }
      cycle();
    }
    for (int i = 0; i < 3; ++i) cycle();
    REQUIRE(ended.size() == count);
    REQUIRE(dut->idle_o == 1);
  }

  u32 counter(u32 index) {
    dut->reg_valid_i = 1;
    dut->reg_we_i = 0;
    dut->reg_addr_i = 0x20002000 + 4 * index;
    for (int i = 0;; ++i) {
      REQUIRE(i < 10);
      dut.eval();
      const bool taken = dut->reg_ready_o;
      cycle();
      if (taken) break;
    }
    dut->reg_valid_i = 0;
    REQUIRE(dut->reg_valid_o == 1);
    REQUIRE(dut->reg_err_o == 0);
    return dut->reg_data_o;
  }

  /// The first difference of L1 to what the golden model left, as text; empty if there is none.
  std::string compare(const std::vector<u8>& want) const {
    std::size_t wrong = 0, first = 0;
    for (std::size_t i = 0; i < l1.size(); ++i) {
      if (l1[i] == want[i]) continue;
      if (wrong++ == 0) first = i;
    }
    if (wrong == 0) return {};
    return std::to_string(wrong) + " bytes differ, the first at " + std::to_string(first) +
           ": got " + std::to_string(l1[first]) + ", want " + std::to_string(want[first]);
  }
};
}  // namespace attention
