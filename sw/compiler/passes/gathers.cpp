// SPDX-License-Identifier: Apache-2.0
// Look-ups of computed values, said by products: rows at places that are known only at run time
// (the last token's) by a row of ones and zeros, elements by relative distance (DeBERTa) by a
// product with such columns and a shift of rows.
#include <optional>

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

constexpr std::int64_t kMostRows = 4096;  // of a choice by ones and zeros

class Builder {
 public:
  Builder(Graph& g, const Node& n) : g_(g), name_(n.name), sources_(n.sources) {}
  ValueId operator()(Op op, std::vector<ValueId> in, ir::Attributes attrs = {}) {
    return g_.add(op, std::move(in), std::move(attrs), name_, sources_);
  }
  ValueId ints(const Shape& shape, const Ints& v, ir::DType type) {
    const Tensor t = Tensor::int64s(shape, v);
    return g_.add_constant(name_ + ".c", type == t.dtype() ? t : t.converted(type));
  }
  ValueId floats(const Shape& shape, const std::vector<float>& v) {
    return g_.add_constant(name_ + ".c", Tensor::floats(shape, v));
  }
  ValueId reshape(ValueId v, const Shape& shape) {
    return add_reshape(g_, v, shape, name_, sources_);
  }
  /// The first `size` elements from `start` on along one axis.
  ValueId slice(ValueId v, std::size_t axis, std::int64_t start, std::int64_t size) {
    const Shape& s = g_.value(v).shape();
    Ints starts(s.size(), 0), sizes(s), steps(s.size(), 1);
    starts[axis] = start, sizes[axis] = size;
    return (*this)(Op::kSlice, {v}, {{"starts", starts}, {"sizes", sizes}, {"steps", steps}});
  }
  /// Rows of x {N, D} by numbers {M} in [-N, N).
  ValueId rows(ValueId x, ValueId numbers) {
    const std::int64_t n = g_.value(x).shape()[0], m = g_.value(numbers).shape()[0];
    const ir::DType type = g_.value(numbers).type.dtype;
    Ints each(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < each.size(); ++i) each[i] = static_cast<std::int64_t>(i);
    const ValueId size = ints({1}, {n}, type);
    ValueId at = (*this)(Op::kMod, {(*this)(Op::kAdd, {numbers, size}), size});
    at = (*this)(Op::kEqual, {reshape(at, {m, 1}), ints({1, n}, each, type)});
    const ValueId chosen =
        (*this)(Op::kCast, {at}, {{"to", static_cast<std::int64_t>(ir::DType::kFloat32)}});
    return (*this)(Op::kMatMul, {chosen, x});
  }

 private:
  Graph& g_;
  std::string name_;
  ir::Sources sources_;
};

/// Computed integers, not an input's: those the DMA looks up.
bool computed(const Graph& g, ValueId v) {
  return g.producer(v) != nullptr && !ir::is_float(g.value(v).type.dtype);
}

/// Gather along an axis, in front of which there are only ones.
ValueId row_gather(Graph& g, const Node& n) {
  const Shape s = g.value(n.inputs[0]).shape();
  const auto axis =
      static_cast<std::size_t>(ir::normalized_axis(n.attrs.integer("axis", 0), s.size()));
  std::int64_t before = 1, after = 1;
  for (std::size_t d = 0; d < s.size(); ++d) (d < axis ? before : after) *= d == axis ? 1 : s[d];
  if (before != 1 || s[axis] > kMostRows) return ir::kNone;
  Builder b(g, n);
  const ValueId numbers = b.reshape(n.inputs[1], {ir::element_count(g.value(n.inputs[1]).shape())});
  return b.reshape(b.rows(b.reshape(n.inputs[0], {s[axis], after}), numbers),
                   g.value(n.output).shape());
}

