// SPDX-License-Identifier: Apache-2.0
// Whole jobs of the attention engine against the reference beside this file, byte for byte of L1.
#include <catch2/catch.hpp>

#include "engine.hpp"
#include "engine_random.hpp"
#include "engine_reference.hpp"
#include "harness/seed.hpp"

using namespace oct::golden::engine;

namespace {

reference::Words words(const Descriptor& d) { return {d.w.begin(), d.w.end()}; }

std::size_t differences(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < a.size(); ++i) n += a[i] != b[i];
  return n;
}

/// How many outputs of a job lie strictly within their bounds: scales that saturate all show
/// little.
struct Spread {
  unsigned inside = 0, total = 0;
  void add(const std::vector<std::uint8_t>& before, const std::vector<std::uint8_t>& after) {
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (before[i] == after[i]) continue;
      ++total;
      inside += after[i] != 0x80 && after[i] != 0x7f && after[i] != 0;
    }
  }
};

}  // namespace

TEST_CASE("engine model: random GEMMs equal the reference") {
  auto random = tb::rng("engine gemm");
  std::vector<std::uint8_t> l1(128 * 1024);
  Spread spread;
  for (int n = 0; n < 300; ++n) {
    RandomJobs jobs(random, l1);
    jobs.reset();
    const Descriptor d = jobs.gemm();
    const std::vector<std::uint8_t> before = l1;
    const auto expected = reference::gemm(l1, words(d));
    const JobResult result = run_engine_job(l1, d);
    INFO("job " << n << " of seed " << tb::seed() << ", bad word " << result.addr);
    REQUIRE(result == JobResult{});
    REQUIRE(differences(l1, expected) == 0);
    spread.add(before, l1);
  }
  CHECK(spread.inside > spread.total / 2);
}

TEST_CASE("engine model: random attention equals the reference") {
  auto random = tb::rng("engine attention");
  std::vector<std::uint8_t> l1(128 * 1024);
  Spread spread;
  for (int n = 0; n < 200; ++n) {
    RandomJobs jobs(random, l1);
    jobs.reset();
    const Descriptor d = jobs.attention();
    const std::vector<std::uint8_t> before = l1;
    const auto expected = reference::attention(l1, {words(d)});
    const JobResult result = run_engine_job(l1, d);
    INFO("job " << n << " of seed " << tb::seed() << ", bad word " << result.addr);
    REQUIRE(result == JobResult{});
    REQUIRE(differences(l1, expected) == 0);
    spread.add(before, l1);
  }
  CHECK(spread.inside > spread.total / 3);
}

TEST_CASE("engine model: attention along the keys in several jobs") {
  auto random = tb::rng("engine chain");
  std::vector<std::uint8_t> l1(128 * 1024);
  for (int n = 0; n < 60; ++n) {
    RandomJobs jobs(random, l1);
    jobs.reset();
    const auto chain = jobs.attention_chain(tb::uniform(random, 2U, 4U));
    std::vector<reference::Words> all;
    for (const Descriptor& d : chain) all.push_back(words(d));
    const AttnJob job = decode_attn(chain[0]);
    auto expected = reference::attention(l1, all);
    for (const Descriptor& d : chain) REQUIRE(run_engine_job(l1, d) == JobResult{});
    // The state area is the machine's own affair, and its size is known.
    for (std::uint32_t i = 0; i < job.state_bytes() * job.heads; ++i) {
      expected[job.state + i] = l1[job.state + i];
    }
    INFO("chain " << n << " of seed " << tb::seed());
    REQUIRE(differences(l1, expected) == 0);
  }
}

