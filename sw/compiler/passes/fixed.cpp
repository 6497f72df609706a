// SPDX-License-Identifier: Apache-2.0
// Networks that come quantised. Quantize and Dequantize behind each other become one node, Fixed:
// the value as its integers give it, which the quantiser takes over and no pass looks through. It
// moves towards the node that computes the value, so that layout nodes in between vanish as usual.
// Constants that are no weights become floats, products by dynamically quantised values Linear.
#include <algorithm>
#include <cmath>

#include "compiler/exec/executor.hpp"
#include "compiler/ir/with_type.hpp"
#include "compiler/passes/match.hpp"
#include "compiler/passes/passes.hpp"

namespace oct::passes {
using ir::Attributes;
using ir::DType;
using ir::Graph;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::Tensor;
using ir::ValueId;

namespace {

/// Operands whose elements the result takes over as they are.
std::vector<std::size_t> moved_operands(const Graph& g, const Node& n) {
  switch (n.op) {
    case Op::kReshape:
    case Op::kRearrange:
    case Op::kSlice:
    case Op::kExpand:
    case Op::kGather:
    case Op::kEmbedding:
    case Op::kMaxPool:
      return {0};
    case Op::kPad:
      if (n.attrs.text("mode", "constant") != "constant" || n.attrs.number("value") == 0)
        return {0};
      return {};
    case Op::kConcat: {
      std::vector<std::size_t> all(n.inputs.size());
      for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
      return all;
    }
    default:
      (void)g;
      return {};
  }
}

bool same_numbers(const Attributes& a, const Attributes& b) {
  return a.number("scale") == b.number("scale") && a.integer("zero") == b.integer("zero") &&
         a.integer("low") == b.integer("low") && a.integer("high") == b.integer("high");
}

/// Scale and zero point of a Quantize or Dequantize node, if they are one number each.
std::optional<Attributes> numbers_of(const Graph& g, const Node& n, DType type) {
  const Tensor* scale = g.constant(n.inputs.at(1));
  if (!scale || scale->size() != 1) return std::nullopt;
  std::int64_t zero = 0;
  if (n.inputs.size() > 2 && n.inputs[2] != ir::kNone) {
    const Tensor* z = g.constant(n.inputs[2]);
    if (!z || z->size() != 1) return std::nullopt;
    zero = static_cast<std::int64_t>(z->at(0));
  }
  std::int64_t low = 0, high = 0;
  switch (type) {
    case DType::kInt8:
      low = -128, high = 127;
      break;
    case DType::kUInt8:
      high = 255;
      break;
    case DType::kInt16:
      low = -32768, high = 32767;
      break;
    case DType::kUInt16:
      high = 65535;
      break;
    default:
      return std::nullopt;
  }
  return Attributes{{"scale", scale->at(0)}, {"zero", zero}, {"low", low}, {"high", high}};
}

bool of_constants(const Graph& g, const Node& n) {
  return std::all_of(n.inputs.begin(), n.inputs.end(),
                     [&](ValueId v) { return v == ir::kNone || g.constant(v); });
}

/// Integers that products or lookups read stay integers.
bool is_kept_weight(const Graph& g, ValueId v) {
  if (g.value(v).rank() < 2 || g.is_output(v)) return g.is_output(v);
  const auto& users = g.value(v).users;
  return std::all_of(users.begin(), users.end(), [&](NodeId id) {
    const Node& user = g.node(id);
    switch (user.op) {
      case Op::kMatMul:
      case Op::kLinear:
      case Op::kConv:
        return user.inputs.size() > 1 && user.inputs[1] == v && user.inputs[0] != v;
      case Op::kGather:
      case Op::kEmbedding:
        return user.inputs[0] == v;
      case Op::kReshape:
      case Op::kRearrange:
        return is_kept_weight(g, user.output);
      default:
        return false;
    }
  });
}

ValueId dequantized(Graph& g, const Node& n) {
  const ValueId q = n.inputs[0];
  if (of_constants(g, n)) {
    if (is_kept_weight(g, n.output)) return n.output;
    return g.add_constant(g.value(q).name, exec::evaluate_value(g, n.output, {}));
  }
  const Node* from = g.producer(q);
  // What is quantised by its own range at run time is the value, as far as the file goes.
  if (from && from->op == Op::kQuantize && n.inputs[1] == from->inputs[1] &&
      g.producer(n.inputs[1], Op::kDynamicScale)) {
    return from->inputs[0];
  }
  const auto own = numbers_of(g, n, g.value(q).type.dtype);
  if (!from || !own) return n.output;
  if (from->op == Op::kQuantize) {
    const auto theirs = numbers_of(g, *from, g.value(q).type.dtype);
    if (!theirs || !same_numbers(*own, *theirs)) return n.output;
    return g.add(Op::kFixed, {from->inputs[0]}, *own, n.name, merged(from->sources, n.sources));
  }
  // Integers that are moved: the move comes behind.
  const std::vector<std::size_t> moved = moved_operands(g, *from);
  if (moved.empty()) return n.output;
  std::vector<ValueId> in = from->inputs;
  const Node mover = *from;
  for (const std::size_t i : moved) {
    std::vector<ValueId> operands = n.inputs;
    operands[0] = in[i];
    in[i] = g.add(Op::kDequantize, operands, {{"axis", std::int64_t{0}}}, n.name, n.sources);
  }
  return g.add(mover.op, in, mover.attrs, mover.name, mover.sources);
}

ValueId fixed_before(Graph& g, const Node& n) {
  const Node* from = g.producer(n.inputs[0]);
  if (!from) return n.output;
  if (from->op == Op::kFixed && same_numbers(from->attrs, n.attrs)) return from->output;
  // A limit that the integers have anyway.
  if ((from->op == Op::kRelu || from->op == Op::kClip) && used_once(g, from->output)) {
    const double scale = n.attrs.number("scale");
    const auto bound = [&](const char* name) {
      return static_cast<double>(n.attrs.integer(name) - n.attrs.integer("zero")) * scale;
    };
    const double low = from->op == Op::kRelu ? 0 : from->attrs.number("min", -INFINITY);
    const double high = from->op == Op::kRelu ? INFINITY : from->attrs.number("max", INFINITY);
    if (low <= bound("low") && high >= bound("high")) {
      return g.add(Op::kFixed, {from->inputs[0]}, n.attrs, n.name,
                   merged(from->sources, n.sources));
    }
  }
  const std::vector<std::size_t> moved = moved_operands(g, *from);
  if (moved.empty() || !used_once(g, from->output)) return n.output;
  const Node mover = *from;
  std::vector<ValueId> in = mover.inputs;
  for (const std::size_t i : moved) in[i] = g.add(Op::kFixed, {in[i]}, n.attrs, n.name, n.sources);
  return g.add(mover.op, in, mover.attrs, mover.name, mover.sources);
}

/// Numbers that have been quantised, and sums of exponentials, are numbers.
ValueId never_nan(Graph& g, const Node& n) {
  const Node* from = g.producer(n.inputs[0]);
  while (from && from->op != Op::kFixed && from->op != Op::kDequantize) {
    const bool passes_on = from->op == Op::kSoftmax || from->op == Op::kReshape ||
                           from->op == Op::kRearrange || from->op == Op::kSlice;
    from = passes_on ? g.producer(from->inputs[0]) : nullptr;
  }
  if (!from) return n.output;
  Tensor never(DType::kBool, {});
  const ValueId one = g.add_constant(n.name, never);
  return g.add(Op::kExpand, {one}, {{"shape", g.value(n.output).shape()}}, n.name, n.sources);
}

/// A product or convolution of a value quantised at run time, times both scales: one of floats.
ValueId dynamic_product(Graph& g, const Node& n) {
  // Cast(MatMulInteger) * (scale of a * scale of b)
  const auto cast = choose(n, [&](ValueId v) { return g.producer(v, Op::kCast) != nullptr; });
  if (!cast) return n.output;
  const Node* product = g.producer(g.producer(cast->chosen)->inputs[0]);
  const bool conv = product && product->op == Op::kConvInteger;
  if (!product || (!conv && product->op != Op::kMatMulInteger) || !g.constant(product->inputs[1]))
    return n.output;
  const Node* a = g.producer(product->inputs[0], Op::kQuantize);
  if (!a || !g.producer(a->inputs[1], Op::kDynamicScale)) return n.output;
  const Node* scales = g.producer(cast->other, Op::kMul);
  const auto pair =
      scales ? choose(*scales, [&](ValueId v) { return v == a->inputs[1]; }) : std::nullopt;
  const ir::Shape w = g.value(product->inputs[1]).shape();
  if (!pair || !g.constant(pair->other) || (!conv && w.size() != 2)) return n.output;
  const Tensor& s = *g.constant(pair->other);
  const std::int64_t axis = conv ? 0 : 1;
  if (s.size() != 1 && s.size() != w[static_cast<std::size_t>(axis)]) return n.output;
  const ir::Shape flat = s.size() == 1 ? ir::Shape{} : ir::Shape{s.size()};
  ValueId zero = product->inputs.size() > 3 ? product->inputs[3] : ir::kNone;
  if (zero != ir::kNone) {
    const Tensor* z = g.constant(zero);
    if (!z) return n.output;
    Tensor all(z->dtype(), flat);
    if (z->size() != s.size() && z->size() != 1) return n.output;
    ir::with_type(z->dtype(), [&](auto* p) {
      using T = ir::Pointee<decltype(p)>;
      auto to = all.mutable_data<T>();
      for (std::size_t i = 0; i < to.size(); ++i) to[i] = z->data<T>()[z->size() == 1 ? 0 : i];
    });
    zero = g.add_constant(g.value(zero).name, all);
  }
  const ir::Sources sources = merged(product->sources, n.sources);
  const ValueId scale = g.add_constant(g.value(pair->other).name, s.reshaped(flat));
  const ValueId weights = g.add(Op::kDequantize, {product->inputs[1], scale, zero},
                                {{"axis", axis}}, product->name, sources);
  const ValueId x = a->inputs[0];
  return g.add(conv ? Op::kConv : Op::kMatMul, {x, weights}, product->attrs, product->name,
               sources);
}

/// Integers that leave the model: what they stand for is a Fixed value, too.
ValueId fixed_result(Graph& g, const Node& n) {
  const auto own = numbers_of(g, n, g.value(n.output).type.dtype);
  if (!own || !g.is_output(n.output) || of_constants(g, n)) return n.output;
  const Node* from = g.producer(n.inputs[0], Op::kFixed);
  if (from && same_numbers(from->attrs, *own)) return n.output;
  std::vector<ValueId> in = n.inputs;
  in[0] = g.add(Op::kFixed, {in[0]}, *own, n.name, n.sources);
  return g.add(Op::kQuantize, in, n.attrs, n.name, n.sources);
}

ValueId rewritten(Graph& g, const Node& n) {
  switch (n.op) {
    case Op::kDequantize:
      return dequantized(g, n);
    case Op::kQuantize:
      return fixed_result(g, n);
    case Op::kFixed:
      return fixed_before(g, n);
    case Op::kIsNan:
      return never_nan(g, n);
    case Op::kMul:
      return dynamic_product(g, n);
    default:
      return n.output;
  }
}

}  // namespace

Graph fixed(Graph g) {
  const auto has_any = [&] {
    for (const NodeId id : g.order()) {
      const Op op = g.node(id).op;
      if (op == Op::kQuantize || op == Op::kDequantize) return true;
    }
    return false;
  };
  if (!has_any()) return g;
  for (bool changed = true; changed;) {
    changed = false;
    for (const NodeId id : g.order()) {
      const Node n = g.node(id);
      if (!n.alive || g.use_count(n.output) == 0) continue;
      const ValueId to = rewritten(g, n);
      if (to == n.output) continue;
      g.replace_uses(n.output, to);
      changed = true;
    }
    g.remove_dead();
    g = simplify(std::move(g));
  }
  return g;
}

}  // namespace oct::passes
