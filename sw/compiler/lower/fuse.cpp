// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/fuse.hpp"

#include <algorithm>
#include <cmath>

#include "compiler/exec/executor.hpp"
#include "compiler/lower/numbers.hpp"
#include "compiler/passes/match.hpp"

namespace oct::lower {
namespace {

using ir::Node;
using ir::NodeId;

/// Walks from a product towards the outputs.
class Walk {
 public:
  Walk(const Context& ctx, const Chains& chains, Chain& chain)
      : g_(ctx.graph), plan_(ctx.plan), chains_(chains), c_(chain) {}

  /// `second`: also where the chain is the second operand of a sum.
  void run(bool second) {
    std::vector<Layout> layouts = c_.layouts;
    std::vector<NodeId> pending;
    ValueId v = c_.result;
    while (passes::used_once(g_, v)) {
      const NodeId id = g_.value(v).users.front();
      const Node& n = g_.node(id);
      if (chains_.member.contains(id)) return;
      if (is_layout(n)) {
        layouts.push_back(layout_of(g_, n));
        pending.push_back(id);
        v = n.output;
        continue;
      }
      // What the file rounds is stored, but for what a table reads: a function, or itself.
      const bool rounds = fixed(c_.result) && !is_function(g_, n);
      if (rounds && !can_round(n)) return;
      std::swap(c_.layouts, layouts);
      if (!step(n, v, second)) {
        std::swap(c_.layouts, layouts);
        return;
      }
      if (rounds) c_.before_functions = c_.after_functions = v;
      layouts = c_.layouts;
      c_.nodes.insert(c_.nodes.end(), pending.begin(), pending.end());
      c_.nodes.push_back(id);
      pending.clear();
      v = c_.result = n.output;
    }
  }

 private:
  [[nodiscard]] bool wide(ValueId v) const {
    const auto it = plan_.values.find(v);
    return it != plan_.values.end() && it->second.elem != Elem::kI8;
  }
  [[nodiscard]] bool fixed(ValueId v) const {
    const auto it = plan_.values.find(v);
    return it != plan_.values.end() && it->second.fixed;
  }
  [[nodiscard]] std::int64_t channels() const {
    const Node& p = g_.node(c_.product);
    const ir::Shape& s = g_.value(p.output).shape();
    return p.op == Op::kConv ? s.at(1) : s.back();
  }
  /// Only limits may follow limits; nothing but those may follow a shift that is not there yet.
  [[nodiscard]] bool plain() const {
    return c_.residual == ir::kNone && c_.gain.empty() && !limited();
  }
  [[nodiscard]] bool limited() const { return std::isfinite(c_.low) || std::isfinite(c_.high); }

  bool step(const Node& n, ValueId v, bool second) {
    switch (n.op) {
      case Op::kRelu:
        return relu();
      case Op::kClip:
        return clip(n);
      case Op::kAffine:
        return n.inputs[0] == v && affine(n.inputs[1], n.inputs[2]);
      case Op::kAdd:
      case Op::kSub:
      case Op::kMul:
        return binary(n, v, second);
      default:
        return is_function(g_, n) && function(n, v);
    }
  }

  /// A rounding in the middle: the epilogue makes it in front of a table, of which one is there;
  /// without zero point, which in the units of the accumulator would be off by up to half a unit.
  [[nodiscard]] bool can_round(const Node& n) const {
    const bool sums = n.op == Op::kAdd || n.op == Op::kSub || n.op == Op::kMul;
    return sums && plan_.values.at(c_.result).zero == 0 && fixed(n.output) &&
           c_.before_functions == ir::kNone && plain() && !c_.relu;
  }

  bool relu() {
    if (limited()) return false;
    if (fixed(c_.result)) return false;
    if (plain() && c_.functions.empty()) {
      c_.relu = true;
    } else {
      c_.low = 0;
    }
    return true;
  }

  bool clip(const Node& n) {
    if (limited()) return false;
    if (fixed(c_.result)) return false;
    const double low = n.attrs.number("min", -INFINITY), high = n.attrs.number("max", INFINITY);
    if (c_.relu) c_.relu = false, c_.low = 0;
    c_.low = std::max(c_.low, low);
    c_.high = high;
    return true;
  }

  bool function(const Node& n, ValueId v) {
    // What is kept in 16 bits is not squeezed through a table of 256 entries.
    if (!plain() || c_.relu || wide(v) || wide(n.output)) return false;
    if (c_.before_functions != ir::kNone && fixed(v)) return false;
    if (c_.functions.empty()) c_.before_functions = v;
    c_.functions.push_back(static_cast<NodeId>(g_.value(n.output).producer));
    c_.after_functions = n.output;
    return true;
  }

