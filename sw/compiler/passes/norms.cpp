// SPDX-License-Identifier: Apache-2.0
// LayerNorm, RMSNorm and L2 normalisation from their parts.
#include <algorithm>
#include <cmath>

#include "compiler/passes/dead.hpp"
#include "compiler/passes/match.hpp"
#include "compiler/passes/passes.hpp"

namespace oct::passes {
using ir::Attributes;
using ir::Graph;
using ir::Ints;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::Tensor;
using ir::ValueId;

namespace {

/// The value that a node averages along one axis.
struct Mean {
  ValueId of = ir::kNone;
  std::int64_t axis = 0;
};
Mean mean_of(const Graph& g, ValueId v) {
  const Node* n = g.producer(v, Op::kReduceMean);
  if (!n || !n->attrs.integer("keepdims", 1)) return {};
  const Ints axes = n->attrs.ints("axes");
  if (axes.size() != 1) return {};
  return {n->inputs[0], ir::normalized_axis(axes[0], g.value(n->inputs[0]).shape().size())};
}

struct Length {
  ValueId of = ir::kNone;  // sqrt(mean(of^2) + epsilon)
  double epsilon = 0;
  std::int64_t axis = 0;
};

/// v = sqrt(mean(d * d) + epsilon)?
std::optional<Length> root_mean_square(const Graph& g, ValueId v) {
  const Node* root = g.producer(v, Op::kSqrt);
  if (!root) return std::nullopt;
  Length out;
  ValueId mean = root->inputs[0];
  if (const Node* add = g.producer(mean, Op::kAdd)) {
    const auto e = uniform(g, add->inputs[1]);
    if (!e) return std::nullopt;
    out.epsilon = *e;
    mean = add->inputs[0];
  }
  const Mean square = mean_of(g, mean);
  const Node* mul = square.of == ir::kNone ? nullptr : g.producer(square.of, Op::kMul);
  if (!mul || mul->inputs[0] != mul->inputs[1]) return std::nullopt;
  out.of = mul->inputs[0];
  out.axis = square.axis;
  return out;
}

/// n = d / rms(d) or d * (1 / rms(d)).
std::optional<Length> normalized(const Graph& g, const Node& n) {
  if (n.op == Op::kDiv) {
    const auto rms = root_mean_square(g, n.inputs[1]);
    if (rms && rms->of == n.inputs[0]) return rms;
  }
  if (n.op == Op::kMul) {
    for (std::size_t i = 0; i < 2; ++i) {
      const Node* inverse = g.producer(n.inputs[i], Op::kReciprocal);
      const auto rms = inverse ? root_mean_square(g, inverse->inputs[0]) : std::nullopt;
      if (rms && rms->of == n.inputs[1 - i]) return rms;
    }
  }
  return std::nullopt;
}

/// d = x - mean(x)?
ValueId centred(const Graph& g, ValueId d, std::int64_t axis) {
  const Node* sub = g.producer(d, Op::kSub);
  if (!sub) return ir::kNone;
  const Mean mean = mean_of(g, sub->inputs[1]);
  return mean.of == sub->inputs[0] && mean.axis == axis ? sub->inputs[0] : ir::kNone;
}

/// A constant along one axis: [C, 1, 1] for axis 1 of four.
bool is_axis_vector(const Graph& g, ValueId v, const ir::Shape& shape, std::int64_t axis) {
  if (axis + 1 == static_cast<std::int64_t>(shape.size())) return is_last_axis_vector(g, v, shape);
  const Tensor* t = g.constant(v);
  if (t == nullptr || !ir::is_float(t->dtype()) || t->shape().size() > shape.size()) return false;
  const auto missing = static_cast<std::int64_t>(shape.size() - t->shape().size());
  for (std::size_t i = 0; i < t->shape().size(); ++i) {
    const std::int64_t d = static_cast<std::int64_t>(i) + missing;
    const bool along = d == axis && t->shape()[i] == shape[static_cast<std::size_t>(axis)];
    if (t->shape()[i] != 1 && !along) return false;
  }
  return true;
}

/// v * p or v + p by a constant vector, as the only use of v.
const Node* vector_user(const Graph& g, ValueId v, Op op, std::int64_t axis) {
  if (!used_once(g, v)) return nullptr;
  const Node& user = g.node(g.value(v).users[0]);
  if (user.op != op || user.inputs[0] != v) return nullptr;
  if (!is_axis_vector(g, user.inputs[1], g.value(v).shape(), axis)) return nullptr;
  return g.value(user.output).type == g.value(v).type ? &user : nullptr;
}

ValueId vector_of(Graph& g, const Node& user, std::int64_t axis) {
  const std::int64_t n = g.value(user.output).shape().at(static_cast<std::size_t>(axis));
  const Tensor* t = g.constant(user.inputs[1]);
  return g.add_constant(g.value(user.inputs[1]).name, t != nullptr && t->size() == n
                                                          ? t->reshaped({n})
                                                          : last_axis_vector(g, user.inputs[1], n));
}

bool build_norm(Graph& g, const Node& n) {
  const auto found = normalized(g, n);
  if (!found) return false;
  const std::int64_t axis = found->axis;
  const ValueId inner = centred(g, found->of, axis);
  const bool layer = inner != ir::kNone;
  ir::Sources sources = sources_between(g, n.output, {layer ? inner : found->of});
  ValueId output = n.output, gamma = ir::kNone, beta = ir::kNone;
  if (const Node* mul = vector_user(g, output, Op::kMul, axis)) {
    gamma = vector_of(g, *mul, axis);
    sources = merged(sources, mul->sources);
    output = mul->output;
  }
  const Node* add = layer ? vector_user(g, output, Op::kAdd, axis) : nullptr;
  if (add) {
    beta = vector_of(g, *add, axis);
    sources = merged(sources, add->sources);
    output = add->output;
  }
  // Channels in front (images) go to the back and return.
  const std::int64_t last = g.value(output).rank() - 1;
  Ints there, back(static_cast<std::size_t>(last) + 1);
  for (std::int64_t d = 0; d <= last; ++d) {
    if (d != axis) there.push_back(d);
  }
  there.push_back(axis);
  for (std::size_t i = 0; i < there.size(); ++i) {
    back[static_cast<std::size_t>(there[i])] = static_cast<std::int64_t>(i);
  }
  ValueId x = layer ? inner : found->of;
  if (axis != last) x = add_permute(g, x, there, n.name, sources);
  const Attributes attrs{{"axis", last}, {"epsilon", found->epsilon}};
  ValueId made =
      g.add(layer ? Op::kLayerNorm : Op::kRmsNorm, {x, gamma, beta}, attrs, n.name, sources);
  if (axis != last) made = add_permute(g, made, back, n.name, sources);
  g.replace_uses(output, made);
  return true;
}

/// gamma and beta behind a norm that has none yet.
bool absorb(Graph& g, NodeId id) {
  const Node& n = g.node(id);
  const auto missing = [&](std::size_t i) {
    return i >= n.inputs.size() || n.inputs[i] == ir::kNone;
  };
  const bool bare = n.op == Op::kLayerNorm || n.op == Op::kRmsNorm;
  const std::int64_t last = g.value(n.output).rank() - 1;
  if (!bare || n.attrs.integer("axis", -1) != last) return false;
  std::vector<ValueId> in = n.inputs;
  in.resize(3, ir::kNone);
  const Node* user = missing(1) && missing(2) ? vector_user(g, n.output, Op::kMul, last) : nullptr;
  std::size_t slot = 1;
  if (!user && missing(2) && n.op == Op::kLayerNorm) {
    user = vector_user(g, n.output, Op::kAdd, last);
    slot = 2;
  }
  if (!user) return false;
  in[slot] = vector_of(g, *user, last);
  g.replace_uses(user->output, g.add(n.op, in, n.attrs, n.name, merged(n.sources, user->sources)));
  return true;
}

/// x / max(|x|, epsilon) along any axis.
bool build_l2(Graph& g, const Node& n) {
  if (n.op != Op::kDiv) return false;
  ValueId length = n.inputs[1];
  double epsilon = 0;
  if (const Node* e = g.producer(length, Op::kExpand)) length = e->inputs[0];
  if (const Node* clip = g.producer(length, Op::kClip)) {
    if (clip->attrs.has("max")) return false;
    epsilon = clip->attrs.number("min", 0);
    length = clip->inputs[0];
  } else if (const Node* max = g.producer(length, Op::kMax)) {
    const auto bound = uniform(g, max->inputs[1]);
    if (!bound) return false;
    epsilon = *bound;
    length = max->inputs[0];
  }
  const Node* norm = g.producer(length, Op::kReduceL2);
  ValueId of = norm ? norm->inputs[0] : ir::kNone;
  if (!norm) {
    const Node* root = g.producer(length, Op::kSqrt);
    norm = root ? g.producer(root->inputs[0], Op::kReduceSum) : nullptr;
    const Node* square = norm ? g.producer(norm->inputs[0], Op::kMul) : nullptr;
    if (!square || square->inputs[0] != square->inputs[1]) return false;
    of = square->inputs[0];
  }
  const Ints axes = norm->attrs.ints("axes");
  if (of != n.inputs[0] || axes.size() != 1 || !norm->attrs.integer("keepdims", 1)) return false;
  const auto axis = ir::normalized_axis(axes[0], g.value(of).shape().size());
  g.replace_uses(n.output, g.add(Op::kL2Norm, {of}, {{"axis", axis}, {"epsilon", epsilon}}, n.name,
                                 sources_between(g, n.output, {of})));
  return true;
}

}  // namespace

Graph norms(Graph g) {
  for (const NodeId id : g.order()) {
    const Node& n = g.node(id);
    if (!n.alive || g.use_count(n.output) == 0) continue;
    const ValueId output = n.output;
    if (build_norm(g, n) || build_l2(g, g.node(id))) remove_dead_behind(g, output);
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (const NodeId id : g.order()) {
      if (g.node(id).alive && absorb(g, id)) changed = true;
      if (changed) break;
    }
    g.remove_dead();
  }
  return g;
}

}  // namespace oct::passes