/// GatherND whose numbers belong to the leading dimensions.
ValueId row_gather_nd(Graph& g, const Node& n) {
  const Shape s = g.value(n.inputs[0]).shape(), at = g.value(n.inputs[1]).shape();
  if (n.attrs.integer("batch_dims", 0) != 0 || at.empty() || at.back() < 1) return ir::kNone;
  const auto depth = static_cast<std::size_t>(at.back());
  const Shape front(s.begin(), s.begin() + at.back());
  const std::int64_t count = ir::element_count(front);
  const std::int64_t m = ir::element_count(at) / at.back();
  if (count == 0 || count > kMostRows || depth > s.size()) return ir::kNone;
  Builder b(g, n);
  const ir::DType type = g.value(n.inputs[1]).type.dtype;
  // Each into [0, size), then as one number.
  const ValueId sizes = b.ints({1, at.back()}, front, type);
  ValueId i = b.reshape(n.inputs[1], {m, at.back()});
  i = b(Op::kMod, {b(Op::kAdd, {i, sizes}), sizes});
  i = b(Op::kMul, {i, b.ints({1, at.back()}, ir::row_major_strides(front), type)});
  i = b(Op::kReduceSum, {i}, {{"axes", Ints{1}}, {"keepdims", std::int64_t{0}}});
  return b.reshape(b.rows(b.reshape(n.inputs[0], {count, ir::element_count(s) / count}), i),
                   g.value(n.output).shape());
}

/// y[.., i, j] = x[.., i, f(j - i)] with a constant f.
ValueId by_distance(Graph& g, const Node& n) {
  const Tensor* at = g.constant(n.inputs[1]);
  const Shape s = g.value(n.inputs[0]).shape(), to = g.value(n.output).shape();
  if (at == nullptr || s.size() < 2 || at->size() == 0) return ir::kNone;
  const std::size_t last = s.size() - 1;
  if (ir::normalized_axis(n.attrs.integer("axis", 0), s.size()) !=
      static_cast<std::int64_t>(last)) {
    return ir::kNone;
  }
  for (std::size_t d = 0; d < last; ++d) {
    if (s[d] != to[d]) return ir::kNone;
  }
  const std::int64_t rows = s[last - 1], columns = to[last], k = s[last];
  const std::int64_t distances = rows + columns - 1;
  Ints f(static_cast<std::size_t>(distances), -1);
  for (std::int64_t e = 0; e < at->size(); ++e) {
    const std::int64_t i = e / columns % rows, j = e % columns, v = at->int_at(e);
    std::int64_t& seen = f[static_cast<std::size_t>(j - i + rows - 1)];
    const std::int64_t index = v < 0 ? v + k : v;
    if (seen >= 0 && seen != index) return ir::kNone;
    seen = index;
  }
  std::vector<float> ones(static_cast<std::size_t>(k * distances), 0.0F);
  for (std::int64_t d = 0; d < distances; ++d) {
    ones[static_cast<std::size_t>(f[static_cast<std::size_t>(d)] * distances + d)] = 1;
  }
  Builder b(g, n);
  const std::int64_t others = ir::element_count(s) / (rows * k);
  ValueId x = b(Op::kLinear, {n.inputs[0], b.floats({k, distances}, ones)});
  if (rows > 1) {
    // Row i starts i elements earlier: the same elements in rows of one less.
    x = b.slice(b.reshape(x, {others, rows * distances}), 1, rows - 1, rows * (distances - 1));
    x = b.slice(b.reshape(x, {others, rows, distances - 1}), 2, 0, columns);
  }
  return b.reshape(x, to);
}

}  // namespace

Graph gathers(Graph g) {
  bool any = false;
  for (const NodeId id : g.order()) {
    const Node n = g.node(id);
    if (n.inputs.size() < 2 || !ir::is_float(g.value(n.output).type.dtype)) continue;
    if (g.constant(n.inputs[0]) != nullptr || ir::element_count(g.value(n.output).shape()) == 0) {
      continue;
    }
    ValueId made = ir::kNone;
    if (n.op == Op::kGather && computed(g, n.inputs[1])) made = row_gather(g, n);
    if (n.op == Op::kGatherNd && g.constant(n.inputs[1]) == nullptr) made = row_gather_nd(g, n);
    if (n.op == Op::kGatherElements) made = by_distance(g, n);
    if (made == ir::kNone) continue;
    g.replace_uses(n.output, made);
    any = true;
  }
  if (!any) return g;
  g.remove_dead();
  return simplify(std::move(g));
}

}  // namespace oct::passes
