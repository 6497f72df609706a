// SPDX-License-Identifier: Apache-2.0
// Resize by one axis after the other: nearest, linear, cubic.
#include <algorithm>
#include <array>
#include <cmath>

#include "compiler/exec/kernels.hpp"

namespace oct::exec {
using ir::Shape;
using ir::Tensor;

namespace {

struct Axis {
  std::int64_t in, out;
  double scale;
  std::string mode, coordinates, nearest;
  double cubic;
  bool exclude_outside;
};

double source(const Axis& a, std::int64_t x) {
  const auto at = static_cast<double>(x);
  if (a.coordinates == "asymmetric") return at / a.scale;
  if (a.coordinates == "align_corners") {
    return a.out == 1 ? 0.0 : at * static_cast<double>(a.in - 1) / static_cast<double>(a.out - 1);
  }
  if (a.coordinates == "pytorch_half_pixel") return a.out > 1 ? (at + 0.5) / a.scale - 0.5 : 0.0;
  if (a.coordinates == "half_pixel") return (at + 0.5) / a.scale - 0.5;
  if (a.coordinates == "half_pixel_symmetric") {
    const double adjustment = static_cast<double>(a.out) / (a.scale * static_cast<double>(a.in));
    const double center = static_cast<double>(a.in) / 2;
    return center * (1 - adjustment) + (at + 0.5) / a.scale - 0.5;
  }
  throw ir::CompileError("Resize with coordinate_transformation_mode " + a.coordinates);
}

std::int64_t nearest(const Axis& a, double x) {
  if (a.nearest == "floor") return static_cast<std::int64_t>(std::floor(x));
  if (a.nearest == "ceil") return static_cast<std::int64_t>(std::ceil(x));
  if (a.nearest == "round_prefer_ceil") return static_cast<std::int64_t>(std::floor(x + 0.5));
  return static_cast<std::int64_t>(std::ceil(x - 0.5));  // round_prefer_floor
}

double cubic_weight(double d, double a) {
  d = std::fabs(d);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  if (d < 2) return a * (((d - 5) * d + 8) * d - 4);
  return 0;
}

/// Up to four source positions with their weights.
struct Taps {
  std::array<std::int64_t, 4> at{};
  std::array<double, 4> weight{};
  int count = 0;
};

Taps taps(const Axis& a, std::int64_t x) {
  Taps t;
  const double s = source(a, x);
  const auto add = [&](std::int64_t at, double weight) {
    const std::int64_t inside = std::clamp<std::int64_t>(at, 0, a.in - 1);
    if (a.exclude_outside && inside != at) return;
    const auto i = static_cast<std::size_t>(t.count++);
    t.at[i] = inside;
    t.weight[i] = weight;
  };
  const auto base = static_cast<std::int64_t>(std::floor(s));
  const double f = s - static_cast<double>(base);
  if (a.mode == "nearest") {
    t.at[0] = std::clamp<std::int64_t>(nearest(a, s), 0, a.in - 1);
    t.weight[0] = 1;
    t.count = 1;
  } else if (a.mode == "linear") {
    add(base, 1 - f);
    add(base + 1, f);
  } else if (a.mode == "cubic") {
    for (int i = -1; i <= 2; ++i) add(base + i, cubic_weight(f - i, a.cubic));
  } else {
    throw ir::CompileError("Resize with mode " + a.mode);
  }
  if (a.exclude_outside) {
    double sum = 0;
    for (int i = 0; i < t.count; ++i) sum += t.weight[static_cast<std::size_t>(i)];
    for (double& w : t.weight) w /= sum;
  }
  return t;
}

Tensor along(const Tensor& x, std::size_t axis, const Axis& a) {
  Shape shape = x.shape();
  shape[axis] = a.out;
  Tensor out(ir::DType::kFloat32, shape);
  const std::int64_t inner = ir::row_major_strides(shape)[axis];
  const std::int64_t outer = inner * a.out == 0 ? 0 : out.size() / (inner * a.out);
  const float* from = x.data<float>().data();
  float* to = out.mutable_data<float>().data();
  for (std::int64_t i = 0; i < a.out; ++i) {
    const Taps t = taps(a, i);
    for (std::int64_t o = 0; o < outer; ++o) {
      for (std::int64_t j = 0; j < inner; ++j) {
        double sum = 0;
        for (int k = 0; k < t.count; ++k) {
          const auto n = static_cast<std::size_t>(k);
          sum += t.weight[n] * from[(o * a.in + t.at[n]) * inner + j];
        }
        to[(o * a.out + i) * inner + j] = static_cast<float>(sum);
      }
    }
  }
  return out;
}

}  // namespace

Tensor resize(const Call& call) {
  const ir::Attributes& attrs = call.attrs();
  const auto it = attrs.map().find("scales");
  const std::vector<double> scales =
      it == attrs.map().end() ? std::vector<double>{} : std::get<std::vector<double>>(it->second);
  Tensor x = call.in(0).converted(ir::DType::kFloat32);
  for (std::size_t d = 0; d < call.result.shape.size(); ++d) {
    const std::int64_t in = x.shape()[d], out = call.result.shape[d];
    if (in == 0) throw ir::CompileError("Resize of a tensor without elements");
    const double scale =
        scales.empty() ? static_cast<double>(out) / static_cast<double>(in) : scales.at(d);
    if (in == out && scale == 1.0) continue;
    x = along(
        x, d,
        {in, out, scale, attrs.text("mode", "nearest"), attrs.text("coordinates", "half_pixel"),
         attrs.text("nearest_mode", "round_prefer_floor"), attrs.number("cubic_coeff_a", -0.75),
         attrs.integer("exclude_outside") != 0});
  }
  return x.converted(call.result.dtype);
}

}  // namespace oct::exec
