// SPDX-License-Identifier: Apache-2.0
#include "compiler/quant/smooth.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "compiler/quant/calibrate.hpp"
#include "compiler/quant/edit.hpp"
#include "compiler/quant/simulate.hpp"
#include "compiler/quant/split.hpp"
#include "compiler/quant/trial.hpp"

namespace oct::quant {
using ir::Graph;
using ir::kNone;
using ir::Node;
using ir::NodeId;
using ir::Op;
using ir::Tensor;
using ir::ValueId;

namespace {

constexpr double kAlphas[] = {0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0};
constexpr double kGain = 0.97;  // what it must at least leave of the error

class Smoother {
 public:
  Smoother(Graph& graph, const std::map<ValueId, Halves>& rows) : g_(graph), rows_(rows) {}

  /// Of norms and Affines.
  void norms() {
    for (const NodeId id : g_.order()) {
      const Op op = g_.node(id).op;
      if (op == Op::kLayerNorm || op == Op::kRmsNorm || op == Op::kAffine) norm(id);
    }
  }

  /// Of Linears whose channels reach another Linear with nothing between that minds factors.
  void linears() {
    for (const NodeId id : g_.order()) {
      if (g_.node(id).op != Op::kLinear) continue;
      gated(id);
      values(id);
    }
  }

  [[nodiscard]] const std::vector<double>& alphas() const { return alphas_; }
  [[nodiscard]] int tried() const { return tried_; }

 private:
  /// The factors with the least error, or none. Tried with what `fit` shows, then made of `all`.
  std::optional<std::vector<float>> best(
      const std::vector<float>& fit, const std::vector<float>& all, const std::vector<float>& w_max,
      const std::function<double(const std::vector<float>&)>& error) {
    ++tried_;
    double least = kGain * error(std::vector<float>(fit.size(), 1.0F)), chosen = 0;
    for (const double alpha : kAlphas) {
      const double e = error(factors_for(fit, w_max, alpha));
      if (e < least) {
        least = e;
        chosen = alpha;
      }
    }
    if (chosen == 0) return std::nullopt;
    alphas_.push_back(chosen);
    return factors_for(all, w_max, chosen);
  }

  [[nodiscard]] bool constant_operands(const Node& node) const {
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
      if (node.inputs[i] != kNone && !g_.value(node.inputs[i]).is_constant()) return false;
    }
    return true;
  }

  void norm(NodeId id) {
    const Node node = g_.node(id);
    const ValueId v = node.output;
    if (g_.is_output(v) || !rows_.contains(v) || !constant_operands(node)) return;
    const std::int64_t width = g_.value(v).shape().back();
    const std::int64_t axis = node.attrs.integer("axis", -1);
    if (axis != -1 && axis != g_.value(v).rank() - 1) return;
    std::vector<NodeId> readers, sums;
    for (const NodeId user : g_.value(v).users) {
      const Node& u = g_.node(user);
      if (u.op == Op::kLinear && u.inputs[0] == v) {
        readers.push_back(user);
      } else if (u.op == Op::kAdd && u.inputs[0] != u.inputs[1]) {
        const ValueId other = u.inputs[0] == v ? u.inputs[1] : u.inputs[0];
        if (!g_.producer(other, Op::kLinear) || g_.use_count(other) != 1) return;
        sums.push_back(user);
      } else {
        return;
      }
    }
    if (readers.empty()) return;
    std::vector<Tensor> weights;
    for (const NodeId r : readers) weights.push_back(weight_of(g_, r));
    const Halves& rows = rows_.at(v);
    const Trial trial(rows.fit.x, rows.test.x, weights, !sums.empty());
    const auto f = best(rows.fit.channel_max, rows.channel_max(), row_max(weights),
                        [&](const std::vector<float>& factors) { return trial.error(factors); });
    if (!f) return;
    if (node.inputs.size() < 2 || node.inputs[1] == kNone) {
      const std::vector<float> ones(static_cast<std::size_t>(width), 1.0F);
      if (node.inputs.size() < 2) return;
      g_.set_input(id, 1, g_.add_constant(node.name + ".gamma", Tensor::floats({width}, ones)));
    }
    divide(g_, id, 1, *f);
    divide(g_, id, 2, *f);
    for (const NodeId r : readers) multiply_rows(g_, r, *f);
    for (const NodeId s : sums) {
      const std::vector<float> zeros(f->size(), 0.0F);
      const std::string name = node.name + ".residual";
      const ValueId factor = g_.add_constant(name + ".scale", Tensor::floats({width}, *f));
      const ValueId shift = g_.add_constant(name + ".shift", Tensor::floats({width}, zeros));
      const ValueId back = g_.add(Op::kAffine, {v, factor, shift},
                                  {{"axis", g_.value(v).rank() - 1}}, name, node.sources);
      const auto& in = g_.node(s).inputs;
      g_.set_input(s, in[0] == v ? 0 : 1, back);
    }
  }

