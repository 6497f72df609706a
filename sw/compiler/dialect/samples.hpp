// SPDX-License-Identifier: Apache-2.0
// Inputs of a network of the integer dialect: whole numbers in arrays of any type.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "compiler/dialect/dialect.hpp"
#include "compiler/integer/run.hpp"

namespace oct::dialect {

using Sample = std::map<std::string, ir::Tensor>;  ///< INT32, by input

/// All samples of an .npz file. Arrays go by the names of inputs or, if those are not all there, in
/// the file's order by that of the inputs; what is left over (weights) does not count. Throws
/// CompileError for arrays that are missing, of another shape, or not whole.
[[nodiscard]] std::vector<Sample> read_samples(const std::string& file, const ir::Graph& graph);
/// Numbers of INT8.
[[nodiscard]] Sample draw_sample(const ir::Graph& graph, std::uint64_t seed);
/// What the inputs were, over all samples.
[[nodiscard]] std::map<std::string, Range> ranges(const std::vector<Sample>& samples);
/// As the ports of a lowered network take it. Throws CompileError for a number beyond its type.
[[nodiscard]] Sample for_ports(const Sample& sample, const integer::Graph& graph);

}  // namespace oct::dialect
