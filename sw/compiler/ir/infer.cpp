// SPDX-License-Identifier: Apache-2.0
// Types of results: dispatch, element-wise operators, norms, quantisation.
#include "compiler/ir/infer.hpp"

#include <algorithm>

namespace oct::ir {
namespace infer {
namespace {

Type binary(Op op, const Operands& in) {
  const Value &a = operand(in, 0), &b = operand(in, 1);
  require(op == Op::kPow || op == Op::kShiftLeft || op == Op::kShiftRight ||
              a.type.dtype == b.type.dtype,
          "operands {} and {} have different element types", type_text(a.type), type_text(b.type));
  Type out{a.type.dtype, broadcast_shape(a.shape(), b.shape())};
  switch (op) {
    case Op::kEqual:
    case Op::kLess:
    case Op::kLessOrEqual:
      out.dtype = DType::kBool;
      break;
    case Op::kAnd:
    case Op::kOr:
    case Op::kXor:
      require(a.type.dtype == DType::kBool, "operands are {}, not truth values",
              dtype_name(a.type.dtype));
      break;
    default:
      break;
  }
  return out;
}

Type where(const Operands& in) {
  const Value &c = operand(in, 0), &a = operand(in, 1), &b = operand(in, 2);
  require(c.type.dtype == DType::kBool, "the condition is {}, not a truth value",
          dtype_name(c.type.dtype));
  require(a.type.dtype == b.type.dtype, "branches {} and {} have different element types",
          type_text(a.type), type_text(b.type));
  return {a.type.dtype, broadcast_shape(c.shape(), broadcast_shape(a.shape(), b.shape()))};
}

void require_same_float(const Operands& in) {
  for (const Value* v : in) {
    require(!v || is_float(v->type.dtype), "operand {} is not of floats",
            v ? type_text(v->type) : "");
  }
}

/// A parameter vector along the last axis, or along all of `axis..`.
void require_parameter(const Value& x, const Value& p, std::int64_t axis) {
  const Shape tail(x.shape().begin() + axis, x.shape().end());
  require(broadcast_shape(tail, p.shape()) == tail,
          "parameter of shape {} for a tensor of shape {}", shape_text(p.shape()),
          shape_text(x.shape()));
}

Type norm(Op op, const Operands& in, const Attributes& attrs) {
  const Value& x = operand(in, 0);
  require_same_float({&x});
  const auto axis = normalized_axis(attrs.integer("axis", -1), x.shape().size());
  if (op == Op::kSoftmax || op == Op::kLogSoftmax || op == Op::kL2Norm) return x.type;
  for (std::size_t i = 1; i < in.size(); ++i) {
    if (!in[i]) continue;
    require_same_float({in[i]});
    require_parameter(x, *in[i], axis);
  }
  return x.type;
}

/// x [batch, channels, ..] and parameters of as many elements as channels.
Type channel_norm(Op op, const Operands& in, const Attributes& attrs) {
  const Value& x = operand(in, 0);
  require_same_float(in);
  require(x.rank() >= 2, "a norm of the channels of {}", type_text(x.type));
  const std::int64_t channels = x.shape()[1], groups = attrs.integer("groups", 1);
  require(groups >= 1 && channels % groups == 0, "{} channels in {} groups", channels, groups);
  for (std::size_t i = 1; i < (op == Op::kBatchNorm ? 5U : 3U); ++i) {
    require(element_count(operand(in, i).shape()) == channels,
            "parameter of shape {} for {} channels", shape_text(in[i]->shape()), channels);
  }
  return x.type;
}

Type rotary(const Operands& in, const Attributes& attrs) {
  const Value &x = operand(in, 0), &cos = operand(in, 1), &sin = operand(in, 2);
  require(x.rank() == 4, "Rotary wants [batch, heads, sequence, width], not {}",
          shape_text(x.shape()));
  require(cos.rank() == 2 && cos.shape() == sin.shape(),
          "Rotary wants two tables [positions, half], not {} and {}", shape_text(cos.shape()),
          shape_text(sin.shape()));
  require_same_float({&x, &cos, &sin});
  require(2 * cos.shape()[1] <= x.shape()[3], "Rotary turns {} of {} columns", 2 * cos.shape()[1],
          x.shape()[3]);
  if (has(in, 3)) {
    const Shape& p = in[3]->shape();
    require(p.size() == 2 && p[1] == x.shape()[2] && (p[0] == 1 || p[0] == x.shape()[0]),
            "positions of shape {} for a tensor {}", shape_text(p), shape_text(x.shape()));
  } else {
    require(cos.shape()[0] >= x.shape()[2], "a table of {} positions for a sequence of {}",
            cos.shape()[0], x.shape()[2]);
  }
  (void)attrs;
  return x.type;
}

/// Scale and zero point: one, one for each index of `axis`, or blocks of that axis.
void require_scale(const Shape& x, const Operands& in, const Attributes& attrs) {
  const Value& scale = operand(in, 1);
  require(is_float(scale.type.dtype), "the scale is {}", dtype_name(scale.type.dtype));
  if (element_count(scale.shape()) != 1) {
    const auto axis = static_cast<std::size_t>(normalized_axis(attrs.integer("axis", 1), x.size()));
    if (scale.rank() == 1) {
      require(scale.shape()[0] == x[axis], "{} scales along an axis of {}", scale.shape()[0],
              x[axis]);
    } else {
      const auto block = attrs.integer("block_size");
      Shape want = x;
      if (block > 0) want[axis] = (x[axis] + std::min(block, x[axis]) - 1) / block;
      require(block > 0 && block <= x[axis] && scale.shape() == want,
              "scales of shape {} for a tensor of shape {}", shape_text(scale.shape()),
              shape_text(x));
    }
  }
  if (has(in, 2)) {
    require(element_count(in[2]->shape()) == element_count(scale.shape()),
            "{} zero points for {} scales", element_count(in[2]->shape()),
            element_count(scale.shape()));
  }
}

Type quant(Op op, const Operands& in, const Attributes& attrs) {
  const Value& x = operand(in, 0);
  switch (op) {
    case Op::kQuantize:
      require_same_float({&x});
      require_scale(x.shape(), in, attrs);
      return {static_cast<DType>(attrs.integer("dtype")), x.shape()};
    case Op::kDequantize:
      require(!is_float(x.type.dtype), "Dequantize of floats");
      require_scale(x.shape(), in, attrs);
      return {DType::kFloat32, x.shape()};
    case Op::kFixed:
      require_same_float({&x});
      require(attrs.number("scale") > 0, "a scale of {}", attrs.number("scale"));
      return x.type;
    case Op::kRequantize:
    case Op::kRequantShift:
      return {static_cast<DType>(attrs.integer("dtype")), x.shape()};
    case Op::kDynamicScale:
      require_same_float({&x});
      return {DType::kFloat32, {}};
    default:
      require_same_float({&x});
      return {DType::kUInt8, {}};  // kDynamicZero
  }
}

Type unary(Op op, const Operands& in, const Attributes& attrs) {
  const Value& x = operand(in, 0);
  switch (op) {
    case Op::kCast:
      return {static_cast<DType>(attrs.integer("to")), x.shape()};
    case Op::kIsNan:
    case Op::kIsInf:
      return {DType::kBool, x.shape()};
    case Op::kNot:
      require(x.type.dtype == DType::kBool, "operand is {}, not a truth value",
              dtype_name(x.type.dtype));
      return x.type;
    case Op::kClip:
    case Op::kNeg:
    case Op::kAbs:
    case Op::kSign:
    case Op::kRelu:
    case Op::kFloor:
    case Op::kCeil:
    case Op::kRound:
      return x.type;
    default:
      require_same_float({&x});
      return x.type;
  }
}

Type integer(Op op, const Operands& in, const Attributes& attrs) {
  const Value& x = operand(in, 0);
  if (op == Op::kIntMatMul || op == Op::kIntConv) {
    return {DType::kInt32, compute(op == Op::kIntConv ? Op::kConv : Op::kMatMul, in, attrs).shape};
  }
  if (op == Op::kRequantShift) return quant(op, in, attrs);
  if (op == Op::kIntMean) return movement(Op::kReduceMean, in, attrs);
  if (op == Op::kIntDiv) {
    return {static_cast<DType>(attrs.integer("dtype")),
            broadcast_shape(x.shape(), operand(in, 1).shape())};
  }
  return {static_cast<DType>(attrs.integer("dtype", static_cast<std::int64_t>(DType::kInt32))),
          x.shape()};
}

}  // namespace
}  // namespace infer

Type infer_type(Op op, const std::vector<const Value*>& in, const Attributes& attrs) {
  switch (op_info(op).op_class) {
    case OpClass::kUnary:
      return infer::unary(op, in, attrs);
    case OpClass::kBinary:
      return op == Op::kWhere ? infer::where(in) : infer::binary(op, in);
    case OpClass::kNorm:
      if (op == Op::kRotary) return infer::rotary(in, attrs);
      if (op == Op::kBatchNorm || op == Op::kGroupNorm) return infer::channel_norm(op, in, attrs);
      return infer::norm(op, in, attrs);
    case OpClass::kQuant:
      if (op == Op::kMatMulInteger || op == Op::kConvInteger) {
        return {DType::kInt32, infer::compute(op, in, attrs).shape};
      }
      return infer::quant(op, in, attrs);
    case OpClass::kInteger:
      return infer::integer(op, in, attrs);
    case OpClass::kGemm:
      return infer::compute(op, in, attrs);
    default:
      if (op == Op::kMaxPool || op == Op::kAveragePool) return infer::compute(op, in, attrs);
      return infer::movement(op, in, attrs);
  }
}

}  // namespace oct::ir
