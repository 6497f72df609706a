// SPDX-License-Identifier: Apache-2.0
#include "compiler/quant/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/quant/calibrate.hpp"
#include "compiler/quant/report.hpp"
#include "compiler/quant/smooth.hpp"

namespace oct::quant {
using integer::Elem;

namespace {

/// Sixteen bits have room for what no sample showed.
constexpr double kMargin = 1.2;
/// A narrower range must pay this much: what few samples show, others exceed.
constexpr double kNarrower = 0.9;
/// Samples on which whole plans are compared.
constexpr std::size_t kTested = 8;

/// INT8: between the clip of least squared error (`widening` 0) and what was seen (1). Narrower is
/// never better: what is far out matters more than its share of the power.
ValueQuant numbers(const Histogram& seen, Elem elem, double widening) {
  const double max = seen.max_abs();
  if (max == 0) return {elem, 1.0, 0.0};
  if (elem == Elem::kI16) return {elem, max * kMargin / 32767, max};
  const double clip = seen.best_clip(127);
  return {elem, clip * std::pow(max / clip, widening) / 127, max};
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

/// Noise of the outputs, relative to their power: the mean of the samples and the worst, summed
/// over the outputs.
double output_error(const Plan& plan, const std::vector<exec::Tensors>& samples) {
  const Simulator simulator(plan);
  const std::size_t n = std::min(kTested, samples.size());
  std::map<ir::ValueId, std::pair<double, double>> seen;  // sum, worst
  for (std::size_t i = 0; i < n; ++i) {
    Validity validity(plan.graph, samples[i]);
    (void)simulator.run(samples[i],
                        [&](ir::ValueId v, const ir::Tensor& exact, const ir::Tensor& rounded) {
                          if (static_cast<std::size_t>(v) >= plan.graph.value_count()) return;
                          const ir::Tensor& mask = validity.follow(v);
                          if (!plan.graph.is_output(v) || !ir::is_float(exact.dtype())) return;
                          Difference d;
                          d.add(exact.data<float>(), rounded.data<float>(),
                                mask.defined() ? mask.data<float>() : std::span<const float>{});
                          auto& [sum, worst] = seen[v];
                          sum += d.relative();
                          worst = std::max(worst, d.relative());
                        });
  }
  double total = 0;
  for (const auto& [v, e] : seen) total += e.first / static_cast<double>(n) + e.second;
  return total;
}

/// Scales and types of one graph.
class Planner {
 public:
  Planner(ir::Graph graph, const std::vector<exec::Tensors>& samples)
      : groups_(graph), types_(element_types(graph, groups_)) {
    plan_.graph = std::move(graph);
    // What is fitted to one half of the samples is tried on the other.
    std::vector<exec::Tensors> halves[2];
    for (std::size_t i = 0; i < samples.size(); ++i) halves[i % 2].push_back(samples[i]);
    fit_ = calibrate(plan_.graph, groups_, halves[0]);
    test_ = samples.size() > 1 ? halves[1] : halves[0];
    all_ = fit_;
    for (const auto& [v, h] : calibrate(plan_.graph, groups_, halves[1]).groups) {
      all_.groups[v].add(h);
    }
  }

  /// Chooses how far ranges reach beyond the least squared error. Returns the noise of the outputs.
  double choose_widening() {
    double least = output_error(with(fit_, widening_), test_);
    for (const double w : {1.0, 0.25, 0.0}) {
      const double error = output_error(with(fit_, w), test_);
      if (error < kNarrower * least) {
        least = error;
        widening_ = w;
      }
    }
    return least;
  }

  [[nodiscard]] double widening() const { return widening_; }
  [[nodiscard]] Plan result() const { return with(all_, widening_); }

 private:
  [[nodiscard]] Plan with(const Statistics& seen, double widening) const {
    Plan out = plan_;
    for (const auto& [root, members] : groups_.all()) {
      const auto it = seen.groups.find(root);
      const ValueQuant q =
          numbers(it == seen.groups.end() ? Histogram{} : it->second, types_.at(root), widening);
      for (const ir::ValueId v : members) out.values[v] = q;
    }
    return out;
  }

  Plan plan_;
  Groups groups_;
  std::map<ir::ValueId, Elem> types_;
  Statistics fit_, all_;
  std::vector<exec::Tensors> test_;
  double widening_ = 0.5;
};

}  // namespace

Plan plan(ir::Graph graph, const std::vector<exec::Tensors>& given, const Options& options) {
  graph = with_float_weights(std::move(graph));
  const std::vector<exec::Tensors> samples = given.empty() ? draw_samples(graph, options) : given;
  Planner plain(graph, samples);
  if (!options.smoothing) {
    Plan out = plain.result();
    out.notes = {"no smoothing, no choice of ranges"};
    return out;
  }
  std::vector<std::string> notes;
  Planner smoothed(smooth(std::move(graph), samples, notes), samples);
  const double before = plain.choose_widening(), after = smoothed.choose_widening();
  const Planner& best = after < before ? smoothed : plain;
  notes.push_back(
      fmt::format("noise of the outputs: {:.3g} plain, {:.3g} smoothed; ranges {:.0f} % "
                  "of the way from least squared error to the largest value",
                  before, after, 100 * best.widening()));
  Plan out = best.result();
  out.notes = std::move(notes);
  return out;
}

}  // namespace oct::quant
