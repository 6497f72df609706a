// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/context.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuple>

#include "compiler/exec/executor.hpp"
#include "compiler/lower/numbers.hpp"
#include "golden/network.hpp"
#include "golden/quantised.hpp"

namespace oct::lower {
namespace {

double most(Elem e) { return e == Elem::kI8 ? 127 : e == Elem::kI16 ? 32767 : 0x1p31; }

}  // namespace

const char* elem_text(Elem e) {
  return e == Elem::kI8 ? "i8" : e == Elem::kI16 ? "i16" : e == Elem::kI32 ? "i32" : "u8";
}

bool is_layout(const ir::Node& n) { return n.op == Op::kReshape || n.op == Op::kRearrange; }

Layout layout_of(const ir::Graph& graph, const ir::Node& n) {
  const ir::Shape& from = graph.value(n.inputs[0]).shape();
  const ir::Shape& to = graph.value(n.output).shape();
  if (n.op == Op::kRearrange) {
    return {from, n.attrs.ints("dims"), n.attrs.ints("perm"), n.attrs.ints("shape")};
  }
  ir::Ints same(from.size());
  for (std::size_t i = 0; i < same.size(); ++i) same[i] = static_cast<std::int64_t>(i);
  return {from, from, same, to};
}

bool is_constant(const ir::Graph& graph, ValueId v) {
  if (graph.constant(v)) return true;
  const ir::Node* n = graph.producer(v, Op::kDequantize);
  return n && std::all_of(n->inputs.begin(), n->inputs.end(),
                          [&](ValueId i) { return i == ir::kNone || graph.constant(i); });
}

ir::Tensor constant_value(const ir::Graph& graph, ValueId v) {
  if (const ir::Tensor* t = graph.constant(v)) return *t;
  return exec::evaluate_value(graph, v, {});
}

// ---- Tensors -----------------------------------------------------------------------------------

quant::ValueQuant Context::quant(ValueId v) const {
  const auto it = plan.values.find(v);
  if (it == plan.values.end()) {
    throw Unsupported(fmt::format("nothing is known about the range of {}", name(v)),
                      "calibrate with samples that reach it");
  }
  return it->second;
}

double Context::scale_as(ValueId v, Elem elem) const {
  const quant::ValueQuant q = quant(v);
  if (q.elem == elem) return q.scale;
  // (q - zero) * 64 fits, so nothing is lost.
  if (q.fixed && q.elem == Elem::kI8) return q.scale / 64;
  return q.scale * most(q.elem) / most(elem);
}

std::int32_t Context::zero_as(ValueId v, Elem elem) const {
  const quant::ValueQuant q = quant(v);
  return q.elem == elem ? q.zero : 0;
}

std::string Context::name(ValueId v) const {
  const ir::Node* n = graph.producer(v);
  if (!n || !graph.value(v).name.empty()) return graph.value(v).name;
  return n->sources.empty() ? n->name : n->sources.back();
}

TensorId Context::tensor(const std::string& n, Elem elem, ir::Shape shape, double scale, Role role,
                         ir::Sources sources, std::int32_t zero) {
  integer::Tensor t;
  t.name = n;
  t.elem = elem;
  t.role = role;
  t.shape = shape.empty() ? ir::Shape{1} : std::move(shape);
  t.scale = scale;
  t.zero = zero;
  t.sources = std::move(sources);
  return out.add(std::move(t));
}

TensorId Context::constant(const std::string& n, Elem elem, ir::Shape shape,
                           std::vector<std::uint8_t> data, double scale) {
  const TensorId id = tensor(n, elem, std::move(shape), scale, Role::kConstant);
  data.resize(static_cast<std::size_t>(out.at(id).bytes()));
  out.at(id).data = std::move(data);
  return id;
}

std::optional<View> Context::find(const std::string& n) const {
  for (std::size_t i = 0; i < out.tensors.size(); ++i) {
    if (out.tensors[i].name == n) return out.whole(static_cast<TensorId>(i));
  }
  return std::nullopt;
}

TensorId Context::constant_words(const std::string& n, const std::vector<std::uint32_t>& words) {
  return constant(n, Elem::kI32, {static_cast<std::int64_t>(words.size())}, bytes_of_words(words));
}

TensorId Context::constant_i16(const std::string& n, const std::vector<std::int16_t>& v) {
  std::vector<std::uint8_t> data(v.size() * 2);
  std::memcpy(data.data(), v.data(), data.size());
  return constant(n, Elem::kI16, {static_cast<std::int64_t>(v.size())}, std::move(data));
}

View Context::fresh(ValueId v, const ir::Ints& order, std::optional<Elem> elem, Zero any) {
  const ir::Shape& shape = graph.value(v).shape();
  const bool without = any == Zero::kNone && quant(v).zero != 0;
  const Elem e = elem.value_or(without ? Elem::kI16 : quant(v).elem);
  ir::Shape stored;
  for (const std::int64_t d : order) stored.push_back(shape.at(static_cast<std::size_t>(d)));
  if (order.empty()) stored = shape;
  const ir::Node* n = graph.producer(v);
  const TensorId id = tensor(name(v), e, stored, scale_as(v, e), Role::kActivation,
                             n ? n->sources : ir::Sources{}, zero_as(v, e));
  if (integer::Tensor& t = out.at(id); without && t.zero != 0) {
    t.scale *= std::max(127 - t.zero, 128 + t.zero) / 127.0;  // symmetric: coarser steps
    t.zero = 0;
  }
  View view = out.whole(id);
  if (shape.empty()) view.sizes.clear(), view.strides.clear();
  return order.empty() ? view : permute(view, inverse(order));
}

// ---- Places ------------------------------------------------------------------------------------

const std::vector<View>& Context::places(ValueId v) {
  auto it = places_.find(v);
  if (it != places_.end()) return it->second;
  if (!is_constant(graph, v)) throw Unsupported("an operand of it has no integer form", "");
  return places_[v] = {constant_view(v, graph.value(v).shape(), Elem::kI16)};
}

void Context::put(ValueId v, View place) { places_[v].push_back(std::move(place)); }

std::map<ValueId, View> Context::first_places() const {
  std::map<ValueId, View> out;
  for (const auto& [v, list] : places_) out.emplace(v, list.front());
  return out;
}

View Context::destination(ValueId v, const ir::Ints& order, Zero zero) {
  const auto it = wanted.find(v);
  if (zero == Zero::kNone && quant(v).zero != 0) return fresh(v, order);
  return it == wanted.end() ? fresh(v, order, std::nullopt, zero) : it->second;
}

void Context::settle(ValueId v) {
  const auto it = wanted.find(v);
  if (it == wanted.end()) return;
  const View& to = it->second;
  for (const View& p : places(v)) {
    if (same_place(p, to)) return;
  }
  ir::Node node;
  node.name = name(v);
  if (const ir::Node* n = graph.producer(v)) node.sources = n->sources;
  copy_scaled(take(v, {elem(to), Elem::kI16, Elem::kI8}, Zero::kAny), to, node);
  put(v, to);
}

void Context::copy_scaled(const View& from, const View& to, const ir::Node& node) {
  const std::string& n = node.sources.empty() ? node.name : node.sources.front();
  const double factor = scale(from) / scale(to);
  if (elem(from) == elem(to) && zero(from) == zero(to) && std::abs(factor - 1) < 1e-9) {
    copy(from, to, n, node.sources);
    return;
  }
  const ir::Ints order = stride_order(from);
  const TensorId id = tensor(n + ".scaled", elem(to), permute(from, order).sizes, scale(to),
                             Role::kActivation, node.sources, zero(to));
  const View dense = permute(out.whole(id), inverse(order));
  requantize(from, dense, node);
  copy(dense, to, n, node.sources);
}

void Context::requantize(const View& from, const View& to, const ir::Node& node) {
  ir::Ints order = stride_order(from);
  // Dimensions of one come first.
  std::sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    const auto key = [&](std::int64_t d) {
      const auto k = static_cast<std::size_t>(d);
      return std::tuple(from.sizes[k] != 1, from.sizes[k] != 1 ? -from.strides[k] : 0, d);
    };
    return key(a) < key(b);
  });
  const auto m = as_matrices({permute(from, order), permute(to, order)}, out);
  if (!m || !rows_contiguous((*m)[0], out) || !rows_contiguous((*m)[1], out)) {
    // Both dense, in the order in which they come.
    const auto dense = [&](const View& like) {
      const TensorId id = tensor(node.name + ".dense", elem(like), permute(from, order).sizes,
                                 scale(like), Role::kActivation, node.sources, zero(like));
      return permute(out.whole(id), inverse(order));
    };
    const View before = dense(from), after = dense(to);
    copy(from, before, node.name, node.sources);
    requantize(before, after, node);
    copy(after, to, node.name, node.sources);
    return;
  }
  const auto columns = static_cast<std::int32_t>((*m)[0].sizes[2]);
  if (zero(from) != 0 || zero(to) != 0) {
    const double factor = scale(from) / scale(to);
    const bool bytes = elem(from) == Elem::kI8 && elem(to) == Elem::kI8;
    const auto k = golden::quantised::sum(factor, 0, zero(to) - zero(from) * factor, bytes);
    kernel(node, fmt::format("qadd_{0}_{0}_{1}", elem_text(elem(from)), elem_text(elem(to))),
           {(*m)[0], (*m)[0]}, {(*m)[1]}, {}, sum_args(columns, k));
    return;
  }
  kernel(node, fmt::format("requant_{}_{}", elem_text(elem(from)), elem_text(elem(to))), {(*m)[0]},
         {(*m)[1]}, {},
         {columns, static_cast<std::int32_t>(kernel_scale(scale(from) / scale(to)))});
}

