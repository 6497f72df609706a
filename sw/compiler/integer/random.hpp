// SPDX-License-Identifier: Apache-2.0
// Random integer graphs, for tests of schedules, emitted C and the executor. They compute nothing
// useful, but every kind of operation occurs in every form that verify() allows: odd sizes,
// shared weights, residuals, views of views, caches.
#pragma once

#include <cstdint>

#include "compiler/integer/graph.hpp"
#include "compiler/integer/run.hpp"

namespace oct::integer {

struct RandomLimits {
  unsigned least = 3, most = 20;  ///< operations
  std::int64_t rows = 70;
  std::int64_t columns = 150;
  std::int64_t work = 1'000'000;  ///< products of one operation
  bool kernels = true;            ///< else only what engine and DMA do
  bool caches = true;
};
/// Weights and activations that do not fit into 128 KiB together, or one by one.
[[nodiscard]] constexpr RandomLimits large_limits() {
  return {.least = 3, .most = 12, .rows = 300, .columns = 700, .work = 40'000'000};
}

/// verify() accepts it.
[[nodiscard]] Graph random_graph(std::uint64_t seed, const RandomLimits& limits = {});
/// Values for all inputs; ids lie in the tables that they are used with.
[[nodiscard]] Tensors random_inputs(const Graph& graph, std::uint64_t seed);
/// All tensors behind a run on random bytes in inputs and states; ids lie in their tables.
[[nodiscard]] Memory random_run(const Graph& graph, std::uint64_t seed,
                                std::int64_t slot = kLastSlot);

}  // namespace oct::integer
