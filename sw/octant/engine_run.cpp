// SPDX-License-Identifier: Apache-2.0
#include "engine_run.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <ctime>
#include <stdexcept>

#include "harness/control_regs.hpp"
#include "harness/report.hpp"

namespace octant {
namespace {
using u32 = std::uint32_t;
using u64 = std::uint64_t;

constexpr u32 kEngineRegs = 0x2000, kThrottle = 0x80;
constexpr u32 kRings = 1U << 20;  // from the start of L2
constexpr u32 kTrafficAt = 48U << 20, kTrafficBytes = 4096;

// ---- Traffic of the cores: a load from a random word every tenth cycle -------------------------
u32 r_type(u32 f7, u32 rs2, u32 rs1, u32 f3, u32 rd) {
  return f7 << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | rd << 7 | 0x33;
}
u32 i_type(u32 imm, u32 rs1, u32 f3, u32 rd, u32 op) {
  return (imm & 0xfff) << 20 | rs1 << 15 | f3 << 12 | rd << 7 | op;
}
u32 lui(u32 value, u32 rd) { return (value & 0xfffff000) | rd << 7 | 0x37; }

std::vector<u32> traffic_program(u32 l1_base, u32 l1_bytes) {
  constexpr u32 t0 = 5, t1 = 6, t2 = 7, t3 = 28, t4 = 29, t5 = 30, t6 = 31;
  std::vector<u32> p{
      i_type(0xf14, 0, 2, t0, 0x73),   // csrr t0, mhartid
      lui(l1_base, t1),                // t1 = L1
      lui(0x19660000, t2),             // t2 = multiplier of a linear congruential generator
      i_type(0x60d, t2, 0, t2, 0x13),  //
      i_type(20, t0, 1, t3, 0x13),     // t3 = hart << 20
      i_type(0x155, t3, 0, t3, 0x13),  //   + constant
      lui(l1_bytes, t5),               // t5 = L1 bytes - 4
      i_type(0xffc, t5, 0, t5, 0x13),  //
      r_type(1, t2, t3, 0, t3),        // loop: t3 = t3 * t2
      i_type(0x3c7, t3, 0, t3, 0x13),  //   + odd constant
      i_type(9, t3, 5, t4, 0x13),      // t4 = t3 >> 9
      r_type(0, t5, t4, 7, t4),        //   & t5
      r_type(0, t1, t4, 0, t4),        //   + t1
      i_type(0, t4, 2, t6, 0x03),      // lw t6, 0(t4)
      i_type(0, 0, 0, 0, 0x13),        // nop
      i_type(0, 0, 0, 0, 0x13),        // nop
  };
  const std::int32_t back = -4 * static_cast<std::int32_t>(p.size() - 8);
  const u32 b = static_cast<u32>(back);
  p.push_back((b >> 20 & 1) << 31 | (b >> 1 & 0x3ff) << 21 | (b >> 11 & 1) << 20 |
              (b >> 12 & 0xff) << 12 | 0x6f);  // j loop
  return p;
}

class Run {
 public:
  Run(tb::Cluster& cluster, u64 limit)
      : cluster_(cluster), host_(cluster.host()), limit_(limit), l2_(cluster.info().l2_base) {}

  /// Sets up a ring at its own place and rings for all of it.
  void ring(unsigned queue, const std::vector<u32>& words) {
    if (words.empty()) return;
    const u32 at = kRings + next_ring_;
    next_ring_ += (static_cast<u32>(words.size()) * 4 + 63) / 64 * 64;
    if (kRings + next_ring_ > 2 * kRings) throw std::runtime_error("too many descriptors");
    write(at, words);
    const u32 base = tb::regs::kQueues + queue * tb::regs::kQueueStride;
    host_.write(base, l2_ + at);
    host_.write(base + OCT_REG_QUEUE_SIZE(0) - OCT_REG_QUEUE_BASE(0),
                static_cast<u32>(words.size() / 16));
    host_.write(base + tb::regs::kQueueTail, static_cast<u32>(words.size() / 16));
  }
  void write(u32 offset, const std::vector<u32>& words) {
    std::vector<std::uint8_t> bytes(words.size() * 4);
    std::memcpy(bytes.data(), words.data(), bytes.size());
    cluster_.memory().write(l2_ + offset, bytes);
  }

  /// Until the queue has run empty; the cycle at which it did.
  u64 until_empty(unsigned queue) {
    const u32 bit = OCT_INTR_PENDING_EMPTY_ENGINE << queue;
    host_.write(tb::regs::kIrqEnable, bit | tb::regs::kIrqError);
    const u64 start = cluster_.cycle();
    while (!cluster_.run(limit_)) {
      if (cluster_.cycle() - start >= limit_) {
        throw std::runtime_error(fmt::format("no end within {} cycles; queue {} is at {:#x}",
                                             limit_, tb::kQueueNames.at(queue), status(queue)));
      }
    }
    const u64 end = cluster_.cycle();
    const u32 pending = host_.read(tb::regs::kIrqPending);
    if (pending & tb::regs::kIrqError) throw std::runtime_error(tb::describe_error(host_));
    host_.write(tb::regs::kIrqEnable, 0);
    host_.write(tb::regs::kIrqPending, pending);
    return end;
  }

