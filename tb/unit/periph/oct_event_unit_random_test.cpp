// SPDX-License-Identifier: Apache-2.0
// oct_event_unit at random: worker loops against a golden job list, events against a cycle model,
// barriers.
#include <optional>

#include "event_unit_bench.hpp"

using event_unit::Answer, event_unit::Eu, event_unit::kAll, event_unit::kNumBarriers,
    event_unit::kNumCores, event_unit::kNumWorkers, event_unit::kWorkers;

TEST_CASE("event unit: workers of two teams in random job loops") {
  struct Job {
    std::uint32_t func, arg, mask;
    std::uint32_t left, fail = 0;  // workers that have not ended; code of the first failure
  };
  for (unsigned round = 0; round < 8; ++round) {
    Eu eu("loops " + std::to_string(round));
    const std::uint32_t split = tb::uniform<std::uint32_t>(eu.random, 1, kWorkers - 1);
    const std::array<std::uint32_t, 2> members = {split, kWorkers & ~split};
    std::array<std::vector<Job>, 2> jobs;
    std::array<std::size_t, 2> reported{};
    struct Worker {
      unsigned state = 0,
               delay = 0;   // 0 FUNC, 1 ARG, 2 RANK, 3 work, 4 DONE; +10: access under way
      std::size_t job = 0;  // of its team
    };
    std::array<Worker, kNumWorkers> workers;
    unsigned overlaps = 0;
    const unsigned pace = tb::uniform(eu.random, 1U, 40U);
    for (unsigned cycle = 0; cycle < 6000; ++cycle) {
      for (unsigned t = 0; t < 2; ++t) {
        if (!(eu.dut->team_valid_i >> t & 1) && jobs[t].size() < 100 && tb::chance(eu.random, 30)) {
          std::uint32_t mask = 0;
          while (mask == 0) mask = static_cast<std::uint32_t>(eu.random()) & members[t];
          jobs[t].push_back({static_cast<std::uint32_t>(eu.random()),
                             static_cast<std::uint32_t>(eu.random()), mask, mask});
          eu.offer(t, jobs[t].back().func, jobs[t].back().arg, mask);
        }
      }
      for (unsigned w = 0; w < kNumWorkers; ++w) {
        Worker& k = workers[w];
        const unsigned t = members[0] >> w & 1 ? 0 : 1;
        if (k.state >= 10) {
          if (eu.answers[w].empty()) continue;
          const Answer a = eu.answers[w].front();
          eu.answers[w].pop_front();
          REQUIRE_FALSE(a.err);
          k.state -= 10;
          if (k.state == 0) {
            while (k.job < jobs[t].size() && !(jobs[t][k.job].mask >> w & 1)) ++k.job;
            REQUIRE(k.job < jobs[t].size());
            REQUIRE(a.data == jobs[t][k.job].func);
            for (std::size_t j = 0; j < k.job; ++j) overlaps += jobs[t][j].left != 0;
          } else if (k.state == 1) {
            REQUIRE(a.data == jobs[t][k.job].arg);
          } else if (k.state == 2) {
            const std::uint32_t m = jobs[t][k.job].mask;
            const auto rank = static_cast<std::uint32_t>(__builtin_popcount(m & ((1U << w) - 1)));
            REQUIRE(a.data == (static_cast<std::uint32_t>(__builtin_popcount(m)) << 16 | rank));
            k.delay = tb::uniform(eu.random, 0U, pace);
          } else {
            ++k.job;
          }
          k.state = k.state == 4 ? 0 : k.state + 1;
        }
        if (k.state == 3) {
          if (k.delay-- != 0) continue;
          Job& j = jobs[t][k.job];
          const std::uint32_t code = tb::chance(eu.random, 5) ? 100 + w : 0;
          if (code != 0 && j.fail == 0)
            j.fail = code;
          else if (code != 0)
            j.fail = 0xffff;  // more than one: any of them
          j.left &= ~(1U << w);
          eu.start(w, true, 0x2c, code);
          k.state = 14;
        } else if (k.state < 3) {
          eu.start(w, false, 0x20 + 4 * k.state);
          k.state += 10;
        }
      }
      eu.tick();
      for (unsigned t = 0; t < 2; ++t) {
        for (; !eu.done[t].empty(); eu.done[t].pop_front(), ++reported[t]) {
          REQUIRE(reported[t] < jobs[t].size());
          const Job& j = jobs[t][reported[t]];
          REQUIRE(j.left == 0);
          REQUIRE(eu.done[t].front().err == (j.fail != 0));
          if (j.fail != 0 && j.fail != 0xffff) REQUIRE(eu.done[t].front().data == j.fail);
        }
      }
    }
    for (unsigned t = 0; t < 2; ++t) CHECK(reported[t] == jobs[t].size());
    if (kNumWorkers > 2) CHECK(overlaps > 0);
  }
}

