// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/tests/signature.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace oct::lower {
namespace {

using integer::TensorId;
using integer::View;

/// Walks from the outputs backwards; tensors get numbers when they are first met.
class Writer {
 public:
  explicit Writer(const integer::Graph& g) : g_(g) {
    for (std::size_t i = 0; i < g.operations.size(); ++i) {
      for_views(g.operations[i], [&](const View& v, bool writes) {
        if (writes) writers_[v.tensor].emplace_back(v.offset, i);
      });
    }
    for (auto& [t, list] : writers_) {
      std::sort(list.begin(), list.end());
    }
  }

  Signature all() {
    std::string out;
    for (const integer::Port& p : g_.outputs) out += p.name + "=" + view(p.view) + "\n";
    for (const integer::Port& p : g_.inputs) out += p.name + ":" + view(p.view) + "\n";
    numbers_out.text = out + body_;
    return std::move(numbers_out);
  }

 private:
  Signature numbers_out;
  template <typename F>
  static void for_views(const integer::Operation& op, F f) {
    if (const auto* g = std::get_if<integer::Gemm>(&op.what)) {
      f(g->a, false), f(g->w, false), f(g->r, false), f(g->y, true);
    } else if (const auto* a = std::get_if<integer::Attention>(&op.what)) {
      f(a->q, false), f(a->k, false), f(a->v, false), f(a->key_mask, false), f(a->o, true);
    } else if (const auto* k = std::get_if<integer::Kernel>(&op.what)) {
      for (const View& v : k->inputs) f(v, false);
      for (const View& v : k->outputs) f(v, true);
    } else if (const auto* c = std::get_if<integer::Copy>(&op.what)) {
      f(c->from, false), f(c->to, true);
    } else if (const auto* r = std::get_if<integer::Gather>(&op.what)) {
      f(r->ids, false), f(r->to, true);
    }
  }

  std::string view(const View& v) {
    if (!v.used()) return "-";
    return fmt::format("{}+{}{}{}/{}", tensor(v.tensor), v.offset, ir::shape_text(v.sizes),
                       ir::shape_text(v.strides), v.slot_stride);
  }

  static std::string contents(const integer::Tensor& t) {
    std::size_t hash = 1469598103934665603U;
    for (const std::uint8_t b : t.data) hash = (hash ^ b) * 1099511628211U;
    return fmt::format("{:016x}", hash);
  }

  std::string tensor(TensorId id) {
    const auto known = numbers_.find(id);
    if (known != numbers_.end()) return fmt::format("t{}", known->second);
    const integer::Tensor& t = g_.at(id);
    const std::size_t n = numbers_.size();
    numbers_[id] = n;
    std::string line = fmt::format("t{} {} {} {} {}", n, static_cast<int>(t.elem),
                                   static_cast<int>(t.role), ir::shape_text(t.shape), 0);
    numbers_out.scales.push_back(t.scale);
    if (t.role == integer::Role::kConstant) {
      const auto w = words_.find(id);
      if (w != words_.end()) {
        words(t, w->second);
      } else {
        line += contents(t);
      }
    }
    for (const auto& [offset, op] : writers_[id]) line += "\n  " + operation(g_.operations[op]);
    body_ += line + "\n";
    return fmt::format("t{}", n);
  }

  /// `kind`: one letter a word, s for scales, b for biases.
  void words(const integer::Tensor& t, const std::string& kind) {
    for (std::size_t i = 0; i + 4 <= t.data.size(); i += 4) {
      std::uint32_t w = 0;
      for (unsigned b = 0; b < 4; ++b) w |= std::uint32_t{t.data[i + b]} << (8 * b);
      if (kind[i / 4 % kind.size()] == 'b') {
        numbers_out.biases.push_back(static_cast<std::int32_t>(w));
      } else {
        const auto m = static_cast<std::int32_t>(w << 8) >> 8;
        numbers_out.scales.push_back(std::ldexp(m, -static_cast<int>(w >> 24 & 63)));
      }
    }
  }

  std::string plane(TensorId id, const std::string& kind) {
    if (id == integer::kNone) return "-";
    words_.insert({id, kind});
    return tensor(id);
  }

  std::string operation(const integer::Operation& op) {
    std::string out = fmt::format("op{}", op.what.index());
    if (const auto* g = std::get_if<integer::Gemm>(&op.what)) {
      out += fmt::format(" kn{} t{} r{} relu{} [{},{}]", g->w_kn, g->y_trans,
                         static_cast<int>(g->epilogue.residual), g->epilogue.relu, g->epilogue.lo,
                         g->epilogue.hi);
      out += " " + plane(g->epilogue.plane_a, "bs") + " " + plane(g->epilogue.plane_b, "sb") + " " +
             plane(g->epilogue.plane_c, "s");
      if (g->epilogue.table != integer::kNone) out += " " + tensor(g->epilogue.table);
    } else if (const auto* a = std::get_if<integer::Attention>(&op.what)) {
      out +=
          fmt::format(" c{} {} {} ", a->causal, a->offset, a->window) + plane(a->head_params, "s");
    } else if (const auto* k = std::get_if<integer::Kernel>(&op.what)) {
      out += " " + k->name;
      for (const std::int32_t x : k->args) out += fmt::format(" {}", x);
      for (const TensorId c : k->constants) out += " " + tensor(c);
    } else if (const auto* r = std::get_if<integer::Gather>(&op.what)) {
      out += " " + tensor(r->table);
    }
    for_views(op, [&](const View& v, bool) { out += " " + view(v); });
    return out;
  }

  const integer::Graph& g_;
  std::map<TensorId, std::vector<std::pair<std::int64_t, std::size_t>>> writers_;
  std::map<TensorId, std::size_t> numbers_;
  std::map<TensorId, std::string> words_;
  std::string body_;
};

}  // namespace

Signature signature(const integer::Graph& graph) { return Writer(graph).all(); }

std::string difference(const Signature& a, const Signature& b) {
  if (a.text != b.text || a.scales.size() != b.scales.size() ||
      a.biases.size() != b.biases.size()) {
    std::size_t i = 0;
    while (i < a.text.size() && i < b.text.size() && a.text[i] == b.text[i]) ++i;
    const std::size_t from = i > 80 ? i - 80 : 0;
    return fmt::format("  {}\n  {}", a.text.substr(from, 200), b.text.substr(from, 200));
  }
  for (std::size_t i = 0; i < a.scales.size(); ++i) {
    if (std::abs(a.scales[i] - b.scales[i]) > 0x1p-16 * std::abs(a.scales[i])) {
      return fmt::format("  scale {}: {} and {}", i, a.scales[i], b.scales[i]);
    }
  }
  for (std::size_t i = 0; i < a.biases.size(); ++i) {
    if (std::abs(a.biases[i] - b.biases[i]) > std::max(1.0, 0x1p-16 * std::abs(a.biases[i]))) {
      return fmt::format("  bias {}: {} and {}", i, a.biases[i], b.biases[i]);
    }
  }
  return "";
}

}  // namespace oct::lower
