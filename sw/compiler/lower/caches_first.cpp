// SPDX-License-Identifier: Apache-2.0
// The order of a token's operations. New rows of caches go by way of L2, which takes longer than
// anything beside it: what leads to them comes first, and of it the longest chain.
#include <limits>
#include <set>

#include "compiler/integer/rows.hpp"
#include "compiler/lower/nodes.hpp"

namespace oct::lower {
namespace {

using integer::Copy;
constexpr std::size_t kNear = 3;  // operations to the copy that are one chain
constexpr std::size_t kFar = std::numeric_limits<std::size_t>::max();

/// What is looked up by ids first, then copies, then what is near one: products before kernels,
/// those with the longer way (K, which is turned first) before those whose result is stored as it
/// is; then as it was.
struct Rank {
  bool lookup = false, copy = false;
  std::size_t way = kFar;
  bool product = false;
  std::size_t number = 0;

  [[nodiscard]] bool before(const Rank& o) const {
    if (lookup != o.lookup) return lookup;
    if (lookup) return number < o.number;
    if (copy != o.copy) return copy;
    const bool near = way <= kNear, near_o = o.way <= kNear;
    if (near != near_o) return near;
    if (near && product != o.product) return product;
    if (near && way != o.way) return way > o.way;
    return number < o.number;
  }
};

}  // namespace

void caches_first(integer::Graph& graph) {
  if (graph.slots == 1) return;
  const std::size_t ops = graph.operations.size();
  // Who must come before whom: by tensors, any two of which one writes.
  std::vector<std::set<std::size_t>> before(ops), behind(ops);
  struct Used {
    std::size_t op;
    bool writes;
  };
  std::map<TensorId, std::vector<Used>> used;
  for (std::size_t i = 0; i < ops; ++i) {
    integer::for_each_view(graph.operations[i], [&](const View& v, bool writes) {
      for (const Used& u : used[v.tensor]) {
        if (u.op != i && (writes || u.writes)) before[i].insert(u.op), behind[u.op].insert(i);
      }
      used[v.tensor].push_back({i, writes});
    });
  }
  std::vector<Rank> rank(ops);
  for (std::size_t i = ops; i-- > 0;) {
    const integer::Operation& op = graph.operations[i];
    const auto* copy = std::get_if<Copy>(&op.what);
    rank[i].number = i;
    rank[i].product = std::holds_alternative<integer::Gemm>(op.what);
    rank[i].lookup = before[i].empty() && std::holds_alternative<integer::Gather>(op.what);
    rank[i].copy = copy != nullptr && copy->to.slot_stride != 0;
    if (rank[i].copy) rank[i].way = 0;
    for (const std::size_t next : behind[i]) {
      if (rank[next].way < kFar) rank[i].way = std::min(rank[i].way, rank[next].way + 1);
    }
  }
  const auto first = [&](std::size_t a, std::size_t b) { return rank[a].before(rank[b]); };
  std::set<std::size_t, decltype(first)> ready(first);
  std::vector<std::size_t> left(ops);
  for (std::size_t i = 0; i < ops; ++i) {
    left[i] = before[i].size();
    if (left[i] == 0) ready.insert(i);
  }
  std::vector<integer::Operation> order;
  while (!ready.empty()) {
    const std::size_t i = *ready.begin();
    ready.erase(ready.begin());
    order.push_back(std::move(graph.operations[i]));
    for (const std::size_t next : behind[i]) {
      if (--left[next] == 0) ready.insert(next);
    }
  }
  graph.operations = std::move(order);
}

}  // namespace oct::lower
