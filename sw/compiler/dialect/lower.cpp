// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/dialect/context.hpp"
#include "compiler/lower/context.hpp"

namespace oct::dialect {
namespace {

using Handler = void (*)(Context&);

Handler handler(Op op) {
  switch (op) {
    case Op::kRequantShift:
      return requant_shift;
    case Op::kAdd:
    case Op::kSub:
    case Op::kMul:
    case Op::kMax:
    case Op::kMin:
      return binary;
    case Op::kNeg:
    case Op::kRelu:
    case Op::kClip:
      return unary;
    case Op::kIntGelu:
    case Op::kIntHardSwish:
      return activation;
    case Op::kIntSoftmax:
    case Op::kItaMax:
    case Op::kItaPartialMax:
      return soft;
    case Op::kIntLayerNorm:
    case Op::kIntRmsNorm:
      return norm;
    case Op::kIntNoNorm:
      return nonorm;
    case Op::kIntMatMul:
      return matmul;
    case Op::kIntConv:
      return conv;
    case Op::kMaxPool:
      return maxpool;
    case Op::kIntMean:
    case Op::kReduceSum:
    case Op::kReduceMax:
    case Op::kReduceMin:
      return reduce;
    case Op::kReshape:
    case Op::kRearrange:
      return layout;
    case Op::kSlice:
    case Op::kConcat:
    case Op::kPad:
    case Op::kExpand:
      return movement;
    default:
      return nullptr;
  }
}

bool empty(const Shape& s) { return std::find(s.begin(), s.end(), 0) != s.end(); }

ir::DType port_type(Elem e) {
  return e == Elem::kI8 ? ir::DType::kInt8 : e == Elem::kU8 ? ir::DType::kUInt8 : ir::DType::kInt32;
}

void inputs(Context& c) {
  for (const ValueId id : c.graph.inputs()) {
    const ir::Value& v = c.graph.value(id);
    if (empty(v.shape())) continue;  // nothing to give
    const auto given = c.options.inputs.find(v.name);
    const Range r = given == c.options.inputs.end() ? Range{} : given->second;
    integer::Tensor t;
    t.name = v.name;
    t.elem = elem_for(r);
    t.role = Role::kInput;
    t.shape = v.shape();
    const View view = c.out.whole(c.out.add(std::move(t)));
    c.places[id] = {view, r};
    c.out.inputs.push_back({v.name, view, port_type(c.elem(view))});
  }
}

void outputs(Context& c) {
  for (const ir::Output& o : c.graph.outputs()) {
    if (empty(c.shape(o.value))) continue;
    View view = c.place(o.value).view;
    Node node;  // what only passes an input on is copied: an output is the network's own
    if (c.out.at(view.tensor).role == Role::kInput ||
        c.out.at(view.tensor).role == Role::kConstant) {
      node.name = o.name, node.sources = {o.name};
      c.node = &node;
      view = c.dense(view);
      c.node = nullptr;
    }
    integer::Tensor& t = c.out.at(view.tensor);
    if (t.role == Role::kActivation) t.role = Role::kOutput;
    c.out.outputs.push_back({o.name, view, port_type(t.elem)});
  }
}

}  // namespace

lower::Lowered lower(const ir::Graph& graph, const Options& options) {
  Context c(graph, options);
  c.out.name = graph.name;
  inputs(c);
  std::string refused;
  int count = 0;
  std::set<std::string> hints;
  for (const ir::NodeId id : graph.order()) {
    const Node& n = graph.node(id);
    c.node = &n;
    try {
      const Handler f = handler(n.op);
      if (f == nullptr) throw Unsupported("it has no form in whole numbers");
      if (empty(graph.value(n.output).shape())) continue;
      f(c);
    } catch (const Unsupported& u) {
      const std::string hint =
          u.hint.empty() || !hints.insert(u.hint).second ? "" : ". Hint: " + u.hint;
      refused += fmt::format("\n  {} ({}): {}{}", n.name, ir::op_name(n.op), u.what(), hint);
      ++count;
      // Something that stands there, so that those behind it can be looked at.
      c.put(c.fresh(Elem::kI32, graph.value(n.output).shape()), {});
    }
  }
  if (count != 0) {
    throw ir::CompileError(fmt::format("{} {} no form in the integer dialect:{}", count,
                                       count == 1 ? "node has" : "nodes have", refused));
  }
  c.node = nullptr;
  outputs(c);
  lower::Lowered result{std::move(c.out), {}};
  for (const auto& [v, place] : c.places) {
    if (graph.constant(v) == nullptr) result.places[v] = place.view;
  }
  lower::drop_unused(result.graph, result.places);
  return result;
}

}  // namespace oct::dialect
