// SPDX-License-Identifier: Apache-2.0
// Matrix products, convolutions, pools.
#include <algorithm>
#include <numeric>

#include "compiler/import/lowering.hpp"

namespace oct::importer {
using ir::Ints;
using ir::Op;
using ir::Shape;
using ir::ValueId;

namespace {

ValueId swapped(Lowering& l, ValueId v) {
  Ints perm(l.rank(v));
  if (perm.size() < 2) throw Unsupported{"a transposed operand with one dimension", ""};
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return l.transpose(v, perm);
}

ValueId scaled(Lowering& l, ValueId v, double factor) {
  return factor == 1 ? v : l.add(Op::kMul, {v, l.scalar(factor, l.dtype(v))});
}

void gemm(Lowering& l) {
  ValueId a = l.in(0), b = l.in(1);
  if (l.rank(a) != 2 || l.rank(b) != 2) throw Unsupported{"its operands are no matrices", ""};
  if (l.integer("transA", 0)) a = swapped(l, a);
  if (l.integer("transB", 0)) b = swapped(l, b);
  ValueId y = scaled(l, l.add(Op::kMatMul, {a, b}), l.number("alpha", 1));
  const double beta = l.number("beta", 1);
  if (l.has(2) && beta != 0) y = l.add(Op::kAdd, {y, scaled(l, l.in(2), beta)});
  l.result(y);
}

void fused_matmul(Lowering& l) {
  if (l.integer("transBatchA", 0) || l.integer("transBatchB", 0)) {
    throw Unsupported{"it transposes a batch", ""};
  }
  const ValueId a = l.integer("transA", 0) ? swapped(l, l.in(0)) : l.in(0);
  const ValueId b = l.integer("transB", 0) ? swapped(l, l.in(1)) : l.in(1);
  l.result(scaled(l, l.add(Op::kMatMul, {a, b}), l.number("alpha", 1)));
}

/// Pads of a window operator, with auto_pad worked out.
Ints pads(const Lowering& l, const Shape& in, const Ints& kernel, const Ints& strides,
          const Ints& dilations) {
  const std::size_t d = kernel.size();
  const std::string mode = l.text("auto_pad", "NOTSET");
  Ints out = l.ints("pads", Ints(2 * d, 0));
  if (out.size() != 2 * d) throw Unsupported{"its pads do not fit its operand", ""};
  if (mode == "VALID") return Ints(2 * d, 0);
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    for (std::size_t i = 0; i < d; ++i) {
      const std::int64_t count = (in[i + 2] + strides[i] - 1) / strides[i];
      const std::int64_t need = std::max<std::int64_t>(
          0, (count - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - in[i + 2]);
      out[i] = mode == "SAME_UPPER" ? need / 2 : (need + 1) / 2;
      out[i + d] = need - out[i];
    }
  }
  return out;
}

ir::Attributes window(const Lowering& l, ValueId x, const Ints& kernel) {
  const std::size_t d = kernel.size();
  if (l.rank(x) != d + 2) throw Unsupported{"its kernel does not fit its operand", ""};
  const Ints strides = l.ints("strides", Ints(d, 1)), dilations = l.ints("dilations", Ints(d, 1));
  if (strides.size() != d || dilations.size() != d ||
      *std::min_element(strides.begin(), strides.end()) < 1 ||
      *std::min_element(dilations.begin(), dilations.end()) < 1) {
    throw Unsupported{"its strides or dilations do not fit its kernel", ""};
  }
  return {{"strides", strides},
          {"dilations", dilations},
          {"pads", pads(l, l.shape(x), kernel, strides, dilations)}};
}

void conv(Lowering& l) {
  const ValueId x = l.in(0), w = l.in(1);
  if (l.rank(w) < 3) throw Unsupported{"its weights have fewer than three dimensions", ""};
  ir::Attributes attrs = window(l, x, Ints(l.shape(w).begin() + 2, l.shape(w).end()));
  attrs.set("group", l.integer("group", 1));
  l.result(l.add(Op::kConv, {x, w, l.in_or_none(2)}, attrs));
}

void conv_transpose(Lowering& l) {
  const ValueId x = l.in(0), w = l.in(1);
  if (l.text("auto_pad", "NOTSET") != "NOTSET" || l.has_attr("output_shape")) {
    throw Unsupported{"auto_pad or output_shape", "export it with explicit pads"};
  }
  ir::Attributes attrs = window(l, x, Ints(l.shape(w).begin() + 2, l.shape(w).end()));
  attrs.set("group", l.integer("group", 1));
  attrs.set("output_padding", l.ints("output_padding", Ints(l.rank(w) - 2, 0)));
  l.result(l.add(Op::kConvTranspose, {x, w, l.in_or_none(2)}, attrs));
}

void pool(Lowering& l, Op op) {
  if (l.wants(1)) throw Unsupported{"its positions are wanted too", ""};
  const Ints kernel = l.ints("kernel_shape");
  ir::Attributes attrs = window(l, l.in(0), kernel);
  attrs.set("kernel", kernel);
  attrs.set("ceil_mode", l.integer("ceil_mode", 0));
  if (op == Op::kAveragePool) attrs.set("count_include_pad", l.integer("count_include_pad", 0));
  l.result(l.add(op, {l.in(0)}, attrs));
}

void global_pool(Lowering& l, Op op) {
  Ints axes(l.rank(l.in(0)) - 2);
  std::iota(axes.begin(), axes.end(), 2);
  l.result(l.add(op, {l.in(0)}, {{"axes", axes}, {"keepdims", std::int64_t{1}}}));
}

void einsum(Lowering& l) {
  std::string equation;
  for (const char c : l.text("equation", "")) {
    if (c != ' ') equation += c;
  }
  if (equation.find("...") != std::string::npos) {
    throw Unsupported{"an equation with an ellipsis", "write the dimensions out"};
  }
  if (equation.find("->") == std::string::npos) {
    // Letters that occur once, in alphabetical order.
    std::map<char, int> count;
    for (const char c : equation) ++count[c];
    equation += "->";
    for (const auto& [c, n] : count) {
      if (c != ',' && n == 1) equation += c;
    }
  }
  std::vector<ValueId> operands = l.all_inputs();
  if (operands.size() > 2) throw Unsupported{"an equation with more than two operands", ""};
  l.result(l.add(Op::kEinsum, operands, {{"equation", equation}}));
}

}  // namespace

void add_compute(OperatorTable& t) {
  t["MatMul"] = {[](Lowering& l) { l.result(l.add(Op::kMatMul, {l.in(0), l.in(1)})); },
                 "weights or two run-time operands"};
  t["Gemm"] = {gemm, "alpha, beta, transA, transB"};
  t["com.microsoft:FusedMatMul"] = {fused_matmul, ""};
  t["Einsum"] = {einsum, "one or two operands, no ellipsis"};
  t["Conv"] = {conv, "1-D, 2-D; groups"};
  t["ConvTranspose"] = {conv_transpose, "on the host"};
  t["MaxPool"] = {[](Lowering& l) { pool(l, Op::kMaxPool); }, "without positions"};
  t["AveragePool"] = {[](Lowering& l) { pool(l, Op::kAveragePool); }, ""};
  t["GlobalAveragePool"] = {[](Lowering& l) { global_pool(l, Op::kReduceMean); }, ""};
  t["GlobalMaxPool"] = {[](Lowering& l) { global_pool(l, Op::kReduceMax); }, ""};
}

}  // namespace oct::importer
