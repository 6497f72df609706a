// SPDX-License-Identifier: Apache-2.0
// Gathering, scattering, generating, reducing, resizing.
#include <algorithm>
#include <cmath>
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

void gather(Lowering& l) {
  const ValueId x = l.in(0), ids = l.in(1);
  const std::size_t axis = l.axis(l.integer("axis", 0), x);
  const Tensor* fixed = l.graph().constant(ids);
  if (!fixed || fixed->size() != 1) {
    return l.result(l.add(Op::kGather, {x, ids}, {{"axis", static_cast<std::int64_t>(axis)}}));
  }
  // One index is a slice.
  std::int64_t i = fixed->int_at(0);
  const std::int64_t n = l.shape(x)[axis];
  if (i < -n || i >= n) throw Unsupported{fmt::format("index {} is outside [0, {})", i, n), ""};
  if (i < 0) i += n;
  Shape to(l.shape(x).begin(), l.shape(x).begin() + static_cast<std::ptrdiff_t>(axis));
  to.insert(to.end(), fixed->shape().begin(), fixed->shape().end());
  to.insert(to.end(), l.shape(x).begin() + static_cast<std::ptrdiff_t>(axis) + 1, l.shape(x).end());
  l.result(l.reshape(l.part(x, axis, i, 1), to));
}

void scatter(Lowering& l, Op op) {
  l.result(l.add(op, {l.in(0), l.in(1), l.in(2)},
                 {{"axis", l.integer("axis", 0)}, {"reduction", l.text("reduction", "none")}}));
}

void reduce(Lowering& l, Op op, ValueId x) {
  Ints axes = l.list("axes", 1).value_or(Ints{});
  if (axes.empty()) {
    if (l.integer("noop_with_empty_axes", 0)) return l.result(x);
    axes.resize(l.rank(x));
    std::iota(axes.begin(), axes.end(), 0);
  }
  for (std::int64_t& a : axes) a = static_cast<std::int64_t>(l.axis(a, x));
  std::sort(axes.begin(), axes.end());
  l.result(l.add(op, {x}, {{"axes", axes}, {"keepdims", l.integer("keepdims", 1)}}));
}

void arg_extreme(Lowering& l, Op op) {
  const auto axis = static_cast<std::int64_t>(l.axis(l.integer("axis", 0), l.in(0)));
  l.result(l.add(op, {l.in(0)},
                 {{"axes", Ints{axis}},
                  {"keepdims", l.integer("keepdims", 1)},
                  {"select_last_index", l.integer("select_last_index", 0)}}));
}

void cumulative_sum(Lowering& l) {
  l.result(l.add(Op::kCumSum, {l.in(0)},
                 {{"axis", l.constant(1, "axis").int_at(0)},
                  {"exclusive", l.integer("exclusive", 0)},
                  {"reverse", l.integer("reverse", 0)}}));
}

void triangle(Lowering& l) {
  const std::int64_t k = l.has(1) ? l.constant(1, "diagonal").int_at(0) : 0;
  if (l.rank(l.in(0)) < 2) throw Unsupported{"its operand is no matrix", ""};
  constexpr std::int64_t kFar = std::int64_t{1} << 40;  // beyond every matrix
  l.result(l.add(Op::kTriangle, {l.in(0)},
                 {{"k", std::clamp(k, -kFar, kFar)}, {"upper", l.integer("upper", 1)}}));
}

void one_hot(Lowering& l) {
  Shape to = l.shape(l.in(0));
  const std::int64_t depth = l.constant(1, "depth").int_at(0);
  const auto axis = ir::normalized_axis(l.integer("axis", -1), to.size() + 1);
  to.insert(to.begin() + axis, depth);
  if (depth < 1) throw Unsupported{"a depth below 1", ""};
  l.result(l.add(Op::kOneHot, {l.in(2), l.in(0)}, {{"axis", axis}, {"shape", to}}));
}

