// SPDX-License-Identifier: Apache-2.0
#include "compiler/quant/calibrate.hpp"

#include <fmt/format.h>

#include <cmath>

namespace oct::quant {
using ir::CompileError;
using ir::DType;
using ir::Graph;
using ir::kNone;
using ir::Node;
using ir::Op;
using ir::OpClass;
using ir::Shape;
using ir::Tensor;
using ir::ValueId;

namespace {

Tensor ones(const Shape& shape) {
  Tensor t(DType::kFloat32, shape);
  for (float& v : t.mutable_data<float>()) v = 1;
  return t;
}

/// The first mask of keys [B, T] with a zero in it, as ones and zeros.
Tensor find_key_mask(const Graph& graph, const exec::Tensors& sample) {
  std::map<ValueId, Tensor> known;
  for (const ValueId v : graph.inputs()) {
    const auto it = sample.find(graph.value(v).name);
    if (it != sample.end()) known[v] = it->second;
  }
  for (const ir::NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (node.op != Op::kAttention || node.inputs.size() < 4 || node.inputs[3] == kNone) continue;
    const Tensor mask = exec::evaluate_value(graph, node.inputs[3], known);
    if (mask.shape().size() != 2) continue;
    Tensor out(DType::kFloat32, mask.shape());
    bool zero = false;
    for (std::int64_t i = 0; i < mask.size(); ++i) {
      const bool counts = mask.at(i) != 0;
      out.mutable_data<float>()[static_cast<std::size_t>(i)] = counts ? 1 : 0;
      zero = zero || !counts;
    }
    if (zero) return out;
  }
  return {};
}

void require_numbers(const Tensor& t, const std::string& name) {
  for (const float x : t.data<float>()) {
    if (std::isfinite(x)) continue;
    throw CompileError(fmt::format(
        "{} has an element {} in calibration; give samples of real inputs, and weights that are "
        "numbers",
        name, x));
  }
}

}  // namespace

Validity::Validity(const Graph& graph, const exec::Tensors& sample)
    : graph_(graph), key_mask_(find_key_mask(graph, sample)) {
  if (needed()) masks_.resize(graph.value_count());
}

const Tensor& Validity::follow(ValueId v) {
  static const Tensor kAll;
  if (!needed()) return kAll;
  const Node* node = graph_.producer(v);
  return masks_[static_cast<std::size_t>(v)] =
             ir::is_float(graph_.value(v).type.dtype)
                 ? (node ? of_node(*node) : of_input(graph_.value(v)))
                 : Tensor{};
}

/// A cache [B, G, P, D]: its rows are the first tokens.
Tensor Validity::of_input(const ir::Value& v) const {
  const Shape& s = v.shape();
  const Shape& mask = key_mask_.shape();
  if (s.size() != 4 || s[0] != mask[0] || s[2] > mask[1]) return {};
  bool cache = !v.users.empty();
  for (const ir::NodeId user : v.users) cache = cache && graph_.node(user).op == Op::kKvAppend;
  if (!cache) return {};
  Tensor out(DType::kFloat32, s);
  const auto to = out.mutable_data<float>();
  std::size_t i = 0;
  for (std::int64_t b = 0; b < s[0]; ++b) {
    for (std::int64_t g = 0; g < s[1]; ++g) {
      for (std::int64_t p = 0; p < s[2]; ++p) {
        const float m = key_mask_.data<float>()[static_cast<std::size_t>(b * mask[1] + p)];
        for (std::int64_t d = 0; d < s[3]; ++d) to[i++] = m;
      }
    }
  }
  return out;
}

/// Rows looked up by ids [B, S]: the last S tokens.
Tensor Validity::of_tokens(const Shape& ids, const Shape& result) const {
  const Shape& mask = key_mask_.shape();
  if (ids.size() != 2 || ids[0] != mask[0] || ids[1] > mask[1]) return {};
  Tensor out(DType::kFloat32, result);
  const auto to = out.mutable_data<float>();
  const std::size_t width =
      to.size() / static_cast<std::size_t>(std::max<std::int64_t>(1, ids[0] * ids[1]));
  std::size_t i = 0;
  for (std::int64_t b = 0; b < ids[0]; ++b) {
    for (std::int64_t s = 0; s < ids[1]; ++s) {
      const std::int64_t token = b * mask[1] + mask[1] - ids[1] + s;
      for (std::size_t e = 0; e < width; ++e) {
        to[i++] = key_mask_.data<float>()[static_cast<std::size_t>(token)];
      }
    }
  }
  return out;
}

Tensor Validity::of_node(const Node& node) const {
  const ir::Value& out = graph_.value(node.output);
  const OpClass kind = ir::op_info(node.op).op_class;
  if (node.op == Op::kEmbedding) {
    return of_tokens(graph_.value(node.inputs[1]).shape(), out.shape());
  }
  bool any = false;
  for (const ValueId in : node.inputs) any = any || (in != kNone && at(in).defined());
  if (!any) return {};
  if (kind == OpClass::kUnary || node.op == Op::kRotary) return at(node.inputs[0]);
  if (kind == OpClass::kLayout || kind == OpClass::kBinary) {
    std::vector<Tensor> masks;
    masks.reserve(node.inputs.size());
    for (const ValueId in : node.inputs) {
      masks.push_back(at(in).defined() ? at(in) : ones(graph_.value(in).shape()));
    }
    std::vector<const Tensor*> operands;
    for (const Tensor& m : masks) operands.push_back(&m);
    if (node.op == Op::kWhere) return {};
    Node like = node;
    if (kind == OpClass::kBinary) like.op = Op::kMul;
    return exec::evaluate(like, operands, out.type);
  }
  // Along the last axis: a row counts as its operand's does.
  const bool row_wise = kind == OpClass::kNorm || node.op == Op::kLinear ||
                        node.op == Op::kAttention || node.op == Op::kMatMul;
  const Tensor& in = at(node.inputs[0]);
  if (!row_wise || !in.defined() || node.attrs.integer("transpose_a") != 0) return {};
  const auto rows = [](const Shape& s) { return s.empty() ? 1 : s.back(); };
  const std::int64_t from = rows(in.shape()), to = rows(out.shape());
  if (from == 0 || to == 0 || in.size() / from != ir::element_count(out.shape()) / to) return {};
  Tensor mask(DType::kFloat32, out.shape());
  const auto write = mask.mutable_data<float>();
  for (std::size_t i = 0; i < write.size(); ++i) {
    const auto row = i / static_cast<std::size_t>(to);
    write[i] = in.data<float>()[row * static_cast<std::size_t>(from)];
  }
  return mask;
}

Statistics calibrate(const Graph& graph, const Groups& groups,
                     const std::vector<exec::Tensors>& samples) {
  Statistics out;
  const std::vector<bool> stored = stored_values(graph);
  std::map<ValueId, Histogram> sources;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    const ValueId v = static_cast<ValueId>(i);
    if (stored[i] && graph.value(v).is_constant() && groups.is_source(v)) {
      require_numbers(graph.value(v).data, graph.value(v).name);
      sources[v].add(graph.value(v).data.data<float>());
    }
  }
  for (std::size_t s = 0; s < samples.size(); ++s) {
    Validity validity(graph, samples[s]);
    (void)exec::run(graph, samples[s], [&](ValueId v, const Tensor& t) {
      const Tensor& mask = validity.follow(v);
      if (!stored[static_cast<std::size_t>(v)] || !groups.is_source(v)) return;
      const Node* node = graph.producer(v);
      if (s > 0 && node && node->op == Op::kDequantize) return;  // a table, always the same
      require_numbers(t, node ? node->name : graph.value(v).name);
      sources[v].add(t.data<float>(),
                     mask.defined() ? mask.data<float>() : std::span<const float>{});
    });
  }
  for (const auto& [v, histogram] : sources) out.groups[groups.root(v)].add(histogram);
  return out;
}

}  // namespace oct::quant
