// SPDX-License-Identifier: Apache-2.0
// softmax(q k' * scale + masks) v, in the spellings of exporters, becomes Attention on
// [batch, heads, sequence, width]: scales from wherever they stand, masks by what they mean,
// repeated key and value heads as groups.
#include <algorithm>
#include <map>
#include <tuple>

#include "compiler/passes/attention_match.hpp"
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
    Shape shape = g_.value(softmax.output).shape();
    if (shape.size() < 2 || shape.size() > 4 ||
        ir::normalized_axis(softmax.attrs.integer("axis", -1), shape.size()) !=
            static_cast<std::int64_t>(shape.size()) - 1) {
      return false;
    }
    const auto scores = scores_of(g_, softmax.inputs[0]);
    const auto values = product_with_values(g_, softmax.output);
    if (!scores || !values || !zeroed_where_masked(*scores, *values, softmax.output)) return false;
    const std::string name = softmax.name;
    if (shape.size() == 3 && !scores->shape.empty()) shape = scores->shape;
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
    const Mask mask = mask_of(*scores, full, name, values->guarded);
    if (mask.causal) {
      attrs.set("causal", std::int64_t{1});
      attrs.set("offset", mask.offset);
      if (mask.window) attrs.set("window", mask.window);
    }
    if (mask.empty_rows_average && !values->guarded && (mask.key_mask != kNone)) {
      attrs.set("masked_rows", std::int64_t{1});
    }
    sources = merged(merged(sources, values->sources), values->product->sources);
    ValueId y = g_.add(Op::kAttention, {q, k, v, mask.key_mask, mask.bias}, attrs, name, sources);
    if (mask.rows) y = without_rows(y, mask.key_mask, name);
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

  /// Rows of queries that a mask [B, S] hides become 0.
  ValueId without_rows(ValueId y, ValueId mask, const std::string& name) {
    const Shape s = g_.value(mask).shape();
    const ir::DType type = g_.value(mask).type.dtype;
    const ValueId zero =
        g_.add_constant("zero", Tensor::int64s({1, 1, 1, 1}, Ints{0}).converted(type));
    ValueId m = add_reshape(g_, mask, {s[0], 1, s[1], 1}, name, {});
    m = g_.add(Op::kNot, {g_.add(Op::kEqual, {m, zero}, {}, name, {})}, {}, name, {});
    m = g_.add(Op::kCast, {m}, {{"to", static_cast<std::int64_t>(ir::DType::kFloat32)}}, name, {});
    return g_.add(Op::kMul, {y, m}, {}, name, {});
  }

  /// The masks of the scores; what is computed from activations is a bias of its own.
  Mask mask_of(const Scores& s, const Shape& full, const std::string& name, bool guarded) {
    std::vector<Term> masks, computed;
    for (const Term& t : s.terms) {
      const auto inputs = inputs_of(g_, t.value);
      const bool plain = inputs.empty() || integer_source(g_, t.value) != kNone;
      (t.condition || plain ? masks : computed).push_back(t);
    }
    if (masks.empty()) std::swap(masks, computed);
    Mask mask = mask_of(masks, full, name, guarded);
    if (computed.empty()) return mask;
    const ValueId bias = sum_of(computed, name);
    mask.bias = mask.bias == kNone ? bias : g_.add(Op::kAdd, {mask.bias, bias}, {}, name, {});
    return mask;
  }

  /// All terms as one value that is added to the scores, then what it means.
  Mask mask_of(const std::vector<Term>& terms, const Shape& full, const std::string& name,
               bool guarded) {
    const ValueId sum = sum_of(terms, name);
    return sum == kNone ? Mask{} : understood(sum, full, guarded);
  }

  ValueId sum_of(const std::vector<Term>& terms, const std::string& name) {
    ValueId sum = kNone;
    for (const Term& t : terms) {
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
    if (sum == kNone) return kNone;
    Shape shape = g_.value(sum).shape();
    if (shape.size() < 4) {
      while (shape.size() < 4) shape.insert(shape.begin(), 1);
      sum = add_reshape(g_, sum, shape, name, {});
    }
    return sum;
  }

  /// Layers share their mask: it is understood once.
  Mask understood(ValueId v, const Shape& full, bool guarded = false) {
    const auto [base, layout] = unlaid(g_, v);
    const auto key = std::tuple(base, full, guarded);
    const auto it = known_.find(key);
    if (it != known_.end()) return it->second;
    return known_[key] = understand_mask(g_, v, full, guarded);
  }

  Graph& g_;
  std::map<std::tuple<ValueId, Shape, bool>, Mask> known_;
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
