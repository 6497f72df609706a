// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/lower.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "compiler/integer/run.hpp"
#include "compiler/lower/tests/simple_plan.hpp"
#include "compiler/lower/views.hpp"

namespace {

using namespace oct;
using integer::View;
using lower::Layout;

double value_of(std::uint32_t word, int f) {
  const auto m = static_cast<std::int32_t>(word << 8) >> 8;
  return std::ldexp(m, -static_cast<int>(word >> 24 & 63) - f);
}

TEST_CASE("scale words keep 23 bits and saturate at both ends") {
  for (const double x : {1.0, -1.0, 0.3, 3.999999999, 1e-6, 511.0, 1e-9}) {
    INFO(x);
    CHECK(value_of(lower::scale_word(x, 14), 14) == Approx(x).epsilon(1.3e-7));
  }
  CHECK(lower::scale_word(0, 14) == 0);
  CHECK(value_of(lower::scale_word(1e9, 14), 14) == Approx(512).epsilon(1e-6));
  CHECK(value_of(lower::scale_word(0x1p-70, 14), 14) == Approx(0x1p-70));
  CHECK(lower::scale_word(0x1p-90, 14) << 8 == 0);
  // Rounding up to the next power of two.
  CHECK(value_of(lower::scale_word(1 - 0x1p-30, 0), 0) == 1);
}

TEST_CASE("weights are quantised by column, rows padded, zero columns without a scale") {
  const std::vector<float> w{1, -2, 0, 0.5F, 4, 0};
  const lower::Weights q = lower::quantize_weights(ir::Tensor::floats({2, 3}, w));
  REQUIRE(q.data.size() == 24);
  CHECK(q.scale == std::vector<double>{1.0 / 127, 4.0 / 127, 0});
  CHECK(static_cast<std::int8_t>(q.data[0]) == 127);
  CHECK(static_cast<std::int8_t>(q.data[1]) == 64);
  CHECK(static_cast<std::int8_t>(q.data[8]) == -64);
  CHECK(q.data[16] == 0);
}

/// Every element of `v`, in order, by offset.
std::vector<std::int64_t> offsets(const View& v) {
  std::vector<std::int64_t> out;
  const std::int64_t n = ir::element_count(v.sizes);
  for (std::int64_t i = 0; i < n; ++i) {
    std::int64_t rest = i, at = v.offset;
    for (std::size_t d = v.sizes.size(); d-- > 0;) {
      at += rest % v.sizes[d] * v.strides[d];
      rest /= v.sizes[d];
    }
    out.push_back(at);
  }
  return out;
}

TEST_CASE("views: heads split and merge, and what strides cannot say is refused") {
  integer::Graph g;
  integer::Tensor t;
  t.shape = {1, 6, 24};
  const View x = g.whole(g.add(t));
  const Layout split{{1, 6, 24}, {6, 3, 8}, {1, 0, 2}, {1, 3, 6, 8}};
  const auto heads = lower::apply(x, split);
  REQUIRE(heads);
  CHECK(heads->strides[1] == 8);
  CHECK(heads->strides[2] == 24);
  const auto back = lower::undo(*heads, split);
  REQUIRE(back);
  CHECK(lower::same_place(*back, x));
  CHECK(lower::as_matrix(*heads, g)->sizes == ir::Shape{3, 6, 8});
  // Padding between rows cannot be melted.
  integer::Tensor padded;
  padded.shape = {4, 6};
  const View p = g.whole(g.add(padded));
  CHECK_FALSE(lower::reshape(p, {24}));
  CHECK(lower::reshape(p, {2, 2, 6}));
  CHECK_FALSE(lower::reshape(p, {3, 8}));
}

TEST_CASE("views: random layouts keep the order of elements") {
  const unsigned seed = Catch::rngSeed();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto draw = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<unsigned>(n));
  };
  for (int round = 0; round < 300; ++round) {
    integer::Graph g;
    integer::Tensor t;
    t.row_align = 1;
    for (int d = 0; d < 4; ++d) t.shape.push_back(1 + draw(4));
    const View x = g.whole(g.add(t));
    Layout layout{t.shape, t.shape, {0, 1, 2, 3}, {}};
    std::shuffle(layout.perm.begin(), layout.perm.end(), random);
    for (const std::int64_t p : layout.perm)
      layout.shape.push_back(t.shape[static_cast<std::size_t>(p)]);
    const auto y = lower::apply(x, layout);
    REQUIRE(y);
    const auto a = offsets(*y);
    std::vector<std::int64_t> index(4);
    std::size_t i = 0;
    for (index[0] = 0; index[0] < layout.shape[0]; ++index[0])
      for (index[1] = 0; index[1] < layout.shape[1]; ++index[1])
        for (index[2] = 0; index[2] < layout.shape[2]; ++index[2])
          for (index[3] = 0; index[3] < layout.shape[3]; ++index[3]) {
            std::int64_t at = 0;
            for (std::size_t d = 0; d < 4; ++d) {
              at += index[d] * x.strides[static_cast<std::size_t>(layout.perm[d])];
            }
            CHECK(a[i++] == at);
          }
    CHECK(lower::same_place(*lower::undo(*y, layout), x));
    // Whatever can be melted has the same elements.
    const ir::Shape flat{ir::element_count(t.shape)};
    if (const auto f = lower::reshape(*y, flat)) CHECK(offsets(*f) == a);
    if (const auto m = lower::as_matrix(*y, g)) CHECK(offsets(*m) == a);
  }
}

