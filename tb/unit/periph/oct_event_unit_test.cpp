// SPDX-License-Identifier: Apache-2.0
// oct_event_unit: barriers, job mailboxes and events; directed cases with their latencies, then
// random ones: worker loops against a golden job list, and events against a cycle model.
#include <fmt/format.h>

#include <array>
#include <catch2/catch.hpp>
#include <deque>
#include <optional>

#include "Vtb_event_unit.h"
#include "harness/clocked.hpp"
#include "oct_config.hpp"

namespace {

using oct::config::kNumBarriers;
using oct::config::kNumCores;
using oct::config::kNumWorkers;

struct Answer {
  std::uint32_t data;
  bool err;
  std::uint64_t cycle;  // in which it was valid
};

class Eu {
 public:
  explicit Eu(const std::string& name) : dut(tb::derived_seed(name)), random(tb::rng(name)) {
    dut->clear_i = 0;
    dut->valid_i = 0;
    dut->we_i = 0;
    dut->be_i = 15;
    dut->core_clear_i = 0;
    dut->team_valid_i = 0;
    dut->empty_event_i = 0;
    dut->error_event_i = 0;
    dut->doorbell_i = 0;
    dut->timer_i = 0;
    for (unsigned t = 0; t < 2; ++t) dut->func_i[t] = dut->arg_i[t] = dut->mask_i[t] = 0;
    for (unsigned c = 0; c < kNumCores; ++c) dut->addr_i[c] = dut->wdata_i[c] = 0;
    dut.reset();
  }

  /// Starts an access; `answers[core]` gets its answer.
  void start(unsigned core, bool we, std::uint32_t addr, std::uint32_t data = 0) {
    REQUIRE((dut->valid_i >> core & 1) == 0);
    dut->valid_i = static_cast<std::uint16_t>(dut->valid_i | 1U << core);
    dut->we_i = static_cast<std::uint16_t>((dut->we_i & ~(1U << core)) | (we ? 1U << core : 0));
    dut->addr_i[core] = 0x3000'0000 + addr;
    dut->wdata_i[core] = data;
  }

  void tick() {
    dut.eval();
    const unsigned taken = dut->valid_i & dut->ready_o;
    unsigned accepted = 0;
    if (taken) last_taken = dut.cycles();
    for (unsigned c = 0; c < kNumCores; ++c) {
      if (dut->rvalid_o >> c & 1) {
        if (outstanding[c] == 0)
          throw std::runtime_error(fmt::format("core {}: an answer too many", c));
        --outstanding[c];
        answers[c].push_back({dut->rdata_o[c], (dut->err_o >> c & 1) != 0, dut.cycles()});
      }
      outstanding[c] += taken >> c & 1;
    }
    for (unsigned t = 0; t < 2; ++t) {
      if (dut->done_o >> t & 1)
        done[t].push_back({dut->done_addr_o[t], dut->done_cause_o[t] != 0, dut.cycles()});
      if (dut->team_valid_i >> t & dut->team_ready_o >> t & 1) {
        job_taken[t] = dut.cycles();
        accepted |= 1U << t;
      }
    }
    dut.tick();
    dut->team_valid_i = static_cast<CData>(dut->team_valid_i & ~accepted);
    dut->valid_i = static_cast<std::uint16_t>(dut->valid_i & ~taken);
    dut->empty_event_i = 0;
    dut->error_event_i = 0;
    dut->doorbell_i = 0;
  }

  Answer finish(unsigned core, unsigned limit = 50) {
    for (unsigned n = 0; answers[core].empty(); ++n) {
      if (n == limit)
        throw std::runtime_error(fmt::format("core {}: no answer within {} cycles", core, limit));
      tick();
    }
    const Answer a = answers[core].front();
    answers[core].pop_front();
    return a;
  }
  Answer read(unsigned core, std::uint32_t addr) {
    start(core, false, addr);
    return finish(core);
  }
  Answer write(unsigned core, std::uint32_t addr, std::uint32_t data) {
    start(core, true, addr, data);
    return finish(core);
  }
  void offer(unsigned team, std::uint32_t func, std::uint32_t arg, std::uint32_t mask) {
    dut->func_i[team] = func;
    dut->arg_i[team] = arg;
    dut->mask_i[team] = mask;
    dut->team_valid_i = static_cast<CData>(dut->team_valid_i | 1U << team);
  }

