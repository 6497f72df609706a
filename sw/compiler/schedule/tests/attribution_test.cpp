// SPDX-License-Identifier: Apache-2.0
// Each cycle belongs to one layer: a program by hand, then random networks by their estimates.
#include "compiler/schedule/attribution.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>

#include "compiler/integer/random.hpp"
#include "compiler/schedule/cost.hpp"
#include "harness/seed.hpp"

using namespace oct;
using schedule::Queue;
using schedule::Span;

namespace {

/// A job of `layer` that writes byte `writes` of L1 and reads byte `reads` (-1: none).
schedule::Job job(Queue queue, std::uint32_t layer, std::int64_t writes, std::int64_t reads = -1) {
  schedule::Job j;
  j.queue = queue;
  j.layer = layer;
  j.ranges.push_back({schedule::Memory::kL1, writes, 1, 1, 0, true});
  if (reads >= 0) j.ranges.push_back({schedule::Memory::kL1, reads, 1, 1, 0, false});
  return j;
}

std::string text(const std::vector<Span>& spans) {
  std::string all;
  for (const Span& s : spans) {
    all += fmt::format("{}{} {}-{};", "rwe"[static_cast<int>(s.what)], s.layer, s.from, s.to);
  }
  return all;
}

}  // namespace

TEST_CASE("attribution: the head of the engine's queue, what it waits for, what comes behind") {
  schedule::Program p;
  p.append(job(Queue::kDmaIn, 0, 0));      // 0: brings byte 0
  p.append(job(Queue::kEngine, 1, 1, 0));  // 1: needs it
  p.append(job(Queue::kTeam0, 2, 2, 1));   // 2: needs the engine's
  p.append(job(Queue::kEngine, 3, 3, 0));  // 3: goes on at once
  p.append(job(Queue::kEngine, 4, 4, 2));  // 4: needs the workers'
  p.append(job(Queue::kTeam0, 5, 5, 4));   // 5, 6: behind the engine
  p.append(job(Queue::kDmaOut, 6, 1000, 5));
  CHECK(leading_queue(p) == Queue::kEngine);
  const std::vector<double> start{0, 100, 150, 150, 260, 300, 350};
  const std::vector<double> end{100, 150, 250, 200, 300, 350, 370};
  CHECK(text(attribute(p, start, end)) ==
        "w0 0-100;r1 100-150;r3 150-200;w2 200-260;r4 260-300;e5 300-350;e6 350-370;");
  // A job that ends at once still has its span.
  CHECK(
      text(attribute(p, {0, 100, 150, 150, 260, 300, 350}, {100, 150, 250, 150, 300, 350, 370})) ==
      "w0 0-100;r1 100-150;r3 150-150;w2 150-260;r4 260-300;e5 300-350;e6 350-370;");
}

TEST_CASE("attribution: of several jobs awaited the one that ends last") {
  for (const bool late_first : {false, true}) {
    schedule::Program p;
    p.append(job(Queue::kDmaIn, 0, 0));
    p.append(job(Queue::kTeam0, 1, 1));
    schedule::Job both = job(Queue::kEngine, 2, 2, 0);
    both.ranges.push_back({schedule::Memory::kL1, 1, 1, 1, 0, false});
    p.append(both);
    const double dma = late_first ? 90 : 40, team = late_first ? 40 : 90;
    CHECK(text(attribute(p, {0, 0, 90}, {dma, team, 120})) ==
          (late_first ? "w0 0-90;r2 90-120;" : "w1 0-90;r2 90-120;"));
  }
}

TEST_CASE("attribution: without jobs for the engine the workers lead") {
  schedule::Program p;
  p.append(job(Queue::kDmaIn, 0, 0));
  p.append(job(Queue::kTeam0, 1, 1, 0));
  p.append(job(Queue::kDmaOut, 2, 1000, 1));
  CHECK(leading_queue(p) == Queue::kTeam0);
  CHECK(text(attribute(p, {0, 90, 120}, {90, 120, 150})) == "w0 0-90;r1 90-120;e2 120-150;");
}

TEST_CASE("attribution: the layers of random networks add up to their cycles") {
  auto random = tb::rng("attribution");
  for (int n = 0; n < 30; ++n) {
    const std::uint64_t seed = random();
    INFO("graph " << seed);
    schedule::Options options;
    options.effort = 3000;
    options.machine.engine = n % 4 != 0;
    const schedule::Network net = schedule::build(integer::random_graph(seed), options);
    double sum = 0;
    for (const schedule::Layer& l : net.layers) sum += l.estimate;
    CHECK(sum == Approx(net.estimate).epsilon(1e-9));
    const schedule::cost::Times t = schedule::cost::simulate(net.program);
    double now = 0;
    std::size_t runs = 0;
    for (const Span& s : attribute(net.program, t.start, t.end)) {
      CHECK(s.from == now);
      CHECK(s.to >= s.from);
      now = s.to;
      runs += s.what == Span::What::kRuns ? 1 : 0;
    }
    CHECK(now == t.total);
    CHECK(runs == net.program.queue(leading_queue(net.program)).size());
  }
}
