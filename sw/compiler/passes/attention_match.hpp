// SPDX-License-Identifier: Apache-2.0
// The parts of an attention in a graph: scores with their masks and scales, and what becomes of the
// probabilities.
#pragma once

#include "compiler/passes/match.hpp"

namespace oct::passes {

/// Something added to the scores, or a condition on them.
struct Term {
  ir::ValueId value = ir::kNone;
  double factor = 1;
  bool condition = false, inverted = false;  // truth values: which keys pass, or which do not
};

/// What a softmax reads.
struct Scores {
  const ir::Node* product = nullptr;
  double scale = 1, softcap = 0;
  std::vector<Term> terms;
  ir::Shape shape;  // [B, H, S, T], if the scores have it anywhere on their way
  ir::Sources sources;
};

/// Where a run of probabilities is used: behind guards against NaN, by the product with v.
struct Probabilities {
  const ir::Node* product = nullptr;
  bool guarded = false;
  const ir::Node* zeroed = nullptr;  ///< Where(condition, 0, p) or the other way round
  ir::Sources sources;
};

/// From the operand of a softmax back to the product of queries and keys; none if there is none.
[[nodiscard]] std::optional<Scores> scores_of(const ir::Graph& graph, ir::ValueId v);
/// From probabilities to their product with values.
[[nodiscard]] std::optional<Probabilities> product_with_values(const ir::Graph& graph,
                                                               ir::ValueId probabilities);
/// Whether probabilities are zeroed exactly where the scores were masked, or not at all.
[[nodiscard]] bool zeroed_where_masked(const Scores& scores, const Probabilities& values,
                                       ir::ValueId probabilities);

}  // namespace oct::passes