void Context::finish(const ir::Node& node) {
  const ValueId v = node.output;
  const auto it = plan.values.find(v);
  if (it == plan.values.end() || it->second.zero == 0 || !places_.contains(v)) return;
  std::vector<View>& all = places_[v];
  const auto whole = [&](const View& p) {
    return elem(p) == Elem::kI8 && zero(p) == it->second.zero;
  };
  if (std::any_of(all.begin(), all.end(), whole)) return;
  const View from = all.front();
  const View to = fresh(v, stride_order(from), std::nullopt, Zero::kAny);
  requantize(from, to, node);
  all = {to};  // limits hold from here on
}

View Context::convert(ValueId v, const View& from, Elem to_elem, Zero any) {
  const View to = fresh(v, stride_order(from), to_elem, any);
  ir::Node node;
  node.name = name(v);
  if (const ir::Node* n = graph.producer(v)) node.sources = n->sources;
  requantize(from, to, node);
  put(v, to);
  return to;
}

View Context::take(ValueId v, const std::vector<Elem>& elems, Zero any) {
  for (const Elem e : elems) {
    for (const View& p : places(v)) {
      if (elem(p) == e && (any == Zero::kAny || zero(p) == 0)) return p;
    }
  }
  if (is_constant(graph, v)) {
    const View c = constant_view(v, graph.value(v).shape(), elems.front());
    put(v, c);
    return c;
  }
  return convert(v, places(v).front(), elems.front(), any);
}

