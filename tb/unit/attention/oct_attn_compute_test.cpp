// SPDX-License-Identifier: Apache-2.0
// oct_attn_compute: products, attention and continuation against the golden model, with beats,
// slots and reads that come when they like; steps without a gap when nothing is missing.
#include <catch2/catch.hpp>

#include "compute_bench.hpp"

using compute::Bench;
using compute::kUnits;
using compute::Manners;

namespace {
Manners any(std::mt19937_64& random) {
  const auto percent = [&] {
    return tb::chance(random, 40) ? 100U : tb::uniform(random, 5U, 100U);
  };
  return {percent(), percent(), percent(), percent(), tb::uniform(random, 1, 9)};
}
Bench::Attention any_attention(std::mt19937_64& random) {
  Bench::Attention a;
  a.sq = tb::uniform(random, 1, 3 * kUnits);
  a.sk = tb::chance(random, 50) ? 64 * tb::uniform(random, 1, 3) + tb::uniform(random, 0, 1)
                                : tb::uniform(random, 1, 200);
  a.tail = tb::chance(random, 70);
  a.d = tb::chance(random, 50) ? 32 << tb::uniform(random, 0, 1) : tb::uniform(random, 1, 128);
  a.dv = tb::chance(random, 60) ? 32 << tb::uniform(random, 0, 1) : tb::uniform(random, 1, 128);
  a.causal = tb::chance(random, 40);
  a.mask = tb::chance(random, 40);
  a.offset = tb::uniform(random, -70, 150);
  a.window = tb::chance(random, 30) ? tb::uniform(random, 1, 120) : 0;
  a.extremes = tb::chance(random, 10);
  a.q = {tb::uniform(random, 0, (1 << 23) - 1), static_cast<unsigned>(tb::uniform(random, 20, 30))};
  a.o = {tb::uniform(random, 0, (1 << 23) - 1), static_cast<unsigned>(tb::uniform(random, 0, 63))};
  a.first = tb::chance(random, 80);
  a.last = tb::chance(random, 80);
  return a;
}
}  // namespace

TEST_CASE("compute: corners of products") {
  Bench bench(tb::rng("corners of products"));
  for (const int k : {1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 128, 200}) {
    for (const bool kn : {false, true}) {
      bench.gemm(1, 1, k, kn);
      bench.gemm(1, kUnits + 1, k, kn);
      bench.gemm(2, 3 * kUnits, k, kn);
      bench.gemm(3, kUnits - 1, k, kn, true);
      bench.gemm(32, 2 * kUnits, k, kn, true);
    }
  }
  bench.gemm(1, 64 * kUnits, 130, false);
  bench.gemm(1, 64 * kUnits, 130, true);
  bench.run("corners of products");
}

TEST_CASE("compute: products of any shape in any company") {
  auto random = tb::rng("products");
  for (int round = 0; round < 12; ++round) {
    Bench bench(tb::rng("products " + std::to_string(round)), any(random));
    for (int i = 0; i < 12; ++i) {
      const int rows = tb::uniform(random, 1, 32);
      const int groups = tb::uniform(random, 1, 64 / rows);
      bench.gemm(rows, tb::uniform(random, 1, std::min(groups, 8) * kUnits),
                 tb::uniform(random, 1, 200), tb::chance(random, 50), tb::chance(random, 10));
    }
    bench.run("products of any shape");
  }
}

TEST_CASE("compute: corners of attention") {
  Bench bench(tb::rng("corners of attention"));
  for (const int sk : {1, 2, 63, 64, 65, 129}) {
    for (const int d : {1, 8, 31, 32, 33, 64, 65, 127, 128}) {
      Bench::Attention a;
      a.sq = 1 + sk % kUnits;
      a.sk = sk;
      a.d = d;
      a.dv = d;
      bench.attention(a);
      a.extremes = true;
      a.q = {(1 << 23) - 1, 24};
      bench.attention(a);
    }
  }
  Bench::Attention a;
  a.sk = 200;
  SECTION("nothing to see") {
    a.causal = true;
    a.offset = -1000;
  }
  SECTION("causal") { a.causal = true; }
  SECTION("far offsets") {
    a.causal = true;
    a.offset = 2147483647;
    bench.attention(a);
    a.offset = -2147483647 - 1;
    a.window = 65535;
  }
  SECTION("window") {
    a.causal = true;
    a.window = 65;
    a.offset = 100;
  }
  SECTION("wide") { a.d = a.dv = 128; }
  SECTION("wide keys") { a.d = 100; }
  SECTION("wide values") { a.dv = 99; }
  SECTION("wide, causal") {
    a.d = 65;
    a.dv = 128;
    a.causal = true;
    a.window = 40;
  }
  SECTION("logits at both ends") {
    a.q = {(1 << 23) - 1, 10};
    a.extremes = false;
  }
  bench.attention(a);
  a.sq = 3 * kUnits;
  bench.attention(a);
  a.sq = kUnits / 2;
  bench.attention(a);
  a.sq = kUnits + 1;
  bench.attention(a);
  bench.run("corners of attention");
}

