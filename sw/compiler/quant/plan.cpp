// SPDX-License-Identifier: Apache-2.0
#include "compiler/quant/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "compiler/quant/calibrate.hpp"
#include "compiler/quant/fixed.hpp"
#include "compiler/quant/judge.hpp"
#include "compiler/quant/refine.hpp"
#include "compiler/quant/smooth.hpp"

namespace oct::quant {
using integer::Elem;

namespace {

/// Sixteen bits have room for what no sample showed.
constexpr double kMargin = 1.2;
/// A narrower range must pay this much: what few samples show, others exceed.
constexpr double kNarrower = 0.9;
/// How far ranges reach from the clip of least squared error to what was seen.
constexpr double kWidenings[] = {1.0, 0.5, 0.25, 0.0}, kUsual = 0.5;
/// Samples on which whole plans are compared.
constexpr std::size_t kTested = 8;

/// Few elements seldom show how large others are: the largest of kMany of a normal distribution,
/// relative to the largest of n.
double reach(std::uint64_t n) {
  constexpr double kMany = 1e5;
  return std::sqrt(std::log(kMany) / std::log(std::clamp(static_cast<double>(n), 8.0, kMany)));
}

/// INT8: between the clip of least squared error (`widening` 0) and what was seen (1). Narrower is
/// never better: what is far out matters more than its share of the power. `most`: no element can
/// be larger.
ValueQuant numbers(const Histogram& seen, Elem elem, double widening, double most) {
  const double max = seen.max_abs();
  if (max == 0) return {elem, 1.0, 0.0};
  if (elem == Elem::kI16) return {elem, max * kMargin * reach(seen.count()) / 32767, max};
  const double clip = seen.best_clip(127);
  const double range = clip * std::pow(max / clip, widening);
  return {elem, std::max(range, std::min(most, range * reach(seen.count()))) / 127, max};
}

/// No element can be larger than this, given what was seen elsewhere.
double largest_possible(const ir::Graph& graph, const std::vector<ir::ValueId>& members,
                        const std::function<double(ir::ValueId)>& seen) {
  double most = 0;
  for (const ir::ValueId v : members) {
    const ir::Node* node = graph.producer(v);
    if (!node) {
      most = std::max(most, seen(v));  // the samples are the user's; a table is known whole
      continue;
    }
    switch (node->op) {
      case ir::Op::kSigmoid:
      case ir::Op::kTanh:
      case ir::Op::kSoftmax:
      case ir::Op::kClip:
        most = std::max(most, seen(v));
        break;
      case ir::Op::kAttention:  // means of V's rows
        most = std::max(most, seen(node->inputs[2]));
        break;
      case ir::Op::kReshape:
      case ir::Op::kRearrange:
      case ir::Op::kSlice:
      case ir::Op::kExpand:
      case ir::Op::kPad:
      case ir::Op::kConcat:
      case ir::Op::kEmbedding:
      case ir::Op::kGather:
      case ir::Op::kMaxPool:
        break;  // members, too, are those that they copy from
      default:
        return std::numeric_limits<double>::infinity();
    }
  }
  return most;
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

/// Scales and types of one graph.
class Planner {
 public:
  Planner(ir::Graph graph, const std::vector<exec::Tensors>& samples, const Judge& judge)
      : judge_(judge), groups_(graph), types_(element_types(graph, groups_)) {
    plan_.graph = std::move(graph);
    // What is fitted to one half of the samples is tried on the other.
    std::vector<exec::Tensors> halves[2];
    for (std::size_t i = 0; i < samples.size(); ++i) halves[i % 2].push_back(samples[i]);
    Statistics seen[2];
    for_samples(2, [&](std::size_t i) { seen[i] = calibrate(plan_.graph, groups_, halves[i]); });
    fit_ = std::move(seen[0]);
    all_ = fit_;
    for (const auto& [v, h] : seen[1].groups) all_.groups[v].add(h);
  }

  /// Chooses how far ranges reach beyond the least squared error. Returns the noise of the outputs.
  double choose_widening() {
    double least = judge_.simulated(with(fit_, widening_));
    for (const double w : kWidenings) {
      if (w == kUsual) continue;
      const double error = judge_.simulated(with(fit_, w));
      if (error < kNarrower * least) {
        least = error;
        widening_ = w;
      }
    }
    return least;
  }

  [[nodiscard]] double widening() const { return widening_; }
  [[nodiscard]] Plan result() const { return with(all_, widening_); }
  [[nodiscard]] Plan result(double widening) const { return with(all_, widening); }

 private:
  [[nodiscard]] Plan with(const Statistics& seen, double widening) const {
    Plan out = plan_;
    const auto histogram = [&](ir::ValueId v) {
      const auto it = seen.groups.find(groups_.root(v));
      return it == seen.groups.end() ? Histogram{} : it->second;
    };
    for (const auto& [root, members] : groups_.all()) {
      const double most = largest_possible(out.graph, members,
                                           [&](ir::ValueId v) { return histogram(v).max_abs(); });
      const ValueQuant q = numbers(histogram(root), types_.at(root), widening, most);
      for (const ir::ValueId v : members) out.values[v] = q;
    }
    return out;
  }

  const Judge& judge_;
  Plan plan_;
  Groups groups_;
  std::map<ir::ValueId, Elem> types_;
  Statistics fit_, all_;
  double widening_ = kUsual;
};

}  // namespace

Plan plan(ir::Graph graph, const std::vector<exec::Tensors>& given, const Options& options) {
  if (has_fixed(graph)) {
    return plan_fixed(graph, given.empty() ? draw_samples(graph, options) : given);
  }
  graph = with_float_weights(std::move(graph));
  const std::vector<exec::Tensors> samples = given.empty() ? draw_samples(graph, options) : given;
  std::vector<exec::Tensors> test;  // what is fitted to the others is tried on these
  for (std::size_t i = samples.size() > 1 ? 1 : 0; i < samples.size(); i += 2) {
    test.push_back(samples[i]);
  }
  const Judge judge(graph, test, kTested);
  Planner plain(graph, samples, judge);
  if (!options.smoothing) {
    Plan out = plain.result();
    out.notes = {"no smoothing, no choice of ranges"};
    return out;
  }
  std::vector<std::string> notes;
  Planner smoothed(smooth(graph, samples, notes), samples, judge);
  const double before = plain.choose_widening(), after = smoothed.choose_widening();
  const Planner &best = after < before ? smoothed : plain,
                &other = after < before ? plain : smoothed;
  notes.push_back(
      fmt::format("noise of the outputs: {:.3g} plain, {:.3g} smoothed; ranges {:.0f} % "
                  "of the way from least squared error to the largest value",
                  before, after, 100 * best.widening()));
  Plan out = best.result();
  out.notes = std::move(notes);
  if (!is_noisy(std::min(before, after))) return out;
  std::vector<Plan> plans{std::move(out), other.result()};
  for (const double w : kWidenings) {
    if (w != best.widening()) plans.push_back(best.result(w));
  }
  for (Plan& p : plans) p.notes = plans.front().notes;
  return refine(plans, Judge(graph, samples, kTested), options);
}

}  // namespace oct::quant
