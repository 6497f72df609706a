// SPDX-License-Identifier: Apache-2.0
// Rotary embedding.
#include <fmt/format.h>

#include <cstring>

#include "compiler/lower/attention.hpp"
#include "compiler/lower/nodes.hpp"
#include "compiler/lower/numbers.hpp"
#include "compiler/lower/product.hpp"
#include "golden/network.hpp"

namespace oct::lower {
namespace {

using ir::Node;

/// Rows [r/2 cosines, r/2 sines] in Q14.
View rotary_table(Context& ctx, const Node& n) {
  const ir::Tensor cos = constant_value(ctx.graph, n.inputs[1]);
  const ir::Tensor sin = constant_value(ctx.graph, n.inputs[2]);
  const std::int64_t rows = cos.shape().at(0), half = cos.shape().at(1);
  const std::string name = ctx.name(n.inputs[1]) + ".rotary";
  if (const auto found = ctx.find(name)) return *found;
  std::vector<std::uint8_t> data(static_cast<std::size_t>(rows * padded(4 * half)));
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < 2 * half; ++c) {
      const double x = c < half ? cos.at(r * half + c) : sin.at(r * half + c - half);
      const std::int32_t q = to_bits(x * 16384, 16);
      std::memcpy(&data[static_cast<std::size_t>(r * padded(4 * half) + 2 * c)], &q, 2);
    }
  }
  return ctx.out.whole(ctx.constant(name, Elem::kI16, {rows, 2 * half}, std::move(data), 0x1p-14));
}

/// What it turns: x to y, both {B, H, S, D}; angles: rows of cosines and sines.
struct Turn {
  View x, y, table;
  bool ids = false;
};

/// The angles of the rows of one of a batch, with constant places or places by ids.
View angles_of(Context& ctx, const Node& n, const Turn& t, std::int64_t b) {
  const std::int64_t rows = t.x.sizes[2];
  if (!t.ids) return t.table.slice(0, 0, rows);
  View at = ctx.places(n.inputs[3]).front().slice(0, b, 1);
  if (ctx.elem(at) != Elem::kI64) {
    throw Unsupported("its positions are computed at run time", "make them an input of the model");
  }
  const std::string name = fmt::format("{}.rotary{}", ctx.name(n.inputs[3]), b);
  if (const auto found = ctx.find(name)) return *found;
  const View cs = ctx.out.whole(ctx.tensor(name, Elem::kI16, {rows, t.table.sizes[1]}, 0x1p-14,
                                           Role::kActivation, n.sources));
  at.sizes = {rows};
  at.strides = {at.strides.back()};
  ctx.emit(n, integer::Gather{at, t.table.tensor, cs});
  return cs;
}

std::int32_t factor_of(const Context& ctx, const Turn& t) {
  return static_cast<std::int32_t>(kernel_scale(ctx.scale(t.x) / ctx.scale(t.y) / 16384));
}

void emit_turn(Context& ctx, const Node& n, const Turn& t) {
  const std::int64_t rows = t.x.sizes[2], d = t.x.sizes[3];
  const auto r = static_cast<std::int32_t>(t.table.sizes[1]);
  for (std::int64_t b = 0; b < t.x.sizes[0]; ++b) {
    View angles = angles_of(ctx, n, t, b);
    // Rows of all heads where both lie so; else head by head.
    const View xs = permute(of_batch(t.x, b), {1, 0, 2}), ys = permute(of_batch(t.y, b), {1, 0, 2});
    const std::int64_t h = xs.sizes[1];
    const auto xr = reshape(xs, {rows, h * d}), yr = reshape(ys, {rows, h * d});
    const bool dense = xr && rows_contiguous(*xr, ctx.out);
    // A token's heads with zeros between them (attention_packed.cpp): a row, too.
    const bool apart = dense && ctx.apart.contains(t.y.tensor);
    const bool whole = apart || (dense && yr && rows_contiguous(*yr, ctx.out));
    View in = whole ? *xr : of_batch(t.x, b), to = whole && !apart ? *yr : of_batch(t.y, b);
    const std::int64_t step = apart ? t.y.strides[1] : d;  // of bytes
    if (apart) to.sizes = {1, h * step}, to.strides = {padded(h * step), 1};
    const auto front = [&](View& v, std::int64_t count) {
      v.sizes.insert(v.sizes.begin(), count);
      v.strides.insert(v.strides.begin(), 0);
    };
    if (whole) front(in, 1), front(to, 1);
    front(angles, whole ? 1 : h);
    if (rows == 1) {
      const auto fix = [&](View& v) {
        v.strides[1] = padded(v.sizes[2] * integer::elem_bytes(ctx.elem(v)));
      };
      fix(in), fix(to), fix(angles);
    }
    const bool token = rows == 1 && whole;
    std::vector<std::int32_t> args{
        static_cast<std::int32_t>(whole ? h * d : d), static_cast<std::int32_t>(d), r,
        static_cast<std::int32_t>(n.attrs.integer("interleaved")), factor_of(ctx, t)};
    if (token) args.push_back(static_cast<std::int32_t>(apart ? step - d : 0));
    ctx.kernel(n,
               fmt::format("{}_{}_{}", token ? "turn" : "rotary", elem_text(ctx.elem(t.x)),
                           elem_text(ctx.elem(t.y))),
               {in, angles}, {to}, {}, std::move(args));
  }
}

}  // namespace

void lower_rotary(Context& ctx, const Node& n) {
  if (!is_constant(ctx.graph, n.inputs[1]) || !is_constant(ctx.graph, n.inputs[2])) {
    throw Unsupported("its angles are known only at run time", "");
  }
  Turn t;
  t.table = rotary_table(ctx, n);
  t.ids = n.inputs.size() > 3 && n.inputs[3] != ir::kNone;
  t.x = ctx.take(n.inputs[0], {Elem::kI16, Elem::kI8});
  if (!rows_contiguous(t.x, ctx.out) || !aligned(t.x, 4)) t.x = contiguous_copy(ctx, t.x, n);
  t.y = ctx.destination(n.output, {0, 2, 1, 3});
  if (!rows_contiguous(t.y, ctx.out) || !aligned(t.y, 4)) t.y = ctx.fresh(n.output, {0, 2, 1, 3});
  if (ctx.apart.contains(t.y.tensor) && !reshape(t.x, {1, 1, t.x.sizes[1] * t.x.sizes[3]})) {
    t.x = contiguous_copy(ctx, t.x, n);
  }
  emit_turn(ctx, n, t);
  ctx.put(n.output, t.y);
}

}  // namespace oct::lower
