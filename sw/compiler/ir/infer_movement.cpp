// SPDX-License-Identifier: Apache-2.0
// Types of results: layout, gathering, reductions.
#include <algorithm>
#include <cmath>

#include "compiler/ir/infer.hpp"

namespace oct::ir::infer {
namespace {

/// Sums and products with shapes do not overflow.
bool in_range(std::int64_t v) {
  constexpr std::int64_t kLimit = std::int64_t{1} << 40;
  return v >= -kLimit && v <= kLimit;
}

Type rearrange(const Value& x, const Attributes& attrs) {
  const Ints dims = attrs.ints("dims"), perm = attrs.ints("perm"), shape = attrs.ints("shape");
  require(element_count(dims) == element_count(x.shape()) &&
              element_count(shape) == element_count(x.shape()),
          "{} cannot be seen as {} and then {}", shape_text(x.shape()), shape_text(dims),
          shape_text(shape));
  Ints sorted = perm;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    require(sorted[i] == static_cast<std::int64_t>(i), "{} is no permutation", shape_text(perm));
  }
  require(perm.size() == dims.size(), "{} permutes {} dimensions", shape_text(perm), dims.size());
  return {x.type.dtype, shape};
}

Type slice(const Value& x, const Attributes& attrs) {
  const Ints starts = attrs.ints("starts"), sizes = attrs.ints("sizes"),
             steps = attrs.ints("steps");
  const auto rank = x.shape().size();
  require(starts.size() == rank && sizes.size() == rank && steps.size() == rank,
          "a slice of {} dimensions of {}", starts.size(), type_text(x.type));
  for (std::size_t i = 0; i < rank; ++i) {
    require(in_range(starts[i]) && in_range(sizes[i]), "a slice from {} of {} elements", starts[i],
            sizes[i]);
    const std::int64_t last = starts[i] + (sizes[i] - 1) * steps[i];
    require(sizes[i] == 0 || (std::min(starts[i], last) >= 0 &&
                              std::max(starts[i], last) < x.shape()[i] && sizes[i] > 0),
            "a slice from {} of {} elements, step {}, of {}", starts[i], sizes[i], steps[i],
            x.shape()[i]);
  }
  return {x.type.dtype, sizes};
}

Type concat(const Operands& in, const Attributes& attrs) {
  const Value& first = operand(in, 0);
  require(first.rank() > 0, "concatenation of scalars");
  const auto axis =
      static_cast<std::size_t>(normalized_axis(attrs.integer("axis"), first.shape().size()));
  Shape shape = first.shape();
  shape[axis] = 0;
  for (const Value* v : in) {
    require(v && v->type.dtype == first.type.dtype && v->shape().size() == shape.size(),
            "concatenation of {} and {}", type_text(first.type),
            v ? type_text(v->type) : "nothing");
    for (std::size_t i = 0; i < shape.size(); ++i) {
      require(i == axis || v->shape()[i] == first.shape()[i],
              "concatenation of {} and {} along axis {}", type_text(first.type), type_text(v->type),
              axis);
    }
    shape[axis] += v->shape()[axis];
  }
  return {first.type.dtype, std::move(shape)};
}

Type pad(const Value& x, const Attributes& attrs) {
  const Ints before = attrs.ints("before"), after = attrs.ints("after");
  require(before.size() == x.shape().size() && after.size() == x.shape().size(), "{} pads for {}",
          before.size(), type_text(x.type));
  Shape shape = x.shape();
  for (std::size_t i = 0; i < shape.size(); ++i) {
    require(in_range(before[i]) && in_range(after[i]), "padding by {} and {}", before[i], after[i]);
    shape[i] += before[i] + after[i];
    require(shape[i] >= 0, "padding {} by {} and {}", x.shape()[i], before[i], after[i]);
    require(attrs.text("mode", "constant") != "reflect" ||
                std::max(before[i], after[i]) < std::max<std::int64_t>(x.shape()[i], 1),
            "reflecting {} elements of {}", std::max(before[i], after[i]), x.shape()[i]);
  }
  return {x.type.dtype, std::move(shape)};
}

Type reduce(Op op, const Value& x, const Attributes& attrs) {
  Ints axes = attrs.ints("axes");
  for (std::int64_t& a : axes) a = normalized_axis(a, x.shape().size());
  Shape shape;
  for (std::size_t i = 0; i < x.shape().size(); ++i) {
    const bool gone = std::find(axes.begin(), axes.end(), i) != axes.end();
    if (!gone) shape.push_back(x.shape()[i]);
    if (gone && attrs.integer("keepdims", 1)) shape.push_back(1);
  }
  const bool index = op == Op::kArgMax || op == Op::kArgMin;
  return {index ? DType::kInt64 : x.type.dtype, std::move(shape)};
}

Type gather(const Value& x, const Value& ids, std::int64_t axis) {
  require(!is_float(ids.type.dtype), "indices are {}", dtype_name(ids.type.dtype));
  const auto a = static_cast<std::size_t>(normalized_axis(axis, x.shape().size()));
  Shape shape(x.shape().begin(), x.shape().begin() + static_cast<std::ptrdiff_t>(a));
  shape.insert(shape.end(), ids.shape().begin(), ids.shape().end());
  shape.insert(shape.end(), x.shape().begin() + static_cast<std::ptrdiff_t>(a) + 1,
               x.shape().end());
  return {x.type.dtype, std::move(shape)};
}

Type gather_nd(const Value& x, const Value& ids, const Attributes& attrs) {
  const auto batch = static_cast<std::size_t>(attrs.integer("batch_dims"));
  require(ids.rank() > 0 && batch < ids.shape().size() && batch <= x.shape().size(),
          "GatherND of {} by {}", type_text(x.type), type_text(ids.type));
  const auto depth = static_cast<std::size_t>(ids.shape().back());
  require(!is_float(ids.type.dtype) && batch + depth <= x.shape().size() &&
              std::equal(x.shape().begin(), x.shape().begin() + static_cast<std::ptrdiff_t>(batch),
                         ids.shape().begin()),
          "GatherND of {} by {}", type_text(x.type), type_text(ids.type));
  Shape shape(ids.shape().begin(), ids.shape().end() - 1);
  shape.insert(shape.end(), x.shape().begin() + static_cast<std::ptrdiff_t>(batch + depth),
               x.shape().end());
  return {x.type.dtype, std::move(shape)};
}

/// GatherElements, ScatterElements: each index replaces one coordinate.
Type by_element(const Operands& in, const Attributes& attrs, bool scatter) {
  const Value &x = operand(in, 0), &ids = operand(in, 1);
  require(!is_float(ids.type.dtype) && ids.rank() == x.rank(), "elements of {} by {}",
          type_text(x.type), type_text(ids.type));
  const auto axis = normalized_axis(attrs.integer("axis"), x.shape().size());
  for (std::int64_t i = 0; i < x.rank(); ++i) {
    const auto d = static_cast<std::size_t>(i);
    require(i == axis || ids.shape()[d] <= x.shape()[d], "elements of {} by {} along axis {}",
            type_text(x.type), type_text(ids.type), axis);
  }
  if (!scatter) return {x.type.dtype, ids.shape()};
  const Value& updates = operand(in, 2);
  require(updates.type == Type{x.type.dtype, ids.shape()}, "updates {} for {} by {}",
          type_text(updates.type), type_text(x.type), type_text(ids.type));
  return x.type;
}

Type scatter_nd(const Operands& in) {
  const Value &x = operand(in, 0), &ids = operand(in, 1), &updates = operand(in, 2);
  require(!is_float(ids.type.dtype) && ids.rank() > 0 && ids.shape().back() <= x.rank(),
          "ScatterND of {} by {}", type_text(x.type), type_text(ids.type));
  Shape shape(ids.shape().begin(), ids.shape().end() - 1);
  shape.insert(shape.end(), x.shape().begin() + ids.shape().back(), x.shape().end());
  require(updates.type == Type{x.type.dtype, shape}, "updates {} for {} by {}",
          type_text(updates.type), type_text(x.type), type_text(ids.type));
  return x.type;
}

/// values[2], indices.
Type one_hot(const Operands& in, const Attributes& attrs) {
  const Shape shape = attrs.ints("shape");
  require(element_count(operand(in, 0).shape()) == 2, "OneHot with values {}",
          type_text(in[0]->type));
  const auto axis =
      static_cast<std::size_t>(normalized_axis(attrs.integer("axis", -1), shape.size()));
  Shape rest = shape;
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(axis));
  require(operand(in, 1).shape() == rest, "OneHot of {} as {}", type_text(in[1]->type),
          shape_text(shape));
  return {in[0]->type.dtype, shape};
}

