// SPDX-License-Identifier: Apache-2.0
// Inputs of a network from .npz files.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "compiler/ir/graph.hpp"

namespace oct::io {

using Sample = std::map<std::string, ir::Tensor>;  ///< by input

/// How many samples of shape `one` an array holds; 0 if it does not fit.
[[nodiscard]] std::int64_t samples_in(const ir::Shape& array, const ir::Shape& one);

/// All samples of an .npz file: each array has the input's shape, or a first dimension more or N
/// times as long. Arrays that the model does not know are left out. Throws CompileError, which
/// names every input that has no fitting array.
[[nodiscard]] std::vector<Sample> read_samples(const std::string& file, const ir::Graph& graph);

}  // namespace oct::io
