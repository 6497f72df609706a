// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/pipeline.hpp"

namespace oct::passes {

ir::Graph canonicalize(ir::Graph graph, const PassObserver& observe) {
  (void)observe;
  return graph;
}

std::vector<std::string> pass_names() { return {"import"}; }

}  // namespace oct::passes
