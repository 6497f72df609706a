// SPDX-License-Identifier: Apache-2.0
// Everything that changes how a graph is written and not what it means: folding, identities, one
// node where two compute the same, layout chains in least terms. Runs between the other passes,
// until nothing changes.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>

#include "compiler/exec/executor.hpp"
#include "compiler/passes/match.hpp"
#include "compiler/passes/passes.hpp"

namespace oct::passes {
using ir::DType;
using ir::Graph;
using ir::Ints;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::OpClass;
using ir::Shape;
using ir::Tensor;
using ir::ValueId;

namespace {

constexpr std::int64_t kMaxFolded = std::int64_t{1} << 26;
constexpr double kMost = std::numeric_limits<float>::max();

/// A node of constants alone. Weights that are kept as integers stay; rows of them that are looked
/// up or cut out once and for all become floats.
ValueId folded(Graph& g, const Node& n) {
  if (n.op == Op::kDequantize || n.op == Op::kFixed || n.inputs.empty()) return n.output;
  std::vector<const Tensor*> data;
  std::vector<Tensor> floats(n.inputs.size());
  for (std::size_t i = 0; i < n.inputs.size(); ++i) {
    const ValueId in = n.inputs[i];
    data.push_back(in == ir::kNone ? nullptr : g.constant(in));
    if (in == ir::kNone || data.back()) continue;
    const bool picks = n.op == Op::kGather || n.op == Op::kSlice || n.op == Op::kConcat;
    if (!picks || !is_weight(g, in)) return n.output;
    floats[i] = exec::evaluate_value(g, in, {});
    data.back() = &floats[i];
  }
  const ir::Type type = g.value(n.output).type;
  if (ir::element_count(type.shape) > kMaxFolded ||
      ir::op_info(n.op).op_class == OpClass::kInteger) {
    return n.output;
  }
  return g.add_constant(n.name, exec::evaluate(n, data, type));
}

/// v if it has the type of the result, else the result itself.
ValueId if_same_type(const Graph& g, const Node& n, ValueId v) {
  return g.value(v).type == g.value(n.output).type ? v : n.output;
}

/// Operations by 0 and 1, casts to the own type and the like.
ValueId identity(const Graph& g, const Node& n) {
  const auto operand_is = [&](std::size_t i, double value) {
    return uniform(g, n.inputs[i]) == value;
  };
  switch (n.op) {
    case Op::kAdd:
    case Op::kBitOr:
      if (operand_is(1, 0)) return if_same_type(g, n, n.inputs[0]);
      if (operand_is(0, 0)) return if_same_type(g, n, n.inputs[1]);
      return n.output;
    case Op::kMul:
      if (operand_is(1, 1)) return if_same_type(g, n, n.inputs[0]);
      if (operand_is(0, 1)) return if_same_type(g, n, n.inputs[1]);
      return n.output;
    case Op::kAnd:
      if (operand_is(1, 1)) return if_same_type(g, n, n.inputs[0]);
      if (operand_is(0, 1)) return if_same_type(g, n, n.inputs[1]);
      return n.output;
    case Op::kSub:
      return operand_is(1, 0) ? if_same_type(g, n, n.inputs[0]) : n.output;
    case Op::kDiv:
    case Op::kPow:
      return operand_is(1, 1) ? if_same_type(g, n, n.inputs[0]) : n.output;
    case Op::kWhere:
      if (const auto c = uniform(g, n.inputs[0])) {
        return if_same_type(g, n, n.inputs[*c != 0 ? 1 : 2]);
      }
      return n.output;
    case Op::kCast:
    case Op::kReshape:
    case Op::kExpand:
      return if_same_type(g, n, n.inputs[0]);
    case Op::kSlice: {
      const Ints steps = n.attrs.ints("steps");
      const bool forward = std::all_of(steps.begin(), steps.end(), [](auto s) { return s == 1; });
      return forward ? if_same_type(g, n, n.inputs[0]) : n.output;
    }
    case Op::kConcat:
      return n.inputs.size() == 1 ? n.inputs[0] : n.output;
    case Op::kClip: {  // by the type's own bounds, as exporters guard masked scores
      const bool least = n.attrs.number("min", -kMost) <= -kMost;
      return least && n.attrs.number("max", kMost) >= kMost ? n.inputs[0] : n.output;
    }
    case Op::kMax:
    case Op::kMin:
      for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
        const auto bound = uniform(g, n.inputs[i]);
        if (bound && (n.op == Op::kMax ? *bound <= -kMost : *bound >= kMost)) {
          return if_same_type(g, n, n.inputs[1 - i]);
        }
      }
      return n.output;
    default:
      return n.output;
  }
}

/// Rows scattered to where they stand anyway, all of them: the updates. x[:, :, :, :n] = y is
/// exported so.
bool covers_in_order(const Graph& g, const Node& n) {
  const Tensor* at = g.constant(n.inputs[1]);
  if (at == nullptr || n.attrs.text("reduction", "none") != "none") return false;
  const Shape& data = g.value(n.inputs[0]).shape();
  const std::int64_t depth = at->shape().empty() ? 0 : at->shape().back();
  if (depth < 1 || depth > static_cast<std::int64_t>(data.size())) return false;
  const Shape rows(data.begin(), data.begin() + depth);
  const std::int64_t count = ir::element_count(rows);
  if (count * depth != at->size()) return false;
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t rest = i;
    for (std::int64_t d = depth - 1; d >= 0; --d) {
      const std::int64_t size = rows[static_cast<std::size_t>(d)];
      const std::int64_t index = at->int_at(i * depth + d);
      if ((index < 0 ? index + size : index) != rest % size) return false;
      rest /= size;
    }
  }
  return true;
}

