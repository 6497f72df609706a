// SPDX-License-Identifier: Apache-2.0
// Random integer graphs: whatever is built computes the golden executor's tensors, whatever order
// the waits allow, however small L1 is.
#include "compiler/integer/random.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "compiler/schedule/homes.hpp"
#include "compiler/schedule/schedule.hpp"
#include "harness/seed.hpp"

using namespace oct;

namespace {
/// Builds, checks and runs. 0, or the bytes of L1 that would do by the compiler's word.
std::int64_t needed(const integer::Graph& graph, const integer::Memory& golden,
                    std::int64_t l1_bytes, std::uint64_t seed, int orders, bool engine = true) {
  schedule::Options options;
  options.effort = 3000;
  options.machine.engine = engine;
  options.machine.l1_bytes = l1_bytes;
  options.machine.l1_first = 512;
  schedule::Network n;
  try {
    n = schedule::build(graph, options);
  } catch (const ir::CompileError& e) {
    const std::string said = e.what();
    const std::size_t at = said.rfind("; ");
    UNSCOPED_INFO(said);
    REQUIRE(said.find(" bytes would do") != std::string::npos);
    return std::stoll(said.substr(at + 2));
  }
  CHECK(schedule::check_blocks(n.l1_blocks, n.program) == "");
  if (!engine) CHECK(n.program.queue(schedule::Queue::kEngine).empty());
  for (int i = 0; i < orders; ++i) {
    CHECK(schedule::verify(graph, n, golden, seed + static_cast<std::uint64_t>(i)) > 0);
  }
  return 0;
}

/// The same where it has to fit.
bool check(const integer::Graph& graph, const integer::Memory& golden, std::int64_t l1_bytes,
           std::uint64_t seed, int orders, bool engine = true) {
  return needed(graph, golden, l1_bytes, seed, orders, engine) == 0;
}
}  // namespace

TEST_CASE("schedule: random graphs") {
  auto random = tb::rng("schedule random");
  for (int n = 0; n < 60; ++n) {
    const std::uint64_t seed = random();
    const integer::Graph graph = integer::random_graph(seed);
    INFO(fmt::format("graph {}\n{}", seed, integer::to_text(graph)));
    const integer::Memory golden = integer::random_run(graph, seed);
    for (const std::int64_t kib : {128, 48, 40}) {
      INFO(kib << " KiB");
      CHECK(check(graph, golden, kib * 1024 - 512, seed, 2));
    }
    // Wide heads in groups need more than the smallest machine has; what is said to do must do.
    if (const std::int64_t bytes = needed(graph, golden, 32 * 1024 - 512, seed, 2); bytes != 0) {
      INFO(bytes << " bytes");
      CHECK(bytes <= 40 * 1024);
      CHECK(check(graph, golden, bytes, seed, 2));
    }
    CHECK(check(graph, golden, 64 * 1024 - 512, seed, 1, false));
  }
}

TEST_CASE("schedule: results take the place of residuals that nothing else needs") {
  auto random = tb::rng("schedule heirs");
  int heirs = 0;
  for (int n = 0; n < 3000 && heirs < 8; ++n) {  // about one graph of fifty has such a product
    // In the first, another product reads the same residual, as one row for all.
    const std::uint64_t seed = n == 0 ? 12381425981159813106U : random();
    const integer::Graph graph = integer::random_graph(seed);
    INFO(fmt::format("graph {}\n{}", seed, integer::to_text(graph)));
    // The more lives in L1 the better.
    const auto cost = [&](std::size_t /*op*/, const schedule::Homes& h) {
      return -static_cast<double>(std::count(h.in_l1.begin(), h.in_l1.end(), true));
    };
    const schedule::Homes h = schedule::choose_homes(graph, cost, {});
    std::vector<std::int64_t> live(graph.operations.size(), 0);
    const int before = heirs;
    for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
      if (!h.in_l1[t]) continue;
      const std::int64_t bytes = (graph.tensors[t].bytes() + 63) / 64 * 64;
      for (std::size_t i = h.first[t]; i <= h.last[t]; ++i) live[i] += bytes;
      if (h.heir[t] == integer::kNone) continue;
      const auto heir = static_cast<std::size_t>(h.heir[t]);
      live[h.last[t]] -= bytes;
      ++heirs;
      REQUIRE(h.in_l1[heir]);
      REQUIRE(h.first[heir] == h.last[t]);
      const auto& g = std::get<integer::Gemm>(graph.operations[h.last[t]].what);
      CHECK(static_cast<std::size_t>(g.y.tensor) == heir);
      CHECK(static_cast<std::size_t>(g.r.tensor) == t);
      CHECK(static_cast<std::size_t>(g.a.tensor) != t);
      CHECK(static_cast<std::size_t>(g.w.tensor) != t);
      CHECK(g.r.offset == g.y.offset);
      CHECK(g.r.strides == g.y.strides);
      CHECK(graph.tensors[t].elem == graph.tensors[heir].elem);
    }
    CHECK(live == h.live);
    if (heirs > before)
      CHECK(check(graph, integer::random_run(graph, seed), 128 * 1024 - 512, seed, 4));
  }
  CHECK(heirs >= 8);
}

