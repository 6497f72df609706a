// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/tests/signature.hpp"

#include <fmt/format.h>

#include <algorithm>
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

  std::string text() {
    std::string out;
    for (const integer::Port& p : g_.outputs) out += p.name + "=" + view(p.view) + "\n";
    for (const integer::Port& p : g_.inputs) out += p.name + ":" + view(p.view) + "\n";
    return out + body_;
  }

 private:
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

  /// Scale words of constants: 16 significant bits of the mantissa.
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
    std::string line = fmt::format("t{} {} {} {} {:.4g}", n, static_cast<int>(t.elem),
                                   static_cast<int>(t.role), ir::shape_text(t.shape), t.scale);
    if (t.role == integer::Role::kConstant) {
      line += words_.contains(id) ? words(t) : contents(t);
    }
    for (const auto& [offset, op] : writers_[id]) line += "\n  " + operation(g_.operations[op]);
    body_ += line + "\n";
    return fmt::format("t{}", n);
  }

  static std::string words(const integer::Tensor& t) {
    std::string out;
    for (std::size_t i = 0; i + 4 <= t.data.size(); i += 4) {
      std::uint32_t w = 0;
      for (unsigned b = 0; b < 4; ++b) w |= std::uint32_t{t.data[i + b]} << (8 * b);
      out += fmt::format(" {:x}", (w + 0x40) >> 7);
    }
    return out;
  }

  std::string plane(TensorId id) {
    if (id == integer::kNone) return "-";
    words_.insert({id, true});
    return tensor(id);
  }

  std::string operation(const integer::Operation& op) {
    std::string out = fmt::format("op{}", op.what.index());
    if (const auto* g = std::get_if<integer::Gemm>(&op.what)) {
      out += fmt::format(" kn{} t{} r{} relu{} [{},{}]", g->w_kn, g->y_trans,
                         static_cast<int>(g->epilogue.residual), g->epilogue.relu, g->epilogue.lo,
                         g->epilogue.hi);
      out += " " + plane(g->epilogue.plane_a) + " " + plane(g->epilogue.plane_b) + " " +
             plane(g->epilogue.plane_c);
      if (g->epilogue.table != integer::kNone) out += " " + tensor(g->epilogue.table);
    } else if (const auto* a = std::get_if<integer::Attention>(&op.what)) {
      out += fmt::format(" c{} {} {} ", a->causal, a->offset, a->window) + plane(a->head_params);
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
  std::map<TensorId, bool> words_;
  std::string body_;
};

}  // namespace

std::string signature(const integer::Graph& graph) { return Writer(graph).text(); }

}  // namespace oct::lower
