// SPDX-License-Identifier: Apache-2.0
// Operators without an integer form of their own, where others say the same: extremes and choices
// by ReLU and products, quotients by reciprocals, norms, padding by slices. The rest is refused.
#include "compiler/passes/expressible.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "compiler/exec/executor.hpp"
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

/// max(a, b) = relu(a - b) + b, min(a, b) = a - relu(a - b).
ValueId extreme(Maker& m, const Node& n) {
  const bool most = n.op == Op::kMax;
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    const auto bound = uniform(m.graph(), n.inputs[i]);
    if (bound && shape_of(m, n.inputs[1 - i]) == shape_of(m, n.output))
      return m(Op::kClip, {n.inputs[1 - i]}, {{most ? "min" : "max", *bound}});
  }
  ValueId a = n.inputs[0], b = n.inputs[1];
  if (is_constant(m, a)) std::swap(a, b);
  const ValueId more = m(Op::kRelu, {m(Op::kSub, {a, b})});
  return most ? m(Op::kAdd, {more, b}) : m(Op::kSub, {a, more});
}

ValueId quotient(Maker& m, const Node& n) {
  if (is_constant(m, n.inputs[1])) return ir::kNone;
  return m(Op::kMul, {n.inputs[0], m(Op::kReciprocal, {n.inputs[1]})});
}

/// a where c, else b: (a - b) c + b. A constant c keeps both exactly.
ValueId choice(Maker& m, const Node& n) {
  const Tensor* c = m.graph().constant(n.inputs[0]);
  const ValueId a = n.inputs[1], b = n.inputs[2];
  if (c != nullptr) {
    std::vector<float> yes, no;
    for (const double v : c->to_doubles()) {
      yes.push_back(v != 0 ? 1.0F : 0.0F);
      no.push_back(1 - yes.back());
    }
    return m(Op::kAdd, {m(Op::kMul, {a, m.tensor(c->shape(), yes)}),
                        m(Op::kMul, {b, m.tensor(c->shape(), no)})});
  }
  // Truth values come from the host as numbers; what is computed of floats is not known so well.
  const Node* made = m.graph().producer(n.inputs[0], Op::kCast);
  if (m.graph().producer(made != nullptr ? made->inputs[0] : n.inputs[0]) != nullptr)
    return ir::kNone;
  const ValueId number =
      m(Op::kCast, {n.inputs[0]}, {{"to", static_cast<std::int64_t>(ir::DType::kFloat32)}});
  return m(Op::kAdd, {m(Op::kMul, {m(Op::kSub, {a, b}), number}), b});
}

/// Along another axis than the last: turned, done, turned back.
ValueId turned(Maker& m, const Node& n) {
  const std::size_t rank = shape_of(m, n.output).size();
  if (rank == 0) return ir::kNone;
  const std::size_t axis = axis_of(m, n, -1);
  if (axis + 1 == rank) return ir::kNone;
  Ints perm(rank);
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[axis], perm[rank - 1]);  // its own inverse
  ir::Attributes attrs = n.attrs;
  attrs.set("axis", static_cast<std::int64_t>(rank) - 1);
  return m.permute(m(n.op, {m.permute(n.inputs[0], perm)}, attrs), perm);
}

/// x / |x| = RmsNorm(x) / sqrt(n).
ValueId length_one(Maker& m, const Node& n) {
  if (const ValueId v = turned(m, n); v != ir::kNone) return v;
  if (shape_of(m, n.output).empty()) return ir::kNone;
  const std::int64_t size = shape_of(m, n.output).back();
  const double least = n.attrs.number("epsilon", 0);
  const std::vector<float> gamma(static_cast<std::size_t>(size),
                                 1 / std::sqrt(static_cast<float>(size)));
  return m(Op::kRmsNorm, {n.inputs[0], m.tensor({size}, gamma)},
           {{"axis", n.attrs.integer("axis", -1)},
            {"epsilon", std::max(least * least / static_cast<double>(size), 1e-12)}});
}

ValueId length(Maker& m, const Node& n) {
  return m(Op::kSqrt, {m(Op::kReduceSum, {m(Op::kMul, {n.inputs[0], n.inputs[0]})}, n.attrs)});
}

ValueId least(Maker& m, const Node& n) {
  return m(Op::kNeg, {m(Op::kReduceMax, {m(Op::kNeg, {n.inputs[0]})}, n.attrs)});
}

