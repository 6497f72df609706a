// SPDX-License-Identifier: Apache-2.0
#include "compiler/quant/simulate.hpp"

#include <algorithm>
#include <cmath>

#include "compiler/quant/groups.hpp"

namespace oct::quant {
using integer::Elem;
using ir::Graph;
using ir::kNone;
using ir::Node;
using ir::Op;
using ir::OpClass;
using ir::Tensor;
using ir::ValueId;

namespace {

bool is_product(const Node& node) {
  return node.op == Op::kLinear || node.op == Op::kConv || node.op == Op::kMatMul;
}

bool is_layout(const Node& node) { return node.op == Op::kReshape || node.op == Op::kRearrange; }

/// Walks from a product as far as one job goes and marks what it does not store.
void follow(const Graph& graph, const std::map<ValueId, ValueQuant>& values, ValueId from,
            std::vector<bool>& fused) {
  bool operand = false, behind = false;  // a second operand; a factor or sum: no table any more
  bool from_table = false;
  const auto wide = [&](ValueId v) {
    const auto it = values.find(v);
    return it != values.end() && it->second.elem != Elem::kI8;
  };
  std::vector<ValueId> pending{from};
  for (ValueId v = from; graph.use_count(v) == 1 && !graph.is_output(v);) {
    const Node& user = graph.node(graph.value(v).users.front());
    const bool table = ir::op_info(user.op).op_class == OpClass::kUnary;
    bool store = false;
    if (is_layout(user)) {
      pending.push_back(user.output);
      v = user.output;
      continue;
    }
    if (user.op == Op::kRelu || user.op == Op::kClip || user.op == Op::kAffine) {
      if (user.inputs[0] != v) return;
      behind = true;
    } else if (table) {
      if (behind || wide(v) || wide(user.output)) return;
      store = true;  // what a table reads has 8 bits
    } else if (user.op == Op::kAdd || user.op == Op::kSub || user.op == Op::kMul) {
      const ValueId other = user.inputs[0] == v ? user.inputs[1] : user.inputs[0];
      if (!graph.value(other).is_constant()) {
        if (operand || user.inputs[0] != v) return;
        operand = true;
        // Factors of the residual's channels are part of the job.
        if (user.op == Op::kAdd && graph.producer(other, Op::kAffine) &&
            graph.use_count(other) == 1) {
          fused[static_cast<std::size_t>(other)] = true;
        }
      }
      behind = true;
    } else {
      return;
    }
    if (!store && !from_table) {
      for (const ValueId p : pending) fused[static_cast<std::size_t>(p)] = true;
    }
    from_table = store;
    pending = {user.output};
    v = user.output;
  }
}

}  // namespace

std::vector<bool> fused_values(const Graph& graph, const std::map<ValueId, ValueQuant>& values) {
  std::vector<bool> fused(graph.value_count());
  for (const ir::NodeId id : graph.order()) {
    if (is_product(graph.node(id))) follow(graph, values, graph.node(id).output, fused);
  }
  return fused;
}

Tensor constant_value(const Graph& graph, ValueId v) {
  return graph.value(v).is_constant() ? graph.value(v).data : exec::evaluate_value(graph, v, {});
}

void round_to(Tensor& x, const ValueQuant& q) {
  const float low = q.elem == Elem::kI16 ? -32768 : -128, high = -low - 1;
  const float step = static_cast<float>(q.scale), inverse = static_cast<float>(1 / q.scale);
  for (float& v : x.mutable_data<float>()) {
    v = std::nearbyint(std::clamp(v * inverse, low, high)) * step;
  }
}

Tensor rounded_weights(const Tensor& w, bool channels_last) {
  Tensor out = w;
  const auto v = out.mutable_data<float>();
  const auto n = static_cast<std::size_t>(channels_last ? w.shape().back() : w.shape().front());
  const std::size_t k = n == 0 ? 0 : v.size() / n;
  const std::size_t channel = channels_last ? 1 : k, step = channels_last ? n : 1;
  std::vector<float> scale(n, 0.0F);
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t c = 0; c < n; ++c) {
      scale[c] = std::max(scale[c], std::fabs(v[c * channel + i * step]));
    }
  }
  for (float& s : scale) s = s > 0 ? s / 127 : 1;
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t c = 0; c < n; ++c) {
      float& x = v[c * channel + i * step];
      x = std::nearbyint(x / scale[c]) * scale[c];
    }
  }
  return out;
}

