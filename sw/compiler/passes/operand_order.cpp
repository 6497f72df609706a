// SPDX-License-Identifier: Apache-2.0
// Commutative nodes of two run-time operands: the one with the longer way from the inputs first, so
// that a residual is second. Where both ways are equal, the operands' structure decides, never
// their names.
#include <algorithm>
#include <functional>

#include "compiler/passes/match.hpp"
#include "compiler/passes/passes.hpp"

namespace oct::passes {
using ir::Graph;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::ValueId;

namespace {

std::size_t mixed(std::size_t a, std::size_t b) {
  return a ^ (b + 0x9e3779b97f4a7c15ULL + (a << 6) + (a >> 2));
}

std::size_t text_hash(const std::string& s) { return std::hash<std::string>{}(s); }

}  // namespace

Graph operand_order(Graph g) {
  std::vector<std::size_t> depth(g.value_count()), structure(g.value_count());
  for (std::size_t i = 0; i < g.value_count(); ++i) {
    const ir::Value& v = g.value(static_cast<ValueId>(i));
    structure[i] = text_hash(type_text(v.type) + (v.is_constant() ? "" : v.name));
  }
  for (const NodeId id : g.order()) {
    Node& n = g.node(id);
    const auto at = [](ValueId v) { return static_cast<std::size_t>(v); };
    if (ir::is_commutative(n.op) && !g.constant(n.inputs[0]) && !g.constant(n.inputs[1])) {
      const auto rank = [&](ValueId v) { return std::pair(depth[at(v)], structure[at(v)]); };
      if (rank(n.inputs[0]) < rank(n.inputs[1])) std::swap(n.inputs[0], n.inputs[1]);
    }
    std::size_t h = text_hash(std::string(ir::op_name(n.op)) + type_text(g.value(n.output).type));
    for (const ValueId in : n.inputs) {
      if (in == ir::kNone) continue;
      depth[at(n.output)] = std::max(depth[at(n.output)], depth[at(in)] + 1);
      h = mixed(h, structure[at(in)]);
    }
    structure[at(n.output)] = h;
  }
  return g;
}

}  // namespace oct::passes
