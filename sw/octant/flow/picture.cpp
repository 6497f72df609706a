// SPDX-License-Identifier: Apache-2.0
#include "flow/picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace octant {
namespace {

using oct::ir::Tensor;

constexpr std::int64_t kMostPixels = 64, kMostClasses = 32;

void print_image(const std::string& name, const Tensor& image) {
  const auto& shape = image.shape();
  const std::int64_t rows = shape[shape.size() - 2], columns = shape.back();
  double low = image.at(0), high = low;
  for (std::int64_t i = 0; i < image.size(); ++i) {
    low = std::min(low, image.at(i)), high = std::max(high, image.at(i));
  }
  constexpr std::string_view kInk = " .:-=+*#%@";
  fmt::print("{}\n", name);
  for (std::int64_t y = 0; y < rows; ++y) {
    std::string line = "    ";
    for (std::int64_t x = 0; x < columns; ++x) {
      const double v = (image.at(y * columns + x) - low) / std::max(high - low, 1e-9);
      const auto ink =
          static_cast<std::size_t>(std::lround(v * static_cast<double>(kInk.size() - 1)));
      line += std::string(2, kInk[ink]);
    }
    fmt::print("{}\n", line);
  }
}

std::vector<double> probabilities(const Tensor& logits) {
  std::vector<double> p(static_cast<std::size_t>(logits.size()));
  double most = logits.at(0), sum = 0;
  for (std::int64_t i = 0; i < logits.size(); ++i) most = std::max(most, logits.at(i));
  for (std::size_t i = 0; i < p.size(); ++i) {
    sum += p[i] = std::exp(logits.at(static_cast<std::int64_t>(i)) - most);
  }
  for (double& x : p) x /= sum;
  return p;
}

void print_classes(const std::string& name, const Tensor& got, const Tensor& wanted) {
  const std::vector<double> ours = probabilities(got), real = probabilities(wanted);
  const auto best =
      static_cast<std::size_t>(std::max_element(ours.begin(), ours.end()) - ours.begin());
  const auto float_best =
      static_cast<std::size_t>(std::max_element(real.begin(), real.end()) - real.begin());
  fmt::print("{:<10}{:>10}{:>10}\n", name, "INT8", "float");
  for (std::size_t i = 0; i < ours.size(); ++i) {
    fmt::print("    {:<6}{:>8.2f} %{:>8.2f} %  {}{}\n", i, 100 * ours[i], 100 * real[i],
               std::string(static_cast<std::size_t>(std::lround(ours[i] * 30)), '#'),
               i == best ? " <" : "");
  }
  fmt::print("prediction: {} ({})\n", best,
             best == float_best ? "the float model's, too"
                                : fmt::format("the float model says {}", float_best));
}

}  // namespace

void print_pictures(const oct::exec::Tensors& inputs, const oct::exec::Tensors& got,
                    const oct::exec::Tensors& wanted) {
  for (const auto& [name, t] : inputs) {
    const auto& s = t.shape();
    if (s.size() < 2 || t.size() == 0 || t.size() != s[s.size() - 2] * s.back()) continue;
    if (s[s.size() - 2] > 1 && s[s.size() - 2] <= kMostPixels && s.back() <= kMostPixels) {
      print_image(name, t);
    }
  }
  for (const auto& [name, t] : got) {
    const auto real = wanted.find(name);
    if (real == wanted.end() || t.size() == 0 || t.size() > kMostClasses) continue;
    if (t.shape().empty() || t.shape().back() != t.size()) continue;
    print_classes(name, t, real->second);
  }
}

}  // namespace octant
