// SPDX-License-Identifier: Apache-2.0
// Products, exact in 32 bits: matrices and convolutions, cut so that blocks of both operands fit.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "compiler/dialect/context.hpp"

namespace oct::dialect {
namespace {

std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }
std::int64_t up(std::int64_t v, std::int64_t to) { return (v + to - 1) / to * to; }

/// Rows of w, evenly spaced, every byte written: {B, N, K} with strides of multiples of 4 that hold
/// no more than the row; what fills it up is 0.
View weight_rows(Context& c, const View& w) {
  const std::int64_t e = c.bytes(w), k = w.sizes[2], row = up(k * e, 4);
  const bool good = lower::rows_contiguous(w, c.out) && lower::aligned(w, 4) && row == k * e &&
                    (w.sizes[1] == 1 || w.strides[1] == row);
  if (good) {
    View v = w;
    v.strides[1] = row;
    return v;
  }
  const bool shared = w.sizes[0] > 1 && w.strides[0] == 0;
  const View once = shared ? w.slice(0, 0, 1) : w;
  const View whole = c.fresh(c.elem(w), {once.sizes[0], once.sizes[1], row / e}, 4);
  c.copy(once, whole.slice(2, 0, k));
  if (row != k * e) {
    const View rest = whole.slice(2, k, row / e - k);
    c.copy(c.filled(c.elem(w), 0, rest.sizes), rest);
  }
  View v = whole.slice(2, 0, k);
  if (shared) v.sizes[0] = w.sizes[0], v.strides[0] = 0;
  return v;
}

/// One run of K: y = a w, plus c if used. w as weight_rows gives it.
void columns(Context& c, const View& a, const View& w, const View& sum, const View& y) {
  const std::int64_t k = a.sizes[2], n = w.sizes[1], rows = a.sizes[1], ldw = w.strides[1];
  const std::int64_t e = c.bytes(w);
  const std::int64_t room = std::max<std::int64_t>(4, c.options.l1_bytes / 8 / ldw / 4 * 4);
  const std::int64_t parts = (n + room - 1) / room;
  const std::int64_t step = std::min(n, up((n + parts - 1) / parts, 4));
  for (std::int64_t at = 0; at < n; at += step) {
    const std::int64_t count = std::min(step, n - at);
    View block = w.slice(1, at, count);  // as one row, which all rows of a share
    block.sizes = {w.sizes[0], rows, count * ldw / e};
    block.strides = {w.strides[0], 0, e};
    std::vector<View> inputs{a, block};
    std::vector<std::int32_t> args{word32(k), 0, word32(count), word32(ldw)};
    if (sum.used()) {
      inputs.push_back(sum.slice(2, at, count));
      args.push_back(1);
    }
    std::vector<View> all = inputs;
    const View to = y.slice(2, at, count);
    all.push_back(to);
    args[1] = type_word(c.out, all);
    c.kernel(sum.used() ? "d_matmul_c" : "d_matmul", inputs, to, args);
  }
}

/// Constant weights as rows of one run of K.
View constant_weights(Context& c, Elem e, std::int64_t batch, std::int64_t n, std::int64_t k,
                      const std::vector<std::int64_t>& values) {
  const std::int64_t width = integer::elem_bytes(e), padded = up(k * width, 4) / width;
  std::vector<std::int64_t> all(index(batch * n * padded), 0);
  for (std::int64_t r = 0; r < batch * n; ++r) {
    std::copy_n(values.begin() + r * k, k, all.begin() + r * padded);
  }
  return c.stored(e, {batch, n, padded}, all, 4).slice(2, 0, k);
}

std::int64_t run_of(const Context& c, const View& a) {  // elements of K at once
  return std::max<std::int64_t>(64, c.options.l1_bytes / 24 / c.bytes(a) / 8 * 8);
}

/// Constant weights {batch, N, K}, cut along K if rows are too long.
void product_of(Context& c, const View& a, Elem e, std::int64_t batch, std::int64_t n,
                const std::vector<std::int64_t>& w, const View& y) {
  const std::int64_t k = a.sizes[2], run = std::min(k, run_of(c, a));
  View sum;
  for (std::int64_t at = 0; at < k; at += run) {
    const std::int64_t count = std::min(run, k - at);
    std::vector<std::int64_t> part;
    for (std::int64_t r = 0; r < batch * n; ++r) {
      part.insert(part.end(), w.begin() + r * k + at, w.begin() + r * k + at + count);
    }
    View rows = constant_weights(c, e, batch, n, count, part);
    if (batch == 1) rows.sizes[0] = a.sizes[0], rows.strides[0] = 0;
    const bool last = at + run >= k;
    const View to = last ? y : c.fresh(Elem::kI32, y.sizes);
    columns(c, run == k ? a : a.slice(2, at, count), rows, sum, to);
    sum = to;
  }
}

Range sum_range(const Range& x, const std::vector<std::int64_t>& w, std::int64_t k) {
  Range all{0, 0};
  for (std::size_t row = 0; row * index(k) < w.size(); ++row) {
    std::int64_t up_by = 0, down = 0;
    for (std::int64_t i = 0; i < k; ++i) {
      const std::int64_t v = w[row * index(k) + index(i)];
      (v < 0 ? down : up_by) = saturating_add(v < 0 ? down : up_by, v);
    }
    const Range positive{up_by, up_by}, negative{down, down};
    all = united(all, x * positive + x * negative);
  }
  return all;
}

Elem elem_of(const std::vector<std::int64_t>& w) {
  const auto [low, high] = std::minmax_element(w.begin(), w.end());
  return elem_for({*low, *high});
}

View batched(View v, std::size_t rank) {
  while (v.sizes.size() < rank) {
    v.sizes.insert(v.sizes.begin(), 1);
    v.strides.insert(v.strides.begin(), 0);
  }
  return v;
}

/// Run-time operands of any leading dimensions (equal, broadcast by strides of 0).
void batches(Context& c, const View& a, const View& w, const View& y) {
  if (const auto all = lower::as_batches({a, w, y}, c.out)) {
    return product(c, (*all)[0], (*all)[1], (*all)[2]);
  }
  for (std::int64_t i = 0; i < y.sizes[0]; ++i) {
    batches(c, without_first(a, i), without_first(w, i), without_first(y, i));
  }
}

}  // namespace

