// SPDX-License-Identifier: Apache-2.0
// Norms, softmax, rotary embedding, reductions.
#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/exec/kernels.hpp"

namespace oct::exec {
using ir::DType;
using ir::Ints;
using ir::Op;
using ir::Pointee;
using ir::Shape;
using ir::Tensor;

namespace {

/// Rows of `inner` elements behind `axis`.
struct Rows {
  std::int64_t count = 1, inner = 1;
  Rows(const Shape& shape, std::int64_t axis) {
    for (std::size_t i = 0; i < shape.size(); ++i) {
      (static_cast<std::int64_t>(i) < axis ? count : inner) *= shape[i];
    }
  }
};

/// A parameter as one value for each element of a row.
std::vector<float> spread(const Tensor& p, const Shape& row) {
  std::vector<float> out(static_cast<std::size_t>(ir::element_count(row)));
  Odometer<1> at(row, {broadcast_strides(p.shape(), row)});
  for (float& v : out) {
    v = p.data<float>()[static_cast<std::size_t>(at.offset(0))];
    at.next();
  }
  return out;
}

void softmax(const Call& call, Tensor& out, std::int64_t axis) {
  const Shape& s = out.shape();
  const std::int64_t n = s[static_cast<std::size_t>(axis)];
  const std::int64_t inner = ir::row_major_strides(s)[static_cast<std::size_t>(axis)];
  const float* x = call.in(0).data<float>().data();
  float* y = out.mutable_data<float>().data();
  for (std::int64_t row = 0; n > 0 && row < out.size() / n; ++row) {
    const std::int64_t base = row / inner * inner * n + row % inner;
    float top = -std::numeric_limits<float>::infinity(), sum = 0;
    for (std::int64_t i = 0; i < n; ++i) top = std::max(top, x[base + i * inner]);
    for (std::int64_t i = 0; i < n; ++i) {
      y[base + i * inner] = std::exp(x[base + i * inner] - top);
      sum += y[base + i * inner];
    }
    for (std::int64_t i = 0; i < n; ++i) {
      float& v = y[base + i * inner];
      v = call.node.op == Op::kSoftmax ? v / sum : x[base + i * inner] - top - std::log(sum);
    }
  }
}

void l2_norm(const Call& call, Tensor& out, std::int64_t axis) {
  const Shape& s = out.shape();
  const std::int64_t n = s[static_cast<std::size_t>(axis)];
  const std::int64_t inner = ir::row_major_strides(s)[static_cast<std::size_t>(axis)];
  const auto floor = static_cast<float>(call.attrs().number("epsilon", 0));
  const float* x = call.in(0).data<float>().data();
  float* y = out.mutable_data<float>().data();
  for (std::int64_t row = 0; n > 0 && row < out.size() / n; ++row) {
    const std::int64_t base = row / inner * inner * n + row % inner;
    float sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += x[base + i * inner] * x[base + i * inner];
    const float length = std::max(std::sqrt(sum), floor);
    for (std::int64_t i = 0; i < n; ++i) {
      y[base + i * inner] = length > 0 ? x[base + i * inner] / length : 0.0F;
    }
  }
}

/// LayerNorm, RmsNorm, Affine.
void rows(const Call& call, Tensor& out, std::int64_t axis) {
  const Rows r(out.shape(), axis);
  const Shape row(out.shape().begin() + axis, out.shape().end());
  const std::vector<float> gamma =
      call.has(1) ? spread(call.in(1), row)
                  : std::vector<float>(static_cast<std::size_t>(r.inner), 1.0F);
  const std::vector<float> beta = call.has(2)
                                      ? spread(call.in(2), row)
                                      : std::vector<float>(static_cast<std::size_t>(r.inner), 0.0F);
  const double epsilon = call.attrs().number("epsilon", 1e-5);
  const float* x = call.in(0).data<float>().data();
  float* y = out.mutable_data<float>().data();
  for (std::int64_t i = 0; i < r.count; ++i, x += r.inner, y += r.inner) {
    double mean = 0, square = 0;
    if (call.node.op == Op::kLayerNorm) {
      for (std::int64_t j = 0; j < r.inner; ++j) mean += x[j];
      mean /= static_cast<double>(r.inner);
    }
    if (call.node.op != Op::kAffine) {
      for (std::int64_t j = 0; j < r.inner; ++j) square += (x[j] - mean) * (x[j] - mean);
    }
    const double scale = call.node.op == Op::kAffine
                             ? 1.0
                             : 1.0 / std::sqrt(square / static_cast<double>(r.inner) + epsilon);
    for (std::int64_t j = 0; j < r.inner; ++j) {
      const auto k = static_cast<std::size_t>(j);
      y[j] = static_cast<float>((x[j] - mean) * scale) * gamma[k] + beta[k];
    }
  }
}

void batch_norm(const Call& call, Tensor& out) {  // x, scale, bias, mean, variance
  const Shape& s = out.shape();
  std::int64_t inner = 1;
  for (std::size_t i = 2; i < s.size(); ++i) inner *= s[i];
  const double epsilon = call.attrs().number("epsilon", 1e-5);
  const auto x = call.in(0).data<float>();
  auto y = out.mutable_data<float>();
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::int64_t c = static_cast<std::int64_t>(i) / inner % s[1];
    y[i] = static_cast<float>((x[i] - call.in(3).at(c)) / std::sqrt(call.in(4).at(c) + epsilon) *
                                  call.in(1).at(c) +
                              call.in(2).at(c));
  }
}

void group_norm(const Call& call, Tensor& out) {  // x, scale[C], bias[C]
  const Shape& s = out.shape();
  const std::int64_t groups = call.attrs().integer("groups", 1);
  const std::int64_t n = out.size() / std::max<std::int64_t>(1, s[0] * groups);
  const std::int64_t inner = out.size() / std::max<std::int64_t>(1, s[0] * s[1]);
  const double epsilon = call.attrs().number("epsilon", 1e-5);
  const auto x = call.in(0).data<float>();
  auto y = out.mutable_data<float>();
  for (std::int64_t g = 0; g < s[0] * groups; ++g) {
    double mean = 0, square = 0;
    for (std::int64_t i = g * n; i < (g + 1) * n; ++i) mean += x[static_cast<std::size_t>(i)];
    mean /= static_cast<double>(n);
    for (std::int64_t i = g * n; i < (g + 1) * n; ++i) {
      const double v = x[static_cast<std::size_t>(i)] - mean;
      square += v * v;
    }
    const double scale = 1 / std::sqrt(square / static_cast<double>(n) + epsilon);
    for (std::int64_t i = g * n; i < (g + 1) * n; ++i) {
      const std::int64_t c = i / inner % s[1];
      y[static_cast<std::size_t>(i)] = static_cast<float>(
          (x[static_cast<std::size_t>(i)] - mean) * scale * call.in(1).at(c) + call.in(2).at(c));
    }
  }
}

}  // namespace

