// SPDX-License-Identifier: Apache-2.0
// Shapes and moving elements. All sizes are known here.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "compiler/import/lowering.hpp"

namespace oct::importer {
using ir::DType;
using ir::Ints;
using ir::Op;
using ir::Shape;
using ir::Tensor;
using ir::ValueId;

namespace {

void reshape(Lowering& l) {
  const ValueId x = l.in(0);
  Shape to = l.has_attr("shape") ? l.ints("shape") : l.constant(1, "shape").to_ints();
  const bool zero_is_zero = l.integer("allowzero", 0) != 0;
  Shape known;
  std::ptrdiff_t open = -1;
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (to[i] == 0 && !zero_is_zero) {
      if (i >= l.rank(x)) throw Unsupported{"it copies a size that its operand does not have", ""};
      to[i] = l.shape(x)[i];
    }
    if (to[i] == -1) {
      if (open >= 0) throw Unsupported{"two sizes are left open: " + ir::shape_text(to), ""};
      open = static_cast<std::ptrdiff_t>(i);
    } else if (to[i] < 0) {
      throw Unsupported{"a negative size: " + ir::shape_text(to), ""};
    } else {
      known.push_back(to[i]);
    }
  }
  if (open >= 0) {
    const std::int64_t rest = ir::element_count(known);
    to[static_cast<std::size_t>(open)] = rest == 0 ? 0 : ir::element_count(l.shape(x)) / rest;
  }
  l.result(l.reshape(x, std::move(to)));
}

void flatten(Lowering& l) {
  const Shape& s = l.shape(l.in(0));
  std::int64_t axis = l.integer("axis", 1);
  if (axis < 0) axis += static_cast<std::int64_t>(s.size());
  if (axis < 0 || axis > static_cast<std::int64_t>(s.size())) {
    throw Unsupported{fmt::format("axis {} of {}", axis, ir::shape_text(s)), ""};
  }
  std::int64_t outer = 1, inner = 1;
  for (std::size_t i = 0; i < s.size(); ++i) {
    (static_cast<std::int64_t>(i) < axis ? outer : inner) *= s[i];
  }
  l.result(l.reshape(l.in(0), {outer, inner}));
}

void squeeze(Lowering& l) {
  const ValueId x = l.in(0);
  const auto axes = l.list("axes", 1);
  std::vector<bool> gone(l.rank(x));
  for (std::size_t i = 0; i < gone.size(); ++i) gone[i] = !axes && l.shape(x)[i] == 1;
  for (const std::int64_t a : axes.value_or(Ints{})) gone[l.axis(a, x)] = true;
  Shape to;
  for (std::size_t i = 0; i < gone.size(); ++i) {
    if (!gone[i]) to.push_back(l.shape(x)[i]);
  }
  l.result(l.reshape(x, std::move(to)));
}

void unsqueeze(Lowering& l) {
  const ValueId x = l.in(0);
  const Ints axes = l.list("axes", 1).value_or(Ints{});
  const std::size_t rank = l.rank(x) + axes.size();
  std::vector<bool> added(rank);
  for (const std::int64_t a : axes) {
    added[static_cast<std::size_t>(ir::normalized_axis(a, rank))] = true;
  }
  if (static_cast<std::size_t>(std::count(added.begin(), added.end(), true)) != axes.size()) {
    throw Unsupported{"an axis is named twice", ""};
  }
  Shape to;
  auto from = l.shape(x).begin();
  for (const bool one : added) to.push_back(one ? 1 : *from++);
  l.result(l.reshape(x, std::move(to)));
}

void transpose(Lowering& l) {
  Ints perm = l.ints("perm");
  if (perm.empty()) {
    perm.resize(l.rank(l.in(0)));
    std::iota(perm.rbegin(), perm.rend(), 0);
  }
  if (perm.size() != l.rank(l.in(0))) {
    throw Unsupported{"perm " + ir::shape_text(perm) + " for " + ir::shape_text(l.shape(l.in(0))),
                      ""};
  }
  l.result(l.transpose(l.in(0), perm));
}

void slice(Lowering& l) {
  const ValueId x = l.in(0);
  const Ints starts = l.list("starts", 1).value_or(Ints{}),
             ends = l.list("ends", 2).value_or(Ints{});
  Ints axes(starts.size());
  std::iota(axes.begin(), axes.end(), 0);
  axes = l.list("axes", 3).value_or(axes);
  const Ints steps = l.has(4) ? l.constant(4, "steps").to_ints() : Ints(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size()) {
    throw Unsupported{"starts, ends, axes and steps differ in number", ""};
  }
  Ints from(l.rank(x), 0), sizes = l.shape(x), by(l.rank(x), 1);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t a = l.axis(axes[i], x);
    const std::int64_t n = l.shape(x)[a], step = steps[i];
    if (step == 0) throw Unsupported{"a step of 0", ""};
    const auto bounded = [&](std::int64_t v) {
      if (v < 0) v = std::max(v, -n - 1) + n;
      return step > 0 ? std::clamp<std::int64_t>(v, 0, n) : std::clamp<std::int64_t>(v, -1, n - 1);
    };
    std::int64_t start = starts[i] < 0 ? std::max<std::int64_t>(starts[i], -n - 1) + n : starts[i];
    start = step > 0 ? std::clamp<std::int64_t>(start, 0, n)
                     : std::clamp<std::int64_t>(start, 0, std::max<std::int64_t>(n - 1, 0));
    const std::int64_t end = bounded(ends[i]);
    const std::int64_t distance = step > 0 ? end - start : start - end;
    const std::int64_t stride = step > 0 ? step : step == INT64_MIN ? INT64_MAX : -step;
    sizes[a] = n == 0 || distance <= 0 ? 0 : (distance - 1) / stride + 1;
    from[a] = sizes[a] == 0 ? 0 : start;
    by[a] = sizes[a] <= 1 ? 1 : step;
  }
  if (sizes == l.shape(x) && std::all_of(by.begin(), by.end(), [](auto s) { return s == 1; })) {
    return l.result(x);
  }
  l.result(l.add(Op::kSlice, {x}, {{"starts", from}, {"sizes", sizes}, {"steps", by}}));
}

