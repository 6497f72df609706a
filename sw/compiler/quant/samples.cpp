// SPDX-License-Identifier: Apache-2.0
// Samples where the user gives none: ids in their range, masks of ones, floats of a normal
// distribution. A network with caches writes its own text, so that the caches hold what they would.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <random>

#include "compiler/quant/plan.hpp"

namespace oct::quant {
using exec::Tensors;
using ir::DType;
using ir::Graph;
using ir::Node;
using ir::Op;
using ir::Tensor;
using ir::ValueId;

namespace {

using Random = std::mt19937_64;

/// What an integer input is for.
struct Purpose {
  bool mask = false, position = false;
  std::int64_t below = std::numeric_limits<std::int64_t>::max();
};

Purpose purpose_of(const Graph& graph, ValueId input) {
  Purpose out;
  std::vector<ValueId> todo{input};
  std::vector<bool> seen(graph.value_count());
  std::optional<std::int64_t> direct;
  while (!todo.empty()) {
    const ValueId v = todo.back();
    todo.pop_back();
    if (seen[static_cast<std::size_t>(v)]) continue;
    seen[static_cast<std::size_t>(v)] = true;
    for (const ir::NodeId id : graph.value(v).users) {
      const Node& node = graph.node(id);
      const bool lookup = node.op == Op::kEmbedding || node.op == Op::kGather;
      if (lookup && node.inputs[1] == v) {
        const auto axis = node.op == Op::kGather
                              ? ir::normalized_axis(node.attrs.integer("axis"),
                                                    graph.value(node.inputs[0]).shape().size())
                              : 0;
        const std::int64_t rows =
            graph.value(node.inputs[0]).shape()[static_cast<std::size_t>(axis)];
        out.below = std::min(out.below, rows);
        if (v == input) direct = std::min(direct.value_or(rows), rows);
      } else if (node.op == Op::kRotary) {
        out.position = true;
        out.below = std::min(out.below, graph.value(node.inputs[1]).shape()[0]);
      } else if (node.op == Op::kAttention) {
        out.mask = out.mask || (node.inputs.size() > 3 && node.inputs[3] == v);
      } else if (!ir::is_float(graph.value(node.output).type.dtype)) {
        todo.push_back(node.output);
      }
    }
  }
  const std::string& name = graph.value(input).name;
  out.position = out.position || name.find("position") != std::string::npos;
  if (direct) {
    out.below = *direct;
    out.mask = false;
  } else {
    out.mask = out.mask || name.find("mask") != std::string::npos;
  }
  return out;
}

Tensor integers(const ir::Type& type, const std::function<std::int64_t(std::int64_t)>& value) {
  const std::int64_t n = ir::element_count(type.shape);
  std::vector<std::int64_t> v(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) v[static_cast<std::size_t>(i)] = value(i);
  return Tensor::int64s(type.shape, v).converted(type.dtype);
}

Tensor normal(const ir::Shape& shape, Random& random) {
  std::normal_distribution<float> draw;
  Tensor t(DType::kFloat32, shape);
  for (float& v : t.mutable_data<float>()) v = draw(random);
  return t;
}

std::int64_t below(std::int64_t limit, Random& random) {
  return static_cast<std::int64_t>(random() %
                                   static_cast<std::uint64_t>(std::max<std::int64_t>(1, limit)));
}

Tensors draw(const Graph& graph, Random& random) {
  Tensors out;
  for (const ValueId id : graph.inputs()) {
    const ir::Value& v = graph.value(id);
    if (ir::is_float(v.type.dtype)) {
      out[v.name] = normal(v.shape(), random);
      continue;
    }
    const Purpose p = purpose_of(graph, id);
    const std::int64_t row = v.shape().empty() ? 1 : v.shape().back();
    out[v.name] = integers(v.type, [&](std::int64_t i) -> std::int64_t {
      if (p.mask) return 1;
      if (p.position) return std::min(i % std::max<std::int64_t>(1, row), p.below - 1);
      return p.below == std::numeric_limits<std::int64_t>::max() ? 0 : below(p.below, random);
    });
  }
  return out;
}

/// A cache: graph input `past`, whose next content is the end of the output `present`.
struct Cache {
  std::string past, present;
  std::size_t axis;
};

std::vector<Cache> caches_of(const Graph& graph) {
  std::vector<Cache> out;
  for (const ir::Output& o : graph.outputs()) {
    const Node* node = graph.producer(o.value, Op::kKvAppend);
    if (!node || graph.producer(node->inputs[0]) || graph.constant(node->inputs[0])) continue;
    const auto rank = graph.value(o.value).shape().size();
    out.push_back(
        {graph.value(node->inputs[0]).name, o.name,
         static_cast<std::size_t>(ir::normalized_axis(node->attrs.integer("axis"), rank))});
  }
  return out;
}

/// The last `rows` rows of `t` along `axis`.
Tensor tail(const Tensor& t, std::size_t axis, std::int64_t rows) {
  ir::Shape shape = t.shape();
  std::int64_t inner = 1, outer = 1;
  for (std::size_t d = 0; d < shape.size(); ++d)
    (d < axis ? outer : inner) *= d == axis ? 1 : shape[d];
  const std::int64_t skip = shape[axis] - rows;
  shape[axis] = rows;
  Tensor out(DType::kFloat32, shape);
  const auto from = t.data<float>();
  const auto to = out.mutable_data<float>();
  for (std::int64_t o = 0; o < outer; ++o) {
    std::copy_n(from.begin() + (o * (rows + skip) + skip) * inner, rows * inner,
                to.begin() + o * rows * inner);
  }
  return out;
}

std::int64_t sampled(std::span<const float> logits, Random& random) {
  const float top = *std::max_element(logits.begin(), logits.end());
  std::vector<double> weight;
  for (const float l : logits) weight.push_back(std::exp(l - top));
  return std::discrete_distribution<std::int64_t>(weight.begin(), weight.end())(random);
}

/// One text, written token by token; some of its steps are samples.
void write_text(const Graph& graph, const std::vector<Cache>& caches, Random& random,
                std::vector<Tensors>& out) {
  Tensors feeds = draw(graph, random);
  std::int64_t past = 0;
  for (const Cache& c : caches) {
    const ir::Shape shape = feeds.at(c.past).shape();
    feeds[c.past] = Tensor(DType::kFloat32, shape);
    past = std::max(past, shape[c.axis]);
  }
  const std::int64_t steps = std::min<std::int64_t>(past, 128) + 1,
                     kept = std::min<std::int64_t>(16, steps);
  std::int64_t next = -1;
  for (std::int64_t step = 0; step < steps; ++step) {
    std::int64_t vocabulary = 0;
    for (const ValueId id : graph.inputs()) {
      const ir::Value& v = graph.value(id);
      if (ir::is_float(v.type.dtype)) continue;
      const Purpose p = purpose_of(graph, id);
      const std::int64_t n = v.shape().empty() ? 1 : v.shape().back();
      feeds[v.name] = integers(v.type, [&](std::int64_t i) -> std::int64_t {
        i %= std::max<std::int64_t>(1, n);
        if (p.mask) return i >= n - 1 - step ? 1 : 0;
        if (p.position) return std::min(step + i, p.below - 1);
        vocabulary = p.below;
        return next >= 0 && next < p.below ? next : below(p.below, random);
      });
    }
    const Tensors results = exec::run(graph, feeds);
    if (step % ((steps + kept - 1) / kept) == 0 || step + 1 == steps) out.push_back(feeds);
    next = -1;
    for (const auto& [name, t] : results) {
      if (!ir::is_float(t.dtype()) || t.shape().empty() || t.shape().back() != vocabulary) continue;
      next = sampled(t.data<float>().last(static_cast<std::size_t>(vocabulary)), random);
    }
    for (const Cache& c : caches) {
      feeds[c.past] = tail(results.at(c.present), c.axis, feeds.at(c.past).shape()[c.axis]);
    }
  }
}

}  // namespace

std::vector<Tensors> draw_samples(const Graph& graph, const Options& options) {
  Random random(options.seed);
  std::vector<Tensors> out;
  const std::vector<Cache> caches = caches_of(graph);
  for (unsigned i = 0; i < options.drawn_samples; ++i) {
    if (caches.empty()) {
      out.push_back(draw(graph, random));
    } else {
      write_text(graph, caches, random, out);
    }
  }
  return out;
}

}  // namespace oct::quant
