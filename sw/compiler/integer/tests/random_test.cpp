// SPDX-License-Identifier: Apache-2.0
// Random graphs: the executor and plain loops agree in every byte, whatever was in memory before.
#include "compiler/integer/random.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "compiler/integer/rows.hpp"
#include "harness/seed.hpp"
#include "plain.hpp"

using namespace oct;
using namespace oct::integer;

namespace {

/// Runs both side by side; fails at the first operation that differs.
void compare(const Graph& graph, std::uint64_t seed, std::int64_t slot) {
  Memory fast = make_memory(graph, static_cast<std::uint8_t>(seed * 37));
  const Tensors inputs = random_inputs(graph, seed);
  for (const Port& p : graph.inputs) write_input(graph, p, inputs.at(p.name), fast);
  Memory slow = fast;
  for (std::size_t i = 0; i < graph.operations.size(); ++i) {
    const Operation& op = graph.operations[i];
    run(graph, op, fast, slot);
    plain::run(graph, op, slow, slot == kLastSlot ? graph.slots - 1 : slot);
    if (fast == slow) continue;
    FAIL("seed " << seed << ", operation " << i << " " << op.name << "\n" << to_text(graph));
  }
}

}  // namespace

TEST_CASE("integer: random graphs run as plain loops do") {
  const std::uint64_t first = tb::seed() * 1000;
  std::map<std::string, unsigned> seen;
  std::size_t operations = 0;
  RandomLimits limits;
  limits.work = 30'000;
  for (std::uint64_t seed = first; seed < first + 300; ++seed) {
    INFO("seed " << seed);
    const Graph graph = random_graph(seed, limits);
    try {
      graph.verify();
      REQUIRE(!graph.outputs.empty());
      operations += graph.operations.size();
      for (const Operation& op : graph.operations) {
        ++seen[op.name.substr(0, op.name.find_last_of('_'))];
      }
      compare(graph, seed,
              seed % 3 == 0 ? static_cast<std::int64_t>(seed) % graph.slots : kLastSlot);
    } catch (const std::exception& e) {
      FAIL("seed " << seed << ": " << e.what() << "\n" << to_text(graph));
    }
  }
  for (const char* what : {"gemm", "project", "conv", "batch", "attention", "split", "concat",
                           "slice", "patches", "pad", "border", "gather", "append", "key_mask",
                           "transpose", "layernorm_i16_i8", "softmax_i8_i8", "add_i16_i8_i16"}) {
    INFO(what);
    CHECK(seen[what] > 0);
  }
  CHECK(operations > 2400);
}

TEST_CASE("integer: nothing depends on bytes that were not written") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const Graph graph = random_graph(seed + tb::seed() * 1000);
    const Tensors inputs = random_inputs(graph, seed);
    std::vector<Tensors> results;
    for (const std::uint8_t fill : {0, 0x5a, 0xff}) {
      Memory memory = make_memory(graph, fill);
      for (const Port& p : graph.inputs) write_input(graph, p, inputs.at(p.name), memory);
      run(graph, memory);
      Tensors out;
      for (const Port& p : graph.outputs) out[p.name] = read_output(graph, p, memory);
      results.push_back(std::move(out));
    }
    for (const auto& [name, value] : results[0]) {
      INFO("seed " << seed << ", output " << name);
      CHECK(value.same_bits(results[1].at(name)));
      CHECK(value.same_bits(results[2].at(name)));
    }
  }
}
