// SPDX-License-Identifier: Apache-2.0
// Concat(past, new), where past is a graph input and the result a graph output: an append in place.
#include "compiler/passes/match.hpp"
#include "compiler/passes/passes.hpp"

namespace oct::passes {
using ir::Graph;
using ir::Node;
using ir::NodeId;
using ir::Op;

Graph kv_cache(Graph g) {
  for (const NodeId id : g.order()) {
    const Node& n = g.node(id);
    if (n.op != Op::kConcat || n.inputs.size() != 2 || !g.is_output(n.output)) continue;
    const ir::Value& past = g.value(n.inputs[0]);
    if (past.producer != ir::kNone || past.is_constant()) continue;
    g.replace_uses(n.output, g.add(Op::kKvAppend, n.inputs, n.attrs, n.name, n.sources));
  }
  g.remove_dead();
  return g;
}

}  // namespace oct::passes
