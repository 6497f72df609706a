// SPDX-License-Identifier: Apache-2.0
// Masks of networks that come quantised: a value that is quantised, and that the token mask alone
// decides, key by key, becomes Where(mask, seen, masked) on [B, 1, .., T].
#include <algorithm>
#include <random>

#include "compiler/exec/executor.hpp"
#include "compiler/passes/passes.hpp"
#include "compiler/passes/probe.hpp"

namespace oct::passes {
using ir::DType;
using ir::Graph;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::Shape;
using ir::Tensor;
using ir::ValueId;

namespace {

constexpr int kProbes = 12;

Tensor mask_tensor(DType dtype, const Shape& shape, const std::vector<int>& keys) {
  std::vector<float> v(keys.begin(), keys.end());
  return Tensor::floats(shape, v).converted(dtype);
}

struct TwoValues {
  float seen = 0, masked = 0;
};

/// Ids and positions are integers, too: a mask has its name, hides keys, or counts as truth value.
bool is_mask(const Graph& g, ValueId input, const TwoValues& two) {
  constexpr float kHidden = -9000;  // added to scores
  return g.value(input).name.find("mask") != std::string::npos ||
         (two.seen == 0 && two.masked <= kHidden);
}

/// v[b, .., t] is `seen` where the input [B, T] is 1, else `masked`.
std::optional<TwoValues> by_key(const Graph& g, ValueId v, ValueId input) {
  const Shape shape = g.value(v).shape(), keys = g.value(input).shape();
  if (shape.empty() || shape.back() != keys[1]) return std::nullopt;
  const bool batches = shape.size() > 1 && shape[0] == keys[0];
  if (!batches && keys[0] != 1) return std::nullopt;
  const auto count = static_cast<std::size_t>(keys[0] * keys[1]);
  const auto run = [&](const std::vector<int>& k) {
    return exec::evaluate_value(g, v, {{input, mask_tensor(g.value(input).type.dtype, keys, k)}});
  };
  const Tensor ones = run(std::vector<int>(count, 1)), zeros = run(std::vector<int>(count, 0));
  if (ones.size() == 0) return std::nullopt;
  const TwoValues two{ones.data<float>()[0], zeros.data<float>()[0]};
  if (!is_mask(g, input, two) && run(std::vector<int>(count, 2)).data<float>()[0] != two.seen) {
    return std::nullopt;
  }
  std::mt19937 random(1);
  for (int probe = 0; probe < kProbes; ++probe) {
    std::vector<int> k(count);
    for (std::size_t i = 0; i < count; ++i) {
      k[i] = probe == 0 ? 0 : probe == 1 ? 1 : static_cast<int>(random() & 1);
    }
    const Tensor t = run(k);
    const auto values = t.data<float>();
    const auto per_batch = values.size() / static_cast<std::size_t>(keys[0]);
    const auto width = static_cast<std::size_t>(keys[1]);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::size_t at = i / per_batch * width + i % width;
      if (values[i] != (k[at] != 0 ? two.seen : two.masked)) return std::nullopt;
    }
  }
  return two;
}

}  // namespace

Graph fixed_masks(Graph g) {
  for (const NodeId id : g.order()) {
    const Node n = g.node(id);
    if (n.op != Op::kFixed) continue;
    const ValueId x = n.inputs[0], input = integer_source(g, x);
    if (input == ir::kNone || g.producer(x) == nullptr) continue;
    const auto two = by_key(g, x, input);
    if (!two) continue;
    const Shape keys = g.value(input).shape(), shape = g.value(x).shape();
    Shape apart(shape.size(), 1);
    apart.back() = keys[1];
    if (shape.size() > 1) apart.front() = keys[0];
    const ir::Sources sources = merged(sources_between(g, x, {input}), n.sources);
    const auto number = [&](float v) {
      return g.add_constant(n.name, Tensor::floats({}, std::vector<float>{v}));
    };
    const ValueId rows = add_reshape(g, input, apart, n.name, sources);
    const ValueId truth = g.add(Op::kCast, {rows},
                                {{"to", static_cast<std::int64_t>(DType::kBool)}}, n.name, sources);
    const ValueId where =
        g.add(Op::kWhere, {truth, number(two->seen), number(two->masked)}, {}, n.name, sources);
    const ValueId fixed = g.add(Op::kFixed, {where}, n.attrs, n.name, sources);
    g.replace_uses(
        n.output,
        apart == shape ? fixed : g.add(Op::kExpand, {fixed}, {{"shape", shape}}, n.name, sources));
  }
  g.remove_dead();
  return g;
}

}  // namespace oct::passes
