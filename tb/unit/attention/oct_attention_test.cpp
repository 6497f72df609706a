// SPDX-License-Identifier: Apache-2.0
// The whole engine against the golden model: every byte of L1 after every handful of jobs.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <iostream>

#include "attention_bench.hpp"
#include "attention_operands.hpp"
#include "engine_random.hpp"

using attention::Bench;
using attention::Dense;
using attention::DenseAttention;
using attention::golden::Cause;
using attention::golden::Descriptor;
using attention::golden::RandomJobs;
using attention::golden::RandomLimits;
using attention::golden::run_engine_job;
using u32 = std::uint32_t;

namespace {
constexpr std::uint64_t kLimit = 400000;

/// Queues the jobs at once, runs them, and compares ends and memory.
void run(Bench& b, const std::vector<Descriptor>& jobs) {
  std::vector<std::uint8_t> want = b.l1;
  std::vector<attention::golden::JobResult> ends;
  for (const auto& job : jobs) {
    ends.push_back(run_engine_job(want, job));
    b.waiting.push_back(job);
  }
  b.ended.clear();
  b.finish(jobs.size(), kLimit);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    CAPTURE(i);
    CHECK(static_cast<int>(b.ended[i].cause) == static_cast<int>(ends[i].cause));
    if (ends[i].cause == Cause::kBadField) CHECK(b.ended[i].addr == ends[i].addr);
  }
  const std::string difference = b.compare(want);
  if (!difference.empty()) {
    std::string text;
    for (const auto& job : jobs) {
      for (int i = 4; i < 28; ++i) text += fmt::format("w{}={:#x} ", i, job.w[i]);
      text += "\n";
    }
    UNSCOPED_INFO(text);
  }
  REQUIRE(difference == "");
}

RandomLimits limits_for_machine(std::uint64_t work) {
  RandomLimits l;
  l.work = work;
  if (attention::kL1 < 65536) l.m = l.n = 40, l.k = 120, l.sk = 130;
  return l;
}
}  // namespace

TEST_CASE("attention engine: smallest product") {
  Bench b("smallest");
  Dense g{.m = 1, .n = 1, .k = 1};
  run(b, {g.place(b)});
}

TEST_CASE("attention engine: GEMM corners") {
  Bench b("gemm corners");
  for (const u32 m : {1U, 2U, 31U, 32U, 33U, 65U}) {
    for (const u32 n : {1U, 16U, 17U, 40U}) {
      Dense g{.m = m, .n = n, .k = 64};
      g.kn = b.random() % 2;
      g.trans = b.random() % 2;
      CAPTURE(m, n, g.kn, g.trans);
      run(b, {g.place(b)});
    }
  }
  for (u32 k = 1; k <= 80; ++k) {
    Dense g{.m = 5, .n = 20, .k = k};
    g.kn = k & 1;
    CAPTURE(k);
    run(b, {g.place(b)});
  }
}

TEST_CASE("attention engine: epilogue corners") {
  Bench b("epilogue corners");
  for (u32 residual = 0; residual <= 2; ++residual) {
    for (const bool table : {false, true}) {
      for (const bool y16 : {false, true}) {
        Dense g{.m = 37, .n = 35, .k = 70};
        g.residual = residual, g.table = table, g.y16 = y16;
        CAPTURE(residual, table, y16);
        run(b, {g.place(b)});
      }
    }
  }
}

