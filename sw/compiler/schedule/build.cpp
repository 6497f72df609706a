// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "compiler/schedule/builder.hpp"

namespace oct::schedule {
namespace {

/// One way of tiling; homes that leave too little room are given up one by one. Nothing: even
/// without homes there is too little L1; `reason` says where.
std::optional<Network> attempt(const Graph& graph, const Options& options, const Tuning& tuning,
                               std::string& reason) {
  std::set<TensorId> banned;
  for (;;) {
    const Homes homes = choose_homes(
        graph,
        [&](std::size_t op, const Homes& h) { return Builder(graph, options, h, tuning).cost(op); },
        banned);
    Builder builder(graph, options, homes, tuning);
    try {
      return builder.build();
    } catch (const Allocator::NoRoom& e) {
      reason = e.what();
    }
    const std::size_t op = builder.now_op();
    TensorId worst = integer::kNone;
    for (std::size_t t = 0; t < graph.tensors.size(); ++t) {
      if (!homes.in_l1[t] || homes.first[t] > op || homes.last[t] < op) continue;
      if (worst == integer::kNone ||
          graph.tensors[t].bytes() > graph.tensors[static_cast<std::size_t>(worst)].bytes()) {
        worst = static_cast<TensorId>(t);
      }
    }
    if (worst == integer::kNone) return std::nullopt;
    banned.insert(worst);
  }
}

/// The cheapest of some ways, then of its neighbours.
std::optional<Network> search(const Graph& graph, const Options& options, bool quick,
                              std::string& reason) {
  std::optional<Network> best;
  Tuning chosen;
  const auto look = [&](const Tuning& tuning) {
    std::optional<Network> n = attempt(graph, options, tuning, reason);
    if (!n || (best && n->estimate >= best->estimate)) return;
    best = std::move(n);
    chosen = tuning;
  };
  std::vector<Tuning> ways{Tuning{.rows = 64},
                           Tuning{.rows = 32},
                           Tuning{.rows = 64, .beside = 0.6},
                           Tuning{.rows = 32, .beside = 0.3},
                           Tuning{.rows = 64, .beside = 0.3},
                           Tuning{.rows = 128, .kernel_rows = 32, .tail = 0.05}};
  // Operations of a token are short: the next ones' constants must be on their way long before.
  if (graph.slots > 1) {
    for (const unsigned ahead : {2U, 3U}) ways.push_back({.rows = 64, .ahead = ahead});
  }
  for (const Tuning& tuning : ways) {
    look(tuning);
    if (quick && best) return best;
  }
  if (best) {
    for (const double lead : {0.0, 500.0, 1500.0}) {
      Tuning t = chosen;
      t.lead = lead;
      look(t);
    }
    for (const auto& [not_ahead, round_trip, first] :
         {std::array{100.0, 300.0, 0.0}, std::array{100.0, 600.0, 0.0},
          std::array{300.0, 600.0, 0.5}, std::array{0.0, 600.0, 1.0}}) {
      Tuning t = chosen;
      t.not_ahead = not_ahead, t.round_trip = round_trip, t.first = first;
      look(t);
    }
    Tuning t = chosen;
    t.peers = true;
    look(t);
  }
  // With very little L1 nothing goes on side by side.
  if (!best)
    best = attempt(graph, options, {.rows = 32, .kernel_rows = 8, .together = false}, reason);
  return best;
}

}  // namespace

Network build(const Graph& graph, const Options& options) {
  std::string reason;
  std::optional<Network> n = search(graph, options, false, reason);
  if (!n) {
    // How much would do, to a KiB.
    Options more = options;
    std::int64_t low = options.machine.l1_bytes, high = 2 * low;
    const auto good = [&](std::int64_t bytes) {
      more.machine.l1_bytes = bytes;
      std::string unused;
      return search(graph, more, true, unused).has_value();
    };
    while (high < (std::int64_t{1} << 24) && !good(high)) low = high, high *= 2;
    while (high - low > 1024) {
      const std::int64_t middle = (low + high) / 2 / 1024 * 1024;
      (middle > low && good(middle) ? high : low) = std::max(middle, low + 1);
    }
    throw ir::CompileError(fmt::format("{}: {} bytes of L1 are too little ({}); {} bytes would do",
                                       graph.name, options.machine.l1_bytes, reason, high));
  }
  if (n->l2_used > options.machine.l2_bytes) {
    throw ir::CompileError(fmt::format("{}: {} bytes of L2 are needed, {} are there", graph.name,
                                       n->l2_used, options.machine.l2_bytes));
  }
  return std::move(*n);
}

}  // namespace oct::schedule
