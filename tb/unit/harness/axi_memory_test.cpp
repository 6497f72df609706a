// SPDX-License-Identifier: Apache-2.0
#include "harness/axi_memory.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "axi_manager.hpp"
#include "harness/seed.hpp"

namespace {

using tb::Beat;
using tb::Manager;

constexpr std::uint32_t kBase = 0x8000'0000;

TEST_CASE("memory content follows from the seed and the back door reaches it") {
  tb::AxiMemory a({.seed = 7}), b({.seed = 7}), c({.seed = 8});
  static_cast<void>(a.load<std::uint32_t>(kBase + 0x3f0'0000));  // other order of first accesses
  CHECK(a.load<std::uint64_t>(kBase) == b.load<std::uint64_t>(kBase));
  CHECK(a.load<std::uint64_t>(kBase) != c.load<std::uint64_t>(kBase));
  CHECK(a.load<std::uint64_t>(kBase) != a.load<std::uint64_t>(kBase + 0x1'0000));
  a.store<std::uint32_t>(kBase + 61, 0x1234'5678);  // across lines
  CHECK(a.load<std::uint32_t>(kBase + 61) == 0x1234'5678);
  CHECK_THROWS_WITH(a.load<std::uint32_t>(kBase - 4), Catch::Contains("outside"));
  CHECK_THROWS_AS(a.load<std::uint64_t>(kBase + (64U << 20) - 4), std::out_of_range);
}

TEST_CASE("latencies are what was asked for") {
  for (const unsigned latency : {1U, 2U, 17U, 100U}) {
    Manager m({.read_latency = latency, .write_latency = latency});
    m.run(3);  // asleep
    m.ar.push_back({0, kBase, 3, 6});
    m.wait(4, 0);
    CHECK(m.r[0].cycle - m.ar_taken[0] == latency);
    CHECK(m.r[3].cycle - m.r[0].cycle == 3);
    m.aw.push_back({2, kBase, 0, 6});
    m.wq.push_back({{}, ~0ULL, true});
    m.wait(4, 1);
    CHECK(m.b[0].cycle - m.w_taken[0] == latency);
  }
}

TEST_CASE("64 bytes a cycle in both directions at once, less if limited") {
  for (const unsigned bandwidth : {64U, 48U, 32U, 8U}) {
    Manager m({.read_latency = 100, .write_latency = 100, .bytes_per_cycle = bandwidth});
    for (unsigned i = 0; i < 32; ++i) {
      m.ar.push_back({3, kBase + 1024 * i, 15, 6});
      m.aw.push_back({3, kBase + 0x10'0000 + 1024 * i, 15, 6});
      for (unsigned k = 0; k < 16; ++k) m.wq.push_back({{}, ~0ULL, k == 15});
    }
    m.wait(512, 32);
    const double cycles = static_cast<double>(m.r.back().cycle - m.r.front().cycle + 1);
    CHECK(cycles == Approx(512.0 * 64 / bandwidth).epsilon(0.01));
    const double wcycles = static_cast<double>(m.w_taken.back() - m.w_taken.front() + 1);
    CHECK(wcycles == Approx(512.0 * 64 / bandwidth).epsilon(0.01));
  }
}

TEST_CASE("a write is visible from its response on, not before") {
  Manager m({.read_latency = 1, .write_latency = 50});
  m.mem.store<std::uint32_t>(kBase + 64, 1);
  Manager::W beat{{}, 0xf, true};
  beat.data[0] = 2;
  m.aw.push_back({1, kBase + 64, 0, 6});
  m.wq.push_back(beat);
  m.run(10);
  CHECK(m.mem.load<std::uint32_t>(kBase + 64) == 1);
  m.wait(0, 1);
  CHECK(m.mem.load<std::uint32_t>(kBase + 64) == 2);
}

TEST_CASE("W before AW is taken and waits for it") {
  Manager m({.write_latency = 3});
  Manager::W beat{{}, ~0ULL, true};
  beat.data[5] = 0xa5;
  m.wq.push_back(beat);
  m.run(5);
  CHECK(m.wq.empty());
  m.aw.push_back({1, kBase + 128, 0, 6});
  m.wait(0, 1);
  CHECK(m.mem.load<std::uint8_t>(kBase + 128 + 5) == 0xa5);
}

TEST_CASE("narrow and unaligned reads carry their lanes, the others are noise") {
  Manager m({.read_latency = 1});
  for (unsigned i = 0; i < 256; ++i) m.mem.store<std::uint8_t>(kBase + i, std::uint8_t(i));
  m.ar.push_back({1, kBase + 0x25, 0, 0});
  m.ar.push_back({1, kBase + 0x70, 1, 6});  // starts inside a line
  m.ar.push_back({1, kBase + 0x3c, 1, 2});
  m.wait(5, 0);
  CHECK(int(m.r[0].data[0x25]) == 0x25);
  for (unsigned i = 0x30; i < 64; ++i) CHECK(int(m.r[1].data[i]) == int(0x40 + i));
  CHECK(int(m.r[2].data[0]) == 0x80);
  CHECK(int(m.r[3].data[0x3c]) == 0x3c);
  CHECK(int(m.r[4].data[0]) == 0x40);
  unsigned equal = 0;
  for (unsigned i = 0; i < 0x30; ++i) equal += m.r[1].data[i] == 0x40 + i;
  CHECK(equal < 16);
}

TEST_CASE("faults hit their range only and change nothing") {
  Manager m({.read_latency = 2, .write_latency = 2});
  m.mem.inject(kBase + 0x1040, 64, tb::AxiFault::kSlvErr);
  m.mem.inject(kBase + 0x2010, 4, tb::AxiFault::kDecErr);
  m.mem.store<std::uint32_t>(kBase + 0x1040, 77);
  m.ar.push_back({0, kBase + 0x1000, 2, 6});
  m.ar.push_back({0, kBase + 0x2000, 0, 6});
  m.ar.push_back({0, kBase + 0x2014, 0, 2});
  m.ar.push_back({0, kBase + (64U << 20), 0, 6});
  m.wait(6, 0);
  const std::vector<unsigned> expected{0, 2, 0, 3, 0, 3};
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(m.r[i].resp == expected[i]);
  m.aw.push_back({1, kBase + 0x1000, 1, 6});
  m.wq.push_back({{}, ~0ULL, false});
  m.wq.push_back({{}, ~0ULL, true});
  m.wait(6, 1);
  CHECK(m.b[0].resp == 2);
  CHECK(m.mem.load<std::uint32_t>(kBase + 0x1040) == 77);
  CHECK(m.mem.load<std::uint32_t>(kBase + 0x1000) == 0);
}

TEST_CASE("a hang silences one identifier until it is cleared") {
  Manager m({.read_latency = 2, .write_latency = 2});
  m.mem.inject(kBase + 0x1000, 64, tb::AxiFault::kHang);
  m.ar.push_back({3, kBase + 0x1000, 0, 6});
  m.ar.push_back({3, kBase + 0x3000, 0, 6});
  m.ar.push_back({0, kBase + 0x3000, 0, 6});
  m.aw.push_back({3, kBase + 0x1000, 0, 6});
  m.aw.push_back({1, kBase + 0x3000, 0, 6});
  m.wq.push_back({{}, ~0ULL, true});
  m.wq.push_back({{}, ~0ULL, true});
  m.run(1000);
  REQUIRE(m.r.size() == 1);
  CHECK(m.r[0].id == 0);
  REQUIRE(m.b.size() == 1);
  CHECK(m.b[0].id == 1);
  CHECK(m.mem.busy());
  CHECK(m.mem.describe().size() == 3);
  m.mem.clear_faults();
  m.wait(3, 2, 100);
  m.run(3);
  CHECK_FALSE(m.mem.busy());
}

/// Random bursts of all identifiers against a byte array; reads and writes use separate halves of
/// memory by phases, so that what a read must return is known.
void random_traffic(tb::AxiMemoryConfig config, unsigned bursts, unsigned ready_percent) {
  config.bytes = 1 << 20;
  Manager m(config);
  auto& random = m.random;
  m.ready_percent = ready_percent;
  std::vector<std::uint8_t> expected(config.bytes);
  m.mem.read(kBase, expected);
  for (unsigned phase = 0; phase < 2; ++phase) {
    struct Read {
      std::uint32_t addr;
      unsigned beats, size, got = 0;
    };
    std::map<unsigned, std::deque<Read>> reads;
    std::map<unsigned, unsigned> writes_of;
    std::size_t beats = 0;
    const std::size_t first_r = m.r.size(), first_b = m.b.size();
    for (unsigned i = 0; i < bursts; ++i) {
      const bool write = random() % 2;
      const unsigned size = random() % 2 ? 6 : random() % 7;
      const unsigned id = random() % 4;
      std::uint32_t addr = static_cast<std::uint32_t>(random() % (config.bytes / 2));
      // Writes go to one half, reads to the other; the halves change roles with the phase.
      if (write == (phase == 0)) addr += config.bytes / 2;
      const unsigned room = (4096 - addr % 4096 + (1U << size) - 1) >> size;
      const unsigned n = 1 + random() % std::min(room, 32U);
      if (!write) {
        m.ar.push_back({id, kBase + addr, n - 1, size});
        reads[id].push_back({addr, n, size});
        beats += n;
        continue;
      }
      m.aw.push_back({id, kBase + addr, n - 1, size});
      ++writes_of[id];
      for (unsigned k = 0; k < n; ++k) {
        Manager::W beat{{}, 0, k + 1 == n};
        const std::uint32_t end = ((addr >> size) + 1) << size;
        for (; addr < end; ++addr) {
          if (random() % 4 == 0) continue;
          beat.strb |= 1ULL << addr % 64;
        }
        for (auto& byte : beat.data) byte = static_cast<std::uint8_t>(random());
        for (unsigned lane = 0; lane < 64; ++lane) {
          if (beat.strb >> lane & 1) expected[((end - 1) & ~63U) + lane] = beat.data[lane];
        }
        m.wq.push_back(beat);
      }
    }
    std::size_t total_writes = 0;
    for (auto& [id, n] : writes_of) total_writes += n;
    m.wait(first_r + beats, first_b + total_writes);
    bool interleaved = false;
    unsigned previous = ~0U;
    for (std::size_t i = first_r; i < m.r.size(); ++i) {
      const Beat& beat = m.r[i];
      REQUIRE(!reads[beat.id].empty());
      Read& read = reads[beat.id].front();
      if (read.got != 0 && previous != beat.id) interleaved = true;
      previous = beat.id;
      const std::uint32_t end = ((read.addr >> read.size) + 1) << read.size;
      bool same = true;
      for (; read.addr < end; ++read.addr) {
        same &= beat.data[read.addr % 64] == expected[read.addr];
      }
      REQUIRE(same);
      REQUIRE(beat.last == (++read.got == read.beats));
      if (beat.last) reads[beat.id].pop_front();
    }
    CHECK(interleaved == config.reorder);
    for (std::size_t i = first_b; i < m.b.size(); ++i) {
      REQUIRE(writes_of[m.b[i].id] > 0);
      --writes_of[m.b[i].id];
    }
    std::vector<std::uint8_t> content(config.bytes);
    m.mem.read(kBase, content);
    CHECK(content == expected);
  }
  m.run(2);
  CHECK_FALSE(m.mem.busy());
}

TEST_CASE("random traffic") {
  random_traffic({.read_latency = 20, .write_latency = 9}, 400, 100);
  random_traffic({.read_latency = 100, .write_latency = 100, .reorder = true}, 400, 100);
  random_traffic({.read_latency = 1, .write_latency = 1, .stall_percent = 40}, 400, 50);
  random_traffic({.read_latency = 30,
                  .write_latency = 200,
                  .bytes_per_cycle = 24,
                  .reorder = true,
                  .stall_percent = 20,
                  .max_reads = 3,
                  .max_writes = 2},
                 400, 70);
}

}  // namespace
