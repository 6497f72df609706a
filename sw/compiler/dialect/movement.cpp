// SPDX-License-Identifier: Apache-2.0
// What moves elements: views where strides can say it, else copies.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/dialect/context.hpp"

namespace oct::dialect {
namespace {

/// A reshape of any view: elements in row-major order without gaps, if need be.
View reshaped(Context& c, const View& v, const Shape& shape) {
  if (const auto r = lower::reshape(v, shape)) return *r;
  return *lower::reshape(c.dense(v, c.bytes(v)), shape);
}

/// Into a part of a larger tensor, whose elements may be wider.
void place_into(Context& c, const View& from, const View& to) {
  if (c.elem(from) == c.elem(to)) return c.copy(from, to);
  if (lower::aligned(to, 4) && lower::rows_contiguous(to, c.out)) return c.convert(from, to);
  c.copy(c.as(from, c.elem(to)), to);
}

void concat(Context& c) {
  const Node& n = *c.node;
  const auto axis = static_cast<std::size_t>(n.attrs.integer("axis"));
  Range all = c.place(n.inputs[0]).range;
  for (const ValueId v : n.inputs) all = united(all, c.place(v).range);
  const View to = c.fresh(elem_for(all), c.shape(n.output));
  std::int64_t at = 0;
  for (const ValueId v : n.inputs) {
    const View from = c.place(v).view;
    if (from.sizes[axis] == 0) continue;
    place_into(c, from, to.slice(axis, at, from.sizes[axis]));
    at += from.sizes[axis];
  }
  c.put(to, all);
}

void pad(Context& c) {
  const Node& n = *c.node;
  const Place x = c.place(n.inputs[0]);
  if (n.attrs.text("mode", "constant") != "constant") {
    throw Unsupported(fmt::format("padding by {}", n.attrs.text("mode")),
                      "only constants pad here");
  }
  const double number = n.attrs.number("value");
  const auto value = static_cast<std::int64_t>(number);
  if (static_cast<double>(value) != number)
    throw Unsupported(fmt::format("it pads with {}", number));
  const Ints before = n.attrs.ints("before"), after = n.attrs.ints("after");
  Ints start = before, size = x.view.sizes;
  View from = x.view;
  for (std::size_t d = 0; d < size.size(); ++d) {  // negative pads take away
    const std::int64_t cut = std::max<std::int64_t>(0, -before[d]),
                       rest = from.sizes[d] - cut - std::max<std::int64_t>(0, -after[d]);
    if (rest <= 0) throw Unsupported("nothing of its operand is left");
    from = from.slice(d, cut, rest);
    start[d] = std::max<std::int64_t>(0, before[d]);
    size[d] = rest;
  }
  const Range all = united(x.range, {value, value});
  const Ints order = lower::stride_order(x.view);
  const View whole = c.fresh_in(elem_for(all), c.shape(n.output), order);
  View inner = whole;
  for (std::size_t d = 0; d < size.size(); ++d) inner = inner.slice(d, start[d], size[d]);
  place_into(c, from, inner);
  fill_around(c, whole, start, size, value);
  c.put(whole, all);
}

}  // namespace

void layout(Context& c) {
  const Node& n = *c.node;
  const Place x = c.place(n.inputs[0]);
  const Shape shape = c.shape(n.output);
  if (n.op == Op::kReshape) return c.put(reshaped(c, x.view, shape), x.range);
  const View split = reshaped(c, x.view, n.attrs.ints("dims"));
  c.put(reshaped(c, lower::permute(split, n.attrs.ints("perm")), shape), x.range);
}

void movement(Context& c) {
  const Node& n = *c.node;
  if (n.op == Op::kConcat) return concat(c);
  if (n.op == Op::kPad) return pad(c);
  const Place x = c.place(n.inputs[0]);
  if (n.op == Op::kExpand) return c.put(lower::expand(x.view, c.shape(n.output)), x.range);
  c.put(lower::slice(x.view, n.attrs.ints("starts"), n.attrs.ints("sizes"), n.attrs.ints("steps")),
        x.range);
}

}  // namespace oct::dialect