/// slope x + (1 - slope) relu(x).
ValueId leaky(Maker& m, const Node& n) {
  const Tensor* slope = m.graph().constant(n.inputs[1]);
  if (slope == nullptr) return ir::kNone;
  if (const auto one = uniform(m.graph(), n.inputs[1]))
    return m(Op::kLeakyRelu, {n.inputs[0]}, {{"alpha", *one}});
  std::vector<float> rest;
  for (const double v : slope->to_doubles()) rest.push_back(static_cast<float>(1 - v));
  return m(Op::kAdd, {m(Op::kMul, {n.inputs[0], n.inputs[1]}),
                      m(Op::kMul, {m(Op::kRelu, {n.inputs[0]}), m.tensor(slope->shape(), rest)})});
}

/// Groups are rows of a LayerNorm; factors by channels behind it.
ValueId groups(Maker& m, const Node& n) {
  const Shape s = shape_of(m, n.output);
  const std::int64_t count = n.attrs.integer("groups", 1);
  const std::int64_t row = ir::element_count(s) / (s[0] * count);
  ValueId v = m(Op::kLayerNorm, {m.reshape(n.inputs[0], {s[0], count, row}), ir::kNone, ir::kNone},
                {{"axis", std::int64_t{2}}, {"epsilon", n.attrs.number("epsilon", 1e-5)}});
  v = m.reshape(v, s);
  Shape channels(s.size() - 1, 1);
  channels[0] = s[1];
  for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
    const Tensor* t = m.graph().constant(n.inputs[i]);
    if (t == nullptr) return ir::kNone;
    const std::vector<double> d = t->to_doubles();
    v = m(i == 1 ? Op::kMul : Op::kAdd,
          {v, m.tensor(channels, std::vector<float>(d.begin(), d.end()))});
  }
  return v;
}

/// Edge, reflect, wrap: rows that are there already.
ValueId padding(Maker& m, const Node& n) {
  const std::string mode = n.attrs.text("mode", "constant");
  if (mode == "constant") return ir::kNone;
  const Ints before = n.attrs.ints("before"), after = n.attrs.ints("after");
  ValueId v = n.inputs[0];
  const Shape s = shape_of(m, v);
  for (std::size_t d = 0; d < s.size(); ++d) {
    if (before[d] < 0 || after[d] < 0) return ir::kNone;
    if (before[d] == 0 && after[d] == 0) continue;
    Ints at;
    for (std::int64_t i = -before[d]; i < s[d] + after[d]; ++i) {
      const std::int64_t turn = 2 * s[d] - 2, back = turn == 0 ? 0 : ((i % turn) + turn) % turn;
      at.push_back(mode == "edge"      ? std::clamp(i, std::int64_t{0}, s[d] - 1)
                   : mode == "reflect" ? (back < s[d] ? back : turn - back)
                                       : ((i % s[d]) + s[d]) % s[d]);
    }
    v = m.pick(v, d, at);
    if (v == ir::kNone) return ir::kNone;
  }
  return v;
}

/// Rows by constant numbers.
ValueId rows(Maker& m, const Node& n) {
  const Tensor* ids = m.graph().constant(n.inputs[1]);
  if (ids == nullptr || is_constant(m, n.inputs[0])) return ir::kNone;
  const std::size_t axis = axis_of(m, n, 0);
  Ints at = ids->to_ints();
  for (std::int64_t& i : at) i += i < 0 ? shape_of(m, n.inputs[0])[axis] : 0;
  const ValueId v = m.pick(n.inputs[0], axis, at);
  return v == ir::kNone ? v : m.reshape(v, shape_of(m, n.output));
}

ValueId triangle(Maker& m, const Node& n) {
  const Shape& s = shape_of(m, n.output);
  const Shape last(s.end() - 2, s.end());
  const Tensor ones = Tensor::floats(
      last, std::vector<float>(static_cast<std::size_t>(ir::element_count(last)), 1.0F));
  const Tensor kept = exec::evaluate(n, {&ones}, {ir::DType::kFloat32, last});
  return m(Op::kMul, {n.inputs[0], m.graph().add_constant(n.name + ".c", kept)});
}

