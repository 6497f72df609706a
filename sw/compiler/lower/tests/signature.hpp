// SPDX-License-Identifier: Apache-2.0
// An integer graph as text that knows neither names nor the order of operations; mantissas to 16
// significant bits.
#pragma once

#include <string>

#include "compiler/integer/graph.hpp"

namespace oct::lower {

[[nodiscard]] std::string signature(const integer::Graph& graph);

}  // namespace oct::lower
