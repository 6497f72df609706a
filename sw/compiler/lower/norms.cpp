// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "compiler/integer/kernels.hpp"
#include "compiler/lower/nodes.hpp"
#include "compiler/lower/numbers.hpp"
#include "compiler/lower/product.hpp"
#include "golden/network.hpp"

namespace oct::lower {
namespace {

using ir::Node;

std::vector<std::int16_t> words16(const std::vector<double>& v, double factor) {
  std::vector<std::int16_t> out;
  for (const double d : v) out.push_back(static_cast<std::int16_t>(to_bits(d * factor, 16)));
  return out;
}

/// Of the normalised value, which has 16 bits: its largest must fit (no element is further than
/// sqrt(n) from the mean, and none counts that saturates the result), gamma in its own 16 bits must
/// fit, too, and keep 11 significant ones, as many as 1 / sigma has.
int fraction_bits(const std::vector<double>& gamma, const std::vector<double>& beta, double step,
                  bool wide) {
  const double most = step * (wide ? 32768 : 128);
  double range = 0, largest = 0;
  for (std::size_t i = 0; i < gamma.size(); ++i) {
    const double g = std::abs(gamma[i]);
    largest = std::max(largest, g / step);
    if (g > 0) range = std::max(range, (most + std::abs(beta[i])) / g);
  }
  range = std::min(range, std::sqrt(static_cast<double>(gamma.size())));
  const double k = (wide ? 13 : 15) + std::log2(std::max(largest, 1e-9));
  const int by_range = 15 - static_cast<int>(std::ceil(std::log2(std::max(range, 1.0))));
  const int keeps = static_cast<int>(std::floor(k - 11));
  const int fits = static_cast<int>(std::ceil(k - 15 + 1e-4));
  return std::clamp(std::max(std::min(by_range, keeps), fits), 6, 14);
}

void require_last_axis(const ir::Graph& g, const Node& n) {
  const std::int64_t rank = g.value(n.output).rank();
  const std::int64_t axis = n.attrs.integer("axis", -1);
  if (axis != -1 && axis != rank - 1) {
    throw Unsupported("it works along another axis than the last", "transpose in front of it");
  }
}

}  // namespace

namespace {

bool both_fixed(const Context& ctx, const Node& n) {
  const quant::ValueQuant x = ctx.quant(n.inputs[0]), y = ctx.quant(n.output);
  return x.fixed && y.fixed && x.elem == Elem::kI8 && y.elem == Elem::kI8;
}

std::vector<std::int32_t> words32(const std::vector<double>& v, double factor) {
  std::vector<std::int32_t> out;
  for (const double d : v) out.push_back(to_int32(d * factor));
  return out;
}

TensorId constant_i32(Context& ctx, const std::string& name, const std::vector<std::int32_t>& v) {
  return ctx.constant_words(name, std::vector<std::uint32_t>(v.begin(), v.end()));
}

/// Rows of bytes to rows of bytes: where the result goes, and both as {B, R, C}.
std::vector<View> byte_rows(Context& ctx, const Node& n, View& y) {
  const View x = ctx.take_rows(n.inputs[0], {Elem::kI8}, 4, Context::Zero::kAny);
  y = ctx.destination(n.output, {}, Context::Zero::kAny);
  auto m = as_matrices({x, y}, ctx.out);
  if (!m || !rows_contiguous(y, ctx.out) || !aligned(y, 4)) {
    y = ctx.fresh(n.output, {}, std::nullopt, Context::Zero::kAny);
    m = as_matrices({x, y}, ctx.out);
  }
  if (!m) throw Unsupported("its rows are scattered", "");
  return *m;
}

/// gamma in 2^(8 + k) and beta in 2^k: both and the largest sum there can be fit their 32 bits.
void lower_fixed_norm(Context& ctx, const Node& n, std::vector<double> gamma,
                      std::vector<double> beta) {
  View y;
  const std::vector<View> rows = byte_rows(ctx, n, y);
  const double sx = ctx.scale(rows[0]), sy = ctx.scale(y);
  const auto size = static_cast<double>(gamma.size());
  double most = 0x1p-10, highest = 0x1p-10;  // of gamma, of the result
  for (std::size_t i = 0; i < gamma.size(); ++i) {
    beta[i] = beta[i] / sy + ctx.zero(y);
    gamma[i] /= sy;
    most = std::max(most, std::abs(gamma[i]));
    highest = std::max(highest, std::abs(gamma[i]) * std::sqrt(size) + std::abs(beta[i]));
  }
  const int k = std::min({22 - std::ilogb(most), 28 - std::ilogb(highest), 24});
  if (k < 1) throw Unsupported("its results are far larger than the steps they are stored in", "");
  const double eps = n.attrs.number("epsilon", 1e-5) / (sx * sx) * size * size;
  const auto bits = static_cast<std::uint64_t>(std::llround(std::clamp(eps, 0.0, 0x1p60)));
  const std::string name = n.sources.empty() ? n.name : n.sources.front();
  ctx.kernel(n, "qlayernorm", {rows[0]}, {rows[1]},
             {constant_i32(ctx, name + ".gamma", words32(gamma, std::ldexp(1, 8 + k))),
              constant_i32(ctx, name + ".beta", words32(beta, std::ldexp(1, k)))},
             {static_cast<std::int32_t>(gamma.size()), static_cast<std::int32_t>(bits & 0xffffffff),
              static_cast<std::int32_t>(bits >> 32), k});
  ctx.put(n.output, y);
}

void lower_fixed_softmax(Context& ctx, const Node& n) {
  View y;
  const std::vector<View> rows = byte_rows(ctx, n, y);
  std::vector<std::int32_t> table;
  for (int d = 0; d < 256; ++d) {
    table.push_back(to_int32(std::exp(-d * ctx.scale(rows[0])) * 0x1p23));
  }
  ctx.kernel(n, "qsoftmax", {rows[0]}, {rows[1]},
             {constant_i32(ctx, ctx.name(n.output) + ".exp", table)},
             {static_cast<std::int32_t>(rows[0].sizes[2]),
              to_int32(std::min(0x1p8 / ctx.scale(y), 0x1p24 - 1)), ctx.zero(y)});
  ctx.put(n.output, y);
}

}  // namespace

void lower_norm(Context& ctx, const Node& n) {
  require_last_axis(ctx.graph, n);
  const bool layer = n.op == Op::kLayerNorm;
  const std::int64_t count = ctx.graph.value(n.output).shape().back();
  const auto vector = [&](std::size_t i, double otherwise) {
    std::vector<double> v(static_cast<std::size_t>(count), otherwise);
    if (n.inputs.size() > i && n.inputs[i] != ir::kNone) {
      if (!is_constant(ctx.graph, n.inputs[i]))
        throw Unsupported("its factors are no constants", "");
      v = constant_value(ctx.graph, n.inputs[i]).to_doubles();
      if (v.size() == 1) v.assign(static_cast<std::size_t>(count), v[0]);
    }
    return v;
  };
  if (layer && both_fixed(ctx, n)) return lower_fixed_norm(ctx, n, vector(1, 1), vector(2, 0));
  const View x = ctx.take_rows(n.inputs[0], {Elem::kI16, Elem::kI8}, 4);
  View y = ctx.destination(n.output);
  auto m = as_matrices({x, y}, ctx.out);
  if (!m || !rows_contiguous(y, ctx.out) || !aligned(y, 4)) {
    y = ctx.fresh(n.output);
    m = as_matrices({x, y}, ctx.out);
  }
  if (!m) throw Unsupported("its rows are scattered", "");
  const double size = static_cast<double>(count);
  // Squares of INT16 are summed in 32 bits, and all of a row may be full scale.
  const int pre = ctx.elem(x) == Elem::kI16
                      ? static_cast<int>(golden::net::norm_pre(static_cast<std::uint64_t>(count)))
                      : 0;
  const double sx = ctx.scale(x), sy = ctx.scale(y);
  const double eps =
      n.attrs.number("epsilon", 1e-5) / (sx * sx) * size * size / std::ldexp(1.0, 2 * pre);
  const auto eps_bits = static_cast<std::uint64_t>(std::llround(std::clamp(eps, 0.0, 0x1p60)));
  const bool wide = ctx.elem(y) == Elem::kI16;
  const std::vector<double> gamma = vector(1, 1), beta = vector(2, 0);
  const int frac =
      fraction_bits(gamma, layer ? beta : std::vector<double>(gamma.size(), 0), sy, wide);
  const std::string name = n.sources.empty() ? n.name : n.sources.front();
  std::vector<TensorId> constants{ctx.constant_i16(
      name + ".gamma", words16(gamma, std::ldexp(1 / sy, (wide ? 13 : 15) - frac)))};
  if (layer) {
    constants.push_back(ctx.constant_i16(name + ".beta", words16(beta, (wide ? 0.25 : 128) / sy)));
  }
  ctx.kernel(n,
             fmt::format("{}_{}_{}", layer ? "layernorm" : "rmsnorm", elem_text(ctx.elem(x)),
                         elem_text(ctx.elem(y))),
             {(*m)[0]}, {(*m)[1]}, constants,
             {static_cast<std::int32_t>(count), pre, frac,
              static_cast<std::int32_t>(eps_bits & 0xffffffff),
              static_cast<std::int32_t>(eps_bits >> 32)});
  ctx.put(n.output, y);
}

void lower_softmax(Context& ctx, const Node& n) {
  const auto rank = static_cast<std::size_t>(ctx.graph.value(n.output).rank());
  const auto axis =
      static_cast<std::size_t>(ir::normalized_axis(n.attrs.integer("axis", -1), rank));
  if (axis + 1 == rank && both_fixed(ctx, n)) return lower_fixed_softmax(ctx, n);
  // The axis becomes the last dimension.
  ir::Ints order;
  for (std::size_t d = 0; d < rank; ++d) {
    if (d != axis) order.push_back(static_cast<std::int64_t>(d));
  }
  order.push_back(static_cast<std::int64_t>(axis));
  const auto usable = [&](const View& v) { return rows_contiguous(v, ctx.out) && aligned(v, 4); };
  View x = permute(ctx.take(n.inputs[0], {Elem::kI16, Elem::kI8}), order);
  if (!usable(x)) x = contiguous_copy(ctx, x, n);
  View y = ctx.destination(n.output, order);
  if (ctx.elem(y) != Elem::kI8 || !usable(permute(y, order))) {
    y = ctx.fresh(n.output, order, Elem::kI8);
  }
  auto m = as_matrices({x, permute(y, order)}, ctx.out);
  if (!m) {
    x = contiguous_copy(ctx, x, n);
    y = ctx.fresh(n.output, order, Elem::kI8);
    m = as_matrices({x, permute(y, order)}, ctx.out);
  }
  if (!m) throw Unsupported("its rows are scattered", "");
  const auto table = golden::net::softmax_table();
  const TensorId exp2 = ctx.constant_i16(ctx.name(n.output) + ".exp2",
                                         std::vector<std::int16_t>(table.begin(), table.end()));
  ctx.kernel(n, fmt::format("softmax_{}_i8", elem_text(ctx.elem(x))), {(*m)[0]}, {(*m)[1]}, {exp2},
             {static_cast<std::int32_t>(x.sizes.back()),
              static_cast<std::int32_t>(kernel_scale(ctx.scale(x) * std::numbers::log2e * 64)),
              static_cast<std::int32_t>(scale_word(1 / ctx.scale(y), 0))});
  ctx.put(n.output, y);
}

}  // namespace oct::lower
