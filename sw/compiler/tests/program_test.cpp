// SPDX-License-Identifier: Apache-2.0
// Dependences, allocator and the runner of programs: whatever order the waits allow, memory ends up
// as in the order of the list.
#include "compiler/schedule/program.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <vector>

#include "harness/seed.hpp"

using namespace oct::schedule;

namespace {
using Image = std::vector<std::uint32_t>;

template <typename F>
void each_byte(const Range& r, F f) {
  for (std::int64_t i = 0; i < r.rows; ++i) {
    for (std::int64_t b = 0; b < r.bytes; ++b) {
      f(static_cast<std::size_t>(r.addr + i * r.stride + b) +
        (r.memory == Memory::kL2 ? 100000U : 0U));
    }
  }
}

/// A job writes a hash of itself and of all it reads.
void effect(Image& image, const Job& job) {
  std::uint32_t h = 2166136261U ^ job.layer;
  for (const Range& r : job.ranges)
    if (!r.write) each_byte(r, [&](std::size_t a) { h = (h ^ image.at(a)) * 16777619U; });
  for (const Range& r : job.ranges)
    if (r.write) each_byte(r, [&](std::size_t a) { image.at(a) = h = h * 16777619U + 12345; });
}

Job job(Queue q, std::vector<Range> ranges, std::uint32_t layer = 0) {
  Job j;
  j.queue = q;
  j.ranges = std::move(ranges);
  j.layer = layer;
  j.words.resize(q == Queue::kEngine ? 32 : 16);
  j.note = "job " + std::to_string(layer);
  return j;
}

Program random_program(std::mt19937_64& random, int jobs) {
  Program p;
  const auto any = [&](std::int64_t lo, std::int64_t hi) {
    return std::uniform_int_distribution<std::int64_t>(lo, hi)(random);
  };
  for (int i = 0; i < jobs; ++i) {
    std::vector<Range> ranges;
    for (std::int64_t n = any(1, 4); n > 0; --n) {
      Range r;
      r.memory = any(0, 1) ? Memory::kL1 : Memory::kL2;
      r.bytes = any(1, 40);
      r.rows = any(0, 1) ? 1 : any(1, 6);
      r.stride = any(0, 2) ? 64 : any(40, 100);
      r.addr = any(0, 400);
      if (any(0, 4) == 0) {
        r.addr += (r.rows - 1) * r.stride;
        r.stride = -r.stride;
      }
      r.write = any(0, 2) == 0;
      ranges.push_back(r);
    }
    p.append(job(static_cast<Queue>(any(0, 4)), ranges, static_cast<std::uint32_t>(i)));
  }
  return p;
}
}  // namespace

TEST_CASE("program: any legal order leaves the same memory") {
  auto random = tb::rng("program order");
  for (int n = 0; n < 60; ++n) {
    const Program p = random_program(random, 60);
    Image want(200000);
    for (const Job& j : p.jobs()) effect(want, j);
    for (int order = 0; order < 5; ++order) {
      Image got(200000);
      execute(p, random(), [&](const Job& j) { effect(got, j); });
      REQUIRE(got == want);
    }
  }
}

TEST_CASE("program: a wait that is left out shows") {
  auto random = tb::rng("program fault");
  int shown = 0, tried = 0;
  for (int n = 0; n < 200; ++n) {
    Program p = random_program(random, 40);
    // Nobody outside may do this; the test does.
    auto& jobs = const_cast<std::vector<Job>&>(p.jobs());
    Job& victim = jobs[random() % jobs.size()];
    if (victim.waits.empty()) continue;
    victim.waits.pop_back();
    ++tried;
    Image want(200000);
    for (const Job& j : p.jobs()) effect(want, j);
    for (int order = 0; order < 20; ++order) {
      Image got(200000);
      execute(p, random(), [&](const Job& j) { effect(got, j); });
      if (got != want) {
        ++shown;
        break;
      }
    }
  }
  CHECK(tried > 100);
  CHECK(shown > tried / 5);  // many are implied by others, or guard hulls that only seem to meet
}

