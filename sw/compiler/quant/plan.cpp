// SPDX-License-Identifier: Apache-2.0
#include "compiler/quant/plan.hpp"

#include "compiler/quant/calibrate.hpp"

namespace oct::quant {
using integer::Elem;

namespace {

/// Sixteen bits have room for what no sample showed.
constexpr double kMargin = 1.2;

ValueQuant numbers(const Histogram& seen, Elem elem) {
  const double max = seen.max_abs();
  if (max == 0) return {elem, 1.0, 0.0};
  const double scale = elem == Elem::kI16 ? max * kMargin / 32767 : seen.best_clip(127) / 127;
  return {elem, scale, max};
}

}  // namespace

Plan plan(ir::Graph graph, const std::vector<exec::Tensors>& samples, const Options& options) {
  const std::vector<exec::Tensors> drawn =
      samples.empty() ? draw_samples(graph, options) : std::vector<exec::Tensors>{};
  const std::vector<exec::Tensors>& used = samples.empty() ? drawn : samples;
  const Groups groups(graph);
  const auto types = element_types(graph, groups);
  const Statistics seen = calibrate(graph, groups, used);
  Plan out;
  for (const auto& [root, members] : groups.all()) {
    const auto it = seen.groups.find(root);
    const ValueQuant q =
        numbers(it == seen.groups.end() ? Histogram{} : it->second, types.at(root));
    for (const ir::ValueId v : members) out.values[v] = q;
  }
  out.graph = std::move(graph);
  return out;
}

}  // namespace oct::quant
