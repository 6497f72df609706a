// SPDX-License-Identifier: Apache-2.0
// One function a kind of node. Each leaves the result's place in the context.
#pragma once

#include "compiler/lower/context.hpp"

namespace oct::lower {

// attention.cpp
void lower_attention(Context& ctx, const ir::Node& n);
void lower_kv_append(Context& ctx, const ir::Node& n);
// rotary.cpp
void lower_rotary(Context& ctx, const ir::Node& n);
// caches_first.cpp
/// Orders the operations of a network with caches.
void caches_first(integer::Graph& graph);
// norms.cpp
void lower_norm(Context& ctx, const ir::Node& n);
void lower_softmax(Context& ctx, const ir::Node& n);
// elementwise.cpp
void lower_binary(Context& ctx, const ir::Node& n);
void lower_function(Context& ctx, const ir::Node& n);
void lower_affine(Context& ctx, const ir::Node& n);
void lower_fixed(Context& ctx, const ir::Node& n);
/// Integers of the model's own inputs and outputs.
void lower_as_it_is(Context& ctx, const ir::Node& n);
void lower_mask(Context& ctx, const ir::Node& n);
// movement.cpp
void lower_layout(Context& ctx, const ir::Node& n);
void lower_slice(Context& ctx, const ir::Node& n);
void lower_concat(Context& ctx, const ir::Node& n);
void lower_pad(Context& ctx, const ir::Node& n);
void lower_expand(Context& ctx, const ir::Node& n);
void lower_lookup(Context& ctx, const ir::Node& n);
void lower_reduce(Context& ctx, const ir::Node& n);
void lower_pool(Context& ctx, const ir::Node& n);

// place.cpp
/// The operand of a Conv, with a border (conv.cpp).
void want_image(Context& ctx, const ir::Node& n);
/// Attention of a single token (attention_packed.cpp): keys and queries as one job takes them.
void want_packed(Context& ctx, const ir::Node& n);
/// Fills ctx.wanted: from the last node to the first, who wants which value where.
void find_places(Context& ctx);

}  // namespace oct::lower
