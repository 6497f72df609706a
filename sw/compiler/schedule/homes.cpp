// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/homes.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "compiler/integer/kernels.hpp"
#include "compiler/schedule/jobs.hpp"

namespace oct::schedule {
namespace {

using integer::Role;
using integer::TensorId;
using integer::View;
using Unit = Use::Unit;

/// Whether a unit takes the view as it stands in its tensor.
bool fits(const integer::Graph& graph, const Use& use) {
  const View& v = *use.view;
  const std::int64_t align = use.unit == Unit::kEngine ? 8 : use.unit == Unit::kWorkers ? 4 : 1;
  if (v.offset % align != 0) return false;
  for (std::size_t d = 0; d + 1 < v.sizes.size(); ++d) {
    if (v.sizes[d] > 1 && v.strides[d] % align != 0) return false;
  }
  if (use.unit == Unit::kEngine && v.sizes.size() == 4) {  // pieces of a row
    const std::int64_t piece = v.sizes[3] * integer::elem_bytes(graph.at(v.tensor).elem);
    return piece % 64 == 0 || piece == 8 || piece == 16 || piece == 32;
  }
  return use.unit != Unit::kController;
}

/// First fit in L2 by lifetimes; inputs, outputs and states live always.
void place_l2(const integer::Graph& graph, Homes& h) {
  struct Piece {
    std::int64_t addr, end;
    std::size_t first, last;
  };
  std::vector<Piece> placed;
  h.l2.assign(graph.tensors.size(), -1);
  for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
    const integer::Tensor& x = graph.tensors[t];
    if (x.role == Role::kConstant || h.in_l1[t]) continue;
    const bool always = x.role != Role::kActivation;
    if (!always && h.first[t] == Homes::kNever) continue;
    const std::size_t first = always ? 0 : h.first[t],
                      last = always ? Homes::kNever : h.last[t] + kSideBySide;
    const std::int64_t bytes = up(std::max<std::int64_t>(1, x.bytes()), 64);
    std::vector<const Piece*> alive;
    for (const Piece& p : placed) {
      if (p.first <= last && first <= p.last) alive.push_back(&p);
    }
    std::sort(alive.begin(), alive.end(), [](auto* a, auto* b) { return a->addr < b->addr; });
    std::int64_t at = 0;
    for (const Piece* p : alive) {
      if (at + bytes <= p->addr) break;
      at = std::max(at, p->end);
    }
    h.l2[t] = at;
    h.l2_bytes = std::max(h.l2_bytes, at + bytes);
    placed.push_back({at, at + bytes, first, last});
  }
}

}  // namespace

std::vector<Use> uses(const integer::Graph& graph, const integer::Operation& op) {
  std::vector<Use> list;
  const auto add = [&](const View& v, bool write, Unit unit) {
    if (v.used() && graph.at(v.tensor).role != Role::kConstant) list.push_back({&v, write, unit});
  };
  if (const auto* g = std::get_if<integer::Gemm>(&op.what)) {
    add(g->a, false, Unit::kEngine);
    add(g->w, false, Unit::kEngine);
    add(g->r, false, Unit::kEngine);
    add(g->y, true, Unit::kEngine);
  } else if (const auto* a = std::get_if<integer::Attention>(&op.what)) {
    for (const View* v : {&a->q, &a->k, &a->v, &a->key_mask}) add(*v, false, Unit::kEngine);
    add(a->o, true, Unit::kEngine);
  } else if (const auto* k = std::get_if<integer::Kernel>(&op.what)) {
    for (const View& v : k->inputs) add(v, false, Unit::kWorkers);
    for (const View& v : k->outputs) add(v, true, Unit::kWorkers);
  } else if (const auto* c = std::get_if<integer::Copy>(&op.what)) {
    add(c->from, false, Unit::kDma);
    add(c->to, true, Unit::kDma);
  } else if (const auto* x = std::get_if<integer::Gather>(&op.what)) {
    add(x->ids, false, Unit::kController);
    add(x->to, true, Unit::kDma);
  }
  return list;
}

