// SPDX-License-Identifier: Apache-2.0
#include "compiler/quant/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/quant/calibrate.hpp"

namespace oct::quant {
using ir::ValueId;

void Difference::add(std::span<const float> exact, std::span<const float> rounded,
                     std::span<const float> valid) {
  for (std::size_t i = 0; i < exact.size(); ++i) {
    if (!valid.empty() && valid[i] == 0) continue;
    const double e = exact[i], r = rounded[i], d = r - e;
    dot_ += e * r;
    exact_ += e * e;
    rounded_ += r * r;
    noise_ += d * d;
    max_error_ = std::max(max_error_, std::fabs(d));
  }
}

double Difference::cosine() const {
  if (exact_ == 0 && rounded_ == 0) return 1;
  return exact_ == 0 || rounded_ == 0 ? 0 : dot_ / std::sqrt(exact_ * rounded_);
}

double Difference::relative() const { return noise_ == 0 ? 0 : noise_ / std::max(exact_, 1e-300); }

double Difference::sqnr() const {
  return noise_ == 0 ? 200 : std::min(200.0, -10 * std::log10(relative()));
}

Accuracy accuracy(const Plan& plan, const std::vector<exec::Tensors>& samples) {
  const ir::Graph& graph = plan.graph;
  const std::vector<bool> fused = fused_values(graph, plan.values);
  std::map<ValueId, Difference> seen;
  const Simulator simulator(plan);
  for (const exec::Tensors& sample : samples) {
    Validity validity(graph, sample);
    (void)simulator.run(sample, [&](ValueId v, const ir::Tensor& exact, const ir::Tensor& rounded) {
      if (static_cast<std::size_t>(v) >= graph.value_count()) return;
      const ir::Tensor& mask = validity.follow(v);
      if (!ir::is_float(exact.dtype())) return;
      seen[v].add(exact.data<float>(), rounded.data<float>(),
                  mask.defined() ? mask.data<float>() : std::span<const float>{});
    });
  }
  Accuracy out;
  const auto entry = [&](ValueId v, const std::string& name, const ir::Sources& sources) {
    const auto q = plan.values.find(v);
    const bool stored = q != plan.values.end() && !fused[static_cast<std::size_t>(v)];
    return LayerAccuracy{name, sources, v, stored, stored ? q->second : ValueQuant{}, seen[v]};
  };
  for (const ir::NodeId id : graph.order()) {
    const ir::Node& node = graph.node(id);
    if (!seen.contains(node.output) || ir::op_info(node.op).op_class == ir::OpClass::kLayout) {
      continue;
    }
    out.layers.push_back(entry(node.output, node.name, node.sources));
  }
  for (const ir::Output& o : graph.outputs()) {
    if (!seen.contains(o.value)) continue;
    const ir::Node* node = graph.producer(o.value);
    out.outputs.push_back(entry(o.value, o.name, node ? node->sources : ir::Sources{}));
  }
  return out;
}

std::string to_text(const Accuracy& accuracy) {
  std::string text = fmt::format("{:<48} {:>5} {:>11} {:>9} {:>10} {:>7}\n", "value", "type",
                                 "step", "cosine", "max error", "SQNR dB");
  const auto line = [&](const LayerAccuracy& a) {
    text += fmt::format("{:<48} {:>5} {:>11} {:>9.6f} {:>10.3g} {:>7.1f}\n", a.name,
                        !a.stored                             ? "-"
                        : a.quant.elem == integer::Elem::kI16 ? "i16"
                                                              : "i8",
                        a.stored ? fmt::format("{:.5g}", a.quant.scale) : "-",
                        a.difference.cosine(), a.difference.max_error(), a.difference.sqnr());
  };
  for (const LayerAccuracy& a : accuracy.layers) line(a);
  text += "outputs\n";
  for (const LayerAccuracy& a : accuracy.outputs) line(a);
  return text;
}

}  // namespace oct::quant
