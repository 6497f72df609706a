// SPDX-License-Identifier: Apache-2.0
// Sums in the order that leaves one of them to each product: what is known before the product is
// added up first, so that (product + a) + b becomes product + (a + b), and a constant behind a
// Concat goes into its parts. The rest of the chain, a norm's factor and shift say, then follows
// the product, too.
#include <algorithm>

#include "compiler/passes/match.hpp"
#include "compiler/passes/passes.hpp"

namespace oct::passes {
using ir::Graph;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::Tensor;
using ir::ValueId;

namespace {

/// Elements of a sum that are worth another rounding: pairs/mobilebert (small) loses 0.004 of its
/// cosine, MobileBERT nothing.
constexpr std::int64_t kWorth = 16384;

bool is_product(const Graph& g, ValueId v) {
  const Node* n = g.producer(v);
  while (n != nullptr && used_once(g, v) && (n->op == Op::kReshape || n->op == Op::kRearrange)) {
    v = n->inputs[0];
    n = g.producer(v);
  }
  return n != nullptr && (n->op == Op::kLinear || n->op == Op::kConv) && used_once(g, v);
}

/// By value: whether it comes from inputs and constants by tables, views and sums alone.
std::vector<bool> early_values(const Graph& g) {
  std::vector<bool> early(g.value_count());
  for (std::size_t i = 0; i < early.size(); ++i) {
    early[i] = g.value(static_cast<ValueId>(i)).is_constant();
  }
  for (const NodeId id : g.order()) {
    const Node& n = g.node(id);
    const bool table = n.op == Op::kEmbedding || n.op == Op::kGather;
    const bool moves = n.op == Op::kReshape || n.op == Op::kRearrange || n.op == Op::kAdd;
    const auto known = [&](ValueId v) { return early[static_cast<std::size_t>(v)]; };
    early[static_cast<std::size_t>(n.output)] =
        (table && g.constant(n.inputs[0]) != nullptr) ||
        (moves && std::all_of(n.inputs.begin(), n.inputs.end(),
                              [&](ValueId v) { return v == ir::kNone || known(v); }));
  }
  return early;
}

/// (product + a) + b.
ValueId regrouped(Graph& g, const Node& outer, const std::vector<bool>& early) {
  const auto known = [&](ValueId v) {
    return static_cast<std::size_t>(v) < early.size() && early[static_cast<std::size_t>(v)];
  };
  const auto same = [&](ValueId v) { return g.value(v).shape() == g.value(outer.output).shape(); };
  const auto sum = choose(outer, [&](ValueId v) {
    return g.producer(v, Op::kAdd) != nullptr && used_once(g, v) && same(v) && !known(v);
  });
  if (ir::element_count(g.value(outer.output).shape()) < kWorth) return outer.output;
  if (!sum || !known(sum->other) || !same(sum->other)) return outer.output;
  const Node inner = *g.producer(sum->chosen, Op::kAdd);
  const auto product = choose(inner, [&](ValueId v) { return is_product(g, v) && same(v); });
  if (!product || !known(product->other) || !same(product->other)) return outer.output;
  const ValueId rest = g.add(Op::kAdd, {product->other, sum->other}, {}, inner.name, inner.sources);
  return g.add(Op::kAdd, {product->chosen, rest}, {}, outer.name, outer.sources);
}

/// Rows [from, from + count) of a float constant {1, R, C}.
Tensor rows_of(const Tensor& t, std::int64_t from, std::int64_t count) {
  const std::int64_t columns = t.shape().back();
  const auto data = t.data<float>();
  const auto first = data.begin() + from * columns;
  return Tensor::floats({1, count, columns}, {first, first + count * columns});
}

/// Concat of rows, one part a product's, plus a constant.
ValueId into_parts(Graph& g, const Node& outer) {
  const auto sides = choose(
      outer, [&](ValueId v) { return g.producer(v, Op::kConcat) != nullptr && used_once(g, v); });
  if (!sides) return outer.output;
  const Tensor* c = g.constant(sides->other);
  const ir::Shape& shape = g.value(outer.output).shape();
  const Node concat = *g.producer(sides->chosen, Op::kConcat);
  if (c == nullptr || c->dtype() != ir::DType::kFloat32 || c->shape() != shape ||
      shape.size() != 3 || shape[0] != 1 || g.value(sides->chosen).shape() != shape ||
      ir::normalized_axis(concat.attrs.integer("axis"), 3) != 1 ||
      std::none_of(concat.inputs.begin(), concat.inputs.end(),
                   [&](ValueId v) { return is_product(g, v); })) {
    return outer.output;
  }
  const bool fits = std::all_of(concat.inputs.begin(), concat.inputs.end(), [&](ValueId v) {
    return is_product(g, v) ||
           (g.constant(v) != nullptr && g.constant(v)->dtype() == ir::DType::kFloat32);
  });
  if (!fits) return outer.output;
  std::vector<ValueId> parts;
  std::int64_t from = 0;
  for (const ValueId v : concat.inputs) {
    const std::int64_t count = g.value(v).shape().at(1);
    Tensor rows = rows_of(*c, from, count);
    const std::string name = g.value(v).name + ".sum";
    if (const Tensor* own = g.constant(v)) {
      std::vector<float> sum;
      for (std::int64_t i = 0; i < rows.size(); ++i) {
        sum.push_back(static_cast<float>(own->at(i) + rows.at(i)));
      }
      parts.push_back(g.add_constant(name, Tensor::floats(rows.shape(), sum)));
    } else {
      const ValueId k = g.add_constant(name + ".rows", std::move(rows));
      parts.push_back(g.add(Op::kAdd, {v, k}, {}, outer.name, outer.sources));
    }
    from += count;
  }
  return g.add(Op::kConcat, parts, concat.attrs, concat.name, concat.sources);
}

}  // namespace

Graph sums(Graph g) {
  const std::vector<bool> early = early_values(g);
  for (const NodeId id : g.order()) {
    const Node n = g.node(id);
    if (n.op != Op::kAdd) continue;
    ValueId made = regrouped(g, n, early);
    if (made == n.output) made = into_parts(g, n);
    if (made != n.output) g.replace_uses(n.output, made);
  }
  return g;
}

}  // namespace oct::passes
