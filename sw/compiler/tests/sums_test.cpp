// SPDX-License-Identifier: Apache-2.0
// passes::sums: same values, and one sum left to the product.
#include <catch2/catch.hpp>
#include <random>

#include "compiler/exec/executor.hpp"
#include "compiler/passes/passes.hpp"

using namespace oct;
using namespace oct::ir;

namespace {

constexpr std::int64_t kRows = 128, kIn = 6, kOut = 128, kWords = 3;

Tensor drawn(const Shape& shape, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> v(static_cast<std::size_t>(element_count(shape)));
  for (float& x : v) x = static_cast<float>(static_cast<int>(random() % 33) - 16) / 8;
  return Tensor::floats(shape, v);
}

struct Case {
  Graph g;
  exec::Tensors inputs;

  ValueId product(const std::string& name, std::int64_t rows = kRows) {
    const ValueId x = g.add_input(name, {DType::kFloat32, {1, rows, kIn}});
    inputs[name] = drawn({1, rows, kIn}, 1);
    return g.add(Op::kLinear, {x, g.add_constant("w", drawn({kIn, kOut}, 2))}, {}, "product", {});
  }
  ValueId rows() {
    const ValueId in = g.add_input("ids", {DType::kInt64, {1, kRows}});
    std::vector<std::int64_t> ids(kRows);
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int64_t>(i * 7 % kWords);
    inputs["ids"] = Tensor::int64s({1, kRows}, ids);
    return g.add(Op::kEmbedding, {g.add_constant("table", drawn({kWords, kOut}, 3)), in}, {},
                 "rows", {});
  }
  ValueId sum(ValueId a, ValueId b) { return g.add(Op::kAdd, {a, b}, {}, "sum", {}); }

  /// The graph behind the pass; the same values come of it.
  Graph check(ValueId result) {
    g.add_output("y", result);
    const Tensor before = exec::run(g, inputs).at("y");
    Graph after = passes::sums(g).compacted();
    after.verify();
    const Tensor now = exec::run(after, inputs).at("y");
    REQUIRE(now.shape() == before.shape());
    for (std::int64_t i = 0; i < now.size(); ++i) CHECK(now.at(i) == Approx(before.at(i)));
    return after;
  }
};

/// Operands of the sum that is the output: the operator that makes each; kAdd, kLinear, ...
const Node* maker(const Graph& g, const Node& n, std::size_t i) { return g.producer(n.inputs[i]); }

}  // namespace

TEST_CASE("(product + constant) + rows of a table: the sum of both is the residual", "[sums]") {
  for (const bool swapped : {false, true}) {
    Case c;
    const ValueId p = c.product("x"), k = c.g.add_constant("k", drawn({1, kRows, kOut}, 4));
    const ValueId inner = c.sum(p, k), r = c.rows();
    const Graph g = c.check(swapped ? c.sum(r, inner) : c.sum(inner, r));
    const Node& last = *g.producer(g.outputs()[0].value);
    REQUIRE(last.op == Op::kAdd);
    REQUIRE(maker(g, last, 0)->op == Op::kLinear);
    REQUIRE(maker(g, last, 1)->op == Op::kAdd);
  }
}

TEST_CASE("Sums that other nodes see, or of later values, stay", "[sums]") {
  {
    Case c;  // the inner sum is an output, too
    const ValueId inner = c.sum(c.product("x"), c.g.add_constant("k", drawn({1, kRows, kOut}, 4)));
    c.g.add_output("inner", inner);
    const Graph g = c.check(c.sum(inner, c.rows()));
    CHECK(maker(g, *g.producer(g.outputs()[1].value), 0)->op != Op::kLinear);
  }
  {
    Case c;  // two products: either may be the later one
    const ValueId inner = c.sum(c.product("x"), c.product("z"));
    const Graph g = c.check(c.sum(inner, c.rows()));
    CHECK(maker(g, *g.producer(g.outputs()[0].value), 0)->op == Op::kAdd);
  }
}

TEST_CASE("A constant behind a Concat goes into its parts", "[sums]") {
  Case c;
  const ValueId parts[] = {c.g.add_constant("first", drawn({1, 1, kOut}, 5)), c.product("x")};
  const ValueId joined =
      c.g.add(Op::kConcat, {parts[0], parts[1]}, {{"axis", std::int64_t{1}}}, "joined", {});
  const Graph g = c.check(c.sum(joined, c.g.add_constant("k", drawn({1, kRows + 1, kOut}, 6))));
  const Node& last = *g.producer(g.outputs()[0].value);
  REQUIRE(last.op == Op::kConcat);
  CHECK(g.constant(last.inputs[0]) != nullptr);
  CHECK(maker(g, last, 1)->op == Op::kAdd);
}