/// Attention whose scores are limited: limit tanh(s / limit), one product after the other.
ValueId limited_attention(Maker& m, const Node& n) {
  const double cap = n.attrs.number("softcap", 0);
  const bool masked = n.inputs.size() > 3 && n.inputs[3] != ir::kNone;
  if (cap == 0 || (masked && n.attrs.integer("causal") == 0)) return ir::kNone;
  const Shape q = shape_of(m, n.inputs[0]), k = shape_of(m, n.inputs[1]);
  ValueId keys = n.inputs[1], values = n.inputs[2];
  if (q[1] != k[1]) {  // groups: one key head for several query heads
    const auto repeat = [&](ValueId v) {
      const Shape s = shape_of(m, v);
      const Shape wide{s[0], s[1], q[1] / s[1], s[2], s[3]};
      const ValueId thin = m.reshape(v, {s[0], s[1], 1, s[2], s[3]});
      return m.reshape(m(Op::kExpand, {thin}, {{"shape", wide}}), {s[0], q[1], s[2], s[3]});
    };
    keys = repeat(keys), values = repeat(values);
  }
  ValueId s = m(Op::kMatMul, {n.inputs[0], keys}, {{"transpose_b", std::int64_t{1}}});
  s = m(Op::kTanh, {m(Op::kMul, {s, m.number(n.attrs.number("scale", 1) / cap)})});
  s = m(Op::kMul, {s, m.number(cap)});
  if (n.inputs.size() > 4 && n.inputs[4] != ir::kNone) s = m(Op::kAdd, {s, n.inputs[4]});
  if (n.attrs.integer("causal") != 0) {
    // e^-(2 cap + 16) is nothing, and the range stays small.
    const std::int64_t offset = n.attrs.integer("offset"), window = n.attrs.integer("window");
    const auto low = static_cast<float>(-2 * cap - 16);
    std::vector<float> hidden;
    for (std::int64_t e = 0; e < q[2] * k[2]; ++e) {
      const std::int64_t i = e / k[2] + offset, j = e % k[2];
      hidden.push_back(j <= i && (window == 0 || j > i - window) ? 0.0F : low);
    }
    ValueId mask = m.tensor({1, 1, q[2], k[2]}, hidden);
    if (masked) {
      ValueId keys = m(Op::kNot, {m.cast(n.inputs[3], ir::DType::kBool)});
      keys = m.reshape(m(Op::kWhere, {keys, m.number(low), m.number(0)}), {q[0], 1, 1, k[2]});
      mask = m(Op::kMin, {keys, mask});
    }
    s = m(Op::kAdd, {s, mask});
  }
  return m(Op::kMatMul, {m(Op::kSoftmax, {s}, {{"axis", std::int64_t{3}}}), values});
}

/// Vectors are matrices of one row or column.
ValueId vectors(Maker& m, const Node& n) {
  const Shape a = shape_of(m, n.inputs[0]), b = shape_of(m, n.inputs[1]);
  if (a.size() > 1 && b.size() > 1) return ir::kNone;
  const ValueId x = a.size() == 1 ? m.reshape(n.inputs[0], {1, a[0]}) : n.inputs[0];
  const ValueId y = b.size() == 1 ? m.reshape(n.inputs[1], {b[0], 1}) : n.inputs[1];
  const bool weight = is_constant(m, n.inputs[1]) && b.size() <= 2;
  ValueId w = y;
  if (weight && b.size() == 1)
    w = m.graph().add_constant(n.name + ".w", m.graph().constant(n.inputs[1])->reshaped({b[0], 1}));
  return m.reshape(m(weight ? Op::kLinear : Op::kMatMul, {x, w}), shape_of(m, n.output));
}

Rule rule_of(Op op) {
  switch (op) {
    case Op::kMatMul:
      return vectors;
    case Op::kMax:
    case Op::kMin:
      return extreme;
    case Op::kDiv:
      return quotient;
    case Op::kWhere:
      return choice;
    case Op::kSoftmax:
      return turned;
    case Op::kL2Norm:
      return length_one;
    case Op::kReduceL2:
      return length;
    case Op::kReduceMin:
      return least;
    case Op::kPRelu:
      return leaky;
    case Op::kGroupNorm:
      return groups;
    case Op::kPad:
      return padding;
    case Op::kDepthToSpace:
      return blocks;
    case Op::kResize:
      return resized;
    case Op::kConv:
      return patches;
    case Op::kGather:
      return rows;
    case Op::kTriangle:
      return triangle;
    case Op::kAttention:
      return limited_attention;
    default:
      return nullptr;
  }
}

/// Nothing goes in or comes out.
bool empty(const Graph& g, const Node& n) {
  const auto none = [&](ValueId v) {
    return v != ir::kNone && ir::element_count(g.value(v).shape()) == 0;
  };
  return none(n.output) || std::any_of(n.inputs.begin(), n.inputs.end(), none);
}

}  // namespace

Graph expressible(Graph g) {
  bool any = false;
  for (const NodeId id : g.order()) {
    const Node n = g.node(id);
    const Rule rule = rule_of(n.op);
    if (rule == nullptr || !ir::is_float(g.value(n.output).type.dtype) || empty(g, n)) continue;
    Maker make(g, n);
    const ValueId made = rule(make, n);
    if (made == ir::kNone) continue;
    g.replace_uses(n.output, made);
    any = true;
  }
  if (!any) return g;
  g.remove_dead();
  return simplify(std::move(g));
}

}  // namespace oct::passes