Relation relation(const integer::Graph& graph, std::size_t before, std::size_t op, TensorId taken) {
  const auto by_rows = [](const integer::Operation& x) {
    if (const auto* k = std::get_if<integer::Kernel>(&x.what)) {
      // Of several matrices the rows of the first are done before those of the second.
      const auto one = [](const View& v) { return v.sizes.size() < 3 || v.sizes[0] == 1; };
      return integer::kernel_info(k->name).row_wise && std::ranges::all_of(k->outputs, one);
    }
    const auto* g = std::get_if<integer::Gemm>(&x.what);
    return g != nullptr ? g->y.sizes[0] == 1
                        : std::holds_alternative<integer::Attention>(x.what) ||
                              std::holds_alternative<integer::Gather>(x.what);
  };
  // Row i of both is line i of the tensor; heads lie side by side in it.
  const auto in_line = [](const View& v) {
    return v.sizes.size() == 3 && v.strides[1] > 0 &&
           (v.sizes[0] == 1 || (v.strides[0] > 0 && v.sizes[0] * v.strides[0] <= v.strides[1]));
  };
  const auto lines = [&](View a, const View& b) {
    if (a.sizes.size() == 2) {  // rows of a table
      a.sizes.insert(a.sizes.begin(), 1);
      a.strides.insert(a.strides.begin(), 0);
    }
    return in_line(a) && in_line(b) && a.sizes[1] == b.sizes[1] && a.strides[1] == b.strides[1] &&
           a.offset / a.strides[1] == b.offset / b.strides[1];
  };
  const integer::Operation &x = graph.operations[before], &y = graph.operations[op];
  const auto* gx = std::get_if<integer::Gemm>(&x.what);
  const auto* gy = std::get_if<integer::Gemm>(&y.what);
  const bool rows = by_rows(x) && by_rows(y) &&
                    !std::holds_alternative<integer::Attention>(y.what) &&
                    (gx == nullptr || !gx->y_trans);
  Relation result = Relation::kNone;
  const std::vector<Use> before_it = uses(graph, x), reads = uses(graph, y);
  for (const Use& w : before_it) {
    if (!w.write) continue;
    for (const Use& r : reads) {
      if (r.write || r.view->tensor != w.view->tensor) continue;
      const bool whole = gy != nullptr && (r.view == &gy->w || r.view->sizes.size() != 3);
      if (!rows || whole || !lines(*w.view, *r.view)) return Relation::kAll;
      result = Relation::kRows;
    }
  }
  if (taken == integer::kNone) return result;
  for (const Use& r : before_it) {  // who reads the place must have done so
    if (r.write || r.view->tensor != taken) continue;
    const bool whole = std::holds_alternative<integer::Attention>(x.what) ||
                       (gx != nullptr && r.view == &gx->w) || r.view->sizes.size() != 3;
    if (!rows || whole || gy == nullptr || !lines(*r.view, gy->y)) return Relation::kAll;
    result = Relation::kRows;
  }
  return result;
}

bool adds_row(const integer::Graph& graph, const View& keys) {
  if (graph.at(keys.tensor).role != Role::kState || keys.sizes[1] != graph.slots) return false;
  const View* row = nullptr;
  for (const integer::Operation& op : graph.operations) {
    for (const Use& u : uses(graph, op)) {
      if (!u.write || u.view->tensor != keys.tensor) continue;
      if (row != nullptr) return false;
      row = u.view;
    }
  }
  if (row == nullptr || row->offset != keys.offset || row->slot_stride != keys.strides[1]) {
    return false;
  }
  // Rows of all key heads, and nothing else: the same runs of bytes.
  using Run = std::pair<std::int64_t, std::int64_t>;  // stride, count
  const auto runs = [](std::vector<Run> steps) {
    std::sort(steps.begin(), steps.end());
    std::vector<Run> list;
    for (const Run& s : steps) {
      if (s.second == 1) continue;
      if (!list.empty() && s.first == list.back().first * list.back().second) {
        list.back().second *= s.second;
      } else {
        list.push_back(s);
      }
    }
    return list;
  };
  std::vector<Run> steps;
  for (std::size_t d = 0; d < row->sizes.size(); ++d) {
    steps.emplace_back(row->strides[d], row->sizes[d]);
  }
  return runs(steps) == runs({{1, keys.sizes[2]}, {keys.strides[0], keys.sizes[0]}});
}

namespace {

/// A product's results may be written where its residual stood, each word behind its last use, if
/// nothing else needs the residual: the same rows, and no operand of which a job reads more.
TensorId inherits(const integer::Graph& graph, const integer::Operation& op) {
  const auto* g = std::get_if<integer::Gemm>(&op.what);
  if (g == nullptr || !g->r.used() || g->y_trans) return integer::kNone;
  const View &r = g->r, &y = g->y;
  const integer::Tensor &from = graph.at(r.tensor), &to = graph.at(y.tensor);
  const bool same = r.offset == y.offset && r.sizes == y.sizes && r.strides == y.strides &&
                    from.elem == to.elem && from.bytes() == to.bytes();
  const bool other = g->a.tensor == r.tensor || g->w.tensor == r.tensor;
  return same && !other && r.tensor != y.tensor ? r.tensor : integer::kNone;
}

}  // namespace

