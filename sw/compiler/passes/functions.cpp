// SPDX-License-Identifier: Apache-2.0
// Functions of one value, however they are spelled: the arithmetic between a value and a result
// that depends on nothing else is computed on a grid and compared with the functions we know.
#include <algorithm>
#include <array>
#include <cmath>

#include "compiler/exec/executor.hpp"
#include "compiler/passes/dead.hpp"
#include "compiler/passes/match.hpp"
#include "compiler/passes/passes.hpp"

namespace oct::passes {
using ir::Attributes;
using ir::DType;
using ir::Graph;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::OpClass;
using ir::Tensor;
using ir::ValueId;

namespace {

constexpr std::size_t kMaxNodes = 12;
constexpr double kTolerance = 2e-5;

const Tensor& grid() {
  static const Tensor points = [] {
    std::vector<float> x;
    for (int i = -96; i <= 96; ++i) x.push_back(static_cast<float>(i) / 8.0F);
    return Tensor::floats({static_cast<std::int64_t>(x.size())}, x);
  }();
  return points;
}

bool is_pointwise(const Graph& g, const Node& n) {
  const OpClass c = ir::op_info(n.op).op_class;
  if (c == OpClass::kUnary) return n.op != Op::kCast;
  if (c != OpClass::kBinary || !ir::is_float(g.value(n.output).type.dtype)) return false;
  return n.op == Op::kAdd || n.op == Op::kSub || n.op == Op::kMul || n.op == Op::kDiv ||
         n.op == Op::kPow || n.op == Op::kMin || n.op == Op::kMax;
}

/// The nodes behind `output` down to `root`, in order; none if it depends on anything else.
std::optional<std::vector<const Node*>> region(const Graph& g, ValueId output, ValueId root) {
  std::vector<const Node*> found;
  std::vector<std::pair<ValueId, bool>> stack{{output, false}};
  std::set<ValueId> done{root};
  while (!stack.empty()) {
    const auto [v, ready] = stack.back();
    stack.pop_back();
    if (done.contains(v)) continue;
    if (g.constant(v)) {
      if (!uniform(g, v)) return std::nullopt;
      continue;
    }
    const Node* n = g.producer(v);
    if (!n || !is_pointwise(g, *n) || g.value(v).type != g.value(output).type) return std::nullopt;
    if (ready) {
      done.insert(v);
      found.push_back(n);
      continue;
    }
    if (found.size() + stack.size() > 4 * kMaxNodes) return std::nullopt;
    stack.emplace_back(v, true);
    for (const ValueId in : n->inputs) stack.emplace_back(in, false);
  }
  if (found.size() > kMaxNodes) return std::nullopt;
  return found;
}

Tensor on_grid(const Graph& g, const std::vector<const Node*>& nodes, ValueId root) {
  std::map<ValueId, Tensor> values{{root, grid()}};
  for (const Node* n : nodes) {
    std::vector<Tensor> scalars(n->inputs.size());
    std::vector<const Tensor*> in;
    for (std::size_t i = 0; i < n->inputs.size(); ++i) {
      if (const auto c = uniform(g, n->inputs[i])) {
        scalars[i] = Tensor::scalar(static_cast<float>(*c));
        in.push_back(&scalars[i]);
      } else {
        in.push_back(&values.at(n->inputs[i]));
      }
    }
    values[n->output] = exec::evaluate(*n, in, {DType::kFloat32, grid().shape()});
  }
  return values.at(nodes.back()->output);
}

bool equal_on_grid(const Tensor& y, Op op, const Attributes& attrs) {
  Node n;
  n.op = op;
  n.attrs = attrs;
  const Tensor want = exec::evaluate(n, {&grid()}, {DType::kFloat32, grid().shape()});
  for (std::int64_t i = 0; i < y.size(); ++i) {
    const double limit = kTolerance * std::max(1.0, std::fabs(want.at(i)));
    if (!(std::fabs(y.at(i) - want.at(i)) <= limit)) return false;
  }
  return true;
}

struct Known {
  Op op;
  Attributes attrs;
};

std::optional<Known> identify(const Tensor& y) {
  std::vector<Known> candidates = {{Op::kGelu, {{"approximate", std::string("none")}}},
                                   {Op::kGelu, {{"approximate", std::string("tanh")}}},
                                   {Op::kRelu, {}},
                                   {Op::kSigmoid, {}},
                                   {Op::kTanh, {}},
                                   {Op::kHardSwish, {}},
                                   {Op::kMish, {}},
                                   {Op::kSoftplus, {}},
                                   {Op::kSoftsign, {}},
                                   {Op::kAbs, {}},
                                   {Op::kHardSigmoid, {{"alpha", 1.0 / 6}, {"beta", 0.5}}}};
  // x sigmoid(a x) at 1 tells a.
  const double one = y.at(96 + 8);
  if (one > 0.5 && one < 1) {
    double a = std::log(one / (1 - one));
    if (std::fabs(a - 1) < 1e-4) a = 1;
    if (std::fabs(a - 1.702) < 1e-4) a = 1.702;
    candidates.push_back({Op::kSilu, {{"alpha", a}}});
  }
  const double minus_one = y.at(96 - 8);
  if (minus_one < 0 && minus_one > -1)
    candidates.push_back({Op::kLeakyRelu, {{"alpha", -minus_one}}});
  for (const Known& k : candidates) {
    if (equal_on_grid(y, k.op, k.attrs)) return k;
  }
  return std::nullopt;
}

/// Values that `output` might be a function of, the furthest last.
std::vector<ValueId> roots(const Graph& g, ValueId output) {
  std::vector<ValueId> found{output};
  for (std::size_t i = 0; i < found.size() && found.size() < 3 * kMaxNodes; ++i) {
    const Node* n = g.producer(found[i]);
    if (!n || !is_pointwise(g, *n)) continue;
    for (const ValueId in : n->inputs) {
      if (g.constant(in) || g.value(in).type != g.value(output).type) continue;
      if (std::find(found.begin(), found.end(), in) == found.end()) found.push_back(in);
    }
  }
  found.erase(found.begin());
  return found;
}

bool recognise(Graph& g, NodeId id) {
  const ValueId output = g.node(id).output;
  std::vector<ValueId> candidates = roots(g, output);
  for (auto it = candidates.rbegin(); it != candidates.rend(); ++it) {
    const auto nodes = region(g, output, *it);
    if (!nodes || nodes->size() < 2) continue;  // a single node has its name already
    const auto known = identify(on_grid(g, *nodes, *it));
    if (!known) continue;
    const ir::Sources sources = sources_between(g, output, {*it});
    g.replace_uses(output, g.add(known->op, {*it}, known->attrs, g.node(id).name, sources));
    return true;
  }
  return false;
}

}  // namespace

Graph functions(Graph g) {
  std::vector<NodeId> order = g.order();
  std::reverse(order.begin(), order.end());  // the whole of a function before its parts
  for (const NodeId id : order) {
    const Node& n = g.node(id);
    if (!n.alive || g.use_count(n.output) == 0 || !is_pointwise(g, n)) continue;
    if (g.value(n.output).type.dtype != DType::kFloat32) continue;
    const ValueId output = n.output;
    if (recognise(g, id)) remove_dead_behind(g, output);
  }
  // A bound of 0 alone, and Max with 0, are ReLU.
  for (const NodeId id : g.order()) {
    const Node& n = g.node(id);
    const bool clip = n.op == Op::kClip && n.attrs.number("min", -1) == 0 && !n.attrs.has("max");
    const bool max = n.op == Op::kMax && n.inputs.size() == 2 && uniform(g, n.inputs[1]) == 0.0;
    if (!(clip || max) || g.value(n.inputs[0]).type != g.value(n.output).type) continue;
    g.replace_uses(n.output, g.add(Op::kRelu, {n.inputs[0]}, {}, n.name, n.sources));
  }
  g.remove_dead();
  return g;
}

}  // namespace oct::passes
