// SPDX-License-Identifier: Apache-2.0
// Images by other operators: blocks of channels, sizes, patches in three dimensions.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "compiler/exec/executor.hpp"
#include "compiler/passes/expressible.hpp"

namespace oct::passes {
using ir::Ints;
using ir::Node;
using ir::Op;
using ir::Shape;
using ir::Tensor;
using ir::ValueId;

ValueId blocks(Maker& m, const Node& n) {
  const Shape s = shape_of(m, n.inputs[0]);
  const std::int64_t b = n.attrs.integer("blocksize", 1);
  if (b < 1 || s.size() != 4) return ir::kNone;
  const std::int64_t c = s[1] / (b * b);
  const bool rows_first = n.attrs.text("mode", "DCR") == "DCR";
  const ValueId v = m.reshape(n.inputs[0], rows_first ? Shape{s[0], b, b, c, s[2], s[3]}
                                                      : Shape{s[0], c, b, b, s[2], s[3]});
  return m.reshape(m.permute(v, rows_first ? Ints{0, 3, 4, 1, 5, 2} : Ints{0, 1, 4, 2, 5, 3}),
                   shape_of(m, n.output));
}

namespace {

/// Nearest neighbours, a whole number of times.
ValueId enlarged(Maker& m, const Node& n) {
  const Shape s = shape_of(m, n.inputs[0]), to = shape_of(m, n.output);
  constexpr std::int64_t kMost = 1 << 24;  // elements that floats can count
  if (n.attrs.text("mode", "nearest") != "nearest" || ir::element_count(to) > kMost)
    return ir::kNone;
  Shape thin, wide;
  for (std::size_t d = 0; d < s.size(); ++d) {
    if (to[d] % s[d] != 0) return ir::kNone;
    thin.insert(thin.end(), {s[d], 1});
    wide.insert(wide.end(), {s[d], to[d] / s[d]});
  }
  // Which neighbour is the nearest one depends on attributes: asked of the executor.
  std::vector<float> numbers(static_cast<std::size_t>(ir::element_count(s)));
  std::iota(numbers.begin(), numbers.end(), 0.0F);
  const Tensor from = Tensor::floats(s, numbers);
  const Tensor got = exec::evaluate(n, {&from}, m.graph().value(n.output).type);
  const Shape strides = ir::row_major_strides(s), ends = ir::row_major_strides(to);
  for (std::int64_t i = 0; i < got.size(); ++i) {
    std::int64_t want = 0;
    for (std::size_t d = 0; d < s.size(); ++d)
      want += i / ends[d] % to[d] / (to[d] / s[d]) * strides[d];
    if (got.at(i) != static_cast<double>(want)) return ir::kNone;
  }
  const ValueId v = m(Op::kExpand, {m.reshape(n.inputs[0], thin)}, {{"shape", wide}});
  return m.reshape(v, to);
}

/// Each new row or column is a sum of old ones: a product with constants for each axis.
ValueId interpolated(Maker& m, const Node& n) {
  const Shape s = shape_of(m, n.inputs[0]), to = shape_of(m, n.output);
  constexpr std::int64_t kMost = 1 << 20;  // of an axis: weights, and the ones that show them
  const auto& attrs = n.attrs.map();
  const auto scales = attrs.find("scales");
  ValueId v = n.inputs[0];
  for (std::size_t d = 0; d < s.size(); ++d) {
    const double scale = scales == attrs.end()
                             ? static_cast<double>(to[d]) / static_cast<double>(s[d])
                             : std::get<std::vector<double>>(scales->second).at(d);
    if (s[d] == to[d] && scale == 1) continue;
    if (s[d] * std::max(s[d], to[d]) > kMost) return ir::kNone;
    // What it makes of single ones: the weights.
    Node one = n;
    one.attrs.set("scales", std::vector<double>{1, scale});
    std::vector<float> unit(static_cast<std::size_t>(s[d] * s[d]));
    for (std::int64_t i = 0; i < s[d]; ++i) unit[static_cast<std::size_t>(i * s[d] + i)] = 1;
    const Tensor ones = Tensor::floats({s[d], s[d]}, unit);
    const Tensor w = exec::evaluate(one, {&ones}, {ir::DType::kFloat32, {s[d], to[d]}});
    Ints turn(s.size());
    std::iota(turn.begin(), turn.end(), 0);
    std::swap(turn[d], turn.back());  // its own inverse
    v = m(Op::kLinear, {m.permute(v, turn), m.graph().add_constant(n.name + ".w", w)});
    v = m.permute(v, turn);
  }
  return v;
}

}  // namespace

ValueId resized(Maker& m, const Node& n) {
  if (is_constant(m, n.inputs[0])) return ir::kNone;
  if (const ValueId v = enlarged(m, n); v != ir::kNone) return v;
  return interpolated(m, n);
}

/// A convolution over volumes whose windows lie side by side: each is a row of a product.
ValueId patches(Maker& m, const Node& n) {
  const Shape x = shape_of(m, n.inputs[0]), k = shape_of(m, n.inputs[1]), y = shape_of(m, n.output);
  const Tensor* w = m.graph().constant(n.inputs[1]);
  if (x.size() != 5 || w == nullptr || n.attrs.integer("group", 1) != 1) return ir::kNone;
  const Ints ones(3, 1);
  const Ints strides = n.attrs.ints("strides", ones), gaps = n.attrs.ints("dilations", ones);
  for (const std::int64_t p : n.attrs.ints("pads", Ints(6, 0))) {
    if (p != 0) return ir::kNone;
  }
  Shape dims{x[0], x[1]};
  ValueId v = n.inputs[0];
  for (std::size_t d = 0; d < 3; ++d) {
    if (strides[d] != k[d + 2] || (gaps[d] != 1 && k[d + 2] != 1)) return ir::kNone;
    v = m.slice(v, d + 2, 0, y[d + 2] * k[d + 2]);  // what is left over is not looked at
    dims.insert(dims.end(), {y[d + 2], k[d + 2]});
  }
  const std::int64_t size = k[1] * k[2] * k[3] * k[4], o = k[0];
  v = m.reshape(m.permute(m.reshape(v, dims), {0, 2, 4, 6, 1, 3, 5, 7}),
                {x[0], y[2] * y[3] * y[4], size});
  const std::vector<double> rows = w->to_doubles();
  std::vector<float> columns(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto row = static_cast<std::int64_t>(i) / size, at = static_cast<std::int64_t>(i) % size;
    columns[static_cast<std::size_t>(at * o + row)] = static_cast<float>(rows[i]);
  }
  std::vector<ValueId> in{v, m.tensor({size, o}, columns)};
  if (n.inputs.size() > 2 && n.inputs[2] != ir::kNone) in.push_back(n.inputs[2]);
  v = m.permute(m(Op::kLinear, in), {0, 2, 1});
  return m.reshape(v, y);
}

}  // namespace oct::passes
