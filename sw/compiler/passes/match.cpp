// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/match.hpp"

#include <algorithm>
#include <numeric>

namespace oct::passes {
using ir::Graph;
using ir::Ints;
using ir::Node;
using ir::Op;
using ir::Shape;
using ir::Tensor;
using ir::ValueId;

std::optional<double> uniform(const Graph& graph, ValueId v) {
  const Tensor* t = graph.constant(v);
  if (!t || t->size() == 0) return std::nullopt;
  const double first = t->at(0);
  for (std::int64_t i = 1; i < t->size(); ++i) {
    if (t->at(i) != first) return std::nullopt;
  }
  return first;
}

bool is_last_axis_vector(const Graph& graph, ValueId v, const Shape& shape) {
  const Tensor* t = graph.constant(v);
  if (!t || shape.empty() || !ir::is_float(t->dtype()) || t->shape().size() > shape.size()) {
    return false;
  }
  return t->size() == 1 ||
         (!t->shape().empty() && t->shape().back() == shape.back() && t->size() == shape.back());
}

Tensor last_axis_vector(const Graph& graph, ValueId v, std::int64_t n) {
  const Tensor& t = *graph.constant(v);
  if (t.size() == n) return t.reshaped({n});
  const std::vector<float> all(static_cast<std::size_t>(n), t.data<float>()[0]);
  return Tensor::floats({n}, all);
}

bool is_weight(const Graph& graph, ValueId v) {
  if (graph.constant(v)) return true;
  const Node* n = graph.producer(v, Op::kDequantize);
  return n && std::all_of(n->inputs.begin(), n->inputs.end(),
                          [&](ValueId i) { return i == ir::kNone || graph.constant(i); });
}

bool used_once(const Graph& graph, ValueId v) {
  return graph.use_count(v) == 1 && graph.value(v).users.size() == 1;
}

std::optional<Pair> choose(const Node& node, const std::function<bool(ValueId)>& test) {
  if (node.inputs.size() < 2) return std::nullopt;
  if (test(node.inputs[0])) return Pair{node.inputs[0], node.inputs[1]};
  if (test(node.inputs[1])) return Pair{node.inputs[1], node.inputs[0]};
  return std::nullopt;
}

std::set<ValueId> inputs_of(const Graph& graph, ValueId v) {
  std::set<ValueId> seen, found;
  std::vector<ValueId> stack{v};
  while (!stack.empty()) {
    const ValueId id = stack.back();
    stack.pop_back();
    if (!seen.insert(id).second || graph.constant(id)) continue;
    const Node* n = graph.producer(id);
    if (!n) found.insert(id);
    if (!n) continue;
    for (const ValueId in : n->inputs) {
      if (in != ir::kNone) stack.push_back(in);
    }
  }
  return found;
}

ir::Sources sources_between(const Graph& graph, ValueId output, const std::set<ValueId>& stop) {
  std::vector<std::pair<ValueId, bool>> stack{{output, false}};
  std::set<ValueId> seen = stop;
  ir::Sources out;
  while (!stack.empty()) {
    const auto [v, ready] = stack.back();
    stack.pop_back();
    const Node* n = graph.producer(v);
    if (!n) continue;
    if (ready) {
      out = merged(out, n->sources);
      continue;
    }
    if (!seen.insert(v).second) continue;
    stack.emplace_back(v, true);
    for (auto it = n->inputs.rbegin(); it != n->inputs.rend(); ++it) {
      if (*it != ir::kNone) stack.emplace_back(*it, false);
    }
  }
  return out;
}

std::optional<Ints> common_factors(const Ints& a, const Ints& b) {
  Ints out;
  std::size_t i = 0, j = 0;
  std::int64_t x = 1, y = 1;  // what is left of a[i - 1] and b[j - 1]
  while (true) {
    while (x == 1 && i < a.size()) x = a[i++];
    while (y == 1 && j < b.size()) y = b[j++];
    if (x == 1 && y == 1) return out;
    if (x <= 1 || y <= 1) return std::nullopt;
    const std::int64_t step = std::min(x, y);
    if (x % step || y % step) return std::nullopt;
    out.push_back(step);
    x /= step;
    y /= step;
  }
}

Layout reduced(Layout l) {
  // Sizes of 1 carry nothing.
  Ints dims, index(l.dims.size(), -1), perm;
  for (std::size_t i = 0; i < l.dims.size(); ++i) {
    if (l.dims[i] == 1) continue;
    index[i] = static_cast<std::int64_t>(dims.size());
    dims.push_back(l.dims[i]);
  }
  for (const std::int64_t p : l.perm) {
    if (index[static_cast<std::size_t>(p)] >= 0) perm.push_back(index[static_cast<std::size_t>(p)]);
  }
  // Neighbours that stay neighbours are one.
  std::vector<bool> joins(dims.size(), false);  // with the one before it
  for (std::size_t i = 1; i < perm.size(); ++i) {
    if (perm[i] == perm[i - 1] + 1) joins[static_cast<std::size_t>(perm[i])] = true;
  }
  Layout out{{}, {}, std::move(l.shape)};
  Ints group(dims.size());
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (joins[i]) {
      out.dims.back() *= dims[i];
    } else {
      out.dims.push_back(dims[i]);
    }
    group[i] = static_cast<std::int64_t>(out.dims.size()) - 1;
  }
  for (const std::int64_t p : perm) {
    if (!joins[static_cast<std::size_t>(p)]) out.perm.push_back(group[static_cast<std::size_t>(p)]);
  }
  return out;
}