// ---- Graphs ------------------------------------------------------------------------------------

/// A canonical graph with drawn numbers, its integer graph and both results.
struct Trial {
  ir::Graph graph;
  exec::Tensors inputs;
  std::mt19937 random;

  explicit Trial(unsigned seed) : random(seed) { graph.name = "trial"; }

  ir::Tensor drawn(const ir::Shape& shape, double deviation = 1) {
    std::normal_distribution<float> normal(0, static_cast<float>(deviation));
    std::vector<float> v(static_cast<std::size_t>(ir::element_count(shape)));
    for (float& x : v) x = normal(random);
    return ir::Tensor::floats(shape, v);
  }
  ir::ValueId input(const std::string& name, const ir::Shape& shape) {
    inputs[name] = drawn(shape);
    return graph.add_input(name, {ir::DType::kFloat32, shape});
  }
  ir::ValueId constant(const ir::Shape& shape, double deviation = 1) {
    return graph.add_constant("c" + std::to_string(graph.value_count()), drawn(shape, deviation));
  }
  ir::ValueId linear(ir::ValueId x, std::int64_t n) {
    const std::int64_t k = graph.value(x).shape().back();
    const auto deviation = 1 / std::sqrt(static_cast<double>(k));
    return node(ir::Op::kLinear, {x, constant({k, n}, deviation), constant({n}, 0.3)});
  }
  ir::ValueId node(ir::Op op, std::vector<ir::ValueId> in, ir::Attributes attrs = {}) {
    const std::string name = "n" + std::to_string(graph.value_count());
    return graph.add(op, std::move(in), std::move(attrs), name, {name});
  }
  integer::Graph lowered() { return lower::lower(quant::simple_plan(graph, {inputs})); }
  /// Cosine between integers and floats, the least of all outputs.
  double cosine(const integer::Graph& g) {
    g.verify();
    const exec::Tensors wanted = exec::run(graph, inputs), got = integer::run(g, inputs);
    double worst = 1;
    for (const auto& [name, w] : wanted) {
      double ab = 0, aa = 0, bb = 0;
      for (std::int64_t i = 0; i < w.size(); ++i) {
        const double a = got.at(name).at(i), b = w.at(i);
        ab += a * b, aa += a * a, bb += b * b;
      }
      worst = std::min(worst, ab / std::sqrt(aa * bb));
    }
    return worst;
  }
};