TEST_CASE("event unit: random events against a cycle model") {
  Eu eu("events");
  struct Core {
    std::uint32_t mask = 0, pend = 0;
    std::optional<std::array<std::uint32_t, 3>> request;  // fresh or waiting: we, address, data
    std::deque<std::uint32_t> expect;
  };
  std::array<Core, kNumCores> model;
  unsigned answers = 0, blocked = 0;
  for (unsigned cycle = 0; cycle < 30000; ++cycle) {
    // Inputs of this cycle.
    for (unsigned c = 0; c < kNumCores; ++c) {
      if ((eu.dut->valid_i >> c & 1) || !tb::chance(eu.random, 40)) continue;
      const auto bits = static_cast<std::uint32_t>(eu.random()) & 0x7ffff;
      // Every mask has an event from outside, else all cores soon wait for each other.
      switch (cycle < 100 ? 0 : tb::uniform(eu.random, 0, 5)) {
        case 0:
          eu.start(c, true, 0x08, bits | 1U << tb::uniform(eu.random, 8, 12));
          break;
        case 1:
          eu.start(c, false, 0x0c);
          break;
        case 2:
          eu.start(c, true, 0x10, bits);
          break;
        case 3:
          eu.start(c, false, 0x14);
          break;
        default:
          eu.start(c, true, 0x18, (bits & kAll) | (1U << tb::uniform(eu.random, 16, 23)));
          break;
      }
    }
    eu.dut->empty_event_i = tb::chance(eu.random, 5) ? eu.random() & 31 : 0;
    eu.dut->error_event_i = tb::chance(eu.random, 2);
    eu.dut->doorbell_i = tb::chance(eu.random, 5) ? eu.random() & kAll : 0;
    if (tb::chance(eu.random, 5)) eu.dut->timer_i = eu.random() & eu.random() & kAll;
    eu.dut.eval();
    // The model's cycle: requests taken before are looked at now.
    std::array<std::uint32_t, kNumCores> set{};
    for (unsigned c = 0; c < kNumCores; ++c) {
      set[c] = eu.dut->empty_event_i << 8 | (eu.dut->error_event_i ? 1U << 16 : 0) |
               (eu.dut->doorbell_i >> c & 1) << 17 | (eu.dut->timer_i >> c & 1) << 18;
    }
    for (const Core& core : model) {
      if (!core.request || (*core.request)[1] != 0x18) continue;
      for (unsigned c = 0; c < kNumCores; ++c) {
        if ((*core.request)[2] >> c & 1) set[c] |= (*core.request)[2] >> 16 & 0xff;
      }
    }
    for (unsigned c = 0; c < kNumCores; ++c) {
      Core& core = model[c];
      std::uint32_t next = core.pend;
      if (core.request) {
        const auto [we, addr, data] = *core.request;
        bool answered = true;
        std::uint32_t value = 0;
        if (addr == 0x08) core.mask = data & 0x7ffff;
        if (addr == 0x0c) value = core.pend;
        if (addr == 0x10) next &= ~data;
        if (addr == 0x14) {
          value = core.pend & core.mask;
          answered = value != 0;
          next &= ~value;
          blocked += !answered;
        }
        if (answered) {
          core.expect.push_back(we ? 0xdead : value);
          core.request.reset();
        }
      }
      core.pend = next | set[c];
    }
    const unsigned taken = eu.dut->valid_i & eu.dut->ready_o;
    for (unsigned c = 0; c < kNumCores; ++c) {
      if (!(taken >> c & 1)) continue;
      REQUIRE_FALSE(model[c].request);
      model[c].request = {eu.dut->we_i >> c & 1U, eu.dut->addr_i[c] & 0xfff, eu.dut->wdata_i[c]};
    }
    eu.tick();
    for (unsigned c = 0; c < kNumCores; ++c) {
      for (; !eu.answers[c].empty(); eu.answers[c].pop_front(), ++answers) {
        REQUIRE_FALSE(model[c].expect.empty());
        const Answer& a = eu.answers[c].front();
        REQUIRE_FALSE(a.err);
        if (model[c].expect.front() != 0xdead) REQUIRE(a.data == model[c].expect.front());
        model[c].expect.pop_front();
      }
    }
  }
  CHECK(answers > (kNumCores == 9 ? 50000 : 15000));
  CHECK(blocked > 3000);
}

TEST_CASE("event unit: random barriers") {
  for (unsigned round = 0; round < 4; ++round) {
    Eu eu("random barriers " + std::to_string(round));
    std::array<std::uint32_t, kNumBarriers> mask{}, here{};
    for (unsigned b = 0; b < kNumBarriers; ++b) {
      while (mask[b] == 0) mask[b] = static_cast<std::uint32_t>(eu.random()) & kAll;
      eu.write(0, 0x100 + 8 * b, mask[b]);
    }
    std::array<int, kNumCores> at{};
    at.fill(-1);
    unsigned passed = 0;
    for (unsigned cycle = 0; cycle < 5000; ++cycle) {
      for (unsigned c = 0; c < kNumCores; ++c) {
        if (at[c] >= 0 || !tb::chance(eu.random, 30)) continue;
        // Towards the lowest barrier that somebody waits at, else any: no deadlock.
        int pick = -1;
        for (unsigned b = 0; b < kNumBarriers && pick < 0; ++b) {
          if (here[b] != 0) pick = mask[b] >> c & 1 ? static_cast<int>(b) : -2;
        }
        if (pick == -1) {
          const unsigned b = tb::uniform(eu.random, 0U, kNumBarriers - 1);
          if (mask[b] >> c & 1) pick = static_cast<int>(b);
        }
        if (pick < 0) continue;
        at[c] = pick;
        here[static_cast<unsigned>(pick)] |= 1U << c;
        eu.start(c, false, 0x104 + 8 * static_cast<unsigned>(pick));
      }
      eu.tick();
      for (unsigned c = 0; c < kNumCores; ++c) {
        for (; !eu.answers[c].empty(); eu.answers[c].pop_front()) {
          REQUIRE_FALSE(eu.answers[c].front().err);
          REQUIRE(at[c] >= 0);
          const auto b = static_cast<unsigned>(at[c]);
          if (here[b] != 0) REQUIRE(here[b] == mask[b]);  // all had come
          at[c] = -1;
          bool empty = true;
          for (unsigned o = 0; o < kNumCores; ++o) empty &= at[o] != static_cast<int>(b);
          if (empty) {
            here[b] = 0;
            ++passed;
          }
        }
      }
    }
    CHECK(passed > 100);
  }
}
