// SPDX-License-Identifier: Apache-2.0
// Constants among run-time operands, borders; tidying up.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "compiler/integer/rows.hpp"
#include "compiler/lower/context.hpp"
#include "compiler/lower/numbers.hpp"

namespace oct::lower {
namespace {

/// Rows of n elements, padded; a value given once a row is repeated.
std::vector<std::uint8_t> stored(const std::vector<double>& x, std::int64_t per_row, std::int64_t n,
                                 Elem e, double step, std::int32_t zero = 0) {
  const std::int64_t bytes = integer::elem_bytes(e), row = padded(n * bytes);
  const std::int64_t rows = static_cast<std::int64_t>(x.size()) / per_row;
  std::vector<std::uint8_t> data(static_cast<std::size_t>(rows * row));
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < n; ++c) {
      const double d = x[static_cast<std::size_t>(r * per_row + (per_row == n ? c : 0))];
      const std::int32_t q =
          to_bits(std::nearbyint(d / step) + zero, static_cast<unsigned>(8 * bytes));
      std::memcpy(&data[static_cast<std::size_t>(r * row + c * bytes)], &q,
                  static_cast<std::size_t>(bytes));
    }
  }
  return data;
}

double most(Elem e) { return e == Elem::kI8 ? 127 : 32767; }

}  // namespace

namespace {

/// The largest value takes the whole range, unless all are multiples of one step, as they are that
/// a file has as bytes: those stay what they are.
double step_of(const std::vector<double>& x, Elem e, bool multiples) {
  constexpr int kMost = 510;  // bytes less their zero point, and sums of two
  constexpr double kNear = 2e-4;
  double range = 0;
  for (const double d : x) range = std::max(range, std::abs(d));
  if (range == 0) return 1;
  for (int k = 1; multiples && e == Elem::kI16 && k <= kMost; ++k) {
    const double step = range / k;
    if (std::all_of(x.begin(), x.end(), [&](double d) {
          return std::abs(d / step - std::nearbyint(d / step)) < kNear;
        })) {
      return step;
    }
  }
  return range / most(e);
}

}  // namespace

View Context::constant_view(ValueId v, const ir::Shape& shape, Elem e) {
  const ir::Tensor t = constant_value(graph, v);
  const std::vector<double> x = t.to_doubles();
  ir::Shape own = t.shape().empty() ? ir::Shape{1} : t.shape();
  const std::int64_t per_row = own.back();
  // Broadcast along the last dimension is written out; the rest is done by strides.
  if (!shape.empty()) own.back() = std::max(own.back(), shape.back());
  const bool quantised = std::any_of(plan.values.begin(), plan.values.end(),
                                     [](const auto& value) { return value.second.fixed; });
  const double step = step_of(x, e, quantised);
  const View whole =
      out.whole(constant(name(v), e, own, stored(x, per_row, own.back(), e, step), step));
  if (!shape.empty()) return expand(whole, shape);
  View scalar = whole;
  scalar.sizes.clear();
  scalar.strides.clear();
  return scalar;
}

View Context::constant_like(ValueId v, const View& like) {
  const Elem e = elem(like);
  const double step = scale(like);
  const ir::Tensor t = constant_value(graph, v);
  const ir::Shape own = t.shape().empty() ? ir::Shape{1} : t.shape();
  const TensorId id = constant(
      name(v), e, own, stored(t.to_doubles(), own.back(), own.back(), e, step, zero(like)), step);
  out.at(id).zero = zero(like);
  return out.whole(id);
}

