// SPDX-License-Identifier: Apache-2.0
// Networks that come quantised: what is computed from one value of 8 bits alone, element by
// element, and rounded to 8 bits again, is a table of 256, however many nodes and roundings there
// are in between: Table, whose entries the float executor computes as it would have the nodes.
#include <algorithm>
#include <map>

#include "compiler/exec/executor.hpp"
#include "compiler/passes/match.hpp"
#include "compiler/passes/passes.hpp"

namespace oct::passes {
using ir::Graph;
using ir::kNone;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::Tensor;
using ir::ValueId;

namespace {

constexpr std::int64_t kEntries = 256;

bool bytes(const Node& fixed) {
  return fixed.attrs.integer("high") - fixed.attrs.integer("low") == kEntries - 1;
}

bool by_element(const Node& n) {
  switch (n.op) {
    case Op::kFixed:
    case Op::kAdd:
    case Op::kSub:
    case Op::kMul:
    case Op::kDiv:
    case Op::kPow:
    case Op::kMin:
    case Op::kMax:
    case Op::kPRelu:
      return true;
    case Op::kCast:
    case Op::kNot:
    case Op::kIsNan:
    case Op::kIsInf:
      return false;
    default:
      return ir::op_info(n.op).op_class == ir::OpClass::kUnary;
  }
}

class Functions {
 public:
  explicit Functions(const Graph& g) : g_(g) {
    for (const NodeId id : g.order()) {
      const Node& n = g.node(id);
      const ValueId of = argument_of(n);
      if (of != kNone) {
        argument_[n.output] = of;
      } else if (n.op == Op::kFixed && bytes(n)) {
        argument_[n.output] = n.output;
      }
    }
  }

  /// The value of 8 bits that alone decides this one; none: there is no such value.
  [[nodiscard]] ValueId argument(ValueId v) const {
    const auto it = argument_.find(v);
    return it == argument_.end() ? kNone : it->second;
  }

  /// v for every integer of its argument.
  [[nodiscard]] Tensor values(ValueId v) const {
    const Node& from = *g_.producer(argument(v));
    std::vector<float> x;
    for (std::int64_t i = 0; i < kEntries; ++i) {
      const std::int64_t q = from.attrs.integer("low") + i - from.attrs.integer("zero");
      x.push_back(static_cast<float>(q) * static_cast<float>(from.attrs.number("scale")));
    }
    std::map<ValueId, Tensor> known{{from.output, Tensor::floats({kEntries}, x)}};
    return values(v, known);
  }

 private:
  [[nodiscard]] ValueId argument_of(const Node& n) const {
    ValueId of = kNone;
    if (!by_element(n)) return of;
    for (const ValueId in : n.inputs) {
      if (in == kNone) continue;
      if (g_.constant(in)) {
        if (!uniform(g_, in)) return kNone;
        continue;
      }
      const ValueId a = argument(in);
      if (a == kNone || (of != kNone && a != of)) return kNone;
      if (g_.value(in).shape() != g_.value(n.output).shape()) return kNone;
      of = a;
    }
    return of;
  }

  const Tensor& values(ValueId v, std::map<ValueId, Tensor>& known) const {
    const auto it = known.find(v);
    if (it != known.end()) return it->second;
    const Node& n = *g_.producer(v);
    std::vector<Tensor> numbers(n.inputs.size());
    std::vector<const Tensor*> operands;
    for (std::size_t i = 0; i < n.inputs.size(); ++i) {
      const ValueId in = n.inputs[i];
      if (in != kNone && g_.constant(in)) {
        numbers[i] = Tensor::scalar(static_cast<float>(*uniform(g_, in)));
      }
      operands.push_back(in == kNone            ? nullptr
                         : numbers[i].defined() ? &numbers[i]
                                                : &values(in, known));
    }
    return known[v] = exec::evaluate(n, operands, {ir::DType::kFloat32, {kEntries}});
  }

  const Graph& g_;
  std::map<ValueId, ValueId> argument_;
};

}  // namespace

Graph fixed_functions(Graph g) {
  for (const NodeId id : g.order()) {
    const Node n = g.node(id);
    if (n.op != Op::kFixed || !bytes(n) || g.use_count(n.output) == 0) continue;
    const Node* before = g.producer(n.inputs[0]);
    if (!before || before->op == Op::kTable) continue;
    const Functions functions(g);
    const ValueId x = functions.argument(n.output);
    if (x == kNone || x == n.output) continue;
    const Node& from = *g.producer(x);
    const ir::Sources sources = merged(sources_between(g, n.inputs[0], {x}), n.sources);
    const ValueId y = g.add(Op::kTable, {x},
                            {{"scale", from.attrs.number("scale")},
                             {"zero", from.attrs.integer("zero")},
                             {"low", from.attrs.integer("low")},
                             {"values", functions.values(n.output)}},
                            before->name, sources);
    g.replace_uses(n.output, g.add(Op::kFixed, {y}, n.attrs, n.name, n.sources));
  }
  g.remove_dead();
  return g;
}

}  // namespace oct::passes
