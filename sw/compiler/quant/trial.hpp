// SPDX-License-Identifier: Apache-2.0
// One tensor and the products that read it: what rounding both costs, for some factors of channels.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "compiler/exec/executor.hpp"

namespace oct::quant {

/// Rows {R, K} of a value; the largest absolute value of each channel, over more rows than these.
struct Rows {
  ir::Tensor x;
  std::vector<float> channel_max;
};
/// Rows of two halves of the samples: what is fitted to one is tried on the other, else factors
/// that follow every channel's largest value look better than they are.
struct Halves {
  Rows fit, test;
  [[nodiscard]] std::vector<float> channel_max() const;
};

/// Some rows of each wanted value. Samples in turn go to the halves; of one sample, its rows.
[[nodiscard]] std::map<ir::ValueId, Halves> collect_rows(const ir::Graph& graph,
                                                         const std::set<ir::ValueId>& wanted,
                                                         const std::vector<exec::Tensors>& samples);

/// Columns of x in another order: result[r][i] = x[r][map[i]].
[[nodiscard]] ir::Tensor columns(const ir::Tensor& x, const std::vector<std::size_t>& map);

class Trial {
 public:
  /// x is stored as INT8, with the range that fits the rows `fit`, and read by products with
  /// `weights` {K, N} each; `residual`: by a sum, too. Errors are those of the rows `test`.
  Trial(ir::Tensor fit, ir::Tensor test, std::vector<ir::Tensor> weights, bool residual);

  /// Power of the errors relative to the results, summed over the readers, if x is stored as
  /// x / factors and the weights as weights * factors. `round_weights`: as INT8, too.
  [[nodiscard]] double error(const std::vector<float>& factors, bool round_weights = true) const;

 private:
  ir::Tensor fit_, x_;
  std::vector<ir::Tensor> weights_, exact_;
  bool residual_;
};

/// x^alpha / w^(1 - alpha), around 1; 1 for channels that are always 0.
[[nodiscard]] std::vector<float> factors_for(const std::vector<float>& x_max,
                                             const std::vector<float>& w_max, double alpha);

}  // namespace oct::quant