TEST_CASE("program: waits say what is needed and nothing twice") {
  Program p;
  const auto at = [](std::int64_t addr, bool write) {
    return Range{Memory::kL1, addr, 64, 1, 0, write};
  };
  p.append(job(Queue::kDmaIn, {at(0, true)}));
  p.append(job(Queue::kEngine, {at(0, false), at(64, true)}));
  p.append(job(Queue::kDmaOut, {at(64, false), at(0, false)}));
  CHECK(p.jobs()[0].waits.empty());
  CHECK(p.jobs()[1].waits == std::vector<Wait>{{Queue::kDmaIn, 0}});
  CHECK(p.jobs()[2].waits == std::vector<Wait>{{Queue::kEngine, 0}});  // DMA-in is implied
  p.append(job(Queue::kEngine, {at(64, true)}));                       // behind the reader
  CHECK(p.jobs()[3].waits == std::vector<Wait>{{Queue::kDmaOut, 0}});
  const auto rings = p.rings();
  CHECK(rings[0].size() == 64);
  CHECK(rings[0][1] == (1U << 31 | 1U << 16 | 1));
  CHECK(rings[0][3] == (1U << 15 | 0U << 8 | 1));
  CHECK(rings[0][33] == (1U << 31 | 2U << 16 | 1));
}

TEST_CASE("program: columns of one matrix do not meet") {
  const Range a{Memory::kL1, 0, 32, 10, 128, true}, b{Memory::kL1, 32, 32, 10, 128, false};
  const Range c{Memory::kL1, 20, 20, 10, 128, false}, d{Memory::kL1, 64, 8, 1, 0, false};
  CHECK_FALSE(overlap(a, b));
  CHECK(overlap(a, c));
  CHECK(overlap(b, c));
  CHECK_FALSE(overlap(a, d));
  CHECK(overlap(a, Range{Memory::kL1, 128 * 9 + 8, 8, 1, 0, false}));
  CHECK_FALSE(overlap(a, Range{Memory::kL2, 0, 32, 1, 0, false}));
}

TEST_CASE("allocator: blocks that live together lie apart; an overlap is found") {
  auto random = tb::rng("allocator");
  Allocator l1(4096);
  Program p;
  std::vector<std::int64_t> live;
  int full = 0;
  for (int i = 0; i < 2000; ++i) {
    if (!live.empty() && random() % 2) {
      const std::size_t pick = random() % live.size();
      l1.free(live[pick], p.now());
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(pick));
    } else {
      const auto bytes = static_cast<std::int64_t>(1 + random() % 900);
      if (!l1.fits(bytes)) {
        ++full;
        CHECK_THROWS_AS(l1.allocate(bytes, p.now(), "x"), Allocator::NoRoom);
        continue;
      }
      const std::int64_t addr = l1.allocate(bytes, p.now(), "x");
      CHECK(addr % 64 == 0);
      live.push_back(addr);
      p.append(job(Queue::kTeam0, {{Memory::kL1, addr, bytes, 1, 0, true}}));
    }
  }
  CHECK(full > 10);
  CHECK(check_blocks(l1.blocks(), p) == "");
  auto blocks = l1.blocks();
  auto broken = blocks;
  broken[10].to = ~std::size_t{0};
  CHECK(check_blocks(broken, p) != "");
  broken = blocks;
  broken[10].bytes -= 8;
  CHECK(check_blocks(broken, p) != "");
}

TEST_CASE("program: many waits take empty jobs") {
  Program p;
  const auto at = [](std::int64_t addr, bool write) {
    return Range{Memory::kL1, addr, 64, 1, 0, write};
  };
  for (int q = 1; q < 5; ++q) p.append(job(static_cast<Queue>(q), {at(64 * q, true)}));
  p.append(job(Queue::kEngine, {at(64, false), at(128, false), at(192, false), at(256, false)}));
  CHECK(p.jobs().back().waits.size() == 4);
  CHECK(p.rings()[0].size() == 48);
}
