// SPDX-License-Identifier: Apache-2.0
// Random integer graphs: whatever is built computes the golden executor's tensors, whatever order
// the waits allow, however small L1 is.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "compiler/integer/random.hpp"
#include "compiler/schedule/schedule.hpp"
#include "harness/seed.hpp"

using namespace oct;

namespace {
integer::Memory golden_of(const integer::Graph& graph, std::uint64_t seed) {
  integer::Memory memory = integer::make_memory(graph);
  std::mt19937_64 random(seed);
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    const integer::Tensor& x = graph.tensors[t];
    if (x.role != integer::Role::kInput && x.role != integer::Role::kState) continue;
    for (auto& b : memory[t]) b = static_cast<std::uint8_t>(random());
    if (x.elem != integer::Elem::kI64) continue;
    std::int64_t limit = 2;
    for (const auto& op : graph.operations) {
      const auto* g = std::get_if<integer::Gather>(&op.what);
      if (g != nullptr && g->ids.tensor == static_cast<integer::TensorId>(t)) {
        limit = graph.at(g->table).shape[0];
      }
    }
    for (std::size_t i = 0; i + 8 <= memory[t].size(); i += 8) {
      const std::uint64_t id = random() % static_cast<std::uint64_t>(limit);
      std::memcpy(&memory[t][i], &id, 8);
    }
  }
  integer::run(graph, memory);
  return memory;
}

/// Builds, checks and runs; false if L1 is too small by the compiler's word.
bool check(const integer::Graph& graph, const integer::Memory& golden, std::int64_t l1_bytes,
           std::uint64_t seed, int orders) {
  schedule::Options options;
  options.machine.l1_bytes = l1_bytes;
  options.machine.l1_first = 512;
  schedule::Network n;
  try {
    n = schedule::build(graph, options);
  } catch (const ir::CompileError& e) {
    UNSCOPED_INFO(e.what());
    return false;
  }
  CHECK(schedule::check_blocks(n.l1_blocks, n.program) == "");
  for (int i = 0; i < orders; ++i) {
    CHECK(schedule::verify(graph, n, golden, seed + static_cast<std::uint64_t>(i)) > 0);
  }
  return true;
}
}  // namespace

TEST_CASE("schedule: random graphs") {
  auto random = tb::rng("schedule random");
  for (int n = 0; n < 60; ++n) {
    const std::uint64_t seed = random();
    const integer::Graph graph = integer::random_graph(seed);
    INFO(fmt::format("graph {}\n{}", seed, integer::to_text(graph)));
    const integer::Memory golden = golden_of(graph, seed);
    for (const std::int64_t kib : {128, 48, 32}) {
      INFO(kib << " KiB");
      CHECK(check(graph, golden, kib * 1024 - 512, seed, 2));
    }
  }
}

TEST_CASE("schedule: large random graphs") {
  auto random = tb::rng("schedule large");
  for (int n = 0; n < 6; ++n) {
    const std::uint64_t seed = random();
    const integer::Graph graph = integer::random_graph(seed, integer::large_limits());
    INFO(fmt::format("graph {}\n{}", seed, integer::to_text(graph)));
    const integer::Memory golden = golden_of(graph, seed);
    for (const std::int64_t kib : {128, 64, 32}) {
      INFO(kib << " KiB");
      CHECK(check(graph, golden, kib * 1024 - 512, seed, 1));
    }
  }
}
