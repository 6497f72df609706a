// SPDX-License-Identifier: Apache-2.0
// Element by element, where no product takes it along: kernels of the workers.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/integer/kernels.hpp"
#include "compiler/lower/fuse.hpp"
#include "compiler/lower/nodes.hpp"
#include "compiler/lower/numbers.hpp"
#include "compiler/lower/product.hpp"
#include "golden/network.hpp"
#include "runtime/include/oct_ml.h"

namespace oct::lower {
namespace {

using ir::Node;

/// Operands and result in the order of dimensions in which the first one lies, as {B, R, C}.
struct Rows {
  std::vector<View> inputs;
  View output, place;
};

bool usable(const Context& ctx, const View& v) {
  return rows_contiguous(v, ctx.out) && aligned(v, 4);
}

Rows common_rows(Context& ctx, const Node& n, std::vector<View> inputs,
                 Context::Zero zero = Context::Zero::kNone) {
  const ir::Shape& shape = ctx.graph.value(n.output).shape();
  for (View& v : inputs) v = expand(v, shape);
  View y = ctx.destination(n.output, stride_order(inputs[0]), zero);
  for (int attempt = 0; attempt < 3; ++attempt) {
    const ir::Ints order = stride_order(y);
    std::vector<View> all;
    for (const View& v : inputs) all.push_back(permute(v, order));
    all.push_back(permute(y, order));
    if (auto m = as_matrices(all, ctx.out)) {
      bool fit = true;
      for (const View& v : *m) fit = fit && usable(ctx, v);
      if (fit) {
        Rows rows;
        rows.output = m->back();
        rows.place = y;
        m->pop_back();
        rows.inputs = std::move(*m);
        return rows;
      }
    }
    if (attempt == 0) {
      y = ctx.fresh(n.output, {}, ctx.elem(y), zero);
    } else {
      for (View& v : inputs) v = contiguous_copy(ctx, v, n);
    }
  }
  throw Unsupported("its operands cannot be brought to a common form", "");
}

std::int32_t columns(const Rows& rows) { return static_cast<std::int32_t>(rows.output.sizes[2]); }

/// Multiplier words of a sum: 13-bit mantissas and a common shift.
std::uint32_t sum_word(double a, double b) {
  const double most = std::max(std::abs(a), std::abs(b));
  int e = 0;
  std::frexp(most, &e);  // most < 2^e
  int shift = std::clamp(12 - e, 0, 31);
  const auto word = [&](double f) {
    return static_cast<std::int32_t>(std::nearbyint(std::ldexp(f, shift)));
  };
  if (std::max(std::abs(word(a)), std::abs(word(b))) > 4095) --shift;
  if (shift < 0 || std::max(std::abs(word(a)), std::abs(word(b))) > 4095) {
    throw Unsupported("its operands are far larger than its result", "calibrate with more samples");
  }
  return oct_arq_param(word(a), word(b), static_cast<unsigned>(shift));
}

/// The narrowest element types for which there is a kernel.
View constant_for(Context& ctx, ValueId v, const ir::Shape& shape, const std::string& prefix,
                  Elem first, Elem result) {
  for (const Elem e : {Elem::kI16, Elem::kI8}) {
    const std::string name =
        fmt::format("{}_{}_{}_{}", prefix, elem_text(first), elem_text(e), elem_text(result));
    if (integer::has_kernel(name)) return ctx.constant_view(v, shape, e);
  }
  throw Unsupported(fmt::format("no kernel {} takes {} and a constant", prefix, elem_text(first)),
                    "");
}

/// The channels of a constant that is a vector along the last axis, else nothing.
std::vector<double> last_axis(const Context& ctx, ValueId v, const ir::Shape& shape) {
  const ir::Tensor t = constant_value(ctx.graph, v);
  if (shape.empty() || (t.size() != 1 && t.size() != shape.back())) return {};
  if (t.size() != 1 && (t.shape().empty() || t.shape().back() != t.size())) return {};
  std::vector<double> x = t.to_doubles();
  if (x.size() == 1) x.assign(static_cast<std::size_t>(shape.back()), x[0]);
  return x;
}

void scale_and_shift(Context& ctx, const Node& n, const std::vector<double>& gain,
                     const std::vector<double>& shift) {
  const View x = ctx.take_rows(n.inputs[0], {Elem::kI16, Elem::kI8}, 4);
  const Rows rows = common_rows(ctx, n, {x});
  if (stride_order(rows.place) != stride_order(expand(x, rows.place.sizes)) ||
      rows.output.sizes[2] != static_cast<std::int64_t>(gain.size())) {
    throw Unsupported("its channels are not the last dimension", "");
  }
  const double sx = ctx.scale(x), sy = ctx.scale(rows.place);
  const int k = ctx.elem(rows.place) == Elem::kI8 ? 8 : 15;
  // gamma = gain sx / sy * 2^shift and beta = shift / sy * 2^(shift - k), both in 16 bits.
  int bits = 30;
  for (std::size_t i = 0; i < gain.size(); ++i) {
    const double g = std::abs(gain[i] * sx / sy), b = std::abs(shift[i] / sy);
    if (g > 0) bits = std::min(bits, static_cast<int>(std::floor(std::log2(32767 / g))));
    if (b > 0) bits = std::min(bits, static_cast<int>(std::floor(std::log2(32767 / b))) + k);
  }
  if (bits < 2) throw Unsupported("its factors are too large", "calibrate with more samples");
  std::vector<std::int16_t> gamma, beta;
  for (std::size_t i = 0; i < gain.size(); ++i) {
    gamma.push_back(static_cast<std::int16_t>(to_bits(std::ldexp(gain[i] * sx / sy, bits), 16)));
    beta.push_back(static_cast<std::int16_t>(to_bits(std::ldexp(shift[i] / sy, bits - k), 16)));
  }
  const std::string name = n.sources.empty() ? n.name : n.sources.front();
  ctx.kernel(n,
             fmt::format("affine_{}_{}", elem_text(ctx.elem(x)), elem_text(ctx.elem(rows.place))),
             rows.inputs, {rows.output},
             {ctx.constant_i16(name + ".gamma", gamma), ctx.constant_i16(name + ".beta", beta)},
             {columns(rows), bits});
  ctx.put(n.output, rows.place);
}

}  // namespace

namespace {

/// Sums and products with zero points, exact but for one rounding.
void lower_fixed_binary(Context& ctx, const Node& n) {
  const ir::Shape& shape = ctx.graph.value(n.output).shape();
  const auto operand = [&](std::size_t i) {
    const ValueId v = n.inputs[i];
    if (is_constant(ctx.graph, v)) return ctx.constant_view(v, shape, Elem::kI16);
    const Elem e = ctx.elem(ctx.places(v).front());
    return ctx.take(v, {e, Elem::kI16, Elem::kI8}, Context::Zero::kAny);
  };
  const bool first = is_constant(ctx.graph, n.inputs[0]);  // its strides give the order
  std::vector<View> inputs{operand(first ? 1 : 0), operand(first ? 0 : 1)};
  const Rows rows = common_rows(ctx, n, inputs, Context::Zero::kAny);
  const View &a = rows.inputs[0], &b = rows.inputs[1];
  const double sy = ctx.scale(rows.place), sa = ctx.scale(a), sb = ctx.scale(b);
  const std::int32_t za = ctx.zero(a), zb = ctx.zero(b), zy = ctx.zero(rows.place);
  const bool product = n.op == Op::kMul;
  std::vector<std::int32_t> args;
  if (product) {
    args = product_args(columns(rows), golden::quantised::product(sa * sb / sy, za, zb, zy));
  } else {
    const double minus = n.op == Op::kSub ? -1 : 1;
    const bool bytes =
        ctx.elem(a) == Elem::kI8 && ctx.elem(b) == Elem::kI8 && ctx.elem(rows.place) == Elem::kI8;
    const double fa = (first ? minus : 1) * sa / sy, fb = (first ? 1 : minus) * sb / sy;
    args = sum_args(columns(rows), golden::quantised::sum(fa, fb, zy - fa * za - fb * zb, bytes));
  }
  ctx.kernel(n,
             fmt::format("{}_{}_{}_{}", product ? "qmul" : "qadd", elem_text(ctx.elem(a)),
                         elem_text(ctx.elem(b)), elem_text(ctx.elem(rows.place))),
             {a, b}, {rows.output}, {}, args);
  ctx.put(n.output, rows.place);
}

}  // namespace

void lower_binary(Context& ctx, const Node& n) {
  const ir::Shape& shape = ctx.graph.value(n.output).shape();
  const bool product = n.op == Op::kMul;
  const bool constant = is_constant(ctx.graph, n.inputs[1]);
  const bool sum = n.op == Op::kAdd || n.op == Op::kSub;
  if ((product || sum) && ctx.quant(n.output).fixed) return lower_fixed_binary(ctx, n);
  if (n.op == Op::kDiv && constant) {
    std::vector<double> v = last_axis(ctx, n.inputs[1], shape);
    for (double& d : v) d = 1 / d;
    if (!v.empty()) return scale_and_shift(ctx, n, v, std::vector<double>(v.size(), 0));
  }
  if (product && constant) {
    const std::vector<double> v = last_axis(ctx, n.inputs[1], shape);
    if (!v.empty()) return scale_and_shift(ctx, n, v, std::vector<double>(v.size(), 0));
  }
  if (!product && n.op != Op::kAdd && n.op != Op::kSub) {
    throw Unsupported("there is no kernel for it on run-time values", "");
  }
  const View a = ctx.take(n.inputs[0], {Elem::kI16, Elem::kI8});
  const char* prefix = product ? "mul" : "add";
  View b;
  if (constant) {
    const Elem result = ctx.quant(n.output).elem;
    b = constant_for(ctx, n.inputs[1], shape, prefix, ctx.elem(a), result);
  } else {
    b = ctx.take(n.inputs[1], {Elem::kI16, Elem::kI8});
  }
  Rows rows = common_rows(ctx, n, {a, b});
  double sa = ctx.scale(rows.inputs[0]), sb = ctx.scale(rows.inputs[1]);
  const double sy = ctx.scale(rows.place);
  const auto name = [&] {
    return fmt::format("{}_{}_{}_{}", prefix, elem_text(ctx.elem(rows.inputs[0])),
                       elem_text(ctx.elem(rows.inputs[1])), elem_text(ctx.elem(rows.place)));
  };
  double ka = 1, kb = n.op == Op::kSub ? -1 : 1;
  if (!integer::has_kernel(name())) {
    std::swap(rows.inputs[0], rows.inputs[1]);
    std::swap(sa, sb);
    std::swap(ka, kb);
  }
  const std::uint32_t word =
      product ? kernel_scale(sa * sb / sy) : sum_word(ka * sa / sy, kb * sb / sy);
  ctx.kernel(n, name(), rows.inputs, {rows.output}, {},
             {columns(rows), static_cast<std::int32_t>(word)});
  ctx.put(n.output, rows.place);
}

void lower_affine(Context& ctx, const Node& n) {
  const ir::Shape& shape = ctx.graph.value(n.output).shape();
  scale_and_shift(ctx, n, last_axis(ctx, n.inputs[1], shape), last_axis(ctx, n.inputs[2], shape));
}

void lower_function(Context& ctx, const Node& n) {
  const ValueId operand = function_operand(ctx.graph, n);
  // A table of 256 takes zero points along.
  const bool bytes = ctx.quant(operand).elem == Elem::kI8 && ctx.quant(n.output).elem == Elem::kI8;
  // Results wider than operands: a table of bytes has none, one of INT16 has.
  const bool widens = ctx.quant(n.output).elem == Elem::kI16;
  const View x = bytes    ? ctx.take(operand, {Elem::kI8}, Context::Zero::kAny)
                 : widens ? ctx.take(operand, {Elem::kI16})
                          : ctx.take(operand, {Elem::kI16, Elem::kI8});
  Rows rows = common_rows(ctx, n, {x}, bytes ? Context::Zero::kAny : Context::Zero::kNone);
  if (ctx.elem(x) == Elem::kI8 && ctx.elem(rows.place) == Elem::kI16) {
    throw Unsupported("a table of bytes has no INT16 results", "");
  }
  const ir::NodeId id = ctx.graph.value(n.output).producer;
  const std::string name = n.sources.empty() ? n.name : n.sources.front();
  const double sx = ctx.scale(x), sy = ctx.scale(rows.place);
  const std::string kernel =
      fmt::format("table_{}_{}", elem_text(ctx.elem(x)), elem_text(ctx.elem(rows.place)));
  TensorId table = integer::kNone;
  if (ctx.elem(x) == Elem::kI8) {
    table = ctx.constant(
        name + ".table", Elem::kI8, {256},
        make_table(ctx.graph, {id}, {sx, ctx.zero(x)}, {sy, ctx.zero(rows.place)}).entries);
  } else {
    // 513 entries, in steps of y, or of y / 256 for INT8.
    std::vector<double> at;
    for (int i = 0; i <= 512; ++i) at.push_back((i - 256) * 128 * sx);
    std::vector<std::int16_t> entries;
    const double step = ctx.elem(rows.place) == Elem::kI8 ? sy / 256 : sy;
    for (const double v : function_values(ctx.graph, {id}, at)) {
      entries.push_back(static_cast<std::int16_t>(to_bits(std::isfinite(v) ? v / step : 0, 16)));
    }
    table = ctx.constant_i16(name + ".table", entries);
  }
  ctx.kernel(n, kernel, rows.inputs, {rows.output}, {table}, {columns(rows)});
  ctx.put(n.output, rows.place);
}

}  // namespace oct::lower
