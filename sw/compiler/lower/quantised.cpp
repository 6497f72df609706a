// SPDX-License-Identifier: Apache-2.0
// What only networks that come quantised have: a change of scale and zero point, integers as inputs
// and outputs of the model, masks in bytes.
#include <fmt/format.h>

#include <cmath>

#include "compiler/lower/nodes.hpp"
#include "compiler/lower/numbers.hpp"
#include "compiler/lower/product.hpp"

namespace oct::lower {

using ir::Node;
using Zero = Context::Zero;

void lower_fixed(Context& ctx, const Node& n) {
  const ValueId v = n.inputs[0];
  const View x = ctx.take(v, {ctx.elem(ctx.places(v).front())}, Zero::kAny);
  const View y = ctx.destination(n.output, stride_order(x), Zero::kAny);
  ctx.copy_scaled(x, y, n);
  ctx.put(n.output, y);
}

namespace {

/// What a Quantize or Dequantize of run-time values must be like; throws what is wrong with it.
void require_numbers(const Context& ctx, const Node& n) {
  for (std::size_t i = 1; i < n.inputs.size(); ++i) {
    if (n.inputs[i] == ir::kNone) continue;
    const ir::Tensor* numbers = ctx.graph.constant(n.inputs[i]);
    const char* what = i == 1 ? "scale" : "zero point";
    if (!numbers) {
      throw Unsupported(fmt::format("its {} is known only at run time", what),
                        "quantise statically (quantize_static), with constant scales");
    }
    if (numbers->size() != 1) {
      throw Unsupported(fmt::format("its {0} is {1} numbers: activations have one {0} a tensor",
                                    what, numbers->size()),
                        "quantise activations per tensor; weights may have a scale per channel");
    }
  }
}

}  // namespace

void lower_as_it_is(Context& ctx, const Node& n) {
  require_numbers(ctx, n);
  const ValueId real = n.op == Op::kQuantize ? n.inputs[0] : n.output;
  const ValueId integers = n.op == Op::kQuantize ? n.output : n.inputs[0];
  const quant::ValueQuant q = ctx.quant(real);
  if (!q.fixed || q.elem != Elem::kI8) {
    throw Unsupported("integers of its type cannot be an input or output", "8 bits can");
  }
  if (n.op == Op::kQuantize) {
    ctx.put(integers, ctx.take(real, {Elem::kI8}, Zero::kAny));
    return;
  }
  const View x = ctx.places(integers).front();
  integer::Tensor& t = ctx.out.at(x.tensor);
  t.elem = Elem::kI8;
  t.scale = q.scale;
  t.zero = q.zero;
  ctx.put(real, x);
}

void lower_mask(Context& ctx, const Node& n) {
  const Node* truth = ctx.graph.producer(n.inputs[0], Op::kCast);
  const quant::ValueQuant q = ctx.quant(n.output);
  const bool numbers = is_constant(ctx.graph, n.inputs[1]) && is_constant(ctx.graph, n.inputs[2]);
  if (!truth || !ctx.placed(truth->inputs[0]) || !numbers || q.elem != Elem::kI8) {
    throw Unsupported("it chooses by a condition that is no token mask", "");
  }
  const auto integer = [&](std::size_t i) {
    const double v = constant_value(ctx.graph, n.inputs[i]).at(0);
    return to_bits(std::nearbyint(v / q.scale) + q.zero, 8);
  };
  const View x = ctx.places(truth->inputs[0]).front();
  View y = ctx.fresh(n.output, {}, std::nullopt, Zero::kAny);
  const auto m = as_matrices({x, y}, ctx.out);
  if (!m || ctx.elem(x) != Elem::kI64) throw Unsupported("its mask is no INT64 input", "");
  ctx.kernel(n, "mask_bytes", {(*m)[0]}, {(*m)[1]}, {},
             {static_cast<std::int32_t>((*m)[0].sizes[2]), integer(2), integer(1)});
  ctx.put(n.output, y);
}

double spread_zero_points(Context& ctx, const Node& n, Factors& f) {
  const std::int32_t za = ctx.zero(f.a), zw = ctx.zero(f.w);
  if (za == 0 && zw == 0) return 1;
  const bool both = za != 0 && zw != 0;
  const auto spread = [&](const View& from, int pattern) {
    const View rows =
        rows_contiguous(from, ctx.out) && aligned(from, 8) ? from : contiguous_copy(ctx, from, n);
    const std::int64_t k = rows.sizes.back();
    ir::Shape shape = rows.sizes;
    shape.back() = (both ? 4 : 2) * k;
    const View to = ctx.out.whole(ctx.tensor(n.name + ".spread", Elem::kI8, shape, ctx.scale(from),
                                             Role::kActivation, n.sources));
    const auto m = as_matrices({rows, to}, ctx.out);
    if (!m) throw Unsupported("its operands are scattered", "");
    ctx.kernel(n, "spread", {(*m)[0]}, {(*m)[1]}, {},
               {static_cast<std::int32_t>(k), ctx.zero(from), pattern});
    return to;
  };
  f.a = spread(f.a, both ? 0 : za != 0 ? 2 : 3);
  f.w = spread(f.w, both ? 1 : zw != 0 ? 2 : 3);
  return (za < 0) != (zw < 0) ? -1 : 1;
}

}  // namespace oct::lower
