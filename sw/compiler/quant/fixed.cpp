// SPDX-License-Identifier: Apache-2.0
#include "compiler/quant/fixed.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "compiler/quant/calibrate.hpp"
#include "compiler/quant/groups.hpp"

namespace oct::quant {
using integer::Elem;
using ir::Graph;
using ir::kNone;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::ValueId;

namespace {

bool same(const ValueQuant& a, const ValueQuant& b) {
  return a.elem == b.elem && a.scale == b.scale && a.zero == b.zero;
}

bool one_group(Op op) { return op == Op::kConcat || op == Op::kKvAppend; }

/// Inputs of a Concat whose numbers differ from each other get a step in between, so that the
/// result can have a range of its own.
void part_concats(Graph& g, const std::map<ValueId, ValueQuant>& numbers) {
  const Groups groups(g);
  std::map<ValueId, std::optional<ValueQuant>> first;
  std::map<ValueId, bool> differ;
  for (const auto& [v, q] : numbers) {
    auto& known = first[groups.root(v)];
    if (known && !same(*known, q)) differ[groups.root(v)] = true;
    known = q;
  }
  for (const NodeId id : g.order()) {
    const Node n = g.node(id);
    if (!one_group(n.op) || !ir::is_float(g.value(n.output).type.dtype)) continue;
    if (!differ.contains(groups.root(n.output))) continue;
    for (std::size_t i = 0; i < n.inputs.size(); ++i) {
      if (g.value(n.inputs[i]).is_constant()) continue;
      const ValueId one = g.add_constant(n.name + ".one", ir::Tensor::scalar(1.0F).reshaped({1}));
      const ValueId nothing =
          g.add_constant(n.name + ".nothing", ir::Tensor::scalar(0.0F).reshaped({1}));
      g.set_input(id, i, g.add(Op::kAffine, {n.inputs[i], one, nothing}, {}, n.name, n.sources));
    }
  }
}

/// Element type, step and zero point that a Fixed node stands for.
ValueQuant numbers_of(const Node& fixed) {
  const double scale = static_cast<float>(fixed.attrs.number("scale"));
  const std::int64_t low = fixed.attrs.integer("low"), high = fixed.attrs.integer("high");
  const std::int64_t middle = (low + high + 1) / 2, zero = fixed.attrs.integer("zero") - middle;
  ValueQuant q;
  q.fixed = true;
  if (high - low == 255) {
    q.elem = Elem::kI8;
    q.scale = scale;
    q.zero = static_cast<std::int32_t>(zero);
    q.max_abs = scale * static_cast<double>(std::max(127 - zero, zero + 128));
    return q;
  }
  throw ir::CompileError("node " + fixed.name +
                         ": it quantises a value to 16 bits at run time; quantise it to 8 bits");
}

/// Fixed nodes go where the producer of their operand can write their numbers at once.
std::map<ValueId, ValueQuant> take_fixed(Graph& g) {
  std::map<ValueId, ValueQuant> numbers;
  for (const NodeId id : g.order()) {
    const Node n = g.node(id);
    if (n.op == Op::kDequantize && n.inputs[0] != kNone) {  // integers of the model's input
      const ir::DType type = g.value(n.inputs[0]).type.dtype;
      const bool bytes = type == ir::DType::kInt8 || type == ir::DType::kUInt8;
      if (!bytes || g.value(n.inputs[0]).is_constant()) continue;
      const ir::Value& scale = g.value(n.inputs[1]);
      if (!scale.is_constant() || scale.data.size() != 1) continue;
      ValueQuant q;
      q.fixed = true;
      q.scale = scale.data.at(0);
      q.zero = type == ir::DType::kUInt8 ? -128 : 0;
      if (n.inputs.size() > 2 && n.inputs[2] != kNone && g.value(n.inputs[2]).is_constant()) {
        q.zero += static_cast<std::int32_t>(g.value(n.inputs[2]).data.at(0));
      }
      q.max_abs = q.scale * std::max(127 - q.zero, 128 + q.zero);
      numbers[n.output] = q;
    }
    if (n.op != Op::kFixed) continue;
    const ValueQuant q = numbers_of(n);
    ValueId x = n.inputs[0];
    if (g.value(x).is_constant() && g.use_count(x) > 1) {
      x = g.add_constant(g.value(x).name, g.value(x).data);
      g.set_input(id, 0, x);
    }
    const Node* from = g.producer(x);
    // Where x is read as it is, too, or has numbers of its own, the node stays.
    if (g.use_count(x) > 1 || numbers.contains(x) || (from && from->op == Op::kKvAppend)) {
      numbers[n.output] = q;
      continue;
    }
    g.replace_uses(n.output, x);
    numbers[x] = q;
  }
  g.remove_dead();
  part_concats(g, numbers);
  return numbers;
}

/// Dequantize of constants becomes floats, but for weights.
void fold_tables(Graph& g) {
  for (const NodeId id : g.order()) {
    const Node n = g.node(id);
    if (n.op != Op::kDequantize || g.is_output(n.output)) continue;
    const auto constant = [&](ValueId v) { return v == kNone || g.value(v).is_constant(); };
    const auto weight = [&](NodeId user) {
      return g.node(user).op == Op::kLinear || g.node(user).op == Op::kConv;
    };
    const auto& users = g.value(n.output).users;
    if (!std::all_of(n.inputs.begin(), n.inputs.end(), constant)) continue;
    if (std::all_of(users.begin(), users.end(), weight)) continue;
    g.replace_uses(
        n.output, g.add_constant(g.value(n.inputs[0]).name, exec::evaluate_value(g, n.output, {})));
  }
  g.remove_dead();
}

ValueQuant calibrated(const Histogram& seen, Elem elem) {
  const double max = seen.max_abs();
  ValueQuant q;
  q.elem = elem;
  q.max_abs = max;
  if (max > 0) q.scale = elem == Elem::kI16 ? max * 1.2 / 32767 : max / 127;
  return q;
}

}  // namespace

bool has_fixed(const Graph& g) {
  const auto order = g.order();
  return std::any_of(order.begin(), order.end(), [&](NodeId id) {
    const Node& n = g.node(id);
    return n.op == Op::kFixed || (n.op == Op::kDequantize && !g.value(n.inputs[0]).is_constant());
  });
}

Plan plan_fixed(Graph graph, const std::vector<exec::Tensors>& samples) {
  Plan plan;
  fold_tables(graph);
  const std::map<ValueId, ValueQuant> numbers = take_fixed(graph);
  const Groups groups(graph);
  const std::map<ValueId, Elem> types = element_types(graph, groups);
  std::map<ValueId, ValueQuant> of_group;
  std::size_t others = 0;
  for (const auto& [v, q] : numbers) of_group[groups.root(v)] = q;
  const Statistics seen = calibrate(graph, groups, samples);
  for (const auto& [root, members] : groups.all()) {
    auto it = of_group.find(root);
    if (it == of_group.end()) {
      const auto histogram = seen.groups.find(root);
      it = of_group
               .emplace(root,
                        calibrated(histogram == seen.groups.end() ? Histogram{} : histogram->second,
                                   types.at(root)))
               .first;
      others += members.size();
    }
    for (const ValueId v : members) plan.values[v] = it->second;
  }
  // A value that nothing but its own node wants is stored, too, if the file says how.
  for (const auto& [v, q] : numbers) plan.values.emplace(v, q);
  plan.notes = {"the model comes quantised: " + std::to_string(numbers.size()) +
                " values as its file says, " + std::to_string(others) + " calibrated"};
  plan.graph = std::move(graph);
  return plan;
}

}  // namespace oct::quant
