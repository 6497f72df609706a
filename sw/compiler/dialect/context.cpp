// SPDX-License-Identifier: Apache-2.0
#include "compiler/dialect/context.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "compiler/integer/rows.hpp"

namespace oct::dialect {

namespace {
constexpr std::int64_t kFar = std::int64_t{1} << 62;
std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }
std::int64_t up(std::int64_t v, std::int64_t to) { return (v + to - 1) / to * to; }
constexpr std::int64_t kColumns = 2048;  // of one row of a job
}  // namespace

// ---- Ranges ------------------------------------------------------------------------------------

std::int64_t Range::largest() const { return std::max(std::abs(lo), std::abs(hi)); }
std::int64_t saturating_mul(std::int64_t a, std::int64_t b) {
  std::int64_t r = 0;
  if (__builtin_mul_overflow(a, b, &r)) return (a < 0) == (b < 0) ? kFar : -kFar;
  return std::clamp(r, -kFar, kFar);
}
std::int64_t saturating_add(std::int64_t a, std::int64_t b) {
  return std::clamp(a + b, -kFar, kFar);
}
Range operator+(const Range& a, const Range& b) {
  return {saturating_add(a.lo, b.lo), saturating_add(a.hi, b.hi)};
}
Range operator*(const Range& a, const Range& b) {
  const auto all = {saturating_mul(a.lo, b.lo), saturating_mul(a.lo, b.hi),
                    saturating_mul(a.hi, b.lo), saturating_mul(a.hi, b.hi)};
  return {std::min(all), std::max(all)};
}
Range united(const Range& a, const Range& b) {
  return {std::min(a.lo, b.lo), std::max(a.hi, b.hi)};
}
Elem elem_for(const Range& r) {
  return r.within(-128, 127) ? Elem::kI8 : r.within(0, 255) ? Elem::kU8 : Elem::kI32;
}
std::int64_t lowest(Elem e) { return e == Elem::kI8 ? -128 : e == Elem::kU8 ? 0 : INT32_MIN; }
std::int32_t word32(std::int64_t v) {
  if (v != static_cast<std::int32_t>(v)) {
    throw Unsupported(fmt::format("{} does not fit 32 bits", v));
  }
  return static_cast<std::int32_t>(v);
}
std::int32_t type_word(const integer::Graph& graph, const std::vector<View>& operands) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const Elem e = graph.at(operands[i].tensor).elem;
    word |= (e == Elem::kI8 ? 0U : e == Elem::kU8 ? 1U : 2U) << (4 * i);
  }
  return static_cast<std::int32_t>(word);
}

View without_first(const View& v, std::int64_t i) {
  View out = v.slice(0, i, 1);
  out.sizes.erase(out.sizes.begin()), out.strides.erase(out.strides.begin());
  return out;
}

View Context::constant_rows(const ir::Tensor& t, const Shape& shape, const Ints& order) {
  const Shape ones(shape.size() - t.shape().size(), 1);
  Shape own = ones;
  own.insert(own.end(), t.shape().begin(), t.shape().end());
  const Shape strides = ir::row_major_strides(own);
  Shape stored_shape;  // dimensions over which nothing changes are left out, but for the last
  std::vector<std::int64_t> steps;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto d = index(order[i]);
    const bool changes = own[d] != 1;
    stored_shape.push_back(changes || i + 1 == order.size() ? shape[d] : 1);
    steps.push_back(changes ? strides[d] : 0);
  }
  std::vector<std::int64_t> values;
  if (order.empty()) {
    values.push_back(t.int_at(0));
  } else {
    integer::for_each_index<1>(stored_shape, {&steps}, 0,
                               [&](std::int64_t at) { values.push_back(t.int_at(at)); });
  }
  Shape permuted;
  for (const std::int64_t d : order) permuted.push_back(shape[index(d)]);
  return lower::expand(stored(Elem::kI32, stored_shape, values), permuted);
}

// ---- Tensors -----------------------------------------------------------------------------------

View Context::fresh(Elem e, const Shape& shape, std::int64_t row_align) {
  integer::Tensor t;
  t.name = node->output == ir::kNone ? node->name : graph.value(node->output).name;
  t.elem = e;
  t.shape = shape;
  t.row_align = std::max(row_align, integer::elem_bytes(e));
  t.sources = node->sources;
  return out.whole(out.add(std::move(t)));
}

