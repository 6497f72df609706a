// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/pipeline.hpp"

#include "compiler/passes/passes.hpp"

namespace oct::passes {
namespace {

struct Step {
  std::string name;
  std::function<ir::Graph(ir::Graph, const PassOptions&)> run;
};

std::function<ir::Graph(ir::Graph, const PassOptions&)> plain(ir::Graph (*pass)(ir::Graph)) {
  return [pass](ir::Graph g, const PassOptions&) { return pass(std::move(g)); };
}

const std::vector<Step>& steps() {
  static const std::vector<Step> list = {
      {"integer_weights", plain(integer_weights)},
      {"simplify", plain(simplify)},
      {"fixed", plain(fixed)},
      {"fixed_masks", plain(fixed_masks)},
      {"fixed_functions", plain(fixed_functions)},
      {"functions", plain(functions)},
      {"norms", plain(norms)},
      {"linears", plain(linears)},
      {"rotary", rotary},
      {"split_linears", plain(split_linears)},
      {"attention", plain(attention)},
      {"kv_cache", plain(kv_cache)},
      {"sums", plain(sums)},
      {"fold_scales", plain(fold_scales)},
      {"gathers", plain(gathers)},
      {"expressible", plain(expressible)},
      {"operand_order", plain(operand_order)},
  };
  return list;
}

}  // namespace

ir::Graph canonicalize(ir::Graph graph, const PassObserver& observe, const PassOptions& options) {
  for (const Step& step : steps()) {
    graph = step.run(std::move(graph), options);
    graph.verify();
    if (observe) observe(step.name, graph);
  }
  return graph.compacted();
}

std::vector<std::string> pass_names() {
  std::vector<std::string> names{"import"};
  for (const Step& step : steps()) names.push_back(step.name);
  return names;
}

}  // namespace oct::passes
