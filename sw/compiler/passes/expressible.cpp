// SPDX-License-Identifier: Apache-2.0
// Operators without an integer form of their own, where others say the same: extremes and choices
// by ReLU and products, quotients by reciprocals, norms, padding by slices. The rest is refused.
#include <algorithm>
#include <cmath>
#include <numeric>

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

constexpr std::int64_t kMaxPieces = 64;  // of a Concat that stands for another operator

/// Makes nodes in the name of one.
class Maker {
 public:
  Maker(Graph& g, const Node& n) : g_(g), name_(n.name), sources_(n.sources) {}

  ValueId operator()(Op op, std::vector<ValueId> in, ir::Attributes attrs = {}) {
    const bool swap = ir::is_commutative(op) && g_.constant(in[0]) != nullptr;
    if (swap) std::swap(in[0], in[1]);  // a constant stands second
    return g_.add(op, std::move(in), std::move(attrs), name_, sources_);
  }
  ValueId number(double v) {
    return g_.add_constant(name_ + ".c", Tensor::scalar(static_cast<float>(v)));
  }
  ValueId tensor(Shape shape, const std::vector<float>& v) {
    return g_.add_constant(name_ + ".c", Tensor::floats(std::move(shape), v));
  }
  ValueId cast(ValueId v, ir::DType to) {
    return (*this)(Op::kCast, {v}, {{"to", static_cast<std::int64_t>(to)}});
  }
  ValueId reshape(ValueId v, const Shape& shape) {
    return add_reshape(g_, v, shape, name_, sources_);
  }
  ValueId permute(ValueId v, const Ints& perm) { return add_permute(g_, v, perm, name_, sources_); }
  ValueId slice(ValueId v, std::size_t axis, std::int64_t from, std::int64_t size,
                std::int64_t step = 1) {
    const Shape& s = g_.value(v).shape();
    Ints starts(s.size(), 0), sizes(s.begin(), s.end()), steps(s.size(), 1);
    starts[axis] = from, sizes[axis] = size, steps[axis] = step;
    return (*this)(Op::kSlice, {v}, {{"starts", starts}, {"sizes", sizes}, {"steps", steps}});
  }
  ValueId concat(std::vector<ValueId> parts, std::size_t axis) {
    if (parts.size() == 1) return parts[0];
    return (*this)(Op::kConcat, std::move(parts), {{"axis", static_cast<std::int64_t>(axis)}});
  }
  /// Elements `at` along an axis, neighbours as one slice; kNone if they are too many pieces.
  ValueId pick(ValueId v, std::size_t axis, const Ints& at) {
    std::vector<ValueId> parts;
    for (std::size_t i = 0; i < at.size();) {
      std::size_t end = i + 1;
      while (end < at.size() && at[end] == at[end - 1] + 1) ++end;
      if (static_cast<std::int64_t>(parts.size()) == kMaxPieces) return ir::kNone;
      parts.push_back(slice(v, axis, at[i], static_cast<std::int64_t>(end - i)));
      i = end;
    }
    return concat(std::move(parts), axis);
  }
  [[nodiscard]] Graph& graph() { return g_; }

 private:
  Graph& g_;
  std::string name_;
  ir::Sources sources_;
};

using Rule = ValueId (*)(Maker&, const Node&);

bool is_constant(Maker& m, ValueId v) { return m.graph().constant(v) != nullptr; }
const Shape& shape_of(Maker& m, ValueId v) { return m.graph().value(v).shape(); }
std::size_t axis_of(Maker& m, const Node& n, std::int64_t otherwise) {
  return static_cast<std::size_t>(
      ir::normalized_axis(n.attrs.integer("axis", otherwise), shape_of(m, n.inputs[0]).size()));
}

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

ValueId blocks(Maker& m, const Node& n) {
  const Shape s = shape_of(m, n.inputs[0]);
  const std::int64_t b = n.attrs.integer("blocksize", 1);
  if (b < 1 || s.size() != 4) return ir::kNone;
  const std::int64_t c = s[1] / (b * b);
  const bool rows_first = n.attrs.text("mode", "DCR") == "DCR";
  const ValueId v = m.reshape(n.inputs[0], rows_first ? Shape{s[0], b, b, c, s[2], s[3]}
                                                      : Shape{s[0], c, b, b, s[2], s[3]});
  return m.reshape(m.permute(v, rows_first ? Ints{0, 3, 4, 1, 5, 2} : Ints{0, 1, 4, 2, 5, 3}),
                   shape_of(m, n.output));
}

/// Nearest neighbours, a whole number of times.
ValueId enlarged(Maker& m, const Node& n) {
  const Shape s = shape_of(m, n.inputs[0]), to = shape_of(m, n.output);
  constexpr std::int64_t kMost = 1 << 24;  // elements that floats can count
  if (n.attrs.text("mode", "nearest") != "nearest" || ir::element_count(to) > kMost)
    return ir::kNone;
  Shape thin, wide;
  for (std::size_t d = 0; d < s.size(); ++d) {
    if (to[d] % s[d] != 0) return ir::kNone;
    thin.insert(thin.end(), {s[d], 1});
    wide.insert(wide.end(), {s[d], to[d] / s[d]});
  }
  // Which neighbour is the nearest one depends on attributes: asked of the executor.
  std::vector<float> numbers(static_cast<std::size_t>(ir::element_count(s)));
  std::iota(numbers.begin(), numbers.end(), 0.0F);
  const Tensor from = Tensor::floats(s, numbers);
  const Tensor got = exec::evaluate(n, {&from}, m.graph().value(n.output).type);
  const Shape strides = ir::row_major_strides(s), ends = ir::row_major_strides(to);
  for (std::int64_t i = 0; i < got.size(); ++i) {
    std::int64_t want = 0;
    for (std::size_t d = 0; d < s.size(); ++d)
      want += i / ends[d] % to[d] / (to[d] / s[d]) * strides[d];
    if (got.at(i) != static_cast<double>(want)) return ir::kNone;
  }
  const ValueId v = m(Op::kExpand, {m.reshape(n.inputs[0], thin)}, {{"shape", wide}});
  return m.reshape(v, to);
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
      return enlarged;
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
