// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/attention.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <numbers>

#include "compiler/lower/nodes.hpp"
#include "compiler/lower/numbers.hpp"
#include "compiler/lower/product.hpp"
#include "golden/network.hpp"

namespace oct::lower {
namespace {

using ir::Node;

bool usable(const Context& ctx, const View& v) {
  return rows_contiguous(v, ctx.out) && aligned(v, 8);
}

View operand(Context& ctx, ValueId v, const ir::Ints& order) {
  for (const View& p : ctx.places(v)) {
    const View o = permute(p, order);
    if (ctx.elem(p) == Elem::kI8 && usable(ctx, o)) return o;
  }
  const View from = ctx.take(v, {Elem::kI8});
  if (usable(ctx, permute(from, order))) return permute(from, order);
  const View to = ctx.fresh(v, order, Elem::kI8);
  ctx.out.at(to.tensor).scale = ctx.scale(from);
  const Node* n = ctx.graph.producer(v);
  ctx.copy(from, to, ctx.name(v), n ? n->sources : ir::Sources{});
  ctx.put(v, to);
  return permute(to, order);
}

}  // namespace

View key_mask_bits(Context& ctx, const Node& n, ValueId mask, std::int64_t batch) {
  const View m = ctx.places(mask).front();
  const std::int64_t keys = m.sizes.back();
  const std::string name = fmt::format("{}.bits{}", ctx.name(mask), batch);
  // One for all layers.
  if (const auto found = ctx.find(name)) return *found;
  if (ctx.elem(m) != Elem::kI64 || m.sizes.size() != 2) {
    throw Unsupported(fmt::format("its key mask is {}", ir::type_text(ctx.graph.value(mask).type)),
                      "masks are integers or truth values [batch, keys]");
  }
  const View bits = ctx.out.whole(
      ctx.tensor(name, Elem::kU8, {1, (keys + 63) / 64 * 8}, 1, Role::kActivation, n.sources));
  View from = m.slice(0, batch, 1), to = bits;
  from.sizes.insert(from.sizes.begin(), 1), from.strides.insert(from.strides.begin(), 0);
  to.sizes.insert(to.sizes.begin(), 1), to.strides.insert(to.strides.begin(), 0);
  ctx.kernel(n, "key_mask", {from}, {to}, {}, {static_cast<std::int32_t>(keys)});
  return bits;
}

void lower_attention(Context& ctx, const Node& n) {
  const auto input = [&](std::size_t i) { return i < n.inputs.size() ? n.inputs[i] : ir::kNone; };
  const bool biased = input(4) != ir::kNone;
  if (n.attrs.number("softcap") != 0) throw Unsupported("limited scores (softcap)", "");
  const View q = operand(ctx, n.inputs[0], {0, 1, 2, 3});
  const View k = operand(ctx, n.inputs[1], {0, 1, 2, 3});
  const View v = operand(ctx, n.inputs[2], {0, 1, 3, 2});
  const std::int64_t heads = q.sizes[1], d = q.sizes[3], dv = v.sizes[2];
  if (!biased && (d > 128 || dv > 128)) {
    throw Unsupported(fmt::format("heads of {} channels", std::max(d, dv)),
                      "the engine takes up to 128");
  }
  // [B][S][H][E]: merging heads is a view where E is a multiple of 8.
  View o = ctx.destination(n.output, {0, 2, 1, 3});
  if (ctx.elem(o) != Elem::kI8 || !usable(ctx, o)) o = ctx.fresh(n.output, {0, 2, 1, 3}, Elem::kI8);
  if (biased) {
    lower_attention_with_bias(ctx, n, {q, k, v, o});
    ctx.put(n.output, o);
    return;
  }
  const double logit =
      n.attrs.number("scale", 1) * std::numbers::log2e * 64 * ctx.scale(q) * ctx.scale(k);
  if (!(logit >= 0)) throw Unsupported("a negative scale", "");
  std::vector<std::uint32_t> words;
  for (std::int64_t h = 0; h < heads; ++h) {
    words.push_back(scale_word(logit, 0));
    words.push_back(scale_word(ctx.scale(v) / ctx.scale(o), 0));
  }
  const std::string name = n.sources.empty() ? n.name : n.sources.front();
  const TensorId params = ctx.constant_words(name + ".heads", words);
  for (std::int64_t b = 0; b < q.sizes[0]; ++b) {
    integer::Attention a;
    a.q = of_batch(q, b);
    a.k = of_batch(k, b);
    a.v = of_batch(v, b);
    a.o = of_batch(o, b);
    a.head_params = params;
    if (input(3) != ir::kNone) a.key_mask = key_mask_bits(ctx, n, n.inputs[3], b);
    a.causal = n.attrs.integer("causal") != 0;
    a.offset = n.attrs.integer("offset");
    a.window = n.attrs.integer("window");
    ctx.emit(n, a);
  }
  ctx.put(n.output, o);
}

void lower_kv_append(Context& ctx, const Node& n) {
  const View& whole = ctx.wanted.at(n.output);
  const auto axis =
      static_cast<std::size_t>(ir::normalized_axis(n.attrs.integer("axis"), whole.sizes.size()));
  const std::int64_t total = whole.sizes[axis];
  const std::int64_t rows = ctx.graph.value(n.inputs[1]).shape()[axis];
  View to = whole.slice(axis, total - rows, rows);
  // A single row goes to the slot that the run names; all caches of a network turn together.
  if (rows == 1 && total > 1 && (ctx.out.slots == 1 || ctx.out.slots == total)) {
    ctx.out.slots = total;
    to = whole.slice(axis, 0, 1);
    to.slot_stride = whole.strides[axis];
  }
  if (total > rows) {
    const View past = whole.slice(axis, 0, total - rows);
    bool there = false;
    for (const View& p : ctx.places(n.inputs[0])) there = there || same_place(p, past);
    if (!there) {
      ctx.copy(ctx.take(n.inputs[0], {ctx.elem(whole)}), past, ctx.name(n.output), n.sources);
    }
  }
  const View from = ctx.take(n.inputs[1], {ctx.elem(whole)});
  ctx.copy_scaled(from, to, n);
  ctx.put(n.output, whole);
}

namespace {

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

}  // namespace

void lower_rotary(Context& ctx, const Node& n) {
  const std::int64_t d = ctx.graph.value(n.output).shape().at(3);
  const std::int64_t rows = ctx.graph.value(n.output).shape().at(2);
  if (!is_constant(ctx.graph, n.inputs[1]) || !is_constant(ctx.graph, n.inputs[2])) {
    throw Unsupported("its angles are known only at run time", "");
  }
  const View table = rotary_table(ctx, n);
  const std::int64_t r = table.sizes[1];
  const bool ids = n.inputs.size() > 3 && n.inputs[3] != ir::kNone;
  View x = ctx.take(n.inputs[0], {Elem::kI16, Elem::kI8});
  const std::int64_t batch = x.sizes[0];
  if (!rows_contiguous(x, ctx.out) || !aligned(x, 4)) x = contiguous_copy(ctx, x, n);
  View y = ctx.destination(n.output, {0, 2, 1, 3});
  if (!rows_contiguous(y, ctx.out) || !aligned(y, 4)) y = ctx.fresh(n.output, {0, 2, 1, 3});
  const double factor = ctx.scale(x) / ctx.scale(y) / 16384;
  for (std::int64_t b = 0; b < batch; ++b) {
    View cs = table.slice(0, 0, ids ? 1 : rows);
    if (ids) {
      View at = ctx.places(n.inputs[3]).front().slice(0, b, 1);
      const std::string name = fmt::format("{}.rotary{}", ctx.name(n.inputs[3]), b);
      if (const auto found = ctx.find(name)) {
        cs = *found;
      } else {
        cs = ctx.out.whole(
            ctx.tensor(name, Elem::kI16, {rows, r}, 0x1p-14, Role::kActivation, n.sources));
        at.sizes = {rows};
        at.strides = {at.strides.back()};
        ctx.emit(n, integer::Gather{at, table.tensor, cs});
      }
    }
    // Rows of all heads where both lie so; else head by head.
    const View xs = permute(of_batch(x, b), {1, 0, 2}), ys = permute(of_batch(y, b), {1, 0, 2});
    const std::int64_t h = xs.sizes[1];
    const auto xr = reshape(xs, {rows, h * d}), yr = reshape(ys, {rows, h * d});
    const bool whole = xr && yr && rows_contiguous(*xr, ctx.out) && rows_contiguous(*yr, ctx.out);
    View in = whole ? *xr : of_batch(x, b), to = whole ? *yr : of_batch(y, b);
    View angles = cs;
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
    ctx.kernel(
        n, fmt::format("rotary_{}_{}", elem_text(ctx.elem(x)), elem_text(ctx.elem(y))),
        {in, angles}, {to}, {},
        {static_cast<std::int32_t>(whole ? h * d : d), static_cast<std::int32_t>(d),
         static_cast<std::int32_t>(r), static_cast<std::int32_t>(n.attrs.integer("interleaved")),
         static_cast<std::int32_t>(golden::net::scale_word(factor))});
  }
  ctx.put(n.output, y);
}

}  // namespace oct::lower