Layout layout_of(const Graph& graph, const Node& node) {
  if (node.op == Op::kRearrange) {
    return reduced({node.attrs.ints("dims"), node.attrs.ints("perm"), node.attrs.ints("shape")});
  }
  const Shape& s = graph.value(node.inputs[0]).shape();
  Ints perm(s.size());
  std::iota(perm.begin(), perm.end(), 0);
  return reduced({s, perm, node.attrs.ints("shape")});
}

std::optional<Layout> composed(const Layout& a, const Layout& b, bool least) {
  Ints middle;  // what a gives, what b takes
  for (const std::int64_t p : a.perm) middle.push_back(a.dims[static_cast<std::size_t>(p)]);
  const auto factors = common_factors(middle, b.dims);
  if (!factors) return std::nullopt;
  // The factors that each dimension of `sizes` consists of, as [first, last) in `factors`.
  const auto ranges = [&](const Ints& sizes) {
    std::vector<std::pair<std::size_t, std::size_t>> out;
    std::size_t at = 0;
    for (const std::int64_t size : sizes) {
      const std::size_t first = at;
      for (std::int64_t n = 1; n < size;) n *= (*factors)[at++];
      out.emplace_back(first, at);
    }
    return out;
  };
  const auto made = ranges(middle), taken = ranges(b.dims);
  // Factors in a's input order, and where each lies there.
  Layout out{{}, {}, b.shape};
  Ints place(factors->size());
  std::vector<std::size_t> where(a.dims.size());
  for (std::size_t i = 0; i < a.perm.size(); ++i) where[static_cast<std::size_t>(a.perm[i])] = i;
  for (std::size_t d = 0; d < a.dims.size(); ++d) {
    for (std::size_t f = made[where[d]].first; f < made[where[d]].second; ++f) {
      place[f] = static_cast<std::int64_t>(out.dims.size());
      out.dims.push_back((*factors)[f]);
    }
  }
  for (const std::int64_t p : b.perm) {
    const auto [first, last] = taken[static_cast<std::size_t>(p)];
    for (std::size_t f = first; f < last; ++f) out.perm.push_back(place[f]);
  }
  return least ? reduced(std::move(out)) : out;
}

ValueId add_layout(Graph& graph, ValueId v, const Layout& l, const std::string& name,
                   const ir::Sources& sources) {
  if (std::is_sorted(l.perm.begin(), l.perm.end())) {
    return add_reshape(graph, v, l.shape, name, sources);
  }
  return graph.add(Op::kRearrange, {v},
                   {{"dims", l.dims}, {"perm", l.perm}, {"shape", Ints(l.shape)}}, name, sources);
}

ValueId add_reshape(Graph& graph, ValueId v, const Shape& shape, const std::string& name,
                    const ir::Sources& sources) {
  if (graph.value(v).shape() == shape) return v;
  return graph.add(Op::kReshape, {v}, {{"shape", Ints(shape)}}, name, sources);
}

ValueId add_permute(Graph& graph, ValueId v, const Ints& perm, const std::string& name,
                    const ir::Sources& sources) {
  const Shape s = graph.value(v).shape();
  Shape to;
  for (const std::int64_t p : perm) to.push_back(s[static_cast<std::size_t>(p)]);
  return add_layout(graph, v, reduced({s, perm, to}), name, sources);
}

}  // namespace oct::passes
