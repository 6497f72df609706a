// SPDX-License-Identifier: Apache-2.0
// A small graph with one operation of each kind, and shortcuts to make more.
#pragma once

#include <bit>
#include <cstring>

#include "compiler/integer/graph.hpp"

namespace oct::integer {

inline TensorId tensor(Graph& g, const char* name, Elem elem, ir::Shape shape,
                       Role role = Role::kActivation) {
  Tensor t;
  t.name = name;
  t.elem = elem;
  t.role = role;
  t.shape = std::move(shape);
  return g.add(std::move(t));
}

/// A constant whose bytes are f(index of the byte).
template <typename F>
TensorId constant(Graph& g, const char* name, Elem elem, ir::Shape shape, F f) {
  const TensorId id = tensor(g, name, elem, std::move(shape), Role::kConstant);
  Tensor& t = g.at(id);
  t.data.resize(static_cast<std::size_t>(t.bytes()));
  for (std::size_t i = 0; i < t.data.size(); ++i) t.data[i] = static_cast<std::uint8_t>(f(i));
  return id;
}

/// Plane A for n channels: no bias, accumulator * 2^-shift.
inline TensorId plain_plane(Graph& g, std::int64_t n, unsigned shift) {
  const std::uint32_t scale = 1U << 22 | (22 + shift - 14) << 24;
  return constant(g, "plane_a", Elem::kI32, {n, 2},
                  [&](std::size_t i) { return i % 8 < 4 ? 0 : scale >> (8 * (i % 4)) & 255; });
}

inline View with_batch(View v) {
  v.strides.insert(v.strides.begin(), v.sizes[0] * v.strides[0]);
  v.sizes.insert(v.sizes.begin(), 1);
  return v;
}

/// ids -> Gather -> Gemm (+ residual) -> attention of 2 heads -> table -> Copy -> y.
struct HandMade {
  Graph g;
  TensorId ids, table, x, w, h, vt, wv, o, t, z, mask, state;

  Gemm& gemm() { return std::get<Gemm>(g.operations[1].what); }
  Gemm& transposed() { return std::get<Gemm>(g.operations[2].what); }
  Attention& attention() { return std::get<Attention>(g.operations[3].what); }
  Kernel& kernel() { return std::get<Kernel>(g.operations[4].what); }
  Copy& copy() { return std::get<Copy>(g.operations[5].what); }
  Gather& gather() { return std::get<Gather>(g.operations[0].what); }

  HandMade() {
    g.name = "hand";
    const auto noise = [](std::size_t i) { return (i * 2654435761U) >> 13; };
    ids = tensor(g, "ids", Elem::kI64, {1, 6}, Role::kInput);
    table = constant(g, "embedding", Elem::kI8, {10, 16}, noise);
    x = tensor(g, "x", Elem::kI8, {6, 16});
    w = constant(g, "w", Elem::kI8, {16, 16}, noise);
    h = tensor(g, "h", Elem::kI8, {6, 16});
    wv = constant(g, "wv", Elem::kI8, {16, 16}, noise);
    vt = tensor(g, "vt", Elem::kI8, {16, 6});
    o = tensor(g, "o", Elem::kI8, {6, 16});
    t = tensor(g, "t", Elem::kI8, {6, 16});
    z = tensor(g, "z", Elem::kI8, {6, 16}, Role::kOutput);
    mask = constant(g, "mask", Elem::kU8, {1, 8}, [](std::size_t i) { return i == 0 ? 0x2f : 0; });
    state = tensor(g, "state", Elem::kI8, {4, 16}, Role::kState);

    View id_view = g.whole(ids);
    id_view.sizes = {6};
    id_view.strides = {8};
    g.operations.push_back({"embed", {}, Gather{id_view, table, g.whole(x)}});

    Gemm product;
    product.a = with_batch(g.whole(x)), product.w = with_batch(g.whole(w));
    product.y = with_batch(g.whole(h)), product.r = with_batch(g.whole(x));
    product.epilogue.plane_a = plain_plane(g, 16, 8);
    product.epilogue.plane_b = constant(g, "plane_b", Elem::kI32, {16, 2}, [](std::size_t i) {
      return i % 8 < 4 ? (1U << 22 | 8U << 24) >> (8 * (i % 4)) & 255 : 0;
    });
    product.epilogue.plane_c = constant(g, "plane_c", Elem::kI32, {16}, [](std::size_t i) {
      return (1U << 22 | 16U << 24) >> (8 * (i % 4)) & 255;
    });
    product.epilogue.table = constant(g, "gelu", Elem::kI8, {256}, noise);
    product.epilogue.residual = Epilogue::Residual::kAdd;
    g.operations.push_back({"product", {}, product});

    Gemm value;
    value.a = with_batch(g.whole(h)), value.w = with_batch(g.whole(wv));
    value.y = with_batch(g.whole(vt)), value.y_trans = true;
    value.epilogue.plane_a = plain_plane(g, 16, 8);
    g.operations.push_back({"value", {}, value});

    Attention a;
    const auto heads = [&](TensorId id) {
      View v = g.whole(id);
      v.sizes = {2, 6, 8};
      v.strides = {8, 16, 1};
      return v;
    };
    a.q = heads(h), a.k = heads(x), a.o = heads(o);
    a.v = g.whole(vt);
    a.v.sizes = {2, 8, 6};
    a.v.strides = {64, 8, 1};
    a.head_params = constant(g, "heads", Elem::kI32, {2, 2}, [](std::size_t i) {
      return (1U << 22 | (i % 8 < 4 ? 30U : 22U) << 24) >> (8 * (i % 4)) & 255;
    });
    a.key_mask = g.whole(mask);
    g.operations.push_back({"attention", {}, a});

    Kernel k;
    k.name = "table_i8_i8";
    k.inputs = {with_batch(g.whole(o))}, k.outputs = {with_batch(g.whole(t))};
    k.constants = {constant(g, "relu", Elem::kI8, {256}, noise)};
    k.args = {16};
    g.operations.push_back({"activation", {}, k});
    g.operations.push_back({"move", {}, Copy{g.whole(t), g.whole(z)}});
    View last = g.whole(state).slice(0, 0, 1);
    last.slot_stride = 16;
    g.slots = 4;
    g.operations.push_back({"append", {}, Copy{g.whole(t).slice(0, 5, 1), last}});

    g.inputs.push_back({"ids", g.whole(ids), ir::DType::kInt64});
    g.inputs.push_back({"past", g.whole(state).slice(0, 0, 3)});
    g.outputs.push_back({"y", g.whole(z)});
    g.outputs.push_back({"present", g.whole(state)});
  }
};

}  // namespace oct::integer
