// SPDX-License-Identifier: Apache-2.0
// Which nodes one engine job computes: a product and what follows it, as far as the epilogue goes.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "compiler/lower/context.hpp"

namespace oct::lower {

/// A product, then in this order: functions of one value (a table, or ReLU), one run-time operand
/// added or multiplied, factor and shift by channels, limits.
struct Chain {
  ir::NodeId product = ir::kNone;
  std::vector<ir::NodeId> nodes;  ///< all of them, the product first
  ValueId result = ir::kNone;
  /// From the product's [.., N] to the result: Reshape and Rearrange in between.
  std::vector<Layout> layouts;

  std::vector<ir::NodeId> functions;  ///< by table
  /// Without functions: a value that the file rounds; the table says what it reads.
  ValueId before_functions = ir::kNone, after_functions = ir::kNone;
  bool relu = false;

  ValueId residual = ir::kNone;
  std::size_t residual_layouts = 0;  ///< layouts in front of it
  bool multiply = false;
  double product_sign = 1, residual_sign = 1;

  /// Of each channel; empty: 1 and 0. The residual is multiplied by its own factors.
  std::vector<double> gain, shift, residual_gain;
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

/// By the node at which all operands are known: the last one.
struct Chains {
  std::vector<Chain> all;
  std::map<ir::NodeId, std::size_t> at_end;  ///< last node -> chain
  std::map<ir::NodeId, std::size_t> member;  ///< any node -> chain
};
[[nodiscard]] Chains find_chains(const Context& ctx);

/// The result's place in the coordinates of the product's [.., N].
[[nodiscard]] std::optional<View> pulled_back(const View& v, const std::vector<Layout>& layouts,
                                              std::size_t count);
/// 256 entries for the integers -128 .. 127 of x, as integers of y; a scale of 0 is chosen to fit.
struct Table {
  std::vector<std::uint8_t> entries;
  double step = 1;
};
struct Numbers {
  double scale = 0;
  std::int32_t zero = 0;
};
[[nodiscard]] Table make_table(const ir::Graph& graph, const std::vector<ir::NodeId>& functions,
                               Numbers x, Numbers y);
/// Values of the functions at these points.
[[nodiscard]] std::vector<double> function_values(const ir::Graph& graph,
                                                  const std::vector<ir::NodeId>& functions,
                                                  const std::vector<double>& at);
/// A function of one value that a table can hold: also Pow, Min, Max, Div with a scalar constant.
[[nodiscard]] bool is_function(const ir::Graph& graph, const ir::Node& n);
/// Its operand that is known only at run time.
[[nodiscard]] ValueId function_operand(const ir::Graph& graph, const ir::Node& n);

}  // namespace oct::lower
