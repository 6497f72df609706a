// SPDX-License-Identifier: Apache-2.0
// Canonical graph and plan -> integer graph: fuses what one engine job or kernel can do (bias,
// activation, residual, gating, NoNorm into a product's epilogue; V written transposed), turns
// layout operators into views, computes planes, tables and kernel arguments.
#pragma once

#include "compiler/integer/graph.hpp"
#include "compiler/quant/plan.hpp"

namespace oct::lower {

/// What lower() throws: nodes without an integer form, by their names.
struct Refused : ir::CompileError {
  Refused(const std::string& what, std::vector<std::string> list)
      : ir::CompileError(what), nodes(std::move(list)) {}
  std::vector<std::string> nodes;
};

/// Throws Refused listing every node that has no integer form.
[[nodiscard]] integer::Graph lower(const quant::Plan& plan);
/// The same, and where each value of the canonical graph that is stored at all stands; with the
/// value's shape, last dimension of any stride like a port's.
struct Lowered {
  integer::Graph graph;
  std::map<ir::ValueId, integer::View> places;
};
[[nodiscard]] Lowered lower_with_places(const quant::Plan& plan);

/// The plan's integers, run by the golden executor: for quant::Options::integers.
[[nodiscard]] quant::Runner golden(const quant::Plan& plan);

/// Integers that lower() and the dialect share. m * 2^-s with |m| in [2^22, 2^23), as the word
/// m[23:0], s[29:24] of the engine's arithmetic. `f`: fraction bits of the result (14 in planes).
[[nodiscard]] std::uint32_t scale_word(double scale, int f);
/// Plane A for n channels: bias (in accumulator units) and acc -> output scale.
[[nodiscard]] std::vector<std::uint8_t> plane_a(const std::vector<std::int32_t>& bias,
                                                const std::vector<double>& scale);
/// Per-channel symmetric INT8 weights, stored [N][K] with rows padded to 8 bytes.
struct Weights {
  std::vector<std::uint8_t> data;
  std::vector<double> scale;
};
/// From `w` {K, N} floats.
[[nodiscard]] Weights quantize_weights(const ir::Tensor& w);

}  // namespace oct::lower
