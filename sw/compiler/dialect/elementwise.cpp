// SPDX-License-Identifier: Apache-2.0
// Element by element and row by row: RequantShift, sums and products, activations, softmaxes,
// norms.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "compiler/dialect/context.hpp"

namespace oct::dialect {
namespace {

Range range_of(const ir::Tensor& t) {
  Range r{INT64_MAX, INT64_MIN};
  for (const std::int64_t v : t.to_ints()) r = united(r, {v, v});
  return r;
}
Range clip_of(const Node& n) { return {n.attrs.integer("lo"), n.attrs.integer("hi")}; }
Range clipped(const Range& r, const Range& by) {
  return {std::clamp(r.lo, by.lo, by.hi), std::clamp(r.hi, by.lo, by.hi)};
}
/// A clip as the kernels' words; nothing is stored beyond 32 bits.
Range words(const Range& clip) {
  return {std::max<std::int64_t>(clip.lo, INT32_MIN), std::min<std::int64_t>(clip.hi, INT32_MAX)};
}

/// clip((x mul + add) >> shift), both factors numbers.
void scaled(Context& c, const Place& x, std::int64_t mul, std::int64_t add, unsigned shift,
            Range clip) {
  clip = words(clip);
  const std::int64_t half = shift == 0 ? 0 : std::int64_t{1} << (shift - 1);
  const Range whole = x.range * Range{mul, mul} + Range{add, add} + Range{half, half};
  const Range result = clipped({whole.lo >> shift, whole.hi >> shift}, clip);
  const bool wide = saturating_add(saturating_mul(x.range.largest(), std::abs(mul)),
                                   std::abs(add) + half) > INT32_MAX;
  c.put(c.elementwise("d_rq1", {x.view}, elem_for(result),
                      {word32(mul), word32(add), static_cast<std::int32_t>(shift), word32(clip.lo),
                       word32(clip.hi), wide}),
        result);
}

Ints row_order(const View& v) {  // the last dimension stays the last
  Ints order(v.sizes.size());
  std::iota(order.begin(), order.end(), 0);
  return order;
}

}  // namespace

void requant_shift(Context& c) {
  const Node& n = *c.node;
  const Place x = c.place(n.inputs[0]);
  const ir::Tensor &mul = *c.constant(n.inputs[1]), &add = *c.constant(n.inputs[2]);
  const auto shift = static_cast<unsigned>(n.attrs.integer("shift"));
  if (mul.size() == 1 && add.size() == 1) {
    return scaled(c, x, mul.int_at(0), add.int_at(0), shift, clip_of(n));
  }
  const Range clip = words(clip_of(n)), m = range_of(mul), a = range_of(add);
  const std::int64_t half = shift == 0 ? 0 : std::int64_t{1} << (shift - 1);
  const Range whole = x.range * m + a + Range{half, half};
  const Range result = clipped({whole.lo >> shift, whole.hi >> shift}, clip);
  const bool wide = saturating_add(saturating_mul(x.range.largest(), m.largest()),
                                   a.largest() + half) > INT32_MAX;
  const Shape& shape = x.view.sizes;
  const Ints order = lower::stride_order(x.view);
  const View to = c.fresh_in(elem_for(result), shape, order);
  c.by_rows("d_rq",
            {lower::permute(x.view, order), c.constant_rows(mul, shape, order),
             c.constant_rows(add, shape, order)},
            lower::permute(to, order),
            {static_cast<std::int32_t>(shift), word32(clip.lo), word32(clip.hi), wide});
  c.put(to, result);
}

void binary(Context& c) {
  const Node& n = *c.node;
  Place a = c.place(n.inputs[0]), b = c.place(n.inputs[1]);
  const ir::Tensor *ta = c.constant(n.inputs[0]), *tb = c.constant(n.inputs[1]);
  const bool commutes = n.op != Op::kSub;
  if (ta != nullptr && commutes) std::swap(a, b), std::swap(ta, tb);
  if (tb != nullptr && tb->size() == 1 &&
      (n.op == Op::kMul || n.op == Op::kAdd || n.op == Op::kSub) &&
      a.view.sizes == c.shape(n.output)) {
    const std::int64_t v = tb->int_at(0);
    const bool times = n.op == Op::kMul;
    const Range all = times ? a.range * Range{v, v} : a.range + Range{-std::abs(v), std::abs(v)};
    if (all.within(INT32_MIN, INT32_MAX))
      return scaled(c, a, times ? v : 1,
                    times              ? 0
                    : n.op == Op::kSub ? -v
                                       : v,
                    0, {-(std::int64_t{1} << 62), std::int64_t{1} << 62});
  }
  std::int32_t kind = 0;
  Range r = a.range + b.range;
  switch (n.op) {
    case Op::kAdd:
      break;
    case Op::kSub:
      kind = 1, r = a.range + Range{-b.range.hi, -b.range.lo};
      break;
    case Op::kMul:
      kind = 2, r = a.range * b.range;
      break;
    case Op::kMax:
      kind = 3, r = {std::max(a.range.lo, b.range.lo), std::max(a.range.hi, b.range.hi)};
      break;
    default:
      kind = 4, r = {std::min(a.range.lo, b.range.lo), std::min(a.range.hi, b.range.hi)};
  }
  const Shape& shape = c.shape(n.output);
  View x = lower::expand(a.view, shape), y = lower::expand(b.view, shape);
  if (a.view.sizes != shape && b.view.sizes == shape && commutes) std::swap(x, y);
  if (tb != nullptr && b.view.sizes != shape && commutes) {
    const Ints order = lower::stride_order(x);
    y = lower::permute(c.constant_rows(*tb, shape, order), lower::inverse(order));
  }
  c.put(c.elementwise("d_binary", {x, y}, elem_for(r), {kind}), r);
}

void unary(Context& c) {
  const Node& n = *c.node;
  const Place x = c.place(n.inputs[0]);
  constexpr std::int64_t kFar = std::int64_t{1} << 62;
  if (n.op == Op::kNeg) return scaled(c, x, -1, 0, 0, {-kFar, kFar});
  Range clip{-kFar, kFar};
  if (n.op == Op::kRelu) {
    clip.lo = 0;
  } else {
    const auto bound = [&](const char* name, std::int64_t otherwise) {
      if (!n.attrs.has(name)) return otherwise;
      const double v = n.attrs.number(name);
      if (std::abs(v) >= 0x1p31) return v < 0 ? -kFar : kFar;
      if (v != std::nearbyint(v))
        throw Unsupported(fmt::format("it clips at {}, no whole number", v));
      return static_cast<std::int64_t>(v);
    };
    clip = {bound("min", -kFar), bound("max", kFar)};
  }
  scaled(c, x, 1, 0, 0, clip);
}

void activation(Context& c) {
  const Node& n = *c.node;
  const Place x = c.place(n.inputs[0]);
  const std::int64_t top = x.range.largest();
  if (n.op == Op::kIntGelu) {
    const std::int64_t b = n.attrs.integer("b"), one = n.attrs.integer("one");
    const std::int64_t steep = saturating_add(std::abs(one), saturating_mul(b, b));
    if (saturating_mul(2, steep) > INT32_MAX || x.range.lo <= INT32_MIN) {
      throw Unsupported(fmt::format("b = {} and one = {} need more than 32 bits", b, one),
                        "a RequantShift in front gives its operand a range");
    }
    const std::int64_t most = saturating_mul(top, steep);
    const Range r{-most, most};
    return c.put(c.elementwise("d_act", {x.view}, Elem::kI32, {0, word32(b), word32(one), 0}), r);
  }
  const std::int64_t sixth = n.attrs.integer("one_over_six"), three = n.attrs.integer("three"),
                     six = n.attrs.integer("six");
  if (saturating_mul(std::abs(sixth), six) > INT32_MAX || six < 0 ||
      saturating_add(top, std::abs(three)) > INT32_MAX) {
    throw Unsupported("its numbers need more than 32 bits",
                      "a RequantShift in front gives its operand a range");
  }
  const std::int64_t most = saturating_mul(top, std::abs(sixth) * six);
  c.put(
      c.elementwise("d_act", {x.view}, Elem::kI32, {1, word32(sixth), word32(three), word32(six)}),
      {-most, most});
}

void soft(Context& c) {
  const Node& n = *c.node;
  const Place x = c.place(n.inputs[0]);
  const std::int64_t levels = n.attrs.integer("levels"), columns = x.view.sizes.back();
  const auto attr = [&](const char* name) { return n.attrs.integer(name); };
  std::vector<std::int32_t> args(7, 0);
  Range r{0, levels - 1};
  if (n.op == Op::kIntSoftmax) {
    const std::int64_t log2 = attr("log2"), b = attr("b");
    const std::int64_t p = std::abs(b) + log2;
    const std::int64_t e = saturating_add(saturating_mul(std::abs(attr("a")), saturating_mul(p, p)),
                                          std::abs(attr("c")));
    const bool wide = saturating_mul(e, std::max(columns, levels)) > INT32_MAX;
    args = {0, word32(attr("a")), word32(b), word32(attr("c")), word32(log2), word32(levels), wide};
    // With a negative e, somewhere, quotients are anything.
    if (attr("a") < 0 || attr("c") < 0) r = {INT32_MIN, INT32_MAX};
  } else {
    if (saturating_mul(levels, 256) > INT32_MAX || saturating_mul(columns, 256) > INT32_MAX ||
        saturating_mul(2, x.range.largest()) + 16 > INT32_MAX) {
      throw Unsupported("its operand or its levels need more than 32 bits",
                        "a RequantShift in front gives its operand a range");
    }
    const bool partial = n.op == Op::kItaPartialMax;
    args[0] = partial ? 2 : 1;
    args[1] = word32(levels);
    args[2] = partial ? word32(attr("group")) : 0;
    // An operand below -128 throughout leaves a sum of less than one 256.
    if (partial && x.range.lo < -128) r.hi = saturating_mul(levels, 256);
  }
  const View to = c.fresh(elem_for(r), x.view.sizes);
  c.by_rows("d_softmax", {x.view}, to, args, true);
  c.put(to, r);
}

void norm(Context& c) {
  const Node& n = *c.node;
  const Place x = c.place(n.inputs[0]);
  const bool layer = n.op == Op::kIntLayerNorm;
  const ir::Tensor& w = *c.constant(n.inputs[1]);
  const ir::Tensor& bias = layer ? *c.constant(n.inputs[2]) : w;
  const Range clip = words(clip_of(n));
  const std::int64_t difference = saturating_mul(layer ? 2 : 1, x.range.largest());
  const bool wide = saturating_add(saturating_mul(difference, range_of(w).largest()),
                                   layer ? range_of(bias).largest() : 0) > INT32_MAX;
  const Shape& shape = x.view.sizes;
  const Ints order = row_order(x.view);
  const View to = c.fresh(elem_for(clip), shape);
  c.by_rows(
      "d_norm", {x.view, c.constant_rows(w, shape, order), c.constant_rows(bias, shape, order)}, to,
      {layer ? 0 : 1, word32(n.attrs.integer("d")), word32(clip.lo), word32(clip.hi), wide}, true);
  c.put(to, clip);
}

void nonorm(Context& c) {
  const Node& n = *c.node;
  const Place x = c.place(n.inputs[0]);
  const Range clip = words(clip_of(n));
  const Shape& shape = x.view.sizes;
  const Ints order = lower::stride_order(x.view);
  const View to = c.fresh_in(elem_for(clip), shape, order);
  c.by_rows("d_nonorm",
            {lower::permute(x.view, order), c.constant_rows(*c.constant(n.inputs[1]), shape, order),
             c.constant_rows(*c.constant(n.inputs[2]), shape, order)},
            lower::permute(to, order),
            {word32(n.attrs.integer("mul")), word32(n.attrs.integer("d")), word32(clip.lo),
             word32(clip.hi)});
  c.put(to, clip);
}

}  // namespace oct::dialect
