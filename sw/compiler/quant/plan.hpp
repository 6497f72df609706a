// SPDX-License-Identifier: Apache-2.0
// Post-training quantisation: which integers stand for which values of a canonical graph. plan()
// decides by the error that each choice leaves on the calibration samples; lower()
// (lower/lower.hpp) builds the integer graph from it. Methods: docs/architecture/quantisation.md.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "compiler/exec/executor.hpp"
#include "compiler/integer/graph.hpp"
#include "compiler/ir/graph.hpp"

namespace oct::quant {

/// real = (integer - zero) * scale; zero is 0 but for INT8 of networks that come quantised.
struct ValueQuant {
  integer::Elem elem = integer::Elem::kI8;
  double scale = 1;
  double max_abs = 0;  ///< what was seen
  std::int32_t zero = 0;
  bool fixed = false;  ///< by the model's file
};

struct Plan {
  ir::Graph graph;  ///< smoothed: constants of norms and Linears rescaled, meaning unchanged
  /// Every float value that lower() may have to store. Values that are views of each other
  /// (Reshape, Rearrange, Slice, Concat, Pad, Expand, KvAppend, Gather) share one entry's numbers.
  std::map<ir::ValueId, ValueQuant> values;
  std::vector<std::string> notes;  ///< for the report and the log
};

/// From inputs to outputs.
using Runner = std::function<exec::Tensors(const exec::Tensors&)>;

struct Options {
  bool smoothing = true;
  std::uint64_t seed = 1;       ///< of drawn samples
  unsigned drawn_samples = 16;  ///< where the user gives none
  /// A plan's integers: lower::golden. Where outputs are still noisy, ranges are chosen by what it
  /// computes; without it the simulation in floats has to do.
  std::function<Runner(const Plan&)> integers = {};
};

/// Samples: one map of inputs by name for each; empty: drawn (the caller warns).
[[nodiscard]] std::vector<exec::Tensors> draw_samples(const ir::Graph& graph,
                                                      const Options& options);
[[nodiscard]] Plan plan(ir::Graph graph, const std::vector<exec::Tensors>& samples,
                        const Options& options);

}  // namespace oct::quant