/// One way of writing arithmetic: no Sub or Div of constants, no powers that are products or roots,
/// constants second.
ValueId arithmetic(Graph& g, const Node& n) {
  const auto make = [&](Op op, std::vector<ValueId> in) {
    return g.add(op, std::move(in), {}, n.name, n.sources);
  };
  if (!ir::is_float(g.value(n.output).type.dtype)) return n.output;
  if (ir::is_commutative(n.op) && g.constant(n.inputs[0]) && !g.constant(n.inputs[1])) {
    return make(n.op, {n.inputs[1], n.inputs[0]});
  }
  const auto exponent = n.op == Op::kPow ? uniform(g, n.inputs[1]) : std::nullopt;
  const bool same = g.value(n.inputs[0]).type == g.value(n.output).type;
  if (exponent && same) {
    if (*exponent == 2) return make(Op::kMul, {n.inputs[0], n.inputs[0]});
    if (*exponent == 0.5) return make(Op::kSqrt, {n.inputs[0]});
    if (*exponent == -1) return make(Op::kReciprocal, {n.inputs[0]});
    if (*exponent == -0.5) return make(Op::kReciprocal, {make(Op::kSqrt, {n.inputs[0]})});
  }
  if (n.op == Op::kSub && g.constant(n.inputs[1])) {
    const ValueId negative = make(Op::kNeg, {n.inputs[1]});
    return make(Op::kAdd, {n.inputs[0], negative});
  }
  if (n.op == Op::kDiv && g.constant(n.inputs[1])) {
    const ValueId inverse = make(Op::kReciprocal, {n.inputs[1]});
    return make(Op::kMul, {n.inputs[0], inverse});
  }
  if (n.op == Op::kDiv && uniform(g, n.inputs[0]) == 1.0 &&
      g.value(n.inputs[1]).type == g.value(n.output).type) {
    return make(Op::kReciprocal, {n.inputs[1]});
  }
  // (x c) d = x (c d), (x + c) + d = x + (c + d)
  if ((n.op == Op::kMul || n.op == Op::kAdd) && g.constant(n.inputs[1])) {
    const Node* before = g.producer(n.inputs[0], n.op);
    if (before && g.constant(before->inputs[1]) && used_once(g, before->output) &&
        uniform(g, n.inputs[1]) && uniform(g, before->inputs[1])) {
      const ValueId both = make(n.op, {before->inputs[1], n.inputs[1]});
      return g.add(n.op, {before->inputs[0], both}, {}, n.name, merged(before->sources, n.sources));
    }
  }
  return n.output;
}

ValueId layout(Graph& g, const Node& n) {
  if (n.op == Op::kScatterNd && covers_in_order(g, n)) {
    return add_reshape(g, n.inputs[2], g.value(n.output).shape(), n.name, n.sources);
  }
  if (n.op != Op::kReshape && n.op != Op::kRearrange) return n.output;
  if (ir::element_count(g.value(n.output).shape()) == 0) return n.output;
  Layout own = layout_of(g, n);
  const Node* before = g.producer(n.inputs[0]);
  if (before && (before->op == Op::kReshape || before->op == Op::kRearrange)) {
    if (const auto both = composed(layout_of(g, *before), own)) {
      return add_layout(g, before->inputs[0], *both, n.name, merged(before->sources, n.sources));
    }
  }
  // A weight in integers moves as integers, if its scales keep an axis of their own.
  if (before && before->op == Op::kDequantize && is_weight(g, before->output) &&
      n.op == Op::kRearrange && own.dims == g.value(n.inputs[0]).shape() && own.dims.size() == 2 &&
      own.perm == Ints{1, 0} && own.shape == Shape{own.dims[1], own.dims[0]} &&
      g.value(before->inputs[1]).rank() <= 1) {
    std::vector<ValueId> in = before->inputs;
    in[0] = add_layout(g, in[0], own, n.name, n.sources);
    const auto axis = ir::normalized_axis(before->attrs.integer("axis", 1), 2);
    return g.add(Op::kDequantize, in, {{"axis", 1 - axis}}, n.name,
                 merged(before->sources, n.sources));
  }
  if (n.op == Op::kRearrange &&
      (own.dims != n.attrs.ints("dims") || own.perm != n.attrs.ints("perm"))) {
    return add_layout(g, n.inputs[0], own, n.name, n.sources);
  }
  return n.output;
}

