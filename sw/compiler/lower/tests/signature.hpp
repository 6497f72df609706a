// SPDX-License-Identifier: Apache-2.0
// An integer graph as text that knows neither names nor the order of operations.
#pragma once

#include <string>
#include <vector>

#include "compiler/integer/graph.hpp"

namespace oct::lower {

struct Signature {
  std::string text;            ///< everything but scales and biases
  std::vector<double> scales;  ///< in the order of the text
  std::vector<double> biases;
};
[[nodiscard]] Signature signature(const integer::Graph& graph);
/// Where they differ, or nothing: scales may in the 16th significant bit, biases by as much or one.
[[nodiscard]] std::string difference(const Signature& a, const Signature& b);

}  // namespace oct::lower
