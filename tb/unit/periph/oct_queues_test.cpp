// SPDX-License-Identifier: Apache-2.0
// oct_queues: directed cases, then random dependence graphs against the golden runner of
// queue_bench.
#include <catch2/catch.hpp>

#include "queue_bench.hpp"

using queues::Bench;
using queues::BenchConfig;
using queues::Desc;

namespace {

constexpr std::uint32_t kRing = 0x8000'0000;
constexpr unsigned kOps[5][3] = {{OCT_OP_NOP, OCT_OP_GEMM, OCT_OP_ATTN},
                                 {OCT_OP_NOP, OCT_OP_DMA_COPY, OCT_OP_DMA_FILL},
                                 {OCT_OP_NOP, OCT_OP_DMA_COPY, OCT_OP_DMA_COPY},
                                 {OCT_OP_NOP, OCT_OP_TEAM_RUN, OCT_OP_TEAM_RUN},
                                 {OCT_OP_NOP, OCT_OP_TEAM_RUN, OCT_OP_TEAM_RUN}};

void default_rings(Bench& b, std::uint32_t size = 16) {
  for (unsigned q = 0; q < 5; ++q) b.set_ring(q, kRing + 0x10000 * q, size);
}

Desc job(Bench& b, unsigned q, unsigned kind = 1) {
  static unsigned tag = 1;
  return queues::make(q, kOps[q][kind], tag++ & 0xffff, b.random, b.dut->num_workers_o);
}

// status of a queue
std::uint32_t status(Bench& b, unsigned q) { return b.read(0x40 * q + 0x10); }

}  // namespace

TEST_CASE("queues: a job of every queue arrives with its payload") {
  Bench b("arrives", {});
  default_rings(b);
  for (unsigned q = 0; q < 5; ++q) {
    for (unsigned kind = 0; kind < 3; ++kind) b.lists[q].push_back(job(b, q, kind));
  }
  b.run(3000);
  for (unsigned q = 0; q < 5; ++q) {
    CHECK(b.pushed[q] == 3);
    CHECK(b.empty_events[q] >= 1);
    CHECK(b.read(0x40 * q + 8) == b.read(0x40 * q + 12));
  }
  CHECK(b.dut->error_valid_o == 0);
  CHECK(b.dut->idle_o == 1);
}