/// An operand that is expanded to what broadcasting makes of it anyway.
bool drop_expand(Graph& g, NodeId id) {
  const Node& n = g.node(id);
  if (ir::op_info(n.op).op_class != OpClass::kBinary) return false;
  for (std::size_t i = 0; i < n.inputs.size(); ++i) {
    const Node* e = g.producer(n.inputs[i], Op::kExpand);
    if (!e) continue;
    std::vector<const ir::Value*> operands;
    for (const ValueId in : n.inputs) operands.push_back(&g.value(in));
    operands[i] = &g.value(e->inputs[0]);
    if (ir::infer_type(n.op, operands, n.attrs) != g.value(n.output).type) continue;
    g.set_input(id, i, e->inputs[0]);
    return true;
  }
  return false;
}

std::string key_of(const Graph& g, const Node& n) {
  std::string key = fmt::format("{}({})", ir::op_name(n.op), fmt::join(n.inputs, ","));
  for (const auto& [name, value] : n.attrs.map()) {
    key += ' ' + name + '=';
    if (const auto* i = std::get_if<std::int64_t>(&value)) key += std::to_string(*i);
    if (const auto* d = std::get_if<double>(&value)) key += fmt::format("{:a}", *d);
    if (const auto* s = std::get_if<std::string>(&value)) key += *s;
    if (const auto* v = std::get_if<Ints>(&value)) key += ir::shape_text(*v);
    if (const auto* v = std::get_if<std::vector<double>>(&value)) {
      for (const double d : *v) key += fmt::format("{:a},", d);
    }
  }
  return key + ir::type_text(g.value(n.output).type);
}

std::size_t content_hash(const Tensor& t) {
  const auto bytes = t.bytes();
  std::uint64_t h = bytes.size();
  for (std::size_t i = 0; i < bytes.size(); i += sizeof h) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, std::min(sizeof word, bytes.size() - i));
    h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
    h ^= h >> 29;
  }
  return h;
}

/// Equal constants become one.
bool share_constants(Graph& g) {
  std::multimap<std::size_t, ValueId> known;
  bool changed = false;
  for (std::size_t i = 0; i < g.value_count(); ++i) {
    const auto id = static_cast<ValueId>(i);
    if (!g.constant(id) || g.use_count(id) == 0) continue;
    const Tensor& t = *g.constant(id);
    const std::size_t h = content_hash(t);
    const auto [first, last] = known.equal_range(h);
    const auto same = std::find_if(
        first, last, [&](const auto& e) { return g.constant(e.second)->same_bits(t); });
    if (same == last) {
      known.emplace(h, id);
    } else {
      g.replace_uses(id, same->second);
      changed = true;
    }
  }
  return changed;
}

/// Nodes that compute the same become one.
bool share_nodes(Graph& g) {
  std::map<std::string, ValueId> known;
  bool changed = false;
  for (const NodeId id : g.order()) {
    const Node& n = g.node(id);
    const auto [it, fresh] = known.emplace(key_of(g, n), n.output);
    if (fresh) continue;
    Node& kept = g.node(g.value(it->second).producer);
    kept.sources = merged(kept.sources, n.sources);
    g.replace_uses(n.output, it->second);
    changed = true;
  }
  return changed;
}

bool rewrite_once(Graph& g) {
  bool changed = false;
  for (const NodeId id : g.order()) {
    if (!g.node(id).alive || g.use_count(g.node(id).output) == 0) continue;
    changed |= drop_expand(g, id);
    const Node& n = g.node(id);
    ValueId to = folded(g, n);
    if (to == n.output) to = identity(g, n);
    if (to == n.output && ir::op_info(n.op).op_class == OpClass::kBinary) to = arithmetic(g, n);
    if (to == n.output) to = layout(g, n);
    if (to == n.output) continue;
    g.replace_uses(n.output, to);
    changed = true;
  }
  return changed;
}

}  // namespace

Graph simplify(Graph g) {
  for (int round = 0; round < 100; ++round) {
    bool changed = rewrite_once(g);
    changed |= share_constants(g);
    g.remove_dead();
    changed |= share_nodes(g);
    g.remove_dead();
    if (!changed) break;
  }
  return g.compacted();
}

}  // namespace oct::passes
