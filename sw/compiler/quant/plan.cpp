// SPDX-License-Identifier: Apache-2.0
#include "compiler/quant/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/quant/calibrate.hpp"
#include "compiler/quant/report.hpp"
#include "compiler/quant/smooth.hpp"

namespace oct::quant {
using integer::Elem;

namespace {

/// Sixteen bits have room for what no sample showed.
constexpr double kMargin = 1.2;
/// Samples on which whole plans are compared.
constexpr std::size_t kTested = 16;

ValueQuant numbers(const Histogram& seen, Elem elem) {
  const double max = seen.max_abs();
  if (max == 0) return {elem, 1.0, 0.0};
  const double scale = elem == Elem::kI16 ? max * kMargin / 32767 : seen.best_clip(127) / 127;
  return {elem, scale, max};
}

/// Weights and tables that Dequantize makes, as constants: computed once, not in every run.
ir::Graph with_float_weights(ir::Graph graph) {
  for (const ir::NodeId id : graph.order()) {
    const ir::Node node = graph.node(id);
    if (node.op != ir::Op::kDequantize || graph.is_output(node.output)) continue;
    const bool constant = std::all_of(node.inputs.begin(), node.inputs.end(), [&](ir::ValueId v) {
      return v == ir::kNone || graph.value(v).is_constant();
    });
    if (!constant) continue;
    const ir::ValueId folded = graph.add_constant(graph.value(node.inputs[0]).name,
                                                  exec::evaluate_value(graph, node.output, {}));
    graph.replace_uses(node.output, folded);
  }
  graph.remove_dead();
  return graph;
}

/// Scales and types without further choices.
Plan simple_plan(ir::Graph graph, const std::vector<exec::Tensors>& samples) {
  const Groups groups(graph);
  const auto types = element_types(graph, groups);
  const Statistics seen = calibrate(graph, groups, samples);
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

/// Noise of the outputs, relative to their power, summed.
double output_error(const Plan& plan, const std::vector<exec::Tensors>& samples) {
  const std::size_t n = std::min(kTested, samples.size());
  double sum = 0;
  for (const auto& o :
       accuracy(plan, {samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(n)})
           .outputs) {
    sum += o.difference.relative();
  }
  return sum;
}

}  // namespace

Plan plan(ir::Graph graph, const std::vector<exec::Tensors>& given, const Options& options) {
  graph = with_float_weights(std::move(graph));
  const std::vector<exec::Tensors> samples = given.empty() ? draw_samples(graph, options) : given;
  Plan out = simple_plan(graph, samples);
  if (!options.smoothing) return out;
  std::vector<std::string> notes;
  Plan smoothed = simple_plan(smooth(std::move(graph), samples, notes), samples);
  const double before = output_error(out, samples), after = output_error(smoothed, samples);
  notes.push_back(
      fmt::format("noise of the outputs: {:.3g} plain, {:.3g} smoothed", before, after));
  if (after < before) out = std::move(smoothed);
  out.notes = std::move(notes);
  return out;
}

}  // namespace oct::quant