Tensor norm(const Call& call) {
  Tensor out = call.make();
  if (call.node.op == Op::kBatchNorm) {
    batch_norm(call, out);
  } else if (call.node.op == Op::kGroupNorm) {
    group_norm(call, out);
  } else {
    const auto axis = ir::normalized_axis(call.attrs().integer("axis", -1), out.shape().size());
    switch (call.node.op) {
      case Op::kSoftmax:
      case Op::kLogSoftmax:
        softmax(call, out, axis);
        break;
      case Op::kL2Norm:
        l2_norm(call, out, axis);
        break;
      default:
        rows(call, out, axis);
    }
  }
  return out;
}

Tensor rotary(const Call& call) {
  Tensor out = call.in(0);
  const Shape& s = out.shape();
  const Tensor &cos = call.in(1), &sin = call.in(2);
  const std::int64_t half = cos.shape()[1], positions = cos.shape()[0];
  const bool interleaved = call.attrs().integer("interleaved") != 0;
  auto y = out.mutable_data<float>();
  const auto x = call.in(0).data<float>(), pc = cos.data<float>(), ps = sin.data<float>();
  for (std::int64_t row = 0; row < s[0] * s[1] * s[2]; ++row) {
    const std::int64_t i = row % s[2], b = row / (s[1] * s[2]);
    const std::int64_t p =
        call.has(3) ? call.in(3).int_at(call.in(3).shape()[0] == 1 ? i : b * s[2] + i) : i;
    if (p < 0 || p >= positions) {
      throw ir::CompileError("position " + std::to_string(p) + " is outside the rotary table of " +
                             std::to_string(positions));
    }
    for (std::int64_t j = 0; j < half; ++j) {
      const auto a = static_cast<std::size_t>(row * s[3] + (interleaved ? 2 * j : j));
      const auto b2 = static_cast<std::size_t>(row * s[3] + (interleaved ? 2 * j + 1 : j + half));
      const auto t = static_cast<std::size_t>(p * half + j);
      y[a] = x[a] * pc[t] - x[b2] * ps[t];
      y[b2] = x[b2] * pc[t] + x[a] * ps[t];
    }
  }
  return out;
}

}  // namespace oct::exec
