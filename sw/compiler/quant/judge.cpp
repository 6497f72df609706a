// SPDX-License-Identifier: Apache-2.0
#include "compiler/quant/judge.hpp"

#include <algorithm>
#include <future>

#include "compiler/quant/calibrate.hpp"
#include "compiler/quant/report.hpp"
#include "compiler/quant/simulate.hpp"

namespace oct::quant {

void for_samples(std::size_t count, const std::function<void(std::size_t)>& f) {
  const auto every_other = [&](std::size_t first) {
    for (std::size_t i = first; i < count; i += 2) f(i);
  };
  std::future<void> odd;
  if (count > 1) odd = std::async(std::launch::async, every_other, 1);
  every_other(0);  // if this throws, the future's destructor waits
  if (odd.valid()) odd.get();
}

Judge::Judge(const ir::Graph& graph, const std::vector<exec::Tensors>& samples, std::size_t most)
    : samples_(samples.begin(),
               samples.begin() + static_cast<std::ptrdiff_t>(std::min(most, samples.size()))),
      exact_(samples_.size()),
      masks_(samples_.size()) {
  std::map<ir::ValueId, std::vector<std::string>> names;
  for (const ir::Output& o : graph.outputs()) names[o.value].push_back(o.name);
  for_samples(samples_.size(), [&](std::size_t i) {
    Validity validity(graph, samples_[i]);
    exact_[i] = exec::run(graph, samples_[i], [&](ir::ValueId v, const ir::Tensor&) {
      const ir::Tensor& mask = validity.follow(v);
      const auto it = names.find(v);
      if (it == names.end() || !mask.defined()) return;
      for (const std::string& name : it->second) masks_[i][name] = mask;
    });
    std::erase_if(exact_[i], [](const auto& o) { return !ir::is_float(o.second.dtype()); });
  });
}

double Judge::noise(const Runner& runner) const {
  std::vector<std::map<std::string, double>> of_sample(samples_.size());
  for_samples(samples_.size(), [&](std::size_t i) {
    const exec::Tensors got = runner(samples_[i]);
    for (const auto& [name, exact] : exact_[i]) {
      Difference d;
      const auto mask = masks_[i].find(name);
      d.add(exact.data<float>(), got.at(name).data<float>(),
            mask == masks_[i].end() ? std::span<const float>{} : mask->second.data<float>());
      of_sample[i][name] = d.relative();
    }
  });
  double most = 0;
  if (of_sample.empty()) return most;
  for (const auto& [name, first] : of_sample.front()) {
    double sum = 0, worst = 0;
    for (const auto& outputs : of_sample) {
      sum += outputs.at(name);
      worst = std::max(worst, outputs.at(name));
    }
    most = std::max(most, sum / static_cast<double>(of_sample.size()) + worst);
  }
  return most;
}

double Judge::simulated(const Plan& plan) const {
  const Simulator simulator(plan);
  return noise([&](const exec::Tensors& inputs) { return simulator.run(inputs); });
}

}  // namespace oct::quant
