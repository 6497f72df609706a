// SPDX-License-Identifier: Apache-2.0
// Norms and softmax.
#include <numeric>

#include "compiler/import/lowering.hpp"

namespace oct::importer {
using ir::Ints;
using ir::Op;
using ir::Shape;
using ir::ValueId;

namespace {

void only_first_output(const Lowering& l) {
  for (std::size_t i = 1; i < l.output_count(); ++i) {
    if (l.wants(i)) throw Unsupported{"its mean or deviation is wanted too", ""};
  }
}

/// Over everything from an axis on, which is seen as one dimension. `operands`: x, gamma, beta.
ValueId norm(Lowering& l, Op op, std::vector<ValueId> operands, double epsilon) {
  const Shape shape = l.shape(operands.at(0));
  const std::size_t axis = l.axis(l.integer("axis", -1), operands[0]);
  const auto from = shape.begin() + static_cast<std::ptrdiff_t>(axis);
  const Shape inner(from, shape.end());
  Shape flat(shape.begin(), from);
  flat.push_back(ir::element_count(inner));
  if (inner.size() > 1) {
    operands[0] = l.reshape(operands[0], flat);
    for (std::size_t i = 1; i < operands.size(); ++i) {
      ValueId& v = operands[i];
      if (v == ir::kNone) continue;
      if (l.shape(v) != inner) v = l.add(Op::kExpand, {v}, {{"shape", inner}});
      v = l.reshape(v, {flat.back()});
    }
  }
  const ValueId y =
      l.add(op, operands,
            {{"axis", static_cast<std::int64_t>(axis)}, {"epsilon", l.number("epsilon", epsilon)}});
  return l.reshape(y, shape);
}

void layer_norm(Lowering& l) {
  l.result(norm(l, Op::kLayerNorm, {l.in(0), l.in_or_none(1), l.in_or_none(2)}, 1e-5));
}

void rms_norm(Lowering& l) {
  only_first_output(l);
  l.result(norm(l, Op::kRmsNorm, {l.in(0), l.in_or_none(1)}, 1e-5));
}

/// x + skip (+ bias), then the norm; the sum is output 3.
void skip_norm(Lowering& l, Op op) {
  const bool layer = op == Op::kLayerNorm;
  ValueId sum = l.add(Op::kAdd, {l.in(0), l.in(1)});
  if (l.has(layer ? 4 : 3)) sum = l.add(Op::kAdd, {sum, l.in(layer ? 4 : 3)});
  std::vector<ValueId> operands{sum, l.in(2)};
  if (layer) operands.push_back(l.in_or_none(3));
  l.result(norm(l, op, std::move(operands), 1e-12));
  if (l.wants(1) || l.wants(2)) throw Unsupported{"its mean or deviation is wanted too", ""};
  if (l.wants(3)) l.result(sum, 3);
}

void softmax(Lowering& l, Op op) {
  const ValueId x = l.in(0);
  const std::size_t axis = l.axis(l.integer("axis", l.opset() < 13 ? 1 : -1), x);
  if (l.opset() >= 13 || axis + 1 == l.rank(x)) {
    return l.result(l.add(op, {x}, {{"axis", static_cast<std::int64_t>(axis)}}));
  }
  // Before opset 13: over everything from the axis on.
  const Shape shape = l.shape(x);
  std::int64_t inner = 1;
  for (std::size_t i = axis; i < shape.size(); ++i) inner *= shape[i];
  const std::int64_t outer = inner ? ir::element_count(shape) / inner : 0;
  const ValueId flat = l.reshape(x, {outer, inner});
  l.result(l.reshape(l.add(op, {flat}, {{"axis", std::int64_t{1}}}), shape));
}

void lp_norm(Lowering& l) {
  if (l.integer("p", 2) != 2) throw Unsupported{"p other than 2", ""};
  const auto axis = static_cast<std::int64_t>(l.axis(l.integer("axis", -1), l.in(0)));
  l.result(l.add(Op::kL2Norm, {l.in(0)}, {{"axis", axis}, {"epsilon", 0.0}}));
}

void batch_norm(Lowering& l) {
  only_first_output(l);
  const ValueId x = l.in(0);
  ValueId mean = l.in(3), variance = l.in(4);
  if (l.integer("training_mode", 0)) {
    // Of constants (weights that are standardised) mean and variance are constants, too.
    if (!l.graph().value(x).is_constant()) {
      throw Unsupported{"it is in training mode", "export the model with model.eval()"};
    }
    ir::Ints axes;
    Shape one(l.rank(x), 1);
    for (std::size_t d = 0; d < one.size(); ++d) {
      if (d != 1) axes.push_back(static_cast<std::int64_t>(d));
    }
    one.at(1) = l.shape(x).at(1);
    const ir::Attributes over{{"axes", axes}, {"keepdims", std::int64_t{0}}};
    mean = l.add(Op::kReduceMean, {x}, over);
    const ValueId d = l.add(Op::kSub, {x, l.reshape(mean, one)});
    variance = l.add(Op::kReduceMean, {l.add(Op::kMul, {d, d})}, over);
  }
  l.result(l.add(Op::kBatchNorm, {x, l.in(1), l.in(2), mean, variance},
                 {{"epsilon", l.number("epsilon", 1e-5)}}));
}

void group_norm(Lowering& l, bool instance) {
  const ValueId x = l.in(0);
  if (l.rank(x) < 2) throw Unsupported{"its operand has no channels", ""};
  const std::int64_t channels = l.shape(x)[1];
  const std::int64_t groups = instance ? channels : l.integer("num_groups", 1);
  if (groups < 1 || channels % groups != 0) throw Unsupported{"groups do not fit channels", ""};
  std::vector<ValueId> operands{x};
  for (std::size_t i = 1; i <= 2; ++i) {
    ValueId p = l.in(i);
    if (l.shape(p).at(0) != channels) {  // before opset 21: one for each group
      p = l.add(Op::kExpand, {l.reshape(p, {groups, 1})},
                {{"shape", Shape{groups, channels / groups}}});
      p = l.reshape(p, {channels});
    }
    operands.push_back(p);
  }
  l.result(l.add(Op::kGroupNorm, operands,
                 {{"groups", groups}, {"epsilon", l.number("epsilon", 1e-5)}}));
}

}  // namespace

void add_norm(OperatorTable& t) {
  t["LayerNormalization"] = {[](Lowering& l) {
                               only_first_output(l);
                               layer_norm(l);
                             },
                             ""};
  t["RMSNormalization"] = {rms_norm, ""};
  t["SimplifiedLayerNormalization"] = {rms_norm, ""};
  t["com.microsoft:SimplifiedLayerNormalization"] = {rms_norm, ""};
  t["com.microsoft:SkipLayerNormalization"] = {[](Lowering& l) { skip_norm(l, Op::kLayerNorm); },
                                               ""};
  t["com.microsoft:SkipSimplifiedLayerNormalization"] = {
      [](Lowering& l) { skip_norm(l, Op::kRmsNorm); }, ""};
  t["Softmax"] = {[](Lowering& l) { softmax(l, Op::kSoftmax); }, ""};
  t["LogSoftmax"] = {[](Lowering& l) { softmax(l, Op::kLogSoftmax); }, "not on the cluster"};
  t["LpNormalization"] = {lp_norm, "p = 2"};
  t["BatchNormalization"] = {batch_norm, "folded into the convolution or product before it"};
  t["InstanceNormalization"] = {[](Lowering& l) { group_norm(l, true); }, ""};
  t["GroupNormalization"] = {[](Lowering& l) { group_norm(l, false); }, ""};
}

}  // namespace oct::importer
