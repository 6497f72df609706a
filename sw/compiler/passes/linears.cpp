// SPDX-License-Identifier: Apache-2.0
// Products with weights become Linear, lookups in tables Embedding; views that only merge or split
// leading dimensions sink below what does not care about them, so that they meet and vanish.
#include <algorithm>

#include "compiler/exec/executor.hpp"
#include "compiler/passes/match.hpp"
#include "compiler/passes/passes.hpp"

namespace oct::passes {
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

/// A weight as a matrix: [1, K, N] becomes [K, N]. kNone if it is none.
ValueId matrix(Graph& g, ValueId w) {
  if (!is_weight(g, w) || g.value(w).rank() < 2) return ir::kNone;
  const Shape s = g.value(w).shape();
  if (s.size() == 2) return w;
  if (!g.constant(w)) return ir::kNone;
  if (std::any_of(s.begin(), s.end() - 2, [](auto d) { return d != 1; })) return ir::kNone;
  return g.add_constant(g.value(w).name, g.constant(w)->reshaped({s[s.size() - 2], s.back()}));
}

ValueId to_linear(Graph& g, const Node& n) {
  if (n.attrs.integer("transpose_a") || n.attrs.integer("transpose_b")) return n.output;
  if (!ir::is_float(g.value(n.output).type.dtype) || is_weight(g, n.inputs[0])) return n.output;
  const ValueId w = matrix(g, n.inputs[1]);
  if (w == ir::kNone) return n.output;
  const ValueId y = g.add(Op::kLinear, {n.inputs[0], w}, {}, n.name, n.sources);
  return add_reshape(g, y, g.value(n.output).shape(), n.name, n.sources);
}

ValueId to_embedding(Graph& g, const Node& n) {
  const bool table = is_weight(g, n.inputs[0]) && g.value(n.inputs[0]).rank() == 2 &&
                     ir::is_float(g.value(n.inputs[0]).type.dtype);
  if (!table || n.attrs.integer("axis") != 0 || g.constant(n.inputs[1])) return n.output;
  return g.add(Op::kEmbedding, n.inputs, {}, n.name, n.sources);
}

/// Rows of integers, and rows of scales, looked up by the same ids: rows of one table.
ValueId gathered_integers(Graph& g, const Node& mul) {
  const auto cast = choose(mul, [&](ValueId v) { return g.producer(v, Op::kCast) != nullptr; });
  if (!cast) return mul.output;
  const Node* to_float = g.producer(cast->chosen);
  const auto lookup = [&](ValueId v) {
    const Node* n = g.producer(v, Op::kGather);
    return n ? n : g.producer(v, Op::kEmbedding);
  };
  const Node *rows = lookup(to_float->inputs[0]), *scales = lookup(cast->other);
  if (!rows || !g.constant(rows->inputs[0]) || g.value(rows->inputs[0]).rank() != 2 ||
      rows->attrs.integer("axis") != 0 || ir::is_float(g.value(rows->inputs[0]).type.dtype)) {
    return mul.output;
  }
  const std::int64_t n = g.value(rows->inputs[0]).shape()[0];
  ValueId scale = ir::kNone;
  if (scales && scales->inputs[1] == rows->inputs[1] && scales->attrs.integer("axis") == 0) {
    scale = scales->inputs[0];
  } else if (uniform(g, cast->other)) {
    scale = cast->other;
  }
  const Tensor* s = scale == ir::kNone ? nullptr : g.constant(scale);
  if (!s || (s->size() != n && s->size() != 1)) return mul.output;
  if (g.value(mul.output).shape() != g.value(rows->output).shape()) return mul.output;
  const ValueId vector =
      g.add_constant(g.value(scale).name, s->reshaped(s->size() == 1 ? Shape{} : Shape{n}));
  const ir::Sources sources = merged(merged(rows->sources, to_float->sources), mul.sources);
  const ValueId table = g.add(Op::kDequantize, {rows->inputs[0], vector},
                              {{"axis", std::int64_t{0}}}, rows->name, sources);
  return g.add(Op::kEmbedding, {table, rows->inputs[1]}, {}, rows->name, sources);
}

/// A view that keeps the last axis: its node, or nullptr.
const Node* leading_view(const Graph& g, ValueId v) {
  const Node* r = g.producer(v, Op::kReshape);
  if (!r) return nullptr;
  const Shape &from = g.value(r->inputs[0]).shape(), &to = g.value(v).shape();
  return !from.empty() && !to.empty() && from.back() == to.back() ? r : nullptr;
}

/// f(view(x)) = view(f(x)) for what works row by row.
ValueId sink_view(Graph& g, const Node& n) {
  const OpClass c = ir::op_info(n.op).op_class;
  const auto last = [&] {
    return ir::normalized_axis(n.attrs.integer("axis", -1), g.value(n.inputs[0]).shape().size()) ==
           g.value(n.inputs[0]).rank() - 1;
  };
  const bool norm = (n.op == Op::kLayerNorm || n.op == Op::kRmsNorm) && last();
  const bool row_wise = n.op == Op::kLinear || norm || c == OpClass::kUnary;
  const auto sunk = [&](std::vector<ValueId> in, ir::Attributes attrs, const ir::Sources& sources) {
    if (norm) attrs.set("axis", g.value(in[0]).rank() - 1);
    const ValueId y = g.add(n.op, std::move(in), std::move(attrs), n.name, n.sources);
    return add_reshape(g, y, g.value(n.output).shape(), n.name, sources);
  };
  std::vector<ValueId> in = n.inputs;
  if (row_wise && ir::is_float(g.value(n.output).type.dtype)) {
    const Node* view = leading_view(g, n.inputs[0]);
    if (!view) return n.output;
    in[0] = view->inputs[0];
    return sunk(std::move(in), n.attrs, view->sources);
  }
  if ((n.op == Op::kAdd || n.op == Op::kMul) && ir::is_float(g.value(n.output).type.dtype)) {
    const Node* a = leading_view(g, in[0]);
    const Node* b = leading_view(g, in[1]);
    if (a && g.value(n.output).shape() == g.value(in[0]).shape() &&
        is_last_axis_vector(g, in[1], g.value(in[0]).shape())) {
      in[0] = a->inputs[0];
      const std::int64_t width = g.value(in[0]).shape().back();
      if (g.constant(in[1])->size() != 1) {
        in[1] = g.add_constant(g.value(in[1]).name, last_axis_vector(g, in[1], width));
      }
      return sunk(std::move(in), {}, a->sources);
    }
    if (a && b && g.value(a->inputs[0]).shape() == g.value(b->inputs[0]).shape() &&
        g.value(in[0]).shape() == g.value(in[1]).shape()) {
      return sunk({a->inputs[0], b->inputs[0]}, {}, merged(a->sources, b->sources));
    }
  }
  return n.output;
}

/// view(Linear(rearranged x)) = Linear(x rearranged to that view).
ValueId raise_view(Graph& g, const Node& n) {
  const Node* view = leading_view(g, n.output);
  const Node* linear = view ? g.producer(n.inputs[0], Op::kLinear) : nullptr;
  if (!linear || !used_once(g, linear->output)) return n.output;
  const Node* moved = g.producer(linear->inputs[0], Op::kRearrange);
  if (!moved || !used_once(g, moved->output)) return n.output;
  std::vector<ValueId> in = linear->inputs;
  Shape shape = g.value(n.output).shape();
  shape.back() = g.value(in[0]).shape().back();
  in[0] = add_reshape(g, in[0], shape, moved->name, n.sources);
  return g.add(Op::kLinear, in, {}, linear->name, linear->sources);
}

/// Linear + vector, Conv + one number a channel.
ValueId add_bias(Graph& g, const Node& n) {
  for (std::size_t i = 0; i < 2; ++i) {
    const ValueId y = n.inputs[i], c = n.inputs[1 - i];
    const Node* p = g.producer(y);
    if (!p || !g.constant(c) || !used_once(g, y) || g.value(y).type != g.value(n.output).type) {
      continue;
    }
    const Shape& s = g.value(y).shape();
    Tensor bias;
    if (p->op == Op::kLinear && is_last_axis_vector(g, c, s)) {
      bias = last_axis_vector(g, c, s.back());
    } else if (p->op == Op::kConv) {
      const Shape want = [&] {
        Shape w(s.size() - 1, 1);
        w[0] = s[1];
        return w;
      }();
      Shape have = g.value(c).shape();
      if (have.size() == s.size() && have[0] == 1) have.erase(have.begin());
      if (have != want) continue;
      bias = g.constant(c)->reshaped({s[1]});
    } else {
      continue;
    }
    std::vector<ValueId> in = p->inputs;
    in.resize(3, ir::kNone);
    if (in[2] != ir::kNone) {
      if (!g.constant(in[2])) continue;
      Node sum;
      sum.op = Op::kAdd;
      bias = exec::evaluate(sum, {g.constant(in[2]), &bias}, {ir::DType::kFloat32, bias.shape()});
    }
    in[2] = g.add_constant(g.value(c).name, bias);
    return g.add(p->op, in, p->attrs, p->name, merged(p->sources, n.sources));
  }
  return n.output;
}

ValueId rewritten(Graph& g, const Node& n) {
  if (n.op == Op::kMatMul) return to_linear(g, n);
  if (n.op == Op::kGather) return to_embedding(g, n);
  if (n.op == Op::kMul) {
    const ValueId v = gathered_integers(g, n);
    if (v != n.output) return v;
  }
  if (n.op == Op::kReshape) return raise_view(g, n);
  if (n.op == Op::kAdd) {
    const ValueId v = add_bias(g, n);
    if (v != n.output) return v;
  }
  return sink_view(g, n);
}

}  // namespace

Graph linears(Graph g) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const NodeId id : g.order()) {
      const Node& n = g.node(id);
      if (!n.alive || g.use_count(n.output) == 0) continue;
      const ValueId to = rewritten(g, n);
      if (to == n.output) continue;
      g.replace_uses(n.output, to);
      changed = true;
    }
    g.remove_dead();
    if (changed) g = simplify(std::move(g));
  }
  return g;
}

}  // namespace oct::passes