namespace {
/// Random jobs of all kinds at random pace, `least` and a few more: few large ones or many small
/// ones wait at once.
void random_jobs(const char* name, u32 least, std::uint64_t work, unsigned attention_percent) {
  Bench b(name);
  u32 jobs = 0;
  for (int i = 0; jobs < least; ++i) {
    const bool small = i % 2 != 0;
    RandomJobs draw(b.random, b.l1, limits_for_machine(small ? work / 20 : work));
    b.refuse_percent = std::array<unsigned, 4>{0, 10, 50, 80}[b.random() % 4];
    b.banked = b.random() % 2;
    b.offer_percent = b.random() % 2 ? 100 : 10;
    draw.reset();
    std::vector<Descriptor> list;
    for (u32 n = 1 + b.random() % (small ? 6 : 3); n > 0; --n) {
      list.push_back(tb::chance(b.random, attention_percent) ? draw.attention() : draw.gemm());
    }
    CAPTURE(i, b.refuse_percent);
    run(b, list);
    jobs += static_cast<u32>(list.size());
  }
  std::cout << fmt::format("{}: {} jobs\n", name, jobs);
}
}  // namespace

// 700 and more on each of three machines.
TEST_CASE("attention engine: random GEMM") { random_jobs("random gemm", 420, 100000, 0); }

TEST_CASE("attention engine: random attention") {
  random_jobs("random attention", 280, 300000, 75);
}

TEST_CASE("attention engine: rows that see nothing are zero") {
  Bench b("nothing seen");
  for (const u32 d : {32U, 64U, 80U}) {
    for (const u32 sq : {1U, 5U, 33U}) {
      DenseAttention masked{.sq = sq, .sk = 70, .d = d, .dv = 24, .mask = true};
      DenseAttention early{.sq = sq, .sk = 70, .d = d, .dv = 24, .causal = true, .offset = 0U - 3};
      for (const bool causal : {false, true}) {
        const DenseAttention& a = causal ? early : masked;
        const Descriptor job = a.place(b);
        if (!causal) std::fill_n(b.l1.begin() + job.w[16], (a.sk + 63) / 64 * 8, std::uint8_t{0});
        CAPTURE(d, sq, causal);
        run(b, {job});
        for (u32 row = 0; row < (causal ? std::min(sq, 3U) : sq); ++row) {
          for (u32 c = 0; c < a.dv; ++c) REQUIRE(+b.l1[job.w[13] + row * job.w[14] + c] == 0);
        }
      }
    }
  }
}

TEST_CASE("attention engine: saturation at both ends") {
  Bench b("saturation");
  for (const bool y16 : {false, true}) {
    for (const u32 residual : {0U, 1U, 2U}) {
      Dense g{.m = 9, .n = 33, .k = 64, .y16 = y16, .residual = residual};
      const Descriptor job = g.place(b);
      for (u32 n = 0; n < g.n; ++n) {  // sums at the ends of their range, as large as they come
        const u32 plane[] = {n % 2 ? 0x7fffffffU : 0x80000000U, 0x7fffffU};
        std::memcpy(&b.l1[job.w[15] + 8 * n], plane, 8);
      }
      CAPTURE(y16, residual);
      run(b, {job});
      if (residual == 2) continue;  // the factor's sign is the residual's
      for (u32 n = 0; n < g.n; ++n) {
        const std::uint8_t* y = &b.l1[job.w[11] + job.w[12] + n * (y16 ? 2 : 1)];
        const int value =
            y16 ? static_cast<std::int16_t>(y[0] | y[1] << 8) : static_cast<std::int8_t>(y[0]);
        REQUIRE(value == (n % 2 ? (y16 ? 32767 : 127) : (y16 ? -32768 : -128)));
      }
    }
  }
  // Weights of one key only: its values come through, scaled beyond what INT8 holds.
  const DenseAttention a{.sq = 3, .sk = 1, .d = 16, .dv = 16};
  const Descriptor job = a.place(b);
  const u32 large = 0x7fffff | 8U << 24;
  std::memcpy(&b.l1[job.w[15] + 4], &large, 4);
  run(b, {job});
  for (u32 c = 0; c < a.dv; ++c) {
    const int v = static_cast<std::int8_t>(b.l1[job.w[11] + c * job.w[12]]);
    REQUIRE(static_cast<std::int8_t>(b.l1[job.w[13] + c]) == (v > 0 ? 127 : v < 0 ? -128 : 0));
  }
}

