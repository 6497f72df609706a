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
  const std::int64_t d = q.sizes[3], dv = v.sizes[2];
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
  AttentionViews views{q, k, v, o};
  const std::optional<View> packed = pack_heads(ctx, n, views);
  const double logit =
      n.attrs.number("scale", 1) * std::numbers::log2e * 64 * ctx.scale(q) * ctx.scale(k);
  if (!(logit >= 0)) throw Unsupported("a negative scale", "");
  std::vector<std::uint32_t> words;
  for (std::int64_t h = 0; h < views.q.sizes[1]; ++h) {
    words.push_back(scale_word(logit, 0));
    words.push_back(scale_word(ctx.scale(v) / ctx.scale(views.o), 0));
  }
  const std::string name = n.sources.empty() ? n.name : n.sources.front();
  const TensorId params = ctx.constant_words(name + ".heads", words);
  for (std::int64_t b = 0; b < q.sizes[0]; ++b) {
    integer::Attention a;
    a.q = of_batch(views.q, b);
    a.k = of_batch(views.k, b);
    a.v = of_batch(views.v, b);
    a.o = of_batch(views.o, b);
    a.head_params = params;
    if (input(3) != ir::kNone) a.key_mask = key_mask_bits(ctx, n, n.inputs[3], b);
    a.causal = !packed && n.attrs.integer("causal") != 0;
    a.offset = n.attrs.integer("offset");
    a.window = n.attrs.integer("window");
    ctx.emit(n, a);
  }
  ctx.put(n.output, packed.value_or(o));
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

}  // namespace oct::lower
