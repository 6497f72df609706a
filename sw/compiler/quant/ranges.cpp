// SPDX-License-Identifier: Apache-2.0
#include "compiler/quant/ranges.hpp"

#include <algorithm>
#include <cmath>

namespace oct::quant {

void Histogram::widen(double max) {
  if (bins_.empty()) {
    bins_.resize(kBins);
    width_ = std::ldexp(1.0, std::ilogb(max) + 1) / kBins;
  }
  while (max >= width_ * kBins) {
    for (std::size_t i = 0; i < kBins / 2; ++i) bins_[i] = bins_[2 * i] + bins_[2 * i + 1];
    std::fill(bins_.begin() + kBins / 2, bins_.end(), 0);
    width_ *= 2;
  }
}

void Histogram::add(std::span<const float> values, std::span<const float> valid) {
  float max = 0;
  const auto counts = [&](std::size_t i) { return valid.empty() || valid[i] != 0; };
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (counts(i)) max = std::max(max, std::fabs(values[i]));
  }
  max_ = std::max(max_, static_cast<double>(max));
  if (max > 0) widen(max);
  const float inverse = width_ > 0 ? static_cast<float>(1 / width_) : 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!counts(i)) continue;
    ++count_;
    if (values[i] != 0) {
      ++bins_[std::min(kBins - 1, static_cast<std::size_t>(std::fabs(values[i]) * inverse))];
    }
  }
}

void Histogram::add(const Histogram& other) {
  max_ = std::max(max_, other.max_);
  count_ += other.count_;
  if (other.bins_.empty()) return;
  widen(other.width_ * kBins / 2);  // the widths are powers of two
  while (width_ < other.width_) widen(width_ * kBins);
  for (std::size_t i = 0; i < kBins; ++i) {
    const double middle = (static_cast<double>(i) + 0.5) * other.width_;
    if (other.bins_[i] != 0) {
      bins_[std::min(kBins - 1, static_cast<std::size_t>(middle / width_))] += other.bins_[i];
    }
  }
}

double Histogram::error(double clip, int levels) const {
  if (count_ == 0) return 0;
  const double step = clip / levels;
  double sum = 0;
  for (std::size_t i = 0; i < bins_.size(); ++i) {
    if (bins_[i] == 0) continue;
    const double x = (static_cast<double>(i) + 0.5) * width_;
    // Bins narrow against a step hold one value; in wide ones all distances are equally likely.
    const double rounding = x > clip            ? (x - clip) * (x - clip)
                            : width_ * 4 > step ? step * step / 12
                                                : std::pow(x - step * std::nearbyint(x / step), 2);
    sum += static_cast<double>(bins_[i]) * rounding;
  }
  return sum / static_cast<double>(count_);
}

double Histogram::beyond(double clip) const {
  if (count_ == 0) return 0;
  double sum = 0;
  for (std::size_t i = bins_.size(); i-- > 0;) {
    const double over = (static_cast<double>(i) + 0.5) * width_ - clip;
    if (over <= 0) break;
    sum += static_cast<double>(bins_[i]) * over * over;
  }
  return sum / static_cast<double>(count_);
}

double Histogram::best_clip(int levels) const {
  double best = max_, least = error(max_, levels);
  for (int i = 99; i >= 10; --i) {
    const double clip = max_ * i / 100;
    // What clipping alone costs only grows from here on: no smaller clip can be better.
    if (beyond(clip) * (1 - 1e-9) > least) break;
    const double e = error(clip, levels);
    if (e < least) {
      least = e;
      best = clip;
    }
  }
  return best;
}

}  // namespace oct::quant
