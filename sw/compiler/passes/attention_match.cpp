// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/attention_match.hpp"

#include <algorithm>

namespace oct::passes {
using ir::Graph;
using ir::kNone;
using ir::Node;
using ir::Op;
using ir::Shape;
using ir::ValueId;

namespace {

constexpr double kFill = -9000;  // Where(mask, scores, this or less) is a mask

bool is_fill(const Graph& g, ValueId v) {
  const auto u = uniform(g, v);
  return u && *u <= kFill;
}

/// Zeros and ones, by which scores are multiplied before hidden ones get their number.
const ir::Tensor* zeros_and_ones(const Graph& g, ValueId v) {
  const ir::Tensor* t = g.constant(v);
  if (t == nullptr || uniform(g, v)) return nullptr;
  const std::vector<double> all = t->to_doubles();
  const bool fits = std::all_of(all.begin(), all.end(), [](double x) { return x == 0 || x == 1; });
  return fits ? t : nullptr;
}

/// Whether a term hides all scores that `ones` makes zeros: they need not be zeros then.
bool hides(const Graph& g, const Term& term, const ir::Tensor& ones) {
  const ir::Tensor* t = g.constant(term.value);
  if (t == nullptr || term.condition || t->shape() != ones.shape()) return false;
  for (std::int64_t i = 0; i < t->size(); ++i) {
    if (ones.at(i) == 0 && t->at(i) * term.factor > kFill) return false;
  }
  return true;
}

/// Whether a product of two run-time operands is behind v, through scales and masks.
bool leads_to_product(const Graph& g, ValueId v, int depth = 0) {
  const Node* n = g.producer(v);
  if (!n || depth > 8) return false;
  switch (n->op) {
    case Op::kMatMul:
      return g.value(v).rank() >= 2;
    case Op::kMul:
      return (uniform(g, n->inputs[1]) || zeros_and_ones(g, n->inputs[1])) &&
             leads_to_product(g, n->inputs[0], depth + 1);
    case Op::kTanh:
    case Op::kReshape:
    case Op::kSub:
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

}  // namespace

std::optional<Scores> scores_of(const Graph& g, ValueId v) {
  Scores out;
  const ValueId start = v;
  for (int depth = 0; depth < 12; ++depth) {
    const Node* n = g.producer(v);
    if (!n || !same_matrices(g, v, start)) return std::nullopt;
    out.sources = merged(n->sources, out.sources);
    if (g.value(v).rank() == 4) out.shape = g.value(v).shape();
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
    } else if (const ir::Tensor* ones =
                   n->op == Op::kMul ? zeros_and_ones(g, n->inputs[1]) : nullptr;
               ones != nullptr && std::any_of(out.terms.begin(), out.terms.end(),
                                              [&](const Term& t) { return hides(g, t, *ones); })) {
      v = n->inputs[0];
    } else if (n->op == Op::kSub && out.softcap == 0 && leads_to_product(g, n->inputs[0])) {
      out.terms.push_back({n->inputs[1], -out.scale});
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
  if (const Node& w = *out.product; w.op == Op::kWhere && used_once(g, w.output) &&
                                    same_matrices(g, p, w.output) &&
                                    (uniform(g, w.inputs[w.inputs[1] == p ? 2 : 1]) == 0.0)) {
    out.guarded = true;
    out.zeroed = &w;
    out.sources = merged(out.sources, w.sources);
    p = w.output;
    out.product = &g.node(g.value(p).users[0]);
  }
  if (out.product->op == Op::kReshape && same_matrices(g, p, out.product->output)) {
    p = out.product->output;
    if (!used_once(g, p)) return std::nullopt;
    out.product = &g.node(g.value(p).users[0]);
  }
  if (out.product->op != Op::kMatMul || out.product->inputs[0] != p) return std::nullopt;
  return out;
}

bool zeroed_where_masked(const Scores& s, const Probabilities& p, ValueId probabilities) {
  if (!p.zeroed) return true;
  const bool passes = p.zeroed->inputs[1] == probabilities;
  const auto conditions =
      std::count_if(s.terms.begin(), s.terms.end(), [](const Term& t) { return t.condition; });
  return conditions == 1 && std::any_of(s.terms.begin(), s.terms.end(), [&](const Term& t) {
           return t.condition && t.value == p.zeroed->inputs[0] && t.inverted == !passes;
         });
}

}  // namespace oct::passes