Simulator::Simulator(const Plan& plan) : exact_(plan.graph) {
  // Tables and weights that Dequantize makes are computed once, not in every run.
  for (const ir::NodeId id : exact_.order()) {
    const Node node = exact_.node(id);
    if (node.op != Op::kDequantize) continue;
    const bool constant = std::all_of(node.inputs.begin(), node.inputs.end(), [&](ValueId v) {
      return v == kNone || exact_.value(v).is_constant();
    });
    if (!constant) continue;
    ir::Value& v = exact_.value(node.output);
    v.data = exec::evaluate_value(exact_, node.output, {});
  }
  rounded_ = exact_;
  for (const ir::NodeId id : exact_.order()) {
    const Node& node = exact_.node(id);
    if (node.op != Op::kLinear && node.op != Op::kConv) continue;
    const Tensor w =
        rounded_weights(constant_value(exact_, node.inputs[1]), node.op == Op::kLinear);
    rounded_.set_input(id, 1, rounded_.add_constant("rounded", w));
  }
  const std::vector<bool> fused = fused_values(plan.graph, plan.values);
  for (const auto& [v, q] : plan.values) {
    if (fused[static_cast<std::size_t>(v)]) continue;
    if (exact_.value(v).is_constant()) {
      round_to(rounded_.value(v).data, q);
    } else {
      rounding_[v] = q;
    }
  }
}

exec::Tensors Simulator::run(const exec::Tensors& inputs, const Observer& observe) const {
  std::vector<Tensor> exact(rounded_.value_count()), rounded(rounded_.value_count());
  std::vector<std::size_t> uses(rounded_.value_count());
  for (std::size_t i = 0; i < uses.size(); ++i) {
    uses[i] = rounded_.use_count(static_cast<ValueId>(i));
  }
  const auto finish = [&](ValueId v) {
    const auto it = rounding_.find(v);
    const auto i = static_cast<std::size_t>(v);
    if (it != rounding_.end()) round_to(rounded[i], it->second);
    if (observe) observe(v, exact[i], rounded[i]);
  };
  for (const ValueId v : exact_.inputs()) {
    const auto it = inputs.find(exact_.value(v).name);
    if (it == inputs.end()) {
      throw ir::CompileError("input '" + exact_.value(v).name + "' is missing");
    }
    exact[static_cast<std::size_t>(v)] = rounded[static_cast<std::size_t>(v)] = it->second;
    finish(v);
  }
  const auto operands = [](const Graph& graph, const Node& node, const std::vector<Tensor>& at) {
    std::vector<const Tensor*> out;
    for (const ValueId v : node.inputs) {
      out.push_back(v == kNone                     ? nullptr
                    : graph.value(v).is_constant() ? &graph.value(v).data
                                                   : &at[static_cast<std::size_t>(v)]);
    }
    return out;
  };
  for (const ir::NodeId id : rounded_.order()) {
    const Node& node = rounded_.node(id);
    const ir::Value& out = rounded_.value(node.output);
    if (out.is_constant()) continue;
    const auto i = static_cast<std::size_t>(node.output);
    rounded[i] = exec::evaluate(node, operands(rounded_, node, rounded), out.type);
    if (observe) {
      const Node& like = exact_.node(id);
      exact[i] = exec::evaluate(like, operands(exact_, like, exact), out.type);
    }
    finish(node.output);
    for (const ValueId v : node.inputs) {
      if (v == kNone || --uses[static_cast<std::size_t>(v)] > 0) continue;
      rounded[static_cast<std::size_t>(v)] = {};
      exact[static_cast<std::size_t>(v)] = {};
    }
  }
  exec::Tensors results;
  for (const ir::Output& o : rounded_.outputs()) {
    const ir::Value& v = rounded_.value(o.value);
    results[o.name] = v.is_constant() ? v.data : rounded[static_cast<std::size_t>(o.value)];
  }
  return results;
}

}  // namespace oct::quant
