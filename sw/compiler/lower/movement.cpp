// SPDX-License-Identifier: Apache-2.0
// What moves elements: views where strides can say it, copies elsewhere. Lookups and reductions.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "compiler/lower/nodes.hpp"
#include "compiler/lower/numbers.hpp"
#include "compiler/lower/product.hpp"
#include "golden/network.hpp"

namespace oct::lower {
namespace {

using ir::Node;

/// The places of the operand through `f`; true if one came through.
template <typename F>
bool forward(Context& ctx, const Node& n, F f) {
  const std::vector<View> from = ctx.places(n.inputs[0]);
  for (const View& p : from) {
    if (const std::optional<View> v = f(p)) ctx.put(n.output, *v);
  }
  return ctx.placed(n.output);
}

}  // namespace

void lower_layout(Context& ctx, const Node& n) {
  const Layout layout = layout_of(ctx.graph, n);
  if (forward(ctx, n, [&](const View& p) { return apply(p, layout); })) return;
  View from = ctx.places(n.inputs[0]).front();
  // Heads that lie apart are brought together by the workers, which is less than DMA's way to L2.
  if (ctx.apart.contains(from.tensor) && layout.shape.back() % from.sizes.back() == 0) {
    Layout pieces = layout;
    pieces.shape.back() /= from.sizes.back();
    pieces.shape.push_back(from.sizes.back());
    if (const auto rows = apply(from, pieces)) {
      const View to = ctx.fresh(n.output, {}, ctx.elem(from));
      ctx.out.at(to.tensor).scale = ctx.scale(from);
      ctx.requantize(*rows, *reshape(to, rows->sizes), n);
      return ctx.put(n.output, to);
    }
  }
  // Written out: into the result seen as the operand, or by way of rows without padding.
  const std::string name = ctx.name(n.output);
  View to = ctx.fresh(n.output, {}, ctx.elem(from));
  ctx.out.at(to.tensor).scale = ctx.scale(from);
  ctx.out.at(to.tensor).zero = ctx.zero(from);
  if (const auto back = undo(to, layout)) {
    ctx.copy(from, *back, name, n.sources);
  } else {
    const View packed = dense_copy(ctx, from, n);
    if (const auto whole = apply(packed, layout)) {
      ctx.copy(*whole, to, name, n.sources);
    } else {
      const View permuted = permute(*reshape(packed, layout.dims), layout.perm);
      const View again = dense_copy(ctx, permuted, n);
      ctx.copy(*reshape(again, layout.shape), to, name, n.sources);
    }
  }
  ctx.put(n.output, to);
}

void lower_slice(Context& ctx, const Node& n) {
  forward(ctx, n, [&](const View& p) {
    return std::optional<View>(
        slice(p, n.attrs.ints("starts"), n.attrs.ints("sizes"), n.attrs.ints("steps")));
  });
}

void lower_concat(Context& ctx, const Node& n) {
  const View whole = ctx.wanted.at(n.output);
  const auto axis =
      static_cast<std::size_t>(ir::normalized_axis(n.attrs.integer("axis"), whole.sizes.size()));
  std::int64_t from = 0;
  for (const ValueId in : n.inputs) {
    const std::int64_t size = ctx.graph.value(in).shape()[axis];
    const View part = whole.slice(axis, from, size);
    from += size;
    bool there = false;
    if (is_constant(ctx.graph, in)) {
      // In the steps of the whole.
      ctx.copy(ctx.constant_like(in, whole), part, ctx.name(in), n.sources);
      continue;
    }
    for (const View& p : ctx.places(in)) there = there || same_place(p, part);
    if (!there)
      ctx.copy_scaled(ctx.take(in, {ctx.elem(whole), Elem::kI16, Elem::kI8}, Context::Zero::kAny),
                      part, n);
  }
  ctx.put(n.output, whole);
}

void lower_pad(Context& ctx, const Node& n) {
  if (n.attrs.text("mode", "constant") != "constant") {
    throw Unsupported("padding other than with a constant", "");
  }
  const View whole = ctx.destination(n.output, {}, Context::Zero::kAny);
  const ir::Ints before = n.attrs.ints("before"), after = n.attrs.ints("after");
  View inner = whole;
  for (std::size_t d = 0; d < whole.sizes.size(); ++d) {
    if (before[d] < 0 || after[d] < 0) throw Unsupported("padding with less than nothing", "");
    inner = inner.slice(d, before[d], whole.sizes[d] - before[d] - after[d]);
  }
  ctx.fill_border(whole, inner, n.attrs.number("value"), n);
  const View from =
      ctx.take(n.inputs[0], {ctx.elem(whole), Elem::kI16, Elem::kI8}, Context::Zero::kAny);
  if (!same_place(from, inner)) ctx.copy_scaled(from, inner, n);
  ctx.put(n.output, whole);
}

void lower_expand(Context& ctx, const Node& n) {
  forward(ctx, n, [&](const View& p) {
    return std::optional<View>(expand(p, ctx.graph.value(n.output).shape()));
  });
}

void lower_lookup(Context& ctx, const Node& n) {
  const bool embedding = n.op == Op::kEmbedding;
  const ValueId data = n.inputs[0], ids = n.inputs[1];
  const ir::Shape& shape = ctx.graph.value(data).shape();
  if (!is_constant(ctx.graph, data) || shape.size() != 2 ||
      (!embedding && ir::normalized_axis(n.attrs.integer("axis"), 2) != 0)) {
    throw Unsupported("a lookup that is not one of rows of a constant table", "");
  }
  if (!ctx.placed(ids) || ctx.elem(ctx.places(ids).front()) != Elem::kI64) {
    throw Unsupported("its indices are no input of the model", "");
  }
  View to = ctx.destination(n.output, {}, Context::Zero::kAny);
  auto rows = as_matrix(to, ctx.out);
  if (!rows || rows->sizes[0] != 1 || !rows_contiguous(*rows, ctx.out)) {
    to = ctx.fresh(n.output, {}, std::nullopt, Context::Zero::kAny);
    rows = as_matrix(to, ctx.out);
  }
  const View table = ctx.constant_like(data, to);
  const auto list = reshape(ctx.places(ids).front(), {rows->sizes[1]});
  if (!list) throw Unsupported("its indices are scattered", "");
  View target = *rows;
  target.sizes.erase(target.sizes.begin());
  target.strides.erase(target.strides.begin());
  ctx.emit(n, integer::Gather{*list, table.tensor, target});
  ctx.put(n.output, to);
}

}  // namespace oct::lower