void split(Lowering& l) {
  const ValueId x = l.in(0);
  const std::size_t axis = l.axis(l.integer("axis", 0), x);
  const std::int64_t n = l.shape(x)[axis];
  const auto parts = static_cast<std::int64_t>(l.output_count());
  Ints sizes = l.list("split", 1).value_or(Ints{});
  if (sizes.empty()) {
    const std::int64_t each = (n + parts - 1) / parts;
    for (std::int64_t i = 0; i < parts; ++i) {
      sizes.push_back(std::max<std::int64_t>(0, std::min(each, n - i * each)));
    }
  }
  if (static_cast<std::int64_t>(sizes.size()) != parts ||
      std::any_of(sizes.begin(), sizes.end(), [&](auto s) { return s < 0 || s > n; }) ||
      std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}) != n) {
    throw Unsupported{fmt::format("{} elements in parts of {}", n, ir::shape_text(sizes)), ""};
  }
  std::int64_t start = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (l.wants(i)) l.result(l.part(x, axis, start, sizes[i]), i);
    start += sizes[i];
  }
}

void concat(Lowering& l) {
  std::vector<ValueId> parts;
  const std::size_t axis = l.axis(l.integer("axis", 1), l.in(0));
  for (std::size_t i = 0; i < l.input_count(); ++i) {
    const Shape& s = l.shape(l.in(i));
    // Nothing, along this axis or (as some exporters write it) as an empty vector.
    if (axis < s.size() && s[axis] == 0 && l.input_count() > 1) continue;
    if (s == Shape{0} && l.rank(l.in(0)) > 1) continue;
    parts.push_back(l.in(i));
  }
  if (parts.empty()) parts.push_back(l.in(0));
  if (parts.size() == 1) return l.result(parts[0]);
  l.result(l.add(Op::kConcat, std::move(parts), {{"axis", static_cast<std::int64_t>(axis)}}));
}

