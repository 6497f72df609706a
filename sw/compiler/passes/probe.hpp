// SPDX-License-Identifier: Apache-2.0
// Masks and position tables are recognised by what they compute, not by how they are spelled: the
// few nodes between an integer graph input and a value are run on chosen inputs.
#pragma once

#include "compiler/passes/match.hpp"

namespace oct::passes {

/// The one graph input of integers [batch, n] that a value depends on; kNone if it is not so.
[[nodiscard]] ir::ValueId integer_source(const ir::Graph& graph, ir::ValueId v);

/// What a mask that is added to scores [B, H, S, T] means.
struct Mask {
  ir::ValueId key_mask = ir::kNone, bias = ir::kNone;
  bool causal = false;
  std::int64_t offset = 0, window = 0;
  bool empty_rows_average = false;  // a row without any key: the mean of all values, else 0
  bool rows = false;                // the key mask hides queries like keys: all keys of their rows
};
/// `guarded`: rows without any key give 0; only then `rows` can be true.
[[nodiscard]] Mask understand_mask(ir::Graph& graph, ir::ValueId added, const ir::Shape& scores,
                                   bool guarded = false);

/// Row p of the result: what `v` [.., S, R] holds for a token at position p; for a constant, row s.
struct PositionTable {
  ir::Tensor rows;
  ir::ValueId positions = ir::kNone;  // the graph input; kNone: row s is for token s
};
/// `axis` is where S lies in `v`. None if `v` is no function of the position alone.
[[nodiscard]] std::optional<PositionTable> position_table(const ir::Graph& graph, ir::ValueId v,
                                                          std::size_t axis,
                                                          std::int64_t max_positions);

}  // namespace oct::passes
