// SPDX-License-Identifier: Apache-2.0
// Attention of a single token. The engine computes 16 queries at a time, and a head of its own
// would have one: so heads become queries. Those that share keys are rows of one job as they are.
// Small heads with keys of their own are, too, if the keys of a token stand side by side: each
// query is a row as wide as all of them and zero but for the channels of its own head; its result
// is found in these channels. Such rows overlap: heads lie so far apart that each row's zeros are
// those behind the heads in front of it (`spread`), which the rotary embedding writes (rotary.cpp).
#include <algorithm>

#include "compiler/lower/attention.hpp"
#include "compiler/lower/nodes.hpp"

namespace oct::lower {
namespace {

using ir::Node;
constexpr std::int64_t kChannels = 128;  // of a head, as the engine takes them

bool sees_all(const Node& n, std::int64_t keys) {
  const bool causal = n.attrs.integer("causal") != 0;
  return (!causal || n.attrs.integer("offset") >= keys - 1) && n.attrs.integer("window") == 0;
}

struct Heads {
  std::int64_t heads, groups, d, e, keys;
  /// Bytes from a head to the next with zeros in between.
  [[nodiscard]] std::int64_t spread(std::int64_t bytes) const { return (groups + 1) * bytes; }
  /// Head h = g * each + i of {.., heads, 1, bytes} as query g of "head" i.
  void as_rows(View& v, std::int64_t bytes) const {
    const std::int64_t each = heads / groups, step = spread(bytes);
    v.sizes = {v.sizes[0], each, groups, groups * bytes};
    v.strides = {v.strides[0], step, each * step - bytes, 1};
  }
};

bool spreads(const Heads& h) {
  return h.groups > 1 && h.heads % h.groups == 0 && h.d % 8 == 0 && h.e % 8 == 0 &&
         h.groups * h.d <= kChannels && h.groups * h.e <= kChannels;
}

/// {.., heads, 1, bytes} with `spread` between heads.
View spread_view(Context& ctx, ValueId v, const Heads& h, std::int64_t bytes) {
  const ir::Node* n = ctx.graph.producer(v);
  View to = ctx.out.whole(ctx.tensor(ctx.name(v), Elem::kI8, {1, h.heads * h.spread(bytes)},
                                     ctx.scale_as(v, Elem::kI8), Role::kActivation,
                                     n ? n->sources : ir::Sources{}));
  to.sizes = {1, h.heads, 1, bytes};
  to.strides = {h.heads * h.spread(bytes), h.spread(bytes), bytes, 1};
  return to;
}

/// The Rotary node of which `v` is the only use.
const Node* turned(const Context& ctx, ValueId v) {
  const Node* n = ctx.graph.producer(v, Op::kRotary);
  const bool once = n != nullptr && ctx.graph.value(v).users.size() == 1;
  return once && !ctx.wanted.contains(v) && ctx.quant(v).zero == 0 ? n : nullptr;
}

}  // namespace

void want_packed(Context& ctx, const Node& n) {
  const auto shape = [&](std::size_t i) { return ctx.graph.value(n.inputs.at(i)).shape(); };
  const ir::Shape q = shape(0), k = shape(1), v = shape(2);
  if (q.size() != 4 || k.size() != 4 || v.size() != 4 || q[0] != 1 || q[2] != 1) return;
  if (n.inputs.size() > 4 && n.inputs[4] != ir::kNone) return;
  const ValueId queries = n.inputs[0], cache = n.inputs[1];
  if (ctx.graph.producer(cache, Op::kKvAppend) == nullptr || ctx.wanted.contains(cache)) return;
  if (turned(ctx, queries) == nullptr) return;
  const Heads h{q[1], k[1], q[3], v[3], k[2]};
  if (!spreads(h) || !sees_all(n, h.keys)) return;
  ctx.wanted.emplace(cache, ctx.fresh(cache, {0, 2, 1, 3}, Elem::kI8));
  const View to = spread_view(ctx, queries, h, h.d);
  ctx.apart.insert(to.tensor);
  ctx.wanted.emplace(queries, to);
}

std::optional<View> pack_heads(Context& ctx, const Node& n, AttentionViews& a) {
  const Heads h{a.q.sizes[1], a.k.sizes[1], a.q.sizes[3], a.v.sizes[2], a.k.sizes[2]};
  if (a.q.sizes[2] != 1 || !sees_all(n, h.keys)) return std::nullopt;
  const bool side_by_side = a.k.strides[1] == h.d && a.k.strides[2] == h.groups * h.d &&
                            a.v.strides[1] == h.e * a.v.strides[2];
  if (ctx.apart.contains(a.q.tensor) && side_by_side) {
    h.as_rows(a.q, h.d);
    a.k.sizes = {1, 1, h.keys, h.groups * h.d};
    a.k.strides[1] = 0;
    a.v.sizes = {1, 1, h.groups * h.e, h.keys};
    a.v.strides[1] = 0;
    const double scale = ctx.scale(a.o);
    const View value = spread_view(ctx, n.output, h, h.e);
    ctx.out.at(value.tensor).scale = scale;
    ctx.apart.insert(value.tensor);
    a.o = value;
    h.as_rows(a.o, h.e);
    return value;
  }
  const std::int64_t each = h.heads / h.groups;
  if (each == 1) return std::nullopt;
  const View value = a.o;
  for (View* v : {&a.q, &a.o}) {
    v->sizes = {v->sizes[0], h.groups, each, v->sizes[3]};
    v->strides = {v->strides[0], each * v->strides[1], v->strides[1], v->strides[3]};
  }
  return value;
}

}  // namespace oct::lower
