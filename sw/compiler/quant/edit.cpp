// SPDX-License-Identifier: Apache-2.0
#include "compiler/quant/edit.hpp"

#include <algorithm>
#include <cmath>

#include "compiler/quant/simulate.hpp"

namespace oct::quant {
using ir::Graph;
using ir::kNone;
using ir::NodeId;
using ir::Tensor;

Tensor weight_of(const Graph& graph, NodeId linear) {
  return constant_value(graph, graph.node(linear).inputs[1]);
}

std::vector<float> row_max(const std::vector<Tensor>& weights) {
  std::vector<float> out(static_cast<std::size_t>(weights.at(0).shape()[0]), 0.0F);
  for (const Tensor& w : weights) {
    const auto n = static_cast<std::size_t>(w.shape()[1]);
    const auto data = w.data<float>();
    for (std::size_t i = 0; i < data.size(); ++i) {
      out[i / n] = std::max(out[i / n], std::fabs(data[i]));
    }
  }
  return out;
}

void replace_constant(Graph& graph, NodeId id, std::size_t operand, Tensor t) {
  const ir::Node& node = graph.node(id);
  const ir::ValueId old = operand < node.inputs.size() ? node.inputs[operand] : kNone;
  std::string name = node.name + (operand == 1 ? ".weight" : ".bias");
  if (old != kNone) {
    name = graph.value(old).name;
    if (graph.use_count(old) > 1) name += "." + node.name;
  }
  graph.set_input(id, operand, graph.add_constant(name, std::move(t)));
}

void multiply_rows(Graph& graph, NodeId linear, const std::vector<float>& factors) {
  Tensor w = weight_of(graph, linear);
  const auto n = static_cast<std::size_t>(w.shape()[1]);
  const auto data = w.mutable_data<float>();
  for (std::size_t i = 0; i < data.size(); ++i) data[i] *= factors[i / n];
  replace_constant(graph, linear, 1, w);
}

void divide(Graph& graph, NodeId id, std::size_t operand, const std::vector<float>& factors) {
  const ir::Node& node = graph.node(id);
  if (operand >= node.inputs.size() || node.inputs[operand] == kNone) return;
  Tensor t = constant_value(graph, node.inputs[operand]);
  if (t.size() == 1) {
    const float x = t.data<float>()[0];
    t = Tensor::floats({static_cast<std::int64_t>(factors.size())},
                       std::vector<float>(factors.size(), x));
  }
  const auto data = t.mutable_data<float>();
  for (std::size_t i = 0; i < data.size(); ++i) data[i] /= factors[i % factors.size()];
  replace_constant(graph, id, operand, t);
}

void divide_columns(Graph& graph, NodeId linear, const std::vector<float>& factors) {
  divide(graph, linear, 1, factors);
  divide(graph, linear, 2, factors);
}

}  // namespace oct::quant
