// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <deque>
#include <random>
#include <stdexcept>

#include "compiler/schedule/program.hpp"

namespace oct::schedule {

void execute(const Program& program, std::uint64_t seed,
             const std::function<void(const Job&)>& run) {
  constexpr std::size_t kInFlight = 4;  // as many jobs of a queue may be in its unit
  struct Running {
    std::size_t job;
    bool late;
  };
  std::mt19937_64 random(seed);
  std::array<std::size_t, kNumQueues> next{};
  std::array<std::uint32_t, kNumQueues> ended{};
  std::array<std::deque<Running>, kNumQueues> running;
  const auto ready = [&](std::size_t q) {
    if (next[q] == program.queue(static_cast<Queue>(q)).size() || running[q].size() == kInFlight)
      return false;
    const Job& job = program.jobs()[program.queue(static_cast<Queue>(q))[next[q]]];
    for (const Wait& w : job.waits) {
      if (ended[static_cast<std::size_t>(w.queue)] <= w.index) return false;
    }
    return true;
  };
  for (;;) {
    std::array<std::size_t, 2 * kNumQueues> choices{};  // q: start, q + kNumQueues: end
    std::size_t n = 0;
    for (std::size_t q = 0; q < kNumQueues; ++q) {
      if (ready(q)) choices[n++] = q;
      if (!running[q].empty()) choices[n++] = q + kNumQueues;
    }
    if (n == 0) break;
    const std::size_t choice = choices[random() % n];
    const std::size_t q = choice % kNumQueues;
    if (choice < kNumQueues) {
      const std::size_t id = program.queue(static_cast<Queue>(q))[next[q]++];
      const bool late = random() % 2 != 0;
      running[q].push_back({id, late});
      if (!late) run(program.jobs()[id]);
    } else {
      const Running r = running[q].front();
      running[q].pop_front();
      if (r.late) run(program.jobs()[r.job]);
      ++ended[q];
    }
  }
  std::string stuck;
  for (std::size_t q = 0; q < kNumQueues; ++q) {
    const auto& list = program.queue(static_cast<Queue>(q));
    if (next[q] == list.size()) continue;
    const Job& job = program.jobs()[list[next[q]]];
    stuck += fmt::format("queue {} at job {} ({})\n", q, job.index, job.note);
  }
  if (!stuck.empty()) throw std::logic_error("deadlock:\n" + stuck);
}

}  // namespace oct::schedule
