// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding from its parts: x cos + rotate_half(x) sin, or both halves on their
// own; tables from constants or from position ids.
#include <algorithm>
#include <map>
#include <tuple>

#include "compiler/passes/passes.hpp"
#include "compiler/passes/probe.hpp"

namespace oct::passes {
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

/// Columns of x: from `start`, every `step`-th, `size` of them.
struct Columns {
  ValueId x = kNone;
  std::int64_t start = 0, size = 0, step = 1;
};

std::optional<Columns> columns(const Graph& g, ValueId v) {
  const Node* n = g.producer(v, Op::kSlice);
  if (!n) return std::nullopt;
  const Ints starts = n->attrs.ints("starts"), steps = n->attrs.ints("steps");
  const Shape &from = g.value(n->inputs[0]).shape(), &to = g.value(v).shape();
  for (std::size_t i = 0; i + 1 < to.size(); ++i) {
    if (from[i] != to[i] || steps[i] != 1) return std::nullopt;
  }
  return Columns{n->inputs[0], starts.back(), to.back(), steps.back()};
}

/// -v of another value: Neg, or a product with -1.
ValueId negated(const Graph& g, ValueId v) {
  if (const Node* n = g.producer(v, Op::kNeg)) return n->inputs[0];
  const Node* m = g.producer(v, Op::kMul);
  return m && uniform(g, m->inputs[1]) == -1.0 ? m->inputs[0] : kNone;
}

struct Found {
  ValueId x = kNone, cos = kNone, sin = kNone;
  bool interleaved = false;
};

const Node* last_concat(const Graph& g, ValueId v) {
  const Node* c = g.producer(v, Op::kConcat);
  if (!c || c->inputs.size() != 2) return nullptr;
  return ir::normalized_axis(c->attrs.integer("axis"), g.value(v).shape().size()) ==
                 g.value(v).rank() - 1
             ? c
             : nullptr;
}

/// x of rotate_half(x) = concat(-x[h:], x[:h]).
ValueId rotated_half(const Graph& g, ValueId v) {
  const Node* c = last_concat(g, v);
  const ValueId upper = c ? negated(g, c->inputs[0]) : kNone;
  if (upper == kNone) return kNone;
  const auto high = columns(g, upper), low = columns(g, c->inputs[1]);
  if (!high || !low || high->x != low->x || low->start != 0 || high->start != low->size ||
      high->size != low->size || high->step != 1 || low->step != 1 ||
      g.value(low->x).shape() != g.value(v).shape()) {
    return kNone;
  }
  return low->x;
}

/// x cos + rotate_half(x) sin.
std::optional<Found> whole(const Graph& g, const Node& add) {
  if (add.op != Op::kAdd) return std::nullopt;
  for (std::size_t i = 0; i < 2; ++i) {
    const Node *plain = g.producer(add.inputs[i], Op::kMul),
               *turned = g.producer(add.inputs[1 - i], Op::kMul);
    if (!plain || !turned) return std::nullopt;
    const auto half = choose(*turned, [&](ValueId v) { return rotated_half(g, v) != kNone; });
    if (!half) continue;
    const ValueId x = rotated_half(g, half->chosen);
    const auto direct = choose(*plain, [&](ValueId v) { return v == x; });
    if (!direct) continue;
    return Found{x, direct->other, half->other, false};
  }
  return std::nullopt;
}

struct Product {
  Columns part;
  ValueId factor = kNone;
};

std::optional<Product> product(const Graph& g, ValueId v) {
  const Node* m = g.producer(v, Op::kMul);
  const auto p =
      m ? choose(*m, [&](ValueId in) { return columns(g, in).has_value(); }) : std::nullopt;
  if (!p) return std::nullopt;
  return Product{*columns(g, p->chosen), p->other};
}

/// a = x1 cos - x2 sin, b = x2 cos + x1 sin, side by side or interleaved.
std::optional<Found> halves(const Graph& g, const Node& n) {
  const Node* c = n.op == Op::kConcat ? last_concat(g, n.output) : nullptr;
  bool interleaved = false;
  ValueId a = c ? c->inputs[0] : kNone, b = c ? c->inputs[1] : kNone;
  if (n.op == Op::kReshape) {  // [.., h, 2] flattened
    c = last_concat(g, n.inputs[0]);
    const Node* ra = c ? g.producer(c->inputs[0], Op::kReshape) : nullptr;
    const Node* rb = c ? g.producer(c->inputs[1], Op::kReshape) : nullptr;
    if (!ra || !rb || g.value(n.inputs[0]).shape().back() != 2) return std::nullopt;
    a = ra->inputs[0];
    b = rb->inputs[0];
    interleaved = true;
  }
  const Node* sub = a == kNone ? nullptr : g.producer(a, Op::kSub);
  const Node* add = b == kNone ? nullptr : g.producer(b, Op::kAdd);
  if (!sub || !add) return std::nullopt;
  const auto x1c = product(g, sub->inputs[0]), x2s = product(g, sub->inputs[1]);
  auto x2c = product(g, add->inputs[0]), x1s = product(g, add->inputs[1]);
  if (!x1c || !x2s || !x2c || !x1s) return std::nullopt;
  if (x2c->factor != x1c->factor) std::swap(x2c, x1s);
  const std::int64_t h = x1c->part.size, step = interleaved ? 2 : 1;
  const auto is = [&](const Product& p, std::int64_t start) {
    return p.part.x == x1c->part.x && p.part.size == h && p.part.start == start &&
           (h == 1 || p.part.step == step);
  };
  const std::int64_t second = interleaved ? 1 : h;
  if (!is(*x1c, 0) || !is(*x1s, 0) || !is(*x2c, second) || !is(*x2s, second)) return std::nullopt;
  if (x1c->factor != x2c->factor || x1s->factor != x2s->factor) return std::nullopt;
  if (g.value(x1c->part.x).shape() != g.value(n.output).shape()) return std::nullopt;
  return Found{x1c->part.x, x1c->factor, x1s->factor, interleaved};
}

/// One half of a table whose two halves are equal; the table itself if it is only as wide as that.
std::optional<Tensor> half_table(const Tensor& t, std::int64_t width) {
  if (t.shape()[1] == width / 2) return t;
  if (t.shape()[1] != width) return std::nullopt;
  const std::int64_t rows = t.shape()[0], h = width / 2;
  Tensor out(ir::DType::kFloat32, {rows, h});
  auto to = out.mutable_data<float>();
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < h; ++j) {
      const double v = t.at(i * width + j);
      if (v != t.at(i * width + h + j)) return std::nullopt;
      to[static_cast<std::size_t>(i * h + j)] = static_cast<float>(v);
    }
  }
  return out;
}