  bool affine(ValueId scale, ValueId shift) {
    const ir::Tensor* s = g_.constant(scale);
    const ir::Tensor* b = g_.constant(shift);
    if (!s || !b || limited() || c_.relu) return false;
    return scaled(s->to_doubles(), b->to_doubles());
  }

  /// A residual that comes from a factor and a shift by channels: those go into the planes.
  void absorb(bool subtracted) {
    const Node* n = g_.producer(c_.residual, Op::kAffine);
    const NodeId id = g_.value(c_.residual).producer;
    if (!n || !passes::used_once(g_, c_.residual) || chains_.member.contains(id)) return;
    const ir::Tensor* s = g_.constant(n->inputs[1]);
    const ir::Tensor* b = g_.constant(n->inputs[2]);
    const auto channels_now = static_cast<std::size_t>(channels());
    if (!s || !b || !c_.layouts.empty() ||
        static_cast<std::size_t>(g_.value(n->output).shape().back()) != channels_now) {
      return;
    }
    scaled({}, {});
    for (std::size_t i = 0; i < channels_now; ++i) {
      c_.residual_gain[i] = s->at(s->size() > 1 ? static_cast<std::int64_t>(i) : 0);
      const double shift = b->at(b->size() > 1 ? static_cast<std::int64_t>(i) : 0);
      c_.shift[i] += subtracted ? -shift : shift;
    }
    c_.residual = n->inputs[0];
    c_.nodes.push_back(id);
  }

  /// Channels must still be the last dimension.
  bool scaled(const std::vector<double>& factor, const std::vector<double>& shift) {
    const auto n = static_cast<std::size_t>(channels());
    const bool vector = factor.size() > 1 || shift.size() > 1;
    if (vector && !c_.layouts.empty()) return false;
    if ((factor.size() > 1 && factor.size() != n) || (shift.size() > 1 && shift.size() != n)) {
      return false;
    }
    if (c_.gain.empty()) {
      c_.gain.assign(n, 1);
      c_.residual_gain.assign(n, 1);
      c_.shift.assign(n, 0);
    }
    for (std::size_t i = 0; i < n; ++i) {
      const double f = factor.empty() ? 1 : factor[factor.size() > 1 ? i : 0];
      const double b = shift.empty() ? 0 : shift[shift.size() > 1 ? i : 0];
      c_.gain[i] *= f;
      c_.residual_gain[i] *= f;
      c_.shift[i] = c_.shift[i] * f + b;
    }
    return true;
  }

  bool binary(const Node& n, ValueId v, bool second) {
    if (limited()) return false;
    const std::size_t mine = n.inputs[0] == v ? 0 : 1;
    const ValueId other = n.inputs[1 - mine];
    const ir::Shape& shape = g_.value(n.output).shape();
    if (g_.value(v).shape() != shape) return false;  // this side is broadcast
    if (const ir::Tensor* c = g_.constant(other);
        c && passes::is_last_axis_vector(g_, other, shape)) {
      if (c_.relu) return false;
      std::vector<double> x = c->to_doubles();
      if (std::equal(x.begin() + 1, x.end(), x.begin())) x.resize(1);
      if (n.op == Op::kMul) return scaled(x, {});
      if (n.op == Op::kAdd) return scaled({}, x);
      if (mine == 1) return scaled({-1}, x);
      for (double& d : x) d = -d;
      return scaled({}, x);
    }
    if (mine == 1 && !second) return false;
    if (c_.residual != ir::kNone) return false;
    if (n.op == Op::kMul && fixed(other)) return false;
    const ir::Shape& os = g_.value(other).shape();
    if (is_constant(g_, other) && n.op == Op::kMul) return false;
    if (!is_constant(g_, other) && (os.empty() || os.back() != shape.back())) return false;
    c_.residual = other;
    c_.residual_layouts = c_.layouts.size();
    c_.multiply = n.op == Op::kMul;
    if (c_.multiply && !c_.gain.empty()) return c_.residual = ir::kNone, false;
    std::fill(c_.residual_gain.begin(), c_.residual_gain.end(), 1);
    if (n.op == Op::kSub && mine == 0) c_.residual_sign = -1;
    if (n.op == Op::kSub && mine == 1) {
      if (!c_.gain.empty() || c_.relu) return c_.residual = ir::kNone, false;
      c_.product_sign = -1;
    }
    if (!c_.multiply) absorb(n.op == Op::kSub && mine == 0);
    return true;
  }

