// SPDX-License-Identifier: Apache-2.0
// Which values share storage, and with it scale and element type; and which element type each group
// gets: docs/architecture/quantisation.md, "Element types".
#pragma once

#include <map>
#include <vector>

#include "compiler/integer/graph.hpp"
#include "compiler/ir/graph.hpp"

namespace oct::quant {

/// Values that are views or copies of each other's elements.
class Groups {
 public:
  explicit Groups(const ir::Graph& graph);

  /// A member that stands for all of them.
  [[nodiscard]] ir::ValueId root(ir::ValueId v) const;
  /// Members by root: every float value that may be stored.
  [[nodiscard]] const std::map<ir::ValueId, std::vector<ir::ValueId>>& all() const { return all_; }
  /// The member's elements come from no other member: its range counts.
  [[nodiscard]] bool is_source(ir::ValueId v) const { return !copies_.at(index(v)); }

 private:
  static std::size_t index(ir::ValueId v) { return static_cast<std::size_t>(v); }
  void join(ir::ValueId a, ir::ValueId b);

  std::vector<ir::ValueId> parent_;  // the root itself once all are joined
  std::vector<bool> copies_;
  std::map<ir::ValueId, std::vector<ir::ValueId>> all_;
};

/// Floats that are run-time data, or constants that stand in the place of such data. Weights,
/// biases and the like are not: they have integer forms of their own.
[[nodiscard]] std::vector<bool> stored_values(const ir::Graph& graph);

/// Element type of each group, by root.
[[nodiscard]] std::map<ir::ValueId, integer::Elem> element_types(const ir::Graph& graph,
                                                                 const Groups& groups);

}  // namespace oct::quant
