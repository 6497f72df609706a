// SPDX-License-Identifier: Apache-2.0
// Parts of the passes on their own: composing layouts, comparing graphs, understanding masks.
#include <catch2/catch.hpp>
#include <limits>
#include <numeric>

#include "compiler/exec/executor.hpp"
#include "compiler/ir/compare.hpp"
#include "compiler/passes/pipeline.hpp"
#include "compiler/passes/probe.hpp"
#include "harness/seed.hpp"

using namespace oct;
using namespace oct::ir;
using namespace oct::passes;

namespace {

Tensor counted(const Shape& shape) {
  std::vector<float> v(static_cast<std::size_t>(element_count(shape)));
  std::iota(v.begin(), v.end(), 0.0F);
  return Tensor::floats(shape, v);
}

Tensor moved(const Tensor& x, const Layout& l) {
  Graph g;
  const ValueId in = g.add_input("x", {DType::kFloat32, x.shape()});
  g.add_output("y", g.add(Op::kRearrange, {in},
                          {{"dims", l.dims}, {"perm", l.perm}, {"shape", Ints(l.shape)}}, "y", {}));
  return exec::run(g, {{"x", x}}).at("y");
}

/// Some shape of the same factors as `factors`, neighbours merged at random, sizes of 1 mixed in.
template <typename Random>
Shape merged_at_random(const Ints& factors, Random& random) {
  Shape out{1};
  for (const std::int64_t f : factors) {
    if (random() % 2) {
      out.back() *= f;
    } else {
      out.push_back(f);
    }
  }
  return out;
}

template <typename Random>
Layout random_layout(const Ints& factors, Random& random, Ints& left) {
  Layout l;
  l.dims = factors;
  l.perm.resize(factors.size());
  std::iota(l.perm.begin(), l.perm.end(), 0);
  for (std::size_t i = l.perm.size(); i > 1; --i) std::swap(l.perm[i - 1], l.perm[random() % i]);
  left.clear();
  for (const std::int64_t p : l.perm) left.push_back(factors[static_cast<std::size_t>(p)]);
  l.shape = merged_at_random(left, random);
  return l;
}

struct Scores {
  Graph g;
  ValueId mask = kNone;
  Shape shape{1, 2, 4, 6};
  explicit Scores(const std::function<float(std::int64_t, std::int64_t)>& f) {
    std::vector<float> v;
    for (std::int64_t i = 0; i < 4; ++i) {
      for (std::int64_t j = 0; j < 6; ++j) v.push_back(f(i, j));
    }
    mask = g.add_constant("mask", Tensor::floats({1, 1, 4, 6}, v));
  }
};

constexpr float kLow = std::numeric_limits<float>::lowest();

}  // namespace

TEST_CASE("layout: two as one move elements as both do") {
  auto random = tb::rng("layouts");
  for (int n = 0; n < 300; ++n) {
    Ints factors(1 + random() % 5), middle, last;
    for (std::int64_t& f : factors) f = 1 + static_cast<std::int64_t>(random() % 4);
    const Layout a = random_layout(factors, random, middle);
    const Layout b = random_layout(middle, random, last);
    const Tensor x = counted(merged_at_random(factors, random));
    const auto both = composed(a, b);
    REQUIRE(both);
    CAPTURE(n, factors, a.perm, b.perm, both->dims, both->perm);
    CHECK(moved(x, *both).same_bits(moved(moved(x, a), b)));
    CHECK(moved(x, reduced(a)).same_bits(moved(x, a)));
    CHECK(std::find(both->dims.begin(), both->dims.end(), 1) == both->dims.end());
  }
}

TEST_CASE("layout: no common factors") {
  CHECK_FALSE(common_factors({2, 3}, {3, 2}));
  CHECK_FALSE(common_factors({6}, {4}));
  CHECK(common_factors({4, 1, 6}, {2, 12}) == Ints{2, 2, 6});
  CHECK(common_factors({}, {1, 1}) == Ints{});
  // [2, 3] transposed cannot be seen through a view of [2, 3].
  CHECK_FALSE(composed({{2, 3}, {1, 0}, {3, 2}}, {{2, 3}, {1, 0}, {3, 2}}));
}