  const ir::Graph& g_;
  const quant::Plan& plan_;
  const Chains& chains_;
  Chain& c_;
};

}  // namespace

bool is_function(const ir::Graph& graph, const ir::Node& n) {
  if (ir::op_info(n.op).op_class == ir::OpClass::kUnary) {
    return n.op != Op::kCast && n.op != Op::kNot && n.op != Op::kIsNan && n.op != Op::kIsInf;
  }
  if (n.op != Op::kPow && n.op != Op::kMin && n.op != Op::kMax && n.op != Op::kDiv) return false;
  if (graph.value(n.output).shape() != graph.value(function_operand(graph, n)).shape())
    return false;
  return std::count_if(n.inputs.begin(), n.inputs.end(), [&](ValueId v) {
           return is_constant(graph, v) && ir::element_count(graph.value(v).shape()) == 1;
         }) == 1;
}

ValueId function_operand(const ir::Graph& graph, const ir::Node& n) {
  const bool second = n.inputs.size() == 2 && is_constant(graph, n.inputs[0]);
  return n.inputs[second ? 1 : 0];
}

Chains find_chains(const Context& ctx) {
  Chains chains;
  const ir::Graph& g = ctx.graph;
  for (const NodeId id : g.order()) {
    const Node& n = g.node(id);
    const bool product = n.op == Op::kLinear || n.op == Op::kConv || n.op == Op::kMatMul;
    if (!product) continue;
    Chain c;
    c.product = id;
    c.nodes = {id};
    c.result = n.output;
    if (n.op == Op::kConv) {  // the engine's result has channels last
      const ir::Shape& s = g.value(n.output).shape();
      Layout back{{}, {}, {0, static_cast<std::int64_t>(s.size()) - 1}, s};
      back.from = {s[0]};
      back.from.insert(back.from.end(), s.begin() + 2, s.end());
      back.from.push_back(s[1]);
      for (std::size_t d = 1; d + 1 < s.size(); ++d)
        back.perm.push_back(static_cast<std::int64_t>(d));
      back.dims = back.from;
      c.layouts.push_back(back);
    }
    chains.member[id] = chains.all.size();
    chains.all.push_back(std::move(c));
  }
  for (const bool second : {false, true}) {
    for (std::size_t i = 0; i < chains.all.size(); ++i) {
      Walk(ctx, chains, chains.all[i]).run(second);
      for (const NodeId id : chains.all[i].nodes) chains.member[id] = i;
    }
  }
  for (std::size_t i = 0; i < chains.all.size(); ++i) chains.at_end[chains.all[i].nodes.back()] = i;
  return chains;
}

std::optional<View> pulled_back(const View& v, const std::vector<Layout>& layouts,
                                std::size_t count) {
  std::optional<View> out = v;
  for (std::size_t i = count; i-- > 0 && out;) out = undo(*out, layouts[i]);
  return out;
}

std::vector<double> function_values(const ir::Graph& graph, const std::vector<NodeId>& functions,
                                    const std::vector<double>& at) {
  const std::vector<float> x(at.begin(), at.end());
  ir::Tensor t = ir::Tensor::floats({static_cast<std::int64_t>(x.size())}, x);
  for (const NodeId id : functions) {
    const Node& n = graph.node(id);
    const ValueId x = function_operand(graph, n);
    std::vector<ir::Tensor> constants(n.inputs.size());
    std::vector<const ir::Tensor*> inputs;
    for (std::size_t i = 0; i < n.inputs.size(); ++i) {
      if (n.inputs[i] != x && n.inputs[i] != ir::kNone) {
        constants[i] = constant_value(graph, n.inputs[i]).reshaped({1});
      }
      inputs.push_back(n.inputs[i] == x ? &t : constants[i].defined() ? &constants[i] : nullptr);
    }
    t = exec::evaluate(n, inputs, {ir::DType::kFloat32, t.shape()});
  }
  return t.to_doubles();
}

Table make_table(const ir::Graph& graph, const std::vector<NodeId>& functions, Numbers x_numbers,
                 Numbers y_numbers) {
  std::vector<double> x;
  for (int i = -128; i < 128; ++i) x.push_back((i - x_numbers.zero) * x_numbers.scale);
  std::vector<double> y = function_values(graph, functions, x);
  Table table{{}, y_numbers.scale};
  double range = 0;
  for (double& v : y) {
    if (!std::isfinite(v)) v = 0;
    range = std::max(range, std::abs(v));
  }
  if (table.step == 0) table.step = range > 0 ? range / 127 : 1;
  for (const double v : y) {
    table.entries.push_back(
        static_cast<std::uint8_t>(to_bits(std::nearbyint(v / table.step) + y_numbers.zero, 8)));
  }
  return table;
}

}  // namespace oct::lower