void product(Context& c, const View& a, const View& w, const View& y) {
  const std::int64_t k = a.sizes[2], run = std::min(k, run_of(c, a));
  View sum;
  for (std::int64_t at = 0; at < k; at += run) {
    const std::int64_t count = std::min(run, k - at);
    const bool last = at + run >= k;
    const View to = last ? y : c.fresh(Elem::kI32, y.sizes);
    columns(c, a.slice(2, at, count), weight_rows(c, w.slice(2, at, count)), sum, to);
    sum = to;
  }
}

void matmul(Context& c) {
  const Node& n = *c.node;
  const Shape& shape = c.shape(n.output);
  const Place a = c.place(n.inputs[0]);
  const ir::Tensor* weights = c.constant(n.inputs[1]);
  View x = a.view;
  if (x.sizes.size() == 1) x = batched(x, 2);
  const Shape& b_shape = c.shape(n.inputs[1]);
  const std::int64_t k = x.sizes.back(), m = x.sizes[x.sizes.size() - 2];
  const std::int64_t columns_of = b_shape.size() == 1 ? 1 : b_shape.back();
  if (k == 0) throw Unsupported("a product over nothing");
  // The result with both of its last dimensions.
  Shape full = shape;
  if (b_shape.size() == 1) full.push_back(1);
  if (a.view.sizes.size() == 1) full.insert(full.end() - 1, 1);
  const View y = c.fresh(Elem::kI32, full);
  View result = y;
  result.sizes = shape;
  if (b_shape.size() == 1) result.strides.pop_back();
  if (a.view.sizes.size() == 1)
    result.strides.erase(result.strides.end() - (b_shape.size() == 1 ? 1 : 2));

  std::int64_t matrices = 1;
  for (std::size_t d = 0; d + 2 < b_shape.size(); ++d) matrices *= b_shape[d];
  if (weights != nullptr && matrices == 1) {
    const std::vector<std::int64_t> values = weights->to_ints();
    std::vector<std::int64_t> w;  // {N, K}
    for (std::int64_t j = 0; j < columns_of; ++j) {
      for (std::int64_t i = 0; i < k; ++i) w.push_back(values[index(i * columns_of + j)]);
    }
    const auto both = lower::as_matrices({batched(c.rows(x), full.size()), y}, c.out);
    View a3, y3;
    if (both) {
      a3 = (*both)[0], y3 = (*both)[1];
    } else {
      const auto again = lower::as_matrices({c.dense(batched(x, full.size())), y}, c.out);
      a3 = again->at(0), y3 = again->at(1);
    }
    product_of(c, a3, elem_of(w), 1, columns_of, w, y3);
    return c.put(result, sum_range(a.range, w, k));
  }
  const Place b = c.place(n.inputs[1]);
  View w = b.view;
  if (w.sizes.size() == 1) {
    w.sizes.push_back(1), w.strides.push_back(w.strides.back());
  }
  Ints swap(w.sizes.size());
  std::iota(swap.begin(), swap.end(), 0);
  std::swap(swap[swap.size() - 1], swap[swap.size() - 2]);
  w = lower::permute(w, swap);  // {.., N, K}
  // A matrix that all rows share needs its copies once.
  if (!lower::rows_contiguous(w, c.out) || !lower::aligned(w, 4)) w = c.dense(w);
  const auto lead = [&](std::int64_t rows, std::int64_t width) {
    Shape s(full.begin(), full.end() - 2);
    s.push_back(rows), s.push_back(width);
    return s;
  };
  batches(c, lower::expand(c.rows(x), lead(m, k)), lower::expand(w, lead(columns_of, k)), y);
  const Range one = a.range * b.range;
  c.put(result, {saturating_mul(one.lo, k), saturating_mul(one.hi, k)});
}