TEST_CASE("masks of constants") {
  SECTION("nothing") {
    Scores s([](auto, auto) { return 0.0F; });
    const Mask m = understand_mask(s.g, s.mask, s.shape);
    CHECK_FALSE(m.causal);
    CHECK(m.bias == kNone);
    CHECK(m.key_mask == kNone);
  }
  SECTION("causal behind two cached keys") {
    Scores s([](auto i, auto j) { return j <= i + 2 ? 0.0F : kLow; });
    const Mask m = understand_mask(s.g, s.mask, s.shape);
    CHECK(m.causal);
    CHECK(m.offset == 2);
    CHECK(m.window == 0);
    CHECK(m.bias == kNone);
  }
  SECTION("window") {
    Scores s([](auto i, auto j) { return j <= i + 2 && j > i + 2 - 3 ? 0.0F : -1e4F; });
    const Mask m = understand_mask(s.g, s.mask, s.shape);
    CHECK(m.causal);
    CHECK(m.offset == 2);
    CHECK(m.window == 3);
  }
  SECTION("padding") {
    Scores s([](auto, auto j) { return j != 1 ? 0.0F : kLow; });
    const Mask m = understand_mask(s.g, s.mask, s.shape);
    CHECK_FALSE(m.causal);
    REQUIRE(m.key_mask != kNone);
    CHECK(s.g.constant(m.key_mask)->to_ints() == Ints{1, 0, 1, 1, 1, 1});
  }
  SECTION("causal with a bias") {
    Scores s([](auto i, auto j) { return j <= i ? -0.5F * static_cast<float>(i - j) : kLow; });
    const Mask m = understand_mask(s.g, s.mask, s.shape);
    CHECK(m.causal);
    REQUIRE(m.bias != kNone);
    CHECK(s.g.constant(m.bias)->at(6) == -0.5);
    CHECK(s.g.constant(m.bias)->at(5) == 0);
  }
  SECTION("one hole in the triangle is no causal mask") {
    Scores s([](auto i, auto j) { return j <= i && !(i == 2 && j == 1) ? 0.0F : kLow; });
    const Mask m = understand_mask(s.g, s.mask, s.shape);
    CHECK_FALSE(m.causal);
    CHECK(m.bias != kNone);
  }
}

TEST_CASE("masks at run time") {
  Graph g;
  const ValueId keys = g.add_input("keys", {DType::kInt64, {1, 6}});
  const ValueId bits =
      g.add(Op::kCast, {keys}, {{"to", static_cast<std::int64_t>(DType::kBool)}}, "bits", {});
  const ValueId zero = g.add_constant("zero", Tensor::scalar(0)),
                low = g.add_constant("low", Tensor::scalar(kLow));
  const ValueId mask = g.add(Op::kWhere, {bits, zero, low}, {}, "mask", {});
  const ValueId four = g.add(Op::kReshape, {mask}, {{"shape", Ints{1, 1, 1, 6}}}, "four", {});
  const Mask m = understand_mask(g, four, {1, 2, 4, 6});
  CHECK(m.key_mask == keys);
  CHECK(m.bias == kNone);
  CHECK(m.empty_rows_average);
  // The other way round it is not a list of keys to be seen.
  const ValueId turned = g.add(Op::kWhere, {bits, low, zero}, {}, "turned", {});
  const ValueId other = g.add(Op::kReshape, {turned}, {{"shape", Ints{1, 1, 1, 6}}}, "other", {});
  CHECK(understand_mask(g, other, {1, 2, 4, 6}).bias == other);
}

TEST_CASE("comparing graphs") {
  const auto build = [](float weight, Op op, bool swapped) {
    Graph g;
    const ValueId x = g.add_input("x", {DType::kFloat32, {2, 3}});
    const ValueId w = g.add_constant("w", Tensor::floats({3}, std::vector<float>{1, weight, 3}));
    const ValueId y = g.add(op, {x, w}, {}, "a", {});
    const ValueId z = g.add(Op::kSub, {swapped ? x : y, swapped ? y : x}, {}, "b", {});
    g.add_output("z", z);
    return g;
  };
  const Graph a = build(2, Op::kMul, false);
  CHECK(difference(a, build(2, Op::kMul, false)).empty());
  CHECK(difference(a, build(2.00001F, Op::kMul, false)).empty());
  CHECK_FALSE(difference(a, build(2.001F, Op::kMul, false)).empty());
  CHECK_FALSE(difference(a, build(2, Op::kAdd, false)).empty());
  CHECK_FALSE(difference(a, build(2, Op::kMul, true)).empty());
}