  /// up of Linear(act(gate) * up), and what a ReLU lets through.
  void gated(NodeId id) {
    const ValueId x = g_.node(id).inputs[0];
    const Node* product = g_.producer(x);
    if (!product || g_.use_count(x) != 1 || !rows_.contains(x)) return;
    const Node* up = nullptr;
    if (product->op == Op::kMul) {
      up = g_.producer(product->inputs[1], Op::kLinear);
      if (!up || g_.value(up->output).shape() != g_.value(x).shape()) return;
    } else if (product->op == Op::kRelu) {
      up = g_.producer(product->inputs[0], Op::kLinear);
    }
    if (!up || g_.use_count(up->output) != 1) return;
    const std::vector<Tensor> weights{weight_of(g_, id)};
    const Halves& rows = rows_.at(x);
    const Trial trial(rows.fit.x, rows.test.x, weights, false);
    const auto f = best(rows.fit.channel_max, rows.channel_max(), row_max(weights),
                        [&](const std::vector<float>& factors) { return trial.error(factors); });
    if (!f) return;
    multiply_rows(g_, id, *f);
    divide_columns(g_, g_.value(up->output).producer, *f);
  }

  /// Single uses of layout nodes from `v` back to what they rearrange.
  [[nodiscard]] ValueId behind_layouts(ValueId v, std::vector<NodeId>& path) const {
    while (true) {
      const Node* node = g_.producer(v);
      if (!node || (node->op != Op::kReshape && node->op != Op::kRearrange)) return v;
      if (g_.use_count(v) != 1) return kNone;
      path.push_back(g_.value(v).producer);
      v = node->inputs[0];
    }
  }

  /// `t` through layout nodes found from the back.
  [[nodiscard]] Tensor through(Tensor t, const std::vector<NodeId>& path) const {
    for (auto it = path.rbegin(); it != path.rend(); ++it) {
      const Node& node = g_.node(*it);
      t = exec::evaluate(node, {&t}, g_.value(node.output).type);
    }
    return t;
  }

  /// 0, 1, 2, ... along the last axis.
  static Tensor counted(const ir::Shape& shape) {
    Tensor t(ir::DType::kFloat32, shape);
    const auto n = static_cast<std::size_t>(shape.back());
    const auto data = t.mutable_data<float>();
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<float>(i % n);
    return t;
  }

  /// For each channel that the output projection `id` reads: the channel of V's projection that it
  /// is a mean of; empty if it is not of that form.
  [[nodiscard]] std::vector<std::size_t> value_channels(NodeId id, NodeId& v_linear) const {
    std::vector<NodeId> after, before;
    const ValueId mixed = behind_layouts(g_.node(id).inputs[0], after);
    const Node* attention = mixed == kNone ? nullptr : g_.producer(mixed, Op::kAttention);
    if (!attention || g_.use_count(mixed) != 1) return {};
    const ValueId v_heads = attention->inputs[2];
    if (g_.use_count(v_heads) != 1) return {};
    const ValueId v = behind_layouts(v_heads, before);
    if (v == kNone || !g_.producer(v, Op::kLinear) || g_.use_count(v) != 1) return {};
    v_linear = g_.value(v).producer;
    // Which channel of V each head's column is, the same for all rows.
    const Tensor vs = through(counted(g_.value(v).shape()), before);
    const ir::Shape s = vs.shape(), o = g_.value(mixed).shape();
    const std::int64_t groups = s[1], rows = s[2], width = s[3], shared = o[1] / groups;
    Tensor heads(ir::DType::kFloat32, o);
    const auto to = heads.mutable_data<float>();
    std::size_t i = 0;
    for (std::int64_t b = 0; b < o[0]; ++b) {
      for (std::int64_t h = 0; h < o[1]; ++h) {
        for (std::int64_t r = 0; r < o[2]; ++r) {
          for (std::int64_t c = 0; c < width; ++c) {
            const auto at = [&](std::int64_t row) {
              return vs.data<float>()[static_cast<std::size_t>(
                  ((b * groups + h / shared) * rows + row) * width + c)];
            };
            if (r == 0) {
              for (std::int64_t row = 1; row < rows; ++row) {
                if (at(row) != at(0)) return {};
              }
            }
            to[i++] = at(0);
          }
        }
      }
    }
    const Tensor merged = through(heads, after);
    const auto k = static_cast<std::size_t>(merged.shape().back());
    const auto m = merged.data<float>();
    std::vector<std::size_t> map(k);
    for (std::size_t e = 0; e < m.size(); ++e) {
      if (m[e] != m[e % k]) return {};
      map[e % k] = static_cast<std::size_t>(m[e]);
    }
    return map;
  }