void conv(Context& c) {
  const Node& n = *c.node;
  const Place x = c.place(n.inputs[0]);
  const ir::Tensor& weights = *c.constant(n.inputs[1]);
  const Shape& ws = weights.shape();
  const Shape& shape = c.shape(n.output);
  const Window w = window_of(n, x.view.sizes, shape, Ints(ws.begin() + 2, ws.end()));
  const std::int64_t groups = n.attrs.integer("group", 1), outs = ws[0] / groups, per = ws[1];
  const std::int64_t kh = w.kernel[0], kw = w.kernel[1], k = per * kh * kw;
  const std::int64_t oh = w.out[0], ow = w.out[1], m = oh * ow;
  const std::vector<std::int64_t> values = weights.to_ints();
  const Elem e = elem_of(values);
  const bool flat = x.view.sizes.size() == 3;  // one spatial dimension
  const View all = c.fresh(Elem::kI32, {x.view.sizes[0], oh, ow, ws[0]});

  for (std::int64_t image = 0; image < x.view.sizes[0]; ++image) {
    View one = without_first(x.view, image);
    if (flat)
      one.sizes.insert(one.sizes.begin() + 1, 1), one.strides.insert(one.strides.begin() + 1, 0);
    const Image in = bordered(c, one, w, 0);
    const View& v = in.view;  // {C, H, W} with the border
    const std::int64_t sc = v.strides[0], sh = v.strides[1], sw = v.strides[2];
    // Order of K: [per][kh][kw] from planes, [kh][kw][per] with channels last.
    std::vector<std::int64_t> rows(values.size());
    for (std::int64_t o = 0; o < ws[0]; ++o) {
      for (std::int64_t i = 0; i < per; ++i) {
        for (std::int64_t p = 0; p < kh * kw; ++p) {
          const std::int64_t at = in.channels_last ? p * per + i : i * kh * kw + p;
          rows[index(o * k + at)] = values[index((o * per + i) * kh * kw + p)];
        }
      }
    }
    View a;
    const bool plain = kh == 1 && kw == 1 && w.stride[0] == 1 && w.stride[1] == 1;
    View pixels = lower::permute(v, {1, 2, 0});
    const auto direct = plain && groups == 1 && in.channels_last && lower::aligned(pixels, 4)
                            ? lower::as_matrix(pixels, c.out)
                            : std::nullopt;
    if (direct) {
      a = *direct;
    } else if (plain && groups == 1) {
      a = *lower::as_matrix(c.dense(pixels), c.out);
    } else {
      a = c.fresh(c.elem(v), {groups, m, k});
      const std::int64_t ba = c.bytes(v), ga = a.strides[0], ma = a.strides[1];
      View from = v, to = a;
      if (in.channels_last && groups == 1 && w.dilation[1] == 1 && sw == per * sc) {
        from.sizes = to.sizes = {kh, oh, ow, kw * per};
        from.strides = {sh * w.dilation[0], sh * w.stride[0], sw * w.stride[1], sc};
        to.strides = {kw * per * ba, ow * ma, ma, ba};
      } else if (in.channels_last) {
        from.sizes = to.sizes = {groups, kh, kw, oh, ow, per};
        from.strides = {per * sc,         sh * w.dilation[0], sw * w.dilation[1],
                        sh * w.stride[0], sw * w.stride[1],   sc};
        to.strides = {ga, kw * per * ba, per * ba, ow * ma, ma, ba};
      } else {
        from.sizes = to.sizes = {groups, per, kh, oh, ow, kw};
        from.strides = {per * sc,           sc,
                        sh * w.dilation[0], sh * w.stride[0],
                        sw * w.stride[1],   sw * w.dilation[1]};
        to.strides = {ga, kh * kw * ba, kw * ba, ow * ma, ma, ba};
      }
      c.emit_copy(from, to);
    }
    // y {groups, M, outs}: rows of pixels, channels last.
    View y = without_first(all, image);
    y.sizes = {groups, m, outs};
    y.strides = {outs * 4, all.strides[2], 4};
    product_of(c, a, e, groups, outs, rows, y);
  }
  View result = lower::permute(all, {0, 3, 1, 2});
  if (flat)
    result.sizes.erase(result.sizes.begin() + 2), result.strides.erase(result.strides.begin() + 2);
  c.put(result, sum_range(united(x.range, {0, 0}), values, k));
}

}  // namespace oct::dialect