View Context::take_rows(ValueId v, const std::vector<Elem>& elems, std::int64_t align, Zero any) {
  take(v, elems, any);
  for (const Elem e : elems) {
    for (const View& p : places(v)) {
      if (elem(p) != e || !rows_contiguous(p, out) || !aligned(p, align)) continue;
      if (any == Zero::kNone && zero(p) != 0) continue;
      if (as_matrix(p, out)) return p;
    }
  }
  const View from = take(v, elems, any);
  const View to = fresh(v, {}, elem(from));
  out.at(to.tensor).scale = scale(from);
  out.at(to.tensor).zero = zero(from);
  const ir::Node* n = graph.producer(v);
  copy(from, to, name(v), n ? n->sources : ir::Sources{});
  put(v, to);
  return to;
}

// ---- Operations --------------------------------------------------------------------------------

void Context::kernel(const ir::Node& node, std::string kernel_name, std::vector<View> inputs,
                     std::vector<View> outputs, std::vector<TensorId> constants,
                     std::vector<std::int32_t> args) {
  emit(node, integer::Kernel{std::move(kernel_name), std::move(inputs), std::move(outputs),
                             std::move(constants), std::move(args)});
}

namespace {

/// Offset and all strides but that of dimension `last` are multiples of `bytes`.
bool aligned(const View& v, std::int64_t bytes, std::size_t last) {
  bool fits = v.offset % bytes == 0 && v.slot_stride % bytes == 0;
  for (std::size_t d = 0; d < v.sizes.size(); ++d) {
    fits = fits && (d == last || v.sizes[d] == 1 || v.strides[d] % bytes == 0);
  }
  return fits;
}

}  // namespace

