// SPDX-License-Identifier: Apache-2.0
#include "compiler/quant/refine.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/quant/simulate.hpp"

namespace oct::quant {
namespace {

using ir::Op;

constexpr double kNoisy = 0.012;  // mean and worst: cosines of 0.997
constexpr double kGain = 0.97;    // what a change must at least leave of the noise
constexpr double kWork = 2e10;    // multiply-accumulates
constexpr int kMostTrials = 400;
constexpr double kFactors[] = {1.2, 0.85, 1.08, 0.93};  // a walk with two, the next with the others

/// Multiply-accumulates of one inference, and something for each element that is written.
double work_of(const ir::Graph& graph) {
  double work = 0;
  for (const ir::NodeId id : graph.order()) {
    const ir::Node& n = graph.node(id);
    const auto results = static_cast<double>(ir::element_count(graph.value(n.output).type.shape));
    double each = 10;
    if (n.op == Op::kLinear || n.op == Op::kMatMul) {
      each = static_cast<double>(graph.value(n.inputs[0]).shape().back());
    } else if (n.op == Op::kConv) {
      const ir::Shape& w = graph.value(n.inputs[1]).shape();
      each = static_cast<double>(ir::element_count(w) / std::max<std::int64_t>(1, w.front()));
    } else if (n.op == Op::kAttention) {
      each = 2 * static_cast<double>(graph.value(n.inputs[1]).shape().at(2));
    }
    work += each * results;
  }
  return work;
}

}  // namespace

bool is_noisy(double noise) { return noise > kNoisy; }

Plan refine(const std::vector<Plan>& plans, const Judge& judge, const Options& options) {
  const double each = work_of(plans.front().graph) * static_cast<double>(judge.samples());
  int trials = static_cast<int>(std::min<double>(kMostTrials, kWork / std::max(1.0, each)));
  const auto noise = [&](const Plan& plan) {
    --trials;
    return options.integers ? judge.noise(options.integers(plan)) : judge.simulated(plan);
  };
  const Plan* start = &plans.front();
  double first = 0, least = 0;
  for (const Plan& plan : plans) {
    if (trials <= 0 && least > 0) break;
    const double e = noise(plan);
    if (&plan == &plans.front()) first = least = e;
    if (e < least) least = e, start = &plan;
  }
  Plan best = *start;
  const Groups groups(best.graph);
  const std::vector<bool> fused = fused_values(best.graph, best.values);
  int changed = 0;
  for (std::size_t walk = 0, before = 1; trials > 0 && is_noisy(least); ++walk) {
    const int so_far = changed;
    for (const auto& [root, members] : groups.all()) {
      const bool stored = std::any_of(members.begin(), members.end(), [&](ir::ValueId v) {
        return !fused[static_cast<std::size_t>(v)] && !best.graph.value(v).is_constant();
      });
      const ValueQuant& q = best.values.at(members.front());
      if (!stored || q.elem != integer::Elem::kI8 || q.max_abs == 0) continue;
      for (std::size_t f = walk % 2 * 2; f < walk % 2 * 2 + 2; ++f) {
        if (trials <= 0 || !is_noisy(least)) break;
        Plan trial = best;
        for (const ir::ValueId v : members) trial.values.at(v).scale *= kFactors[f];
        const double e = noise(trial);
        if (e >= kGain * least) continue;
        least = e;
        best = std::move(trial);
        ++changed;
        break;
      }
    }
    const auto now = static_cast<std::size_t>(changed - so_far);
    if (now == 0 && before == 0) break;
    before = now;
  }
  best.notes.push_back(
      fmt::format("noise of the outputs in {}: {:.3g}, with {} ranges chosen by it {:.3g}",
                  options.integers ? "integers" : "simulation", first, changed, least));
  return best;
}

}  // namespace oct::quant
