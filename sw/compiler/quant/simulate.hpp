// SPDX-License-Identifier: Apache-2.0
// A plan tried out in floats: every value that is stored is rounded to its integers, weights per
// output channel to INT8. What it leaves out (mantissas of 24 bits, weights of attention in 8 bits)
// is small against what it shows; the integer graph has the last word.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compiler/quant/plan.hpp"

namespace oct::quant {

/// Which values an engine job keeps to itself: sums before a residual, a factor or a limit.
[[nodiscard]] std::vector<bool> fused_values(const ir::Graph& graph,
                                             const std::map<ir::ValueId, ValueQuant>& values);

class Simulator {
 public:
  explicit Simulator(const Plan& plan);

  /// Called with every value of a run: exact, and as integers would give it.
  using Observer = std::function<void(ir::ValueId, const ir::Tensor&, const ir::Tensor&)>;
  /// The outputs that integers would give.
  [[nodiscard]] exec::Tensors run(const exec::Tensors& inputs,
                                  const Observer& observe = nullptr) const;

 private:
  ir::Graph exact_, rounded_;  // the same values; weights differ
  std::map<ir::ValueId, ValueQuant> rounding_;
};

/// A constant, or what a Dequantize makes of constants.
[[nodiscard]] ir::Tensor constant_value(const ir::Graph& graph, ir::ValueId v);
/// x in place of what INT8 or INT16 hold of it.
void round_to(ir::Tensor& x, const ValueQuant& q);
/// Weights of a Linear {K, N} or Conv {N, ...}, symmetric INT8 for each output channel.
[[nodiscard]] ir::Tensor rounded_weights(const ir::Tensor& w, bool channels_last);

}  // namespace oct::quant