View Context::fresh_in(Elem e, const Shape& shape, const Ints& order) {
  Shape stored;
  for (const std::int64_t d : order) stored.push_back(shape[index(d)]);
  return lower::permute(fresh(e, stored), lower::inverse(order));
}

View Context::stored(Elem e, const Shape& shape, const std::vector<std::int64_t>& values,
                     std::int64_t row_align) {
  integer::Tensor t;
  t.name = fmt::format("{} constant {}", node ? node->name : "", out.tensors.size());
  t.elem = e;
  t.role = Role::kConstant;
  t.shape = shape;
  t.row_align = std::max(row_align, integer::elem_bytes(e));
  t.data.resize(index(t.bytes()));
  const auto width = integer::elem_bytes(e), columns = shape.empty() ? 1 : shape.back();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i) / columns * t.row_bytes() +
                    static_cast<std::int64_t>(i) % columns * width;
    std::memcpy(&t.data[index(at)], &values[i], index(width));
  }
  return out.whole(out.add(std::move(t)));
}

View Context::filled(Elem e, std::int64_t value, const Shape& shape) {
  const std::int64_t columns = shape.empty() ? 1 : shape.back();
  View row = stored(e, {columns}, std::vector<std::int64_t>(index(columns), value));
  View v = lower::expand(row, shape.empty() ? Shape{1} : shape);
  if (shape.empty()) v.sizes.clear(), v.strides.clear();
  return v;
}

const Place& Context::place(ValueId v) {
  const auto found = places.find(v);
  if (found != places.end()) return found->second;
  const ir::Tensor* t = graph.constant(v);
  if (t == nullptr) throw ir::GraphError(graph.value(v).name + " stands nowhere");
  const std::vector<std::int64_t> values = t->to_ints();
  Range r{0, 0};
  if (!values.empty()) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    r = {*low, *high};
  }
  return places[v] = {stored(elem_for(r), t->shape(), values), r};
}

// ---- Copies ------------------------------------------------------------------------------------

void Context::kernel(const std::string& name, std::vector<View> inputs, const View& output,
                     std::vector<std::int32_t> args) {
  emit(integer::Kernel{name, std::move(inputs), {output}, {}, std::move(args)});
}

/// x {.., M, N} to y {.., N, M}, bytes: blocks of which several fit into L1.
void Context::transpose_blocks(const View& x, const View& y) {
  const std::size_t rank = x.sizes.size();
  if (rank > 2) {
    for (std::int64_t i = 0; i < x.sizes[0]; ++i) {
      transpose_blocks(without_first(x, i), without_first(y, i));
    }
    return;
  }
  const std::int64_t rows = x.sizes[0], columns = x.sizes[1], most = options.l1_bytes / 16;
  const std::int64_t c_step = std::min(columns, std::max<std::int64_t>(8, most / 512 * 8));
  const std::int64_t r_step =
      std::min(rows, std::max<std::int64_t>(8, most / up(c_step, 8) / 8 * 8));
  for (std::int64_t r = 0; r < rows; r += r_step) {
    for (std::int64_t k = 0; k < columns; k += c_step) {
      const std::int64_t m = std::min(r_step, rows - r), n = std::min(c_step, columns - k);
      View from = x.slice(0, r, m).slice(1, k, n), to = y.slice(0, k, n).slice(1, r, m);
      for (View* v : {&from, &to}) {
        v->sizes.insert(v->sizes.begin(), 1);
        v->strides.insert(v->strides.begin(), 0);
      }
      kernel("transpose_b1", {from}, to, {word32(n)});
    }
  }
}

/// Bytes whose contiguous dimensions differ; false if that is not what they are.
bool Context::transpose(const View& from, const View& to) {
  const std::size_t rank = from.sizes.size();
  if (elem(from) != Elem::kI8 || rank < 2 || to.strides[rank - 1] != 1) return false;
  std::size_t other = rank;
  for (std::size_t d = 0; d + 1 < rank; ++d) {
    if (from.strides[d] == 1 && from.sizes[d] > 1) other = d;
  }
  if (other == rank || from.sizes[other] < 8 || from.sizes[rank - 1] < 8) return false;
  Ints x_perm;
  std::int64_t outer = 1;
  for (std::size_t d = 0; d + 1 < rank; ++d) {
    if (d == other) continue;
    x_perm.push_back(static_cast<std::int64_t>(d));
    outer *= from.sizes[d];
  }
  Ints y_perm = x_perm;
  for (const std::size_t d : {rank - 1, other}) x_perm.push_back(static_cast<std::int64_t>(d));
  for (const std::size_t d : {other, rank - 1}) y_perm.push_back(static_cast<std::int64_t>(d));
  const View x = lower::permute(from, x_perm), y = lower::permute(to, y_perm);
  if (outer > 256 || !lower::aligned(x, 4) || !lower::aligned(y, 4)) return false;
  transpose_blocks(x, y);
  return true;
}