  tb::Clocked<Vtb_event_unit> dut;
  std::mt19937_64 random;
  std::array<std::deque<Answer>, kNumCores> answers;
  std::array<int, kNumCores> outstanding{};
  std::array<std::deque<Answer>, 2> done;
  std::array<std::uint64_t, 2> job_taken{};
  std::uint64_t last_taken = 0;
};

constexpr std::uint32_t kAll = (1U << kNumCores) - 1, kWorkers = (1U << kNumWorkers) - 1;

}  // namespace

TEST_CASE("event unit: registers of a core, errors elsewhere") {
  Eu eu("registers");
  for (unsigned c = 0; c < kNumCores; ++c) {
    CHECK(eu.read(c, 0).data == c);
    CHECK_FALSE(eu.write(c, 8, 0xffffffff).err);
    CHECK(eu.read(c, 8).data == 0x7ffff);
    for (unsigned a :
         {0x004U, 0x010U, 0x018U, 0x01cU, 0x024U, 0x028U, 0x02cU, 0x030U, 0x0fcU, 0x200U, 0xffcU}) {
      INFO("core " << c << " offset " << a);
      CHECK(eu.read(c, a).err);
    }
    for (unsigned a : {0x000U, 0x00cU, 0x014U, 0x020U, 0x024U, 0x028U, 0x02cU, 0x104U,
                       0x100 + 8 * kNumBarriers}) {
      INFO("core " << c << " offset " << a);
      CHECK(eu.write(c, a, 0).err);
    }
  }
  CHECK(eu.read(kNumWorkers, 0x20).err);  // the controller has no mailbox
  eu.dut->be_i = 3;
  CHECK(eu.write(0, 8, 0).err);
  eu.dut->be_i = 15;
  CHECK(eu.read(0, 8).data == 0x7ffff);
}

TEST_CASE("event unit: barrier of all cores answers two cycles after the last arrival") {
  Eu eu("barrier");
  for (unsigned c = 0; c < kNumCores; ++c) eu.write(c, 0x100 + 8 * (c % kNumBarriers), kAll);
  for (unsigned b = 0; b < kNumBarriers; ++b)
    CHECK(eu.read(0, 0x100 + 8 * b).data == (b < kNumCores ? kAll : 0));
  for (unsigned last = 0; last < kNumCores; ++last) {
    for (unsigned c = 0; c < kNumCores; ++c) {
      if (c != last) eu.start(c, false, 0x104);
    }
    for (unsigned n = 0; n < 20; ++n) eu.tick();
    for (unsigned c = 0; c < kNumCores; ++c) CHECK(eu.answers[c].empty());
    eu.start(last, false, 0x104);
    for (unsigned c = 0; c < kNumCores; ++c) {
      const Answer a = eu.finish(c);
      CHECK_FALSE(a.err);
      CHECK(a.cycle - eu.last_taken == 2);
    }
  }
  // All in one cycle, twice in a row.
  for (unsigned n = 0; n < 2; ++n) {
    for (unsigned c = 0; c < kNumCores; ++c) eu.start(c, false, 0x104);
    for (unsigned c = 0; c < kNumCores; ++c) CHECK(eu.finish(c).cycle - eu.last_taken == 2);
  }
}

TEST_CASE("event unit: barrier corner cases") {
  Eu eu("barrier corners");
  eu.write(0, 0x108, 3);
  CHECK(eu.read(2, 0x10c).err);  // not a member
  // All cores write masks in one cycle: none is lost.
  for (unsigned c = 0; c < kNumCores && c < kNumBarriers; ++c)
    eu.start(c, true, 0x100 + 8 * c, 1U << c | 1);
  for (unsigned c = 0; c < kNumCores && c < kNumBarriers; ++c) CHECK_FALSE(eu.finish(c).err);
  for (unsigned c = 0; c < kNumCores && c < kNumBarriers; ++c)
    CHECK(eu.read(0, 0x100 + 8 * c).data == (1U << c | 1));
  // A mask that shrinks lets those go who wait.
  eu.write(0, 0x110, 5);
  eu.start(2, false, 0x114);
  for (unsigned n = 0; n < 10; ++n) eu.tick();
  CHECK(eu.answers[2].empty());
  eu.write(0, 0x110, 4);
  CHECK_FALSE(eu.finish(2).err);
  // A core that is reset while it waits arrives anew.
  eu.write(0, 0x110, 7);
  eu.start(2, false, 0x114);
  for (unsigned n = 0; n < 5; ++n) eu.tick();
  eu.dut->core_clear_i = 4;
  for (unsigned n = 0; n < 3; ++n) eu.tick();
  eu.dut->core_clear_i = 0;
  eu.outstanding[2] = 0;
  eu.start(0, false, 0x114);
  eu.start(1, false, 0x114);
  for (unsigned n = 0; n < 10; ++n) eu.tick();
  CHECK(eu.answers[0].empty());
  eu.start(2, false, 0x114);
  for (unsigned c = 0; c < 3; ++c) CHECK_FALSE(eu.finish(c).err);
}

