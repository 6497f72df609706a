// SPDX-License-Identifier: Apache-2.0
// LayerNorm, RMSNorm and L2 normalisation from their parts.
#include <algorithm>
#include <cmath>

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

/// The value that a node averages (or sums) along its last axis.
ValueId reduced_last(const Graph& g, ValueId v, Op op) {
  const Node* n = g.producer(v, op);
  if (!n || !n->attrs.integer("keepdims", 1)) return ir::kNone;
  const Ints axes = n->attrs.ints("axes");
  const bool last =
      axes.size() == 1 && ir::normalized_axis(axes[0], g.value(n->inputs[0]).shape().size()) ==
                              g.value(n->inputs[0]).rank() - 1;
  return last ? n->inputs[0] : ir::kNone;
}

struct Length {
  ValueId of = ir::kNone;  // sqrt(mean(of^2) + epsilon)
  double epsilon = 0;
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
  const ValueId square = reduced_last(g, mean, Op::kReduceMean);
  const Node* mul = square == ir::kNone ? nullptr : g.producer(square, Op::kMul);
  if (!mul || mul->inputs[0] != mul->inputs[1]) return std::nullopt;
  out.of = mul->inputs[0];
  return out;
}

struct Normalized {
  ValueId x = ir::kNone;
  double epsilon = 0;
};

/// n = d / rms(d) or d * (1 / rms(d)).
std::optional<Normalized> normalized(const Graph& g, const Node& n) {
  if (n.op == Op::kDiv) {
    const auto rms = root_mean_square(g, n.inputs[1]);
    if (rms && rms->of == n.inputs[0]) return Normalized{n.inputs[0], rms->epsilon};
  }
  if (n.op == Op::kMul) {
    for (std::size_t i = 0; i < 2; ++i) {
      const Node* inverse = g.producer(n.inputs[i], Op::kReciprocal);
      const auto rms = inverse ? root_mean_square(g, inverse->inputs[0]) : std::nullopt;
      if (rms && rms->of == n.inputs[1 - i]) return Normalized{n.inputs[1 - i], rms->epsilon};
    }
  }
  return std::nullopt;
}

/// d = x - mean(x)?
ValueId centred(const Graph& g, ValueId d) {
  const Node* sub = g.producer(d, Op::kSub);
  if (!sub) return ir::kNone;
  return reduced_last(g, sub->inputs[1], Op::kReduceMean) == sub->inputs[0] ? sub->inputs[0]
                                                                            : ir::kNone;
}

/// v * p or v + p by a constant vector, as the only use of v.
const Node* vector_user(const Graph& g, ValueId v, Op op) {
  if (!used_once(g, v)) return nullptr;
  const Node& user = g.node(g.value(v).users[0]);
  if (user.op != op || user.inputs[0] != v) return nullptr;
  if (!is_last_axis_vector(g, user.inputs[1], g.value(v).shape())) return nullptr;
  return g.value(user.output).type == g.value(v).type ? &user : nullptr;
}

ValueId vector_of(Graph& g, const Node& user) {
  return g.add_constant(g.value(user.inputs[1]).name,
                        last_axis_vector(g, user.inputs[1], g.value(user.output).shape().back()));
}

bool build_norm(Graph& g, const Node& n) {
  const auto found = normalized(g, n);
  if (!found) return false;
  const ValueId inner = centred(g, found->x);
  const bool layer = inner != ir::kNone;
  ir::Sources sources = sources_between(g, n.output, {layer ? inner : found->x});
  ValueId output = n.output, gamma = ir::kNone, beta = ir::kNone;
  if (const Node* mul = vector_user(g, output, Op::kMul)) {
    gamma = vector_of(g, *mul);
    sources = merged(sources, mul->sources);
    output = mul->output;
  }
  const Node* add = layer ? vector_user(g, output, Op::kAdd) : nullptr;
  if (add) {
    beta = vector_of(g, *add);
    sources = merged(sources, add->sources);
    output = add->output;
  }
  const ValueId x = layer ? inner : found->x;
  const Attributes attrs{{"axis", g.value(x).rank() - 1}, {"epsilon", found->epsilon}};
  const ValueId made =
      g.add(layer ? Op::kLayerNorm : Op::kRmsNorm, {x, gamma, beta}, attrs, n.name, sources);
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
  if (!bare || n.attrs.integer("axis", -1) != g.value(n.output).rank() - 1) return false;
  std::vector<ValueId> in = n.inputs;
  in.resize(3, ir::kNone);
  const Node* user = missing(1) && missing(2) ? vector_user(g, n.output, Op::kMul) : nullptr;
  std::size_t slot = 1;
  if (!user && missing(2) && n.op == Op::kLayerNorm) {
    user = vector_user(g, n.output, Op::kAdd);
    slot = 2;
  }
  if (!user) return false;
  in[slot] = vector_of(g, *user);
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
    if (build_norm(g, n) || build_l2(g, n)) g.remove_dead();
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
