// SPDX-License-Identifier: Apache-2.0
// Attention whose scores get a bias (relative positions, windows): a product to INT16 logits that
// takes the bias as its residual, softmax rows on the workers, a product with V. The engine's own
// attention adds no bias.
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "compiler/lower/attention.hpp"
#include "compiler/lower/nodes.hpp"
#include "compiler/lower/numbers.hpp"
#include "compiler/lower/product.hpp"
#include "golden/network.hpp"
#include "runtime/include/oct_ml.h"

namespace oct::lower {
namespace {

using ir::Node;

constexpr double kStep = std::numbers::ln2 / 64;  // of a logit: what softmax can tell apart
constexpr std::int16_t kNever = -32768;

/// One number for all channels, as a plane of n.
TensorId plane(Context& ctx, const std::string& name, std::size_t n, double scale) {
  return ctx.constant(name, Elem::kI32, {static_cast<std::int64_t>(2 * n)},
                      plane_a({}, std::vector<double>(n, scale)));
}

/// A constant bias in steps of kStep, what is never visible at the very end. The last two
/// dimensions are written out if the attention is causal.
View constant_bias(Context& ctx, const Node& n, const ir::Shape& scores) {
  const ir::Tensor t = constant_value(ctx.graph, n.inputs[4]);
  const bool causal = n.attrs.integer("causal") != 0;
  const std::int64_t offset = n.attrs.integer("offset"), window = n.attrs.integer("window");
  const std::int64_t sq = scores[2], sk = scores[3];
  ir::Shape own(4 - t.shape().size(), 1);
  own.insert(own.end(), t.shape().begin(), t.shape().end());
  const ir::Shape strides = ir::row_major_strides(own);
  const ir::Shape stored{own[0], own[1], causal ? sq : own[2], sk};
  const TensorId id = ctx.tensor(ctx.name(n.inputs[4]), Elem::kI16, stored, kStep, Role::kConstant);
  integer::Tensor& tensor = ctx.out.at(id);
  std::vector<std::uint8_t> data(static_cast<std::size_t>(tensor.bytes()));
  const std::vector<std::int64_t> at = tensor.strides();
  for (std::int64_t b = 0; b < stored[0]; ++b)
    for (std::int64_t h = 0; h < stored[1]; ++h)
      for (std::int64_t i = 0; i < stored[2]; ++i)
        for (std::int64_t j = 0; j < sk; ++j) {
          const double x =
              t.at(b * strides[0] + h * strides[1] + (own[2] == 1 ? 0 : i) * strides[2] +
                   (own[3] == 1 ? 0 : j) * strides[3]);
          const bool hidden =
              causal && (j > i + offset || (window > 0 && j <= i + offset - window));
          const std::int32_t q = hidden ? kNever : to_bits(x / kStep, 16);
          const auto k = static_cast<std::size_t>(b * at[0] + h * at[1] + i * at[2] + j * at[3]);
          data[k] = static_cast<std::uint8_t>(q);
          data[k + 1] = static_cast<std::uint8_t>(q >> 8);
        }
  tensor.data = std::move(data);
  return ctx.out.whole(id);
}

/// A row of 0 and "never" from an INT64 mask: rows of a table with one element, by the mask's
/// value.
View mask_row(Context& ctx, const Node& n, std::int64_t batch) {
  const View m = ctx.places(n.inputs[3]).front();
  if (ctx.elem(m) != Elem::kI64 || m.sizes.size() != 2) {
    throw Unsupported("its key mask is not INT64 [batch, keys]", "");
  }
  const std::string name = fmt::format("{}.row{}", ctx.name(n.inputs[3]), batch);
  if (const auto found = ctx.find(name)) return *found;
  const TensorId table = ctx.constant(name + ".table", Elem::kI16, {2, 1}, {0, 0x80}, kStep);
  const std::int64_t keys = m.sizes[1];
  const View row = ctx.out.whole(
      ctx.tensor(name, Elem::kI16, {1, 1, keys}, kStep, Role::kActivation, n.sources));
  View ids = m.slice(0, batch, 1), to = row;
  ids.sizes = {keys};
  ids.strides = {m.strides[1]};
  to.sizes = {keys, 1};
  to.strides = {2, 2};
  ctx.emit(n, integer::Gather{ids, table, to});
  return row;
}

/// What is added to the scores of one of the batch: {H, Sq, Sk}.
View total_bias(Context& ctx, const Node& n, const ir::Shape& scores, std::int64_t batch) {
  const bool masked = n.inputs.size() > 3 && n.inputs[3] != ir::kNone;
  const std::string name =
      fmt::format("{}.bias{}.{}", ctx.name(n.inputs[4]), masked ? n.inputs[3] : 0, batch);
  if (const auto found = ctx.find(name)) return expand(*found, {scores[1], scores[2], scores[3]});
  View all;
  if (is_constant(ctx.graph, n.inputs[4])) {
    all = constant_bias(ctx, n, scores);
  } else {
    if (n.attrs.integer("causal") != 0) throw Unsupported("a run-time bias and a causal mask", "");
    all = ctx.take(n.inputs[4], {Elem::kI16, Elem::kI8});
    ir::Shape four(4 - all.sizes.size(), 1);
    four.insert(four.end(), all.sizes.begin(), all.sizes.end());
    all = expand(all, four);
  }
  View one = all.slice(0, all.sizes[0] == 1 ? 0 : batch, 1);
  one.sizes.erase(one.sizes.begin());
  one.strides.erase(one.strides.begin());
  if (!masked) return expand(one, {scores[1], scores[2], scores[3]});
  const View row = mask_row(ctx, n, batch);
  if (!rows_contiguous(one, ctx.out)) one = contiguous_copy(ctx, one, n);
  if (ctx.elem(one) == Elem::kI8) {
    const View wide = ctx.out.whole(
        ctx.tensor(name + ".wide", Elem::kI16, one.sizes, kStep, Role::kActivation, n.sources));
    ctx.requantize(one, wide, n);
    one = wide;
  }
  const View sum =
      ctx.out.whole(ctx.tensor(name, Elem::kI16, one.sizes, kStep, Role::kActivation, n.sources));
  const auto m = as_matrices({one, expand(row, one.sizes), sum}, ctx.out);
  if (!m || ctx.elem(one) != Elem::kI16) throw Unsupported("a bias that cannot be masked", "");
  const auto factor = static_cast<std::int32_t>(std::lround(ctx.scale(one) / kStep * 2048));
  if (factor > 4095) throw Unsupported("a bias that is too large to be masked", "");
  ctx.kernel(n, "add_i16_i16_i16", {(*m)[0], (*m)[1]}, {(*m)[2]}, {},
             {static_cast<std::int32_t>(one.sizes.back()),
              static_cast<std::int32_t>(oct_arq_param(factor, 2048, 11))});
  return expand(sum, {scores[1], scores[2], scores[3]});
}

}  // namespace

void lower_attention_with_bias(Context& ctx, const Node& n, const AttentionViews& v) {
  const std::int64_t batches = v.q.sizes[0], heads = v.q.sizes[1], groups = v.k.sizes[1];
  const std::int64_t sq = v.q.sizes[2], sk = v.k.sizes[2], dv = v.v.sizes[2];
  const std::string name = n.sources.empty() ? n.name : n.sources.front();
  const ir::Shape scores{batches, heads, sq, sk};
  const double scale = n.attrs.number("scale", 1);
  const TensorId logit_plane = plane(ctx, name + ".plane_a", static_cast<std::size_t>(sk),
                                     ctx.scale(v.q) * ctx.scale(v.k) * scale / kStep);
  const TensorId sum_plane = plane(ctx, name + ".plane_av", static_cast<std::size_t>(dv),
                                   ctx.scale(v.v) / 127 / ctx.scale(v.o));
  const auto table = golden::net::softmax_table();
  const TensorId exp2 =
      ctx.constant_i16(name + ".exp2", std::vector<std::int16_t>(table.begin(), table.end()));
  for (std::int64_t b = 0; b < batches; ++b) {
    const View bias = total_bias(ctx, n, scores, b);
    const View logits = ctx.out.whole(ctx.tensor(name + ".logits", Elem::kI16, {heads, sq, sk},
                                                 kStep, Role::kActivation, n.sources));
    const View weights = ctx.out.whole(ctx.tensor(name + ".weights", Elem::kI8, {heads, sq, sk},
                                                  1.0 / 127, Role::kActivation, n.sources));
    std::vector<std::uint32_t> words;
    for (std::int64_t j = 0; j < sk; ++j) {
      words.push_back(scale_word(ctx.scale(bias) / kStep, 14));
      words.push_back(0);
    }
    const TensorId bias_plane = ctx.constant_words(name + ".plane_b", words);
    const std::int64_t share = heads / groups;
    for (std::int64_t g = 0; g < groups; ++g) {
      const auto part = [&](const View& all, std::int64_t from, std::int64_t count) {
        return all.slice(0, from, count);
      };
      const auto shared = [&](const View& all) {
        View one = of_batch(all, b).slice(0, g, 1);
        one.sizes[0] = share;
        one.strides[0] = 0;
        return one;
      };
      // All heads at once where each has keys of its own.
      const bool once = share == 1;
      const std::int64_t from = once ? 0 : g * share, count = once ? heads : share;
      integer::Gemm qk;
      qk.a = part(of_batch(v.q, b), from, count);
      qk.w = once ? of_batch(v.k, b) : shared(v.k);
      qk.y = part(logits, from, count);
      qk.r = part(bias, from, count);
      qk.epilogue.plane_a = logit_plane;
      qk.epilogue.plane_b = bias_plane;
      qk.epilogue.residual = integer::Epilogue::Residual::kAdd;
      qk.epilogue.lo = -32768;
      qk.epilogue.hi = 32767;
      ctx.emit(n, qk);
      const auto rows =
          as_matrices({part(logits, from, count), part(weights, from, count)}, ctx.out);
      ctx.kernel(n, "softmax_i16_i8", {(*rows)[0]}, {(*rows)[1]}, {exp2},
                 {static_cast<std::int32_t>(sk), static_cast<std::int32_t>(kernel_scale(1)),
                  static_cast<std::int32_t>(scale_word(127, 0))});
      integer::Gemm av;
      av.a = part(weights, from, count);
      av.w = once ? of_batch(v.v, b) : shared(v.v);
      av.y = part(of_batch(v.o, b), from, count);
      av.epilogue.plane_a = sum_plane;
      ctx.emit(n, av);
      if (once) break;
    }
  }
}

}  // namespace oct::lower
