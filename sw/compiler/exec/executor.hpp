// SPDX-License-Identifier: Apache-2.0
// The float reference: runs any graph, as imported or canonical, on the host. Import folds
// constants with it, the quantiser calibrates with it, the accuracy report compares with it. It is
// held against ONNX Runtime: tests/oracle_test.py.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "compiler/ir/graph.hpp"

namespace oct::exec {

using Tensors = std::map<std::string, ir::Tensor>;
/// Called with every value of a run: inputs, then results in order.
using Observer = std::function<void(ir::ValueId, const ir::Tensor&)>;

/// What one node computes. `inputs` has nullptr for operands left out.
[[nodiscard]] ir::Tensor evaluate(const ir::Node& node,
                                  const std::vector<const ir::Tensor*>& inputs,
                                  const ir::Type& result);

/// Runs the whole graph. Inputs are found by name; their types must fit. Returns the graph's
/// outputs by name. Throws CompileError for what is missing or out of range.
[[nodiscard]] Tensors run(const ir::Graph& graph, const Tensors& inputs,
                          const Observer& observe = nullptr);

/// One value from some others: evaluates only what `target` needs. `known` gives values that need
/// not be computed; throws CompileError if a graph input is missing there.
[[nodiscard]] ir::Tensor evaluate_value(const ir::Graph& graph, ir::ValueId target,
                                        const std::map<ir::ValueId, ir::Tensor>& known);

}  // namespace oct::exec