void Context::fill_border(const View& whole, const View& inner, double value,
                          const ir::Node& node) {
  const Elem e = elem(whole);
  const std::int64_t bytes = integer::elem_bytes(e);
  // One row of the value along the contiguous dimension serves for all.
  std::size_t last = whole.sizes.size() - 1;
  for (std::size_t d = 0; d < whole.sizes.size(); ++d) {
    if (whole.strides[d] == bytes && whole.sizes[d] > 1) last = d;
  }
  TensorId row = integer::kNone;
  View rest = whole;
  for (std::size_t d = 0; d < whole.sizes.size(); ++d) {
    const std::int64_t stride = std::max<std::int64_t>(whole.strides[d], 1);
    std::int64_t before = 0;
    if (whole.sizes[d] != inner.sizes[d]) {
      // Which of the rest's elements along d are inside; offsets of later dimensions come later.
      std::int64_t left = inner.offset - rest.offset;
      std::vector<std::size_t> order;
      for (std::size_t k = 0; k < whole.sizes.size(); ++k) order.push_back(k);
      std::sort(order.begin(), order.end(),
                [&](std::size_t a, std::size_t b) { return whole.strides[a] > whole.strides[b]; });
      for (const std::size_t k : order) {
        const std::int64_t steps = whole.sizes[k] == 1 ? 0 : left / whole.strides[k];
        if (k == d) before = steps;
        left -= steps * whole.strides[k];
      }
    }
    (void)stride;
    const std::int64_t after = rest.sizes[d] - before - inner.sizes[d];
    for (const auto& [from, count] :
         {std::pair{std::int64_t{0}, before}, std::pair{before + inner.sizes[d], after}}) {
      if (count == 0) continue;
      if (row == integer::kNone) {
        const std::vector<double> x(static_cast<std::size_t>(whole.sizes[last]), value);
        row =
            constant(fmt::format("{}.border", node.name), e, {whole.sizes[last]},
                     stored(x, whole.sizes[last], whole.sizes[last], e, scale(whole), zero(whole)),
                     scale(whole));
      }
      const View to = rest.slice(d, from, count);
      View source{row, 0, to.sizes, std::vector<std::int64_t>(to.sizes.size(), 0)};
      source.strides[last] = bytes;
      copy(source, to, node.name, node.sources);
    }
    rest = rest.slice(d, before, inner.sizes[d]);
  }
}

View Context::stand_in(ValueId v) {
  const ir::Shape& shape = graph.value(v).shape();
  View view = out.whole(tensor(name(v), Elem::kI8, shape, 1, Role::kActivation));
  if (shape.empty()) view.sizes.clear(), view.strides.clear();
  return view;
}

void drop_unused(integer::Graph& graph, std::map<ValueId, View>& places) {
  std::vector<TensorId> to(graph.tensors.size(), integer::kNone);
  const auto every = [&](auto f) {
    const auto view = [&](View& v) {
      if (v.used()) f(v.tensor);
    };
    for (integer::Port& p : graph.inputs) view(p.view);
    for (integer::Port& p : graph.outputs) view(p.view);
    for (integer::Operation& op : graph.operations) {
      if (auto* g = std::get_if<integer::Gemm>(&op.what)) {
        view(g->a), view(g->w), view(g->y), view(g->r);
        for (TensorId* id : {&g->epilogue.plane_a, &g->epilogue.plane_b, &g->epilogue.plane_c,
                             &g->epilogue.table}) {
          if (*id != integer::kNone) f(*id);
        }
      } else if (auto* a = std::get_if<integer::Attention>(&op.what)) {
        view(a->q), view(a->k), view(a->v), view(a->o), view(a->key_mask);
        f(a->head_params);
      } else if (auto* k = std::get_if<integer::Kernel>(&op.what)) {
        for (View& v : k->inputs) view(v);
        for (View& v : k->outputs) view(v);
        for (TensorId& id : k->constants) f(id);
      } else if (auto* c = std::get_if<integer::Copy>(&op.what)) {
        view(c->from), view(c->to);
      } else if (auto* r = std::get_if<integer::Gather>(&op.what)) {
        view(r->ids), view(r->to);
        f(r->table);
      }
    }
  };
  every([&](TensorId id) { to[static_cast<std::size_t>(id)] = 0; });
  std::vector<integer::Tensor> kept;
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (to[i] == integer::kNone) continue;
    to[i] = static_cast<TensorId>(kept.size());
    kept.push_back(std::move(graph.tensors[i]));
  }
  graph.tensors = std::move(kept);
  every([&](TensorId& id) { id = to[static_cast<std::size_t>(id)]; });
  std::map<ValueId, View> left;
  for (auto& [v, view] : places) {
    view.tensor = to[static_cast<std::size_t>(view.tensor)];
    if (view.used()) left.emplace(v, view);
  }
  places = std::move(left);
}

}  // namespace oct::lower