void expand(Lowering& l) {
  const ValueId x = l.in(0);
  const Shape to = ir::broadcast_shape(l.shape(x), l.constant(1, "shape").to_ints());
  if (to == l.shape(x)) return l.result(x);
  l.result(l.add(Op::kExpand, {x}, {{"shape", to}}));
}

void tile(Lowering& l) {
  const ValueId x = l.in(0);
  const Ints repeats = l.constant(1, "repeats").to_ints();
  if (repeats.size() != l.rank(x)) throw Unsupported{"repeats do not fit its operand", ""};
  Shape split, wide, to;
  for (std::size_t i = 0; i < repeats.size(); ++i) {
    split.insert(split.end(), {1, l.shape(x)[i]});
    wide.insert(wide.end(), {repeats[i], l.shape(x)[i]});
    (void)ir::element_count({repeats[i], l.shape(x)[i]});  // neither negative nor too large
    to.push_back(repeats[i] * l.shape(x)[i]);
  }
  if (to == l.shape(x)) return l.result(x);
  l.result(l.reshape(l.add(Op::kExpand, {l.reshape(x, split)}, {{"shape", wide}}), to));
}

void pad(Lowering& l) {
  const ValueId x = l.in(0);
  const Ints pads = l.list("pads", 1).value_or(Ints{});
  double value = l.number("value", 0);
  if (l.has(2)) value = l.constant(2, "value").at(0);
  Ints axes(l.rank(x));
  std::iota(axes.begin(), axes.end(), 0);
  if (l.has(3)) axes = l.constant(3, "axes").to_ints();
  if (pads.size() != 2 * axes.size()) throw Unsupported{"its pads do not fit its operand", ""};
  Ints before(l.rank(x), 0), after(l.rank(x), 0);
  bool none = true;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    before[l.axis(axes[i], x)] = pads[i];
    after[l.axis(axes[i], x)] = pads[i + axes.size()];
    none = none && pads[i] == 0 && pads[i + axes.size()] == 0;
  }
  if (none) return l.result(x);
  l.result(l.add(Op::kPad, {x},
                 {{"before", before},
                  {"after", after},
                  {"mode", l.text("mode", "constant")},
                  {"value", value}}));
}

void shape_of(Lowering& l) {
  const Shape& s = l.shape(l.in(0));
  const auto n = static_cast<std::int64_t>(s.size());
  const auto bound = [&](std::int64_t v) {
    return std::clamp(v < 0 ? v + n : v, std::int64_t{0}, n);
  };
  const std::int64_t start = bound(l.integer("start", 0)), end = bound(l.integer("end", n));
  const Shape part(s.begin() + start, s.begin() + std::max(start, end));
  l.result(l.constant(Tensor::int64s({static_cast<std::int64_t>(part.size())}, part)));
}

void constant(Lowering& l) {
  if (const auto* a = l.attribute("value")) return l.result(l.constant(l.tensor(a->t())));
  if (const auto* a = l.attribute("value_float"))
    return l.result(l.scalar(a->f(), DType::kFloat32));
  if (const auto* a = l.attribute("value_floats")) {
    const std::vector<float> v(a->floats().begin(), a->floats().end());
    return l.result(l.constant(Tensor::floats({a->floats_size()}, v)));
  }
  if (const auto* a = l.attribute("value_int")) {
    const std::int64_t v = a->i();
    return l.result(l.constant(Tensor::int64s({}, std::span(&v, 1))));
  }
  if (const auto* a = l.attribute("value_ints")) {
    const Ints v(a->ints().begin(), a->ints().end());
    return l.result(l.constant(Tensor::int64s({a->ints_size()}, v)));
  }
  throw Unsupported{"its value is a string or sparse", ""};
}

