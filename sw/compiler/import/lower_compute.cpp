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

}  // namespace

ir::Attributes window(const Lowering& l, ValueId x, const Ints& kernel) {
  const std::size_t d = kernel.size();
  constexpr std::int64_t kLargest = std::int64_t{1} << 30;
  const auto good = [](std::int64_t v) { return v >= 1 && v <= kLargest; };
  if (d == 0 || l.rank(x) != d + 2 || !std::all_of(kernel.begin(), kernel.end(), good)) {
    throw Unsupported{"its kernel does not fit its operand", ""};
  }
  const Ints strides = l.ints("strides", Ints(d, 1)), dilations = l.ints("dilations", Ints(d, 1));
  if (strides.size() != d || dilations.size() != d ||
      !std::all_of(strides.begin(), strides.end(), good) ||
      !std::all_of(dilations.begin(), dilations.end(), good)) {
    throw Unsupported{"its strides or dilations do not fit its kernel", ""};
  }
  return {{"strides", strides},
          {"dilations", dilations},
          {"pads", pads(l, l.shape(x), kernel, strides, dilations)}};
}

namespace {

void conv(Lowering& l) {
  const ValueId x = l.in(0), w = l.in(1);
  if (l.rank(w) < 3) throw Unsupported{"its weights have fewer than three dimensions", ""};
  ir::Attributes attrs = window(l, x, Ints(l.shape(w).begin() + 2, l.shape(w).end()));
  attrs.set("group", l.integer("group", 1));
  l.result(l.add(Op::kConv, {x, w, l.in_or_none(2)}, attrs));
}

/// Sums of products of integers; a pass takes quantising at run time out of them.
void conv_integer(Lowering& l) {
  const ValueId x = l.in(0), w = l.in(1);
  if (l.rank(w) < 3) throw Unsupported{"its weights have fewer than three dimensions", ""};
  ir::Attributes attrs = window(l, x, Ints(l.shape(w).begin() + 2, l.shape(w).end()));
  attrs.set("group", l.integer("group", 1));
  l.result(l.add(Op::kConvInteger, {x, w, l.in_or_none(2), l.in_or_none(3)}, attrs));
}

void conv_transpose(Lowering& l) {
  const ValueId x = l.in(0), w = l.in(1);
  if (l.rank(w) < 3) throw Unsupported{"its weights have fewer than three dimensions", ""};
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
  if (l.rank(l.in(0)) < 3) throw Unsupported{"its operand has fewer than three dimensions", ""};
  Ints axes(l.rank(l.in(0)) - 2);
  std::iota(axes.begin(), axes.end(), 2);
  l.result(l.add(op, {l.in(0)}, {{"axes", axes}, {"keepdims", std::int64_t{1}}}));
}

/// Letters of `names` for which `test` holds, in order.
template <typename F>
std::string letters(const std::string& names, F test) {
  std::string out;
  for (const char c : names) {
    if (test(c)) out += c;
  }
  return out;
}

bool contains(const std::string& names, char c) { return names.find(c) != std::string::npos; }

/// An operand with its dimensions in the order of `groups`, each group one dimension.
ValueId grouped(Lowering& l, ValueId v, const std::string& names,
                const std::vector<std::string>& groups) {
  Ints perm;
  Shape shape;
  for (const std::string& group : groups) {
    shape.push_back(1);
    for (const char c : group) {
      perm.push_back(static_cast<std::int64_t>(names.find(c)));
      shape.back() *= l.shape(v)[names.find(c)];
    }
  }
  return l.reshape(l.transpose(v, perm), shape);
}

/// Letters that no other operand and not the result has are summed at once.
ValueId summed(Lowering& l, ValueId v, std::string& names, const std::string& kept) {
  Ints axes;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!contains(kept, names[i])) axes.push_back(static_cast<std::int64_t>(i));
  }
  if (axes.empty()) return v;
  names = letters(names, [&](char c) { return contains(kept, c); });
  return l.add(Op::kReduceSum, {v}, {{"axes", axes}, {"keepdims", std::int64_t{0}}});
}

