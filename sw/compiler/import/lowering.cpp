// SPDX-License-Identifier: Apache-2.0
#include "compiler/import/lowering.hpp"

#include <algorithm>

#include "compiler/exec/executor.hpp"

namespace oct::importer {
using ir::DType;
using ir::Ints;
using ir::Op;
using ir::Shape;
using ir::Tensor;
using ir::ValueId;

namespace {

/// Integer weights stay integers: a pass turns Cast, Mul into Dequantize with the scale beside it.
bool keeps_integers(Op op, const Tensor& x) {
  const bool narrow = ir::dtype_size(x.dtype()) == 1 && x.dtype() != DType::kBool;
  if (op == Op::kDequantize || ir::op_info(op).op_class == ir::OpClass::kInteger) return true;
  return op == Op::kCast && narrow && x.shape().size() >= 2 && x.size() >= 64;
}

}  // namespace

ValueId Lowering::in(std::size_t i) const {
  if (!has(i)) {
    throw Unsupported{fmt::format("input {} is missing", i), "the model breaks ONNX's rules"};
  }
  return inputs_[i];
}

const Tensor& Lowering::constant(std::size_t i, const std::string& what) const {
  const Tensor* t = graph_.constant(in(i));
  if (!t) {
    throw Unsupported{fmt::format("its {} is known only at run time", what),
                      "export the model with that value fixed"};
  }
  return *t;
}

const onnx::AttributeProto* Lowering::attribute(const std::string& name) const {
  for (const auto& a : node_.attribute()) {
    if (a.name() == name) return &a;
  }
  return nullptr;
}

std::int64_t Lowering::integer(const std::string& name, std::int64_t otherwise) const {
  const auto* a = attribute(name);
  return a ? a->i() : otherwise;
}

double Lowering::number(const std::string& name, double otherwise) const {
  const auto* a = attribute(name);
  return a ? static_cast<double>(a->f()) : otherwise;
}

std::string Lowering::text(const std::string& name, const std::string& otherwise) const {
  const auto* a = attribute(name);
  return a ? a->s() : otherwise;
}

Ints Lowering::ints(const std::string& name, const Ints& otherwise) const {
  const auto* a = attribute(name);
  return a ? Ints(a->ints().begin(), a->ints().end()) : otherwise;
}

std::optional<Ints> Lowering::list(const std::string& name, std::size_t i) const {
  if (has_attr(name)) return ints(name);
  if (has(i)) return constant(i, name).to_ints();
  return std::nullopt;
}

ValueId Lowering::add(Op op, std::vector<ValueId> inputs, ir::Attributes attrs) {
  bool fold = true;
  std::vector<const Tensor*> data;
  for (const ValueId v : inputs) {
    data.push_back(v == ir::kNone ? nullptr : graph_.constant(v));
    fold = fold && (v == ir::kNone || data.back());
  }
  fold = fold && !keeps_integers(op, *data.at(0));
  const ValueId made = graph_.add(op, std::move(inputs), std::move(attrs), name_, {name_});
  if (!fold) return made;
  const ir::Node& node = graph_.node(graph_.value(made).producer);
  const ir::Type& type = graph_.value(made).type;
  require_foldable(type.shape);
  data.resize(node.inputs.size());  // trailing operands that are left out are dropped
  return constant(exec::evaluate(node, data, type));
}

void Lowering::require_foldable(const ir::Shape& shape) const {
  if (ir::element_count(shape) <= max_folded_) return;
  throw Unsupported{"a constant of shape " + ir::shape_text(shape) + " follows from it",
                    "smaller --dim sizes may do"};
}

ValueId Lowering::constant(Tensor data) { return graph_.add_constant(name_, std::move(data)); }

ValueId Lowering::scalar(double value, DType type) {
  Tensor t(type, {});
  if (type == DType::kFloat32) {
    t.mutable_data<float>()[0] = static_cast<float>(value);
  } else {
    const auto v = static_cast<std::int64_t>(value);
    t = Tensor::int64s({}, std::span(&v, 1)).converted(type);
  }
  return constant(std::move(t));
}

ValueId Lowering::reshape(ValueId v, Shape to) {
  if (shape(v) == to) return v;
  return add(Op::kReshape, {v}, {{"shape", std::move(to)}});
}

ValueId Lowering::transpose(ValueId v, const Ints& perm) {
  if (std::is_sorted(perm.begin(), perm.end()) && perm.size() == rank(v)) return v;
  Shape to;
  for (const std::int64_t p : perm) to.push_back(shape(v).at(axis(p, v)));
  return add(Op::kRearrange, {v}, {{"dims", shape(v)}, {"perm", perm}, {"shape", to}});
}

ValueId Lowering::cast(ValueId v, DType to) {
  if (dtype(v) == to) return v;
  return add(Op::kCast, {v}, {{"to", static_cast<std::int64_t>(to)}});
}

ValueId Lowering::quantised_at_run_time(ValueId v) const {
  const ir::Node* q = graph_.producer(v, Op::kQuantize);
  return q && graph_.producer(q->inputs[1], Op::kDynamicScale) ? q->inputs[0] : ir::kNone;
}

ValueId Lowering::part(ValueId v, std::size_t along, std::int64_t start, std::int64_t size) {
  Ints starts(rank(v), 0), sizes = shape(v);
  starts.at(along) = start;
  sizes.at(along) = size;
  if (sizes == shape(v)) return v;
  return add(Op::kSlice, {v}, {{"starts", starts}, {"sizes", sizes}, {"steps", Ints(rank(v), 1)}});
}

const OperatorTable& operator_table() {
  static const OperatorTable table = [] {
    OperatorTable t;
    add_elementwise(t);
    add_layout(t);
    add_index(t);
    add_compute(t);
    add_norm(t);
    add_attention(t);
    add_microsoft(t);
    add_quant(t);
    return t;
  }();
  return table;
}

std::vector<OperatorNote> dialect_operators() {
  std::vector<OperatorNote> out;
  for (const auto& [name, entry] : dialect_table()) out.push_back({name, entry.note});
  return out;
}

std::vector<OperatorNote> operators() {
  std::vector<OperatorNote> out;
  for (const auto& [name, entry] : operator_table()) out.push_back({name, entry.note});
  out.push_back({"If", "with a condition known at compile time"});
  return out;
}

}  // namespace oct::importer