TEST_CASE("engine model: one whole tile a job continues like one job") {
  // Parts that end at multiples of 64 keys see the same tiles as the whole.
  auto random = tb::rng("engine tiles");
  std::vector<std::uint8_t> l1(64 * 1024);
  for (std::uint8_t& b : l1) b = static_cast<std::uint8_t>(random());
  Descriptor d;
  d.w = {0x131, 0, 0, 0, 0xc | 1, 20 | 160 << 16, 24 | 40 << 8 | 1 << 16};
  d.w[7] = 0, d.w[8] = 24, d.w[9] = 1024, d.w[10] = 24, d.w[11] = 8192, d.w[12] = 160;
  d.w[13] = 16384, d.w[14] = 40, d.w[15] = 20000, d.w[17] = 32768, d.w[18] = 130;
  const std::uint32_t q = pack_scale({0x500000, 31}), o = pack_scale({0x600000, 8});
  for (unsigned i = 0; i < 4; ++i) l1[20000 + i] = static_cast<std::uint8_t>(q >> 8 * i);
  for (unsigned i = 0; i < 4; ++i) l1[20004 + i] = static_cast<std::uint8_t>(o >> 8 * i);
  std::vector<std::uint8_t> whole = l1;
  REQUIRE(run_engine_job(whole, d) == JobResult{});
  for (std::uint32_t key = 0; key < 160; key += 64) {
    Descriptor part = d;
    part.w[4] = 1 | (key == 0) << 2 | (key == 128) << 3;
    part.w[5] = 20 | std::min(64U, 160 - key) << 16;
    part.w[9] += 24 * key;
    part.w[11] += key;
    part.w[18] -= key;
    REQUIRE(run_engine_job(l1, part) == JobResult{});
  }
  CHECK(std::equal(&l1[16384], &l1[16384 + 800], &whole[16384]));
}

TEST_CASE("engine model: shapes written out") {
  auto random = tb::rng("engine shapes");
  std::vector<std::uint8_t> l1(128 * 1024);
  const auto run = [&](std::uint32_t m, std::uint32_t n, std::uint32_t k) {
    for (std::uint8_t& b : l1) b = static_cast<std::uint8_t>(random());
    Descriptor d;
    const std::uint32_t ks = (k + 7) / 8 * 8, ns = (n + 7) / 8 * 8;
    d.w[0] = 0x130;
    d.w[5] = m | n << 16, d.w[6] = k, d.w[7] = 0, d.w[8] = ks, d.w[9] = m * ks, d.w[10] = ks;
    d.w[11] = d.w[9] + n * ks, d.w[12] = ns, d.w[15] = d.w[11] + m * ns;
    d.w[19] = 0x007fff80;
    for (std::uint32_t c = 0; c < n; ++c) {
      const std::uint32_t s = pack_scale({-0x400000, 23});
      for (unsigned i = 0; i < 4; ++i)
        l1[d.w[15] + 8 * c + 4 + i] = static_cast<std::uint8_t>(s >> 8 * i);
    }
    const auto expected = reference::gemm(l1, words(d));
    INFO(m << "x" << k << "x" << n);
    REQUIRE(run_engine_job(l1, d) == JobResult{});
    REQUIRE(differences(l1, expected) == 0);
  };
  for (std::uint32_t k = 1; k <= 80; ++k) run(2, 3, k);
  run(1, 1, 1);
  run(1, 17, 5);
  run(33, 1, 64);
  run(1, 2, 40000);
}