void Context::transpose(const View& from, const View& to, const std::string& n,
                        const ir::Sources& sources) {
  const std::size_t rank = from.sizes.size();
  const auto contiguous = [&](const View& v) {
    for (std::size_t d = 0; d < rank; ++d) {
      if (v.sizes[d] > 1 && v.strides[d] == integer::elem_bytes(elem(v))) return d;
    }
    return rank;
  };
  const std::size_t c = contiguous(from), r = contiguous(to);
  const bool fits = aligned(from, 4, c) && aligned(to, 4, r);
  if (c == rank || r == rank || !fits) {  // element by element
    View a = from, b = to;
    a.sizes.push_back(1), b.sizes.push_back(1);
    a.strides.push_back(integer::elem_bytes(elem(a)));
    b.strides.push_back(integer::elem_bytes(elem(b)));
    out.operations.push_back({n, sources, integer::Copy{a, b}});
    return;
  }
  // One job for each index of the other dimensions.
  std::vector<std::size_t> others;
  std::int64_t count = 1;
  for (std::size_t d = 0; d < rank; ++d) {
    if (d == c || d == r || from.sizes[d] == 1) continue;
    others.push_back(d);
    count *= from.sizes[d];
  }
  for (std::int64_t i = 0; i < count; ++i) {
    View a{from.tensor,
           from.offset,
           {1, from.sizes[r], from.sizes[c]},
           {0, from.strides[r], from.strides[c]},
           from.slot_stride};
    View b{to.tensor,
           to.offset,
           {1, to.sizes[c], to.sizes[r]},
           {0, to.strides[c], to.strides[r]},
           to.slot_stride};
    std::int64_t rest = i;
    for (const std::size_t d : others) {
      a.offset += rest % from.sizes[d] * from.strides[d];
      b.offset += rest % from.sizes[d] * to.strides[d];
      rest /= from.sizes[d];
    }
    out.operations.push_back(
        {n, sources,
         integer::Kernel{fmt::format("transpose_b{}", integer::elem_bytes(elem(from))),
                         {a},
                         {b},
                         {},
                         {static_cast<std::int32_t>(a.sizes[2])}}});
  }
}

void Context::copy(const View& from, const View& to, const std::string& n,
                   const ir::Sources& sources) {
  // A dimension that is contiguous in both becomes the last one.
  const std::int64_t e = integer::elem_bytes(elem(from));
  const std::size_t rank = from.sizes.size();
  bool scalar = true;
  for (std::size_t d = 0; d < rank; ++d) scalar = scalar && from.sizes[d] == 1;
  for (std::size_t d = 0; d < rank; ++d) {
    if (from.sizes[d] == 1 || from.strides[d] != e || to.strides[d] != e) continue;
    ir::Ints order = stride_order(to);
    order.erase(std::find(order.begin(), order.end(), static_cast<std::int64_t>(d)));
    order.push_back(static_cast<std::int64_t>(d));
    out.operations.push_back({n, sources, integer::Copy{permute(from, order), permute(to, order)}});
    return;
  }
  if (scalar) {
    const View a{from.tensor, from.offset, {1}, {e}, from.slot_stride};
    const View b{to.tensor, to.offset, {1}, {e}, to.slot_stride};
    out.operations.push_back({n, sources, integer::Copy{a, b}});
    return;
  }
  transpose(from, to, n, sources);
}

}  // namespace oct::lower
