// SPDX-License-Identifier: Apache-2.0
// What the two ways to compute attention share.
#pragma once

#include <optional>

#include "compiler/lower/context.hpp"

namespace oct::lower {

/// q {B, H, Sq, D}, k {B, G, Sk, D}, v {B, G, DV, Sk}, o {B, H, Sq, DV}, as the engine takes them.
struct AttentionViews {
  View q, k, v, o;
};
/// Attention of a single token: heads become queries of one job where they can. Where the result
/// stands then; nothing, and nothing is changed, if they cannot.
[[nodiscard]] std::optional<View> pack_heads(Context& ctx, const ir::Node& n, AttentionViews& a);
void lower_attention_with_bias(Context& ctx, const ir::Node& n, const AttentionViews& views);

/// One of a batch.
[[nodiscard]] inline View of_batch(const View& v, std::int64_t b) {
  View out = v.slice(0, b, 1);
  out.sizes.erase(out.sizes.begin());
  out.strides.erase(out.strides.begin());
  return out;
}

}  // namespace oct::lower