TEST_CASE("engine model: every rule of the descriptor") {
  std::vector<std::uint8_t> l1(1024);
  Descriptor gemm;
  gemm.w[0] = 0x130;
  gemm.w[5] = 1 << 16 | 1, gemm.w[6] = 1, gemm.w[19] = 0x007fff80;
  Descriptor attn;
  attn.w[0] = 0x131;
  attn.w[4] = 0xc, attn.w[5] = 1 << 16 | 1, attn.w[6] = 0x00010101;
  REQUIRE(check(gemm) == JobResult{});
  REQUIRE(check(attn) == JobResult{});
  const auto bad = [&](Descriptor d, unsigned word, std::uint32_t value, std::uint32_t index) {
    d.w[word] = value;
    INFO("word " << word << " = " << value);
    CHECK(check(d) == (index == 0 ? JobResult{} : JobResult{Cause::kBadField, index}));
    const auto before = l1;
    if (index != 0) CHECK(run_engine_job(l1, d) == JobResult{Cause::kBadField, index});
    CHECK(l1 == before);
  };
  bad(gemm, 4, 1 << 9, 4), bad(gemm, 4, 3 << 4, 4), bad(gemm, 4, 6, 4), bad(gemm, 4, 0x1e5, 0);
  bad(gemm, 5, 1, 5), bad(gemm, 5, 1 << 16, 5), bad(gemm, 6, 0, 6), bad(gemm, 6, 1 | 24 << 16, 6);
  bad(gemm, 6, 1 | 8 << 16, 0), bad(gemm, 6, 1 | 192 << 16, 0), bad(gemm, 6, 1 | 96 << 16, 6);
  for (unsigned i = 7; i <= 12; ++i) bad(gemm, i, 4, i);
  bad(gemm, 13, 1, 0), bad(gemm, 14, 1, 0), bad(gemm, 15, 1, 15), bad(gemm, 16, 1, 0);
  bad(gemm, 17, 1, 0), bad(gemm, 18, 1, 0), bad(gemm, 21, 1, 0), bad(gemm, 25, 1, 0);
  for (unsigned i = 22; i <= 26; ++i) bad(gemm, i, 1, 0);
  bad(gemm, 19, 0x00800000, 19), bad(gemm, 19, 0x007fff7f, 19), bad(gemm, 19, 0x00000001, 19);
  bad(gemm, 20, 0x10000, 20), bad(gemm, 27, 1, 27);
  Descriptor full = gemm;
  full.w[4] = 0x150, full.w[20] = 2, full.w[6] = 1 | 64 << 16;
  for (unsigned i = 13; i <= 18; ++i) bad(full, i, 4, i);
  for (unsigned i = 21; i <= 26; ++i) bad(full, i, 4, i);
  bad(full, 26, 8, 26), bad(full, 26, 16, 0);
  Descriptor wide = gemm;
  wide.w[4] = 4;
  bad(wide, 19, 0x7fff8000, 0), bad(wide, 19, 0x80007fff, 19);
  Descriptor affine = gemm;
  affine.w[4] = 0x100;
  bad(affine, 16, 4, 16), bad(affine, 17, 4, 0);

  bad(attn, 4, 1 << 4, 4), bad(attn, 4, 0, 0), bad(attn, 5, 1, 5), bad(attn, 5, 1 << 16, 5);
  bad(attn, 6, 0x00010100, 6), bad(attn, 6, 0x00010001, 6), bad(attn, 6, 0x00000101, 6);
  bad(attn, 6, 0x00010181, 6), bad(attn, 6, 0x00018101, 6), bad(attn, 6, 0xff018080, 0);
  for (unsigned i = 7; i <= 15; ++i) bad(attn, i, 4, i);
  bad(attn, 16, 4, 0), bad(attn, 17, 4, 0), bad(attn, 18, 5, 0), bad(attn, 19, 0x10000, 19);
  for (unsigned i = 20; i <= 23; ++i) bad(attn, i, 4, 0);
  for (unsigned i = 24; i <= 27; ++i) bad(attn, i, 1, i);
  Descriptor heads = attn;
  heads.w[6] = 0x00020101, heads.w[4] = 0xe;
  bad(heads, 16, 4, 16);
  for (unsigned i = 20; i <= 23; ++i) bad(heads, i, 4, i);
  Descriptor part = heads;
  part.w[4] = 4;
  bad(part, 13, 4, 0), bad(part, 14, 4, 0), bad(part, 17, 4, 17), bad(part, 23, 4, 0);
  Descriptor two = gemm;  // the first word counts
  two.w[9] = 4, two.w[27] = 1;
  CHECK(check(two) == JobResult{Cause::kBadField, 9});
  two.w[0] = 0x32;
  CHECK(run_engine_job(l1, two).cause == Cause::kBadOp);
}

TEST_CASE("engine model: nothing outside L1") {
  auto random = tb::rng("engine range");
  std::vector<std::uint8_t> l1(16 * 1024);
  const RandomLimits limits{.m = 20, .n = 20, .k = 80, .batch = 2, .sq = 20, .sk = 80, .d = 40};
  for (int n = 0; n < 200; ++n) {
    RandomJobs jobs(random, l1, limits);
    jobs.reset();
    Descriptor d = n % 2 == 0 ? jobs.gemm() : jobs.attention();
    const bool attn = n % 2 == 1;
    const unsigned words_used[] = {7, 9, 11, attn ? 13U : 15U, 15};
    const unsigned word = words_used[tb::uniform(random, 0, 4)];
    d.w[word] = tb::chance(random, 50) ? static_cast<std::uint32_t>(l1.size()) : 0xfffffff8U;
    const auto before = l1;
    const JobResult result = run_engine_job(l1, d);
    CHECK(result.cause == Cause::kL1Range);
    CHECK(result.addr >= l1.size());
    CHECK(l1 == before);
  }
}
