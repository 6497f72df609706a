// SPDX-License-Identifier: Apache-2.0
// Text form of a graph, for --dump-after and failing tests.
#include <fmt/format.h>

#include "compiler/ir/graph.hpp"

namespace oct::ir {
namespace {

std::string tensor_text(const Tensor& t) {
  std::string out = type_text({t.dtype(), t.shape()});
  if (t.size() > 8) return out;
  out += " = {";
  for (std::int64_t i = 0; i < t.size(); ++i) {
    if (i) out += ", ";
    out += is_float(t.dtype()) ? fmt::format("{:.9g}", t.at(i)) : fmt::format("{}", t.int_at(i));
  }
  return out + "}";
}

struct AttributeText {
  std::string operator()(std::int64_t v) const { return fmt::format("{}", v); }
  std::string operator()(double v) const { return fmt::format("{:.9g}", v); }
  std::string operator()(const std::string& v) const { return '"' + v + '"'; }
  std::string operator()(const Ints& v) const { return shape_text(v); }
  std::string operator()(const std::vector<double>& v) const {
    return fmt::format("[{:.9g}]", fmt::join(v, ", "));
  }
  std::string operator()(const Tensor& v) const { return tensor_text(v); }
};

std::string operand_text(const Graph& graph, ValueId id) {
  if (id == kNone) return "-";
  const Value& v = graph.value(id);
  if (!v.is_constant()) return fmt::format("%{}", id);
  return v.name.empty() ? tensor_text(v.data) : v.name + ":" + tensor_text(v.data);
}

}  // namespace

std::string to_text(const Graph& graph) {
  std::string out = fmt::format("graph {}\n", graph.name);
  for (const ValueId id : graph.inputs()) {
    const Value& v = graph.value(id);
    out += fmt::format("  input %{} {} : {}\n", id, v.name, type_text(v.type));
  }
  for (const NodeId id : graph.order()) {
    const Node& n = graph.node(id);
    std::vector<std::string> operands, attrs;
    for (const ValueId in : n.inputs) operands.push_back(operand_text(graph, in));
    for (const auto& [name, value] : n.attrs.map()) {
      attrs.push_back(name + "=" + std::visit(AttributeText{}, value));
    }
    out += fmt::format("  %{} = {}({}){}{} : {}  # {}\n", n.output, op_name(n.op),
                       fmt::join(operands, ", "), attrs.empty() ? "" : " ", fmt::join(attrs, " "),
                       type_text(graph.value(n.output).type), fmt::join(n.sources, " "));
  }
  for (const Output& o : graph.outputs()) {
    out += fmt::format("  output {} = {} : {}\n", o.name, operand_text(graph, o.value),
                       type_text(graph.value(o.value).type));
  }
  return out;
}

}  // namespace oct::ir
