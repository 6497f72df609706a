// SPDX-License-Identifier: Apache-2.0
// A plan without any cleverness: largest magnitudes, INT8 everywhere, INT16 in front of norms and
// on the way between them.
#pragma once

#include <algorithm>
#include <cmath>

#include "compiler/quant/plan.hpp"

namespace oct::quant {

inline Plan simple_plan(ir::Graph graph, const std::vector<exec::Tensors>& samples) {
  Plan plan;
  plan.graph = std::move(graph);
  const ir::Graph& g = plan.graph;
  std::map<ir::ValueId, double> range;
  for (const exec::Tensors& s : samples) {
    (void)exec::run(g, s, [&](ir::ValueId v, const ir::Tensor& t) {
      if (!ir::is_float(t.dtype())) return;
      double& r = range[v];
      for (const float x : t.data<float>()) r = std::max(r, static_cast<double>(std::abs(x)));
    });
  }
  // Groups of values that lie in each other.
  std::map<ir::ValueId, ir::ValueId> parent;
  const std::function<ir::ValueId(ir::ValueId)> root = [&](ir::ValueId v) {
    const auto it = parent.find(v);
    return it == parent.end() || it->second == v ? v : root(it->second);
  };
  for (const ir::NodeId id : g.order()) {
    const ir::Node& n = g.node(id);
    switch (n.op) {
      case ir::Op::kReshape:
      case ir::Op::kRearrange:
      case ir::Op::kSlice:
      case ir::Op::kConcat:
      case ir::Op::kPad:
      case ir::Op::kExpand:
      case ir::Op::kKvAppend:
        for (const ir::ValueId in : n.inputs) {
          if (in != ir::kNone && !g.constant(in)) parent[root(in)] = root(n.output);
        }
        break;
      default:
        break;
    }
  }
  std::map<ir::ValueId, double> of_group;
  std::map<ir::ValueId, bool> wide;
  for (const auto& [v, r] : range) {
    double& most = of_group[root(v)];
    most = std::max(most, r);
  }
  for (const ir::NodeId id : g.order()) {
    const ir::Node& n = g.node(id);
    if (n.op == ir::Op::kLayerNorm || n.op == ir::Op::kRmsNorm) wide[root(n.inputs[0])] = true;
  }
  for (const ir::NodeId id : g.order()) {
    const ir::Node& n = g.node(id);
    if (n.op == ir::Op::kRotary) wide[root(n.inputs[0])] = true;
  }
  for (const auto& [v, r] : range) {
    const double most = of_group[root(v)] > 0 ? of_group[root(v)] : 1;
    const bool w = wide.contains(root(v));
    plan.values[v] = {w ? integer::Elem::kI16 : integer::Elem::kI8, most / (w ? 32767 : 127), most};
  }
  return plan;
}

}  // namespace oct::quant
