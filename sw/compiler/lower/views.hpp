// SPDX-License-Identifier: Apache-2.0
// Layout operators on views: what they give is again a view, or nothing where strides cannot say
// it. Here the last dimension may have any stride; who needs it contiguous asks.
#pragma once

#include <optional>
#include <vector>

#include "compiler/integer/graph.hpp"

namespace oct::lower {

using integer::View;

/// A Reshape or Rearrange: seen as `dims`, permuted, seen as `shape`.
struct Layout {
  ir::Shape from, dims;
  ir::Ints perm;
  ir::Shape shape;
};

/// As many elements under another shape.
[[nodiscard]] std::optional<View> reshape(const View& v, const ir::Shape& shape);
[[nodiscard]] View permute(const View& v, const ir::Ints& perm);
[[nodiscard]] ir::Ints inverse(const ir::Ints& perm);
[[nodiscard]] std::optional<View> apply(const View& v, const Layout& layout);
/// Where the operand stands if the result stands at `v`.
[[nodiscard]] std::optional<View> undo(const View& v, const Layout& layout);
/// Broadcast, with strides of 0.
[[nodiscard]] View expand(const View& v, const ir::Shape& shape);
[[nodiscard]] View slice(const View& v, const ir::Ints& starts, const ir::Ints& sizes,
                         const ir::Ints& steps);

/// Views whose leading dimensions are the same, each as {B, R, C}: leading dimensions melt where
/// all of the views allow it. Strides of dimensions of size 1 become rows that fit.
[[nodiscard]] std::optional<std::vector<View>> as_matrices(const std::vector<View>& views,
                                                           const integer::Graph& graph);
/// The same with only the dimensions in front of the last two melting: {B, R, C}, where R and C may
/// differ from view to view.
[[nodiscard]] std::optional<std::vector<View>> as_batches(const std::vector<View>& views,
                                                          const integer::Graph& graph);
[[nodiscard]] std::optional<View> as_matrix(const View& v, const integer::Graph& graph);

[[nodiscard]] bool same_place(const View& a, const View& b);
/// Elements of the last dimension are neighbours.
[[nodiscard]] bool rows_contiguous(const View& v, const integer::Graph& graph);
/// Offset and all strides but the last are multiples of `bytes`.
[[nodiscard]] bool aligned(const View& v, std::int64_t bytes);
/// Dimensions by falling stride; those of stride 0, and of size 1 but for the last, stay in front.
[[nodiscard]] ir::Ints stride_order(const View& v);

}  // namespace oct::lower
