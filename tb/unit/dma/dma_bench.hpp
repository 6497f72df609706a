// SPDX-License-Identifier: Apache-2.0
// oct_dma between the AXI memory model and a model of L1 that can refuse any lane, with a shadow
// of both memories. Every byte of both is compared at the end, so every byte beside a destination
// is a canary.
#pragma once

#include <fmt/format.h>

#include <cstring>
#include <deque>
#include <map>
#include <vector>

#include "Vtb_dma.h"
#include "dma_model.hpp"
#include "harness/axi_checker.hpp"
#include "harness/axi_memory.hpp"
#include "harness/clocked.hpp"

namespace dma {

inline constexpr std::uint32_t kL2Base = 0x8000'0000;
inline constexpr std::uint32_t kL2Bytes = 1 << 20;

struct L1Config {
  unsigned refuse_percent = 0;  ///< chance that a lane is refused
  bool conflicts = true;        ///< both ports in one group of banks: one of them is refused
};

class Bench {
 public:
  explicit Bench(tb::AxiMemoryConfig mem, L1Config l1 = {}, std::uint32_t l2_offset = 0)
      : memory(with_size(mem)),
        l1_config_(l1),
        l2_offset_(l2_offset),
        random_(mem.seed),
        pins_(wires_.pins()) {
    for (auto& b : l1_mem) b = static_cast<std::uint8_t>(random_.next());
    l1_shadow = l1_mem;
    l2_shadow.resize(kL2Bytes);
    memory.read(kL2Base, l2_shadow);
    dut->clear_i = 0;
    dut->l2_offset_i = l2_offset;
    dut->job_valid_i = 0;
    dut->axi_rd_timeout_i = 0;
    dut->axi_wr_timeout_i = 0;
    dut->l1_ready_i = 0;
    dut->l1_rvalid_i = 0;
    memory.drive(pins_);
    wires_.store_rd(&dut->axi_rd_i[0]);
    dut->axi_wr_i = wires_.store_wr();
    dut.reset();
  }

  struct Ended {
    Job job;
    Verdict verdict;
    std::uint64_t cycle;
  };

  void push(int dir, const Job& job) { queue_[dir].push_back(job); }
  [[nodiscard]] std::size_t waiting(int dir) const { return queue_[dir].size(); }

  void cycle() {
    memory.drive(pins_);
    wires_.store_rd(&dut->axi_rd_i[0]);
    dut->axi_wr_i = wires_.store_wr();
    answer_l1();
    offer_jobs();
    dut.eval();
    wires_.load_rd(dut->axi_rd_o);
    wires_.load_wr(&dut->axi_wr_o[0]);
    checker.check(pins_);
    if ((*pins_.arvalid && *pins_.arlen >= oct::config::kDmaBurstBeats) ||
        (*pins_.awvalid && *pins_.awlen >= oct::config::kDmaBurstBeats)) {
      throw std::runtime_error("burst longer than DmaBurstBeats");
    }
    count_owed();
    memory.sample(pins_);
    for (int d = 0; d < 2; ++d) {
      if ((dut->job_valid_i >> d & 1) && (dut->job_ready_o >> d & 1)) {
        running_[d].push_back(queue_[d].front());
        queue_[d].pop_front();
        if (first_cycle == 0) first_cycle = dut.cycles();
      }
    }
    perform_l1();
    dut.tick();
    for (int d = 0; d < 2; ++d) {
      if (dut->done_o >> d & 1) end_job(d);
    }
    for (int i = 0; i < 12; ++i) events[i] += dut->events_o >> i & 1;
  }

  /// Beats read and not delivered yet: never more than dma.md allows.
  void count_owed() {
    if (*pins_.arvalid && *pins_.arready) owed_ += *pins_.arlen + 1U;
    if (*pins_.rvalid && *pins_.rready) --owed_;
    most_owed = std::max(most_owed, owed_);
    if (owed_ > kMostOwed) throw std::runtime_error(fmt::format("{} beats are owed", owed_));
  }

  [[nodiscard]] bool busy() const {
    return !queue_[0].empty() || !queue_[1].empty() || !running_[0].empty() || !running_[1].empty();
  }

  /// Runs until all jobs have ended and the block is idle; then compares both memories.
  void run(std::uint64_t limit = 200'000) {
    const std::uint64_t start = dut.cycles();
    while (busy() || !dut->idle_o) {
      if (dut.cycles() - start > limit) {
        throw std::runtime_error(fmt::format(
            "dma done: not reached within {} cycles; waiting {} in, {} out", limit,
            queue_[0].size() + running_[0].size(), queue_[1].size() + running_[1].size()));
      }
      cycle();
    }
    checker.expect_idle();
    compare();
  }

