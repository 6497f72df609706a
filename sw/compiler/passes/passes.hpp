// SPDX-License-Identifier: Apache-2.0
// The passes, each in a file of its name. What each is for stands there.
#pragma once

#include "compiler/ir/graph.hpp"

namespace oct::passes {

struct PassOptions {
  std::int64_t max_positions = 4096;  // rows of a rotary table whose positions come at run time
};

[[nodiscard]] ir::Graph integer_weights(ir::Graph graph);
[[nodiscard]] ir::Graph simplify(ir::Graph graph);
[[nodiscard]] ir::Graph fixed(ir::Graph graph);
[[nodiscard]] ir::Graph fixed_masks(ir::Graph graph);
[[nodiscard]] ir::Graph fixed_functions(ir::Graph graph);
[[nodiscard]] ir::Graph functions(ir::Graph graph);
[[nodiscard]] ir::Graph norms(ir::Graph graph);
[[nodiscard]] ir::Graph linears(ir::Graph graph);
[[nodiscard]] ir::Graph rotary(ir::Graph graph, const PassOptions& options);
[[nodiscard]] ir::Graph attention(ir::Graph graph);
[[nodiscard]] ir::Graph kv_cache(ir::Graph graph);
[[nodiscard]] ir::Graph sums(ir::Graph graph);
[[nodiscard]] ir::Graph fold_scales(ir::Graph graph);
[[nodiscard]] ir::Graph gathers(ir::Graph graph);
[[nodiscard]] ir::Graph expressible(ir::Graph graph);
[[nodiscard]] ir::Graph split_linears(ir::Graph graph);
[[nodiscard]] ir::Graph operand_order(ir::Graph graph);

}  // namespace oct::passes