void constant_of_shape(Lowering& l) {
  const Shape to = l.constant(0, "shape").to_ints();
  const auto* a = l.attribute("value");
  Tensor value = a ? l.tensor(a->t()) : Tensor::scalar(0);
  if (value.size() != 1) throw Unsupported{"its value is not one element", ""};
  l.result(l.add(Op::kExpand, {l.constant(value.reshaped({}))}, {{"shape", to}}));
}

/// Columns of windows that lie side by side: the image itself.
void columns_to_image(Lowering& l) {
  const Shape x = l.shape(l.in(0));
  const ir::Ints image = l.constant(1, "image size").to_ints(),
                 block = l.constant(2, "block").to_ints();
  if (image.size() != 2 || block.size() != 2 || x.size() != 3) {
    throw Unsupported{"its image has not two dimensions", ""};
  }
  for (const char* name : {"strides", "dilations", "pads"}) {
    const ir::Ints got = l.ints(name, ir::Ints(4, name[0] == 'p' ? 0 : 1));
    const ir::Ints want = name[0] == 's' ? block : ir::Ints(got.size(), name[0] == 'p' ? 0 : 1);
    if (got.size() < want.size() || !std::equal(want.begin(), want.end(), got.begin())) {
      throw Unsupported{fmt::format("its windows do not lie side by side ({})", name), ""};
    }
  }
  const std::int64_t size = block[0] * block[1];
  if (block[0] <= 0 || block[1] <= 0 || image[0] % block[0] != 0 || image[1] % block[1] != 0 ||
      x[1] % size != 0 || x[2] != image[0] / block[0] * (image[1] / block[1])) {
    throw Unsupported{"its columns do not fit its image", ""};
  }
  const std::int64_t rows = image[0] / block[0], columns = image[1] / block[1];
  const ValueId v = l.reshape(l.in(0), {x[0], x[1] / size, block[0], block[1], rows, columns});
  l.result(l.reshape(l.transpose(v, {0, 1, 4, 2, 5, 3}), {x[0], x[1] / size, image[0], image[1]}));
}

void depth_to_space(Lowering& l) {
  l.result(l.add(Op::kDepthToSpace, {l.in(0)},
                 {{"blocksize", l.integer("blocksize", 1)}, {"mode", l.text("mode", "DCR")}}));
}

}  // namespace

void add_layout(OperatorTable& t) {
  t["Reshape"] = {reshape, "shape known at compile time"};
  t["Flatten"] = {flatten, ""};
  t["Squeeze"] = {squeeze, "axes as attribute or constant"};
  t["Unsqueeze"] = {unsqueeze, "axes as attribute or constant"};
  t["Transpose"] = {transpose, ""};
  t["Slice"] = {slice, "bounds known at compile time"};
  t["Split"] = {split, "sizes known at compile time"};
  t["Concat"] = {concat, "operands without elements are dropped"};
  t["Expand"] = {expand, "shape known at compile time"};
  t["Tile"] = {tile, "repeats known at compile time"};
  t["Pad"] = {pad, "constant, edge, reflect, wrap; pads known at compile time"};
  t["Shape"] = {shape_of, "folded"};
  t["Size"] = {[](Lowering& l) {
                 const std::int64_t n = ir::element_count(l.shape(l.in(0)));
                 l.result(l.constant(Tensor::int64s({}, std::span(&n, 1))));
               },
               "folded"};
  t["Constant"] = {constant, ""};
  t["ConstantOfShape"] = {constant_of_shape, "folded"};
  t["Col2Im"] = {columns_to_image, "windows side by side"};
  t["DepthToSpace"] = {depth_to_space, ""};
}

}  // namespace oct::importer