class Builder {
 public:
  Builder(Graph& g, std::int64_t max_positions) : g_(g), max_positions_(max_positions) {}

  bool build(const Node& n, const Found& f) {
    const Shape s = g_.value(f.x).shape();
    if (s.size() != 4 || s[3] % 2 != 0) return false;
    // The sequence is axis 2, or axis 1 where heads are split but not yet in front.
    for (const std::size_t axis : {std::size_t{2}, std::size_t{1}}) {
      const auto cos = table(f.cos, axis, s), sin = table(f.sin, axis, s);
      if (!cos || !sin || cos->second != sin->second) continue;
      ValueId x = f.x;
      if (axis == 1) x = add_permute(g_, x, {0, 2, 1, 3}, n.name, {});
      std::vector<ValueId> in{x, cos->first, sin->first};
      if (cos->second != kNone) in.push_back(cos->second);
      ValueId y = g_.add(Op::kRotary, in, {{"interleaved", std::int64_t{f.interleaved}}}, n.name,
                         sources_between(g_, n.output, {f.x, f.cos, f.sin}));
      if (axis == 1) y = add_permute(g_, y, {0, 2, 1, 3}, n.name, {});
      g_.replace_uses(n.output, y);
      return true;
    }
    return false;
  }

 private:
  using Entry = std::optional<std::pair<ValueId, ValueId>>;  // table, positions

  Entry table(ValueId v, std::size_t axis, const Shape& x) {
    const Shape s = g_.value(v).shape();
    if (s.size() > 4 || s.size() < 2) return {};
    const std::size_t lead = 4 - s.size();
    if (axis < lead || s[axis - lead] != x[axis]) return {};
    const auto key = std::tuple(v, axis, x[3]);
    const auto it = known_.find(key);
    if (it != known_.end()) return it->second;
    Entry& out = known_[key];
    const auto found = position_table(g_, v, axis - lead, max_positions_);
    if (!found) return out;
    const auto half = half_table(found->rows, x[3]);
    if (!half) return out;
    out = std::pair(g_.add_constant(g_.value(v).name, *half), found->positions);
    return out;
  }

  Graph& g_;
  std::int64_t max_positions_;
  std::map<std::tuple<ValueId, std::size_t, std::int64_t>, Entry> known_;
};

/// Concat(Rotary(x[:R]), x[R:]) turns the first R columns of x.
bool widen(Graph& g, const Node& n) {
  const Node* c = n.op == Op::kConcat ? last_concat(g, n.output) : nullptr;
  const Node* r = c ? g.producer(c->inputs[0], Op::kRotary) : nullptr;
  if (!r || !used_once(g, r->output)) return false;
  const auto low = columns(g, r->inputs[0]), high = columns(g, c->inputs[1]);
  if (!low || !high || low->x != high->x || low->start != 0 || high->start != low->size ||
      low->step != 1 || high->step != 1 || g.value(low->x).shape() != g.value(n.output).shape() ||
      g.value(r->inputs[1]).shape()[1] * 2 != low->size) {
    return false;
  }
  std::vector<ValueId> in = r->inputs;
  in[0] = low->x;
  g.replace_uses(n.output,
                 g.add(Op::kRotary, in, r->attrs, r->name, merged(r->sources, n.sources)));
  return true;
}

}  // namespace

Graph rotary(Graph g, const PassOptions& options) {
  Builder builder(g, options.max_positions);
  for (const NodeId id : g.order()) {
    const Node& n = g.node(id);
    if (!n.alive || g.use_count(n.output) == 0) continue;
    auto found = whole(g, n);
    if (!found) found = halves(g, n);
    if (found) (void)builder.build(n, *found);
  }
  for (const NodeId id : g.order()) {
    if (g.node(id).alive) (void)widen(g, g.node(id));
  }
  g.remove_dead();
  return simplify(std::move(g));
}

}  // namespace oct::passes
