// SPDX-License-Identifier: Apache-2.0
// Small networks with drawn weights for the tests of the quantiser.
#pragma once

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "compiler/exec/executor.hpp"
#include "compiler/ir/graph.hpp"

namespace oct::quant_test {
using namespace oct::ir;

using Random = std::mt19937_64;

inline Tensor normal(const Shape& shape, Random& random, float deviation = 1) {
  std::normal_distribution<float> draw(0, deviation);
  Tensor t(DType::kFloat32, shape);
  for (float& v : t.mutable_data<float>()) v = draw(random);
  return t;
}

struct Builder {
  Graph graph;
  Random random;
  int count = 0;

  std::string name() { return "n" + std::to_string(count++); }
  ValueId constant(Shape shape, float deviation = 1) {
    return graph.add_constant(name(), normal(shape, random, deviation));
  }
  ValueId add(Op op, std::vector<ValueId> in, Attributes attrs = {}) {
    return graph.add(op, std::move(in), std::move(attrs), name(), {});
  }
  ValueId linear(ValueId x, std::int64_t n) {
    const std::int64_t k = graph.value(x).shape().back();
    return add(Op::kLinear,
               {x, constant({k, n}, 1 / std::sqrt(static_cast<float>(k))), constant({n}, 0.1F)});
  }
  ValueId norm(ValueId x) {
    const Shape n{graph.value(x).shape().back()};
    return add(Op::kLayerNorm, {x, constant(n), constant(n)},
               {{"axis", graph.value(x).rank() - 1}, {"epsilon", 1e-5}});
  }
  ValueId heads(ValueId x, std::int64_t h) {
    const Shape s = graph.value(x).shape();
    return add(Op::kRearrange, {x},
               {{"dims", Ints{s[1], h, s[2] / h}},
                {"perm", Ints{1, 0, 2}},
                {"shape", Ints{1, h, s[1], s[2] / h}}});
  }
  ValueId merge(ValueId x) {
    const Shape s = graph.value(x).shape();
    return add(Op::kRearrange, {x},
               {{"dims", Ints{s[1], s[2], s[3]}},
                {"perm", Ints{1, 0, 2}},
                {"shape", Ints{1, s[2], s[1] * s[3]}}});
  }
};

/// Embedding, an encoder layer with norms behind the sums, and the places that tests look at.
struct Encoder : Builder {
  ValueId ids, mask, table, embedded, sum, first, q, k, v, heads_q, mixed, projected, residual,
      second, hidden, gelu, down, last_sum, out;
  explicit Encoder(std::uint64_t seed, bool masked = true, float table_deviation = 1) {
    random.seed(seed);
    ids = graph.add_input("input_ids", {DType::kInt64, {1, 8}});
    mask = graph.add_input("attention_mask", {DType::kInt64, {1, 8}});
    table = constant({16, 32}, table_deviation);
    embedded = add(Op::kEmbedding, {table, ids});
    sum = add(Op::kAdd, {embedded, constant({1, 8, 32})});
    first = norm(sum);
    q = linear(first, 32);
    k = linear(first, 32);
    v = linear(first, 32);
    heads_q = heads(q, 4);
    std::vector<ValueId> in{heads_q, heads(k, 4), heads(v, 4)};
    if (masked) in.push_back(mask);
    mixed = add(Op::kAttention, in, {{"scale", 0.35}});
    projected = linear(merge(mixed), 32);
    residual = add(Op::kAdd, {projected, first});
    second = norm(residual);
    hidden = linear(second, 64);
    gelu = add(Op::kGelu, {hidden}, {{"approximate", std::string("none")}});
    down = linear(gelu, 32);
    last_sum = add(Op::kAdd, {down, second});
    out = norm(last_sum);
    graph.add_output("output", out);
  }
};

inline exec::Tensors encoder_sample(const std::vector<std::int64_t>& ids,
                                    const std::vector<std::int64_t>& mask) {
  return {{"input_ids", Tensor::int64s({1, 8}, ids)},
          {"attention_mask", Tensor::int64s({1, 8}, mask)}};
}

}  // namespace oct::quant_test
