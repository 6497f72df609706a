// SPDX-License-Identifier: Apache-2.0
// Random products and attention.
#include <bit>

#include "compiler/integer/random_builder.hpp"

namespace oct::integer {
namespace {

/// {B, R, D} with D bytes a head side by side in rows.
View split(const View& rows, std::int64_t h, std::int64_t d) {
  View v = rows;
  v.sizes = {h, rows.sizes[0], d};
  v.strides = {d, rows.strides[0], 1};
  return v;
}

View swapped(View v) {
  std::swap(v.sizes[0], v.sizes[1]);
  std::swap(v.strides[0], v.strides[1]);
  return v;
}

}  // namespace

RandomBuilder::Weights RandomBuilder::weights(std::int64_t k, std::int64_t n) {
  for (const Weights& w : weights_) {
    if (w.k == k && w.n == n && chance(70)) return w;
  }
  Weights w{kNone, n, k, chance(25)};
  w.id = noise("w", Elem::kI8, w.kn ? ir::Shape{k, n} : ir::Shape{n, k});
  weights_.push_back(w);
  return w;
}

/// Accumulators have a deviation of about 5400 sqrt(k); u stands 14 bits below a step.
Epilogue RandomBuilder::epilogue(std::int64_t n, std::int64_t k, bool wide, const View& residual) {
  Epilogue e;
  const bool table = chance(20), relu = chance(15);
  const bool r16 = residual.used() && elem(residual) == Elem::kI16;
  if (residual.used()) {
    e.residual = chance(70) ? Epilogue::Residual::kAdd : Epilogue::Residual::kMultiply;
  }
  const bool multiply = e.residual == Epilogue::Residual::kMultiply;
  const int range = wide ? 12 : 5;
  const int dot = 13 + std::bit_width(static_cast<std::uint64_t>(k)) / 2, first = table ? 7 : dot;
  const auto signed_bits = [&](int bits) {
    return uniform(-(std::int64_t{1} << bits), std::int64_t{1} << bits);
  };
  e.relu = relu;
  e.plane_a = words("plane_a", {n, 2}, [&](std::int64_t i) -> std::int64_t {
    return i % 2 == 0 ? signed_bits(dot) : scale((multiply ? 22 : range + 14) - first, true);
  });
  if (residual.used() || chance(20)) {
    const int third = multiply ? range - (r16 ? 14 : 6) - 8 + 14 : range + 14 - (r16 ? 15 : 7);
    e.plane_b = words("plane_b", {n, 2}, [&](std::int64_t i) -> std::int64_t {
      return i % 2 == 0 ? scale(third, true) : signed_bits(range + 14);
    });
  }
  if (table) {
    e.plane_c = words("plane_c", {n},
                      [&](std::int64_t) -> std::int64_t { return scale(6 + 14 - dot, true); });
    e.table = noise("table", Elem::kI8, {256});
  }
  if (wide) e.lo = -32768, e.hi = 32767;
  if (chance(15)) {
    e.lo = static_cast<std::int32_t>(uniform(e.lo, e.hi));
    e.hi = static_cast<std::int32_t>(uniform(e.lo, e.hi));
  }
  return e;
}

void RandomBuilder::project(const View& x, View y, bool y_trans) {
  const std::int64_t n = y.sizes[y_trans ? 1 : 2], k = x.sizes[1];
  const Weights w = weights(k, n);
  Gemm g;
  g.a = rows3(x);
  g.w = rows3(graph_.whole(w.id));
  g.w_kn = w.kn;
  g.y = y;
  g.y_trans = y_trans;
  g.epilogue = epilogue(n, k, elem(y) == Elem::kI16, {});
  add("project", g);
}

void RandomBuilder::gemm() {
  const View x = part_of(pick(Elem::kI8));
  const std::int64_t m = x.sizes[0], k = x.sizes[1];
  View r;
  std::int64_t n = size(std::clamp<std::int64_t>(limits_.work / (m * k), 1, limits_.columns));
  if (chance(40)) {
    std::vector<View> fit;
    for (const View& v : values_) {
      const bool aligned = v.sizes[0] == m || v.sizes[0] == 1;
      if (aligned && elem(v) <= Elem::kI16 && m * k * v.sizes[1] <= limits_.work) fit.push_back(v);
    }
    if (!fit.empty()) {
      r = fit[random_() % fit.size()];
      n = r.sizes[1];
      if (r.sizes[0] != m) r.strides[0] = 0;  // one row for all
      r.sizes[0] = m;
      r = rows3(r);
      if (r.strides[1] == 0) r.strides[0] = 0;
    }
  } else if (chance(30) && !weights_.empty()) {
    for (const Weights& w : weights_) {
      if (w.k == k) n = w.n;  // shared
    }
  }
  const bool trans = chance(15), wide = !trans && chance(35);
  const Weights w = weights(k, n);
  Gemm g;
  g.a = rows3(x);
  g.w = rows3(graph_.whole(w.id));
  g.r = r;
  g.w_kn = w.kn;
  g.y_trans = trans;
  g.epilogue = epilogue(n, k, wide, r);
  const std::int64_t before = chance(15) ? 8 * uniform(1, 3) : 0;
  if (trans || before == 0) {
    const TensorId y =
        tensor(wide ? Elem::kI16 : Elem::kI8, trans ? ir::Shape{n, m} : ir::Shape{m, n});
    g.y = rows3(graph_.whole(y));
    add("gemm", g);
    return value(rows_of(y));
  }
  // Columns of a wider tensor; another product writes what stands before.
  const TensorId y = tensor(wide ? Elem::kI16 : Elem::kI8, {m, before + n});
  g.y = rows3(graph_.whole(y).slice(1, before, n));
  add("gemm", g);
  project(x, rows3(graph_.whole(y).slice(1, 0, before)), false);
  value(rows_of(y));
}

/// One-dimensional: windows of rows, as segments or, where rows are dense, as overlapping rows.
void RandomBuilder::convolution() {
  View x = pick(Elem::kI8);
  const std::int64_t c = x.sizes[1];
  if (!(c % 64 == 0 || c == 8 || c == 16 || c == 32)) {
    const std::int64_t channels = c >= 64 ? 64 : c >= 32 ? 32 : c >= 16 ? 16 : 8;
    if (c < 8) return gemm();
    x = x.slice(1, 0, channels);
  }
  const std::int64_t ch = x.sizes[1], row = x.strides[0];
  const std::int64_t w = uniform(1, std::min<std::int64_t>(x.sizes[0], 4));
  const std::int64_t stride = uniform(1, 2), m = (x.sizes[0] - w) / stride + 1, k = w * ch;
  const std::int64_t n = size(std::clamp<std::int64_t>(limits_.work / (m * k), 1, limits_.columns));
  Gemm g;
  g.a = x;
  if (row == ch && chance(60)) {
    g.a.sizes = {1, m, k};
    g.a.strides = {0, stride * row, 1};
  } else {
    g.a.sizes = {1, m, w, ch};
    g.a.strides = {0, stride * row, row, 1};
  }
  const Weights wt = weights(k, n);
  g.w = rows3(graph_.whole(wt.id));
  g.w_kn = wt.kn;
  const bool wide = chance(30);
  g.epilogue = epilogue(n, k, wide, {});
  const TensorId y = tensor(wide ? Elem::kI16 : Elem::kI8, {m, n});
  g.y = rows3(graph_.whole(y));
  add("conv", g);
  value(rows_of(y));
}

/// {h, rows, d} of a projection; where heads would not be aligned, a copy puts them apart.
View RandomBuilder::heads(std::int64_t rows_wanted, std::int64_t h, std::int64_t d) {
  View x = pick(Elem::kI8);
  if (rows_wanted > 0) {
    for (const View& v : values_) {
      if (elem(v) == Elem::kI8 && v.sizes[0] >= rows_wanted) x = v;
    }
    if (x.sizes[0] < rows_wanted) {  // nothing is long enough: one from outside
      const TensorId id = tensor(Elem::kI8, {rows_wanted, size(limits_.columns)}, Role::kInput);
      graph_.inputs.push_back({port_name("x"), graph_.whole(id)});
      value(rows_of(id));
      x = values_.back();
    }
    x = x.slice(0, 0, rows_wanted);
  }
  const std::int64_t r = x.sizes[0];
  const TensorId y = tensor(Elem::kI8, {r, h * d});
  project(x, rows3(graph_.whole(y)), false);
  const View side_by_side = split(graph_.whole(y), h, d);
  if (d % 8 == 0 && chance(85)) return side_by_side;
  const TensorId apart = tensor(Elem::kI8, {h, r, d});
  View from = swapped(side_by_side), to = swapped(graph_.whole(apart));
  if (chance(50)) from = side_by_side, to = graph_.whole(apart);
  add("split", Copy{from, to});
  return graph_.whole(apart);
}

/// {g, dv, keys}, written transposed by a projection.
View RandomBuilder::transposed_heads(std::int64_t keys, std::int64_t g, std::int64_t dv) {
  View x;
  for (const View& v : values_) {
    if (elem(v) == Elem::kI8 && v.sizes[0] >= keys) x = v;
  }
  const TensorId y = tensor(Elem::kI8, {g * dv, keys});
  project(x.slice(0, 0, keys), rows3(graph_.whole(y)), true);
  View v = graph_.whole(y);
  v.sizes = {g, dv, keys};
  v.strides = {dv * v.strides[0], v.strides[0], 1};
  return v;
}

View RandomBuilder::key_mask(std::int64_t keys) {
  const std::int64_t bytes = (keys + 63) / 64 * 8;
  if (limits_.kernels && chance(60)) {
    const TensorId bits = tensor(Elem::kU8, {1, bytes});
    View mask = ids(keys);
    mask.sizes = {1, 1, keys};
    mask.strides = {8 * keys, 8 * keys, 8};
    Kernel k;
    k.name = "key_mask";
    k.inputs = {mask};
    k.outputs = {rows3(graph_.whole(bits))};
    k.args = {static_cast<std::int32_t>(keys)};
    add("key_mask", k);
    return graph_.whole(bits);
  }
  return graph_.whole(noise("mask", Elem::kU8, {1, bytes}));
}

void RandomBuilder::attention() {
  const std::int64_t groups = uniform(1, 3), h = groups * uniform(1, 3);
  std::int64_t d = chance(70) ? even_size(64) : size(128), dv = chance(70) ? d : size(128);
  if (chance(10)) d = dv = 128;
  const View q = heads(0, h, d);
  const std::int64_t most = limits_.work / (h * q.sizes[1] * (d + dv));
  const std::int64_t keys = chance(60) && q.sizes[1] <= most
                                ? q.sizes[1]
                                : size(std::clamp<std::int64_t>(most, 1, 2 * limits_.rows));
  const View k = heads(keys, groups, d);
  Attention a;
  a.q = q;
  a.k = k;
  a.v = transposed_heads(keys, groups, dv);
  a.head_params = words("heads", {h, 2}, [&](std::int64_t i) -> std::int64_t {
    const int logits =
        static_cast<int>(uniform(3, 9)) - 13 - std::bit_width(static_cast<std::uint64_t>(d)) / 2;
    const int out = static_cast<int>(uniform(0, 3));
    return scale(i % 2 == 0 ? logits : out, false);
  });
  a.causal = chance(40);
  a.offset = a.causal ? uniform(-3, 3) + (chance(50) ? keys - q.sizes[1] : 0) : 0;
  a.window = chance(20) ? uniform(1, keys + 3) : 0;
  if (chance(35)) a.key_mask = key_mask(keys);
  const std::int64_t sq = q.sizes[1];
  if (dv % 8 == 0) {
    const TensorId o = tensor(Elem::kI8, {sq, h * dv});
    a.o = split(graph_.whole(o), h, dv);
    add("attention", a);
    return value(rows_of(o));
  }
  const TensorId o = tensor(Elem::kI8, {h, sq, dv});
  a.o = graph_.whole(o);
  add("attention", a);
  value(rows_of(o));
}

/// Products of a batch, of activations with activations or constants.
void RandomBuilder::batched() {
  const std::int64_t b = uniform(2, 4), d = chance(70) ? even_size(48) : size(60);
  const View a = heads(0, b, d);
  const std::int64_t m = a.sizes[1];
  const std::int64_t n =
      size(std::clamp<std::int64_t>(limits_.work / (b * m * d), 1, limits_.rows));
  Gemm g;
  g.a = a;
  if (chance(50)) {
    g.w = heads(n, b, d);
  } else {
    g.w_kn = chance(50);
    const bool shared = chance(50);
    const std::int64_t r = g.w_kn ? d : n, c = g.w_kn ? n : d;
    g.w = graph_.whole(noise("w", Elem::kI8, {shared ? 1 : b, r, c}));
    if (shared) g.w.sizes[0] = b, g.w.strides[0] = 0;
  }
  const bool trans = chance(20), wide = !trans && chance(30);
  g.y_trans = trans;
  if (chance(35)) {  // one for the whole batch, or one each
    const bool shared = chance(50);
    const TensorId r = noise("bias", chance(50) ? Elem::kI8 : Elem::kI16, {shared ? 1 : b, m, n});
    g.r = graph_.whole(r);
    if (shared) g.r.sizes[0] = b, g.r.strides[0] = 0;
  }
  g.epilogue = epilogue(n, d, wide, g.r);
  const Elem e = wide ? Elem::kI16 : Elem::kI8;
  const std::int64_t row = n * elem_bytes(e);
  if (!trans && row % 8 == 0 && chance(60)) {  // heads side by side
    const TensorId y = tensor(e, {m, b * n});
    g.y = graph_.whole(y);
    g.y.sizes = {b, m, n};
    g.y.strides = {row, graph_.whole(y).strides[0], elem_bytes(e)};
    add("batch", g);
    return value(rows_of(y));
  }
  const TensorId y = tensor(e, trans ? ir::Shape{b, n, m} : ir::Shape{b, m, n});
  g.y = graph_.whole(y);
  add("batch", g);
  value(rows_of(y));
}

}  // namespace oct::integer
