// SPDX-License-Identifier: Apache-2.0
// Networks that come quantised: the numbers of the file stand for calibrated ones.
#pragma once

#include "compiler/quant/plan.hpp"

namespace oct::quant {

[[nodiscard]] bool has_fixed(const ir::Graph& graph);
/// Values behind a Fixed node take its numbers, others are calibrated; nothing is smoothed, and
/// integer weights stay as they are.
[[nodiscard]] Plan plan_fixed(ir::Graph graph, const std::vector<exec::Tensors>& samples);

}  // namespace oct::quant
