// SPDX-License-Identifier: Apache-2.0
// What all parts of lowering share: where values stand, new tensors, copies.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "compiler/lower/lower.hpp"
#include "compiler/lower/views.hpp"

namespace oct::lower {

using integer::Elem;
using integer::Role;
using integer::TensorId;
using ir::Op;
using ir::ValueId;

/// A node without an integer form; the message of all of them is made by lower().
struct Unsupported : std::runtime_error {
  Unsupported(const std::string& reason, std::string h)
      : std::runtime_error(reason), hint(std::move(h)) {}
  std::string hint;
};

struct Context {
  const quant::Plan& plan;
  const ir::Graph& graph;
  integer::Graph out;
  /// Where a consumer wants a value: halves of Concat, V transposed, images with a border.
  std::map<ValueId, View> wanted;

  /// Images with a border: the whole, of which `wanted` has the inside; border not yet written.
  struct Bordered {
    View image;  ///< [N, C, H, W]
    std::int64_t top, left, bottom, right;
    bool by_rows;
  };
  std::map<ValueId, Bordered> bordered;
  std::set<ValueId> border_written;
  /// Queries of a single token, their heads apart with zeros between them, and what attention makes
  /// of them (attention_packed.cpp).
  std::set<TensorId> apart;

  explicit Context(const quant::Plan& p) : plan(p), graph(p.graph) {}

  // ---- Tensors
  [[nodiscard]] quant::ValueQuant quant(ValueId v) const;
  /// The same for an element type that the plan did not choose.
  [[nodiscard]] double scale_as(ValueId v, Elem elem) const;
  TensorId tensor(const std::string& name, Elem elem, ir::Shape shape, double scale, Role role,
                  ir::Sources sources = {}, std::int32_t zero = 0);
  /// What lowering made earlier under a name of its own.
  [[nodiscard]] std::optional<View> find(const std::string& name) const;
  TensorId constant(const std::string& name, Elem elem, ir::Shape shape,
                    std::vector<std::uint8_t> data, double scale = 1);
  TensorId constant_words(const std::string& name, const std::vector<std::uint32_t>& words);
  TensorId constant_i16(const std::string& name, const std::vector<std::int16_t>& v);
  /// Who knows no zero points (kNone) reads and writes values that have one as INT16 of finer
  /// steps, or as symmetric INT8.
  enum class Zero { kNone, kAny };
  /// A new tensor for `v` whose dimensions stand in this order (empty: as they are); a view of it
  /// with the shape of `v`.
  View fresh(ValueId v, const ir::Ints& order = {}, std::optional<Elem> elem = std::nullopt,
             Zero zero = Zero::kNone);
  [[nodiscard]] Elem elem(const View& v) const { return out.at(v.tensor).elem; }
  [[nodiscard]] double scale(const View& v) const { return out.at(v.tensor).scale; }
  [[nodiscard]] std::int32_t zero(const View& v) const { return out.at(v.tensor).zero; }
  /// The zero point of a value in this element type.
  [[nodiscard]] std::int32_t zero_as(ValueId v, Elem elem) const;
  [[nodiscard]] std::string name(ValueId v) const;

  // ---- Places
  /// All places of a value; a constant gets one when first asked for.
  const std::vector<View>& places(ValueId v);
  [[nodiscard]] bool placed(ValueId v) const { return places_.contains(v); }
  void put(ValueId v, View place);
  [[nodiscard]] std::map<ValueId, View> first_places() const;
  /// Where the result of a node should go: as wanted, or somewhere new.
  View destination(ValueId v, const ir::Ints& order = {}, Zero zero = Zero::kNone);
  /// Copies to where it is wanted, if it does not stand there.
  void settle(ValueId v);
  /// A place with one of these element types; converted if there is none.
  View take(ValueId v, const std::vector<Elem>& elems, Zero zero = Zero::kNone);
  /// A place whose rows are contiguous, aligned and evenly spaced: dimensions in row-major order.
  View take_rows(ValueId v, const std::vector<Elem>& elems, std::int64_t align = 8,
                 Zero zero = Zero::kNone);
  /// The whole constant with scale and zero point of `like`.
  View constant_like(ValueId v, const View& like);
  /// A constant's view with the sizes of `shape`, as INT16 or INT8.
  View constant_view(ValueId v, const ir::Shape& shape, Elem elem);

  /// For a node that was refused, so that those behind it can be looked at.
  View stand_in(ValueId v);

  // ---- Operations
  template <typename T>
  void emit(const ir::Node& node, T what, const ir::Sources& sources = {}) {
    const ir::Sources& s = sources.empty() ? node.sources : sources;
    out.operations.push_back({s.empty() ? node.name : s.front(), s, std::move(what)});
  }
  /// Same elements, same sizes: DMA, or kernels where the contiguous dimensions differ.
  void copy(const View& from, const View& to, const std::string& name, const ir::Sources& sources);
  /// What lies in `whole` but not in `inner`.
  void fill_border(const View& whole, const View& inner, double value, const ir::Node& node);
  /// The same between tensors of different scales: requantised on the way where they differ.
  void copy_scaled(const View& from, const View& to, const ir::Node& node);
  void requantize(const View& from, const View& to, const ir::Node& node);
  /// A result that was made without its zero point gets it.
  void finish(const ir::Node& node);
  void kernel(const ir::Node& node, std::string kernel_name, std::vector<View> inputs,
              std::vector<View> outputs, std::vector<TensorId> constants,
              std::vector<std::int32_t> args);

 private:
  View convert(ValueId v, const View& from, Elem elem, Zero zero);
  void transpose(const View& from, const View& to, const std::string& name,
                 const ir::Sources& sources);

  std::map<ValueId, std::vector<View>> places_;
};

[[nodiscard]] const char* elem_text(Elem e);  ///< "i8": part of kernel names
[[nodiscard]] bool is_layout(const ir::Node& n);
[[nodiscard]] Layout layout_of(const ir::Graph& graph, const ir::Node& n);
/// All elements of a Dequantize of constants, or of a constant.
[[nodiscard]] ir::Tensor constant_value(const ir::Graph& graph, ValueId v);
/// Removes tensors that no operation and no port names.
void drop_unused(integer::Graph& graph, std::map<ValueId, View>& places);
[[nodiscard]] bool is_constant(const ir::Graph& graph, ValueId v);

}  // namespace oct::lower
