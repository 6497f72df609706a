// SPDX-License-Identifier: Apache-2.0
// The passes from an imported graph to the canonical one, in order.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "compiler/passes/passes.hpp"

namespace oct::passes {

/// Called with the name of a pass and the graph behind it.
using PassObserver = std::function<void(const std::string&, const ir::Graph&)>;

/// All of them; the graph is verified after each.
[[nodiscard]] ir::Graph canonicalize(ir::Graph graph, const PassObserver& observe = nullptr,
                                     const PassOptions& options = {});

/// Throws CompileError that names every node without an integer form.
void require_integer_forms(const ir::Graph& graph);

/// The names of those nodes.
[[nodiscard]] std::set<std::string> without_integer_forms(const ir::Graph& graph);

/// Their names in order, "import" first, for --dump-after.
[[nodiscard]] std::vector<std::string> pass_names();

}  // namespace oct::passes
