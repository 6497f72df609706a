// SPDX-License-Identifier: Apache-2.0
// A few channels behind an activation that are far larger than the rest get a job, a table and a
// step of their own. docs/architecture/quantisation.md, "Activations in parts".
#pragma once

#include <map>

#include "compiler/ir/graph.hpp"
#include "compiler/quant/trial.hpp"

namespace oct::quant {

/// Linear(f(Linear(x))) with a table for f becomes Linear(Concat(f(Linear), Affine(f(Linear)),
/// ..)), channels in order of their size, where that lowers the error. Returns how many it changed.
int split_activations(ir::Graph& graph, const std::map<ir::ValueId, Halves>& rows);

}  // namespace oct::quant
