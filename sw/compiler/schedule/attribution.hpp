// SPDX-License-Identifier: Apache-2.0
// To which layer each cycle of a network belongs, one rule for the estimate and for a measured run:
// to the layer at the head of the engine's queue, or, while that waits, to the one it waits for.
// Description: docs/guide/report.md. Test: tests/attribution_test.cpp.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/schedule/program.hpp"

namespace oct::schedule {

/// The queue whose head owns the cycles: the engine's, or the first one that has jobs.
[[nodiscard]] Queue leading_queue(const Program& program);

/// Cycles from `from` to `to` belong to `layer`.
struct Span {
  enum class What : std::uint8_t {
    kRuns,   ///< `job`, of the leading queue, is at its head and has all it waits for
    kWaits,  ///< `job` is what the head of the leading queue waits for
    kRest    ///< behind the leading queue's last job: `job` is the next one that ends
  };
  What what = What::kRuns;
  std::uint32_t layer = 0;
  std::size_t job = 0;  ///< place in Program::jobs()
  double from = 0, to = 0;
};

/// Spans without gaps from 0 to the end of the last job. `start`: when what a job waits for had
/// ended; `end`: when its semaphore told so; both by place in Program::jobs(). Empty spans are left
/// out, but each job of the leading queue has one span of kRuns, so that one can count along.
[[nodiscard]] std::vector<Span> attribute(const Program& program, const std::vector<double>& start,
                                          const std::vector<double>& end);

}  // namespace oct::schedule
