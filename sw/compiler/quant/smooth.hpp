// SPDX-License-Identifier: Apache-2.0
// Smoothing: channels of a tensor that differ in size are divided by factors where they come from
// (norms, Linears) and multiplied where they go (weights of the readers), so that one scale fits
// all. docs/architecture/quantisation.md, "Smoothing".
#pragma once

#include <string>
#include <vector>

#include "compiler/exec/executor.hpp"
#include "compiler/ir/graph.hpp"

namespace oct::quant {

/// Rescales where that lowers the error of the readers' results. A norm's output that is also a
/// residual gets an Affine in front of the sum, which the residual's factors in the engine's
/// epilogue absorb. Values keep their ids; outputs keep their meaning. Says what it did in `notes`.
[[nodiscard]] ir::Graph smooth(ir::Graph graph, const std::vector<exec::Tensors>& samples,
                               std::vector<std::string>& notes);

}  // namespace oct::quant