Homes choose_homes(const integer::Graph& graph, const OperationCost& cost,
                   const std::set<TensorId>& banned) {
  const std::size_t tensors = graph.tensors.size(), ops = graph.operations.size();
  Homes h;
  h.in_l1.assign(tensors, false);
  h.first.assign(tensors, Homes::kNever);
  h.last.assign(tensors, Homes::kNever);
  h.live.assign(ops, 0);
  std::vector<bool> can(tensors, true);
  std::vector<std::int64_t> traffic(tensors, 0);
  std::vector<std::vector<TensorId>> partners(tensors);  // DMA does not copy from L1 to L1
  for (std::size_t i = 0; i < ops; ++i) {
    for (const Use& use : uses(graph, graph.operations[i])) {
      const auto t = static_cast<std::size_t>(use.view->tensor);
      if (h.first[t] == Homes::kNever) h.first[t] = i;
      h.last[t] = i;
      if (!fits(graph, use)) can[t] = false;
      ++traffic[t];
    }
    if (const auto* c = std::get_if<integer::Copy>(&graph.operations[i].what)) {
      partners[static_cast<std::size_t>(c->from.tensor)].push_back(c->to.tensor);
      partners[static_cast<std::size_t>(c->to.tensor)].push_back(c->from.tensor);
    }
  }
  // What may take whose place; of both the bytes count once where they meet.
  std::vector<TensorId> before_of(tensors, integer::kNone), heir_of(tensors, integer::kNone);
  for (std::size_t i = 0; i < ops; ++i) {
    const TensorId from = inherits(graph, graph.operations[i]);
    if (from == integer::kNone || h.last[static_cast<std::size_t>(from)] != i) continue;
    const TensorId to = std::get<integer::Gemm>(graph.operations[i].what).y.tensor;
    if (h.first[static_cast<std::size_t>(to)] != i) continue;
    if (graph.at(from).role != Role::kActivation || graph.at(to).role != Role::kActivation)
      continue;
    heir_of[static_cast<std::size_t>(from)] = to, before_of[static_cast<std::size_t>(to)] = from;
  }
  const auto here = [&](TensorId t) {
    return t != integer::kNone && h.in_l1[static_cast<std::size_t>(t)];
  };
  const auto count = [&](std::size_t t, std::int64_t bytes) {
    for (std::size_t i = h.first[t]; i <= h.last[t]; ++i) {
      const bool shared =
          (i == h.first[t] && here(before_of[t])) || (i == h.last[t] && here(heir_of[t]));
      if (!shared) h.live[i] += bytes;
    }
  };
  std::vector<double> costs(ops);
  for (std::size_t i = 0; i < ops; ++i) costs[i] = cost(i, h);
  std::vector<std::size_t> order(tensors);
  std::iota(order.begin(), order.end(), 0);
  const auto life = [&](std::size_t t) { return h.last[t] - h.first[t]; };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tuple(life(a), h.first[a], a) < std::tuple(life(b), h.first[b], b);
  });
  for (const std::size_t t : order) {
    const integer::Tensor& x = graph.tensors[t];
    if (x.role != Role::kActivation || !can[t] || h.first[t] == Homes::kNever) continue;
    if (banned.contains(static_cast<TensorId>(t))) continue;
    const bool partner = std::any_of(partners[t].begin(), partners[t].end(), [&](TensorId p) {
      return p == static_cast<TensorId>(t) || h.in_l1[static_cast<std::size_t>(p)];
    });
    if (partner) continue;
    const std::int64_t bytes = up(x.bytes(), 64);
    double before = 0, after = 0;
    for (std::size_t i = h.first[t]; i <= h.last[t]; ++i) before += costs[i];
    h.in_l1[t] = true;
    std::vector<double> now;
    count(t, bytes);
    for (std::size_t i = h.first[t]; i <= h.last[t]; ++i) {
      now.push_back(cost(i, h));
      after += now.back();
    }
    if (after < before) {
      std::copy(now.begin(), now.end(), costs.begin() + static_cast<std::ptrdiff_t>(h.first[t]));
      continue;
    }
    h.in_l1[t] = false;
    count(t, -bytes);
  }
  h.heir.assign(tensors, integer::kNone);
  for (std::size_t t = 0; t < tensors; ++t) {
    if (h.in_l1[t] && here(heir_of[t])) h.heir[t] = heir_of[t];
  }
  place_l2(graph, h);
  return h;
}

}  // namespace oct::schedule
