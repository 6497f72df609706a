// SPDX-License-Identifier: Apache-2.0
// oct_queues: random dependence graphs over the five queues against the golden runner of
// queue_bench, with failing jobs, malformed descriptors, failing reads, aborts and restarts.
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

struct Graph {
  unsigned jobs = 150;
  unsigned sems = 12;  // few: many jobs share one
  unsigned fail_percent = 0, bad_percent = 0;
  std::array<std::uint16_t, 64> start{};  // values of the semaphores before
};

/// Descriptors in a global order; each waits only for what earlier ones signal, so no deadlock.
void fill(Bench& b, const Graph& g) {
  std::array<unsigned, 64> total{};  // signalled by the descriptors so far
  for (unsigned n = 0; n < g.jobs; ++n) {
    const unsigned q = tb::uniform(b.random, 0U, 4U);
    const unsigned op = kOps[q][tb::chance(b.random, 15) ? 0 : tb::uniform(b.random, 1U, 2U)];
    Desc d = queues::make(q, op, n & 0xffff, b.random, b.dut->num_workers_o);
    for (unsigned w = 0; w < 2; ++w) {
      if (!tb::chance(b.random, 60)) continue;
      const unsigned s = tb::uniform(b.random, 0U, g.sems - 1);
      const unsigned low = total[s] > 1000 ? total[s] - 1000 : 0;
      const unsigned want =
          tb::chance(b.random, 60) ? total[s] : tb::uniform(b.random, low, total[s]);
      queues::set_wait(d, w, s, static_cast<std::uint16_t>(g.start[s] + want));
    }
    for (unsigned w = 0; w < 2; ++w) {
      if (!tb::chance(b.random, 60)) continue;
      const unsigned s = tb::uniform(b.random, 0U, g.sems - 1);
      const unsigned add = tb::uniform(b.random, 1U, 255U);
      queues::set_signal(d, w, s, add);
      total[s] += add;
    }
    if (tb::chance(b.random, g.bad_percent)) {
      d.words[0] = (d.words[0] & ~0xffU) | 0x77;
      d.bad = true;
    } else if (op != OCT_OP_NOP && tb::chance(b.random, g.fail_percent)) {
      d.fail_cause = OCT_CAUSE_L1_RANGE;
      d.fail_addr = n;
    }
    b.lists[q].push_back(d);
  }
}

BenchConfig draw_config(std::mt19937_64& r) {
  BenchConfig c;
  c.latency_min = tb::uniform(r, 1U, 100U);
  c.latency_max = c.latency_min + tb::uniform(r, 0U, 60U);
  c.stall_percent = tb::uniform(r, 0U, 60U);
  c.ready_percent = tb::uniform(r, 20U, 100U);
  c.job_max = tb::chance(r, 50) ? 3 : 200;
  c.depth = tb::uniform(r, 1U, 6U);
  return c;
}

void rings(Bench& b) {
  for (unsigned q = 0; q < 5; ++q) {
    b.set_ring(q, kRing + 0x10000 * q, tb::uniform(b.random, 2U, 40U));
  }
}

void randomise_sems(Bench& b, Graph& g) {
  for (unsigned s = 0; s < g.sems; ++s) {
    g.start[s] = static_cast<std::uint16_t>(b.random());
    b.set_sem(s, g.start[s]);
  }
}

void clear_error(Bench& b) {
  b.dut->error_clear_i = 1;
  b.tick();
  b.dut->error_clear_i = 0;
  unsigned n = 0;
  while (b.dut->flushing_o) {
    REQUIRE(++n < 3000);  // error clear: not done
    b.tick();
  }
  REQUIRE(b.dut->error_valid_o == 0);
  b.forget();
  b.check_final();
}

}  // namespace