TEST_CASE("schedule: large random graphs") {
  auto random = tb::rng("schedule large");
  for (int n = 0; n < 6; ++n) {
    const std::uint64_t seed = random();
    const integer::Graph graph = integer::random_graph(seed, integer::large_limits());
    INFO(fmt::format("graph {}\n{}", seed, integer::to_text(graph)));
    const integer::Memory golden = integer::random_run(graph, seed);
    for (const std::int64_t kib : {128, 64, 48}) {
      INFO(kib << " KiB");
      const std::int64_t bytes = needed(graph, golden, kib * 1024 - 512, seed, 1);
      CHECK(bytes <= 64 * 1024);
      if (bytes != 0) CHECK(check(graph, golden, bytes, seed, 1));
    }
    CHECK(check(graph, golden, 128 * 1024 - 512, seed, 1, false));
  }
}

TEST_CASE("schedule: what is wrong is noticed") {
  auto random = tb::rng("schedule planted");
  int waits = 0, waits_seen = 0, pieces = 0, pieces_seen = 0, blocks = 0, blocks_seen = 0;
  for (int n = 0; n < 60; ++n) {
    const std::uint64_t seed = random();
    const integer::Graph graph = integer::random_graph(seed);
    const integer::Memory golden = integer::random_run(graph, seed);
    schedule::Options options;
    options.effort = 3000;
    options.machine.l1_bytes = 64 * 1024;
    const schedule::Network good = schedule::build(graph, options);
    const auto fails = [&](const schedule::Network& network) {
      for (std::uint64_t order = 0; order < 6; ++order) {
        try {
          (void)schedule::verify(graph, network, golden, order);
        } catch (const ir::GraphError&) {
          return true;
        }
      }
      return false;
    };
    {
      schedule::Network bad = good;  // all waits of one job are forgotten
      auto& jobs = const_cast<std::vector<schedule::Job>&>(bad.program.jobs());
      schedule::Job& job = jobs[random() % jobs.size()];
      if (!job.waits.empty()) {
        job.waits.clear();
        ++waits;
        waits_seen += fails(bad);
      }
    }
    {
      schedule::Network bad = good;
      bad.pieces[random() % bad.pieces.size()].offset += 1;
      ++pieces;
      pieces_seen += fails(bad);
    }
    if (good.l1_blocks.size() > 1) {
      auto bad = good.l1_blocks;  // one block grows over its neighbours
      auto& block = bad[random() % bad.size()];
      const bool alone = std::none_of(bad.begin(), bad.end(), [&](const auto& other) {
        return &other != &block && other.from < block.to && block.from < other.to;
      });
      block.addr = 0;
      block.bytes = 64 * 1024;
      blocks += alone ? 0 : 1;  // nobody else lives while it does
      blocks_seen += !alone && !schedule::check_blocks(bad, good.program).empty();
    }
  }
  CHECK(waits > 5);
  CHECK(4 * waits_seen > waits);  // some are implied by others
  CHECK(pieces_seen > pieces / 2);
  CHECK(blocks > 5);
  CHECK(blocks_seen == blocks);
}

TEST_CASE("schedule: jobs that wait for each other are noticed") {
  auto random = tb::rng("schedule cycle");
  int planted = 0;
  for (int n = 0; n < 20; ++n) {
    const std::uint64_t seed = random();
    const integer::Graph graph = integer::random_graph(seed);
    const integer::Memory golden = integer::random_run(graph, seed);
    schedule::Network bad = schedule::build(graph, {});
    auto& jobs = const_cast<std::vector<schedule::Job>&>(bad.program.jobs());
    const auto other = std::find_if(jobs.begin(), jobs.end(), [&](const schedule::Job& j) {
      return j.queue != jobs.front().queue;
    });
    if (other == jobs.end()) continue;
    ++planted;
    jobs.front().waits.push_back({other->queue, other->index});
    other->waits.push_back({jobs.front().queue, jobs.front().index});
    INFO("graph " << seed);
    CHECK_THROWS_WITH((void)schedule::verify(graph, bad, golden, seed),
                      Catch::Contains("deadlock"));
  }
  CHECK(planted > 10);
}

TEST_CASE("schedule: too little L1 says how much would do") {
  const integer::Graph graph = integer::random_graph(5);
  schedule::Options options;
  options.effort = 3000;
  options.machine.l1_bytes = 512;
  std::string message;
  try {
    (void)schedule::build(graph, options);
  } catch (const ir::CompileError& e) {
    message = e.what();
  }
  INFO(message);
  REQUIRE(message.find("would do") != std::string::npos);
  const std::size_t at = message.rfind("; ") + 2;
  options.machine.l1_bytes = std::stoll(message.substr(at));
  CHECK(options.machine.l1_bytes > 512);
  CHECK_NOTHROW((void)schedule::build(graph, options));
}

TEST_CASE("schedule: the same graph gives the same program") {
  const integer::Graph graph = integer::random_graph(7);
  const schedule::Network a = schedule::build(graph, {}), b = schedule::build(graph, {});
  CHECK(a.program.rings() == b.program.rings());
  CHECK(a.image == b.image);
}
