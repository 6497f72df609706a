// SPDX-License-Identifier: Apache-2.0
#include "compiler/quant/groups.hpp"

#include <set>

namespace oct::quant {
using integer::Elem;
using ir::Graph;
using ir::Node;
using ir::Op;
using ir::ValueId;

namespace {

/// Inputs whose elements a node's result takes over, at the same scale.
std::vector<ValueId> copied_inputs(const Node& node) {
  switch (node.op) {
    case Op::kReshape:
    case Op::kRearrange:
    case Op::kSlice:
    case Op::kExpand:
    case Op::kPad:
    case Op::kEmbedding:
    case Op::kGather:
    case Op::kMaxPool:
      return {node.inputs.at(0)};
    case Op::kConcat:
    case Op::kKvAppend:
      return node.inputs;
    default:
      return {};
  }
}

/// An operand that becomes planes, tables or weights, not a tensor of activations.
bool is_parameter(const Graph& graph, const Node& node, std::size_t operand) {
  switch (node.op) {
    case Op::kLinear:
    case Op::kConv:
    case Op::kAffine:
    case Op::kLayerNorm:
    case Op::kRmsNorm:
      return operand > 0;
    case Op::kRotary:
      return operand > 0;
    case Op::kQuantize:
    case Op::kDequantize:
      return operand > 0;
    case Op::kMul:
    case Op::kDiv:
    case Op::kPow:
    case Op::kMin:
    case Op::kMax:  // by one number: part of a scale or a table
      return graph.value(node.inputs.at(operand)).is_constant() &&
             ir::element_count(graph.value(node.inputs[operand]).shape()) == 1;
    default:
      return false;
  }
}

bool is_float(const Graph& graph, ValueId v) {
  return v != ir::kNone && ir::is_float(graph.value(v).type.dtype);
}

/// What a reader wants of the operand.
enum class Wish { kNone, kEight, kSixteen };

Wish wish_of(const Node& node, std::size_t operand) {
  switch (node.op) {
    case Op::kLinear:
    case Op::kConv:
    case Op::kMaxPool:
    case Op::kAveragePool:
      return operand == 0 ? Wish::kEight : Wish::kNone;
    case Op::kMatMul:
      return Wish::kEight;
    case Op::kAttention:
      return operand < 3 ? Wish::kEight : Wish::kNone;
    case Op::kLayerNorm:
    case Op::kRmsNorm:
    case Op::kL2Norm:
    case Op::kFixed:
    case Op::kAffine:
    case Op::kSoftmax:
    case Op::kRotary:
      return operand == 0 ? Wish::kSixteen : Wish::kNone;
    case Op::kRelu:
    case Op::kClip:
      return Wish::kNone;
    case Op::kMul:  // of a gate: read as residual is
      return operand == 1 ? Wish::kSixteen : Wish::kNone;
    default:  // a table of 256 entries
      return ir::op_info(node.op).op_class == ir::OpClass::kUnary ? Wish::kEight : Wish::kNone;
  }
}

bool writes_sixteen(const Graph& graph, ValueId v) {
  const Node* node = graph.producer(v);
  if (!node) return true;  // the host or a constant
  switch (node->op) {
    case Op::kLinear:
    case Op::kConv:
    case Op::kMatMul:
    case Op::kAdd:
    case Op::kSub:
    case Op::kMul:
    case Op::kAffine:
    case Op::kRelu:
    case Op::kClip:
    case Op::kLayerNorm:
    case Op::kRmsNorm:
    case Op::kDequantize:
    case Op::kFixed:
      return true;
    default:
      return !copied_inputs(*node).empty();
  }
}

}  // namespace

std::vector<bool> stored_values(const Graph& graph) {
  std::vector<bool> stored(graph.value_count());
  for (const ValueId v : graph.inputs()) stored[static_cast<std::size_t>(v)] = is_float(graph, v);
  for (const ir::NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId v = node.inputs[i];
      if (is_float(graph, v) && !is_parameter(graph, node, i)) {
        stored[static_cast<std::size_t>(v)] = true;
      }
    }
  }
  for (const ir::Output& o : graph.outputs()) {
    if (is_float(graph, o.value)) stored[static_cast<std::size_t>(o.value)] = true;
  }
  return stored;
}

Groups::Groups(const Graph& graph) : parent_(graph.value_count()), copies_(graph.value_count()) {
  for (std::size_t i = 0; i < parent_.size(); ++i) parent_[i] = static_cast<ValueId>(i);
  for (const ir::NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    for (const ValueId in : copied_inputs(node)) {
      if (!is_float(graph, in)) continue;
      join(in, node.output);
      copies_[index(node.output)] = true;
    }
  }
  for (std::size_t i = 0; i < parent_.size(); ++i) parent_[i] = root(static_cast<ValueId>(i));
  const std::vector<bool> stored = stored_values(graph);
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (stored[i]) all_[root(static_cast<ValueId>(i))].push_back(static_cast<ValueId>(i));
  }
}

ValueId Groups::root(ValueId v) const {
  while (parent_[index(v)] != v) v = parent_[index(v)];
  return v;
}

void Groups::join(ValueId a, ValueId b) {
  a = root(a);
  b = root(b);
  parent_[index(std::max(a, b))] = std::min(a, b);
}

std::map<ValueId, Elem> element_types(const Graph& graph, const Groups& groups) {
  std::set<ValueId> eight, sixteen;
  for (const ir::Output& o : graph.outputs()) {
    if (is_float(graph, o.value)) sixteen.insert(groups.root(o.value));
  }
  for (const auto& [root, members] : groups.all()) {
    for (const ValueId v : members) {
      if (!writes_sixteen(graph, v)) eight.insert(root);
    }
  }
  const std::vector<ir::NodeId> order = graph.order();
  for (const ir::NodeId id : order) {
    const Node& node = graph.node(id);
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (!is_float(graph, node.inputs[i]) || is_parameter(graph, node, i)) continue;
      const Wish wish = wish_of(node, i);
      if (wish == Wish::kEight) eight.insert(groups.root(node.inputs[i]));
      if (wish == Wish::kSixteen) sixteen.insert(groups.root(node.inputs[i]));
    }
  }
  // Sums that are kept in 16 bits want summands of 16 bits; from the back, so one walk finds
  // chains.
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    const Node& node = graph.node(*it);
    if (node.op != Op::kAdd && node.op != Op::kSub && node.op != Op::kRelu) continue;
    const ValueId out = groups.root(node.output);
    if (!sixteen.contains(out) || eight.contains(out)) continue;
    for (const ValueId in : node.inputs) {
      if (is_float(graph, in)) sixteen.insert(groups.root(in));
    }
  }
  std::map<ValueId, Elem> out;
  for (const auto& [root, members] : groups.all()) {
    out[root] = sixteen.contains(root) && !eight.contains(root) ? Elem::kI16 : Elem::kI8;
  }
  return out;
}

}  // namespace oct::quant
