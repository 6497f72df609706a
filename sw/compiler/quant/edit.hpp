// SPDX-License-Identifier: Apache-2.0
// Changing weights of a graph: rows and columns times factors.
#pragma once

#include <vector>

#include "compiler/ir/graph.hpp"

namespace oct::quant {

/// Of a Linear, {K, N}.
[[nodiscard]] ir::Tensor weight_of(const ir::Graph& graph, ir::NodeId linear);
/// The largest absolute value in each row.
[[nodiscard]] std::vector<float> row_max(const std::vector<ir::Tensor>& weights);

/// Another constant as operand; other users of the old one keep it.
void replace_constant(ir::Graph& graph, ir::NodeId id, std::size_t operand, ir::Tensor t);
/// Rows of a Linear's weights times the factors of its input.
void multiply_rows(ir::Graph& graph, ir::NodeId linear, const std::vector<float>& factors);
/// An operand (gamma, beta, bias) along the last axis; nothing where it is left out.
void divide(ir::Graph& graph, ir::NodeId id, std::size_t operand,
            const std::vector<float>& factors);
/// A Linear's results: weights and bias.
void divide_columns(ir::Graph& graph, ir::NodeId linear, const std::vector<float>& factors);

}  // namespace oct::quant
