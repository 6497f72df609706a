// SPDX-License-Identifier: Apache-2.0
// Quantised models. QOperator form becomes QDQ form: dequantise, compute, quantise.
#include <fmt/format.h>

#include <cmath>

#include "compiler/import/lowering.hpp"

namespace oct::importer {
using ir::DType;
using ir::Ints;
using ir::Op;
using ir::ValueId;

namespace {

ir::Attributes quant_attributes(const Lowering& l, std::int64_t axis) {
  ir::Attributes attrs{{"axis", axis}};
  if (const std::int64_t block = l.integer("block_size", 0)) attrs.set("block_size", block);
  return attrs;
}

/// Scale i and zero point i + 1 of a tensor of this type and shape.
void check_numbers(Lowering& l, std::size_t i, DType type, const ir::Shape& x, std::int64_t axis) {
  const ValueId scale = l.in(i);
  if (const ir::Tensor* s = l.graph().constant(scale)) {
    for (const double v : s->to_doubles()) {
      if (!(v > 0) || !std::isfinite(v)) {
        throw Unsupported{fmt::format("its scale is {}", v), "scales are positive numbers"};
      }
    }
  }
  const ir::Shape& shape = l.shape(scale);
  const auto rank = static_cast<std::int64_t>(x.size());
  if (ir::element_count(shape) != 1 && (axis < -rank || axis >= rank)) {
    throw Unsupported{fmt::format("axis {} of a tensor of rank {}", axis, rank),
                      fmt::format("axes are {} to {}", -rank, rank - 1)};
  }
  if (!l.has(i + 1)) return;
  const DType zero = l.dtype(l.in(i + 1));
  if (zero != type) {
    throw Unsupported{fmt::format("its zero point is {}, its integers are {}", ir::dtype_name(zero),
                                  ir::dtype_name(type)),
                      "both have one type"};
  }
}

void quantize(Lowering& l) {
  ir::Attributes attrs = quant_attributes(l, l.integer("axis", 1));
  DType to = DType::kUInt8;
  if (l.has(2)) {
    to = l.dtype(l.in(2));
  } else if (const std::int64_t type = l.integer("output_dtype", 0)) {
    to = read_dtype(type, l.name());
  }
  if (ir::is_float(to) || to == DType::kInt64) {
    throw Unsupported{fmt::format("it makes {}", ir::dtype_name(to)), "8 and 16 bits can be run"};
  }
  check_numbers(l, 1, to, l.shape(l.in(0)), l.integer("axis", 1));
  attrs.set("dtype", static_cast<std::int64_t>(to));
  l.result(l.add(Op::kQuantize, {l.in(0), l.in(1), l.in_or_none(2)}, attrs));
}

void dequantize(Lowering& l) {
  check_numbers(l, 1, l.dtype(l.in(0)), l.shape(l.in(0)), l.integer("axis", 1));
  l.result(l.add(Op::kDequantize, {l.in(0), l.in(1), l.in_or_none(2)},
                 quant_attributes(l, l.integer("axis", 1))));
}

void dynamic_quantize(Lowering& l) {
  const ValueId scale = l.add(Op::kDynamicScale, {l.in(0)}),
                zero = l.add(Op::kDynamicZero, {l.in(0)});
  l.result(l.add(Op::kQuantize, {l.in(0), scale, zero},
                 {{"axis", std::int64_t{0}}, {"dtype", static_cast<std::int64_t>(DType::kUInt8)}}));
  if (l.wants(1)) l.result(scale, 1);
  if (l.wants(2)) l.result(zero, 2);
}

/// Operand i, its scale i+1 and zero point i+2 as floats.
ValueId floats(Lowering& l, std::size_t i, std::int64_t axis = 0) {
  check_numbers(l, i + 1, l.dtype(l.in(i)), l.shape(l.in(i)), axis);
  return l.add(Op::kDequantize, {l.in(i), l.in(i + 1), l.in_or_none(i + 2)}, {{"axis", axis}});
}

/// The result with scale i and zero point i+1.
void quantized(Lowering& l, ValueId y, std::size_t i) {
  const DType to = l.has(i + 1) ? l.dtype(l.in(i + 1)) : DType::kUInt8;
  check_numbers(l, i, to, l.shape(y), 0);
  l.result(l.add(Op::kQuantize, {y, l.in(i), l.in_or_none(i + 1)},
                 {{"axis", std::int64_t{0}}, {"dtype", static_cast<std::int64_t>(to)}}));
}

void q_matmul(Lowering& l) {
  const auto last = static_cast<std::int64_t>(l.rank(l.in(3))) - 1;
  quantized(l, l.add(Op::kMatMul, {floats(l, 0), floats(l, 3, last)}), 6);
}

/// A bias in INT32 has the product of the operands' scales.
ValueId bias(Lowering& l, std::size_t i, std::size_t x_scale, std::size_t w_scale) {
  const ValueId scale = l.add(Op::kMul, {l.in(w_scale), l.in(x_scale)});
  return l.add(Op::kDequantize, {l.in(i), scale}, {{"axis", std::int64_t{0}}});
}

void q_conv(Lowering& l) {
  const ir::Shape& w = l.shape(l.in(3));
  if (w.size() < 3) throw Unsupported{"its weights have fewer than three dimensions", ""};
  const std::size_t d = w.size() - 2;
  if (l.text("auto_pad", "NOTSET") != "NOTSET") throw Unsupported{"auto_pad", "explicit pads do"};
  std::vector<ValueId> operands{floats(l, 0), floats(l, 3, 0)};
  if (l.has(8)) operands.push_back(bias(l, 8, 1, 4));
  quantized(l,
            l.add(Op::kConv, operands,
                  {{"strides", l.ints("strides", Ints(d, 1))},
                   {"dilations", l.ints("dilations", Ints(d, 1))},
                   {"pads", l.ints("pads", Ints(2 * d, 0))},
                   {"group", l.integer("group", 1)}}),
            6);
}

void q_gemm(Lowering& l) {
  const bool transposed = l.integer("transB", 0) != 0;
  if (l.integer("transA", 0) || l.number("alpha", 1) != 1) {
    throw Unsupported{"transA or alpha", ""};
  }
  ValueId b = floats(l, 3, transposed ? 0 : 1);
  if (transposed) b = l.transpose(b, {1, 0});
  ValueId y = l.add(Op::kMatMul, {floats(l, 0), b});
  if (l.has(6)) y = l.add(Op::kAdd, {y, bias(l, 6, 1, 4)});
  if (l.has(7)) return quantized(l, y, 7);
  l.result(y);
}

void q_binary(Lowering& l, Op op) { quantized(l, l.add(op, {floats(l, 0), floats(l, 3)}), 6); }

void q_unary(Lowering& l, Op op, ir::Attributes attrs) {
  quantized(l, l.add(op, {floats(l, 0)}, std::move(attrs)), 3);
}

/// Sums over the trailing axes: QLinearGlobalAveragePool, QLinearAveragePool in the channels-first
/// layout, as the operators on floats.
void q_average_pool(Lowering& l) {
  const ir::Shape& x = l.shape(l.in(0));
  if (x.size() < 3) throw Unsupported{"it pools a tensor of less than three dimensions", ""};
  if (l.integer("channels_last", 0) != 0) throw Unsupported{"channels_last", "channels first do"};
  const std::size_t d = x.size() - 2;
  if (l.text("auto_pad", "NOTSET") != "NOTSET") throw Unsupported{"auto_pad", "explicit pads do"};
  q_unary(l, Op::kAveragePool,
          {{"kernel", l.ints("kernel_shape", Ints(d, 1))},
           {"strides", l.ints("strides", Ints(d, 1))},
           {"pads", l.ints("pads", Ints(2 * d, 0))},
           {"dilations", Ints(d, 1)},
           {"ceil_mode", l.integer("ceil_mode", 0)},
           {"count_include_pad", l.integer("count_include_pad", 0)}});
}

void q_global_average_pool(Lowering& l) {
  const ir::Shape& x = l.shape(l.in(0));
  if (l.integer("channels_last", 0) != 0) throw Unsupported{"channels_last", "channels first do"};
  Ints axes;
  for (std::size_t d = 2; d < x.size(); ++d) axes.push_back(static_cast<std::int64_t>(d));
  q_unary(l, Op::kReduceMean, {{"axes", axes}, {"keepdims", std::int64_t{1}}});
}

void q_concat(Lowering& l) {
  std::vector<ValueId> parts;
  for (std::size_t i = 2; i + 2 < l.input_count(); i += 3) parts.push_back(floats(l, i));
  const auto axis = static_cast<std::int64_t>(l.axis(l.integer("axis", 0), parts.at(0)));
  quantized(l, l.add(Op::kConcat, parts, {{"axis", axis}}), 0);
}

void q_softmax(Lowering& l) {
  const auto axis = static_cast<std::int64_t>(l.axis(l.integer("axis", -1), l.in(0)));
  if (l.integer("opset", 13) < 13 && axis + 1 != static_cast<std::int64_t>(l.rank(l.in(0)))) {
    throw Unsupported{"softmax over several axes", ""};
  }
  q_unary(l, Op::kSoftmax, {{"axis", axis}});
}

}  // namespace

void add_quant(OperatorTable& t) {
  for (const std::string domain : {"", "com.microsoft:"}) {
    t[domain + "QuantizeLinear"] = {quantize, "per tensor or per channel"};
    t[domain + "DequantizeLinear"] = {dequantize, "per tensor, per channel or in blocks"};
  }
  t["DynamicQuantizeLinear"] = {dynamic_quantize, "not on the cluster"};
  t["MatMulInteger"] = {
      [](Lowering& l) {
        l.result(l.add(Op::kMatMulInteger, {l.in(0), l.in(1), l.in_or_none(2), l.in_or_none(3)}));
      },
      ""};
  t["QLinearMatMul"] = {q_matmul, ""};
  t["QLinearConv"] = {q_conv, ""};
  t["com.microsoft:QGemm"] = {q_gemm, ""};
  t["com.microsoft:QLinearAdd"] = {[](Lowering& l) { q_binary(l, Op::kAdd); }, ""};
  t["com.microsoft:QLinearMul"] = {[](Lowering& l) { q_binary(l, Op::kMul); }, ""};
  t["com.microsoft:QLinearSigmoid"] = {[](Lowering& l) { q_unary(l, Op::kSigmoid, {}); }, ""};
  t["com.microsoft:QLinearLeakyRelu"] = {
      [](Lowering& l) { q_unary(l, Op::kLeakyRelu, {{"alpha", l.number("alpha", 0.01)}}); }, ""};
  t["com.microsoft:QLinearSoftmax"] = {q_softmax, ""};
  t["com.microsoft:QLinearAveragePool"] = {q_average_pool, ""};
  t["com.microsoft:QLinearGlobalAveragePool"] = {q_global_average_pool, ""};
  t["com.microsoft:QLinearConcat"] = {q_concat, ""};
}

}  // namespace oct::importer