TEST_CASE("compute: attention of any shape in any company") {
  auto random = tb::rng("attention");
  for (int round = 0; round < 20; ++round) {
    Bench bench(tb::rng("attention " + std::to_string(round)), any(random));
    for (int i = 0; i < 6; ++i) {
      if (tb::chance(random, 25)) {
        bench.gemm(tb::uniform(random, 1, 32), tb::uniform(random, 1, 2 * kUnits),
                   tb::uniform(random, 1, 130), tb::chance(random, 50));
      } else {
        bench.attention(any_attention(random));
      }
    }
    bench.run("attention of any shape");
  }
}

TEST_CASE("compute: a row of state goes out and comes in again") {
  Bench bench(tb::rng("state"));
  for (const int sk : {1, 64, 100}) {
    for (const bool last : {false, true}) {
      Bench::Attention a;
      a.sq = 2 * kUnits + 1;
      a.sk = sk;
      a.first = false;
      a.last = last;
      bench.attention(a);
      a.dv = 128;
      bench.attention(a);
      a.d = 90;
      a.dv = 51;
      bench.attention(a);
    }
  }
  bench.run("state");
}

TEST_CASE("compute: forgotten at any moment") {
  auto random = tb::rng("forgotten");
  Bench bench(tb::rng("forgotten jobs"), any(random));
  for (int round = 0; round < 30; ++round) {
    bench.manners = any(random);
    for (int i = 0; i < 3; ++i) {
      if (tb::chance(random, 40))
        bench.gemm(tb::uniform(random, 1, 32), 2 * kUnits, 100, false);
      else
        bench.attention(any_attention(random));
    }
    const int cycles = tb::uniform(random, 1, 600);
    for (int i = 0; i < cycles && !bench.done(); ++i) bench.cycle();
    bench.abort();
  }
  bench.manners = {};
  bench.attention({});
  bench.gemm(8, 2 * kUnits, 100, true);
  bench.run("after the last abort");
}

TEST_CASE("compute: no gap between steps when nothing is missing") {
  // The second tile waits for the logits of the first, the last product for its weights, alone.
  constexpr std::uint64_t kAlone = 9 + 32;
  // With one half of the ports beats of W keep rows of X waiting.
  const auto shared = [](const Bench& b) { return compute::kHalves == 1 ? b.steps / 10 : 0; };
  Bench bench(tb::rng("gaps"), {.in_turn = true});
  SECTION("products: every cycle") {
    for (int i = 0; i < 4; ++i) bench.gemm(32, 2 * kUnits, 512, i % 2 == 1);
    const auto cycles = bench.run("products");
    CHECK(cycles <= bench.steps + shared(bench));
  }
  SECTION("attention d=64") {
    Bench::Attention a;
    a.sq = 4 * kUnits;
    a.sk = 512;
    bench.attention(a);
    const auto cycles = bench.run("attention");
    CHECK(bench.steps == 4 * 8 * 128);
    INFO("waited for " << bench.waits());
    CHECK(cycles <= bench.steps + kAlone + shared(bench));
  }
  SECTION("attention, 257 keys") {
    Bench::Attention a;
    a.sq = 4 * kUnits;
    a.sk = 257;
    bench.attention(a);
    const auto cycles = bench.run("attention");
    CHECK(bench.steps == 4 * (257 + 4 * 64));
    INFO("waited for " << bench.waits());
    if (compute::kHalves == 2) CHECK(cycles <= bench.steps + kAlone + 2);
  }
  SECTION("attention d=32") {
    Bench::Attention a;
    a.sq = 8 * kUnits;
    a.sk = 128;
    a.d = 32;
    a.dv = 32;
    bench.attention(a);
    bench.attention(a);
    const auto cycles = bench.run("attention");
    CHECK(bench.steps == 2 * 8 * 2 * 64);
    INFO("waited for " << bench.waits());
    CHECK(cycles <= bench.steps + 2 * kAlone + shared(bench));
  }
}