Type range(const Operands& in) {
  double bound[3];
  for (std::size_t i = 0; i < 3; ++i) {
    require(operand(in, i).is_constant() && operand(in, i).data.size() == 1,
            "a range whose bounds are known only at run time");
    require(in[i]->type.dtype == in[0]->type.dtype, "a range with bounds {} and {}",
            type_text(in[0]->type), type_text(in[i]->type));
    bound[i] = operand(in, i).data.at(0);
  }
  require(bound[2] != 0, "a range with step 0");
  const double count = std::max(0.0, std::ceil((bound[1] - bound[0]) / bound[2]));
  require(count < 1e8, "a range of {} elements", count);
  return {operand(in, 0).type.dtype, {static_cast<std::int64_t>(count)}};
}

Type depth_to_space(const Value& x, const Attributes& attrs) {
  const std::int64_t b = attrs.integer("blocksize");
  require(x.rank() == 4 && b > 0 && b < 65536 && x.shape()[1] % (b * b) == 0,
          "DepthToSpace of {} by {}", type_text(x.type), b);
  const Shape& s = x.shape();
  return {x.type.dtype, {s[0], s[1] / (b * b), s[2] * b, s[3] * b}};
}

}  // namespace

Type movement(Op op, const Operands& in, const Attributes& attrs) {
  const Value& x = operand(in, 0);
  switch (op) {
    case Op::kReshape: {
      const Ints shape = attrs.ints("shape");
      require(element_count(shape) == element_count(x.shape()), "{} cannot become {}",
              type_text(x.type), shape_text(shape));
      return {x.type.dtype, shape};
    }
    case Op::kRearrange:
      return rearrange(x, attrs);
    case Op::kSlice:
      return slice(x, attrs);
    case Op::kConcat:
    case Op::kKvAppend:
      return concat(in, attrs);
    case Op::kPad:
      return pad(x, attrs);
    case Op::kExpand:
      require(broadcast_shape(x.shape(), attrs.ints("shape")) == attrs.ints("shape"),
              "{} does not expand to {}", type_text(x.type), shape_text(attrs.ints("shape")));
      return {x.type.dtype, attrs.ints("shape")};
    case Op::kDepthToSpace:
      return depth_to_space(x, attrs);
    case Op::kEmbedding:
      require(x.rank() == 2, "an embedding table {}", type_text(x.type));
      return gather(x, operand(in, 1), 0);
    case Op::kGather:
      return gather(x, operand(in, 1), attrs.integer("axis"));
    case Op::kGatherNd:
      return gather_nd(x, operand(in, 1), attrs);
    case Op::kGatherElements:
    case Op::kScatterElements:
      return by_element(in, attrs, op == Op::kScatterElements);
    case Op::kScatterNd:
      return scatter_nd(in);
    case Op::kRange:
      return range(in);
    case Op::kOneHot:
      return one_hot(in, attrs);
    case Op::kResize:
    case Op::kTopKValues:
      return {x.type.dtype, attrs.ints("shape")};
    case Op::kTopKIndices:
    case Op::kNonZero:
      return {DType::kInt64, attrs.ints("shape")};
    case Op::kTriangle:
      require(x.rank() >= 2, "a triangle of {}", type_text(x.type));
      return x.type;
    case Op::kCumSum:
      (void)normalized_axis(attrs.integer("axis"), x.shape().size());
      return x.type;
    default:
      require(op_info(op).op_class == OpClass::kReduce, "no type rule for {}", op_name(op));
      return reduce(op, x, attrs);
  }
}

}  // namespace oct::ir::infer