TEST_CASE("queues: hand-over takes three cycles from done to job_valid") {
  for (unsigned from = 0; from < 5; ++from) {
    for (unsigned to = 0; to < 5; ++to) {
      if (from == to) continue;
      Bench b("hand-over", {.job_max = 1});
      default_rings(b);
      b.lists[from].push_back(job(b, from));
      queues::set_signal(b.lists[from][0], 0, 7, 1);
      b.lists[to].push_back(job(b, to));
      queues::set_wait(b.lists[to][0], 1, 7, 1);
      b.hold_done = true;
      b.append(from, 16);
      b.append(to, 16);
      for (unsigned n = 0; n < 200; ++n) b.tick();
      REQUIRE(b.rises.size() == 1);
      CHECK((status(b, to) & 0xff3f) == 0x4707);  // wait 1, semaphore 7; waiting, valid, busy
      CHECK(b.read(0x40 * to + 0x18) == 0x0000'0001);
      CHECK(b.read(0x40 * to + 0x14) == (b.lists[to][0].tag | b.lists[to][0].op << 16));
      CHECK((b.dut->waiting_o >> to & 1) == 1);
      b.hold_done = false;
      b.run(100);
      REQUIRE(b.rises.size() == 2);
      b.rises.clear();
    }
  }
  // The figure itself: done of DMA-in in cycle n, team 0 offered in cycle n + 3.
  Bench b("hand-over figure", {.job_max = 1});
  default_rings(b);
  b.lists[1].push_back(job(b, 1));
  queues::set_signal(b.lists[1][0], 0, 7, 1);
  b.lists[3].push_back(job(b, 3));
  queues::set_wait(b.lists[3][0], 0, 7, 1);
  b.hold_done = true;
  b.append(1, 16);
  b.append(3, 16);
  for (unsigned n = 0; n < 200; ++n) b.tick();
  b.hold_done = false;
  b.tick();
  const std::uint64_t done = b.last_done;
  for (unsigned n = 0; n < 10; ++n) b.tick();
  REQUIRE(b.rises.size() == 2);
  CHECK(b.rises[1].second - done == 3);
}

TEST_CASE("queues: a job that is offered waits for its unit, not for a semaphore") {
  for (unsigned q = 0; q < 5; ++q) {
    for (unsigned waits = 0; waits <= 2; ++waits) {
      Bench b("offered", {.ready_percent = 0});
      default_rings(b);
      b.set_sem(7, 1);
      b.lists[q].push_back(job(b, q));
      for (unsigned w = 0; w < waits; ++w) queues::set_wait(b.lists[q][0], w, 7, 1);
      b.append(q, 16);
      for (unsigned n = 0; n < 100; ++n) b.tick();
      REQUIRE(b.rises.size() == 1);
      CHECK((status(b, q) & 0xff) == 0x0b);  // offered, valid, busy
      CHECK(b.dut->waiting_o == 0);
      b.config.ready_percent = 100;
      b.run(200);
      CHECK((status(b, q) & 0xff) == 0);
    }
  }
}

TEST_CASE("queues: jobs of one queue follow each other") {
  // 40 jobs of one cycle each, everything prefetched: the loader's 13 cycles are the limit.
  Bench b("rate", {.latency_min = 5, .latency_max = 5, .job_max = 1});
  default_rings(b, 64);
  for (unsigned i = 0; i < 40; ++i) b.lists[1].push_back(job(b, 1));
  b.append(1, 64);
  b.run(2000);
  REQUIRE(b.rises.size() == 40);
  const double per_job = static_cast<double>(b.rises[39].second - b.rises[19].second) / 20;
  INFO("cycles per job: " << per_job);
  CHECK(per_job <= 20);
}

TEST_CASE("queues: signals of one cycle and of cores all count") {
  Bench b("same cycle", {.job_max = 1});
  default_rings(b);
  for (unsigned q = 0; q < 5; ++q) {
    b.lists[q].push_back(job(b, q));
    queues::set_signal(b.lists[q][0], 0, 3, 100 + q);
    queues::set_signal(b.lists[q][0], 1, 3, 200 + q);
  }
  b.hold_done = true;
  for (unsigned q = 0; q < 5; ++q) b.append(q, 16);
  for (unsigned n = 0; n < 300; ++n) b.tick();
  REQUIRE(b.rises.size() == 5);
  b.hold_done = false;  // all five end in the next cycle
  for (unsigned n = 0; n < 5; ++n) b.add_sem(3, 1000);
  b.run(100);
  CHECK(b.sem(3) == 5 * 1000 + 5 * 300 + 2 * 10);
  b.check_final();
}

TEST_CASE("queues: semaphores wrap at 16 bits") {
  Bench b("wrap", {});
  default_rings(b);
  b.set_sem(63, 0xfffe);
  b.lists[2].push_back(job(b, 2));
  queues::set_wait(b.lists[2][0], 0, 63, 0x0001);
  b.append(2, 4);
  for (unsigned n = 0; n < 200; ++n) b.tick();
  CHECK(b.rises.empty());
  b.add_sem(63, 2);
  for (unsigned n = 0; n < 20; ++n) b.tick();
  CHECK(b.rises.empty());
  b.add_sem(63, 1);
  b.run(100);
  CHECK(b.rises.size() == 1);
  CHECK(b.read(0x400 + 4 * 63) == 1);
}

TEST_CASE("queues: parameter modifiers") {
  Bench b("modifiers", {});
  default_rings(b);
  std::array<std::uint32_t, 16> preg{};
  for (unsigned i = 0; i < preg.size(); ++i) {
    preg[i] = static_cast<std::uint32_t>(b.random());
    CHECK_FALSE(b.write(0x600 + 4 * i, preg[i]));
  }
  for (unsigned i = 0; i < preg.size(); ++i) CHECK(b.read(0x600 + 4 * i) == preg[i]);
  for (unsigned n = 0; n < 60; ++n) {
    const unsigned q = n % 5;
    Desc d = job(b, q);
    const unsigned words = q == 0 ? 24 : q <= 2 ? 8 : 2;
    for (unsigned m = 0; m < 4; ++m) {
      if (tb::chance(b.random, 40)) continue;
      const unsigned w = tb::uniform(b.random, 0U, words - 1);
      const unsigned p = tb::uniform(b.random, 0U, 15U);
      const int scale = tb::uniform(b.random, -32768, 32767);
      d.words[d.words.size() - 4 + m] = OCT_DESC_MODIFY(p, w + 4, scale);
      d.payload[w] += preg[p] * static_cast<std::uint32_t>(scale);
    }
    b.lists[q].push_back(d);
  }
  b.run(10000);
  CHECK(b.pushed[0] == 12);
}

TEST_CASE("queues: malformed descriptors end in the error record") {
  struct Case {
    unsigned queue, word;
    std::uint32_t value;
    std::uint8_t cause;
    std::uint32_t addr;
  };
  const std::vector<Case> cases = {
      {0, 0, 0x110, OCT_CAUSE_BAD_OP, 0},
      {1, 0, OCT_OP_TEAM_RUN, OCT_CAUSE_BAD_OP, 0},
      {2, 0, OCT_OP_DMA_FILL, OCT_CAUSE_BAD_OP, 0},
      {3, 0, OCT_OP_GEMM, OCT_CAUSE_BAD_OP, 0},
      {4, 0, 0xff, OCT_CAUSE_BAD_OP, 0},
      {1, 0, 0x110, OCT_CAUSE_BAD_FIELD, 0},
      {3, 0, 0x120, OCT_CAUSE_BAD_FIELD, 0},
      {3, 6, 0, OCT_CAUSE_BAD_FIELD, 6},
      {4, 6, 0xffffffff, OCT_CAUSE_BAD_FIELD, 6},
      {1, 12, 0x80030000, OCT_CAUSE_BAD_FIELD, 12},
      {1, 13, 0x800c0000, OCT_CAUSE_BAD_FIELD, 13},
      {2, 14, 0x801f0000, OCT_CAUSE_BAD_FIELD, 14},
      {4, 15, 0x80000000, OCT_CAUSE_BAD_FIELD, 15},
      {0, 31, 0x801c0000, OCT_CAUSE_BAD_FIELD, 31},
      {0, 28, 0x80020000, OCT_CAUSE_BAD_FIELD, 28},
  };
  for (const Case& c : cases) {
    Bench b("malformed", {});
    INFO("queue " << c.queue << " word " << c.word << " value " << c.value);
    default_rings(b);
    Desc d = job(b, c.queue);
    queues::set_signal(d, 1, 9, 1);
    d.words[c.word] = (c.word == 0) ? c.value | d.tag << 16 : c.value;
    d.bad = true;
    b.lists[c.queue].push_back(d);
    b.lists[c.queue].push_back(job(b, c.queue));  // goes on behind it
    const unsigned other = (c.queue + 1) % 5;
    b.lists[other].push_back(job(b, other));  // depends on it: skipped
    queues::set_wait(b.lists[other][0], 0, 9, 1);
    queues::set_signal(b.lists[other][0], 0, 10, 1);
    b.run(1000);
    CHECK(b.dut->error_valid_o == 1);
    CHECK(b.dut->error_queue_o == c.queue);
    CHECK(b.dut->error_tag_o == d.tag);
    CHECK(int(b.dut->error_cause_o) == int(c.cause));
    CHECK(b.dut->error_addr_o == c.addr);
    CHECK(b.error_events == 1);
    CHECK(b.lists[c.queue][1].started);
    CHECK(b.lists[other][0].skipped);
    CHECK(b.poisoned(10));
    b.check_final();
    b.dut->error_clear_i = 1;
    b.tick();
    b.dut->error_clear_i = 0;
    for (unsigned n = 0; n < 20; ++n) b.tick();
    CHECK(b.dut->error_valid_o == 0);
    b.forget();
    b.check_final();  // all zero again
  }
}

TEST_CASE("queues: bad rings refuse the doorbell and poison") {
  struct Case {
    std::uint32_t base, size, tail, field;
  };
  const std::vector<Case> cases = {{kRing + 4, 16, 1, OCT_RING_FIELD | 0},
                                   {kRing, 0, 1, OCT_RING_FIELD | 4},
                                   {kRing, 0x10000, 1, OCT_RING_FIELD | 4},
                                   {kRing, 16, 17, OCT_RING_FIELD | 12},
                                   {kRing, 16, 0xffff'ffff, OCT_RING_FIELD | 12}};
  for (const Case& c : cases) {
    Bench b("rings", {});
    INFO("base " << c.base << " size " << c.size << " tail " << c.tail);
    default_rings(b);
    b.lists[3].push_back(job(b, 3));
    queues::set_wait(b.lists[3][0], 0, 1, 1);
    queues::set_signal(b.lists[3][0], 0, 2, 1);
    b.append(3, 4);
    b.set_ring(2, c.base, c.size);
    b.poison_all = true;
    CHECK_FALSE(b.write(0x8c, c.tail));
    b.run(500);
    CHECK(b.lists[3][0].skipped);
    CHECK(b.dut->error_valid_o == 1);
    CHECK(b.dut->error_queue_o == 2);
    CHECK(int(b.dut->error_cause_o) == OCT_CAUSE_BAD_FIELD);
    CHECK(b.dut->error_addr_o == c.field);
    CHECK((status(b, 2) & 0x10) == 0x10);
    b.check_final();
    b.dut->error_clear_i = 1;
    b.tick();
    b.dut->error_clear_i = 0;
    for (unsigned n = 0; n < 20; ++n) b.tick();
    b.forget();
    default_rings(b);
    b.lists[2].push_back(job(b, 2));
    b.run(500);
    CHECK(b.dut->error_valid_o == 0);
  }
}

TEST_CASE("queues: registers answer with an error where there is nothing") {
  Bench b("registers", {});
  bool error = false;
  for (unsigned addr : {0x01cU, 0x03cU, 0x140U, 0x3fcU, 0x640U, 0x67cU, 0x68cU, 0x700U, 0xffcU}) {
    INFO("address " << addr);
    b.read(addr, &error);
    CHECK(error);
    CHECK(b.write(addr, 1));
  }
  for (unsigned addr : {0x008U, 0x010U, 0x014U, 0x018U, 0x680U, 0x684U}) CHECK(b.write(addr, 1));
  default_rings(b);
  b.lists[1].push_back(job(b, 1));
  queues::set_wait(b.lists[1][0], 0, 0, 1);
  b.append(1, 4);
  CHECK(b.write(0x40, kRing));  // BASE while busy
  CHECK(b.write(0x44, 16));     // SIZE while busy
  CHECK(b.write(0x688, 1));     // SEM_CLEAR while busy
  b.add_sem(0, 1);
  b.run(200);
  CHECK_FALSE(b.write(0x688, 1));
  CHECK(b.read(0x400) == 0);
}

TEST_CASE("queues: an error from elsewhere joins the record, the first one stays") {
  Bench b("elsewhere", {});
  default_rings(b);
  b.dut->ext_error_i = 1;
  b.tick();
  b.dut->ext_error_i = 0;
  b.tick();
  b.lists[1].push_back(job(b, 1));
  b.lists[1][0].fail_cause = OCT_CAUSE_AXI_SLVERR;
  b.run(500);
  CHECK(b.dut->error_queue_o == 7);
  CHECK(int(b.dut->error_cause_o) == OCT_CAUSE_AXI_TIMEOUT);
  CHECK(b.error_events == 1);
}
