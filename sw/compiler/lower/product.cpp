// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/product.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/lower/numbers.hpp"

namespace oct::lower {
namespace {

using integer::Gemm;
using ir::Node;

/// y as the engine writes it: {B, M, N}, or {B, N, M} with y_trans; none if it cannot.
std::optional<View> result_view(const Context& ctx, const View& y, bool& transposed) {
  const std::int64_t e = integer::elem_bytes(ctx.elem(y));
  transposed = false;
  if (y.sizes[2] == 1 || y.strides[2] == e) {
    if (aligned(y, 8)) return y;
    if (y.sizes[2] > 1) return std::nullopt;
  }
  if (e != 1 || (y.sizes[1] > 1 && y.strides[1] != 1)) return std::nullopt;
  transposed = true;
  View t = permute(y, {0, 2, 1});
  t.strides[2] = 1;
  if (!aligned(t, 8)) return std::nullopt;
  return t;
}

bool usable(const Context& ctx, const View& v) {
  return rows_contiguous(v, ctx.out) && aligned(v, 8);
}

/// A layout or its inverse, by copies where views cannot say it.
View moved(Context& ctx, View v, const Layout& l, const Node& node, bool back) {
  if (const auto view = back ? undo(v, l) : apply(v, l)) return *view;
  ir::Shape before, after = l.dims;  // dimensions on both sides of the permutation
  for (const std::int64_t p : l.perm) before.push_back(l.dims.at(static_cast<std::size_t>(p)));
  if (!back) std::swap(before, after);
  auto seen = reshape(v, before);
  if (!seen) seen = reshape(dense_copy(ctx, v, node), before);
  v = permute(*seen, back ? inverse(l.perm) : l.perm);
  auto there = reshape(v, back ? l.from : l.shape);
  if (!there) there = reshape(dense_copy(ctx, v, node), back ? l.from : l.shape);
  return *there;
}

/// The run-time operand in the coordinates of the product's result.
View residual_view(Context& ctx, const Chain& chain, const ir::Shape& product_shape) {
  ir::Shape shape = product_shape;
  if (chain.residual_layouts > 0) shape = chain.layouts[chain.residual_layouts - 1].shape;
  const View place =
      is_constant(ctx.graph, chain.residual)
          ? ctx.constant_view(chain.residual, shape, Elem::kI16)
          : expand(ctx.take(chain.residual, {Elem::kI16, Elem::kI8},
                            chain.multiply ? Context::Zero::kNone : Context::Zero::kAny),
                   shape);
  const auto r = pulled_back(place, chain.layouts, chain.residual_layouts);
  const Node& node = ctx.graph.node(chain.product);
  if (r && usable(ctx, *r)) return *r;
  if (r) return contiguous_copy(ctx, *r, node);
  // Rows of its own, then the way back.
  View again = contiguous_copy(ctx, place, node);
  for (std::size_t i = chain.residual_layouts; i-- > 0;) {
    again = moved(ctx, again, chain.layouts[i], node, true);
  }
  return usable(ctx, again) ? again : contiguous_copy(ctx, again, node);
}

}  // namespace

View contiguous_copy(Context& ctx, const View& from, const Node& node) {
  const TensorId id = ctx.tensor(node.name + ".rows", ctx.elem(from), from.sizes, ctx.scale(from),
                                 Role::kActivation, node.sources, ctx.zero(from));
  View to = ctx.out.whole(id);
  if (from.sizes.empty()) to.sizes.clear(), to.strides.clear();
  ctx.copy(from, to, node.sources.empty() ? node.name : node.sources.front(), node.sources);
  return to;
}

View dense_copy(Context& ctx, const View& from, const Node& node) {
  const TensorId id = ctx.tensor(node.name + ".dense", ctx.elem(from), from.sizes, ctx.scale(from),
                                 Role::kActivation, node.sources, ctx.zero(from));
  ctx.out.at(id).row_align = integer::elem_bytes(ctx.elem(from));
  const View to = ctx.out.whole(id);
  ctx.copy(from, to, node.sources.empty() ? node.name : node.sources.front(), node.sources);
  return to;
}

void emit_product(Context& ctx, const Chain& chain, Factors f) {
  const Node& node = ctx.graph.node(chain.product);
  const std::string name = node.sources.empty() ? node.name : node.sources.front();
  ir::Sources sources;
  for (const ir::NodeId id : chain.nodes) {
    sources = ir::merged(sources, ctx.graph.node(id).sources);
  }
  ir::Shape shape = f.a.sizes;
  if (f.segments) shape.pop_back();
  shape.back() = static_cast<std::int64_t>(f.scale_w.size());

  View r;
  if (chain.residual != ir::kNone) r = residual_view(ctx, chain, shape);

  Gemm g;
  // All operands in a common form; false if strides do not allow it.
  const auto fits = [&](const View& y) {
    View a = f.a;
    if (f.segments) a.sizes.pop_back(), a.strides.pop_back();
    std::vector<View> all{a, y};
    if (r.used()) all.push_back(r);
    if (f.batch) all.push_back(f.w);
    const auto m = f.batch ? as_batches(all, ctx.out) : as_matrices(all, ctx.out);
    if (!m) return false;
    const auto written = result_view(ctx, (*m)[1], g.y_trans);
    if (!written || !aligned((*m)[0], 8) || (r.used() && !usable(ctx, (*m)[2]))) return false;
    g.a = (*m)[0];
    if (f.segments) {
      g.a.strides[2] = f.a.strides[f.a.strides.size() - 2];
      g.a.sizes.push_back(f.a.sizes.back());
      g.a.strides.push_back(f.a.strides.back());
    }
    g.y = *written;
    if (r.used()) g.r = (*m)[2];
    g.w = f.batch ? m->back() : f.w;
    if (!f.batch) g.w.sizes[0] = g.a.sizes[0], g.w.strides[0] = 0;
    g.w_kn = f.w_kn;
    return true;
  };
  const auto finish = [&] {
    fill_epilogue(ctx, chain, f, g.y, g.r, name, g.epilogue);
    ctx.out.operations.push_back({name, sources, g});
  };
  // Where it is wanted, if the engine can write there; else in the product's own order.
  const auto wanted = ctx.wanted.find(chain.result);
  if (wanted != ctx.wanted.end()) {
    const auto y = pulled_back(wanted->second, chain.layouts, chain.layouts.size());
    if (y && fits(*y)) {
      finish();
      ctx.put(chain.result, wanted->second);
      return;
    }
  }
  const auto q = ctx.quant(chain.result);
  const View own = ctx.out.whole(ctx.tensor(ctx.name(chain.result), q.elem, shape, q.scale,
                                            Role::kActivation, sources, q.zero));
  bool done = fits(own);
  if (!done && !f.segments) {
    f.a = contiguous_copy(ctx, f.a, node);
    done = fits(own);
  }
  if (!done && f.batch) {
    f.w = contiguous_copy(ctx, f.w, node);
    done = fits(own);
  }
  if (!done && r.used()) {
    r = contiguous_copy(ctx, r, node);
    done = fits(own);
  }
  if (!done) throw Unsupported("its operands cannot be brought to a common form", "");
  finish();
  std::optional<View> place = own;
  for (std::size_t i = 0; i < chain.layouts.size() && place; ++i) {
    place = apply(*place, chain.layouts[i]);
  }
  if (!place) {  // behind the job: to where the result belongs
    place = ctx.fresh(chain.result, {}, std::nullopt, Context::Zero::kAny);
    if (const auto back = pulled_back(*place, chain.layouts, chain.layouts.size())) {
      ctx.copy(own, *back, name, sources);
    } else {
      place = own;
      for (const Layout& l : chain.layouts) place = moved(ctx, *place, l, node, false);
    }
  }
  ctx.put(chain.result, *place);
}

std::vector<double> bias_of(const Context& ctx, const Node& n) {
  if (n.inputs.size() < 3 || n.inputs[2] == ir::kNone) return {};
  if (!is_constant(ctx.graph, n.inputs[2])) {
    throw Unsupported("its bias is known only at run time", "");
  }
  return constant_value(ctx.graph, n.inputs[2]).to_doubles();
}

Kept keep_weights(Context& ctx, ValueId w, const WeightOrder& order) {
  const ir::Graph& g = ctx.graph;
  if (!is_constant(g, w)) throw Unsupported("its weights are known only at run time", "");
  const std::int64_t k = order.k, n = order.n;
  const Node* q = g.producer(w, Op::kDequantize);
  const ir::Tensor* ints = q ? g.constant(q->inputs[0]) : nullptr;
  const ir::Tensor* scale = q ? g.constant(q->inputs[1]) : nullptr;
  std::vector<double> zero(1, 0);
  if (q && q->inputs.size() > 2 && q->inputs[2] != ir::kNone) {
    zero = g.constant(q->inputs[2])->to_doubles();
  }
  const bool per_channel =
      q && (scale->size() == 1 ||
            (scale->size() == n && q->attrs.integer("axis", 1) == order.channel_axis));
  Weights made;
  bool exact = per_channel && (zero.size() == 1 || static_cast<std::int64_t>(zero.size()) == n);
  if (exact) {
    const std::int64_t row = padded(k);
    made.data.resize(static_cast<std::size_t>(n * row));
    const std::vector<double> v = ints->to_doubles();
    for (std::int64_t i = 0; i < k; ++i) {
      for (std::int64_t c = 0; c < n; ++c) {
        const std::int64_t at = order.index(i, c);
        if (at < 0) continue;
        const double d = v[static_cast<std::size_t>(at)] -
                         zero[zero.size() > 1 ? static_cast<std::size_t>(c) : 0];
        exact = exact && d >= -128 && d <= 127;
        made.data[static_cast<std::size_t>(c * row + i)] =
            static_cast<std::uint8_t>(static_cast<std::int64_t>(d));
      }
    }
    for (std::int64_t c = 0; c < n; ++c) made.scale.push_back(scale->at(scale->size() > 1 ? c : 0));
  }
  if (!exact) {  // floats, or integers that need nine bits without their zero point
    const ir::Tensor real = constant_value(g, w);
    const auto v = real.data<float>();
    ir::Tensor matrix(ir::DType::kFloat32, {k, n});
    auto m = matrix.mutable_data<float>();
    for (std::int64_t i = 0; i < k; ++i) {
      for (std::int64_t c = 0; c < n; ++c) {
        const std::int64_t at = order.index(i, c);
        if (at >= 0) m[static_cast<std::size_t>(i * n + c)] = v[static_cast<std::size_t>(at)];
      }
    }
    made = quantize_weights(matrix);
  }
  std::vector<std::int64_t> sums(static_cast<std::size_t>(n));
  for (std::int64_t c = 0; c < n; ++c) {
    for (std::int64_t i = 0; i < k; ++i) {
      sums[static_cast<std::size_t>(c)] +=
          static_cast<std::int8_t>(made.data[static_cast<std::size_t>(c * padded(k) + i)]);
    }
  }
  const TensorId id = ctx.constant(ctx.name(w), Elem::kI8, {n, k}, std::move(made.data));
  return {*as_matrix(ctx.out.whole(id), ctx.out), std::move(made.scale), std::move(sums)};
}

void lower_linear(Context& ctx, const Chain& chain) {
  const Node& n = ctx.graph.node(chain.product);
  Factors f;
  f.a = ctx.take_rows(n.inputs[0], {Elem::kI8}, 8, Context::Zero::kAny);
  f.scale_a = ctx.scale(f.a);
  f.zero_a = ctx.zero(f.a);
  const ir::Shape& s = ctx.graph.value(n.inputs[1]).shape();
  const std::int64_t columns = s.at(1);
  Kept w =
      keep_weights(ctx, n.inputs[1],
                   {s.at(0), columns, 1, [columns](auto k, auto c) { return k * columns + c; }});
  f.w = w.w;
  f.scale_w = std::move(w.scale);
  f.sum_w = std::move(w.sum);
  f.bias = bias_of(ctx, n);
  emit_product(ctx, chain, std::move(f));
}

void lower_matmul(Context& ctx, const Chain& chain) {
  const Node& n = ctx.graph.node(chain.product);
  const ir::Shape& y = ctx.graph.value(n.output).shape();
  const auto operand = [&](std::size_t i, bool transposed) {
    View v = ctx.take(n.inputs[i], {Elem::kI8}, Context::Zero::kAny);
    if (v.sizes.size() < 2) throw Unsupported("it multiplies a vector", "");
    const std::size_t r = v.sizes.size();
    if (transposed) {
      std::swap(v.sizes[r - 1], v.sizes[r - 2]);
      std::swap(v.strides[r - 1], v.strides[r - 2]);
    }
    ir::Shape shape(y.begin(), y.end() - 2);
    shape.push_back(v.sizes[r - 2]);
    shape.push_back(v.sizes[r - 1]);
    return expand(v, shape);
  };
  Factors f;
  f.a = operand(0, n.attrs.integer("transpose_a") != 0);
  // As [N][K].
  f.w = operand(1, n.attrs.integer("transpose_b") == 0);
  const double sign = spread_zero_points(ctx, n, f);
  f.scale_a = ctx.scale(f.a) * sign;
  f.scale_w.assign(static_cast<std::size_t>(y.back()), ctx.scale(f.w));
  f.batch = true;
  if (!usable(ctx, f.a)) f.a = contiguous_copy(ctx, f.a, n);
  if (!usable(ctx, f.w)) {
    View kn = f.w;
    const std::size_t r = kn.sizes.size();
    std::swap(kn.sizes[r - 1], kn.sizes[r - 2]);
    std::swap(kn.strides[r - 1], kn.strides[r - 2]);
    f.w_kn = usable(ctx, kn);
    f.w = f.w_kn ? kn : contiguous_copy(ctx, f.w, n);
  }
  emit_product(ctx, chain, std::move(f));
}

}  // namespace oct::lower
