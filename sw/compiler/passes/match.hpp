// SPDX-License-Identifier: Apache-2.0
// What passes share: looking at values, building the usual nodes.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/ir/graph.hpp"

namespace oct::passes {

using ir::merged;  // of sources

/// The value of a constant whose elements are all equal.
[[nodiscard]] std::optional<double> uniform(const ir::Graph& graph, ir::ValueId v);
/// A float constant that is a vector along the last axis of `shape` ([N], [1, N], ...), or uniform.
[[nodiscard]] bool is_last_axis_vector(const ir::Graph& graph, ir::ValueId v,
                                       const ir::Shape& shape);
/// That vector with N elements.
[[nodiscard]] ir::Tensor last_axis_vector(const ir::Graph& graph, ir::ValueId v, std::int64_t n);
/// A constant, or Dequantize of constants.
[[nodiscard]] bool is_weight(const ir::Graph& graph, ir::ValueId v);
/// Used by one node once, and no graph output.
[[nodiscard]] bool used_once(const ir::Graph& graph, ir::ValueId v);

/// The two operands of a binary node, the one for which `test` holds first; none if for neither.
struct Pair {
  ir::ValueId chosen, other;
};
[[nodiscard]] std::optional<Pair> choose(const ir::Node& node,
                                         const std::function<bool(ir::ValueId)>& test);

/// Graph inputs that a value depends on.
[[nodiscard]] std::set<ir::ValueId> inputs_of(const ir::Graph& graph, ir::ValueId v);

/// Sources of every node between `output` and the values in `stop`, in the graph's order.
[[nodiscard]] ir::Sources sources_between(const ir::Graph& graph, ir::ValueId output,
                                          const std::set<ir::ValueId>& stop);

/// Layout nodes as one: x seen as `dims`, permuted, seen as `shape`; in least terms.
struct Layout {
  ir::Ints dims, perm;
  ir::Shape shape;
};
/// Of a Reshape or Rearrange node.
[[nodiscard]] Layout layout_of(const ir::Graph& graph, const ir::Node& node);
/// First `a`, then `b`; none where their shapes have no common factors. `least`: in least terms.
[[nodiscard]] std::optional<Layout> composed(const Layout& a, const Layout& b, bool least = true);
[[nodiscard]] Layout reduced(Layout layout);
/// Reshape, Rearrange, or v itself.
[[nodiscard]] ir::ValueId add_layout(ir::Graph& graph, ir::ValueId v, const Layout& layout,
                                     const std::string& name, const ir::Sources& sources);
[[nodiscard]] ir::ValueId add_reshape(ir::Graph& graph, ir::ValueId v, const ir::Shape& shape,
                                      const std::string& name, const ir::Sources& sources);
[[nodiscard]] ir::ValueId add_permute(ir::Graph& graph, ir::ValueId v, const ir::Ints& perm,
                                      const std::string& name, const ir::Sources& sources);
/// Sizes of two row-major views of the same elements, split into common factors; none if there are
/// none. Sizes of 1 are left out.
[[nodiscard]] std::optional<ir::Ints> common_factors(const ir::Ints& a, const ir::Ints& b);

}  // namespace oct::passes
