// SPDX-License-Identifier: Apache-2.0
// oct_ctrl: registers, external blocks, timer, counters, interrupts, abort.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <functional>
#include <map>

#include "Vtb_ctrl.h"
#include "harness/clocked.hpp"
#include "oct_config.hpp"
#include "oct_regs.h"

namespace {

using oct::config::kNumCores;

constexpr std::uint32_t kAll = (1U << kNumCores) - 1;

struct Answer {
  bool err;
  std::uint32_t data;
  unsigned cycles;
};

class Ctrl {
 public:
  explicit Ctrl(const std::string& name) : dut(tb::derived_seed(name)), random(tb::rng(name)) {
    dut->valid_i = dut->we_i = dut->queue_ack_i = dut->queue_err_i = dut->engine_ready_i = 0;
    dut->engine_ack_i = dut->engine_err_i = dut->error_valid_i = dut->error_event_i = 0;
    dut->flushing_i = dut->busy_i = dut->empty_event_i = 0;
    dut->be_i = 15;
    dut->held_i = kAll;
    dut->idle_i = 0x7fff;
    dut->boot_addr_i = 0x8000'0040;
    for (auto i = 0; i < 16; ++i) dut->count_i[i] = 0;
    dut.reset();
    dut.wait_until([&] { return !dut->clear_o; }, 50, "clear after reset");
  }

  std::function<void()> each_cycle = [] {};
  void tick() {
    each_cycle();
    dut.tick();
  }

  Answer access(bool we, std::uint32_t addr, std::uint32_t data, unsigned be = 15) {
    dut->valid_i = 1;
    dut->we_i = we;
    dut->be_i = static_cast<CData>(be);
    dut->addr_i = 0x2000'0000 + addr;
    dut->wdata_i = data;
    unsigned n = 0;
    for (dut.eval(); !dut->ready_o; ++n) {
      REQUIRE(n < 50);  // register port: not ready
      tick();
    }
    tick();
    dut->valid_i = 0;
    for (n = 1; !dut->rvalid_o; ++n) {
      if (n > 100) throw std::runtime_error(fmt::format("register {:#x}: no answer", addr));
      tick();
    }
    const Answer a{dut->err_o != 0, dut->rdata_o, n};
    tick();
    CHECK(dut->rvalid_o == 0);
    return a;
  }
  std::uint32_t read(std::uint32_t addr) {
    const Answer a = access(false, addr, 0);
    if (a.err) throw std::runtime_error(fmt::format("read of {:#x} refused", addr));
    return a.data;
  }
  void write(std::uint32_t addr, std::uint32_t data) {
    if (access(true, addr, data).err)
      throw std::runtime_error(fmt::format("write of {:#x} refused", addr));
  }

  tb::Clocked<Vtb_ctrl> dut;
  std::mt19937_64 random;
};

}  // namespace

