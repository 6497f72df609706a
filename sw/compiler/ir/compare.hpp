// SPDX-License-Identifier: Apache-2.0
// Whether two graphs are the same up to names and order.
#pragma once

#include <string>

#include "compiler/ir/graph.hpp"

namespace oct::ir {

/// The first difference, walking from the outputs, or an empty text. Numbers may differ by
/// `tolerance`, relative to the largest of their tensor.
[[nodiscard]] std::string difference(const Graph& a, const Graph& b, double tolerance = 0x1p-16);

}  // namespace oct::ir
