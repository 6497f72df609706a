// SPDX-License-Identifier: Apache-2.0
// Many samples: what a network's integers say to each, beside the float model.
#pragma once

#include <string>
#include <vector>

#include "flow/flow.hpp"

namespace octant {

/// What the float model says.
struct FloatOutputs {
  oct::exec::Tensors values;
  oct::exec::Tensors counts;  ///< ones where a token counts; none where all do
};
[[nodiscard]] FloatOutputs float_outputs(const Compiled& compiled,
                                         const oct::exec::Tensors& inputs);

class Batch {
 public:
  void add(oct::exec::Tensors got, FloatOutputs exact);

  /// A line an output: cosines; where a sample's result is one row, how often the largest element
  /// is the same one.
  [[nodiscard]] std::string text() const;
  /// Outputs by name and, as float.NAME, the float model's; samples along a new first axis.
  void save(const std::string& file) const;

 private:
  std::vector<oct::exec::Tensors> got_;
  std::vector<FloatOutputs> exact_;
};

}  // namespace octant