TEST_CASE("a product takes function, residual, factor and limits along") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    INFO("seed " << seed);
    Trial t(seed);
    const auto x = t.input("x", {1, 7, 20});
    const auto r = t.input("r", {1, 7, 24});
    auto y = t.linear(x, 24);
    if (seed % 2 == 0) y = t.node(ir::Op::kGelu, {y}, {{"approximate", std::string("none")}});
    y = t.node(ir::Op::kAdd, {y, r});
    if (seed % 3 == 0) y = t.node(ir::Op::kAffine, {y, t.constant({24}), t.constant({24})});
    if (seed % 5 == 0) y = t.node(ir::Op::kRelu, {y});
    t.graph.add_output("y", y);
    const integer::Graph g = t.lowered();
    CHECK(g.operations.size() == 1);
    CHECK(t.cosine(g) > 0.998);
  }
}

TEST_CASE("a gated product multiplies in the epilogue") {
  for (unsigned seed = 0; seed < 10; ++seed) {
    INFO("seed " << seed);
    Trial t(seed);
    const auto x = t.input("x", {1, 9, 32});
    const auto gate = t.node(ir::Op::kSilu, {t.linear(x, 40)}, {{"alpha", 1.0}});
    t.graph.add_output("y", t.node(ir::Op::kMul, {gate, t.linear(x, 40)}));
    const integer::Graph g = t.lowered();
    CHECK(g.operations.size() == 2);
    CHECK(t.cosine(g) > 0.997);
  }
}

TEST_CASE("differences have the right sign on both sides") {
  for (const bool first : {true, false}) {
    Trial t(3);
    const auto x = t.input("x", {4, 16}), r = t.input("r", {4, 8});
    const auto p = t.linear(x, 8);
    t.graph.add_output("y", first ? t.node(ir::Op::kSub, {p, r}) : t.node(ir::Op::kSub, {r, p}));
    const integer::Graph g = t.lowered();
    CHECK(t.cosine(g) > 0.999);
  }
}

TEST_CASE("channels without weights keep their bias; huge biases go into plane B") {
  Trial t(5);
  const auto x = t.input("x", {4, 16});
  ir::Tensor w = t.drawn({16, 8}, 0.25);
  for (std::int64_t k = 0; k < 16; ++k) {
    w.mutable_data<float>()[static_cast<std::size_t>(k * 8 + 2)] = 0;
    w.mutable_data<float>()[static_cast<std::size_t>(k * 8 + 3)] *= 1e-12F;
  }
  const auto p = t.node(ir::Op::kLinear, {x, t.graph.add_constant("w", w), t.constant({8}, 1)});
  t.graph.add_output("y", p);
  const integer::Graph g = t.lowered();
  CHECK(t.cosine(g) > 0.999);
}

TEST_CASE("heads whose size is no multiple of 8 are repaired by copies") {
  for (const std::int64_t d : {8, 12, 20, 24}) {
    INFO("heads of " << d);
    Trial t(static_cast<unsigned>(d));
    const auto x = t.input("x", {1, 10, 16});
    const auto heads = [&](ir::ValueId v) {
      return t.node(ir::Op::kRearrange, {v},
                    {{"dims", ir::Ints{10, 3, d}},
                     {"perm", ir::Ints{1, 0, 2}},
                     {"shape", ir::Ints{1, 3, 10, d}}});
    };
    const auto q = heads(t.linear(x, 3 * d)), k = heads(t.linear(x, 3 * d)),
               v = heads(t.linear(x, 3 * d));
    const auto o =
        t.node(ir::Op::kAttention, {q, k, v}, {{"scale", 0.3}, {"causal", std::int64_t{1}}});
    const auto m = t.node(ir::Op::kRearrange, {o},
                          {{"dims", ir::Ints{3, 10, d}},
                           {"perm", ir::Ints{1, 0, 2}},
                           {"shape", ir::Ints{1, 10, 3 * d}}});
    t.graph.add_output("y", t.linear(m, 16));
    const integer::Graph g = t.lowered();
    if (d % 8 == 0) CHECK(g.operations.size() == 5);
    CHECK(t.cosine(g) > 0.995);
  }
}

