// SPDX-License-Identifier: Apache-2.0
// Sums, means, largest and smallest elements along axes.
#include <algorithm>
#include <set>

#include "compiler/dialect/context.hpp"

namespace oct::dialect {
namespace {

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

void reduce_rows(Context& c, const View& x, const View& y, std::int32_t kind, std::int64_t count) {
  const std::int64_t rows = x.sizes[1], columns = x.sizes[2];
  const std::int64_t most = std::max<std::int64_t>(256, c.options.l1_bytes / 8);
  const std::int64_t width = std::max(c.bytes(x), c.bytes(y));
  // Rows of at least 32 columns; what does not fit then is reduced in two steps.
  const std::int64_t columns_step =
      std::clamp<std::int64_t>(most / (rows * width) / 8 * 8, std::min<std::int64_t>(columns, 32),
                               std::min<std::int64_t>(columns, 2048));
  const std::int64_t rows_step = std::max<std::int64_t>(2, most / (columns_step * width));
  const auto one = [&](const View& from, const View& to, std::int32_t what) {
    for (std::int64_t at = 0; at < columns; at += columns_step) {
      const std::int64_t n = std::min(columns_step, columns - at);
      const View a = from.slice(2, at, n), b = to.slice(2, at, n);
      c.kernel("d_reduce", {a}, b, {word32(n), type_word(c.out, {a, b}), what, word32(count)});
    }
  };
  if (rows <= rows_step) return one(x, y, kind);
  const std::int64_t blocks = (rows + rows_step - 1) / rows_step;
  const View partial = c.fresh(kind <= 1 ? Elem::kI32 : c.elem(x), {x.sizes[0], blocks, columns});
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::int64_t from = i * rows_step;
    one(x.slice(1, from, std::min(rows_step, rows - from)), partial.slice(1, i, 1),
        kind == 1 ? 0 : kind);
  }
  reduce_rows(c, partial, y, kind, count);
}

void reduce(Context& c) {
  const Node& n = *c.node;
  const Place x = c.place(n.inputs[0]);
  const Ints axes = n.attrs.ints("axes");
  const std::set<std::int64_t> gone(axes.begin(), axes.end());
  const Shape& shape = c.shape(n.output);
  std::int64_t count = 1;
  for (const std::int64_t a : axes) count *= x.view.sizes[index(a)];
  if (count == 0) throw Unsupported("it reduces nothing");
  const bool adds = n.op == Op::kReduceSum || n.op == Op::kIntMean;
  const std::int32_t kind = n.op == Op::kReduceSum   ? 0
                            : n.op == Op::kIntMean   ? 1
                            : n.op == Op::kReduceMax ? 2
                                                     : 3;
  Range range = x.range;
  if (n.op == Op::kReduceSum) {
    range = {saturating_mul(range.lo, count), saturating_mul(range.hi, count)};
  }
  const Elem result = adds && kind == 0 ? Elem::kI32 : elem_for(range);
  // Kept dimensions by falling strides, then those that go.
  const Ints order = lower::stride_order(x.view);
  Ints kept, summed;
  for (const std::int64_t d : order) (gone.contains(d) ? summed : kept).push_back(d);
  const auto sizes_of = [&](const Ints& dims) {
    Shape s;
    for (const std::int64_t d : dims) s.push_back(x.view.sizes[index(d)]);
    return s;
  };
  const Shape kept_sizes = sizes_of(kept), summed_sizes = sizes_of(summed);
  const std::int64_t inner = kept.empty() ? 1 : kept_sizes.back();
  Shape outer_shape(kept_sizes.begin(), kept_sizes.end() - (kept.empty() ? 0 : 1));
  std::int64_t outer = 1;
  for (const std::int64_t s : outer_shape) outer *= s;

  const View stored = c.fresh(result, {outer, 1, inner});
  Ints perm(kept.begin(), kept.end() - (kept.empty() ? 0 : 1));
  perm.insert(perm.end(), summed.begin(), summed.end());
  if (!kept.empty()) perm.push_back(kept.back());
  View seen = lower::permute(x.view, perm);
  if (kept.empty()) seen.sizes.push_back(1), seen.strides.push_back(c.bytes(x.view));
  // {outer, count, inner}, rows contiguous: as it stands, or copied.
  const Shape matrix{outer, count, inner};
  auto view = lower::reshape(seen, matrix);
  const auto usable = [&] {
    return view && lower::rows_contiguous(*view, c.out) && lower::aligned(*view, 4);
  };
  if (!usable()) {
    // Dense rows of `inner`, so that both groups of dimensions melt.
    View to = c.fresh(c.elem(x.view), matrix);
    View split = to;
    split.sizes = seen.sizes;
    split.strides.assign(seen.sizes.size(), 0);
    std::int64_t stride = to.strides[1];
    split.strides.back() = c.bytes(to);
    for (std::size_t d = seen.sizes.size() - 1; d-- > 0;) {
      split.strides[d] = stride;
      stride *= seen.sizes[d];
    }
    c.copy(seen, split);
    view = to;
  }
  reduce_rows(c, *view, stored, kind, count);
  // As the value's shape: kept dimensions in their own order, ones where axes were.
  View out = stored;
  out.sizes = kept_sizes;
  out.strides.assign(kept_sizes.size(), 0);
  std::int64_t stride = stored.strides[0];
  for (std::size_t d = kept_sizes.size(); d-- > 0;) {
    if (d + 1 == kept_sizes.size()) {
      out.strides[d] = c.bytes(stored);
    } else {
      out.strides[d] = stride;
      stride *= kept_sizes[d];
    }
  }
  View value = out;
  value.sizes.clear(), value.strides.clear();
  for (std::size_t d = 0; d < x.view.sizes.size(); ++d) {
    const auto at = std::find(kept.begin(), kept.end(), static_cast<std::int64_t>(d));
    if (at != kept.end()) {
      const auto i = static_cast<std::size_t>(at - kept.begin());
      value.sizes.push_back(out.sizes[i]), value.strides.push_back(out.strides[i]);
    } else if (shape.size() == x.view.sizes.size()) {
      value.sizes.push_back(1), value.strides.push_back(0);
    }
  }
  c.put(value, range);
}

}  // namespace oct::dialect
