// SPDX-License-Identifier: Apache-2.0
// The whole engine against the golden model: every byte of L1 after every handful of jobs.
#include <fmt/format.h>

#include <bit>
#include <catch2/catch.hpp>
#include <iostream>

#include "attention_bench.hpp"
#include "engine_random.hpp"

using attention::Bench;
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

/// A GEMM with dense operands: A [M][K], B [N][K] or [K][N], C [M][N].
struct Dense {
  u32 m, n, k;
  bool kn = false, trans = false, y16 = false;
  u32 residual = 0;
  bool table = false;
  u32 bytes = 0;

  Descriptor place(Bench& b, bool noise = true) {
    const auto up = [](u32 v) { return (v + 7) / 8 * 8; };
    u32 next = 0;
    const auto room = [&](u32 size) {
      const u32 at = next;
      next += up(size);
      return at;
    };
    Descriptor d;
    auto& w = d.w;
    w[0] = attention::golden::kOpGemm | 1U << 8;
    w[4] = kn | trans << 1 | y16 << 2 | y16 << 3 | residual << 4 | table << 6;
    w[5] = m | n << 16;
    w[6] = k;
    w[8] = up(k), w[7] = room(m * w[8]);
    w[10] = up(kn ? n : k), w[9] = room((kn ? k : n) * w[10]);
    w[12] = up(trans ? m : n * (y16 ? 2 : 1)), w[11] = room((trans ? n : m) * w[12]);
    w[14] = up(n * (y16 ? 2 : 1));
    if (residual != 0) w[13] = room(m * w[14]);
    w[15] = room(8 * n), w[16] = room(8 * n), w[17] = room(4 * n), w[18] = room(256);
    w[19] = y16 ? 0x7fff8000 : 0x007fff80;
    bytes = next;
    REQUIRE(next <= attention::kL1);
    if (noise) {
      for (auto& x : b.l1) x = static_cast<std::uint8_t>(b.random());
    }
    const u32 shift = 22 - 14 + 6 + static_cast<u32>(std::bit_width(k)) / 2;
    const auto put = [&](u32 at, u32 v) { std::memcpy(&b.l1[at], &v, 4); };
    for (u32 i = 0; i < n; ++i) {
      put(w[15] + 8 * i, static_cast<u32>(static_cast<std::int32_t>(b.random()) >> 16));
      put(w[15] + 8 * i + 4, (0x400000 + i) | shift << 24);
      put(w[16] + 8 * i, (0x400000 + 77 * i) | 8U << 24);
      put(w[16] + 8 * i + 4, static_cast<u32>(static_cast<std::int32_t>(b.random()) >> 12));
      put(w[17] + 4 * i, (0x400000 + 99 * i) | shift << 24);
    }
    return d;
  }
};
/// Attention with dense operands and noise in them.
struct DenseAttention {
  u32 sq, sk, d, dv, heads = 1, group = 1;
  bool causal = false, mask = false;
  u32 window = 0, offset = 0;

  [[nodiscard]] u32 row() const { return (d + 7) / 8 * 8; }
  [[nodiscard]] u32 out() const { return (dv + 7) / 8 * 8; }
  [[nodiscard]] u32 keys() const { return (sk + 7) / 8 * 8; }
  [[nodiscard]] u32 bytes() const {
    const u32 kv = (heads + group - 1) / group;
    return heads * sq * (row() + out()) + kv * (sk * row() + dv * keys()) + heads * 8 + sk / 8 + 16;
  }
  [[nodiscard]] double macs() const { return 1.0 * heads * sq * sk * (d + dv); }

  Descriptor place(Bench& b) const {
    for (auto& x : b.l1) x = static_cast<std::uint8_t>(b.random());
    const u32 kv = (heads + group - 1) / group;
    Descriptor job;
    auto& w = job.w;
    w[0] = attention::golden::kOpAttn | 1U << 8;
    w[4] = causal | mask << 1 | 3U << 2;
    w[5] = sq | sk << 16;
    w[6] = d | dv << 8 | heads << 16 | group << 24;
    w[8] = w[10] = row(), w[12] = keys(), w[14] = out();
    w[20] = sq * row(), w[21] = sk * row(), w[22] = dv * keys(), w[23] = sq * out();
    w[7] = 0, w[9] = w[7] + heads * w[20], w[11] = w[9] + kv * w[21], w[13] = w[11] + kv * w[22];
    w[15] = w[13] + heads * w[23], w[16] = w[15] + 8 * heads;
    w[18] = offset, w[19] = window;
    REQUIRE(bytes() <= attention::kL1);
    for (u32 h = 0; h < heads; ++h) {  // logits of some octaves; outputs in range
      const u32 shift =
          29 + static_cast<u32>(std::bit_width(d)) / 2 - static_cast<u32>(b.random() % 3);
      const u32 scales[] = {0x400000 | shift << 24, 0x500000 | 22U << 24};
      std::memcpy(&b.l1[w[15] + 8 * h], scales, 8);
    }
    return job;
  }
};
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

TEST_CASE("attention engine: random GEMM") {
  Bench b("random gemm");
  RandomJobs draw(b.random, b.l1, limits_for_machine(100000));
  for (int i = 0; i < 60; ++i) {
    b.refuse_percent = std::array<unsigned, 4>{0, 10, 50, 80}[b.random() % 4];
    b.offer_percent = b.random() % 2 ? 100 : 10;
    draw.reset();
    std::vector<Descriptor> jobs;
    for (u32 n = 1 + b.random() % 3; n > 0; --n) {
      jobs.push_back(draw.gemm());
    }
    CAPTURE(i, b.refuse_percent);
    run(b, jobs);
  }
}

TEST_CASE("attention engine: random attention") {
  Bench b("random attention");
  RandomJobs draw(b.random, b.l1, limits_for_machine(300000));
  for (int i = 0; i < 60; ++i) {
    b.refuse_percent = std::array<unsigned, 4>{0, 10, 50, 80}[b.random() % 4];
    b.offer_percent = b.random() % 2 ? 100 : 10;
    draw.reset();
    std::vector<Descriptor> jobs;
    for (u32 n = 1 + b.random() % 3; n > 0; --n)
      jobs.push_back(b.random() % 4 ? draw.attention() : draw.gemm());
    CAPTURE(i, b.refuse_percent);
    run(b, jobs);
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
       {Case{{.m = 1, .n = 128, .k = 512}, 9}, Case{{.m = 1, .n = 512, .k = 128}, 9},
        Case{{.m = 2, .n = 128, .k = 512}, 18}, Case{{.m = 64, .n = 64, .k = 512}, 80}}) {
    Bench b("cycles");
    Dense g = c.g;
    const std::uint64_t before = b.cycle_count;
    run(b, {g.place(b)});
    const double cycles = static_cast<double>(b.cycle_count - before);
    const double use = 100.0 * g.m * g.n * g.k / oct::config::kEngineMacs / cycles;
    std::cout << fmt::format("product {}x{}x{}: {} cycles, {:.1f} %\n", g.m, g.k, g.n, cycles, use);
    CHECK(use >= c.least);
  }
}

TEST_CASE("attention engine: attention carried on along the keys") {
  Bench b("chains");
  RandomJobs draw(b.random, b.l1, limits_for_machine(150000));
  for (int i = 0; i < 40; ++i) {
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
  RandomJobs draw(b.random, b.l1, limits_for_machine(30000));
  int bad = 0;
  for (int i = 0; i < 60; ++i) {
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