  EngineCounters counters() {
    EngineCounters c;
    std::array<u32*, 9> all{&c.active, &c.computing, &c.wait_x,  &c.wait_w, &c.wait_acc,
                            &c.wait_p, &c.no_slot,   &c.refused, &c.jobs};
    for (u32 i = 0; i < all.size(); ++i) *all.at(i) = host_.read(kEngineRegs + 4 * i);
    return c;
  }

 private:
  u32 status(unsigned queue) {
    return host_.read(tb::regs::kQueues + queue * tb::regs::kQueueStride + tb::regs::kQueueStatus);
  }
  tb::Cluster& cluster_;
  tb::AxilDriver& host_;
  u64 limit_;
  u32 l2_, next_ring_ = 0;
};

/// Copies of a foreign buffer, enough for the whole run: its rate is the memory's.
std::vector<u32> traffic_copies(u32 l2, u32 l1, u64 cycles) {
  std::vector<u32> words;
  for (u64 left = 2 * cycles * 32 / kTrafficBytes + 4; left > 0; --left) {
    std::array<u32, 16> w{};
    w[0] = 0x10;
    if (words.empty()) w[1] = 1U << 31 | kSemStart << 16 | 1;
    w[4] = l2, w[5] = l1, w[6] = kTrafficBytes, w[7] = 1U << 16 | 1;
    words.insert(words.end(), w.begin(), w.end());
  }
  return words;
}

}  // namespace

EngineResult run_plan(tb::Cluster& cluster, const Plan& plan, const TrafficOptions& traffic,
                      std::uint64_t limit) {
  tb::AxilDriver& host = cluster.host();
  const tb::ClusterInfo& info = cluster.info();
  cluster.reset();
  for (const Plan::Block& b : plan.memory) cluster.memory().write(b.addr, b.bytes);
  Run run(cluster, limit);
  if (!plan.stage.empty()) {
    run.ring(kDmaIn, plan.stage);
    run.until_empty(kDmaIn);
  }
  if (traffic.refuse != 0) host.write(kEngineRegs + kThrottle, traffic.refuse * 256 / 100);
  if (traffic.standard) {
    run.write(info.boot_addr - info.l2_base, traffic_program(info.l1_base, info.l1_bytes));
    host.write(tb::regs::kRun, (1U << info.workers) - 1);
    cluster.run(2000, false);
  }
  run.ring(kEngine, plan.rings[kEngine]);
  run.ring(kDmaIn, traffic.standard ? traffic_copies(info.l2_base + kTrafficAt,
                                                     info.l1_bytes - kTrafficBytes, limit / 8)
                                    : plan.rings[kDmaIn]);
  run.ring(kDmaOut, plan.rings[kDmaOut]);
  cluster.run(1000, false);    // the first descriptors are on chip
  host.write(kEngineRegs, 0);  // counters
  const std::uint64_t start = cluster.cycle();
  const std::clock_t clock_start = std::clock();
  host.write(OCT_REG_SEM_ADD(kSemStart), 1);
  const bool to_memory = !plan.rings[kDmaOut].empty();
  const std::uint64_t end = run.until_empty(to_memory ? kDmaOut : kEngine);

  EngineResult result;
  result.simulated = cluster.cycle() - start;
  result.seconds = static_cast<double>(std::clock() - clock_start) / CLOCKS_PER_SEC;
  result.counters = run.counters();
  // One job: exactly from its start to its last write. A graph: from the semaphore that starts it.
  result.cycles = plan.from_l2 ? end - start : result.counters.active;
  if (traffic.standard) {
    host.write(tb::regs::kRun, 0);
    run.until_empty(kDmaIn);
  }
  if (!plan.collect.empty()) {
    run.ring(kDmaOut, plan.collect);
    run.until_empty(kDmaOut);
  }
  for (const Plan::Block& b : plan.expected) {
    std::vector<std::uint8_t> got(b.bytes.size());
    cluster.memory().read(b.addr, got);
    for (std::size_t i = 0; i < got.size(); ++i) {
      ++result.checked;
      if (got[i] == b.bytes[i]) continue;
      if (result.wrong++ == 0) {
        result.first_wrong = fmt::format("at {:#010x}: got {}, want {}", b.addr + i,
                                         static_cast<int>(static_cast<std::int8_t>(got[i])),
                                         static_cast<int>(static_cast<std::int8_t>(b.bytes[i])));
      }
    }
  }
  if (result.checked == 0) throw std::runtime_error("nothing was checked");
  return result;
}

}  // namespace octant
