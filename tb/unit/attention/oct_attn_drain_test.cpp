// SPDX-License-Identifier: Apache-2.0
// oct_attn_drain against the golden model: random drains of both kinds in a row, with logits
// between them, answers from L1 and refusals at random.
#include "drain_random.hpp"

namespace {

using namespace drain_bench;

void random_rounds(Bench& bench, unsigned count, bool breaks) {
  for (unsigned n = 0; n < count; ++n) {
    for (std::uint8_t& b : bench.memory()) b = static_cast<std::uint8_t>(bench.random()());
    std::fill(bench.wanted_.begin(), bench.wanted_.end(), false);
    bench.mood = {bench.uniform(0, 70),   bench.uniform(20, 100), bench.uniform(20, 100),
                  bench.uniform(20, 100), bench.uniform(20, 100), bench.uniform(5, 100)};
    Draw draw{bench};
    std::vector<Job> jobs = {draw.job(), draw.job()};
    std::vector<Command> commands;
    unsigned region = 0;
    for (unsigned ctx = 0; ctx < 2; ++ctx) {
      for (unsigned i = 0; i < bench.uniform(1, 3); ++i) {
        Command c = draw.command(jobs[ctx], ctx, region);
        c.table_load = jobs[ctx].table && i == 0;
        region ^= 1;
        if (c.rows > 64) c.region = 0;
        commands.push_back(c);
      }
    }
    INFO("round " << n << " seed " << tb::seed());
    if (breaks && bench.chance(30)) {
      bench.broken_round(jobs, commands, bench.uniform(1, 300));
    } else {
      bench.round(jobs, commands);
    }
  }
}

}  // namespace

TEST_CASE("drain: random drains and logits") {
  Bench bench("drain random");
  random_rounds(bench, 150, false);
  CHECK(bench.vectors > 1000);
  CHECK(bench.logits > 200);
}

TEST_CASE("drain: cleared at any moment") {
  Bench bench("drain clear");
  random_rounds(bench, 100, true);
}

TEST_CASE("drain: one row a cycle when nothing is in the way") {
  Bench bench("drain rate");
  bench.mood = {0, 100, 100, 100, 100, 100};
  Draw draw{bench};
  Job job;
  std::fill(bench.wanted_.begin(), bench.wanted_.end(), true);
  std::vector<Command> commands;
  for (unsigned i = 0; i < 10; ++i) {
    Command c;
    c.region = i % 2;
    c.rows = 32;
    c.groups = 2;
    c.cols = 2 * kUnits;
    draw.planes(job, c);
    c.sums.assign(64, std::vector<std::int32_t>(kUnits, 1234));
    commands.push_back(c);
  }
  const std::uint64_t start = bench.cycles();
  bench.round({job, job}, commands);
  CHECK(bench.cycles() - start <= 640 + 10 * 8 + 40);
}

TEST_CASE("drain: a table costs Units / 4 cycles a row") {
  Bench bench("drain table rate");
  bench.mood = {0, 100, 100, 100, 100, 100};
  Draw draw{bench};
  Job job;
  job.table = job.epilogue.table = true;
  std::fill(bench.wanted_.begin(), bench.wanted_.end(), true);
  std::vector<Command> commands;
  for (unsigned i = 0; i < 10; ++i) {
    Command c;
    c.region = i % 2;
    c.rows = 32;
    c.groups = 2;
    c.cols = 2 * kUnits;
    c.table_load = i == 0;
    draw.planes(job, c);
    c.sums.assign(64, std::vector<std::int32_t>(kUnits, 1234));
    commands.push_back(c);
  }
  const std::uint64_t start = bench.cycles();
  bench.round({job, job}, commands);
  if (kUnits == 16) CHECK(bench.cycles() - start <= 640 * 4 + 10 * 16 + 100);
}
