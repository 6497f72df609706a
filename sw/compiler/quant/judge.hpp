// SPDX-License-Identifier: Apache-2.0
// What plans leave of a network's outputs, on samples whose exact outputs are computed once.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "compiler/quant/plan.hpp"

namespace oct::quant {

/// f(0) .. f(count - 1), on two threads. Throws what f throws.
void for_samples(std::size_t count, const std::function<void(std::size_t)>& f);

class Judge {
 public:
  /// At most `most` of the samples.
  Judge(const ir::Graph& graph, const std::vector<exec::Tensors>& samples, std::size_t most);

  /// Noise of the outputs relative to their power, masked tokens left out: the mean of the samples
  /// and the worst added, of the output where that is most.
  [[nodiscard]] double noise(const Runner& runner) const;
  /// The same by the simulation in floats.
  [[nodiscard]] double simulated(const Plan& plan) const;
  [[nodiscard]] std::size_t samples() const { return samples_.size(); }

 private:
  std::vector<exec::Tensors> samples_;
  std::vector<exec::Tensors> exact_, masks_;  // float outputs by name
};

}  // namespace oct::quant