TEST_CASE("attention engine: attention corners") {
  Bench b("attention corners");
  constexpr u32 kUnits = oct::config::kEngineMacs / 64;
  const auto one = [&](const DenseAttention& a) {
    if (a.bytes() > attention::kL1) return;
    CAPTURE(a.sq, a.sk, a.d, a.dv, a.heads, a.group, a.causal, a.mask, a.window, a.offset);
    run(b, {a.place(b)});
  };
  for (const u32 d : {1U, 33U, 64U, 65U, 128U}) {
    for (const u32 dv : {1U, 64U, 65U, 127U, 128U}) {
      for (const u32 sq : {1U, kUnits / 2, kUnits / 2 + 1, kUnits + 1}) {
        for (const u32 sk : {1U, 63U, 65U, 129U}) {
          DenseAttention a{.sq = sq, .sk = sk, .d = d, .dv = dv};
          a.mask = b.random() % 4 == 0;
          if (b.random() % 3 == 0) a.heads = 3, a.group = 2;
          if (b.random() % 3 == 0) a.causal = true, a.offset = sk - sq;
          if (b.random() % 5 == 0) a.window = 20;
          one(a);
        }
      }
    }
  }
  for (const u32 s : {1U, 63U, 64U, 65U, 257U}) {
    for (const bool causal : {false, true}) {
      one({.sq = s, .sk = s, .d = 64, .dv = 64, .causal = causal});
      one({.sq = s, .sk = s, .d = 32, .dv = 32, .causal = causal});
    }
  }
  for (const u32 sk : {1500U, 4096U}) {
    one({.sq = 1, .sk = sk, .d = 8, .dv = 8});
    one({.sq = kUnits + 1, .sk = sk, .d = 8, .dv = 8, .causal = true, .offset = sk - kUnits - 1});
  }
}

TEST_CASE("attention engine: cycles of attention") {
  if (attention::kPorts < 16 || attention::kL1 < 131072) return;  // marks of the large machine
  struct Case {
    DenseAttention a;
    double least;  // percent of all products
  };
  for (const Case& c : {Case{{.sq = 257, .sk = 257, .d = 64, .dv = 64}, 80},
                        Case{{.sq = 128, .sk = 512, .d = 64, .dv = 64}, 95},
                        Case{{.sq = 64, .sk = 256, .d = 128, .dv = 128}, 90},
                        Case{{.sq = 128, .sk = 128, .d = 32, .dv = 32, .heads = 4}, 60},
                        Case{{.sq = 1, .sk = 512, .d = 64, .dv = 64}, 10},
                        Case{{.sq = 1, .sk = 256, .d = 128, .dv = 128}, 9}}) {
    Bench b("cycles");
    const std::uint64_t before = b.cycle_count;
    run(b, {c.a.place(b)});
    const double cycles = static_cast<double>(b.cycle_count - before);
    const double use = 100 * c.a.macs() / oct::config::kEngineMacs / cycles;
    std::cout << fmt::format("attention {}x{}x{}x{}: {} cycles, {:.1f} %\n", c.a.heads, c.a.sq,
                             c.a.sk, c.a.d, cycles, use);
    CHECK(use >= c.least);
  }
}

TEST_CASE("attention engine: cycles of products") {
  if (attention::kPorts < 16 || attention::kL1 < 131072) return;
  struct Case {
    Dense g;
    double least;
  };
  for (const Case& c :
       {Case{{.m = 1, .n = 128, .k = 512}, 9.5}, Case{{.m = 1, .n = 512, .k = 128}, 9},
        Case{{.m = 2, .n = 128, .k = 512}, 18}, Case{{.m = 64, .n = 64, .k = 512}, 80},
        Case{{.m = 1, .n = 64, .k = 64}, 4.9}, Case{{.m = 1, .n = 172, .k = 64}, 5.2},
        Case{{.m = 1, .n = 64, .k = 172}, 6}, Case{{.m = 1, .n = 288, .k = 288}, 8}}) {
    for (const bool banked : {false, true}) {
      Bench b("cycles");
      b.banked = banked;
      Dense g = c.g;
      const std::uint64_t before = b.cycle_count;
      run(b, {g.place(b)});
      const double cycles = static_cast<double>(b.cycle_count - before);
      const double use = 100.0 * g.m * g.n * g.k / oct::config::kEngineMacs / cycles;
      std::cout << fmt::format("product {}x{}x{}{}: {} cycles, {:.1f} %\n", g.m, g.k, g.n,
                               banked ? ", banks" : "", cycles, use);
      CHECK(use >= c.least);
    }
  }
}

