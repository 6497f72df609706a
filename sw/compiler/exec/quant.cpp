// SPDX-License-Identifier: Apache-2.0
// Between floats and integers, as ONNX defines it.
#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/exec/kernels.hpp"

namespace oct::exec {
using ir::DType;
using ir::Op;
using ir::Pointee;
using ir::Shape;
using ir::Tensor;

namespace {

/// Strides over x's shape that find the scale of each element; `block` elements share one.
struct Scales {
  Shape shape, strides;
  Scales(const Call& call, const Shape& x) : shape(x), strides(x.size(), 0) {
    const Tensor& scale = call.in(1);
    if (scale.size() == 1) return;
    const auto axis =
        static_cast<std::size_t>(ir::normalized_axis(call.attrs().integer("axis", 1), x.size()));
    if (scale.shape().size() == 1) {
      strides[axis] = 1;
      return;
    }
    // In blocks: the axis in two, so that the inner one has stride 0.
    const std::int64_t block = call.attrs().integer("block_size");
    if (x[axis] % block != 0) throw ir::CompileError("blocks that do not fill their axis");
    shape[axis] /= block;
    shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, block);
    strides = ir::row_major_strides(scale.shape());
    strides.insert(strides.begin() + static_cast<std::ptrdiff_t>(axis) + 1, 0);
  }
};

struct Extremes {
  float scale;
  int zero;
};

Extremes dynamic_range(const Tensor& x) {
  float low = 0, high = 0;
  for (const float v : x.data<float>()) {
    low = std::min(low, v);
    high = std::max(high, v);
  }
  const float scale = (high - low) / 255.0F;
  const float zero = scale == 0 ? 0.0F : std::nearbyint(-low / scale);
  return {scale == 0 ? 1.0F : scale, static_cast<int>(std::clamp(zero, 0.0F, 255.0F))};
}

}  // namespace

Tensor quantisation(const Call& call) {
  Tensor out = call.make();
  const Tensor& x = call.in(0);
  if (call.node.op == Op::kDynamicScale) return Tensor::scalar(dynamic_range(x).scale);
  if (call.node.op == Op::kDynamicZero) {
    out.mutable_data<std::uint8_t>()[0] = static_cast<std::uint8_t>(dynamic_range(x).zero);
    return out;
  }
  if (call.node.op == Op::kFixed) {
    const auto scale = static_cast<float>(call.attrs().number("scale"));
    const auto number = [&](const char* name) {
      return static_cast<float>(call.attrs().integer(name));
    };
    const float zero = number("zero"), low = number("low"), high = number("high");
    const auto from = x.data<float>();
    auto to = out.mutable_data<float>();
    for (std::size_t i = 0; i < to.size(); ++i) {
      to[i] = (std::clamp(std::nearbyint(from[i] / scale) + zero, low, high) - zero) * scale;
    }
    return out;
  }
  const Tensor& scale = call.in(1);
  const Scales s(call, x.shape());
  Odometer<1> at(s.shape, {s.strides});
  if (call.node.op == Op::kDequantize) {
    ir::with_type(x.dtype(), [&](auto* p) {
      using T = Pointee<decltype(p)>;
      const auto from = x.data<T>();
      auto to = out.mutable_data<float>();
      for (std::size_t i = 0; i < to.size(); ++i, at.next()) {
        const std::int64_t k = at.offset(0);
        const double zero = call.has(2) ? call.in(2).at(k) : 0.0;
        to[i] = static_cast<float>(static_cast<double>(from[i]) - zero) *
                scale.data<float>()[static_cast<std::size_t>(k)];
      }
    });
  } else if (call.node.op == Op::kQuantize) {
    ir::with_type(out.dtype(), [&](auto* p) {
      using T = Pointee<decltype(p)>;
      const auto from = x.data<float>();
      auto to = out.mutable_data<T>();
      for (std::size_t i = 0; i < to.size(); ++i, at.next()) {
        const std::int64_t k = at.offset(0);
        const double zero = call.has(2) ? call.in(2).at(k) : 0.0;
        const double v =
            std::nearbyint(from[i] / scale.data<float>()[static_cast<std::size_t>(k)]) + zero;
        to[i] = static_cast<T>(std::clamp(v, static_cast<double>(std::numeric_limits<T>::lowest()),
                                          static_cast<double>(std::numeric_limits<T>::max())));
      }
    });
  } else {
    throw std::logic_error("no float kernel for " + std::string(ir::op_name(call.node.op)));
  }
  return out;
}

}  // namespace oct::exec
