// SPDX-License-Identifier: Apache-2.0
// Means over dimensions, pooling.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/integer/kernels.hpp"
#include "compiler/lower/nodes.hpp"
#include "compiler/lower/numbers.hpp"
#include "compiler/lower/product.hpp"
#include "golden/network.hpp"

namespace oct::lower {
namespace {

using ir::Node;

/// One or two dimensions as two.
std::int64_t at(const ir::Ints& v, std::size_t i, std::size_t d, std::int64_t otherwise) {
  return d == 1 ? (i == 0 ? otherwise : v.at(0)) : v.at(i);
}

}  // namespace

void lower_reduce(Context& ctx, const Node& n) {
  const bool sum = n.op == Op::kReduceSum, most = n.op == Op::kReduceMax;
  const ir::Shape shape = ctx.graph.value(n.inputs[0]).shape();
  std::vector<bool> gone(shape.size(), false);
  for (const std::int64_t a : n.attrs.ints("axes")) {
    gone[static_cast<std::size_t>(ir::normalized_axis(a, shape.size()))] = true;
  }
  // Kept dimensions, those that go, and one kept dimension that is contiguous.
  View x = ctx.take(n.inputs[0], {Elem::kI16, Elem::kI8});
  const auto last_kept = [&](const View& v) {
    std::size_t last = shape.size();
    for (std::size_t d = 0; d < shape.size(); ++d) {
      const bool one = v.strides[d] == integer::elem_bytes(ctx.elem(v));
      if (!gone[d] && shape[d] > 1 && one) last = d;
    }
    return last;
  };
  std::size_t last = last_kept(x);
  if (last == shape.size()) {
    // Some dimension that stays becomes the contiguous one.
    std::size_t largest = shape.size();
    for (std::size_t d = 0; d < shape.size(); ++d) {
      if (!gone[d] && (largest == shape.size() || shape[d] >= shape[largest])) largest = d;
    }
    if (largest == shape.size()) throw Unsupported("it leaves a single element", "");
    ir::Ints front;
    for (std::size_t d = 0; d < shape.size(); ++d) {
      if (d != largest) front.push_back(static_cast<std::int64_t>(d));
    }
    front.push_back(static_cast<std::int64_t>(largest));
    x = permute(contiguous_copy(ctx, permute(x, front), n), inverse(front));
    last = largest;
  }
  ir::Ints order;
  double rows = 1;
  ir::Shape kept, flat;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (!gone[d] && d != last) order.push_back(static_cast<std::int64_t>(d));
  }
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (!gone[d]) continue;
    order.push_back(static_cast<std::int64_t>(d));
    rows *= static_cast<double>(shape[d]);
  }
  order.push_back(static_cast<std::int64_t>(last));
  const auto as_rows = [&](const View& v) {
    const View p = permute(v, order);
    ir::Shape s;
    std::int64_t batch = 1;
    for (std::size_t i = 0; i < p.sizes.size(); ++i) {
      if (!gone[static_cast<std::size_t>(order[i])] && i + 1 < p.sizes.size()) batch *= p.sizes[i];
    }
    return reshape(p, {batch, static_cast<std::int64_t>(rows), p.sizes.back()});
  };
  auto in = as_rows(x);
  if (!in || !aligned(*in, 4)) {
    x = permute(contiguous_copy(ctx, permute(x, order), n), inverse(order));
    in = as_rows(x);
  }
  View y = ctx.destination(n.output);
  const bool other = ctx.elem(y) != ctx.elem(x) || ctx.scale(y) != ctx.scale(x);
  if (most && other) {  // a maximum stays in the steps of its operand
    y = ctx.fresh(n.output, {}, ctx.elem(x));
    ctx.out.at(y.tensor).scale = ctx.scale(x);
  }
  // The result with the dimensions that are gone as ones.
  ir::Shape ones = shape;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (gone[d]) ones[d] = 1;
  }
  const auto out_rows = [&](const View& v) -> std::optional<View> {
    const auto full = reshape(v, ones);
    if (!full) return std::nullopt;
    const View p = permute(*full, order);
    std::int64_t batch = 1;
    for (std::size_t i = 0; i + 1 < p.sizes.size(); ++i) batch *= p.sizes[i];
    return reshape(p, {batch, 1, p.sizes.back()});
  };
  auto out = out_rows(y);
  if (!out || !aligned(*out, 4) || !rows_contiguous(*out, ctx.out)) {
    // Stored in the order in which it is computed.
    ir::Shape stored;
    for (const std::int64_t d : order) stored.push_back(ones[static_cast<std::size_t>(d)]);
    const View own = ctx.out.whole(ctx.tensor(ctx.name(n.output), ctx.elem(y), stored, ctx.scale(y),
                                              Role::kActivation, n.sources));
    const auto back = reshape(permute(own, inverse(order)), ctx.graph.value(n.output).shape());
    if (!back) throw Unsupported("its rows are scattered", "");
    y = *back;
    out = out_rows(y);
  }
  if (!in || !out || !rows_contiguous(*out, ctx.out) || !rows_contiguous(*in, ctx.out)) {
    throw Unsupported("its rows are scattered", "");
  }
  if (most) {
    const auto channels = static_cast<std::int32_t>(in->sizes[2]);
    const auto count = static_cast<std::int32_t>(rows);
    ctx.kernel(n, fmt::format("maxpool_{}", elem_text(ctx.elem(x))), {*in}, {*out}, {},
               {channels, 1, count, 1, count, 1, count, 0, 0, 1, 1});
    ctx.put(n.output, y);
    return;
  }
  const double factor = ctx.scale(x) / ctx.scale(y) / (sum ? 1 : rows);
  ctx.kernel(
      n, fmt::format("mean_{}_{}", elem_text(ctx.elem(x)), elem_text(ctx.elem(y))), {*in}, {*out},
      {},
      {static_cast<std::int32_t>(in->sizes[2]), static_cast<std::int32_t>(kernel_scale(factor))});
  ctx.put(n.output, y);
}

