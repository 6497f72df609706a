// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/attribution.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace oct::schedule {
namespace {

/// Of what a job waits for, that which ends last; the job itself if it waits for nothing.
std::size_t last_awaited(const Program& p, std::size_t job, const std::vector<double>& end) {
  std::size_t last = job;
  double latest = -1;
  for (const Wait& w : p.jobs()[job].waits) {
    const std::size_t id = p.queue(w.queue)[w.index];
    if (end[id] > latest) latest = end[id], last = id;
  }
  return last;
}

}  // namespace

Queue leading_queue(const Program& program) {
  for (const Queue q : {Queue::kEngine, Queue::kTeam0, Queue::kTeam1, Queue::kDmaIn}) {
    if (!program.queue(q).empty()) return q;
  }
  return Queue::kDmaOut;
}

std::vector<Span> attribute(const Program& program, const std::vector<double>& start,
                            const std::vector<double>& end) {
  assert(start.size() == program.jobs().size() && end.size() == start.size());
  std::vector<Span> spans;
  double now = 0;
  const auto add = [&](Span::What what, std::size_t job, double until) {
    const double to = std::max(now, until);
    if (to > now || what == Span::What::kRuns) {
      spans.push_back({what, program.jobs()[job].layer, job, now, to});
    }
    now = to;
  };
  for (const std::size_t id : program.queue(leading_queue(program))) {
    add(Span::What::kWaits, last_awaited(program, id, end), std::min(start[id], end[id]));
    add(Span::What::kRuns, id, end[id]);
  }
  std::vector<std::size_t> rest;
  for (std::size_t i = 0; i < end.size(); ++i) {
    if (end[i] > now) rest.push_back(i);
  }
  std::sort(rest.begin(), rest.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(end[a], a) < std::pair(end[b], b);
  });
  for (const std::size_t i : rest) add(Span::What::kRest, i, end[i]);
  return spans;
}

}  // namespace oct::schedule
