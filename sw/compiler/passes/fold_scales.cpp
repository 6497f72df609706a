// SPDX-License-Identifier: Apache-2.0
// Factors behind a product with weights go into the weights: layer scales, NoNorm right behind a
// Linear, batch norms. Factor and shift by vectors elsewhere become Affine.
#include <algorithm>
#include <cmath>

#include "compiler/passes/dead.hpp"
#include "compiler/passes/match.hpp"
#include "compiler/passes/passes.hpp"

namespace oct::passes {
using ir::Graph;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::Shape;
using ir::Tensor;
using ir::ValueId;

namespace {

/// x multiplied by f[channel], where channels lie `inner` elements apart.
Tensor scaled(const Tensor& x, const std::vector<float>& f, std::int64_t inner) {
  Tensor out = x;
  auto v = out.mutable_data<float>();
  for (std::size_t i = 0; i < v.size(); ++i)
    v[i] *= f[i / static_cast<std::size_t>(inner) % f.size()];
  return out;
}

/// The weight with its output channels multiplied; kNone if its integers do not allow it.
ValueId scaled_weight(Graph& g, const Node& p, const std::vector<float>& factor) {
  const ValueId w = p.inputs[1];
  const Shape& s = g.value(w).shape();
  const std::int64_t channels = static_cast<std::int64_t>(factor.size());
  const std::int64_t inner = p.op == Op::kLinear ? 1 : ir::element_count(s) / channels;
  if (g.constant(w)) return g.add_constant(g.value(w).name, scaled(*g.constant(w), factor, inner));
  const Node* q = g.producer(w, Op::kDequantize);
  const std::int64_t axis = p.op == Op::kLinear ? 1 : 0;
  const Tensor& scale = *g.constant(q->inputs[1]);
  const bool same =
      std::all_of(factor.begin(), factor.end(), [&](float f) { return f == factor[0]; });
  Tensor made = scale;
  if (scale.size() == channels && scale.size() > 1 && q->attrs.integer("axis", 1) == axis) {
    made = scaled(scale, factor, 1);
  } else if (same) {
    made = scaled(scale, {factor[0]}, 1);
  } else if (scale.size() == 1 && (q->inputs.size() < 3 || q->inputs[2] == ir::kNone)) {
    std::vector<float> all = factor;
    for (float& f : all) f *= scale.data<float>()[0];
    made = Tensor::floats({channels}, all);
  } else {
    return ir::kNone;
  }
  std::vector<ValueId> in = q->inputs;
  in[1] = g.add_constant(g.value(in[1]).name, made);
  return g.add(Op::kDequantize, in, {{"axis", axis}}, q->name, q->sources);
}

/// One number for each channel of a Linear's or Conv's result; none if `c` is something else.
std::optional<std::vector<float>> per_channel(const Graph& g, const Node& p, ValueId c) {
  const Tensor* t = g.constant(c);
  const Shape& s = g.value(p.output).shape();
  if (!t || !ir::is_float(t->dtype())) return std::nullopt;
  const std::int64_t n = p.op == Op::kLinear ? s.back() : s[1];
  if (t->size() != 1) {
    const std::size_t axis = p.op == Op::kLinear ? s.size() - 1 : 1;
    if (t->size() != n || t->shape().size() > s.size()) return std::nullopt;
    const std::size_t lead = s.size() - t->shape().size();
    if (axis < lead || t->shape()[axis - lead] != n) return std::nullopt;
  }
  std::vector<float> out(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(t->at(t->size() == 1 ? 0 : static_cast<std::int64_t>(i)));
  }
  return out;
}

/// p(x) * factor + shift as one product with other weights.
ValueId with_scale(Graph& g, const Node& p, const std::vector<float>& factor,
                   const std::vector<float>* shift, const ir::Sources& sources) {
  if (!is_weight(g, p.inputs[1])) return ir::kNone;
  const bool biased = p.inputs.size() > 2 && p.inputs[2] != ir::kNone;
  if (biased && !g.constant(p.inputs[2])) return ir::kNone;
  std::vector<ValueId> in = p.inputs;
  in.resize(3, ir::kNone);
  in[1] = scaled_weight(g, p, factor);
  if (in[1] == ir::kNone) return ir::kNone;
  if (biased || shift) {
    std::vector<float> bias(factor.size(), 0.0F);
    for (std::size_t i = 0; i < bias.size(); ++i) {
      if (biased) bias[i] = g.constant(p.inputs[2])->data<float>()[i] * factor[i];
      if (shift) bias[i] += (*shift)[i];
    }
    in[2] = g.add_constant(p.name + ".bias",
                           Tensor::floats({static_cast<std::int64_t>(bias.size())}, bias));
  }
  return g.add(p.op, in, p.attrs, p.name, merged(p.sources, sources));
}

const Node* product_before(const Graph& g, ValueId v) {
  const Node* p = g.producer(v);
  if (!p || (p->op != Op::kLinear && p->op != Op::kConv) || !used_once(g, v)) return nullptr;
  return p;
}

ValueId fold_factor(Graph& g, const Node& n) {
  const Node* p = product_before(g, n.inputs[0]);
  if (!p || g.value(n.output).type != g.value(p->output).type) return n.output;
  const auto factor = per_channel(g, *p, n.inputs[1]);
  if (!factor) return n.output;
  const ValueId made = with_scale(g, *p, *factor, nullptr, n.sources);
  return made == ir::kNone ? n.output : made;
}

ValueId fold_shift(Graph& g, const Node& n) {
  const Node* p = product_before(g, n.inputs[0]);
  if (!p || g.value(n.output).type != g.value(p->output).type) return n.output;
  const auto shift = per_channel(g, *p, n.inputs[1]);
  if (!shift) return n.output;
  const ValueId made =
      with_scale(g, *p, std::vector<float>(shift->size(), 1.0F), &*shift, n.sources);
  return made == ir::kNone ? n.output : made;
}

/// A batch norm's factor and shift, folded or as Affine where channels are the last axis.
ValueId batch_norm(Graph& g, const Node& n) {
  const Shape& s = g.value(n.output).shape();
  for (std::size_t i = 1; i < 5; ++i) {
    if (!g.constant(n.inputs.at(i)) || g.constant(n.inputs[i])->size() != s[1]) return n.output;
  }
  const double epsilon = n.attrs.number("epsilon", 1e-5);
  std::vector<float> factor, shift;
  for (std::int64_t c = 0; c < s[1]; ++c) {
    const auto at = [&](std::size_t i) { return g.constant(n.inputs[i])->at(c); };
    const double f = at(1) / std::sqrt(at(4) + epsilon);
    factor.push_back(static_cast<float>(f));
    shift.push_back(static_cast<float>(at(2) - at(3) * f));
  }
  if (const Node* p = product_before(g, n.inputs[0])) {
    const ValueId made = with_scale(g, *p, factor, &shift, n.sources);
    if (made != ir::kNone) return made;
  }
  Shape shape(s.size() - 1, 1);
  shape[0] = s[1];
  const ValueId f =
      g.add_constant(n.name + ".scale", Tensor::floats({s[1]}, factor).reshaped(shape));
  const ValueId b =
      g.add_constant(n.name + ".shift", Tensor::floats({s[1]}, shift).reshaped(shape));
  const ValueId y = g.add(Op::kMul, {n.inputs[0], f}, {}, n.name, n.sources);
  return g.add(Op::kAdd, {y, b}, {}, n.name, n.sources);
}

/// x * scale + shift by vectors.
ValueId to_affine(Graph& g, const Node& n) {
  const Node* mul = g.producer(n.inputs[0], Op::kMul);
  if (!mul || !used_once(g, mul->output)) return n.output;
  const ValueId x = mul->inputs[0];
  const Shape& s = g.value(x).shape();
  if (g.value(x).type != g.value(n.output).type || s.empty()) return n.output;
  if (!is_last_axis_vector(g, mul->inputs[1], s) || !is_last_axis_vector(g, n.inputs[1], s)) {
    return n.output;
  }
  const ValueId scale =
      g.add_constant(g.value(mul->inputs[1]).name, last_axis_vector(g, mul->inputs[1], s.back()));
  const ValueId shift =
      g.add_constant(g.value(n.inputs[1]).name, last_axis_vector(g, n.inputs[1], s.back()));
  return g.add(Op::kAffine, {x, scale, shift}, {{"axis", static_cast<std::int64_t>(s.size()) - 1}},
               n.name, merged(mul->sources, n.sources));
}

}  // namespace

Graph fold_scales(Graph g) {
  const auto sweep = [&](auto rule, Op op) {
    for (const NodeId id : g.order()) {
      const Node& n = g.node(id);
      if (!n.alive || n.op != op || g.use_count(n.output) == 0) continue;
      const ValueId output = n.output, to = rule(g, n);
      if (to == output) continue;
      g.replace_uses(output, to);
      remove_dead_behind(g, output);
    }
  };
  sweep(batch_norm, Op::kBatchNorm);
  sweep(fold_factor, Op::kMul);
  sweep(fold_shift, Op::kAdd);
  sweep(fold_factor, Op::kMul);
  sweep(to_affine, Op::kAdd);
  return simplify(std::move(g));
}

}  // namespace oct::passes
