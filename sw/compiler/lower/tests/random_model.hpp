// SPDX-License-Identifier: Apache-2.0
// Random canonical graphs of the kind that Transformers are made of, with drawn weights.
#pragma once

#include <random>

#include "compiler/exec/executor.hpp"
#include "compiler/ir/graph.hpp"

namespace oct::lower {

struct RandomModel {
  ir::Graph graph;
  std::vector<exec::Tensors> samples;  ///< of all inputs
};
[[nodiscard]] RandomModel random_model(unsigned seed);

}  // namespace oct::lower