void top_k(Lowering& l) {
  const ValueId x = l.in(0);
  const std::int64_t k =
      l.has_attr("k") ? l.integer("k", 1) : l.constant(1, "number of elements").int_at(0);
  const std::size_t axis = l.axis(l.integer("axis", -1), x);
  Shape to = l.shape(x);
  if (k < 0 || k > to[axis]) throw Unsupported{fmt::format("{} of {} elements", k, to[axis]), ""};
  to[axis] = k;
  const ir::Attributes attrs{{"axis", static_cast<std::int64_t>(axis)},
                             {"largest", l.integer("largest", 1)},
                             {"shape", to}};
  if (l.wants(0)) l.result(l.add(Op::kTopKValues, {x}, attrs), 0);
  if (l.wants(1)) l.result(l.add(Op::kTopKIndices, {x}, attrs), 1);
}

void non_zero(Lowering& l) {
  const Tensor& x = l.constant(0, "operand (the shape of the result follows from it)");
  const Shape strides = ir::row_major_strides(x.shape());
  std::vector<std::int64_t> found;
  for (std::int64_t i = 0; i < x.size(); ++i) {
    if (x.at(i) != 0) found.push_back(i);
  }
  const auto n = static_cast<std::int64_t>(found.size());
  std::vector<std::int64_t> rows;
  for (std::size_t d = 0; d < strides.size(); ++d) {
    for (const std::int64_t i : found) rows.push_back(i / strides[d] % x.shape()[d]);
  }
  l.result(l.constant(Tensor::int64s({static_cast<std::int64_t>(strides.size()), n}, rows)));
}

void eye_like(Lowering& l) {
  const Shape& s = l.shape(l.in(0));
  if (s.size() != 2) throw Unsupported{"its operand is no matrix", ""};
  l.require_foldable(s);
  Tensor t(DType::kFloat32, s);
  const std::int64_t k = std::clamp(l.integer("k", 0), -s[0], s[1]);
  for (std::int64_t i = 0; i < s[0]; ++i) {
    if (i + k >= 0 && i + k < s[1]) {
      t.mutable_data<float>()[static_cast<std::size_t>(i * s[1] + i + k)] = 1;
    }
  }
  const DType type =
      l.has_attr("dtype") ? read_dtype(l.integer("dtype", 1), l.name()) : l.dtype(l.in(0));
  l.result(l.constant(t.converted(type)));
}

void resize(Lowering& l) {
  const ValueId x = l.in(0);
  const bool old = l.opset() < 11;  // Resize-10 and Upsample: x, scales
  Ints axes(l.rank(x));
  std::iota(axes.begin(), axes.end(), 0);
  axes = l.ints("axes", axes);
  Shape to = l.shape(x);
  std::vector<double> scales(l.rank(x), 1.0);
  const std::size_t scale_input = old ? 1 : 2;
  const bool by_scale = l.has(scale_input) && ir::element_count(l.shape(l.in(scale_input))) > 0;
  if (by_scale) {
    const Tensor& s = l.constant(scale_input, "scales");
    if (s.size() != static_cast<std::int64_t>(axes.size()))
      throw Unsupported{"scales do not fit", ""};
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const std::size_t a = l.axis(axes[i], x);
      scales[a] = s.at(static_cast<std::int64_t>(i));
      const double size = std::floor(static_cast<double>(to[a]) * scales[a]);
      if (!(scales[a] > 0) || !(size < 0x1p40)) {
        throw Unsupported{fmt::format("a scale of {}", scales[a]), ""};
      }
      to[a] = static_cast<std::int64_t>(size);
    }
  } else {
    const Ints sizes = l.constant(3, "sizes").to_ints();
    if (sizes.size() != axes.size()) throw Unsupported{"sizes do not fit", ""};
    if (l.text("keep_aspect_ratio_policy", "stretch") != "stretch") {
      throw Unsupported{"it keeps the aspect ratio", "give sizes that stretch"};
    }
    for (std::size_t i = 0; i < axes.size(); ++i) {
      const std::size_t a = l.axis(axes[i], x);
      scales[a] = static_cast<double>(sizes[i]) / static_cast<double>(to[a]);
      to[a] = sizes[i];
    }
  }
  if (l.integer("antialias", 0)) {
    throw Unsupported{"it smooths (antialias)", "export the model with antialias=False"};
  }
  const std::string coordinates =
      l.text("coordinate_transformation_mode", old ? "asymmetric" : "half_pixel");
  l.result(l.add(Op::kResize, {x},
                 {{"shape", to},
                  {"scales", scales},
                  {"mode", l.text("mode", "nearest")},
                  {"coordinates", coordinates},
                  {"nearest_mode", l.text("nearest_mode", old ? "floor" : "round_prefer_floor")},
                  {"cubic_coeff_a", l.number("cubic_coeff_a", -0.75)},
                  {"exclude_outside", l.integer("exclude_outside", 0)}}));
}

