// SPDX-License-Identifier: Apache-2.0
// oct_icache: every answer against memory, latency, coalescing, misses under hits, prefetch,
// errors, invalidation. Cores are modelled as requests that stand until their line is seen, or
// change.
#include <array>

#include "icache_bench.hpp"

using icache::Answer, icache::Bench, icache::kCores, icache::kL2, icache::kLines, icache::kSets;
namespace config = oct::config;

TEST_CASE("icache: a hit takes three cycles") {
  Bench t;
  CHECK(t.fetch(0, kL2 + 0x40) > 20);
  CHECK(t.misses == 1);
  t.run(5);
  for (unsigned core = 0; core < kCores; ++core) {
    CHECK(t.fetch(core, kL2 + 0x40) == 3);
    t.run(core % 3);
  }
  CHECK(t.asked == std::vector<std::uint32_t>{kL2 + 0x40});
  CHECK(t.hits == kCores);
}

TEST_CASE("icache: one answer serves all who want the line") {
  Bench t;
  for (unsigned core = 0; core < kCores; ++core) t.set(core, kL2 + 0x1000);
  t.wait(kCores - 1);
  CHECK(t.answered_cores == kCores);
  CHECK(t.answers == 1);
  CHECK(t.misses == 1);
  t.run(10);
  CHECK(t.answers == 1);
  for (unsigned core = 0; core < kCores; ++core) t.set(core, kL2 + 0x1000);
  CHECK(t.wait(0) == 3);
  t.run(10);
  CHECK(t.answers == 2);
  CHECK(t.hits == 1);
  CHECK(t.dut->idle_o == 1);
}

TEST_CASE("icache: late comers join a miss under way") {
  Bench t;
  t.set(0, kL2 + 0x80);
  for (unsigned core = 1; core < kCores; ++core) {
    t.run(2);
    t.set(core, kL2 + 0x80);
  }
  t.wait(kCores - 1);
  CHECK(t.asked.size() == 1);
  CHECK(t.answered_cores == kCores);
}

TEST_CASE("icache: one line per cycle") {
  Bench t;
  for (unsigned i = 0; i < kCores; ++i) t.fetch(0, kL2 + 64 * i);
  for (unsigned core = 0; core < kCores; ++core) t.set(core, kL2 + 64 * core);
  t.run(3);
  for (unsigned i = 0; i < kCores; ++i) CHECK(t.cycle().has_value());
  CHECK(t.answers == 2 * kCores);
  CHECK(t.hits == kCores);
}

TEST_CASE("icache: hits pass misses, misses overlap") {
  Bench t({.read_latency = 100});
  t.fetch(0, kL2);
  const unsigned lines = std::min(kCores - 1, 6U);
  for (unsigned core = 1; core <= lines; ++core) t.set(core, kL2 + 0x2000 + 64 * core);
  t.run(20);
  CHECK(t.asked.size() == 1 + lines);
  CHECK(t.fetch(0, kL2) == 3);
  CHECK(t.fetch(0, kL2) == 3);
  CHECK(t.wait(lines) < 110);
  CHECK(t.stalls > 80);
}

TEST_CASE("icache: a line asked again and again is answered each time") {
  Bench t;
  t.fetch(0, kL2);
  for (int i = 0; i < 20; ++i) {
    t.set(0, kL2);  // in the cycle after the answer, without a gap
    CHECK(t.wait(0) == 3);
  }
}

TEST_CASE("icache: a core may change its mind at any time") {
  Bench t({.read_latency = 12});
  auto random = tb::rng("icache mind");
  t.fetch(1, kL2 + 0x40);
  for (unsigned gap = 0; gap < 24; ++gap) {
    CAPTURE(gap);
    t.set(0, kL2 + 0x4000 + 0x100 * gap);  // a miss
    t.run(gap);
    if (!t.want[0]) continue;
    CHECK(t.fetch(0, kL2 + 0x40) <= 5);
    t.set(0, kL2 + 0x4000 + 0x100 * gap);
    t.run(1);
    t.drop(0);
    t.run(tb::uniform(random, 0U, 5U));
    t.fetch(0, kL2 + 0x4000 + 0x100 * gap);
  }
}