void lower_pool(Context& ctx, const Node& n) {
  const ir::Shape& s = ctx.graph.value(n.inputs[0]).shape();
  const ir::Shape& o = ctx.graph.value(n.output).shape();
  const std::size_t d = s.size() - 2;
  if (d != 1 && d != 2) throw Unsupported("pooling has one or two dimensions", "");
  const ir::Ints ones(d, 1), zeros(2 * d, 0);
  for (const std::int64_t l : n.attrs.ints("dilations", ones)) {
    if (l != 1) throw Unsupported("pooling with gaps (dilations)", "");
  }
  const ir::Ints k = n.attrs.ints("kernel"), st = n.attrs.ints("strides", ones),
                 p = n.attrs.ints("pads", zeros);
  const bool most = n.op == Op::kMaxPool;
  // Pixels are rows of channels.
  ir::Ints last{0};
  for (std::size_t i = 2; i < s.size(); ++i) last.push_back(static_cast<std::int64_t>(i));
  last.push_back(1);
  const auto pixels = [&](const View& v, const ir::Shape& shape) {
    std::int64_t count = 1;
    for (std::size_t i = 2; i < shape.size(); ++i) count *= shape[i];
    return reshape(permute(v, last), {shape[0], count, shape[1]});
  };
  const auto usable = [&](const std::optional<View>& v) {
    return v && rows_contiguous(*v, ctx.out) && aligned(*v, 4);
  };
  View x = ctx.take(n.inputs[0], {Elem::kI16, Elem::kI8});
  auto in = pixels(x, s);
  if (!usable(in)) {
    x = permute(contiguous_copy(ctx, permute(x, last), n), inverse(last));
    in = pixels(x, s);
  }
  View y = ctx.destination(n.output, last);
  const bool same = !most || (ctx.elem(y) == ctx.elem(x) && ctx.scale(y) == ctx.scale(x));
  auto out = pixels(y, o);
  if (!usable(out) || !same) {
    y = ctx.fresh(n.output, last, most ? std::optional<Elem>(ctx.elem(x)) : std::nullopt);
    if (most) ctx.out.at(y.tensor).scale = ctx.scale(x);
    out = pixels(y, o);
  }
  const auto arg = [](std::int64_t v) { return static_cast<std::int32_t>(v); };
  std::vector<std::int32_t> args{
      arg(s[1]),        arg(d == 2 ? s[2] : 1), arg(s.back()),  arg(at(k, 0, d, 1)),
      arg(k.back()),    arg(at(st, 0, d, 1)),   arg(st.back()), arg(d == 2 ? p[0] : 0),
      arg(p.at(d - 1)), arg(d == 2 ? o[2] : 1), arg(o.back())};
  std::string name = fmt::format("maxpool_{}", elem_text(ctx.elem(x)));
  if (!most) {
    name = fmt::format("avgpool_{}_{}", elem_text(ctx.elem(x)), elem_text(ctx.elem(y)));
    const double window = static_cast<double>(args[3]) * args[4];
    if (window > 255) throw Unsupported("windows of more than 255 elements", "");
    args.push_back(arg(n.attrs.integer("count_include_pad")));
    args.push_back(static_cast<std::int32_t>(kernel_scale(ctx.scale(x) / ctx.scale(y) / window)));
  }
  ctx.kernel(n, name, {*in}, {*out}, {}, args);
  ctx.put(n.output, y);
}

}  // namespace oct::lower