void range(Lowering& l) {
  for (std::size_t i = 0; i < 3; ++i) (void)l.constant(i, "bounds");
  std::vector<ValueId> bounds{l.in(0), l.in(1), l.in(2)};
  l.result(l.add(Op::kRange, bounds));
}

}  // namespace

void add_index(OperatorTable& t) {
  t["Gather"] = {gather, "a table in L2, or constant rows"};
  t["GatherElements"] = {
      [](Lowering& l) {
        l.result(l.add(Op::kGatherElements, {l.in(0), l.in(1)}, {{"axis", l.integer("axis", 0)}}));
      },
      "in masks and position tables"};
  t["GatherND"] = {[](Lowering& l) {
                     l.result(l.add(Op::kGatherNd, {l.in(0), l.in(1)},
                                    {{"batch_dims", l.integer("batch_dims", 0)}}));
                   },
                   "in masks and position tables"};
  t["ScatterND"] = {[](Lowering& l) { scatter(l, Op::kScatterNd); }, "without reduction"};
  t["ScatterElements"] = {[](Lowering& l) { scatter(l, Op::kScatterElements); },
                          "without reduction"};
  for (const auto& [name, op] :
       std::initializer_list<std::pair<const char*, Op>>{{"ReduceMean", Op::kReduceMean},
                                                         {"ReduceSum", Op::kReduceSum},
                                                         {"ReduceMax", Op::kReduceMax},
                                                         {"ReduceMin", Op::kReduceMin},
                                                         {"ReduceProd", Op::kReduceProd},
                                                         {"ReduceL2", Op::kReduceL2}}) {
    t[name] = {[op = op](Lowering& l) { reduce(l, op, l.in(0)); }, "axes known at compile time"};
  }
  t["ReduceL1"] = {[](Lowering& l) { reduce(l, Op::kReduceSum, l.add(Op::kAbs, {l.in(0)})); }, ""};
  t["ReduceSumSquare"] = {
      [](Lowering& l) { reduce(l, Op::kReduceSum, l.add(Op::kMul, {l.in(0), l.in(0)})); }, ""};
  t["ArgMax"] = {[](Lowering& l) { arg_extreme(l, Op::kArgMax); }, "not on the cluster"};
  t["ArgMin"] = {[](Lowering& l) { arg_extreme(l, Op::kArgMin); }, "not on the cluster"};
  t["CumSum"] = {cumulative_sum, "of masks, for positions; else not on the cluster"};
  t["Trilu"] = {triangle, ""};
  t["OneHot"] = {one_hot, ""};
  t["TopK"] = {top_k, "not on the cluster"};
  t["NonZero"] = {non_zero, "of constants"};
  t["EyeLike"] = {eye_like, "folded"};
  t["Range"] = {range, "bounds known at compile time"};
  t["Resize"] = {
      resize,
      "of constants (position tables); else nearest by whole factors, the rest not on the cluster"};
  t["Upsample"] = {resize, "as Resize"};
}

}  // namespace oct::importer
