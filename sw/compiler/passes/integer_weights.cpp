// SPDX-License-Identifier: Apache-2.0
// Weight-only INT8: Cast(integers) * scale is Dequantize(integers, scale), so that the integers are
// kept. Casts of integers that are no such weights are folded.
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
using ir::Shape;
using ir::Tensor;
using ir::ValueId;

namespace {

/// The axis along which a scale of this shape varies; none if along several.
std::optional<std::int64_t> scale_axis(const Shape& scale, const Shape& x) {
  std::int64_t axis = -1;
  const std::size_t lead = x.size() - std::min(x.size(), scale.size());
  for (std::size_t i = 0; i < scale.size(); ++i) {
    if (scale[i] == 1) continue;
    if (axis >= 0 || lead + i >= x.size() || scale[i] != x[lead + i]) return std::nullopt;
    axis = static_cast<std::int64_t>(lead + i);
  }
  return axis;
}

bool to_dequantize(Graph& g, const Node& cast) {
  if (!used_once(g, cast.output)) return false;
  ValueId x = cast.output, zero = ir::kNone;
  const Tensor& q = *g.constant(cast.inputs[0]);
  const Node* user = &g.node(g.value(x).users[0]);
  ir::Sources sources = merged(cast.sources, user->sources);
  if (user->op == Op::kSub && user->inputs[0] == x && g.constant(user->inputs[1]) &&
      used_once(g, user->output)) {
    zero = user->inputs[1];
    x = user->output;
    user = &g.node(g.value(x).users[0]);
    sources = merged(sources, user->sources);
  }
  if (user->op != Op::kMul && user->op != Op::kDiv) return false;
  if (user->op == Op::kDiv && user->inputs[0] != x) return false;
  const ValueId factor = user->inputs[0] == x ? user->inputs[1] : user->inputs[0];
  const Tensor* scale = g.constant(factor);
  if (!scale || g.value(user->output).shape() != q.shape()) return false;
  const auto axis = scale_axis(scale->shape(), q.shape());
  if (!axis) return false;
  ValueId s = g.add_constant(g.value(factor).name,
                             scale->reshaped(scale->size() == 1 ? Shape{} : Shape{scale->size()}));
  if (user->op == Op::kDiv) {
    ir::Node inverse;
    inverse.op = Op::kReciprocal;
    s = g.add_constant(g.value(factor).name,
                       exec::evaluate(inverse, {g.constant(s)}, g.value(s).type));
  }
  if (zero != ir::kNone) {
    const Tensor& z = *g.constant(zero);
    const auto zero_axis = scale_axis(z.shape(), q.shape());
    if (!zero_axis || (z.size() != 1 && *zero_axis != *axis) || z.size() != scale->size()) {
      return false;
    }
    zero = g.add_constant(g.value(zero).name, z.converted(q.dtype()).reshaped(g.value(s).shape()));
  }
  g.replace_uses(user->output,
                 g.add(Op::kDequantize, {cast.inputs[0], s, zero},
                       {{"axis", std::max<std::int64_t>(*axis, 0)}}, cast.name, sources));
  return true;
}

}  // namespace

Graph integer_weights(Graph g) {
  for (const NodeId id : g.order()) {
    const Node& n = g.node(id);
    if (n.op == Op::kCast && g.constant(n.inputs[0])) (void)to_dequantize(g, n);
  }
  g.remove_dead();
  return g;
}

}  // namespace oct::passes
