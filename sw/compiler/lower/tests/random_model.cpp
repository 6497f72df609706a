// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/tests/random_model.hpp"

#include <cmath>

namespace oct::lower {
namespace {

using ir::Ints;
using ir::Op;
using ir::Shape;
using ir::ValueId;

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) { model_.graph.name = "random"; }

  RandomModel make() {
    const std::int64_t s = 1 + below(40), c = 4 * (1 + below(20));
    values_.push_back(input("x", {1, s, c}));
    const std::int64_t steps = 2 + below(6);
    for (std::int64_t i = 0; i < steps; ++i) values_.push_back(step(any()));
    model_.graph.add_output("y", values_.back());
    if (below(3) == 0) model_.graph.add_output("z", any());
    for (int i = 0; i < 3; ++i) {
      exec::Tensors sample;
      for (const ValueId v : model_.graph.inputs()) {
        const ir::Value& value = model_.graph.value(v);
        sample[value.name] = drawn(value.shape(), 1);
      }
      model_.samples.push_back(std::move(sample));
    }
    model_.graph = model_.graph.compacted();
    return std::move(model_);
  }

 private:
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<unsigned>(n));
  }
  /// Rather a late one.
  ValueId any() {
    const auto n = static_cast<std::int64_t>(values_.size());
    return values_[static_cast<std::size_t>(n - 1 - std::min(below(n), below(n)))];
  }
  const Shape& shape(ValueId v) const { return model_.graph.value(v).shape(); }
  ir::Tensor drawn(const Shape& shape, double deviation, double mean = 0) {
    std::normal_distribution<double> normal(mean, deviation);
    std::vector<float> v(static_cast<std::size_t>(ir::element_count(shape)));
    for (float& x : v) x = static_cast<float>(normal(random_));
    return ir::Tensor::floats(shape, v);
  }
  ValueId constant(const Shape& s, double deviation, double mean = 0) {
    return model_.graph.add_constant("c" + std::to_string(model_.graph.value_count()),
                                     drawn(s, deviation, mean));
  }
  ValueId input(const std::string& name, const Shape& s) {
    return model_.graph.add_input(name, {ir::DType::kFloat32, s});
  }
  ValueId node(Op op, std::vector<ValueId> in, ir::Attributes attrs = {}) {
    const std::string name = "n" + std::to_string(model_.graph.value_count());
    return model_.graph.add(op, std::move(in), std::move(attrs), name, {name});
  }
  ValueId linear(ValueId x, std::int64_t n) {
    const std::int64_t k = shape(x).back();
    std::vector<ValueId> in{x, constant({k, n}, 1 / std::sqrt(static_cast<double>(k)))};
    if (below(2) == 0) in.push_back(constant({n}, 0.3));
    return node(Op::kLinear, in);
  }
  ValueId function(ValueId x) {
    switch (below(5)) {
      case 0:
        return node(Op::kGelu, {x}, {{"approximate", std::string(below(2) ? "none" : "tanh")}});
      case 1:
        return node(Op::kSilu, {x}, {{"alpha", 1.0}});
      case 2:
        return node(Op::kTanh, {x});
      case 3:
        return node(Op::kRelu, {x});
      default:
        return node(Op::kClip, {x}, {{"min", -1.5}, {"max", 2.0}});
    }
  }
  ValueId norm(ValueId x) {
    const std::int64_t c = shape(x).back();
    const ValueId gamma = constant({c}, 0.2, 1);
    if (c % 4 != 0) return x;
    if (below(2) == 0) {
      return node(Op::kRmsNorm, {x, gamma}, {{"axis", std::int64_t{2}}, {"epsilon", 1e-5}});
    }
    return node(Op::kLayerNorm, {x, gamma, constant({c}, 0.2)},
                {{"axis", std::int64_t{2}}, {"epsilon", 1e-5}});
  }
  ValueId heads(ValueId x, std::int64_t h, std::int64_t d) {
    const std::int64_t s = shape(x)[1];
    return node(Op::kRearrange, {x},
                {{"dims", Ints{s, h, d}}, {"perm", Ints{1, 0, 2}}, {"shape", Ints{1, h, s, d}}});
  }
  ValueId attention(ValueId x) {
    const std::int64_t s = shape(x)[1], d = 4 * (1 + below(10)), h = 1 + below(4);
    const std::int64_t g = h % 2 == 0 && below(2) == 0 ? h / 2 : h;
    ValueId q = heads(linear(x, h * d), h, d), k = heads(linear(x, g * d), g, d);
    const ValueId v = heads(linear(x, g * d), g, d);
    if (below(3) == 0) {
      const std::int64_t r = d / 2;
      ir::Tensor cos(ir::DType::kFloat32, {s, r / 2}), sin = cos;
      for (std::int64_t i = 0; i < s * (r / 2); ++i) {
        const double angle =
            static_cast<double>(i / (r / 2)) / (1 + static_cast<double>(i % (r / 2)));
        cos.mutable_data<float>()[static_cast<std::size_t>(i)] =
            static_cast<float>(std::cos(angle));
        sin.mutable_data<float>()[static_cast<std::size_t>(i)] =
            static_cast<float>(std::sin(angle));
      }
      const ValueId c = model_.graph.add_constant("cos", cos),
                    w = model_.graph.add_constant("sin", sin);
      const ir::Attributes attrs{{"interleaved", below(2)}};
      q = node(Op::kRotary, {q, c, w}, attrs);
      k = node(Op::kRotary, {k, c, w}, attrs);
    }
    std::vector<ValueId> in{q, k, v};
    if (below(4) == 0) {
      in.push_back(ir::kNone);
      in.push_back(constant({1, h, s, s}, 1));
    }
    const ValueId o =
        node(Op::kAttention, in,
             {{"scale", 1 / std::sqrt(static_cast<double>(d))}, {"causal", below(2)}});
    const ValueId merged =
        node(Op::kRearrange, {o},
             {{"dims", Ints{h, s, d}}, {"perm", Ints{1, 0, 2}}, {"shape", Ints{1, s, h * d}}});
    return linear(merged, shape(x)[2]);
  }
  ValueId conv(ValueId x) {
    const std::int64_t s = shape(x)[1], c = shape(x)[2], o = 4 * (1 + below(8)),
                       k = 1 + 2 * below(2);
    const ValueId t = node(Op::kRearrange, {x},
                           {{"dims", Ints{s, c}}, {"perm", Ints{1, 0}}, {"shape", Ints{1, c, s}}});
    const double deviation = 1 / std::sqrt(static_cast<double>(c * k));
    ValueId y = node(Op::kConv, {t, constant({o, c, k}, deviation), constant({o}, 0.2)},
                     {{"strides", Ints{1 + below(2)}},
                      {"pads", Ints{k / 2, k / 2}},
                      {"dilations", Ints{1}},
                      {"group", std::int64_t{1}}});
    if (below(2) == 0) y = function(y);
    const std::int64_t n = shape(y)[2];
    return node(Op::kRearrange, {y},
                {{"dims", Ints{o, n}}, {"perm", Ints{1, 0}}, {"shape", Ints{1, n, o}}});
  }
  /// A value of the same shape, if there is one; else an input.
  ValueId partner(ValueId x) {
    for (std::size_t i = values_.size(); i-- > 0;) {
      if (values_[i] != x && shape(values_[i]) == shape(x)) return values_[i];
    }
    return input("p" + std::to_string(model_.graph.value_count()), shape(x));
  }
  ValueId step(ValueId x) {
    const std::int64_t s = shape(x)[1], c = shape(x)[2];
    switch (below(14)) {
      case 0:
        return function(linear(x, 4 * (1 + below(24))));
      case 1:
        return node(Op::kAdd, {function(linear(x, c)), partner(x)});
      case 2:
        return norm(x);
      case 3:
        return node(Op::kAdd, {attention(norm(x)), x});
      case 4: {
        const std::int64_t n = 4 * (1 + below(16));
        const ValueId gate = node(Op::kSilu, {linear(x, n)}, {{"alpha", 1.0}});
        return linear(node(Op::kMul, {gate, linear(x, n)}), c);
      }
      case 5:
        return node(Op::kAffine, {linear(x, c), constant({c}, 0.5, 1), constant({c}, 0.5)});
      case 6:
        return node(below(2) ? Op::kAdd : Op::kSub, {x, partner(x)});
      case 7:
        return node(Op::kConcat, {x, partner(x)}, {{"axis", 1 + below(2)}});
      case 8: {
        const std::int64_t n = 1 + below(s), from = below(s - n + 1);
        return node(
            Op::kSlice, {x},
            {{"starts", Ints{0, from, 0}}, {"sizes", Ints{1, n, c}}, {"steps", Ints{1, 1, 1}}});
      }
      case 9:
        return conv(x);
      case 10: {
        const ValueId scores =
            node(Op::kMatMul, {linear(x, 16), linear(x, 16)}, {{"transpose_b", std::int64_t{1}}});
        return node(Op::kMatMul, {node(Op::kSoftmax, {scores}, {{"axis", std::int64_t{2}}}), x});
      }
      case 11:
        return node(Op::kPad, {x},
                    {{"before", Ints{0, below(3), 0}},
                     {"after", Ints{0, below(3), 0}},
                     {"mode", std::string("constant")},
                     {"value", 0.0}});
      case 12:
        return node(Op::kAdd, {x, constant({1, s, c}, 1)});
      default:
        return node(Op::kAdd, {linear(function(linear(norm(x), 2 * c)), c), x});
    }
  }

  RandomModel model_;
  std::mt19937 random_;
  std::vector<ValueId> values_;
};

}  // namespace

RandomModel random_model(unsigned seed) { return Maker(seed).make(); }

}  // namespace oct::lower