TEST_CASE("icache: as many lines of a set stay as there are ways") {
  Bench t;
  const auto line = [](unsigned i) { return kL2 + 64 * kSets * i; };
  for (unsigned i = 0; i < config::kIcacheWays; ++i) t.fetch(0, line(i));
  for (unsigned i = 0; i < config::kIcacheWays; ++i) CHECK(t.fetch(0, line(i)) == 3);
  CHECK(t.misses == config::kIcacheWays);
  // What was used last is not what goes.
  for (unsigned i = config::kIcacheWays; i < config::kIcacheWays + 5; ++i) {
    CHECK(t.fetch(0, line(0)) == 3);
    CHECK(t.fetch(0, line(i)) > 10);
  }
  // The whole cache holds a program of its size.
  t.flush();
  for (std::uint32_t i = 0; i < kLines; ++i) t.fetch(0, kL2 + 64 * i);
  const unsigned before = t.misses;
  for (std::uint32_t i = 0; i < kLines; ++i) CHECK(t.fetch(0, kL2 + 64 * i) == 3);
  CHECK(t.misses == before);
}

TEST_CASE("icache: prefetch") {
  SECTION("off: nothing is fetched that nobody asked for") {
    Bench t({.read_latency = 20}, 0);
    for (unsigned i = 0; i < 8; ++i) t.fetch(0, kL2 + 64 * i);
    CHECK(t.asked.size() == 8);
    CHECK(t.prefetches == 0);
  }
  for (unsigned depth = 1; depth <= 3; ++depth) {
    DYNAMIC_SECTION("depth " << depth << ": the lines behind a miss, once") {
      Bench t({.read_latency = 20}, depth);
      t.fetch(0, kL2);
      t.run(60);
      CHECK(t.asked.size() == 1 + depth);
      for (unsigned i = 0; i <= depth; ++i) CHECK(t.asked[i] == kL2 + 64 * i);
      CHECK(t.prefetches == depth);
      t.fetch(0, kL2);
      t.run(60);
      CHECK(t.asked.size() == 1 + depth);  // a hit on a line used before starts nothing
      t.fetch(0, kL2 + 64);                // the first use of a prefetched line does
      t.run(60);
      CHECK(t.asked.size() == 2 + depth);
    }
  }
  SECTION("straight code waits less") {
    std::array<unsigned, 4> cycles{};
    for (unsigned depth = 0; depth < 4; ++depth) {
      Bench t({.read_latency = 100}, depth);
      for (unsigned i = 0; i < 64; ++i) {
        cycles[depth] += t.fetch(0, kL2 + 64 * i);
        t.run(20);  // a core works about 20 cycles on a line
        cycles[depth] += 20;
      }
      CHECK(t.asked.size() <= 64 + depth);
    }
    WARN(
        "straight code, 64 lines, 20 cycles of work each, latency 100; cycles with 0..3 lines "
        "ahead: "
        << cycles[0] << " " << cycles[1] << " " << cycles[2] << " " << cycles[3]);
    CHECK(cycles[1] < cycles[0] * 65 / 100);
    CHECK(cycles[2] < cycles[1]);
    CHECK(cycles[3] < cycles[2]);
  }
  SECTION("never beyond L2") {
    Bench t({.read_latency = 20}, 3);
    const std::uint32_t last = kL2 + config::kL2Bytes - 64;
    for (std::uint32_t a = last; a < last + 64; a += 4)
      t.mem.store<std::uint32_t>(a, Bench::word(a, 0));
    t.fetch(0, last);
    t.run(60);
    CHECK(t.asked == std::vector<std::uint32_t>{last});
  }
}

