// SPDX-License-Identifier: Apache-2.0
#include "compiler/quant/trial.hpp"

#include <algorithm>
#include <cmath>

#include "compiler/exec/kernels.hpp"
#include "compiler/quant/ranges.hpp"
#include "compiler/quant/simulate.hpp"

namespace oct::quant {
using ir::Tensor;

namespace {

Tensor product(const Tensor& x, const Tensor& w) {
  const std::int64_t m = x.shape()[0], k = x.shape()[1], n = w.shape()[1];
  Tensor out(ir::DType::kFloat32, {m, n});
  exec::sgemm(false, false, m, n, k, x.data<float>().data(), k, w.data<float>().data(), n, 0.0F,
              out.mutable_data<float>().data(), n);
  return out;
}

double power(const Tensor& t) {
  double sum = 0;
  for (const float v : t.data<float>()) sum += static_cast<double>(v) * v;
  return sum;
}

double distance(const Tensor& a, const Tensor& b) {
  const auto x = a.data<float>(), y = b.data<float>();
  double noise = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double d = static_cast<double>(x[i]) - y[i];
    noise += d * d;
  }
  return noise / std::max(power(a), 1e-30);
}

}  // namespace

Tensor columns(const Tensor& x, const std::vector<std::size_t>& map) {
  const auto rows = static_cast<std::size_t>(x.shape()[0]);
  const auto from_width = static_cast<std::size_t>(x.shape()[1]);
  Tensor out(ir::DType::kFloat32, {x.shape()[0], static_cast<std::int64_t>(map.size())});
  const auto from = x.data<float>();
  const auto to = out.mutable_data<float>();
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t i = 0; i < map.size(); ++i) {
      to[r * map.size() + i] = from[r * from_width + map[i]];
    }
  }
  return out;
}

std::vector<float> Halves::channel_max() const {
  std::vector<float> out = fit.channel_max;
  for (std::size_t i = 0; i < out.size() && i < test.channel_max.size(); ++i) {
    out[i] = std::max(out[i], test.channel_max[i]);
  }
  return out;
}

Trial::Trial(Tensor fit, Tensor test, std::vector<Tensor> weights, bool residual)
    : fit_(std::move(fit)), x_(std::move(test)), weights_(std::move(weights)), residual_(residual) {
  for (const Tensor& w : weights_) exact_.push_back(product(x_, w));
}

double Trial::error(const std::vector<float>& factors, bool round_weights) const {
  const std::size_t k = factors.size();
  const auto divided = [&](Tensor x) {
    const auto v = x.mutable_data<float>();
    for (std::size_t i = 0; i < v.size(); ++i) v[i] /= factors[i % k];
    return x;
  };
  Histogram seen;
  seen.add(divided(fit_).data<float>());
  if (seen.max_abs() == 0) return 0;
  Tensor x = divided(x_);
  round_to(x, {integer::Elem::kI8, seen.best_clip(127) / 127, seen.max_abs()});
  double sum = 0;
  for (std::size_t c = 0; c < weights_.size(); ++c) {
    Tensor w = weights_[c];
    const auto n = static_cast<std::size_t>(w.shape()[1]);
    auto data = w.mutable_data<float>();
    for (std::size_t i = 0; i < data.size(); ++i) data[i] *= factors[i / n];
    if (round_weights) w = rounded_weights(w, true);
    sum += distance(exact_[c], product(x, w));
  }
  if (residual_) {
    const auto v = x.mutable_data<float>();
    for (std::size_t i = 0; i < v.size(); ++i) v[i] *= factors[i % k];
    sum += distance(x_, x);
  }
  return sum;
}

std::vector<float> factors_for(const std::vector<float>& x_max, const std::vector<float>& w_max,
                               double alpha) {
  std::vector<float> out(x_max.size(), 1.0F);
  double mean = 0;
  int count = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (x_max[i] <= 0 || w_max[i] <= 0) continue;
    const double log = alpha * std::log2(x_max[i]) - (1 - alpha) * std::log2(w_max[i]);
    out[i] = static_cast<float>(log);
    mean += log;
    ++count;
  }
  if (count > 0) mean /= count;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const bool idle = x_max[i] <= 0 || w_max[i] <= 0;
    out[i] = idle ? 1.0F : static_cast<float>(std::exp2(std::clamp(out[i] - mean, -10.0, 10.0)));
  }
  return out;
}

}  // namespace oct::quant
