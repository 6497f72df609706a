// SPDX-License-Identifier: Apache-2.0
// The engine's jobs on a team of workers against the engine's golden model: random descriptors,
// every byte of L1.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "golden/engine.hpp"
#include "golden/engine_random.hpp"
#include "harness/seed.hpp"
#include "oct_network.h"

using namespace oct::golden::engine;

namespace {

constexpr std::uint32_t kBase = 0x10000000, kBytes = 128 * 1024, kScratch = 24 * 1024;
using Image = std::vector<std::uint8_t>;

/// The job's words with addresses; attention's scratch and table lie behind the image.
std::vector<std::uint32_t> call(const Descriptor& d) {
  std::vector<std::uint32_t> w(d.w.begin(), d.w.begin() + 28);
  const bool gemm = d.op() == kOpGemm;
  for (const unsigned i : {7U, 9U, 11U, 13U, 15U, 16U, 17U, 18U}) {
    if (gemm || i != 18) w[i] += kBase;
  }
  if (gemm) return w;
  w[24] = kBase + kBytes;
  w[25] = 512 + 16 * ((w[6] >> 8 & 0xff) + 3) / 4 * 4;
  w[26] = kBase + kBytes + kScratch;
  return w;
}

void run(const Descriptor& d, Image& image, unsigned size) {
  image.resize(kBytes + kScratch + sizeof kExp2Table);
  std::memcpy(&image[kBytes + kScratch], kExp2Table.data(), sizeof kExp2Table);
  oct_net_map(0, kBase, static_cast<std::uint32_t>(image.size()), image.data());
  for (unsigned rank = size; rank-- > 0;) {
    auto words = call(d);
    REQUIRE((d.op() == kOpGemm ? oct_net_gemm : oct_net_attention)(words.data(), rank, size) == 0);
  }
  image.resize(kBytes);
}

/// First byte that differs outside [from, to), or -1.
std::int64_t difference(const Image& a, const Image& b, std::size_t from, std::size_t to) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && (i < from || i >= to)) return static_cast<std::int64_t>(i);
  }
  return -1;
}

}  // namespace

TEST_CASE("engine jobs on workers: random GEMMs") {
  auto random = tb::rng("workers gemm");
  Image l1(kBytes);
  for (unsigned n = 0; n < 600; ++n) {
    RandomJobs jobs(random, l1);
    jobs.reset();
    const Descriptor d = jobs.gemm();
    Image got = l1;
    const GemmJob j = decode_gemm(d);
    REQUIRE(run_engine_job(l1, d) == JobResult{});
    run(d, got, 1 + n % 8);
    INFO(fmt::format("job {} of seed {}: m {} n {} k {} flags {:#x} segment {} batch {}", n,
                     tb::seed(), j.m, j.n, j.k, d.w[4], j.segment, j.batch));
    REQUIRE(difference(l1, got, 0, 0) == -1);
  }
}

TEST_CASE("engine jobs on workers: random attention, along the keys too") {
  auto random = tb::rng("workers attention");
  Image l1(kBytes);
  for (unsigned n = 0; n < 400; ++n) {
    RandomJobs jobs(random, l1);
    jobs.reset();
    const auto chain = jobs.attention_chain(1 + n % 3);
    Image got = l1;
    for (const Descriptor& d : chain) {
      REQUIRE(run_engine_job(l1, d) == JobResult{});
      run(d, got, 1 + n % 8);
    }
    const AttnJob j = decode_attn(chain.front());
    const std::size_t state = chain.size() == 1 ? 0 : j.state;
    const std::size_t end = chain.size() == 1 ? 0 : j.state + j.heads * j.state_bytes();
    INFO(fmt::format("job {} of seed {}: sq {} sk {} d {} dv {} heads {} flags {:#x}", n,
                     tb::seed(), j.sq, j.sk, j.d, j.dv, j.heads, chain.front().w[4]));
    REQUIRE(difference(l1, got, state, end) == -1);
  }
}
