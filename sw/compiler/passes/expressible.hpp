// SPDX-License-Identifier: Apache-2.0
// For expressible*.cpp: nodes that together stand for another.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compiler/passes/match.hpp"

namespace oct::passes {

inline constexpr std::int64_t kMaxPieces = 64;  // of a Concat that stands for another operator

/// Makes nodes in the name of one.
class Maker {
 public:
  Maker(ir::Graph& g, const ir::Node& n) : g_(g), name_(n.name), sources_(n.sources) {}

  ir::ValueId operator()(ir::Op op, std::vector<ir::ValueId> in, ir::Attributes attrs = {}) {
    const bool swap = ir::is_commutative(op) && g_.constant(in[0]) != nullptr;
    if (swap) std::swap(in[0], in[1]);  // a constant stands second
    return g_.add(op, std::move(in), std::move(attrs), name_, sources_);
  }
  ir::ValueId number(double v) {
    return g_.add_constant(name_ + ".c", ir::Tensor::scalar(static_cast<float>(v)));
  }
  ir::ValueId tensor(ir::Shape shape, const std::vector<float>& v) {
    return g_.add_constant(name_ + ".c", ir::Tensor::floats(std::move(shape), v));
  }
  ir::ValueId cast(ir::ValueId v, ir::DType to) {
    return (*this)(ir::Op::kCast, {v}, {{"to", static_cast<std::int64_t>(to)}});
  }
  ir::ValueId reshape(ir::ValueId v, const ir::Shape& shape) {
    return add_reshape(g_, v, shape, name_, sources_);
  }
  ir::ValueId permute(ir::ValueId v, const ir::Ints& perm) {
    return add_permute(g_, v, perm, name_, sources_);
  }
  ir::ValueId slice(ir::ValueId v, std::size_t axis, std::int64_t from, std::int64_t size,
                    std::int64_t step = 1) {
    const ir::Shape& s = g_.value(v).shape();
    ir::Ints starts(s.size(), 0), sizes(s.begin(), s.end()), steps(s.size(), 1);
    starts[axis] = from, sizes[axis] = size, steps[axis] = step;
    return (*this)(ir::Op::kSlice, {v}, {{"starts", starts}, {"sizes", sizes}, {"steps", steps}});
  }
  ir::ValueId concat(std::vector<ir::ValueId> parts, std::size_t axis) {
    if (parts.size() == 1) return parts[0];
    return (*this)(ir::Op::kConcat, std::move(parts), {{"axis", static_cast<std::int64_t>(axis)}});
  }
  /// Elements `at` along an axis, neighbours as one slice; kNone if they are too many pieces.
  ir::ValueId pick(ir::ValueId v, std::size_t axis, const ir::Ints& at) {
    std::vector<ir::ValueId> parts;
    for (std::size_t i = 0; i < at.size();) {
      std::size_t end = i + 1;
      while (end < at.size() && at[end] == at[end - 1] + 1) ++end;
      if (static_cast<std::int64_t>(parts.size()) == kMaxPieces) return ir::kNone;
      parts.push_back(slice(v, axis, at[i], static_cast<std::int64_t>(end - i)));
      i = end;
    }
    return concat(std::move(parts), axis);
  }
  [[nodiscard]] ir::Graph& graph() { return g_; }

 private:
  ir::Graph& g_;
  std::string name_;
  ir::Sources sources_;
};

/// What stands for a node; kNone if this one cannot be said so.
using Rule = ir::ValueId (*)(Maker&, const ir::Node&);

inline bool is_constant(Maker& m, ir::ValueId v) { return m.graph().constant(v) != nullptr; }
inline const ir::Shape& shape_of(Maker& m, ir::ValueId v) { return m.graph().value(v).shape(); }
inline std::size_t axis_of(Maker& m, const ir::Node& n, std::int64_t otherwise) {
  return static_cast<std::size_t>(
      ir::normalized_axis(n.attrs.integer("axis", otherwise), shape_of(m, n.inputs[0]).size()));
}

// ---- expressible_image.cpp
ir::ValueId blocks(Maker& m, const ir::Node& n);
ir::ValueId resized(Maker& m, const ir::Node& n);
ir::ValueId patches(Maker& m, const ir::Node& n);

}  // namespace oct::passes