TEST_CASE("icache: an error is answered and not kept") {
  Bench t({.read_latency = 20}, 1);
  t.mem.inject(kL2 + 0x400, 64, tb::AxiFault::kSlvErr);
  t.bad = {kL2 + 0x400};
  t.fetch(0, kL2 + 0x400);
  CHECK(t.errors == 1);
  t.fetch(0, kL2 + 0x400);
  CHECK(t.errors == 2);
  t.fetch(0, kL2 + 0x3c0);  // its prefetch fails, and nobody is told
  t.run(50);
  t.mem.clear_faults();
  t.bad.clear();
  CHECK(t.fetch(0, kL2 + 0x400) > 10);
  CHECK(t.fetch(0, kL2 + 0x400) == 3);
}

TEST_CASE("icache: after a flush nothing old is seen, at whatever moment it comes") {
  for (unsigned gap = 0; gap < 40; ++gap) {
    for (int hit = 0; hit < 2; ++hit) {
      CAPTURE(gap, hit);
      Bench t({.read_latency = 20}, 1);
      if (hit) {
        t.fetch(0, kL2 + 0x100);
        t.run(5);
      }
      t.set(0, kL2 + 0x100);
      for (unsigned i = 0; i < gap && t.want[0]; ++i) t.cycle();
      // The flush pulse; new code is in place before it.
      t.fill(1);
      if (!t.want[0]) t.set(0, kL2 + 0x100);
      const unsigned misses = t.misses;
      t.flush();
      t.wait(0);
      CHECK(t.misses == misses + 1);  // what was on its way does not count
      CHECK(t.fetch(0, kL2 + 0x100) == 3);
      CHECK(t.fetch(0, kL2 + 0x140) <= 60);
    }
  }
}

TEST_CASE("icache: clear drains and forgets") {
  Bench t({.read_latency = 30}, 2);
  for (unsigned core = 0; core < kCores; ++core) t.set(core, kL2 + 64 * core);
  t.run(10);
  t.dut->clear_i = 1;
  const unsigned asked_before = 8 + 1;
  unsigned answers = 0;
  for (int i = 0; i < 100; ++i) answers += t.cycle().has_value() && i > 0;
  CHECK(answers == 0);
  CHECK(t.dut->idle_o == 1);
  CHECK(t.asked.size() <= asked_before);
  t.dut->clear_i = 0;
  for (unsigned core = 0; core < kCores; ++core) {
    if (t.want[core]) t.wait(core);
  }
  CHECK(t.answered_cores == kCores);
}

TEST_CASE("icache: random cores, random flushes, slow memory") {
  unsigned answered = 0;
  for (int round = 0; round < 10; ++round) {
    auto random = tb::rng("icache random " + std::to_string(round));
    Bench t({.read_latency = tb::uniform(random, 1U, 60U),
             .stall_percent = tb::chance(random, 50) ? 40U : 0U,
             .seed = random()},
            tb::uniform(random, 0U, 3U));
    const std::uint32_t span = tb::chance(random, 50) ? kLines / 2 : kLines * 3;
    const unsigned mind = tb::uniform(random, 0U, 5U);
    std::array<unsigned, kCores> waited{};
    unsigned longest = 0;
    CAPTURE(round);
    for (int n = 0; n < 6000; ++n) {
      for (unsigned core = 0; core < kCores; ++core) {
        const bool change = t.want[core] && tb::chance(random, mind);
        waited[core] = t.want[core] && !change ? waited[core] + 1 : 0;
        longest = std::max(longest, waited[core]);
        if (change && tb::chance(random, 30)) {
          t.drop(core);
        } else if (change || (!t.want[core] && tb::chance(random, 40))) {
          t.set(core, kL2 + 64 * tb::uniform(random, 0U, span - 1));
        }
      }
      if (tb::chance(random, 1)) {
        t.fill(static_cast<std::uint32_t>(random()));
        t.flush();
        waited = {};
      }
      t.cycle();
    }
    CHECK(longest < 4000);
    for (unsigned core = 0; core < kCores; ++core) t.drop(core);
    t.run(3000);
    CHECK(t.dut->idle_o == 1);
    answered += t.answered_cores;
  }
  // Cores that change their mind before a slow memory answers see few answers (49 in 6000 cycles at
  // 60 cycles and 5 %), so this is said of all rounds together.
  CHECK(answered > 500);
}
