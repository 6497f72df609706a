// SPDX-License-Identifier: Apache-2.0
// The integer dialect: networks whose values are whole numbers, written as floats or INT64. Every
// value becomes INT32 here; what each operator computes stands in sw/golden/dialect.hpp.
// docs/architecture/dialect.md.
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "compiler/import/lowering.hpp"
#include "golden/dialect.hpp"

namespace oct::importer {
using ir::DType;
using ir::Ints;
using ir::Op;
using ir::Shape;
using ir::Tensor;
using ir::ValueId;

namespace {

constexpr std::int64_t kInt32 = static_cast<std::int64_t>(DType::kInt32);
/// The elements as INT32, if all of them are whole and fit.
Tensor as_int32(const Tensor& t) {
  if (t.dtype() == DType::kInt32) return t;
  if (t.dtype() == DType::kBool) return {};
  Tensor out(DType::kInt32, t.shape());
  auto to = out.mutable_data<std::int32_t>();
  for (std::int64_t i = 0; i < t.size(); ++i) {
    const double v = t.at(i);
    if (!(v >= INT32_MIN && v <= INT32_MAX) || v != std::nearbyint(v)) return {};
    to[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(v);
  }
  return out;
}

/// An operand as INT32.
ValueId operand(Lowering& l, std::size_t i) {
  const ValueId v = l.in(i);
  if (l.dtype(v) == DType::kInt32) return v;
  const Tensor* t = l.graph().constant(v);
  if (!t) throw Unsupported{fmt::format("its operand {} holds no whole numbers", i), ""};
  const Tensor whole = as_int32(*t);
  if (!whole.defined()) {
    throw Unsupported{fmt::format("its operand {} holds fractions or numbers beyond 32 bits", i),
                      "the integer dialect has whole numbers only"};
  }
  return l.constant(whole);
}
const Tensor& constant(Lowering& l, std::size_t i, const std::string& what) {
  return (void)l.constant(i, what), *l.graph().constant(operand(l, i));
}

/// A whole number that is an attribute of any kind: number or tensor of one element.
std::optional<std::int64_t> whole_attribute(const Lowering& l, const std::string& name) {
  const auto* a = l.attribute(name);
  if (a == nullptr) return std::nullopt;
  double v = 0;
  if (a->has_t()) {
    const Tensor t = l.tensor(a->t());
    if (t.size() != 1) throw Unsupported{"its attribute " + name + " is not one number", ""};
    v = t.at(0);
  } else if (a->ints_size() == 1) {
    v = static_cast<double>(a->ints(0));
  } else if (a->floats_size() == 1) {
    v = a->floats(0);
  } else {
    v = a->has_f() ? a->f() : static_cast<double>(a->i());
  }
  if (v != std::nearbyint(v) || std::abs(v) > INT32_MAX) {
    throw Unsupported{fmt::format("its attribute {} is {}, no whole number of 32 bits", name, v),
                      ""};
  }
  return static_cast<std::int64_t>(v);
}
std::int64_t whole(const Lowering& l, const std::string& name) {
  const auto v = whole_attribute(l, name);
  if (!v) throw Unsupported{"its attribute " + name + " is missing", ""};
  return *v;
}
std::int64_t positive(const Lowering& l, const std::string& name) {
  const std::int64_t v = whole(l, name);
  if (v < 1) throw Unsupported{fmt::format("its attribute {} is {}, not positive", name, v), ""};
  return v;
}
std::int64_t levels(const Lowering& l) {
  const std::int64_t n =
      l.has_attr("n_levels_out") ? whole(l, "n_levels_out") : whole(l, "n_levels");
  if (n < 2) throw Unsupported{fmt::format("{} levels", n), ""};
  return n;
}
void set_clip(const Lowering& l, ir::Attributes& attrs) {
  const std::int64_t n = levels(l);
  const bool is_signed = whole_attribute(l, "signed").value_or(1) != 0;
  attrs.set("lo", is_signed ? -(n / 2) : 0);
  attrs.set("hi", is_signed ? n / 2 - 1 : n - 1);
}

// ---- RequantShift ------------------------------------------------------------------------------

/// The shape under which factors apply to x by ONNX's broadcasting.
Shape factor_shape(const Lowering& l, const Shape& x, const Shape& f, bool after_conv) {
  const std::int64_t n = ir::element_count(f);
  if (n == 1) return {};
  const auto at = [&](std::size_t axis) {
    Shape out(x.size(), 1);
    out[axis] = n;
    return out;
  };
  if (after_conv && x.size() > 1 && x[1] == n) return at(1);
  try {
    if (ir::broadcast_shape(x, f) == x) return f;
  } catch (const ir::CompileError&) {  // the dialect's own forms
  }
  const auto ones = std::count(f.begin(), f.end(), 1);
  if (std::ssize(f) - ones == 1) {  // one axis, wherever it stands
    if (x.size() > 2 && x[1] == n) return at(1);
    if (!x.empty() && x.back() == n) return at(x.size() - 1);
    for (std::size_t d = 0; d < x.size(); ++d) {
      if (x[d] == n) return at(d);
    }
  }
  throw Unsupported{fmt::format("factors of shape {} for an operand {} ({})", ir::shape_text(f),
                                ir::shape_text(x), l.name()),
                    ""};
}

void requant_shift(Lowering& l) {
  const ValueId x = operand(l, 0);
  const bool conv = l.graph().producer(x, Op::kIntConv) != nullptr;
  const auto factors = [&](std::size_t i, const std::string& what) {
    const Tensor t = constant(l, i, what);
    return l.constant(t.reshaped(factor_shape(l, l.shape(x), t.shape(), conv)));
  };
  const std::int64_t div = positive(l, "div");
  if (!std::has_single_bit(static_cast<std::uint64_t>(div))) {
    throw Unsupported{fmt::format("it divides by {}, which is no power of two", div), ""};
  }
  ir::Attributes attrs{{"dtype", kInt32},
                       {"shift", std::int64_t{std::countr_zero(static_cast<std::uint64_t>(div))}}};
  set_clip(l, attrs);
  l.result(l.add(Op::kRequantShift, {x, factors(1, "multiplier"), factors(2, "addend")}, attrs));
}

// ---- Products ----------------------------------------------------------------------------------

ValueId scaled(Lowering& l, ValueId v, const std::string& name) {
  const double factor = l.number(name, 1);
  if (factor != std::nearbyint(factor) || std::abs(factor) > INT32_MAX) {
    throw Unsupported{fmt::format("{} is {}, no whole number", name, factor), ""};
  }
  return factor == 1 ? v : l.add(Op::kMul, {v, l.scalar(factor, DType::kInt32)});
}
void gemm(Lowering& l) {
  ValueId a = operand(l, 0), b = operand(l, 1);
  if (l.rank(a) != 2 || l.rank(b) != 2) throw Unsupported{"its operands are no matrices", ""};
  if (l.integer("transA", 0)) a = l.transpose(a, {1, 0});
  if (l.integer("transB", 0)) b = l.transpose(b, {1, 0});
  ValueId y = scaled(l, l.add(Op::kIntMatMul, {a, b}), "alpha");
  if (l.has(2)) y = l.add(Op::kAdd, {y, scaled(l, operand(l, 2), "beta")});
  l.result(y);
}

void conv(Lowering& l) {
  const ValueId x = operand(l, 0), w = operand(l, 1);
  (void)l.constant(1, "weights");
  if (l.rank(w) < 3 || l.rank(w) > 4)
    throw Unsupported{"its weights have neither 3 nor 4 dimensions", ""};
  ir::Attributes attrs = window(l, x, Ints(l.shape(w).begin() + 2, l.shape(w).end()));
  attrs.set("group", l.integer("group", 1));
  ValueId y = l.add(Op::kIntConv, {x, w}, attrs);
  if (l.has(2)) {
    Shape bias(l.rank(y), 1);
    bias[1] = l.shape(y)[1];
    y = l.add(Op::kAdd, {y, l.reshape(operand(l, 2), bias)});
  }
  l.result(y);
}

// ---- Element by element ------------------------------------------------------------------------

void binary(Lowering& l, Op op) {
  ValueId y = operand(l, 0);
  for (std::size_t i = 1; i < l.input_count(); ++i) y = l.add(op, {y, operand(l, i)});
  l.result(y);
}

void act(Lowering& l, Op op, const std::vector<std::string>& names) {
  ir::Attributes attrs{{"dtype", kInt32}};
  for (const std::string& name : names) attrs.set(name, whole(l, name));
  if (op == Op::kIntGelu && attrs.integer("b") >= 0) {
    throw Unsupported{fmt::format("b is {}, a negative number is wanted", attrs.integer("b")), ""};
  }
  l.result(l.add(op, {operand(l, 0)}, attrs));
}

void true_div(Lowering& l) {
  std::int64_t y = 0;
  if (const auto given = whole_attribute(l, "y")) {
    y = *given;
  } else {
    const Tensor& t = constant(l, 1, "divisor");
    if (t.size() != 1) throw Unsupported{"its divisor is not one number", ""};
    y = t.int_at(0);
  }
  const std::int64_t eta = whole(l, "eta"), eps = whole_attribute(l, "eps").value_or(1);
  if (y * eta + eps == 0) throw Unsupported{"its divisor is 0", ""};
  const std::int64_t factor = golden::dialect::true_div_factor(whole(l, "Delta"), eta, eps, y);
  if (factor != static_cast<std::int32_t>(factor)) {
    throw Unsupported{fmt::format("its factor {} does not fit 32 bits", factor), ""};
  }
  l.result(l.add(Op::kMul, {operand(l, 0), l.scalar(static_cast<double>(factor), DType::kInt32)}));
}

// ---- Rows --------------------------------------------------------------------------------------

void last_axis(const Lowering& l, ValueId x) {
  if (l.rank(x) == 0) throw Unsupported{"its operand is a scalar", ""};
  if (l.has_attr("axis") && l.axis(l.integer("axis", -1), x) + 1 != l.rank(x)) {
    throw Unsupported{"another axis than the last one", "transpose before and behind it"};
  }
}

void soft(Lowering& l, Op op) {
  const ValueId x = operand(l, 0);
  last_axis(l, x);
  ir::Attributes attrs{{"dtype", kInt32}, {"levels", levels(l)}};
  if (op == Op::kIntSoftmax) {
    attrs.set("a", whole(l, "coeffA"));
    attrs.set("b", whole(l, "coeffB"));
    attrs.set("c", whole(l, "coeffC"));
    attrs.set("log2", positive(l, "log2"));
  } else if (op == Op::kItaPartialMax) {
    std::optional<std::int64_t> group;
    for (const char* name : {"group_width", "g", "group", "ita_sequence_length"}) {
      if (!group && l.has_attr(name)) group = positive(l, name);
    }
    attrs.set("group", group.value_or(16));
  }
  l.result(l.add(op, {x}, attrs));
}

void norm(Lowering& l, Op op) {
  const ValueId x = operand(l, 0);
  last_axis(l, x);
  std::vector<ValueId> inputs{x};
  for (std::size_t i = 1; i < (op == Op::kIntRmsNorm ? 2U : 3U); ++i) {
    const Tensor& t = constant(l, i, i == 1 ? "weight" : "bias");
    const bool fits = op == Op::kIntNoNorm
                          ? ir::broadcast_shape(l.shape(x), t.shape()) == l.shape(x)
                          : t.size() == l.last(x);
    if (!fits) {
      throw Unsupported{
          fmt::format("{} of shape {} for an operand {}", i == 1 ? "weights" : "a bias",
                      ir::shape_text(t.shape()), ir::shape_text(l.shape(x))),
          ""};
    }
    inputs.push_back(l.constant(op == Op::kIntNoNorm ? t : t.reshaped({t.size()})));
  }
  ir::Attributes attrs{{"dtype", kInt32}, {"d", positive(l, "D")}};
  if (op == Op::kIntNoNorm) attrs.set("mul", whole(l, "mul"));
  set_clip(l, attrs);
  l.result(l.add(op, inputs, attrs));
}

void reduce(Lowering& l, Op op) {
  const ValueId x = operand(l, 0);
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

// ---- Movement ----------------------------------------------------------------------------------

void gather(Lowering& l) {
  const ValueId x = l.in(0);
  const Tensor& ids = l.constant(1, "indices");
  if (l.graph().constant(x) != nullptr) {
    return l.result(l.add(Op::kGather, {x, l.in(1)}, {{"axis", l.integer("axis", 0)}}));
  }
  const std::size_t axis = l.axis(l.integer("axis", 0), x);
  const std::int64_t n = l.shape(x)[axis];
  if (ids.size() < 1 || ids.size() > 4096) {
    throw Unsupported{fmt::format("{} positions", ids.size()), "1 to 4096 are possible"};
  }
  std::vector<ValueId> parts;
  for (std::int64_t at : ids.to_ints()) {
    if (at < -n || at >= n) throw Unsupported{fmt::format("position {} of {}", at, n), ""};
    parts.push_back(l.part(x, axis, at < 0 ? at + n : at, 1));
  }
  const ValueId all = parts.size() == 1
                          ? parts[0]
                          : l.add(Op::kConcat, parts, {{"axis", static_cast<std::int64_t>(axis)}});
  Shape to(l.shape(x).begin(), l.shape(x).begin() + static_cast<std::ptrdiff_t>(axis));
  to.insert(to.end(), ids.shape().begin(), ids.shape().end());
  to.insert(to.end(), l.shape(x).begin() + static_cast<std::ptrdiff_t>(axis) + 1, l.shape(x).end());
  l.result(l.reshape(all, to));
}

/// One of the ordinary operators, whose operands become INT32 first.
OperatorEntry ordinary(const std::string& name) {
  OperatorEntry entry = operator_table().at(name);
  entry.lower = [lower = entry.lower](Lowering& l) {
    const Tensor* first = l.has(0) ? l.graph().constant(l.in(0)) : nullptr;
    if (first && first->dtype() != DType::kInt64 && first->dtype() != DType::kInt32) {
      l.replace_input(0, operand(l, 0));
    }
    lower(l);
  };
  return entry;
}

}  // namespace

void whole_numbers(Tensor& t) {
  if (t.dtype() == DType::kInt64) return;  // shapes, axes; values become INT32 where they are used
  Tensor whole = as_int32(t);
  if (whole.defined()) t = std::move(whole);
}

const OperatorTable& dialect_table() {
  static const OperatorTable table = [] {
    OperatorTable t;
    for (const char* name : {"Reshape",   "Flatten",
                             "Squeeze",   "Unsqueeze",
                             "Transpose", "Slice",
                             "Split",     "Expand",
                             "Tile",      "Pad",
                             "Shape",     "Size",
                             "Constant",  "ConstantOfShape",
                             "Identity",  "Dropout",
                             "MaxPool",   "Neg",
                             "Relu",      "Clip",
                             "Range",     "GlobalMaxPool"}) {
      t[name] = ordinary(name);
    }
    t["Constant"].lower = [lower = operator_table().at("Constant").lower](Lowering& l) {
      lower(l);
      Tensor value = *l.graph().constant(l.results().at(0));
      whole_numbers(value);
      l.result(l.constant(value));
    };
    t["Cast"] = {[](Lowering& l) { l.result(l.in(0)); }, "removed"};
    t["Concat"] = {[lower = operator_table().at("Concat").lower](Lowering& l) {
                     bool values = false;  // else of shapes
                     for (std::size_t i = 0; i < l.input_count(); ++i)
                       values = values || l.dtype(l.in(i)) == DType::kInt32;
                     for (std::size_t i = 0; values && i < l.input_count(); ++i)
                       l.replace_input(i, operand(l, i));
                     lower(l);
                   },
                   "operands without elements are dropped"};
    t["Gather"] = {gather, "at constant positions"};
    t["Conv"] = {conv, "1-D, 2-D; groups; exact in 32 bits"};
    t["MatMul"] = {
        [](Lowering& l) { l.result(l.add(Op::kIntMatMul, {operand(l, 0), operand(l, 1)})); },
        "exact in 32 bits"};
    t["Gemm"] = {gemm, "whole alpha and beta; exact in 32 bits"};
    for (const auto& [name, op] :
         std::initializer_list<std::pair<const char*, Op>>{{"Add", Op::kAdd},
                                                           {"Sub", Op::kSub},
                                                           {"Mul", Op::kMul},
                                                           {"Sum", Op::kAdd},
                                                           {"Max", Op::kMax},
                                                           {"Min", Op::kMin}}) {
      t[name] = {[op = op](Lowering& l) { binary(l, op); }, ""};
    }
    for (const auto& [name, op] :
         std::initializer_list<std::pair<const char*, Op>>{{"ReduceMean", Op::kIntMean},
                                                           {"IntegerMean", Op::kIntMean},
                                                           {"ReduceSum", Op::kReduceSum},
                                                           {"ReduceMax", Op::kReduceMax},
                                                           {"ReduceMin", Op::kReduceMin}}) {
      t[name] = {[op = op](Lowering& l) { reduce(l, op); },
                 op == Op::kIntMean ? "floor(mean + 1/2)" : "axes known at compile time"};
    }
    t["RequantShift"] = {requant_shift, "floor((x mul + add + div/2) / div), then clipped"};
    t["iSoftmax"] = {[](Lowering& l) { soft(l, Op::kIntSoftmax); }, "last axis"};
    t["ITAMax"] = {[](Lowering& l) { soft(l, Op::kItaMax); }, "last axis"};
    t["ITAPartialMax"] = {[](Lowering& l) { soft(l, Op::kItaPartialMax); }, "last axis"};
    t["iGELU"] = {[](Lowering& l) { act(l, Op::kIntGelu, {"b", "one"}); }, ""};
    t["iHardswish"] = {
        [](Lowering& l) { act(l, Op::kIntHardSwish, {"one_over_six", "three", "six"}); }, ""};
    t["iLayerNorm"] = {[](Lowering& l) { norm(l, Op::kIntLayerNorm); }, "last axis"};
    t["iRMSNorm"] = {[](Lowering& l) { norm(l, Op::kIntRmsNorm); }, "last axis"};
    t["iNoNorm"] = {[](Lowering& l) { norm(l, Op::kIntNoNorm); }, ""};
    t["TrueIntegerDiv"] = {true_div, "by a constant"};
    return t;
  }();
  return table;
}

}  // namespace oct::importer