TEST_CASE("attention with a bias on the scores: products and softmax rows") {
  for (int round = 0; round < 8; ++round) {
    const bool causal = (round & 1) != 0, masked = (round & 2) != 0, grouped = (round & 4) != 0;
    INFO("causal " << causal << ", masked " << masked << ", grouped " << grouped);
    Trial t(static_cast<unsigned>(round));
    const std::int64_t groups = grouped ? 2 : 4;
    const auto q = t.input("q", {2, 4, 12, 16}), k = t.input("k", {2, groups, 20, 16}),
               v = t.input("v", {2, groups, 20, 16});
    auto mask = ir::kNone;
    if (masked) {
      std::vector<std::int64_t> ones(40, 1);
      for (const std::size_t i : {3U, 17U, 19U, 20U, 39U}) ones[i] = 0;
      t.inputs["mask"] = ir::Tensor::int64s({2, 20}, ones);
      mask = t.graph.add_input("mask", {ir::DType::kInt64, {2, 20}});
    }
    const auto o =
        t.node(ir::Op::kAttention, {q, k, v, mask, t.constant({1, 4, 12, 20}, 2)},
               {{"scale", 0.25}, {"causal", std::int64_t{causal}}, {"offset", std::int64_t{8}}});
    t.graph.add_output("y", o);
    const integer::Graph g = t.lowered();
    CHECK(t.cosine(g) > 0.995);
  }
}

TEST_CASE("convolutions: borders, strides, groups, few channels and many") {
  struct Shape {
    std::int64_t c, o, k, stride, pad, dilation, group;
  };
  for (const Shape& s : {Shape{3, 16, 4, 4, 0, 1, 1},
                         {16, 8, 3, 1, 1, 1, 1},
                         {8, 8, 3, 2, 1, 1, 1},
                         {12, 8, 3, 1, 1, 1, 1},
                         {8, 16, 1, 1, 0, 1, 1},
                         {8, 8, 3, 1, 2, 2, 1},
                         {16, 16, 3, 1, 1, 1, 4},
                         {8, 8, 3, 1, 1, 1, 8},
                         {3, 8, 3, 2, 1, 1, 1}}) {
    for (const std::size_t dims : {1U, 2U}) {
      INFO(dims << " dimensions, " << s.c << " channels, kernel " << s.k << ", stride "
                << s.stride);
      Trial t(11);
      ir::Shape xs{1, s.c}, ws{s.o, s.c / s.group};
      for (std::size_t i = 0; i < dims; ++i) xs.push_back(12), ws.push_back(s.k);
      const auto x = t.input("x", xs);
      const auto y = t.node(ir::Op::kConv, {x, t.constant(ws, 0.2), t.constant({s.o}, 0.2)},
                            {{"strides", ir::Ints(dims, s.stride)},
                             {"pads", ir::Ints(2 * dims, s.pad)},
                             {"dilations", ir::Ints(dims, s.dilation)},
                             {"group", s.group}});
      const auto z = t.node(ir::Op::kRelu, {y});
      const ir::Shape ys = t.graph.value(z).shape();
      ir::Shape again{4, s.o};
      for (std::size_t i = 0; i < dims; ++i) again.push_back(1);
      const auto last = t.node(ir::Op::kConv, {z, t.constant(again, 0.2)},
                               {{"strides", ir::Ints(dims, 1)},
                                {"pads", ir::Ints(2 * dims, 0)},
                                {"dilations", ir::Ints(dims, 1)},
                                {"group", std::int64_t{1}}});
      t.graph.add_output("y", last);
      const integer::Graph g = t.lowered();
      CHECK(t.cosine(g) > 0.998);
    }
  }
}

TEST_CASE("all nodes without an integer form are named at once") {
  Trial t(1);
  const auto x = t.input("x", {4, 8}), z = t.input("z", {4, 8});
  const auto a = t.node(ir::Op::kDiv, {x, z});
  const auto b = t.node(ir::Op::kReduceMin, {a}, {{"axes", ir::Ints{1}}});
  t.graph.add_output("y", t.node(ir::Op::kGelu, {b}));
  std::string text;
  try {
    (void)t.lowered();
  } catch (const ir::CompileError& e) {
    text = e.what();
  }
  INFO(text);
  CHECK(text.find("2 nodes cannot run on the cluster") != std::string::npos);
  CHECK(text.find("(Div)") != std::string::npos);
  CHECK(text.find("(ReduceMin)") != std::string::npos);
  CHECK(text.find("Hint:") != std::string::npos);
}

}  // namespace
