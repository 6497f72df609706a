// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compiler/import/lowering.hpp"

namespace oct::importer {
using ir::DType;
using ir::Op;
using ir::ValueId;

namespace {

void unary(OperatorTable& t, const std::string& name, Op op) {
  t[name] = {[op](Lowering& l) { l.result(l.add(op, {l.in(0)})); }, ""};
}

/// With float attributes passed on under the same names.
void unary(OperatorTable& t, const std::string& name, Op op,
           std::vector<std::pair<std::string, double>> parameters) {
  t[name] = {[op, parameters](Lowering& l) {
               ir::Attributes attrs;
               for (const auto& [key, otherwise] : parameters) {
                 attrs.set(key, l.number(key, otherwise));
               }
               l.result(l.add(op, {l.in(0)}, attrs));
             },
             ""};
}

void binary(OperatorTable& t, const std::string& name, Op op, bool swapped = false) {
  t[name] = {[op, swapped](Lowering& l) {
               const ValueId a = l.in(swapped ? 1 : 0), b = l.in(swapped ? 0 : 1);
               l.result(l.add(op, {a, b}));
             },
             ""};
}

/// Any number of operands, from left to right.
ValueId folded(Lowering& l, Op op) {
  ValueId sum = l.in(0);
  for (std::size_t i = 1; i < l.input_count(); ++i) sum = l.add(op, {sum, l.in(i)});
  return sum;
}

void clip(Lowering& l) {
  ir::Attributes attrs;
  const auto bound = [&](const std::string& name, std::size_t i) {
    if (l.has_attr(name)) {
      attrs.set(name, l.number(name, 0));
    } else if (l.has(i)) {
      attrs.set(name, l.constant(i, name + "imum").at(0));
    }
  };
  bound("min", 1);
  bound("max", 2);
  l.result(l.add(Op::kClip, {l.in(0)}, attrs));
}

void cast_to(Lowering& l, std::int64_t onnx_type) {
  const DType to = read_dtype(onnx_type, l.name());
  l.result(l.cast(l.in(0), to));
}

void dropout(Lowering& l) {
  if (l.has(2) && l.constant(2, "training_mode").at(0) != 0) {
    throw Unsupported{"it is in training mode", "export the model with model.eval()"};
  }
  l.result(l.in(0));
  if (l.wants(1)) {
    const ValueId one = l.scalar(1, DType::kBool);
    l.result(l.add(Op::kExpand, {one}, {{"shape", l.shape(l.in(0))}}), 1);
  }
}

ValueId gelu(Lowering& l, ValueId x, const std::string& form) {
  return l.add(Op::kGelu, {x}, {{"approximate", form}});
}

}  // namespace

void add_elementwise(OperatorTable& t) {
  for (const auto& [name, op] :
       std::initializer_list<std::pair<const char*, Op>>{{"Relu", Op::kRelu},
                                                         {"Sigmoid", Op::kSigmoid},
                                                         {"Tanh", Op::kTanh},
                                                         {"Erf", Op::kErf},
                                                         {"Exp", Op::kExp},
                                                         {"Log", Op::kLog},
                                                         {"Sqrt", Op::kSqrt},
                                                         {"Reciprocal", Op::kReciprocal},
                                                         {"Neg", Op::kNeg},
                                                         {"Abs", Op::kAbs},
                                                         {"Sign", Op::kSign},
                                                         {"Floor", Op::kFloor},
                                                         {"Ceil", Op::kCeil},
                                                         {"Round", Op::kRound},
                                                         {"Sin", Op::kSin},
                                                         {"Cos", Op::kCos},
                                                         {"Softplus", Op::kSoftplus},
                                                         {"Softsign", Op::kSoftsign},
                                                         {"HardSwish", Op::kHardSwish},
                                                         {"Mish", Op::kMish},
                                                         {"Not", Op::kNot},
                                                         {"IsNaN", Op::kIsNan}}) {
    unary(t, name, op);
  }
  t["IsInf"] = {[](Lowering& l) {
                  if (!l.integer("detect_negative", 1) || !l.integer("detect_positive", 1)) {
                    throw Unsupported{"it looks for one sign only", ""};
                  }
                  l.result(l.add(Op::kIsInf, {l.in(0)}));
                },
                "both signs"};
  unary(t, "LeakyRelu", Op::kLeakyRelu, {{"alpha", 0.01}});
  unary(t, "Elu", Op::kElu, {{"alpha", 1}});
  unary(t, "Selu", Op::kSelu,
        {{"alpha", 1.67326319217681884765625}, {"gamma", 1.05070102214813232421875}});
  unary(t, "HardSigmoid", Op::kHardSigmoid, {{"alpha", 0.2}, {"beta", 0.5}});
  for (const auto& [name, op] :
       std::initializer_list<std::pair<const char*, Op>>{{"Add", Op::kAdd},
                                                         {"Sub", Op::kSub},
                                                         {"Mul", Op::kMul},
                                                         {"Div", Op::kDiv},
                                                         {"Pow", Op::kPow},
                                                         {"PRelu", Op::kPRelu},
                                                         {"And", Op::kAnd},
                                                         {"Or", Op::kOr},
                                                         {"Xor", Op::kXor},
                                                         {"Equal", Op::kEqual},
                                                         {"Less", Op::kLess},
                                                         {"LessOrEqual", Op::kLessOrEqual},
                                                         {"BitwiseAnd", Op::kBitAnd},
                                                         {"BitwiseOr", Op::kBitOr},
                                                         {"BitwiseXor", Op::kBitXor}}) {
    binary(t, name, op);
  }
  t["Pow"].note = "by constants; else not on the cluster";
  for (const char* name : {"Less", "LessOrEqual", "Equal"})
    t[name].note = "in masks; else not on the cluster";
  binary(t, "Greater", Op::kLess, true);
  binary(t, "GreaterOrEqual", Op::kLessOrEqual, true);
  for (const char* name : {"Greater", "GreaterOrEqual"})
    t[name].note = "in masks; else not on the cluster";
  t["Mod"] = {[](Lowering& l) {
                l.result(l.add(Op::kMod, {l.in(0), l.in(1)}, {{"fmod", l.integer("fmod", 0)}}));
              },
              "of integers that fold; else not on the cluster"};
  t["BitShift"] = {[](Lowering& l) {
                     const bool left = l.text("direction", "") == "LEFT";
                     l.result(l.add(left ? Op::kShiftLeft : Op::kShiftRight, {l.in(0), l.in(1)}));
                   },
                   ""};
  for (const auto& [name, op] : std::initializer_list<std::pair<const char*, Op>>{
           {"Min", Op::kMin}, {"Max", Op::kMax}, {"Sum", Op::kAdd}}) {
    t[name] = {[op = op](Lowering& l) { l.result(folded(l, op)); }, "any number of operands"};
  }
  t["Mean"] = {[](Lowering& l) {
                 const ValueId sum = folded(l, Op::kAdd);
                 const double n = static_cast<double>(l.input_count());
                 l.result(l.add(Op::kMul, {sum, l.scalar(1 / n, l.dtype(sum))}));
               },
               "any number of operands"};
  t["Where"] = {[](Lowering& l) { l.result(l.add(Op::kWhere, {l.in(0), l.in(1), l.in(2)})); },
                "a condition that is a constant or an input; else not on the cluster"};
  t["Clip"] = {clip, "bounds as attributes or constants"};
  t["Cast"] = {[](Lowering& l) { cast_to(l, l.integer("to", 1)); },
               "half, bfloat16 and double become float"};
  t["CastLike"] = {[](Lowering& l) { l.result(l.cast(l.in(0), l.dtype(l.in(1)))); }, ""};
  t["Identity"] = {[](Lowering& l) { l.result(l.in(0)); }, "removed"};
  t["Dropout"] = {dropout, "removed; not in training mode"};
  t["Gelu"] = {[](Lowering& l) { l.result(gelu(l, l.in(0), l.text("approximate", "none"))); }, ""};
  t["com.microsoft:Gelu"] = {[](Lowering& l) { l.result(gelu(l, l.in(0), "none")); }, ""};
  t["com.microsoft:BiasGelu"] = {
      [](Lowering& l) { l.result(gelu(l, l.add(Op::kAdd, {l.in(0), l.in(1)}), "none")); }, ""};
  t["com.microsoft:FastGelu"] = {[](Lowering& l) {
                                   const ValueId x =
                                       l.has(1) ? l.add(Op::kAdd, {l.in(0), l.in(1)}) : l.in(0);
                                   l.result(gelu(l, x, "tanh"));
                                 },
                                 ""};
  t["com.microsoft:QuickGelu"] = {
      [](Lowering& l) {
        l.result(l.add(Op::kSilu, {l.in(0)}, {{"alpha", l.number("alpha", 1.702)}}));
      },
      ""};
}

}  // namespace oct::importer
