// SPDX-License-Identifier: Apache-2.0
#include "compiler/exec/executor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/exec/kernels.hpp"

namespace oct::exec {
using ir::CompileError;
using ir::Graph;
using ir::Node;
using ir::Op;
using ir::OpClass;
using ir::Tensor;
using ir::ValueId;

namespace {

Tensor dispatch(const Call& call) {
  const Op op = call.node.op;
  switch (ir::op_info(op).op_class) {
    case OpClass::kUnary:
      return unary(call);
    case OpClass::kBinary:
      return op == Op::kWhere ? where(call) : binary(call);
    case OpClass::kLayout:
      return layout(call);
    case OpClass::kNorm:
      return op == Op::kRotary ? rotary(call) : norm(call);
    case OpClass::kGemm:
      if (op == Op::kAttention) return attention(call);
      if (op == Op::kConv || op == Op::kConvTranspose) return convolution(call);
      return gemm(call);
    case OpClass::kReduce:
      if (op == Op::kMaxPool || op == Op::kAveragePool) return pool(call);
      return op == Op::kCumSum ? cumulative_sum(call) : reduce(call);
    case OpClass::kIndex:
      return op == Op::kResize ? resize(call) : indexing(call);
    case OpClass::kQuant:
      if (op == Op::kMatMulInteger) return gemm(call);
      return op == Op::kConvInteger ? convolution(call) : quantisation(call);
    default:
      throw CompileError(fmt::format("{}: {} has no float form", call.node.name, ir::op_name(op)));
  }
}

/// Operands of a node from the values computed so far.
std::vector<const Tensor*> operands(const Graph& graph, const Node& node,
                                    const std::vector<Tensor>& values) {
  std::vector<const Tensor*> out;
  for (const ValueId id : node.inputs) {
    out.push_back(id == ir::kNone                 ? nullptr
                  : graph.value(id).is_constant() ? &graph.value(id).data
                                                  : &values[static_cast<std::size_t>(id)]);
  }
  return out;
}

}  // namespace

Tensor evaluate(const Node& node, const std::vector<const Tensor*>& inputs,
                const ir::Type& result) {
  Tensor out = dispatch({node, inputs, result});
  if (out.dtype() != result.dtype || out.shape() != result.shape) {
    throw std::logic_error(fmt::format("{}: {} gave {}, not {}", node.name, ir::op_name(node.op),
                                       ir::type_text({out.dtype(), out.shape()}),
                                       ir::type_text(result)));
  }
  return out;
}

Tensors run(const Graph& graph, const Tensors& inputs, const Observer& observe) {
  std::vector<Tensor> values(graph.value_count());
  const auto at = [](ValueId id) { return static_cast<std::size_t>(id); };
  for (const ValueId id : graph.inputs()) {
    const ir::Value& v = graph.value(id);
    const auto it = inputs.find(v.name);
    if (it == inputs.end()) {
      throw CompileError(fmt::format("input '{}' ({}) is missing", v.name, ir::type_text(v.type)));
    }
    if (it->second.shape() != v.shape() || it->second.dtype() != v.type.dtype) {
      throw CompileError(fmt::format("input '{}' is {}; the model wants {}", v.name,
                                     ir::type_text({it->second.dtype(), it->second.shape()}),
                                     ir::type_text(v.type)));
    }
    values[at(id)] = it->second;
    if (observe) observe(id, it->second);
  }
  std::vector<std::size_t> uses(graph.value_count());
  for (std::size_t i = 0; i < uses.size(); ++i) uses[i] = graph.use_count(static_cast<ValueId>(i));
  for (const ir::NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    Tensor& out = values[at(node.output)];
    out = evaluate(node, operands(graph, node, values), graph.value(node.output).type);
    if (observe) observe(node.output, out);
    for (const ValueId in : node.inputs) {  // free what nobody wants any more
      if (in != ir::kNone && --uses[at(in)] == 0) values[at(in)] = {};
    }
  }
  Tensors results;
  for (const ir::Output& o : graph.outputs()) {
    const ir::Value& v = graph.value(o.value);
    results[o.name] = v.is_constant() ? v.data : values[at(o.value)];
  }
  return results;
}

Tensor evaluate_value(const Graph& graph, ValueId target, const std::map<ValueId, Tensor>& known) {
  std::map<ValueId, Tensor> values = known;
  std::vector<ValueId> stack{target};
  while (!stack.empty()) {
    const ValueId id = stack.back();
    const ir::Value& v = graph.value(id);
    if (values.contains(id)) {
      stack.pop_back();
      continue;
    }
    if (v.is_constant()) {
      values[id] = v.data;
      continue;
    }
    const Node* node = graph.producer(id);
    if (!node) throw CompileError("input '" + v.name + "' is not known");
    const std::size_t before = stack.size();
    for (const ValueId in : node->inputs) {
      if (in != ir::kNone && !values.contains(in)) stack.push_back(in);
    }
    if (stack.size() > before) continue;
    std::vector<const Tensor*> inputs;
    for (const ValueId in : node->inputs) {
      inputs.push_back(in == ir::kNone ? nullptr : &values.at(in));
    }
    values[id] = evaluate(*node, inputs, v.type);
    stack.pop_back();
  }
  return values.at(target);
}

}  // namespace oct::exec
