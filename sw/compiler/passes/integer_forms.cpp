// SPDX-License-Identifier: Apache-2.0
// What is left when the passes are done and has no integer form: all of it in one message.
#include <fmt/format.h>

#include "compiler/passes/pipeline.hpp"

namespace oct::passes {
using ir::Graph;
using ir::Node;
using ir::Op;

namespace {

std::string reason(const Graph& g, const Node& n) {
  const ir::Type& type = g.value(n.output).type;
  if (ir::is_float(type.dtype) && !ir::op_info(n.op).canonical) return "it has no integer form";
  if (n.op == Op::kConv && type.shape.size() > 4) return "convolutions have one or two dimensions";
  const bool last = n.op == Op::kLayerNorm || n.op == Op::kRmsNorm || n.op == Op::kSoftmax;
  if (last && n.attrs.integer("axis", -1) + 1 != static_cast<std::int64_t>(type.shape.size())) {
    return "it works along another axis than the last";
  }
  const bool search = ir::op_info(n.op).op_class == ir::OpClass::kReduce ||
                      ir::op_info(n.op).op_class == ir::OpClass::kIndex;
  if (search && !ir::is_float(type.dtype) && ir::is_float(g.value(n.inputs[0]).type.dtype)) {
    return "it makes whole numbers of floats";
  }
  if (n.op == Op::kEmbedding || !ir::is_float(type.dtype)) return "";
  for (const ir::ValueId in : n.inputs) {
    if (in != ir::kNone && ir::is_float(g.value(in).type.dtype)) return "";
  }
  if (n.op == Op::kDequantize || n.op == Op::kCast || n.op == Op::kWhere) return "";
  return "it makes floats of integers";
}

}  // namespace

std::set<std::string> without_integer_forms(const Graph& g) {
  std::set<std::string> names;
  for (const ir::NodeId id : g.order()) {
    if (!reason(g, g.node(id)).empty()) names.insert(g.node(id).name);
  }
  return names;
}

void require_integer_forms(const Graph& g) {
  std::string text;
  int count = 0;
  for (const ir::NodeId id : g.order()) {
    const Node& n = g.node(id);
    const std::string why = reason(g, n);
    if (why.empty()) continue;
    ++count;
    text += fmt::format("\n  {} ({}): {}. ONNX nodes: {}", n.name, ir::op_name(n.op), why,
                        fmt::join(n.sources, " "));
  }
  if (count == 0) return;
  throw ir::CompileError(
      fmt::format("{} node{} cannot run on the cluster:{}\n  Hint: `octant ops` says what can; "
                  "--host-fallback runs the rest on the host",
                  count, count == 1 ? "" : "s", text));
}

}  // namespace oct::passes
