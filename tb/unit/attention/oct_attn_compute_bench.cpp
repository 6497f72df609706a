// SPDX-License-Identifier: Apache-2.0
// Simulation speed of the compute side alone: kHz with the array idle, multiplying, and in
// attention. test.attn_compute_speed prints kHz of user time, the bench included; compare only
// within one run.
#include <catch2/catch.hpp>
#include <cstdio>
#include <ctime>

#include "compute_bench.hpp"

namespace {
double seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}
template <typename Work>
void report(const char* name, Work work) {
  const double start = seconds();
  const auto cycles = work();
  std::printf("%-12s %8.0f kHz\n", name, static_cast<double>(cycles) / (seconds() - start) / 1e3);
}
}  // namespace

TEST_CASE("speed: idle") {
  compute::Bench bench(tb::rng("speed"));
  report("idle", [&] {
    bench.dut.tick(1000000);
    return 1000000;
  });
  CHECK(bench.done());
}

TEST_CASE("speed: products") {
  compute::Bench bench(tb::rng("speed"));
  for (int i = 0; i < 60; ++i) bench.gemm(32, 2 * compute::kUnits, 512, false);
  report("products", [&] { return bench.run("products"); });
  CHECK(bench.done());
}

TEST_CASE("speed: attention") {
  compute::Bench bench(tb::rng("speed"));
  compute::Bench::Attention a;
  a.sq = 16 * compute::kUnits;
  a.sk = 512;
  bench.attention(a);
  report("attention 64", [&] { return bench.run("attention"); });
  a.d = a.dv = 32;
  bench.attention(a);
  report("attention 32", [&] { return bench.run("attention"); });
  CHECK(bench.done());
}
