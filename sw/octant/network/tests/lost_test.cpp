// SPDX-License-Identifier: Apache-2.0
// The table of lost cycles: what the engine was seen to do, under causes and layers; what does not
// add up is told.
#include "network/lost.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>

#include "golden/engine_steps.hpp"

using namespace octant;
using oct::schedule::Network;
using oct::schedule::Queue;

namespace {

oct::schedule::Job engine_job(std::uint32_t layer, std::uint32_t m, std::uint32_t n,
                              std::uint32_t k, std::int64_t reads) {
  oct::schedule::Job j;
  j.queue = Queue::kEngine;
  j.layer = layer;
  j.words.assign(32, 0);
  j.words[0] = oct::golden::engine::kOpGemm;
  j.words[5] = m | n << 16;
  j.words[6] = k;
  j.words[20] = 1;
  j.ranges.push_back({oct::schedule::Memory::kL1, 100 + layer, 1, 1, 0, true});
  if (reads >= 0) j.ranges.push_back({oct::schedule::Memory::kL1, reads, 1, 1, 0, false});
  return j;
}

oct::schedule::Job other_job(Queue queue, std::uint32_t layer, std::int64_t writes,
                             std::int64_t reads) {
  oct::schedule::Job j = engine_job(layer, 1, 1, 1, reads);
  j.queue = queue;
  j.ranges[0].addr = writes;
  return j;
}

/// DMA brings byte 0; a product of 32 x 16 x 64 takes it; workers; a product with padding.
struct Case {
  Network network;
  std::vector<JobTime> times{{0, 100}, {100, 180}, {180, 300}, {300, 400}, {400, 450}};
  std::vector<EngineCycles> watched{};
  std::vector<std::pair<std::string, std::uint64_t>> counted;

  Case() {
    for (const char* name : {"load", "product", "norm", "head", "store"}) {
      network.layers.push_back({name, "", 0, 0});
    }
    network.program.append(other_job(Queue::kDmaIn, 0, 0, -1));
    network.program.append(engine_job(1, 32, 16, 64, 0));
    network.program.append(other_job(Queue::kTeam0, 2, 2, 101));
    network.program.append(engine_job(3, 20, 8, 128, 2));
    network.program.append(other_job(Queue::kDmaOut, 4, 1000, 103));
    // computing, x, w, acc, p, refused, no slot, queued, empty
    watched = {{32, 5, 3, 0, 0, 2, 30, 75, 43}, {40, 1, 9, 4, 0, 0, 40, 126, 0}};
    counted = {{"active", 166}, {"computing", 72}, {"wait_x", 7},   {"wait_w", 13},
               {"wait_acc", 4}, {"wait_p", 0},     {"no_slot", 70}, {"refused", 60}};
  }
  static constexpr std::uint64_t kEarly = 10, kWhole = 450;
  [[nodiscard]] LostCycles lost() const {
    return lost_cycles(network, times, watched, kEarly, 1024);
  }
};

std::uint64_t of(const Causes& c, Cause cause) { return c.at(static_cast<std::size_t>(cause)); }

}  // namespace

TEST_CASE("lost cycles: every cycle has a layer and a cause") {
  const Case c;
  const LostCycles lost = c.lost();
  CHECK(lost.check(Case::kWhole).empty());
  CHECK(lost.cycles == std::vector<std::uint64_t>{100, 80, 120, 100, 50});
  CHECK(of(lost.layers[0], Cause::kDmaIn) == 75);
  CHECK(of(lost.layers[0], Cause::kEmptyStart) == 25);
  CHECK(of(lost.layers[1], Cause::kUseful) == 32);
  CHECK(of(lost.layers[1], Cause::kPadding) == 0);
  CHECK(of(lost.layers[1], Cause::kInput) == 5);
  CHECK(of(lost.layers[1], Cause::kWeights) == 3);
  CHECK(of(lost.layers[1], Cause::kRefusals) == 2);
  CHECK(of(lost.layers[1], Cause::kJobEdges) == 30);
  CHECK(of(lost.layers[1], Cause::kEmptyStart) == 8);
  CHECK(of(lost.layers[2], Cause::kWorkers) == 120);
  CHECK(of(lost.layers[3], Cause::kUseful) == 20);  // half of the units have no column
  CHECK(of(lost.layers[3], Cause::kPadding) == 20);
  CHECK(of(lost.layers[3], Cause::kOutput) == 4);
  CHECK(of(lost.layers[3], Cause::kHandOver) == 6);
  CHECK(of(lost.layers[4], Cause::kEmptyEnd) == 50);
  CHECK(std::accumulate(lost.total.begin(), lost.total.end(), std::uint64_t{0}) == Case::kWhole);
  CHECK(check_watch(c.network, c.watched, 1024, c.counted).empty());
}

