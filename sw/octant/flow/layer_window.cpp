// SPDX-License-Identifier: Apache-2.0
#include "flow/layer_window.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "flow/print.hpp"

namespace octant {

namespace schedule = oct::schedule;
namespace {
constexpr std::size_t kListed = 1500;  // letters of names in a message
}  // namespace

std::vector<bool> layers_named(const Compiled& c, const std::string& name) {
  std::vector<bool> chosen(c.network.layers.size());
  std::string like, all;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const auto& sources = c.graph().operations.at(i).sources;
    const std::string& own = c.network.layers[i].name;
    chosen[i] = own == name || std::find(sources.begin(), sources.end(), name) != sources.end();
    const std::string line = "\n  " + own;
    if (own.find(name) != std::string::npos && like.size() < kListed) like += line;
    if (all.size() < kListed) all += line;
  }
  if (std::find(chosen.begin(), chosen.end(), true) == chosen.end()) {
    throw std::invalid_argument(fmt::format(
        "--layer {}: no such layer or node; report.json (--report DIR) lists all. {}:{}", name,
        like.empty() ? "The first ones" : "There are", like.empty() ? all : like));
  }
  return chosen;
}

void choose_window(const Compiled& c, const NetworkResult& r, const std::vector<bool>& layers,
                   TraceArguments& trace) {
  constexpr std::uint64_t kMargin = 50;
  using schedule::Queue;
  std::uint64_t from = ~std::uint64_t{0}, to = 0;
  for (const auto& queues : {std::vector{Queue::kEngine}, std::vector{Queue::kTeam0, Queue::kTeam1},
                             std::vector{Queue::kDmaIn, Queue::kDmaOut}}) {
    for (const Queue q : queues) {
      for (const std::size_t id : c.network.program.queue(q)) {
        if (!layers.at(c.network.program.jobs()[id].layer)) continue;
        from = std::min(from, r.jobs[id].start);
        to = std::max(to, r.jobs[id].end);
      }
    }
    if (to != 0) break;
  }
  const std::uint64_t length = to - from;
  if (length > trace.most) to = from + trace.most;
  fmt::print("{:<26}{}: cycles {} to {} of the network{}\n", "waves", trace.layer, grouped(from),
             grouped(to),
             length > trace.most ? fmt::format(", of {} (--layer-cycles)", grouped(length)) : "");
  trace.from = r.zero + from - std::min(kMargin, r.zero + from);
  trace.to = r.zero + to + kMargin;
}

}  // namespace octant