/// One or two operands become transposes and one product.
ValueId contracted(Lowering& l, const std::vector<std::string>& operands,
                   const std::string& result) {
  std::string a = operands[0];
  const bool two = operands.size() == 2;
  ValueId x = summed(l, l.in(0), a, result + (two ? operands[1] : ""));
  const auto ordered = [&](ValueId v, const std::string& names) {
    Ints perm;
    for (const char c : result) perm.push_back(static_cast<std::int64_t>(names.find(c)));
    return l.transpose(v, perm);
  };
  if (!two) return ordered(x, a);
  std::string b = operands[1];
  ValueId y = summed(l, l.in(1), b, result + a);
  const std::string batch =
      letters(a, [&](char c) { return contains(b, c) && contains(result, c); });
  const std::string inner =
      letters(a, [&](char c) { return contains(b, c) && !contains(result, c); });
  const std::string rows = letters(a, [&](char c) { return !contains(b, c); });
  const std::string columns = letters(b, [&](char c) { return !contains(a, c); });
  Shape shape;
  for (const char c : batch + rows) shape.push_back(l.shape(x)[a.find(c)]);
  for (const char c : columns) shape.push_back(l.shape(y)[b.find(c)]);
  if (batch.empty()) {  // so that a weight stays a matrix
    x = grouped(l, x, a, {rows, inner});
    y = grouped(l, y, b, {inner, columns});
  } else {
    x = grouped(l, x, a, {batch, rows, inner});
    y = grouped(l, y, b, {batch, inner, columns});
  }
  return ordered(l.reshape(l.add(Op::kMatMul, {x, y}), shape), batch + rows + columns);
}

void einsum(Lowering& l) {
  const std::string equation = letters(l.text("equation", ""), [](char c) { return c != ' '; });
  if (contains(equation, '.')) {
    throw Unsupported{"an equation with an ellipsis", "write the dimensions out"};
  }
  const std::size_t arrow = equation.find("->");
  std::vector<std::string> operands(1);
  for (const char c : equation.substr(0, arrow)) {
    if (c == ',') {
      operands.emplace_back();
    } else {
      operands.back() += c;
    }
  }
  if (operands.size() > 2 || operands.size() != l.input_count()) {
    throw Unsupported{"an equation with more than two operands", "split it in two"};
  }
  std::map<char, int> count;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (operands[i].size() != l.rank(l.in(i))) {
      throw Unsupported{"the equation '" + equation + "' does not fit its operands", ""};
    }
    for (const char c : operands[i]) {
      ++count[c];
      if (operands[i].find(c) != operands[i].rfind(c)) {
        throw Unsupported{"an equation with a diagonal", ""};
      }
    }
  }
  std::string result;
  if (arrow == std::string::npos) {  // letters that occur once, in alphabetical order
    for (const auto& [c, n] : count) {
      if (n == 1) result += c;
    }
  } else {
    result = equation.substr(arrow + 2);
  }
  for (const char c : result) {
    if (!count.contains(c))
      throw Unsupported{fmt::format("the equation makes {} of nothing", c), ""};
  }
  l.result(contracted(l, operands, result));
}

}  // namespace

void add_compute(OperatorTable& t) {
  t["MatMul"] = {[](Lowering& l) { l.result(l.add(Op::kMatMul, {l.in(0), l.in(1)})); },
                 "weights or two run-time operands"};
  t["Gemm"] = {gemm, "alpha, beta, transA, transB"};
  t["com.microsoft:FusedMatMul"] = {fused_matmul, ""};
  t["Einsum"] = {einsum, "one or two operands, no ellipsis, no diagonal"};
  t["Conv"] = {conv, "1-D, 2-D; groups"};
  t["ConvInteger"] = {conv_integer, "of a value quantised at run time"};
  t["ConvTranspose"] = {conv_transpose, "not on the cluster"};
  t["MaxPool"] = {[](Lowering& l) { pool(l, Op::kMaxPool); }, "without positions"};
  t["AveragePool"] = {[](Lowering& l) { pool(l, Op::kAveragePool); }, ""};
  t["GlobalAveragePool"] = {[](Lowering& l) { global_pool(l, Op::kReduceMean); }, ""};
  t["GlobalMaxPool"] = {[](Lowering& l) { global_pool(l, Op::kReduceMax); }, ""};
}

}  // namespace oct::importer