  /// Aborts as the host does; jobs under way may have written any of their own bytes, no others.
  void abort(std::uint64_t limit = 20'000) {
    dut->clear_i = 1;
    aborting_ = true;
    std::uint64_t n = 0;
    do {
      if (++n > limit) throw std::runtime_error("dma idle after clear: not reached");
      cycle();
    } while (!dut->idle_o);
    const unsigned hold = random_.below(3);
    for (unsigned i = 0; i < hold; ++i) cycle();
    if (!dut->idle_o) throw std::runtime_error("dma did not stay idle under clear");
    checker.expect_idle();
    dut->clear_i = 0;
    aborting_ = false;
    for (int d = 0; d < 2; ++d) {
      for (const Job& job : running_[d]) tolerate(d, job);
      running_[d].clear();
      queue_[d].clear();
    }
    compare();
  }

  void compare() {
    for (std::size_t i = 0; i < l1_mem.size(); ++i) {
      if (l1_mem[i] != l1_shadow[i]) {
        throw std::runtime_error(
            fmt::format("L1 byte {:#x} is {:#x}, expected {:#x}", i, l1_mem[i], l1_shadow[i]));
      }
    }
    std::vector<std::uint8_t> l2(kL2Bytes);
    memory.read(kL2Base, l2);
    for (std::size_t i = 0; i < l2.size(); ++i) {
      if (l2[i] != l2_shadow[i]) {
        throw std::runtime_error(fmt::format("L2 byte {:#x} is {:#x}, expected {:#x}", i + kL2Base,
                                             l2[i], l2_shadow[i]));
      }
    }
  }

  tb::AxiMemory memory;
  tb::Clocked<Vtb_dma> dut;
  tb::AxiChecker checker;
  std::vector<std::uint8_t> l1_mem = std::vector<std::uint8_t>(kL1);
  std::vector<std::uint8_t> l1_shadow, l2_shadow;
  std::vector<Ended> ended[2];
  std::uint64_t first_cycle = 0, conflicts = 0, events[12] = {};
  /// What events_o counts: dma_events_t from its last field on, DMA-out and then DMA-in.
  enum Event { kRefused, kWaitL1, kWaitL2, kLine, kBeat, kBusy };
  static constexpr unsigned kMostOwed = oct::config::kDmaOutstanding * oct::config::kDmaBurstBeats;
  unsigned most_owed = 0;
  unsigned job_percent = 100;  ///< chance that a waiting job is offered

 private:
  static tb::AxiMemoryConfig with_size(tb::AxiMemoryConfig c) {
    c.base = kL2Base;
    c.bytes = kL2Bytes;
    return c;
  }

  void offer_jobs() {
    unsigned valid = 0;
    for (int d = 0; d < 2; ++d) {
      if (queue_[d].empty() || aborting_) continue;
      if (!(offered_ >> d & 1) && !random_.chance(job_percent)) continue;
      valid |= 1U << d;
      const Job& j = queue_[d].front();
      const std::uint32_t words[9] = {
          j.op,         j.l2,         j.l1,         j.row,       j.count2 << 16 | j.count1,
          j.l2_stride1, j.l2_stride2, j.l1_stride1, j.l1_stride2};
      for (int i = 0; i < 9; ++i) dut->job_i[9 * d + i] = words[i];
    }
    dut->job_valid_i = valid;
    dut.eval();
    offered_ = valid & ~dut->job_ready_o;
  }

  /// Requests leave from flip-flops, so the answers of a cycle follow from what stands already.
  void answer_l1() {
    unsigned ready[2] = {0, 0};
    for (int d = 0; d < 2; ++d) {
      const unsigned mask = dut->l1_mask_o >> (8 * d) & 0xff;
      for (int lane = 0; lane < 8; ++lane) {
        if (!random_.chance(l1_config_.refuse_percent)) ready[d] |= mask & 1U << lane;
      }
    }
    const auto group = [&](int d) {
      return static_cast<std::uint32_t>(dut->l1_group_o >> (32 * d));
    };
    if (l1_config_.conflicts && group(0) == group(1) && (ready[0] & ready[1]) != 0) {
      ++conflicts;
      const int loser = static_cast<int>(random_.next() >> 40 & 1);
      ready[loser] &= ~ready[1 - loser];
    }
    // Lanes that did not ask may look ready, too.
    const unsigned noise = static_cast<unsigned>(random_.next() >> 32);
    ready_ = ready[0] | ready[1] << 8;
    const unsigned masks = dut->l1_mask_o;
    dut->l1_ready_i = static_cast<std::uint16_t>(ready_ | (noise & ~masks));
    dut->l1_rvalid_i = static_cast<std::uint8_t>(read_lanes_);
    for (int i = 0; i < 16; ++i) {
      dut->l1_rdata_i[i] =
          read_lanes_ >> (i / 2) & 1 ? read_data_[i] : static_cast<std::uint32_t>(random_.next());
    }
  }

