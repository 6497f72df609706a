// SPDX-License-Identifier: Apache-2.0
// Where consumers want their operands. A wish passes through Reshape and Rearrange to the node that
// computes the value; the first wish that is found, from the outputs on, is the one that counts.
#include "compiler/lower/nodes.hpp"

namespace oct::lower {
namespace {

using ir::Node;

bool free_to_place(const Context& ctx, ValueId v) {
  if (v == ir::kNone || ctx.wanted.contains(v)) return false;
  return !is_constant(ctx.graph, v) && ir::is_float(ctx.graph.value(v).type.dtype);
}

/// A graph input whose other uses want it as it is stays so: the host writes it once.
void want(Context& ctx, ValueId v, const View& place) {
  if (free_to_place(ctx, v)) ctx.wanted.emplace(v, place);
}

/// The engine reads V by channel: [B][G][E][T].
void want_transposed(Context& ctx, ValueId v) {
  if (!free_to_place(ctx, v) || ctx.graph.value(v).rank() != 4 || ctx.quant(v).zero != 0) return;
  want(ctx, v, ctx.fresh(v, {0, 1, 3, 2}, Elem::kI8));
}

void concat_parts(Context& ctx, const Node& n) {
  if (!ir::is_float(ctx.graph.value(n.output).type.dtype)) return;
  if (!ctx.wanted.contains(n.output))
    ctx.wanted.emplace(n.output, ctx.fresh(n.output, {}, std::nullopt, Context::Zero::kAny));
  const View whole = ctx.wanted.at(n.output);
  const auto axis =
      static_cast<std::size_t>(ir::normalized_axis(n.attrs.integer("axis"), whole.sizes.size()));
  std::int64_t from = 0;
  for (const ValueId in : n.inputs) {
    const std::int64_t size = ctx.graph.value(in).shape()[axis];
    want(ctx, in, whole.slice(axis, from, size));
    from += size;
  }
}

/// Past and new rows in one tensor, which the host and the network fill; new rows are copied in.
void cache_parts(Context& ctx, const Node& n) {
  if (!ctx.wanted.contains(n.output)) {
    ctx.wanted.emplace(n.output, ctx.fresh(n.output, {}, Elem::kI8));
  }
  const View whole = ctx.wanted.at(n.output);
  ctx.out.at(whole.tensor).role = Role::kState;
  const auto axis =
      static_cast<std::size_t>(ir::normalized_axis(n.attrs.integer("axis"), whole.sizes.size()));
  const std::int64_t past = ctx.graph.value(n.inputs[0]).shape()[axis];
  if (past > 0) want(ctx, n.inputs[0], whole.slice(axis, 0, past));
}

}  // namespace

void find_places(Context& ctx) {
  const std::vector<ir::NodeId> order = ctx.graph.order();
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    const Node& n = ctx.graph.node(*it);
    if (!ir::is_float(ctx.graph.value(n.output).type.dtype)) continue;
    switch (n.op) {
      case Op::kReshape:
      case Op::kRearrange:
        if (const auto w = ctx.wanted.find(n.output); w != ctx.wanted.end()) {
          if (const auto v = undo(w->second, layout_of(ctx.graph, n))) want(ctx, n.inputs[0], *v);
        }
        break;
      case Op::kConcat:
        concat_parts(ctx, n);
        break;
      case Op::kKvAppend:
        cache_parts(ctx, n);
        break;
      case Op::kConv:
        want_image(ctx, n);
        break;
      case Op::kAttention:
        want_packed(ctx, n);
        want_transposed(ctx, n.inputs[2]);
        break;
      default:
        break;
    }
  }
}

}  // namespace oct::lower
