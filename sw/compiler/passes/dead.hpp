// SPDX-License-Identifier: Apache-2.0
// Removing what one rewrite left over, in time that does not grow with the graph.
#pragma once

#include <vector>

#include "compiler/ir/graph.hpp"

namespace oct::passes {

/// The node that makes `v`, if nobody uses it, and then those that only it used.
inline void remove_dead_behind(ir::Graph& graph, ir::ValueId v) {
  std::vector<ir::ValueId> work{v};
  while (!work.empty()) {
    const ir::ValueId value = work.back();
    work.pop_back();
    const ir::NodeId id = graph.value(value).producer;
    if (id == ir::kNone || graph.use_count(value) != 0 || !graph.node(id).alive) continue;
    graph.node(id).alive = false;
    for (std::size_t i = 0; i < graph.node(id).inputs.size(); ++i) {
      const ir::ValueId in = graph.node(id).inputs[i];
      if (in == ir::kNone) continue;
      graph.set_input(id, i, ir::kNone);
      work.push_back(in);
    }
  }
}

}  // namespace oct::passes