TEST_CASE("attention engine: attention carried on along the keys") {
  Bench b("chains");
  for (int i = 0; i < 60; ++i) {
    RandomJobs draw(b.random, b.l1, limits_for_machine(i % 2 ? 20000 : 150000));
    b.refuse_percent = b.random() % 2 ? 0 : 40;
    draw.reset();
    const std::vector<Descriptor> parts = draw.attention_chain(2 + b.random() % 2);
    std::vector<std::uint8_t> want = b.l1;
    for (const auto& part : parts) {
      REQUIRE(run_engine_job(want, part).cause == Cause::kNone);
      b.waiting.push_back(part);
      b.ended.clear();
      b.finish(1, kLimit);  // each reads what the one before has left
      CHECK(b.ended.front().cause == Cause::kNone);
    }
    // The state area is the machine's own affair.
    const auto& w = parts.front().w;
    const u32 sq = w[5] & 0xffff, dv = w[6] >> 8 & 0xff, heads = w[6] >> 16 & 0xff;
    const u32 bytes = heads * (((sq + 15) / 16 * 16 * ((dv + 1) / 2 * 8 + 8) + 63) / 64 * 64);
    std::copy_n(b.l1.begin() + w[17], bytes, want.begin() + w[17]);
    CAPTURE(i, sq, dv, heads, b.refuse_percent);
    REQUIRE(b.compare(want) == "");
  }
}

TEST_CASE("attention engine: bad jobs among good ones") {
  Bench b("bad jobs");
  int bad = 0;
  for (int i = 0; i < 60; ++i) {
    RandomJobs draw(b.random, b.l1, limits_for_machine(i % 2 ? 5000 : 30000));
    draw.reset();
    std::vector<Descriptor> jobs;
    for (int n = 0; n < 4; ++n) {
      Descriptor d = b.random() % 2 ? draw.attention() : draw.gemm();
      if (b.random() % 2) {
        const u32 word = 4 + b.random() % 23;
        Descriptor broken = d;
        broken.w[word] ^= 1U << (b.random() % 3);
        // Only what is refused before it touches anything.
        std::vector<std::uint8_t> copy = b.l1;
        if (run_engine_job(copy, broken).cause == Cause::kBadField) {
          d = broken;
          ++bad;
        }
      }
      jobs.push_back(d);
    }
    run(b, jobs);
  }
  CHECK(bad > 20);
}

TEST_CASE("attention engine: forgets everything when told") {
  Bench b("clear");
  RandomJobs draw(b.random, b.l1, limits_for_machine(50000));
  for (int i = 0; i < 40; ++i) {
    b.refuse_percent = b.random() % 2 ? 0 : 40;
    draw.reset();
    b.ended.clear();
    for (int n = 0; n < 3; ++n)
      b.waiting.push_back(b.random() % 2 ? draw.attention() : draw.gemm());
    for (u32 n = b.random() % 3000; n > 0; --n) b.cycle();
    b.waiting.clear();
    b.dut->job_valid_i = 0;
    b.dut->clear_i = 1;
    b.cycle();
    b.dut->clear_i = 0;
    for (int n = 0; b.dut->idle_o == 0; ++n) {
      REQUIRE(n < 100);
      b.cycle();
    }
    draw.reset();
    run(b, {draw.gemm(), draw.attention()});
  }
}
