// SPDX-License-Identifier: Apache-2.0
// softmax(q k' * scale + masks) v, in the spellings of exporters, becomes Attention on
// [batch, heads, sequence, width]: scales from wherever they stand, masks by what they mean,
// repeated key and value heads as groups.
#include <algorithm>
#include <map>

#include "compiler/passes/passes.hpp"
#include "compiler/passes/probe.hpp"

namespace oct::passes {
using ir::Attributes;
using ir::Graph;
using ir::Ints;
using ir::kNone;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::Shape;
using ir::Tensor;
using ir::ValueId;

namespace {

constexpr double kFill = -9000;  // Where(mask, scores, this or less) is a mask

/// A factor on one operand of what is linear in it moves behind it.
bool sink_factor(Graph& g, NodeId id) {
  const Node& n = g.node(id);
  const bool linear =
      n.op == Op::kMatMul || n.op == Op::kRotary || n.op == Op::kReshape || n.op == Op::kRearrange;
  if (!linear || !ir::is_float(g.value(n.output).type.dtype)) return false;
  for (std::size_t i = 0; i < (n.op == Op::kMatMul ? 2U : 1U); ++i) {
    const Node* m = g.producer(n.inputs[i], Op::kMul);
    if (!m || !uniform(g, m->inputs[1]) || !used_once(g, m->output) ||
        g.value(m->inputs[0]).type != g.value(m->output).type) {
      continue;
    }
    const ValueId factor = g.add_constant(
        g.value(m->inputs[1]).name, Tensor::scalar(static_cast<float>(*uniform(g, m->inputs[1]))));
    std::vector<ValueId> in = n.inputs;
    in[i] = m->inputs[0];
    const ValueId y = g.add(n.op, in, n.attrs, n.name, n.sources);
    g.replace_uses(n.output, g.add(Op::kMul, {y, factor}, {}, m->name, m->sources));
    return true;
  }
  return false;
}

struct Term {
  ValueId value = kNone;
  double factor = 1;
  bool condition = false, inverted = false;  // truth values: which keys pass, or which do not
};

struct Scores {
  const Node* product = nullptr;
  double scale = 1, softcap = 0;
  std::vector<Term> terms;
  ir::Sources sources;
};

bool is_fill(const Graph& g, ValueId v) {
  const auto u = uniform(g, v);
  return u && *u <= kFill;
}

/// Whether a product of two run-time operands is behind v, through scales and masks.
bool leads_to_product(const Graph& g, ValueId v, int depth = 0) {
  const Node* n = g.producer(v);
  if (!n || depth > 8) return false;
  switch (n->op) {
    case Op::kMatMul:
      return g.value(v).rank() >= 2;
    case Op::kMul:
      return uniform(g, n->inputs[1]) && leads_to_product(g, n->inputs[0], depth + 1);
    case Op::kTanh:
    case Op::kReshape:
      return leads_to_product(g, n->inputs[0], depth + 1);
    case Op::kAdd:
      return leads_to_product(g, n->inputs[0], depth + 1) ||
             leads_to_product(g, n->inputs[1], depth + 1);
    case Op::kWhere:
      return (is_fill(g, n->inputs[2]) && leads_to_product(g, n->inputs[1], depth + 1)) ||
             (is_fill(g, n->inputs[1]) && leads_to_product(g, n->inputs[2], depth + 1));
    default:
      return false;
  }
}

/// Matrices that are the same under another number of leading dimensions.
bool same_matrices(const Graph& g, ValueId a, ValueId b) {
  const Shape &x = g.value(a).shape(), &y = g.value(b).shape();
  return x.size() >= 2 && y.size() >= 2 && std::equal(x.end() - 2, x.end(), y.end() - 2) &&
         ir::element_count(x) == ir::element_count(y);
}

std::optional<Scores> scores_of(const Graph& g, ValueId v) {
  Scores out;
  const ValueId start = v;
  for (int depth = 0; depth < 12; ++depth) {
    const Node* n = g.producer(v);
    if (!n || !same_matrices(g, v, start)) return std::nullopt;
    out.sources = merged(n->sources, out.sources);
    if (n->op == Op::kMatMul) {
      out.product = n;
      return out;
    }
    if (n->op == Op::kReshape) {  // heads leave the batch or join it
      v = n->inputs[0];
    } else if (n->op == Op::kMul && uniform(g, n->inputs[1])) {
      const double f = *uniform(g, n->inputs[1]);
      if (const Node* t = g.producer(n->inputs[0], Op::kTanh)) {
        if (out.softcap != 0 || out.scale != 1) return std::nullopt;
        out.softcap = f;
        out.scale = f;  // the factor inside is its inverse, times the scale
        v = t->inputs[0];
        continue;
      }
      out.scale *= f;
      v = n->inputs[0];
    } else if (n->op == Op::kAdd) {
      const auto way = choose(*n, [&](ValueId in) { return leads_to_product(g, in); });
      if (!way || out.softcap != 0) return std::nullopt;
      out.terms.push_back({way->other, out.scale});
      v = way->chosen;
    } else if (n->op == Op::kWhere && out.softcap == 0) {
      const bool passes = is_fill(g, n->inputs[2]);
      if (!passes && !is_fill(g, n->inputs[1])) return std::nullopt;
      out.terms.push_back({n->inputs[0], 1, true, !passes});
      v = n->inputs[passes ? 1 : 2];
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

/// Where a run of probabilities is used: behind guards against NaN, by the product with v.
struct Probabilities {
  const Node* product = nullptr;
  bool guarded = false;
  ir::Sources sources;
};

std::optional<Probabilities> product_with_values(const Graph& g, ValueId p) {
  Probabilities out;
  if (g.value(p).users.size() == 2) {
    const Node *a = &g.node(g.value(p).users[0]), *b = &g.node(g.value(p).users[1]);
    if (a->op == Op::kWhere) std::swap(a, b);
    if (a->op != Op::kIsNan || b->op != Op::kWhere || b->inputs[0] != a->output ||
        b->inputs[2] != p || uniform(g, b->inputs[1]) != 0.0) {
      return std::nullopt;
    }
    out.guarded = true;
    out.sources = merged(a->sources, b->sources);
    p = b->output;
  }
  if (!used_once(g, p)) return std::nullopt;
  out.product = &g.node(g.value(p).users[0]);
  if (out.product->op == Op::kReshape && same_matrices(g, p, out.product->output)) {
    p = out.product->output;
    if (!used_once(g, p)) return std::nullopt;
    out.product = &g.node(g.value(p).users[0]);
  }
  if (out.product->op != Op::kMatMul || out.product->inputs[0] != p) return std::nullopt;
  return out;
}

/// [.., S, D] as [B, H, S, D]; `scores` tells B and H where they are one dimension. kNone if it
/// has more dimensions.
ValueId four(Graph& g, ValueId v, const Shape& scores, const std::string& name) {
  Shape s = g.value(v).shape();
  if (s.size() > 4 || s.size() < 2) return kNone;
  if (s.size() == 3 && scores.size() == 4 && s[0] == scores[0] * scores[1]) {
    s = {scores[0], scores[1], s[1], s[2]};
  }
  while (s.size() < 4) s.insert(s.begin(), 1);
  return add_reshape(g, v, s, name, {});
}

/// Chains of layout nodes as one, down to what they start from.
std::pair<ValueId, Layout> unlaid(const Graph& g, ValueId v) {
  const Shape& shape = g.value(v).shape();
  Layout l = reduced({shape,
                      [&] {
                        Ints p(shape.size());
                        for (std::size_t i = 0; i < p.size(); ++i)
                          p[i] = static_cast<std::int64_t>(i);
                        return p;
                      }(),
                      shape});
  while (const Node* n = g.producer(v)) {
    if (n->op != Op::kReshape && n->op != Op::kRearrange) break;
    const auto both = composed(layout_of(g, *n), l);
    if (!both) break;
    l = *both;
    v = n->inputs[0];
  }
  return {v, l};
}

/// The key or value heads that [B, H, T, D] repeats: [B, G, T, D], or v itself.
ValueId without_repeats(Graph& g, ValueId v, const std::string& name, ir::Sources& sources) {
  const Shape s = g.value(v).shape();
  const auto [base, layout] = unlaid(g, v);
  const Node* e = g.producer(base, Op::kExpand);
  if (!e || !std::is_sorted(layout.perm.begin(), layout.perm.end())) return v;
  const Shape &from = g.value(e->inputs[0]).shape(), &to = g.value(base).shape();
  // [B, G, 1, T, D] -> [B, G, r, T, D]
  if (from.size() != 5 || to.size() != 5 || from[2] != 1 || to[0] * to[1] * to[2] != s[0] * s[1] ||
      to[3] != s[2] || to[4] != s[3] || from[1] != to[1] || from[0] != to[0]) {
    return v;
  }
  if (to[0] != s[0]) return v;
  sources = merged(e->sources, sources);
  return add_reshape(g, e->inputs[0], {to[0], to[1], to[3], to[4]}, name, {});
}

class Builder {
 public:
  explicit Builder(Graph& g) : g_(g) {}

  bool build(const Node& softmax) {
    const Shape shape = g_.value(softmax.output).shape();
    if (shape.size() < 2 || shape.size() > 4 ||
        ir::normalized_axis(softmax.attrs.integer("axis", -1), shape.size()) !=
            static_cast<std::int64_t>(shape.size()) - 1) {
      return false;
    }
    const auto scores = scores_of(g_, softmax.inputs[0]);
    const auto values = product_with_values(g_, softmax.output);
    if (!scores || !values) return false;
    const std::string name = softmax.name;
    const ValueId q = four(g_, scores->product->inputs[0], shape, name);
    ValueId k = scores->product->inputs[1], v = values->product->inputs[1];
    if (is_weight(g_, v) || is_weight(g_, k) || q == kNone) return false;
    Ints swap(g_.value(k).shape().size());
    for (std::size_t i = 0; i < swap.size(); ++i) swap[i] = static_cast<std::int64_t>(i);
    std::swap(swap[swap.size() - 1], swap[swap.size() - 2]);
    k = four(g_, add_permute(g_, k, swap, name, {}), shape, name);
    v = four(g_, v, shape, name);
    if (k == kNone || v == kNone) return false;
    ir::Sources sources = merged(scores->sources, softmax.sources);
    k = without_repeats(g_, k, name, sources);
    v = without_repeats(g_, v, name, sources);
    const Shape qs = g_.value(q).shape(), ks = g_.value(k).shape(), vs = g_.value(v).shape();
    if (qs[0] != ks[0] || ks[0] != vs[0] || ks[1] != vs[1] || qs[1] % ks[1] != 0) return false;
    const Shape full{qs[0], qs[1], qs[2], ks[2]};
    Attributes attrs{{"scale", scores->scale}};
    if (scores->softcap != 0) attrs.set("softcap", scores->softcap);
    if (!terms_fit(scores->terms, full)) return false;
    const Mask mask = mask_of(*scores, full, name);
    if (mask.causal) {
      attrs.set("causal", std::int64_t{1});
      attrs.set("offset", mask.offset);
      if (mask.window) attrs.set("window", mask.window);
    }
    if (mask.empty_rows_average && !values->guarded && (mask.key_mask != kNone)) {
      attrs.set("masked_rows", std::int64_t{1});
    }
    sources = merged(merged(sources, values->sources), values->product->sources);
    const ValueId y =
        g_.add(Op::kAttention, {q, k, v, mask.key_mask, mask.bias}, attrs, name, sources);
    g_.replace_uses(values->product->output,
                    add_reshape(g_, y, g_.value(values->product->output).shape(), name, {}));
    return true;
  }

  /// The mask of an Attention that was one operator in the model.
  bool refine(NodeId id) {
    const Node& n = g_.node(id);
    if (n.inputs.size() < 5 || n.inputs[4] == kNone || n.inputs[3] != kNone) return false;
    const Shape qs = g_.value(n.inputs[0]).shape(), ks = g_.value(n.inputs[1]).shape();
    const Mask m = understood(n.inputs[4], {qs[0], qs[1], qs[2], ks[2]});
    if (m.bias == n.inputs[4] || (m.causal && n.attrs.integer("causal"))) return false;
    Attributes attrs = n.attrs;
    if (m.causal) {
      attrs.set("causal", std::int64_t{1});
      attrs.set("offset", m.offset);
      if (m.window) attrs.set("window", m.window);
    }
    g_.replace_uses(n.output, g_.add(Op::kAttention,
                                     {n.inputs[0], n.inputs[1], n.inputs[2], m.key_mask, m.bias},
                                     attrs, n.name, n.sources));
    return true;
  }

 private:
  /// Whether every mask broadcasts to the scores, windows of an image among the batch, too.
  bool terms_fit(const std::vector<Term>& terms, const Shape& full) {
    return std::all_of(terms.begin(), terms.end(), [&](const Term& t) {
      Shape s = g_.value(t.value).shape();
      if (s.size() == 5 && s[0] == 1) s.erase(s.begin());
      if (s.size() > 4) return false;
      while (s.size() < 4) s.insert(s.begin(), 1);
      for (std::size_t i = 0; i < 4; ++i) {
        if (s[i] != 1 && s[i] != full[i]) return false;
      }
      return true;
    });
  }

  /// All terms as one value that is added to the scores, then what it means.
  Mask mask_of(const Scores& s, const Shape& full, const std::string& name) {
    ValueId sum = kNone;
    for (const Term& t : s.terms) {
      ValueId v = t.value;
      Shape four = g_.value(v).shape();
      if (four.size() == 5) four.erase(four.begin());
      v = add_reshape(g_, v, four, name, {});
      if (t.condition) {
        const ValueId zero = g_.add_constant("zero", Tensor::scalar(0));
        const ValueId none = g_.add_constant("masked", Tensor::scalar(-3.0e38F));
        v = t.inverted ? g_.add(Op::kWhere, {v, none, zero}, {}, name, {})
                       : g_.add(Op::kWhere, {v, zero, none}, {}, name, {});
      } else if (t.factor != 1) {
        const ValueId f = g_.add_constant("factor", Tensor::scalar(static_cast<float>(t.factor)));
        v = g_.add(Op::kMul, {v, f}, {}, name, {});
      }
      sum = sum == kNone ? v : g_.add(Op::kAdd, {sum, v}, {}, name, {});
    }
    if (sum == kNone) return {};
    Shape shape = g_.value(sum).shape();
    if (shape.size() < 4) {
      while (shape.size() < 4) shape.insert(shape.begin(), 1);
      sum = add_reshape(g_, sum, shape, name, {});
    }
    return understood(sum, full);
  }

  /// Layers share their mask: it is understood once.
  Mask understood(ValueId v, const Shape& full) {
    const auto [base, layout] = unlaid(g_, v);
    const auto key = std::pair(base, full);
    const auto it = known_.find(key);
    if (it != known_.end()) return it->second;
    return known_[key] = understand_mask(g_, v, full);
  }

  Graph& g_;
  std::map<std::pair<ValueId, Shape>, Mask> known_;
};

}  // namespace

Graph attention(Graph g) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const NodeId id : g.order()) {
      if (g.node(id).alive && g.use_count(g.node(id).output) > 0) changed |= sink_factor(g, id);
    }
    g.remove_dead();
    if (changed) g = simplify(std::move(g));
  }
  Builder builder(g);
  for (const NodeId id : g.order()) {
    const Node& n = g.node(id);
    if (!n.alive || g.use_count(n.output) == 0) continue;
    if (n.op == Op::kSoftmax && builder.build(n)) continue;
    if (n.op == Op::kAttention) (void)builder.refine(id);
  }
  g.remove_dead();
  return simplify(std::move(g));
}

}  // namespace oct::passes
