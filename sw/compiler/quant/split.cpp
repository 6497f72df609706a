// SPDX-License-Identifier: Apache-2.0
#include "compiler/quant/split.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "compiler/quant/edit.hpp"
#include "compiler/quant/ranges.hpp"
#include "compiler/quant/simulate.hpp"

namespace oct::quant {
using ir::Graph;
using ir::kNone;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::Shape;
using ir::Tensor;
using ir::ValueId;

namespace {

constexpr std::size_t kSizes[] = {8, 16, 32, 64, 128, 256};
constexpr std::size_t kParts = 3;
constexpr double kGain = 0.75;  // an extra job must pay

/// Channels by size, smallest first, in parts; within a part in their old order.
struct Parts {
  std::vector<std::size_t> order;
  std::vector<std::size_t> begins;  // of each part in `order`
  std::vector<float> factors;       // of each part; 1 for the first

  [[nodiscard]] std::size_t end(std::size_t part) const {
    return part + 1 < begins.size() ? begins[part + 1] : order.size();
  }
};

/// Elements along the last axis.
Tensor selected(const Tensor& t, const std::vector<std::size_t>& which) {
  const auto n = static_cast<std::size_t>(t.shape().back());
  Shape shape = t.shape();
  shape.back() = static_cast<std::int64_t>(which.size());
  Tensor out(ir::DType::kFloat32, shape);
  const auto from = t.data<float>();
  const auto to = out.mutable_data<float>();
  for (std::size_t i = 0; i < to.size(); ++i) {
    to[i] = from[i / which.size() * n + which[i % which.size()]];
  }
  return out;
}

double clip_of(const Tensor& x, const std::vector<std::size_t>& channels) {
  Histogram h;
  h.add(columns(x, channels).data<float>());
  return h.best_clip(127);
}

/// The `sizes` largest channels, each part's range brought to that of the first.
Parts parts_for(const Rows& rows, std::vector<std::size_t> sizes) {
  Parts out;
  const std::size_t n = rows.channel_max.size();
  out.order.resize(n);
  std::iota(out.order.begin(), out.order.end(), 0);
  std::sort(out.order.begin(), out.order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(rows.channel_max[a], a) < std::pair(rows.channel_max[b], b);
  });
  std::sort(sizes.rbegin(), sizes.rend());
  out.begins = {0};
  for (const std::size_t s : sizes) out.begins.push_back(n - s);
  double first = 0;
  for (std::size_t p = 0; p < out.begins.size(); ++p) {
    const auto from = out.order.begin() + static_cast<std::ptrdiff_t>(out.begins[p]);
    const auto to = out.order.begin() + static_cast<std::ptrdiff_t>(out.end(p));
    std::sort(from, to);
    const double clip = clip_of(rows.x, {from, to});
    if (p == 0) first = clip;
    out.factors.push_back(p == 0 || first == 0 || clip == 0 ? 1.0F
                                                            : static_cast<float>(clip / first));
  }
  return out;
}

/// By channel, in the old order.
std::vector<float> spread(const Parts& parts) {
  std::vector<float> out(parts.order.size(), 1.0F);
  for (std::size_t p = 0; p < parts.begins.size(); ++p) {
    for (std::size_t i = parts.begins[p]; i < parts.end(p); ++i) {
      out[parts.order[i]] = parts.factors[p];
    }
  }
  return out;
}

void apply(Graph& graph, NodeId reader, const Parts& parts) {
  const ValueId whole = graph.node(reader).inputs[0];
  const Node function = *graph.producer(whole);
  const Node linear = *graph.producer(function.inputs[0]);
  const Tensor w = constant_value(graph, linear.inputs[1]);
  const ValueId bias = linear.inputs.size() > 2 ? linear.inputs[2] : kNone;
  std::vector<ValueId> results;
  for (std::size_t p = 0; p < parts.begins.size(); ++p) {
    const std::vector<std::size_t> channels(
        parts.order.begin() + static_cast<std::ptrdiff_t>(parts.begins[p]),
        parts.order.begin() + static_cast<std::ptrdiff_t>(parts.end(p)));
    const std::string suffix = p == 0 ? "" : ".part" + std::to_string(p);
    std::vector<ValueId> in{
        linear.inputs[0],
        graph.add_constant(graph.value(linear.inputs[1]).name + suffix, selected(w, channels))};
    if (bias != kNone) {
      in.push_back(graph.add_constant(graph.value(bias).name + suffix,
                                      selected(constant_value(graph, bias), channels)));
    }
    ValueId v = graph.add(Op::kLinear, in, linear.attrs, linear.name + suffix, linear.sources);
    v = graph.add(function.op, {v}, function.attrs, function.name + suffix, function.sources);
    if (p > 0) {
      const auto n = static_cast<std::int64_t>(channels.size());
      const std::vector<float> gain(channels.size(), 1 / parts.factors[p]), none(channels.size());
      const std::string name = function.name + suffix + ".step";
      v = graph.add(Op::kAffine,
                    {v, graph.add_constant(name + ".scale", Tensor::floats({n}, gain)),
                     graph.add_constant(name + ".shift", Tensor::floats({n}, none))},
                    {{"axis", graph.value(v).rank() - 1}}, name, function.sources);
    }
    results.push_back(v);
  }
  const ValueId joined = graph.add(Op::kConcat, results, {{"axis", graph.value(whole).rank() - 1}},
                                   function.name + ".parts", function.sources);
  multiply_rows(graph, reader, spread(parts));
  const Tensor rows = weight_of(graph, reader);
  const auto n = static_cast<std::size_t>(rows.shape()[1]);
  Tensor sorted = rows;
  const auto to = sorted.mutable_data<float>();
  for (std::size_t i = 0; i < to.size(); ++i) {
    to[i] = rows.data<float>()[parts.order[i / n] * n + i % n];
  }
  replace_constant(graph, reader, 1, sorted);
  graph.set_input(reader, 0, joined);
}

bool by_table(Op op) {
  return ir::op_info(op).op_class == ir::OpClass::kUnary && op != Op::kRelu && op != Op::kClip &&
         op != Op::kCast;
}

}  // namespace