void Context::copy(const View& from, const View& to) {
  if (from.sizes.empty()) {
    View f = from, t = to;
    f.sizes = t.sizes = {1};
    f.strides = t.strides = {bytes(from)};
    return emit(integer::Copy{f, t});
  }
  if (std::find(from.sizes.begin(), from.sizes.end(), 0) != from.sizes.end()) return;
  // Dimensions by falling strides of the source, so that its rows stay whole where they can.
  const Ints order = lower::stride_order(to);
  View f = lower::permute(from, order), t = lower::permute(to, order);
  const bool rows = lower::rows_contiguous(f, out) && lower::rows_contiguous(t, out);
  if (!rows && transpose(f, t)) return;
  emit_copy(std::move(f), std::move(t));
}

void Context::emit_copy(View from, View to) {
  if (!lower::rows_contiguous(from, out) || !lower::rows_contiguous(to, out)) {
    for (View* v : {&from, &to}) {  // element by element
      v->strides.push_back(bytes(*v));
      v->sizes.push_back(1);
    }
  }
  emit(integer::Copy{std::move(from), std::move(to)});
}

View Context::dense(const View& v, std::int64_t row_align) {
  View to = fresh(elem(v), v.sizes, row_align);
  copy(v, to);
  return to;
}

View Context::rows(const View& v) {
  return lower::rows_contiguous(v, out) && lower::aligned(v, 4) ? v : dense(v);
}

void Context::convert(const View& from, const View& to) {
  by_rows("d_rq1", {from}, to, {1, 0, 0, INT32_MIN, INT32_MAX, 0});
}

// ---- Kernels by rows ---------------------------------------------------------------------------

void Context::rows_of(const std::string& name, const std::vector<View>& inputs, const View& output,
                      const std::vector<std::int32_t>& args, bool whole_rows) {
  std::vector<View> all = inputs;
  all.push_back(output);
  const std::size_t rank = output.sizes.size();
  const std::int64_t columns = rank == 0 ? 1 : output.sizes.back();
  if (!whole_rows && columns > kColumns) {
    for (std::int64_t at = 0; at < columns; at += kColumns) {
      std::vector<View> parts;
      for (const View& v : all) {
        parts.push_back(v.slice(rank - 1, at, std::min(kColumns, columns - at)));
      }
      const View last = parts.back();
      parts.pop_back();
      rows_of(name, parts, last, args, whole_rows);
    }
    return;
  }
  const auto matrices = lower::as_matrices(all, out);
  if (!matrices) {  // dimensions that do not melt
    for (std::int64_t i = 0; i < output.sizes[0]; ++i) {
      std::vector<View> parts;
      for (const View& v : all) {
        parts.push_back(without_first(v, i));
      }
      const View last = parts.back();
      parts.pop_back();
      rows_of(name, parts, last, args, whole_rows);
    }
    return;
  }
  std::vector<View> operands = *matrices;
  const std::int32_t types = type_word(out, operands);
  const View to = operands.back();
  operands.pop_back();
  std::vector<std::int32_t> words{word32(columns), types};
  words.insert(words.end(), args.begin(), args.end());
  kernel(name, std::move(operands), to, std::move(words));
}

void Context::by_rows(const std::string& name, std::vector<View> inputs, const View& output,
                      const std::vector<std::int32_t>& args, bool whole_rows) {
  for (View& v : inputs) v = rows(v);
  rows_of(name, inputs, output, args, whole_rows);
}

View Context::elementwise(const std::string& name, std::vector<View> inputs, Elem result,
                          const std::vector<std::int32_t>& args) {
  const Shape& shape = inputs.at(0).sizes;
  const Ints order = lower::stride_order(inputs[0]);
  const View to = fresh_in(result, shape, order);
  for (View& v : inputs) v = lower::permute(v, order);
  by_rows(name, std::move(inputs), lower::permute(to, order), args);
  return to;
}

}  // namespace oct::dialect
