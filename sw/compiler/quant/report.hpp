// SPDX-License-Identifier: Apache-2.0
// What rounding costs, value by value and output by output.
#pragma once

#include <string>
#include <vector>

#include "compiler/quant/simulate.hpp"

namespace oct::quant {

/// Exact and rounded values, element by element.
class Difference {
 public:
  /// Elements for which `valid` (if not empty) is 0 are left out.
  void add(std::span<const float> exact, std::span<const float> rounded,
           std::span<const float> valid = {});

  [[nodiscard]] double cosine() const;
  [[nodiscard]] double max_error() const { return max_error_; }
  /// Signal to noise in dB; at most 200.
  [[nodiscard]] double sqnr() const;
  /// Power of the noise relative to the signal's.
  [[nodiscard]] double relative() const;

 private:
  double dot_ = 0, exact_ = 0, rounded_ = 0, noise_ = 0, max_error_ = 0;
};

struct LayerAccuracy {
  std::string name;  ///< of the node, or of the output
  ir::Sources sources;
  ir::ValueId value = ir::kNone;
  bool stored = false;  ///< as integers `quant`
  ValueQuant quant;
  Difference difference;
};

struct Accuracy {
  std::vector<LayerAccuracy> layers, outputs;
};

/// Masked tokens are left out.
[[nodiscard]] Accuracy accuracy(const Plan& plan, const std::vector<exec::Tensors>& samples);
[[nodiscard]] std::string to_text(const Accuracy& accuracy);

}  // namespace oct::quant
