// SPDX-License-Identifier: Apache-2.0
// Convolutions, their transpose and pools, in any number of dimensions.
#include <algorithm>
#include <limits>

#include "compiler/exec/kernels.hpp"

namespace oct::exec {
using ir::DType;
using ir::Ints;
using ir::Op;
using ir::Shape;
using ir::Tensor;

namespace {

/// Strides, dilations and pads, filled in.
struct Window {
  Ints strides, dilations, pads, kernel;
  Window(const ir::Attributes& attrs, Ints kernel_shape) : kernel(std::move(kernel_shape)) {
    const std::size_t d = kernel.size();
    strides = attrs.ints("strides", Ints(d, 1));
    dilations = attrs.ints("dilations", Ints(d, 1));
    pads = attrs.ints("pads", Ints(2 * d, 0));
  }
};

/// Calls f(output position, kernel position, input offset or -1 in the padding) for every pair.
template <typename F>
void slide(const Window& w, const Shape& input, const Shape& output, F f) {
  const std::size_t d = w.kernel.size();
  const Shape strides = ir::row_major_strides(input);
  const std::int64_t outs = ir::element_count(output), taps = ir::element_count(w.kernel);
  Odometer<0> at(output, {});
  for (std::int64_t o = 0; o < outs; ++o, at.next()) {
    Odometer<0> tap(w.kernel, {});
    for (std::int64_t k = 0; k < taps; ++k, tap.next()) {
      std::int64_t offset = 0;
      for (std::size_t i = 0; i < d && offset >= 0; ++i) {
        const std::int64_t x =
            at.index()[i] * w.strides[i] + tap.index()[i] * w.dilations[i] - w.pads[i];
        offset = x < 0 || x >= input[i] ? -1 : offset + x * strides[i];
      }
      f(o, k, offset);
    }
  }
}

Shape spatial(const Shape& shape) { return {shape.begin() + 2, shape.end()}; }

Tensor forward(const Call& call) {
  Tensor out = call.make();
  // Integer convolutions are small tests; floats hold their sums exactly.
  const bool integer = call.result.dtype != DType::kFloat32;
  Tensor x = call.in(0).converted(DType::kFloat32), w = call.in(1).converted(DType::kFloat32);
  if (call.node.op == Op::kConvInteger) {
    const auto shift = [](Tensor& t, const Tensor& zero) {
      for (float& v : t.mutable_data<float>()) v -= static_cast<float>(zero.at(0));
    };
    if (call.has(2)) shift(x, call.in(2));
    if (call.has(3)) shift(w, call.in(3));
  }
  const std::int64_t group = call.attrs().integer("group", 1);
  const std::int64_t channels = w.shape()[1], outs = w.shape()[0] / group;
  const Shape in_space = spatial(x.shape()), out_space = spatial(out.shape());
  const std::int64_t in_size = ir::element_count(in_space), size = ir::element_count(out_space);
  const Window window(call.attrs(), spatial(w.shape()));
  const std::int64_t taps = ir::element_count(window.kernel);
  Tensor result(DType::kFloat32, out.shape());
  auto y = result.mutable_data<float>();
  std::vector<float> columns(static_cast<std::size_t>(channels * taps * size));
  for (std::int64_t n = 0; n < x.shape()[0]; ++n) {
    for (std::int64_t g = 0; g < group; ++g) {
      const float* xp = x.data<float>().data() + (n * group + g) * channels * in_size;
      slide(window, in_space, out_space, [&](std::int64_t o, std::int64_t k, std::int64_t at) {
        for (std::int64_t c = 0; c < channels; ++c) {
          columns[static_cast<std::size_t>((c * taps + k) * size + o)] =
              at < 0 ? 0.0F : xp[c * in_size + at];
        }
      });
      float* yp = y.data() + (n * group + g) * outs * size;
      const bool bias = call.node.op == Op::kConv && call.has(2);
      if (bias) {
        for (std::int64_t o = 0; o < outs; ++o) {
          std::fill_n(yp + o * size, size, static_cast<float>(call.in(2).at(g * outs + o)));
        }
      }
      sgemm(false, false, outs, size, channels * taps,
            w.data<float>().data() + g * outs * channels * taps, channels * taps, columns.data(),
            size, bias ? 1.0F : 0.0F, yp, size);
    }
  }
  return integer ? result.converted(call.result.dtype) : result;
}

Tensor transposed(const Call& call) {
  Tensor out = call.make();
  const Tensor &x = call.in(0), &w = call.in(1);
  const std::int64_t group = call.attrs().integer("group", 1);
  const std::int64_t channels = x.shape()[1] / group, outs = w.shape()[1];
  const Shape in_space = spatial(x.shape()), out_space = spatial(out.shape());
  const std::int64_t in_size = ir::element_count(in_space), size = ir::element_count(out_space);
  const Window window(call.attrs(), spatial(w.shape()));
  const std::int64_t taps = ir::element_count(window.kernel);
  auto y = out.mutable_data<float>();
  const auto px = x.data<float>(), pw = w.data<float>();
  for (std::int64_t n = 0; n < x.shape()[0]; ++n) {
    for (std::int64_t g = 0; g < group; ++g) {
      for (std::int64_t o = 0; o < outs; ++o) {
        float* yp = y.data() + ((n * group + g) * outs + o) * size;
        if (call.has(2)) std::fill_n(yp, size, call.in(2).data<float>()[g * outs + o]);
        // The convolution from the output's space back to the input's, scattered.
        slide(window, out_space, in_space, [&](std::int64_t i, std::int64_t k, std::int64_t at) {
          if (at < 0) return;
          for (std::int64_t c = 0; c < channels; ++c) {
            yp[at] += px[((n * group + g) * channels + c) * in_size + i] *
                      pw[((g * channels + c) * outs + o) * taps + k];
          }
        });
      }
    }
  }
  return out;
}

}  // namespace

Tensor convolution(const Call& call) {
  return call.node.op == Op::kConvTranspose ? transposed(call) : forward(call);
}

Tensor pool(const Call& call) {
  Tensor out = call.make();
  const Tensor x = call.in(0).converted(DType::kFloat32);
  const Shape in_space = spatial(x.shape()), out_space = spatial(out.shape());
  const std::int64_t in_size = ir::element_count(in_space), size = ir::element_count(out_space);
  const Window window(call.attrs(), call.attrs().ints("kernel"));
  const bool maximum = call.node.op == Op::kMaxPool;
  const bool padding_counts = call.attrs().integer("count_include_pad") != 0;
  Tensor result(DType::kFloat32, out.shape());
  auto y = result.mutable_data<float>();
  std::vector<float> counts(static_cast<std::size_t>(size));
  slide(window, in_space, out_space, [&](std::int64_t o, std::int64_t, std::int64_t at) {
    if (at >= 0 || padding_counts) ++counts[static_cast<std::size_t>(o)];
  });
  for (std::int64_t plane = 0; plane < x.shape()[0] * x.shape()[1]; ++plane) {
    const float* xp = x.data<float>().data() + plane * in_size;
    float* yp = y.data() + plane * size;
    std::fill_n(yp, size, maximum ? -std::numeric_limits<float>::infinity() : 0.0F);
    slide(window, in_space, out_space, [&](std::int64_t o, std::int64_t, std::int64_t at) {
      if (at < 0) return;
      yp[o] = maximum ? std::max(yp[o], xp[at]) : yp[o] + xp[at];
    });
    for (std::int64_t o = 0; !maximum && o < size; ++o)
      yp[o] /= counts[static_cast<std::size_t>(o)];
  }
  return result.converted(call.result.dtype);
}

}  // namespace oct::exec