TEST_CASE("ctrl: constants, reset values, read and write") {
  Ctrl c("registers");
  CHECK(c.read(OCT_REG_VERSION) == 0x0001'0000);
  CHECK((c.read(OCT_REG_CONFIG0) & OCT_CONFIG0_WORKERS) == oct::config::kNumWorkers);
  CHECK(c.read(OCT_REG_CONFIG1) == oct::config::kL1Bytes);
  CHECK((c.read(OCT_REG_CONFIG2) & OCT_CONFIG2_ENGINE_MACS) == oct::config::kEngineMacs);
  CHECK(c.read(OCT_REG_AXI_TIMEOUT) == oct::config::kAxiTimeout);
  CHECK(c.dut->axi_timeout_o == oct::config::kAxiTimeout);
  CHECK(c.dut->boot_addr_o == 0x8000'0040);
  c.write(OCT_REG_BOOT_ADDR, 0x8000'1000);
  CHECK(c.dut->boot_addr_o == 0x8000'1000);
  c.write(OCT_REG_L2_OFFSET, 0x100);
  CHECK(c.dut->l2_offset_o == 0x100);
  for (std::uint32_t r : {OCT_REG_SCRATCH0, OCT_REG_SCRATCH1, OCT_REG_CONSOLE, OCT_REG_EXIT,
                          OCT_REG_HOST_EVENT, OCT_REG_ABORT_LATE}) {
    const auto value = static_cast<std::uint32_t>(c.random());
    c.write(r, value);
    CHECK(c.read(r) == value);
  }
  CHECK(c.dut->hold_o == kAll);
  c.write(OCT_REG_RUN, 5 & kAll);
  c.tick();
  CHECK(c.dut->hold_o == (kAll & ~5U));
  c.write(OCT_REG_ICACHE_PREFETCH, 3);
  CHECK(c.dut->icache_prefetch_o == 3);
  unsigned flushes = 0;
  c.each_cycle = [&] { flushes += c.dut->icache_flush_o; };
  c.write(OCT_REG_ICACHE_FLUSH, 1);
  c.tick();
  CHECK(flushes == 1);
}

TEST_CASE("ctrl: what does not exist, or not this way, is an error") {
  Ctrl c("errors");
  for (std::uint32_t a : {0x00u + 0x54, 0x7cU, 0x90U, 0xfcU, 0x10cU, 0x188U + 8, 0x204U, 0x2c0U,
                          0x39cU, 0x3fcU, 0x688U, 0x3000U, 0xfffcU}) {
    INFO("offset " << a);
    CHECK(c.access(false, a, 0).err);
    CHECK(c.access(true, a, 0).err);
  }
  for (std::uint32_t a :
       {OCT_REG_VERSION, OCT_REG_CONFIG0, OCT_REG_STATUS, OCT_REG_ERROR, OCT_REG_ABORT_BUSY}) {
    CHECK(c.access(true, a, 0).err);
  }
  CHECK(c.access(false, OCT_REG_ABORT, 0).err);
  c.write(OCT_REG_SCRATCH0, 0x11223344);
  for (unsigned be : {0U, 1U, 3U, 7U, 14U}) CHECK(c.access(true, OCT_REG_SCRATCH0, 0, be).err);
  CHECK(c.read(OCT_REG_SCRATCH0) == 0x11223344);
  if (kNumCores < 9) {
    CHECK(c.access(false, OCT_REG_MSIP(kNumCores), 0).err);
    CHECK(c.access(false, OCT_REG_MTIMECMP_LO(kNumCores), 0).err);
    CHECK(c.access(false, OCT_REG_CORE_PC(kNumCores), 0).err);
  }
}

TEST_CASE("ctrl: queues and engine answer through it") {
  Ctrl c("external");
  std::map<std::uint32_t, std::uint32_t> queue, engine;
  int queue_wait = -1, engine_state = -1;
  bool refuse = false;
  c.each_cycle = [&] {
    c.dut.eval();
    c.dut->queue_ack_i = queue_wait == 0;
    c.dut->queue_err_i = refuse;
    if (queue_wait >= 0) --queue_wait;
    if (c.dut->queue_valid_o) {
      if (c.dut->queue_we_o) queue[c.dut->queue_addr_o] = c.dut->queue_wdata_o;
      c.dut->queue_rdata_i = queue[c.dut->queue_addr_o];
      queue_wait = tb::uniform(c.random, 0, 6);
    }
    c.dut->engine_ready_i = tb::chance(c.random, 50);
    c.dut->engine_ack_i = engine_state == 0;
    c.dut->engine_err_i = refuse;
    if (engine_state >= 0) --engine_state;
    if (c.dut->engine_valid_o && c.dut->engine_ready_i) {
      if (c.dut->engine_we_o) engine[c.dut->engine_addr_o] = c.dut->engine_wdata_o;
      c.dut->engine_rdata_i = engine[c.dut->engine_addr_o];
      engine_state = tb::uniform(c.random, 0, 6);
    }
  };
  for (unsigned n = 0; n < 200; ++n) {
    const bool to_engine = n % 2;
    const std::uint32_t addr = to_engine ? 0x2000 + 4 * tb::uniform(c.random, 0U, 1023U)
                                         : 0x1000 + 4 * tb::uniform(c.random, 0U, 0x1a2U);
    const auto value = static_cast<std::uint32_t>(c.random());
    if (c.access(true, addr, value).err) throw std::runtime_error("write refused");
    if (to_engine)
      CHECK(engine[0x2000'0000 + addr] == value);
    else
      CHECK(queue[addr - 0x1000] == value);
    CHECK(c.read(addr) == value);
    refuse = true;
    CHECK(c.access(false, addr, 0).err);
    CHECK(c.access(true, addr, value).err);
    refuse = false;
  }
}

TEST_CASE("ctrl: time, timer and software interrupts") {
  Ctrl c("timer");
  c.write(OCT_REG_TIME_DIV, 3);
  const std::uint32_t t0 = c.read(OCT_REG_MTIME_LO);
  const std::uint64_t cycle0 = c.dut.cycles();
  for (unsigned n = 0; n < 400; ++n) c.tick();
  const std::uint32_t t1 = c.read(OCT_REG_MTIME_LO);
  CHECK(t1 - t0 == Approx(static_cast<double>(c.dut.cycles() - cycle0) / 4).margin(1.01));
  c.write(OCT_REG_TIME_DIV, 0);
  // 64 bits: the high half goes with the low one read last.
  c.write(OCT_REG_MTIME_HI, 7);
  c.write(OCT_REG_MTIME_LO, 0xffff'fff0);
  CHECK(c.read(OCT_REG_MTIME_LO) >= 0xffff'fff0);
  for (unsigned n = 0; n < 30; ++n) c.tick();
  CHECK(c.read(OCT_REG_MTIME_HI) == 7);
  CHECK(c.read(OCT_REG_MTIME_LO) < 100);
  CHECK(c.read(OCT_REG_MTIME_HI) == 8);
  for (unsigned i = 0; i < kNumCores; ++i) {
    CHECK(c.read(OCT_REG_MTIMECMP_LO(i)) == 0xffff'ffff);
    c.write(OCT_REG_MTIMECMP_HI(i), 8);
    c.write(OCT_REG_MTIMECMP_LO(i), 4000 + 100 * i);
  }
  CHECK(c.dut->mtip_o == 0);
  c.write(OCT_REG_MTIME_LO, 3990);
  for (unsigned i = 0; i < kNumCores; ++i) {
    const std::uint64_t from = c.dut.cycles();
    c.dut.wait_until([&] { return c.dut->mtip_o >> i & 1; }, 120, "mtip");
    CHECK(c.dut->mtip_o == (2U << i) - 1);
    if (i > 0) CHECK(c.dut.cycles() - from <= 100 + kNumCores + 2);
  }
  // Writing a comparison takes its interrupt back at once, and no other's; other registers none.
  for (unsigned i = 0; i < kNumCores; ++i) {
    c.write(OCT_REG_MTIMECMP_LO(i), 0xffff'ffff);
    CHECK(c.dut->mtip_o == (kAll & ~((2U << i) - 1)));
    c.write(OCT_REG_TIME_DIV, 0);
    c.write(OCT_REG_MSIP(i), 0);
    CHECK(c.dut->mtip_o == (kAll & ~((2U << i) - 1)));
  }
  for (unsigned n = 0; n < 20; ++n) c.tick();
  CHECK(c.dut->mtip_o == 0);
  for (unsigned i = 0; i < kNumCores; ++i) {
    c.write(OCT_REG_MSIP(i), 1);
    CHECK(c.dut->msip_o == 1U << i);
    CHECK(c.read(OCT_REG_MSIP(i)) == 1);
    c.write(OCT_REG_MSIP(i), 0);
  }
}

TEST_CASE("ctrl: counters and core state") {
  Ctrl c("counters");
  std::array<std::uint64_t, 16> want{};
  c.write(OCT_REG_SNAPSHOT, 1);  // to zero
  for (unsigned n = 0; n < 500; ++n) {
    for (unsigned i = 1; i < 16; ++i) {
      c.dut->count_i[i] = tb::chance(c.random, 30) ? tb::uniform(c.random, 0U, 63U) : 0;
      want[i] += c.dut->count_i[i];
    }
    c.tick();
  }
  for (unsigned i = 1; i < 16; ++i) c.dut->count_i[i] = 0;
  for (unsigned n = 0; n < 4; ++n) c.tick();
  c.write(OCT_REG_SNAPSHOT, 0);
  for (unsigned n = 0; n < 10; ++n) c.tick();
  for (unsigned i = 1; i < 16; ++i) {
    CHECK(c.read(OCT_REG_COUNTER_LO(i)) == static_cast<std::uint32_t>(want[i]));
    CHECK(c.read(OCT_REG_COUNTER_HI(i)) == 0);
  }
  const std::uint32_t cycles = c.read(OCT_REG_COUNTER_LO(0));
  CHECK(cycles > 500);
  CHECK(cycles < 530);
  CHECK(c.read(OCT_REG_COUNTER_LO(0)) == cycles);  // a snapshot stands
  for (unsigned i = 0; i < kNumCores; ++i) {
    CHECK(c.read(OCT_REG_CORE_STATE(i)) == i % 7);
    CHECK(c.read(OCT_REG_CORE_PC(i)) == 0x8000'0000 + i);
    CHECK(c.read(OCT_REG_CORE_ADDR(i)) == 0x1000'0000 + i);
  }
}

TEST_CASE("ctrl: interrupts to the host, doorbells to the cores") {
  Ctrl c("interrupts");
  auto expect = [&](std::uint32_t bit) {
    INFO("pending bit " << bit);
    for (unsigned n = 0; n < 4; ++n) c.tick();
    CHECK(c.read(OCT_REG_INTR_PENDING) == bit);
    CHECK(c.dut->irq_o == 0);
    c.write(OCT_REG_INTR_ENABLE, bit);
    c.tick();
    CHECK(c.dut->irq_o == 1);
    c.write(OCT_REG_INTR_PENDING, ~bit);
    c.tick();
    CHECK(c.dut->irq_o == 1);
    c.write(OCT_REG_INTR_PENDING, bit);
    c.tick();
    CHECK(c.dut->irq_o == 0);
    CHECK(c.read(OCT_REG_INTR_PENDING) == 0);
    c.write(OCT_REG_INTR_ENABLE, 0);
  };
  c.write(OCT_REG_EXIT, 5);  // not done
  for (unsigned n = 0; n < 4; ++n) c.tick();
  CHECK(c.read(OCT_REG_INTR_PENDING) == 0);
  c.write(OCT_REG_EXIT, 0x8000'0005);
  expect(OCT_INTR_PENDING_EXIT);
  CHECK(c.read(OCT_REG_EXIT) == 0x8000'0005);
  c.write(OCT_REG_CONSOLE, 1);
  expect(OCT_INTR_PENDING_CONSOLE);
  c.write(OCT_REG_HOST_EVENT, 0);
  expect(OCT_INTR_PENDING_DOORBELL);
  c.dut->error_event_i = 1;
  c.tick();
  c.dut->error_event_i = 0;
  expect(OCT_INTR_PENDING_ERROR);
  for (unsigned q = 0; q < 5; ++q) {
    c.dut->empty_event_i = static_cast<CData>(1U << q);
    c.tick();
    c.dut->empty_event_i = 0;
    expect(0x100U << q);
  }
  // An event in the cycle in which it is cleared is not lost.
  c.dut->empty_event_i = 1;
  c.write(OCT_REG_INTR_PENDING, 0x100);
  c.dut->empty_event_i = 0;
  CHECK(c.read(OCT_REG_INTR_PENDING) == 0x100);
  std::map<std::uint32_t, unsigned> bells;
  c.each_cycle = [&] {
    if (c.dut->doorbell_o) ++bells[c.dut->doorbell_o];
  };
  c.write(OCT_REG_DOORBELL, 3);
  c.write(OCT_REG_DOORBELL, 1U << (kNumCores - 1));
  for (unsigned n = 0; n < 4; ++n) c.tick();
  CHECK(bells == std::map<std::uint32_t, unsigned>{{3, 1}, {1U << (kNumCores - 1), 1}});
  c.dut->error_valid_i = 1;
  CHECK(c.read(OCT_REG_ERROR) ==
        (OCT_ERROR_VALID | 3U << OCT_ERROR_QID_SHIFT | 9U << OCT_ERROR_CAUSE_SHIFT | 0x1234));
  CHECK(c.read(OCT_REG_ERROR_ADDR) == 0x5678);
  CHECK((c.read(OCT_REG_STATUS) & OCT_STATUS_ERROR) != 0);
  unsigned clears = 0;
  c.each_cycle = [&] { clears += c.dut->error_clear_o; };
  c.write(OCT_REG_ERROR_CLEAR, 1);
  c.tick();
  CHECK(clears == 1);
}

TEST_CASE("ctrl: abort waits for all blocks and holds the cores") {
  Ctrl c("abort");
  c.write(OCT_REG_RUN, kAll);
  c.tick();
  CHECK(c.dut->hold_o == 0);
  c.dut->held_i = 0;
  CHECK((c.read(OCT_REG_STATUS) & (OCT_STATUS_ABORTING | OCT_STATUS_ABORTED)) == 0);
  c.write(OCT_REG_ABORT_LATE, 100);
  c.dut->idle_i = 0x7fff & ~0x10;
  c.write(OCT_REG_ABORT, 1);
  c.tick();
  CHECK(c.dut->clear_o == 1);
  CHECK(c.dut->hold_o == kAll);
  c.write(OCT_REG_RUN, kAll);  // too early: ignored
  for (unsigned n = 0; n < 40; ++n) c.tick();
  CHECK(c.read(OCT_REG_ABORT_BUSY) == 0x8010);
  c.dut->held_i = kAll;
  CHECK((c.read(OCT_REG_STATUS) & OCT_STATUS_ABORTED) == 0);
  CHECK((c.read(OCT_REG_STATUS) & OCT_STATUS_LATE) == 0);
  for (unsigned n = 0; n < 100; ++n) c.tick();
  CHECK((c.read(OCT_REG_STATUS) & OCT_STATUS_LATE) != 0);
  CHECK((c.read(OCT_REG_INTR_PENDING) & OCT_INTR_PENDING_LATE) != 0);
  CHECK(c.read(OCT_REG_ABORT_BUSY) == 0x10);
  CHECK(c.dut->clear_o == 1);
  c.dut->idle_i = 0x7fff;
  for (unsigned n = 0; n < 3; ++n) c.tick();
  CHECK(c.dut->clear_o == 0);
  CHECK((c.read(OCT_REG_STATUS) & (OCT_STATUS_ABORTING | OCT_STATUS_ABORTED | OCT_STATUS_LATE)) ==
        OCT_STATUS_ABORTED);
  CHECK((c.read(OCT_REG_INTR_PENDING) & OCT_INTR_PENDING_ABORTED) != 0);
  CHECK(c.read(OCT_REG_RUN) == 0);
  CHECK(c.dut->hold_o == kAll);
  // A block that looks idle at first has eight cycles to think again.
  c.write(OCT_REG_ABORT, 1);
  c.dut->idle_i = 0x7ffe;
  for (unsigned n = 0; n < 30; ++n) c.tick();
  CHECK(c.dut->clear_o == 1);
  c.write(OCT_REG_ABORT, 1);  // once more in the middle
  c.dut->idle_i = 0x7fff;
  for (unsigned n = 0; n < 20; ++n) c.tick();
  CHECK(c.dut->clear_o == 0);
}
