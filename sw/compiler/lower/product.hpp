// SPDX-License-Identifier: Apache-2.0
// Products: Linear, MatMul, Conv, with their epilogues.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compiler/lower/context.hpp"
#include "compiler/lower/fuse.hpp"

namespace oct::lower {

/// What the engine multiplies. `a` is [.., K], or [.., S, K/S] with segments; its leading
/// dimensions are those of the product's result [.., N]. w is {1, N, K}, or [.., N, K] for `batch`.
struct Factors {
  View a, w;
  bool w_kn = false, segments = false, batch = false;
  double scale_a = 1;
  std::int32_t zero_a = 0;
  std::vector<double> scale_w, bias;  ///< of each channel; bias may be empty
  std::vector<std::int64_t> sum_w;    ///< of each channel; empty where zero_a is 0
};

void lower_linear(Context& ctx, const Chain& chain);
void lower_matmul(Context& ctx, const Chain& chain);
void lower_conv(Context& ctx, const Chain& chain);
/// The job itself: planes from real numbers, operands brought to a common form.
void emit_product(Context& ctx, const Chain& chain, Factors f);
/// The epilogue of a product whose result is stored as y, beside the residual r. Channels without
/// weights get a step in f.
void fill_epilogue(Context& ctx, const Chain& chain, Factors& f, const View& y, const View& r,
                   const std::string& name, integer::Epilogue& e);

/// Weights as the engine reads them.
struct Kept {
  View w;  ///< {1, N, K}
  std::vector<double> scale;
  std::vector<std::int64_t> sum;  ///< of a channel's integers
};
/// Where weight (k, n) stands in the constant; below 0: it is 0.
struct WeightOrder {
  std::int64_t k, n, channel_axis;
  std::function<std::int64_t(std::int64_t, std::int64_t)> index;
};
/// Integers stay as they are where they come as Dequantize of constants by channels.
[[nodiscard]] Kept keep_weights(Context& ctx, ValueId w, const WeightOrder& order);
/// Operands with zero points become twice or four times as long, without:
/// golden::quantised::spread. Returns the sign that the product has then.
double spread_zero_points(Context& ctx, const ir::Node& n, Factors& f);
[[nodiscard]] std::vector<double> bias_of(const Context& ctx, const ir::Node& n);
/// Brings `from` to contiguous rows by a copy.
[[nodiscard]] View contiguous_copy(Context& ctx, const View& from, const ir::Node& node);
/// The same without padding behind the rows: any reshape of it is a view.
[[nodiscard]] View dense_copy(Context& ctx, const View& from, const ir::Node& node);

}  // namespace oct::lower
