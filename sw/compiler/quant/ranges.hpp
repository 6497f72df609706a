// SPDX-License-Identifier: Apache-2.0
// How large the elements of a tensor are, and where to clip them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace oct::quant {

/// Absolute values in bins of equal width; the width doubles as larger ones come.
class Histogram {
 public:
  /// Elements for which `valid` (if not empty) is 0 are left out.
  void add(std::span<const float> values, std::span<const float> valid = {});
  void add(const Histogram& other);

  [[nodiscard]] double max_abs() const { return max_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// Mean squared error when values are clipped to [-clip, clip] and rounded to clip / levels.
  [[nodiscard]] double error(double clip, int levels) const;
  /// The clip with the least such error.
  [[nodiscard]] double best_clip(int levels) const;

 private:
  static constexpr std::size_t kBins = 4096;
  void widen(double max);
  /// The part of error() that comes from values beyond the clip.
  [[nodiscard]] double beyond(double clip) const;

  double width_ = 0, max_ = 0;
  std::uint64_t count_ = 0;
  std::vector<std::uint64_t> bins_;
};

}  // namespace oct::quant
