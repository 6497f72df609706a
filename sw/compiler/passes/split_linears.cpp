// SPDX-License-Identifier: Apache-2.0
// One product for Q, K and V at once, cut apart behind it, becomes three products with parts of its
// weights, in whatever order the columns lie.
#include <algorithm>

#include "compiler/passes/match.hpp"
#include "compiler/passes/passes.hpp"

namespace oct::passes {
using ir::Graph;
using ir::Ints;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::Shape;
using ir::Tensor;
using ir::ValueId;

namespace {

/// Columns of a matrix, or elements of a vector.
Tensor picked(const Tensor& t, const Ints& columns) {
  Shape shape = t.shape();
  const std::int64_t n = shape.back();
  shape.back() = static_cast<std::int64_t>(columns.size());
  Tensor out(t.dtype(), shape);
  const std::size_t width = ir::dtype_size(t.dtype());
  const auto copy = [&](auto* p) {
    using T = std::remove_pointer_t<decltype(p)>;
    const auto from = t.data<T>();
    auto to = out.mutable_data<T>();
    for (std::size_t i = 0; i < to.size(); ++i) {
      const std::size_t row = i / columns.size();
      to[i] = from[row * static_cast<std::size_t>(n) +
                   static_cast<std::size_t>(columns[i % columns.size()])];
    }
  };
  if (width == 1) copy(static_cast<std::uint8_t*>(nullptr));
  if (width == 2) copy(static_cast<std::uint16_t*>(nullptr));
  if (width == 4) copy(static_cast<std::uint32_t*>(nullptr));
  return out;
}

/// Weight and bias of the columns; none if the weight cannot be cut.
std::optional<std::vector<ValueId>> picked_operands(Graph& g, const Node& linear,
                                                    const Ints& columns) {
  std::vector<ValueId> in = linear.inputs;
  const auto cut = [&](ValueId v) {
    return g.add_constant(g.value(v).name, picked(*g.constant(v), columns));
  };
  if (g.constant(in[1])) {
    in[1] = cut(in[1]);
  } else {
    const Node* q = g.producer(in[1], Op::kDequantize);
    if (!q || !is_weight(g, in[1]) || g.value(q->inputs[1]).rank() > 1) return std::nullopt;
    std::vector<ValueId> parts = q->inputs;
    parts[0] = cut(parts[0]);
    const bool by_column = ir::normalized_axis(q->attrs.integer("axis", 1), 2) == 1;
    for (std::size_t i = 1; i < parts.size(); ++i) {
      if (parts[i] != ir::kNone && g.constant(parts[i])->size() > 1 && by_column) {
        parts[i] = cut(parts[i]);
      }
    }
    in[1] = g.add(Op::kDequantize, parts, q->attrs, q->name, q->sources);
  }
  if (in.size() > 2 && in[2] != ir::kNone) {
    if (!g.constant(in[2])) return std::nullopt;
    in[2] = cut(in[2]);
  }
  return in;
}

/// Whether a value is only ever cut apart: otherwise the whole product is needed anyway.
bool only_sliced(const Graph& g, ValueId v) {
  const auto& users = g.value(v).users;
  return !g.is_output(v) && std::all_of(users.begin(), users.end(),
                                        [&](NodeId user) { return g.node(user).op == Op::kSlice; });
}

/// A slice of a Linear's result, straight or behind a view that splits the columns.
ValueId pushed_up(Graph& g, const Node& slice) {
  const Ints starts = slice.attrs.ints("starts"), sizes = slice.attrs.ints("sizes"),
             steps = slice.attrs.ints("steps");
  const Shape before = g.value(slice.inputs[0]).shape();
  std::size_t axis = before.size();
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (sizes[i] == before[i] && steps[i] == 1) continue;
    if (axis != before.size()) return slice.output;  // more than one
    axis = i;
  }
  if (axis == before.size() || sizes[axis] == 0) return slice.output;
  const Node* view = g.producer(slice.inputs[0]);
  const bool viewed = view && (view->op == Op::kReshape || view->op == Op::kRearrange);
  const ValueId base = viewed ? view->inputs[0] : slice.inputs[0];
  const Node* linear = g.producer(base, Op::kLinear);
  if (!linear || !only_sliced(g, slice.inputs[0]) || (viewed && !used_once(g, base))) {
    return slice.output;
  }
  // The Linear's result: rows x columns, seen as dims, permuted, seen as `before`.
  const Shape& s = g.value(base).shape();
  const std::int64_t columns = s.back(), rows = ir::element_count(s) / columns;
  Layout l{{rows, columns}, {0, 1}, before};
  if (viewed) {
    const auto both = composed(Layout{{rows, columns}, {0, 1}, s}, layout_of(g, *view));
    if (!both) return slice.output;
    l = *both;
  }
  // Factors of `before` and of the permuted dims; the axis must be one of those of the columns.
  Ints permuted, same(before.size());
  for (const std::int64_t p : l.perm) permuted.push_back(l.dims[static_cast<std::size_t>(p)]);
  for (std::size_t i = 0; i < same.size(); ++i) same[i] = static_cast<std::int64_t>(i);
  const auto refined = composed(l, Layout{before, same, before}, false);
  if (!refined) return slice.output;
  // Which column each index of the axis takes, found by following the first of every other axis.
  const auto position = [&](std::int64_t at, std::size_t along) {
    // Linear index in `before`, then in the permuted dims, then in the base.
    const Shape strides = ir::row_major_strides(before), dims = ir::row_major_strides(l.dims);
    std::int64_t index = at * strides[along], out = 0;
    const Shape inner = ir::row_major_strides(permuted);
    for (std::size_t i = 0; i < permuted.size(); ++i) {
      out += index / inner[i] * dims[static_cast<std::size_t>(l.perm[i])];
      index %= inner[i];
    }
    return out;
  };
  const std::int64_t n = before[axis];
  // Each index of the axis must be a shift within the columns.
  for (std::int64_t i = 0; i < n; ++i) {
    if (position(i, axis) >= columns) return slice.output;
  }
  // The columns that index 0 of the axis reaches, by the other axes; their order is kept.
  std::vector<bool> used(static_cast<std::size_t>(columns), false);
  std::vector<std::int64_t> offsets;
  for (std::int64_t i = 0; i < sizes[axis]; ++i) {
    offsets.push_back(position(starts[axis] + i * steps[axis], axis));
  }
  std::vector<bool> start(static_cast<std::size_t>(columns), false);
  std::int64_t total = 1;
  for (std::size_t i = 0; i < before.size(); ++i) total *= i == axis ? 1 : before[i];
  {
    Shape others = before;
    others[axis] = 1;
    Ints at(before.size(), 0);
    for (std::int64_t k = 0; k < total; ++k) {
      std::int64_t p = 0;
      for (std::size_t i = 0; i < before.size(); ++i) p += at[i] ? position(at[i], i) : 0;
      start[static_cast<std::size_t>(p % columns)] = true;
      for (std::size_t i = before.size(); i-- > 0;) {
        if (++at[i] < others[i]) break;
        at[i] = 0;
      }
    }
  }
  for (std::int64_t c = 0; c < columns; ++c) {
    if (!start[static_cast<std::size_t>(c)]) continue;
    for (const std::int64_t o : offsets) {
      if (c + o >= columns) return slice.output;
      used[static_cast<std::size_t>(c + o)] = true;
    }
  }
  Ints chosen;
  for (std::int64_t c = 0; c < columns; ++c) {
    if (used[static_cast<std::size_t>(c)]) chosen.push_back(c);
  }
  if (static_cast<std::int64_t>(chosen.size()) * n != columns * sizes[axis] || steps[axis] < 0) {
    return slice.output;
  }
  const auto operands = picked_operands(g, *linear, chosen);
  if (!operands) return slice.output;
  const ValueId y =
      g.add(Op::kLinear, *operands, {}, slice.name, merged(linear->sources, slice.sources));
  // The same view of fewer columns: the factor that the axis is becomes smaller.
  const Shape after = g.value(slice.output).shape();
  if (!viewed) return add_reshape(g, y, after, slice.name, {});
  Layout made = *refined;
  made.shape = after;
  std::int64_t inner = 1;
  bool done = false;
  // The axis's place among the base's factors: the one whose step is the axis's step.
  const std::int64_t step = n > 1 ? position(1, axis) : 1;
  for (std::size_t i = made.dims.size(); i-- > 0 && !done;) {
    if (inner == step && made.dims[i] == n) {
      made.dims[i] = sizes[axis];
      done = true;
    }
    inner *= made.dims[i];
  }
  if (!done) return slice.output;
  return add_layout(g, y, reduced(made), slice.name, view->sources);
}

}  // namespace

Graph split_linears(Graph g) {
  for (bool changed = true; changed;) {
    changed = false;
    for (const NodeId id : g.order()) {
      const Node& n = g.node(id);
      if (!n.alive || n.op != Op::kSlice || g.use_count(n.output) == 0) continue;
      const ValueId to = pushed_up(g, n);
      if (to == n.output) continue;
      g.replace_uses(n.output, to);
      changed = true;
    }
    g.remove_dead();
    if (changed) g = simplify(std::move(g));
  }
  return g;
}

}  // namespace oct::passes