  /// V and what attention makes of it.
  void values(NodeId id) {
    NodeId v_linear = kNone;
    const std::vector<std::size_t> map = value_channels(id, v_linear);
    const ValueId x = g_.node(id).inputs[0];
    const ValueId v = v_linear == kNone ? kNone : g_.node(v_linear).output;
    if (map.empty() || !rows_.contains(x) || !rows_.contains(v)) return;
    const Halves &mixed = rows_.at(x), &plain = rows_.at(v);
    const Tensor w = weight_of(g_, id);
    const std::vector<float> w_max = row_max({w});
    std::vector<float> vw_max(plain.fit.channel_max.size(), 0.0F);
    for (std::size_t k = 0; k < map.size(); ++k) {
      vw_max[map[k]] = std::max(vw_max[map[k]], w_max[k]);
    }
    // Of V and of what is mixed from it.
    const auto both = [&](const std::vector<float>& of_v, const std::vector<float>& of_mixed) {
      std::vector<float> out = of_v;
      for (std::size_t k = 0; k < map.size(); ++k) {
        out[map[k]] = std::max(out[map[k]], of_mixed[k]);
      }
      return out;
    };
    const auto spread = [&](const std::vector<float>& f) {
      std::vector<float> out;
      for (const std::size_t c : map) out.push_back(f[c]);
      return out;
    };
    const Trial of_mixed(mixed.fit.x, mixed.test.x, {w}, false);
    const Trial of_plain(columns(plain.fit.x, map), columns(plain.test.x, map), {w}, false);
    const auto f = best(both(plain.fit.channel_max, mixed.fit.channel_max),
                        both(plain.channel_max(), mixed.channel_max()), vw_max,
                        [&](const std::vector<float>& factors) {
                          const std::vector<float> wide = spread(factors);
                          return of_mixed.error(wide) + of_plain.error(wide, false);
                        });
    if (!f) return;
    multiply_rows(g_, id, spread(*f));
    divide_columns(g_, v_linear, *f);
  }

  Graph& g_;
  const std::map<ValueId, Halves>& rows_;
  std::vector<double> alphas_;
  int tried_ = 0;
};

}  // namespace

Graph smooth(Graph graph, const std::vector<exec::Tensors>& samples,
             std::vector<std::string>& notes) {
  std::set<ValueId> wanted;
  for (const NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (node.op != Op::kLinear) continue;
    wanted.insert(node.inputs[0]);
    wanted.insert(node.output);
  }
  const std::map<ValueId, Halves> rows = collect_rows(graph, wanted, samples);
  Smoother smoother(graph, rows);
  smoother.norms();
  smoother.linears();
  const int split = split_activations(graph, rows);
  graph.remove_dead();
  graph.verify();
  double mean = 0;
  for (const double a : smoother.alphas()) mean += a;
  if (!smoother.alphas().empty()) mean /= static_cast<double>(smoother.alphas().size());
  notes.push_back(
      fmt::format("smoothing: {} of {} tensors, alpha {:.2f} on average; {} activations in parts",
                  smoother.alphas().size(), smoother.tried(), mean, split));
  return graph;
}

}  // namespace oct::quant
