// SPDX-License-Identifier: Apache-2.0
// What the host computes in front of the cluster's graph and behind it: docs/architecture/flow.md,
// "The host".
#pragma once

#include <set>
#include <string>
#include <vector>

#include "compiler/ir/graph.hpp"

namespace oct::passes {

/// Three graphs that run one after the other. Values that cross a border are outputs of the one and
/// inputs of the other under one name; those of the whole graph keep theirs.
struct HostEnds {
  ir::Graph before, core, after;
  /// "name (Operator)" of what is not in `core`: side computations on token ids and masks, and what
  /// was refused (with all that has to come before or after it).
  std::vector<std::string> prepared, refused;

  [[nodiscard]] bool any() const { return !prepared.empty() || !refused.empty(); }
};

/// Always in front: arithmetic on nothing but integer and truth inputs (position ids from a mask by
/// CumSum, the place of the last token by ArgMax). `refused`: names of nodes that the cluster
/// cannot run; those behind a product take everything after them along, others everything before.
/// Throws CompileError if nothing is left.
[[nodiscard]] HostEnds split_host_ends(const ir::Graph& graph,
                                       const std::set<std::string>& refused = {});

}  // namespace oct::passes