TEST_CASE("lost cycles: a miscount is noticed") {
  // One cycle more or less of any state in any interval.
  for (std::size_t interval = 0; interval < 2; ++interval) {
    for (std::size_t s = 0; s < std::tuple_size_v<EngineCycles>; ++s) {
      for (const int by : {1, -1}) {
        Case c;
        auto& n = c.watched.at(interval).at(s);
        if (by < 0 && n == 0) continue;
        n = static_cast<std::uint32_t>(static_cast<int>(n) + by);
        CAPTURE(interval, s, by);
        const auto sums = c.lost().check(Case::kWhole);
        const auto counts = check_watch(c.network, c.watched, 1024, c.counted);
        CHECK(!(sums.empty() && counts.empty()));
      }
    }
  }
  Case c;
  CHECK(!c.lost().check(Case::kWhole + 1).empty());
  c.network.program = {};
  c.network.program.append(engine_job(0, 32, 16, 65, -1));  // takes more steps than were seen
  CHECK(!check_watch(c.network, c.watched, 1024, c.counted).empty());
}

TEST_CASE("lost cycles: without the engine") {
  Case c;
  c.network.program = {};
  c.network.program.append(other_job(Queue::kDmaIn, 0, 0, -1));
  c.network.program.append(other_job(Queue::kTeam0, 1, 1, 0));
  c.network.program.append(other_job(Queue::kDmaOut, 2, 1000, 1));
  c.times = {{0, 90}, {90, 120}, {120, 150}};
  c.watched = {};
  const LostCycles lost = c.lost();
  CHECK(lost.check(150).empty());
  CHECK(of(lost.layers[0], Cause::kDmaIn) == 90);
  CHECK(of(lost.layers[1], Cause::kTeam) == 30);
  CHECK(of(lost.layers[2], Cause::kEmptyEnd) == 30);
}

TEST_CASE("lost cycles: what a cycle is, by the inputs of the engine's counters") {
  std::uint16_t steps = 0;
  std::uint8_t head = 0;
  tb::BackDoor door;
  door.engine = &steps;
  door.heads = {&head};
  EngineWatch watch;
  watch.attach(door);
  const auto state = [&](unsigned bits, bool queued = false) {
    steps = static_cast<std::uint16_t>(bits);
    head = queued ? 1 : 0;
    watch.tick();
    const EngineCycles c = watch.take();
    CHECK(std::accumulate(c.begin(), c.end(), 0U) == 1);
    return static_cast<EngineState>(std::max_element(c.begin(), c.end()) - c.begin());
  };
  CHECK(state(0x000) == EngineState::kEmpty);
  CHECK(state(0x000, true) == EngineState::kQueued);
  CHECK(state(0x100, true) == EngineState::kQueued);  // a job's end, none under way
  CHECK(state(0x003) == EngineState::kComputing);
  CHECK(state(0x083, true) == EngineState::kComputing);
  CHECK(state(0x005) == EngineState::kWaitX);
  CHECK(state(0x009) == EngineState::kWaitW);
  CHECK(state(0x011) == EngineState::kWaitAcc);
  CHECK(state(0x021, true) == EngineState::kWaitP);
  CHECK(state(0x089) == EngineState::kRefused);
  CHECK(state(0x041) == EngineState::kNoSlot);
  CHECK(state(0x0c1) == EngineState::kNoSlot);
}

TEST_CASE("lost cycles: steps of the array by a job's shape") {
  namespace engine = oct::golden::engine;
  const auto gemm = [](std::uint32_t m, std::uint32_t k, std::uint32_t n, std::uint32_t seg) {
    engine::Descriptor d;
    d.w[0] = engine::kOpGemm, d.w[5] = m | n << 16, d.w[6] = k | seg << 16, d.w[20] = 1;
    CHECK(engine::products(d) == std::uint64_t{m} * k * n);
    return engine::steps(d, 16);
  };
  CHECK(gemm(17, 64, 16, 0) == 17);
  CHECK(gemm(17, 65, 17, 0) == 17 * 2 * 2);
  CHECK(gemm(4, 160, 16, 32) == 4 * 3);  // two rows of two segments, one of one
  CHECK(gemm(4, 20, 16, 8) == 4 * 3);
  const auto attention = [](std::uint32_t sq, std::uint32_t sk, std::uint32_t d, std::uint32_t dv,
                            unsigned flags = 12, int offset = 0) {
    engine::Descriptor a;
    a.w[0] = engine::kOpAttn, a.w[4] = flags, a.w[5] = sq | sk << 16;
    a.w[6] = d | dv << 8 | 1 << 16, a.w[18] = static_cast<std::uint32_t>(offset);
    return std::pair(engine::steps(a, 16), engine::products(a));
  };
  using P = std::pair<std::uint64_t, std::uint64_t>;
  CHECK(attention(16, 64, 64, 64) == P(128, 16 * 64 * 128));
  CHECK(attention(16, 64, 32, 32) == P(32 + 32, 16 * 64 * 64));  // two keys a step
  CHECK(attention(8, 64, 64, 64) == P(32 + 32, 8 * 64 * 128));   // two units a query
  CHECK(attention(16, 129, 64, 64) ==
        P(64 + 65 + 128, 16 * 129 * 128));  // the last key in the tile before
  CHECK(attention(16, 64, 64, 64, 13) == P(128, (16 * 17 / 2) * 128));  // causal
  CHECK(attention(16, 256, 64, 64, 13, 60).first == 128 * 2);  // tiles behind the last query
}
