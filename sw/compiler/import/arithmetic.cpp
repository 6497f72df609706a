// SPDX-License-Identifier: Apache-2.0
// Whether a model means whole numbers: docs/architecture/dialect.md.
#include <cmath>
#include <set>

#include "compiler/import/lowering.hpp"

namespace oct::importer {
using ir::Tensor;

namespace {

const std::set<std::string>& own_operators() {
  static const std::set<std::string> names{
      "RequantShift", "iSoftmax", "ITAMax",     "ITAPartialMax",  "iGELU",      "iLayerNorm",
      "iRMSNorm",     "iNoNorm",  "iHardswish", "TrueIntegerDiv", "IntegerMean"};
  return names;
}

}  // namespace

Arithmetic arithmetic(const onnx::ModelProto& model) {
  bool own = false, exact = true, numbers = false, reals = false;
  for (const auto& n : model.graph().node()) {
    own = own || own_operators().contains(n.op_type());
    exact = exact && (n.domain().empty() || n.domain() == "ai.onnx") &&
            dialect_table().contains(n.op_type());
  }
  if (own) return Arithmetic::kIntegers;
  if (!exact) return Arithmetic::kFloats;
  const auto look = [&](const onnx::TensorProto& proto) {
    if (proto.data_type() != onnx::TensorProto::FLOAT &&
        proto.data_type() != onnx::TensorProto::DOUBLE &&
        proto.data_type() != onnx::TensorProto::FLOAT16) {
      return;
    }
    try {
      const Tensor t = read_tensor(proto, {});
      Tensor whole = t;
      whole_numbers(whole);
      if (whole.dtype() != ir::DType::kInt32) exact = false;
      for (std::int64_t i = 0; exact && !numbers && i < t.size(); ++i)
        numbers = std::abs(t.at(i)) > 1;
    } catch (const ir::CompileError&) {
      exact = false;  // external data, or broken: import says so
    }
  };
  for (const auto& t : model.graph().initializer()) look(t);
  for (const auto& n : model.graph().node()) {
    for (const auto& a : n.attribute()) {
      if (n.op_type() == "Constant" && a.has_t()) look(a.t());
      if (n.op_type() == "Gemm" && a.type() == onnx::AttributeProto::FLOAT) {
        exact = exact && a.f() == std::nearbyint(a.f());
      }
    }
  }
  std::set<std::string> weights;
  for (const auto& t : model.graph().initializer()) weights.insert(t.name());
  for (const auto& in : model.graph().input()) {
    if (weights.contains(in.name())) continue;
    const auto type = in.type().tensor_type().elem_type();
    reals = reals || type == onnx::TensorProto::FLOAT || type == onnx::TensorProto::DOUBLE ||
            type == onnx::TensorProto::FLOAT16;
  }
  if (!exact) return Arithmetic::kFloats;
  return numbers || !reals ? Arithmetic::kIntegers : Arithmetic::kEither;
}

}  // namespace oct::importer