int split_activations(Graph& graph, const std::map<ValueId, Halves>& rows) {
  int count = 0;
  for (const NodeId id : graph.order()) {
    if (graph.node(id).op != Op::kLinear) continue;
    const ValueId v = graph.node(id).inputs[0];
    const Node* function = graph.producer(v);
    if (!function || !by_table(function->op) || !rows.contains(v)) continue;
    const ValueId before = function->inputs[0];
    if (!graph.producer(before, Op::kLinear)) continue;
    if (graph.use_count(v) != 1 || graph.use_count(before) != 1) continue;
    const Halves& seen = rows.at(v);
    const std::size_t n = seen.fit.channel_max.size();
    if (n % 8 != 0) continue;  // parts begin at addresses of 8 bytes
    const Trial trial(seen.fit.x, seen.test.x, {weight_of(graph, id)}, false);
    double least = trial.error(std::vector<float>(n, 1.0F));
    std::vector<std::size_t> chosen;
    while (chosen.size() + 1 < kParts) {
      std::vector<std::size_t> better;
      double error = kGain * least;
      for (const std::size_t size : kSizes) {
        if (size * 2 > n || std::count(chosen.begin(), chosen.end(), size) > 0) continue;
        std::vector<std::size_t> sizes = chosen;
        sizes.push_back(size);
        const double e = trial.error(spread(parts_for(seen.fit, sizes)));
        if (e < error) {
          error = e;
          better = sizes;
        }
      }
      if (better.empty()) break;
      chosen = better;
      least = error;
    }
    if (chosen.empty()) continue;
    Rows all = seen.fit;
    all.channel_max = seen.channel_max();
    apply(graph, id, parts_for(all, chosen));
    ++count;
  }
  return count;
}

}  // namespace oct::quant
