// SPDX-License-Identifier: Apache-2.0
// Tensors and the graph's own rules.
#include "compiler/ir/graph.hpp"

#include <catch2/catch.hpp>

using namespace oct::ir;

namespace {

/// y = relu(x + x w), with one use more of x w that nothing needs.
struct Small {
  Graph graph;
  ValueId x, w, linear, sum, relu, unused;
  Small() {
    x = graph.add_input("x", {DType::kFloat32, {1, 4, 8}});
    w = graph.add_constant("w", Tensor(DType::kFloat32, {8, 8}));
    linear = graph.add(Op::kLinear, {x, w}, {}, "linear", {"MatMul_1"});
    sum = graph.add(Op::kAdd, {linear, x}, {}, "sum", {"Add_1"});
    relu = graph.add(Op::kRelu, {sum}, {}, "relu", {"Relu_1"});
    unused = graph.add(Op::kNeg, {linear}, {}, "unused", {"Neg_1"});
    graph.add_output("y", relu);
  }
};

}  // namespace

TEST_CASE("tensor: sharing, conversion, broadcasting") {
  const float values[] = {1.5F, -2.5F, 300.0F};
  Tensor a = Tensor::floats({3}, values);
  Tensor b = a;
  b.mutable_data<float>()[0] = 7.0F;
  CHECK(a.at(0) == 1.5);
  CHECK(b.at(0) == 7.0);
  const Tensor i = a.converted(DType::kInt8);
  CHECK(i.to_ints() == Ints{1, -2, 127});
  CHECK(a.converted(DType::kBool).to_ints() == Ints{1, 1, 1});
  CHECK(broadcast_shape({4, 1, 3}, {5, 1}) == Shape{4, 5, 3});
  CHECK(broadcast_shape({0}, {1}) == Shape{0});
  CHECK_THROWS_AS(broadcast_shape({2, 3}, {2}), CompileError);
  CHECK_THROWS_AS(Tensor(DType::kInt8, {1 << 20, 1 << 20}), CompileError);
  CHECK_THROWS_AS(a.reshaped({2}), CompileError);
  CHECK(Tensor::scalar(2).shape().empty());
  CHECK(Tensor(DType::kInt64, {2, 0}).size() == 0);
}

TEST_CASE("graph: types, order, uses") {
  Small s;
  s.graph.verify();
  CHECK(s.graph.value(s.relu).type == Type{DType::kFloat32, {1, 4, 8}});
  CHECK(s.graph.use_count(s.linear) == 2);
  CHECK(s.graph.remove_dead() == 1);
  CHECK(s.graph.use_count(s.linear) == 1);
  s.graph.replace_uses(s.relu, s.sum);
  CHECK(s.graph.outputs()[0].value == s.sum);
  CHECK(s.graph.remove_dead() == 1);
  const Graph c = s.graph.compacted();
  c.verify();
  CHECK(c.node_count() == 2);
  CHECK(to_text(c).find("Linear(%0, w:f32[8, 8])") != std::string::npos);
  CHECK(to_text(c).find("# MatMul_1") != std::string::npos);
}

TEST_CASE("graph: a value used twice by one node keeps both uses") {
  Small s;
  const ValueId square = s.graph.add(Op::kMul, {s.sum, s.sum}, {}, "square", {});
  s.graph.add_output("square", square);
  s.graph.replace_uses(s.sum, s.linear);
  s.graph.verify();
  CHECK(s.graph.node(s.graph.value(square).producer).inputs ==
        std::vector<ValueId>{s.linear, s.linear});
}

TEST_CASE("graph: broken ones are noticed") {
  Small s;
  CHECK_THROWS_AS(s.graph.add(Op::kLinear, {s.x, s.x}, {}, "bad", {}), CompileError);
  CHECK_THROWS_AS(s.graph.replace_uses(s.relu, s.w), GraphError);
  const NodeId sum = s.graph.value(s.sum).producer;
  s.graph.set_input(sum, 1, s.relu);
  CHECK_THROWS_AS(s.graph.order(), GraphError);
  s.graph.set_input(sum, 1, s.x);
  s.graph.verify();
  s.graph.value(s.relu).type.shape = {4, 8};
  CHECK_THROWS_AS(s.graph.verify(), GraphError);
}