  void perform_l1() {
    const auto line = [&](int d) {
      return static_cast<std::uint32_t>(dut->l1_line_o >> (32 * d)) * 64;
    };
    read_lanes_ = ready_ >> 8 & 0xff;
    if (read_lanes_ != 0) std::memcpy(read_data_, &l1_mem.at(line(1)), 64);
    if ((ready_ & 0xff) == 0) return;
    std::uint8_t bytes[64];
    for (int i = 0; i < 16; ++i) {
      const std::uint32_t w = dut->l1_wdata_o[i];
      std::memcpy(bytes + 4 * i, &w, 4);
    }
    for (unsigned b = 0; b < 64; ++b) {
      if ((ready_ >> (b / 8) & 1) && (dut->l1_be_o >> b & 1)) l1_mem.at(line(0) + b) = bytes[b];
    }
  }

  void end_job(int d) {
    if (running_[d].empty()) throw std::runtime_error("done without a job");
    if (aborting_) return;
    const Job job = running_[d].front();
    running_[d].pop_front();
    const Verdict verdict{dut->cause_o >> (8 * d) & 0xffU,
                          static_cast<std::uint32_t>(dut->addr_o >> (32 * d))};
    ended[d].push_back({job, verdict, dut.cycles()});
    const Verdict expected = check(job, d == 1);
    if (verdict.cause >= kSlvErr && expected.cause == kNone) {
      tolerate(d, job);
    } else if (verdict != expected) {
      throw std::runtime_error(fmt::format("job ended with cause {} at {:#x}, expected {} at {:#x}",
                                           verdict.cause, verdict.addr, expected.cause,
                                           expected.addr));
    } else if (verdict.cause == kNone) {
      apply(d, job);
    }
  }

  void apply(int d, const Job& job) {
    for_each_byte(job, l2_offset_, [&](std::uint32_t l2, std::uint32_t l1) {
      if (d == 1)
        l2_shadow.at(l2 - kL2Base) = l1_shadow.at(l1);
      else
        l1_shadow.at(l1) = job.op == kFill ? job.l2 >> (8 * (l1 % 4)) : l2_shadow.at(l2 - kL2Base);
    });
    if (d == 0) check_written(job);
  }

  /// done of DMA-in promises that the data are in L1 now (where no later job has been already).
  void check_written(const Job& job) {
    if (running_[0].size() + queue_[0].size() > 0) return;
    for_each_byte(job, l2_offset_, [&](std::uint32_t, std::uint32_t l1) {
      if (l1_mem.at(l1) != l1_shadow.at(l1)) throw std::runtime_error("done before the last write");
    });
  }

  /// A job that ended early: each of its bytes has its old value or one that the job gives it.
  void tolerate(int d, const Job& job) {
    if (check(job, d == 1).cause != kNone) return;
    std::map<std::uint32_t, bool> fine;
    const auto actual = [&](std::uint32_t addr) {
      return d == 1 ? memory.load<std::uint8_t>(addr) : l1_mem.at(addr);
    };
    const auto shadow = [&](std::uint32_t addr) -> std::uint8_t& {
      return d == 1 ? l2_shadow.at(addr - kL2Base) : l1_shadow.at(addr);
    };
    for_each_byte(job, l2_offset_, [&](std::uint32_t l2, std::uint32_t l1) {
      if (job.op == kCopy && l2 - kL2Base >= kL2Bytes) return;
      const std::uint32_t to = d == 1 ? l2 : l1;
      const auto value = static_cast<std::uint8_t>(d == 1            ? l1_shadow.at(l1)
                                                   : job.op == kFill ? job.l2 >> (8 * (l1 % 4))
                                                                     : l2_shadow.at(l2 - kL2Base));
      bool& ok = fine.try_emplace(to, actual(to) == shadow(to)).first->second;
      ok = ok || actual(to) == value;
    });
    // Jobs behind it may have been there already.
    for (const Job& next : running_[d]) {
      if (check(next, d == 1).cause != kNone) continue;
      for_each_byte(next, l2_offset_, [&](std::uint32_t l2, std::uint32_t l1) {
        if (const auto it = fine.find(d == 1 ? l2 : l1); it != fine.end()) it->second = true;
      });
    }
    for (const auto& [addr, ok] : fine) {
      if (!ok)
        throw std::runtime_error(
            fmt::format("byte {:#x} of direction {} is {:#x}, neither old ({:#x}) nor new", addr, d,
                        actual(addr), shadow(addr)));
      shadow(addr) = actual(addr);
    }
  }

  L1Config l1_config_;
  std::uint32_t l2_offset_;
  tb::FastRandom random_;
  tb::AxiStructPins wires_;
  tb::AxiPins pins_;
  std::deque<Job> queue_[2], running_[2];
  unsigned offered_ = 0, ready_ = 0, read_lanes_ = 0;
  std::uint32_t read_data_[16] = {};
  bool aborting_ = false;
  unsigned owed_ = 0;
};

}  // namespace dma
