// SPDX-License-Identifier: Apache-2.0
// What all parts of the dialect's lowering share: where values stand and what they can be, new
// tensors, copies, kernels by rows.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "compiler/dialect/dialect.hpp"
#include "compiler/lower/views.hpp"

namespace oct::dialect {

using integer::Elem;
using integer::Role;
using integer::TensorId;
using integer::View;
using ir::Ints;
using ir::Node;
using ir::Op;
using ir::Shape;
using ir::ValueId;

/// A node without a form.
struct Unsupported : std::runtime_error {
  Unsupported(const std::string& reason, std::string h = "")
      : std::runtime_error(reason), hint(std::move(h)) {}
  std::string hint;
};

[[nodiscard]] Elem elem_for(const Range& r);
[[nodiscard]] std::int64_t lowest(Elem e);
/// Types of a kernel's operands as its argument word.
[[nodiscard]] std::int32_t type_word(const integer::Graph& graph,
                                     const std::vector<View>& operands);
[[nodiscard]] std::int32_t word32(std::int64_t v);

// Arithmetic of ranges.
[[nodiscard]] std::int64_t saturating_mul(std::int64_t a, std::int64_t b);
[[nodiscard]] std::int64_t saturating_add(std::int64_t a, std::int64_t b);
[[nodiscard]] Range operator+(const Range& a, const Range& b);
[[nodiscard]] Range operator*(const Range& a, const Range& b);
[[nodiscard]] Range united(const Range& a, const Range& b);

/// Element i of the first dimension, which is gone.
[[nodiscard]] View without_first(const View& v, std::int64_t i);

/// A value: where it stands (with its shape, any strides) and what it can be.
struct Place {
  View view;
  Range range;
};

struct Context {
  const ir::Graph& graph;
  const Options& options;
  integer::Graph out;
  const Node* node = nullptr;  ///< under way
  std::map<ValueId, Place> places;

  Context(const ir::Graph& g, const Options& o) : graph(g), options(o) {}

  // ---- Values
  [[nodiscard]] const Shape& shape(ValueId v) const { return graph.value(v).shape(); }
  /// Constants are stored when they are first asked for.
  const Place& place(ValueId v);
  void put(View view, Range range) { places[node->output] = {std::move(view), range}; }
  [[nodiscard]] const ir::Tensor* constant(ValueId v) const { return graph.constant(v); }

  // ---- Tensors
  [[nodiscard]] Elem elem(const View& v) const { return out.at(v.tensor).elem; }
  [[nodiscard]] std::int64_t bytes(const View& v) const { return integer::elem_bytes(elem(v)); }
  /// A new activation; its whole view.
  View fresh(Elem e, const Shape& shape, std::int64_t row_align = 8);
  /// The same with the dimensions stored in this order; the view has `shape`.
  View fresh_in(Elem e, const Shape& shape, const Ints& order);
  /// A constant of whole numbers.
  View stored(Elem e, const Shape& shape, const std::vector<std::int64_t>& values,
              std::int64_t row_align = 8);
  /// Factors that broadcast to `shape`, INT32, with dimensions in this order and contiguous rows.
  View constant_rows(const ir::Tensor& t, const Shape& shape, const Ints& order);
  /// One number, seen with any shape; rows are real.
  View filled(Elem e, std::int64_t value, const Shape& shape);

  // ---- Operations
  template <typename T>
  void emit(T what) {
    const ir::Sources& s = node->sources;
    out.operations.push_back({s.empty() ? node->name : s.front(), s, std::move(what)});
  }
  /// The same elements: DMA, or a transposing kernel where that is faster.
  void copy(const View& from, const View& to);
  /// The same with the dimensions in this order: the DMA does the last three at once.
  void emit_copy(View from, View to);
  /// In a dense tensor of its own, dimensions as they are.
  View dense(const View& v, std::int64_t row_align = 8);
  /// Rows contiguous, offset and strides multiples of 4; else dense().
  View rows(const View& v);
  /// As another element type.
  void convert(const View& from, const View& to);
  View as(const View& v, Elem e) {
    if (elem(v) == e) return v;
    View to = fresh(e, v.sizes);
    convert(v, to);
    return to;
  }
  /// A row-wise kernel over views of equal sizes (broadcast by strides of 0); args are put behind n
  /// and the types. `whole_rows`: rows are not cut.
  void by_rows(const std::string& kernel, std::vector<View> inputs, const View& output,
               const std::vector<std::int32_t>& args, bool whole_rows = false);
  /// The result of an element-by-element kernel: a new tensor in the order of the first operand.
  View elementwise(const std::string& kernel, std::vector<View> inputs, Elem result,
                   const std::vector<std::int32_t>& args);
  void kernel(const std::string& name, std::vector<View> inputs, const View& output,
              std::vector<std::int32_t> args);

 private:
  bool transpose(const View& from, const View& to);
  void transpose_blocks(const View& x, const View& y);
  void rows_of(const std::string& kernel, const std::vector<View>& inputs, const View& output,
               const std::vector<std::int32_t>& args, bool whole_rows);
};

// Nodes, by file. Each puts its result.
void requant_shift(Context& c);
void binary(Context& c);
void unary(Context& c);  ///< Neg, Relu, Clip
void activation(Context& c);
void soft(Context& c);
void norm(Context& c);
void nonorm(Context& c);
void matmul(Context& c);
void conv(Context& c);
void maxpool(Context& c);
void reduce(Context& c);
void layout(Context& c);    ///< Reshape, Rearrange
void movement(Context& c);  ///< Slice, Concat, Pad, Expand

// ---- Windows (window.cpp)
/// A sliding window over the spatial dimensions of {N, C, ..}; one-dimensional ones have two, too.
struct Window {
  std::array<std::int64_t, 2> kernel{1, 1}, stride{1, 1}, dilation{1, 1}, before{0, 0}, size{1, 1},
      out{1, 1};
};
[[nodiscard]] Window window_of(const Node& n, const Shape& x, const Shape& y, const Ints& kernel);
/// {C, H, W} of one image with its border, and whether it is stored with channels last.
struct Image {
  View view;
  bool channels_last = false;
};
[[nodiscard]] Image bordered(Context& c, const View& image, const Window& w, std::int64_t value);
/// What lies in `whole` but not in the box [start, start + size): copies of a number.
void fill_around(Context& c, const View& whole, const Ints& start, const Ints& size,
                 std::int64_t value);

/// y {B, 1, C} = sum (0), rounded mean (1), largest (2), smallest (3) over the rows of x {B, R, C}.
void reduce_rows(Context& c, const View& x, const View& y, std::int32_t kind, std::int64_t count);

/// y = a times w transposed: a {B, M, K}, w {B, N, K} (rows contiguous, B may be shared by strides
/// of 0), y {B, M, N} of INT32.
void product(Context& c, const View& a, const View& w, const View& y);

}  // namespace oct::dialect
