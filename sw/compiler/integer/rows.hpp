// SPDX-License-Identifier: Apache-2.0
// Walking the bytes of views.
#pragma once

#include <array>
#include <cstdint>
#include <tuple>
#include <variant>
#include <vector>

#include "compiler/integer/graph.hpp"

namespace oct::integer {

/// Calls f(o_0, .., o_N-1) for each index over all but the last `inner` dimensions of `sizes`, the
/// last one fastest; o_i is the offset in bytes from the place where operand i starts.
template <std::size_t N, typename F>
void for_each_index(const std::vector<std::int64_t>& sizes,
                    const std::array<const std::vector<std::int64_t>*, N>& strides,
                    std::size_t inner, F f) {
  const std::size_t rank = sizes.size() < inner ? 0 : sizes.size() - inner;
  std::vector<std::int64_t> index(rank);
  std::array<std::int64_t, N> offset{};
  for (;;) {
    std::apply(f, offset);
    std::size_t d = rank;
    for (; d > 0; --d) {
      const std::size_t x = d - 1;
      for (std::size_t i = 0; i < N; ++i) offset[i] += (*strides[i])[x];
      if (++index[x] < sizes[x]) break;
      for (std::size_t i = 0; i < N; ++i) offset[i] -= (*strides[i])[x] * sizes[x];
      index[x] = 0;
    }
    if (d == 0) return;
  }
}

/// f(offset in the tensor) for each row of the last dimension of a view.
template <typename F>
void for_each_row(const View& v, F f) {
  for_each_index<1>(v.sizes, {&v.strides}, 1, [&](std::int64_t o) { f(v.offset + o); });
}

/// f(view, writes) for each view that an operation uses, in a fixed order.
template <typename Op, typename F>
void for_each_view(Op& op, F f) {
  const auto visit = [&](auto& v, bool writes) {
    if (v.used()) f(v, writes);
  };
  if (auto* g = std::get_if<Gemm>(&op.what)) {
    visit(g->a, false), visit(g->w, false), visit(g->r, false), visit(g->y, true);
  } else if (auto* a = std::get_if<Attention>(&op.what)) {
    visit(a->q, false), visit(a->k, false), visit(a->v, false), visit(a->key_mask, false);
    visit(a->o, true);
  } else if (auto* k = std::get_if<Kernel>(&op.what)) {
    for (auto& v : k->inputs) visit(v, false);
    for (auto& v : k->outputs) visit(v, true);
  } else if (auto* c = std::get_if<Copy>(&op.what)) {
    visit(c->from, false), visit(c->to, true);
  } else {
    auto& gather = std::get<Gather>(op.what);
    visit(gather.ids, false), visit(gather.to, true);
  }
}

}  // namespace oct::integer