TEST_CASE("queues: random graphs") {
  auto seeds = tb::rng("graphs");
  for (unsigned round = 0; round < 12; ++round) {
    Bench b("graph " + std::to_string(round), draw_config(seeds));
    b.l2_offset = round % 2 ? 0x0010'0000 : 0;
    rings(b);
    for (unsigned again = 0; again < 2; ++again) {  // the rings go on where they are
      Graph g;
      randomise_sems(b, g);
      fill(b, g);
      b.run(200'000);
      b.check_final();
      REQUIRE(b.dut->error_valid_o == 0);
      for (unsigned q = 0; q < 5; ++q) {
        for (const Desc& d : b.lists[q]) REQUIRE(d.started);
        if (!b.lists[q].empty()) CHECK(b.empty_events[q] > 0);
      }
      const auto offset = b.l2_offset;
      b.resume();
      b.l2_offset = offset;
    }
  }
}

TEST_CASE("queues: core adds race with signals") {
  for (unsigned round = 0; round < 6; ++round) {
    auto seeds = tb::rng("adds");
    Bench b("adds " + std::to_string(round), draw_config(seeds));
    rings(b);
    Graph g;
    g.sems = 4;
    randomise_sems(b, g);
    fill(b, g);
    // One job of each queue waits for what only the core adds.
    std::array<unsigned, 4> owed{};
    for (unsigned q = 0; q < 5; ++q) {
      if (b.lists[q].empty()) continue;
      const unsigned s = 40 + q % 4;
      owed[q % 4] += 1 + q;
      queues::set_wait(b.lists[q].front(), 0, s, static_cast<std::uint16_t>(owed[q % 4]));
    }
    for (unsigned q = 0; q < 5; ++q) b.append(q, 6);
    for (unsigned s = 0; s < 4; ++s) {
      for (unsigned n = 0; n < owed[s]; ++n) {
        b.add_sem(40 + s, 1);
        b.add_sem(tb::uniform(b.random, 0U, 3U), 0);
      }
    }
    b.run(200'000);
    b.check_final();
  }
}

TEST_CASE("queues: failures poison, the rest drains, clearing restarts") {
  auto seeds = tb::rng("poison");
  unsigned skipped = 0;
  for (unsigned round = 0; round < 12; ++round) {
    Bench b("poison " + std::to_string(round), draw_config(seeds));
    rings(b);
    for (unsigned again = 0; again < 2; ++again) {
      Graph g;
      g.sems = 64;
      g.fail_percent = 3;
      g.bad_percent = 2;
      fill(b, g);
      b.error_events = 0;
      b.run(200'000);
      b.check_final();
      bool any = false;
      for (unsigned q = 0; q < 5; ++q) {
        for (const Desc& d : b.lists[q]) {
          any |= d.bad || (d.started && d.fail_cause);
          skipped += d.skipped && !d.bad;
          // Exactly one of the two, and never a malformed one.
          REQUIRE(d.started != d.skipped);
          REQUIRE_FALSE((d.bad && d.started));
        }
      }
      CHECK((b.dut->error_valid_o != 0) == any);
      CHECK(b.error_events == (any ? 1U : 0U));
      clear_error(b);
    }
  }
  CHECK(skipped > 20);
}

TEST_CASE("queues: a read that fails poisons everything and nothing hangs") {
  auto seeds = tb::rng("fetch");
  for (unsigned round = 0; round < 12; ++round) {
    Bench b("fetch " + std::to_string(round), draw_config(seeds));
    rings(b);
    Graph g;
    fill(b, g);
    const unsigned victim = tb::uniform(b.random, 0U, 4U);
    const std::uint32_t addr = kRing + 0x10000 * victim + 64 * tb::uniform(b.random, 0U, 1U);
    b.bad_reads.insert(addr);
    b.run_lossy(victim, 200'000);
    CHECK(b.dut->error_valid_o == 1);
    CHECK(b.dut->error_queue_o == victim);
    CHECK(int(b.dut->error_cause_o) == OCT_CAUSE_FETCH);
    CHECK(b.dut->error_addr_o == addr);
    for (unsigned s = 0; s < 64; ++s) REQUIRE(b.poisoned(s));
    b.bad_reads.clear();
    clear_error(b);
    rings(b);
    Graph after;
    fill(b, after);
    b.run(200'000);
    b.check_final();
    CHECK(b.dut->error_valid_o == 0);
  }
}

TEST_CASE("queues: error cleared in the middle") {
  auto seeds = tb::rng("middle");
  for (unsigned round = 0; round < 12; ++round) {
    Bench b("middle " + std::to_string(round), draw_config(seeds));
    rings(b);
    Graph g;
    g.fail_percent = 5;
    fill(b, g);
    for (unsigned q = 0; q < 5; ++q) b.append(q, 40);
    const unsigned wait = tb::uniform(b.random, 0U, 400U);
    for (unsigned n = 0; n < wait; ++n) b.tick();
    clear_error(b);
    for (unsigned n = 0; n < 50; ++n) b.tick();
    CHECK(b.dut->busy_o == 0);
    for (unsigned q = 0; q < 5; ++q) CHECK(b.read(0x40 * q + 8) == b.read(0x40 * q + 12));
    rings(b);
    Graph after;
    fill(b, after);
    b.run(200'000);
    b.check_final();
  }
}

TEST_CASE("queues: abort at random moments") {
  auto seeds = tb::rng("abort");
  for (unsigned round = 0; round < 20; ++round) {
    Bench b("abort " + std::to_string(round), draw_config(seeds));
    rings(b);
    Graph g;
    g.fail_percent = 3;
    g.sems = 64;
    fill(b, g);
    for (unsigned q = 0; q < 5; ++q) b.append(q, 40);
    const unsigned wait = tb::uniform(b.random, 0U, 400U);
    for (unsigned n = 0; n < wait; ++n) b.tick();
    b.dut->clear_i = 1;
    unsigned n = 0;
    for (unsigned idle = 0; idle < 3; idle = b.dut->idle_o ? idle + 1 : 0) {
      REQUIRE(++n < 3000);  // clear: not idle
      b.tick();
      if (n > 1) CHECK(b.dut->job_valid_o == 0);
    }
    b.dut->clear_i = 0;
    b.forget();
    for (unsigned i = 0; i < 5; ++i) b.tick();
    CHECK(b.dut->busy_o == 0);
    CHECK(b.dut->error_valid_o == 0);
    b.check_final();
    rings(b);
    Graph after;
    fill(b, after);
    b.run(200'000);
    b.check_final();
  }
}