TEST_CASE("event unit: a team job wakes its workers within two cycles") {
  Eu eu("team");
  for (unsigned w = 0; w < kNumWorkers; ++w) eu.start(w, false, 0x20);
  for (unsigned n = 0; n < 10; ++n) eu.tick();
  eu.offer(0, 0x8000'1000, 0xabc, kWorkers);
  for (unsigned w = 0; w < kNumWorkers; ++w) {
    const Answer a = eu.finish(w);
    CHECK(a.data == 0x8000'1000);
    CHECK(a.cycle - eu.job_taken[0] == 2);
  }
  for (unsigned w = 0; w < kNumWorkers; ++w) {
    CHECK(eu.read(w, 0x24).data == 0xabc);
    CHECK(eu.read(w, 0x28).data == (kNumWorkers << 16 | w));
    CHECK(eu.read(w, 0x20).err);  // one job at a time
    CHECK(eu.done[0].empty());
    CHECK_FALSE(eu.write(w, 0x2c, 0).err);
    CHECK(eu.write(w, 0x2c, 0).err);  // none running
  }
  eu.tick();
  REQUIRE(eu.done[0].size() == 1);
  CHECK_FALSE(eu.done[0][0].err);
  CHECK(eu.done[1].empty());
}

TEST_CASE("event unit: failures and resets inside a job end it") {
  Eu eu("failures");
  eu.offer(1, 1, 2, 3);
  CHECK(eu.read(0, 0x20).data == 1);
  CHECK(eu.read(1, 0x20).data == 1);
  eu.write(1, 0x2c, 77);
  eu.write(0, 0x2c, 0);
  eu.tick();
  REQUIRE(eu.done[1].size() == 1);
  CHECK(eu.done[1][0].err);
  CHECK(eu.done[1][0].data == 77);
  eu.done[1].clear();
  // Both fail in one cycle: the lowest worker's code.
  eu.offer(0, 1, 2, 3);
  CHECK_FALSE(eu.read(0, 0x20).err);
  CHECK_FALSE(eu.read(1, 0x20).err);
  eu.start(0, true, 0x2c, 5);
  eu.start(1, true, 0x2c, 6);
  eu.finish(0);
  eu.finish(1);
  eu.tick();
  REQUIRE(eu.done[0].size() == 1);
  CHECK(eu.done[0][0].data == 5);
  eu.done[0].clear();
  // Reset in the middle.
  eu.offer(0, 9, 2, 3);
  CHECK(eu.read(0, 0x20).data == 9);
  CHECK(eu.read(1, 0x20).data == 9);
  eu.write(0, 0x2c, 0);
  eu.dut->core_clear_i = 2;
  for (unsigned n = 0; n < 5; ++n) eu.tick();
  REQUIRE(eu.done[0].size() == 1);
  CHECK(eu.done[0][0].err);
  eu.dut->core_clear_i = 0;
  // A job for a core in reset waits for it.
  eu.dut->core_clear_i = 1;
  eu.offer(0, 10, 2, 1);
  for (unsigned n = 0; n < 5; ++n) eu.tick();
  eu.dut->core_clear_i = 0;
  CHECK(eu.read(0, 0x20).data == 10);
  // Abort forgets all.
  eu.start(1, false, 0x20);
  for (unsigned n = 0; n < 5; ++n) eu.tick();
  eu.dut->clear_i = 1;
  eu.tick();
  eu.tick();
  CHECK(eu.dut->idle_o == 1);
  eu.dut->clear_i = 0;
  eu.outstanding.fill(0);
  CHECK(eu.write(0, 0x2c, 0).err);
  eu.done[0].clear();
  eu.offer(0, 11, 2, 3);
  CHECK(eu.read(1, 0x20).data == 11);
  CHECK(eu.done[0].empty());
}

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
