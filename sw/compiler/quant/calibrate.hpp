// SPDX-License-Identifier: Apache-2.0
// What values of a graph look like: the float executor runs samples, rows of masked tokens left
// out.
#pragma once

#include <map>
#include <vector>

#include "compiler/exec/executor.hpp"
#include "compiler/quant/groups.hpp"
#include "compiler/quant/ranges.hpp"

namespace oct::quant {

/// Which elements of each value belong to tokens that count: tensors of ones and zeros beside the
/// values of one run. Undefined where all count, or where tokens mix.
class Validity {
 public:
  Validity(const ir::Graph& graph, const exec::Tensors& sample);

  /// Is there any token that does not count?
  [[nodiscard]] bool needed() const { return key_mask_.defined(); }
  /// For the executor's observer: values in order. Returns the mask of this one.
  const ir::Tensor& follow(ir::ValueId v);

 private:
  [[nodiscard]] ir::Tensor of_input(const ir::Value& v) const;
  [[nodiscard]] ir::Tensor of_node(const ir::Node& node) const;
  [[nodiscard]] ir::Tensor of_tokens(const ir::Shape& ids, const ir::Shape& result) const;
  [[nodiscard]] const ir::Tensor& at(ir::ValueId v) const {
    return masks_.at(static_cast<std::size_t>(v));
  }

  const ir::Graph& graph_;
  ir::Tensor key_mask_;  // [B, T], ones and zeros
  std::vector<ir::Tensor> masks_;
};

struct Statistics {
  std::map<ir::ValueId, Histogram> groups;  ///< by root
};

/// Throws CompileError for samples that do not fit, and for values that are not numbers.
[[nodiscard]] Statistics calibrate(const ir::Graph& graph, const Groups& groups,
                                   const std::vector<exec::Tensors>& samples);

}  // namespace oct::quant
